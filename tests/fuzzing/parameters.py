"""The values of parameters that are drawn, as source.

For each parameter: values with which a training is well-behaved, so that engines agree
to rounding; values that are valid, or may be, but lead to extremes; and values that
must be refused by the parameter's name.
"""

TOO_LARGE = "10**400 | np.longdouble('1e4000') | np.inf"
NOT_A_NUMBER = "None | 'a' | np.nan | [1.0] | (0.1,) | {} | 1j | len"
NOT_A_BOOL = "None | 'yes' | 1 | 0 | [True] | np.nan"


def sources(*groups):
    """Groups of values, which are written with bars between them."""
    return tuple(tuple(filter(None, group.split(" | "))) for group in groups)


SHARED = {
    "hidden_layer_sizes": sources(
        "(2,) | () | 3 | (2, 3) | [4] | np.array([3, 2]) | np.int64(2) | "
        "np.array([2], 'uint8') | (np.int8(2), 3) | range(2, 4) | pd.Series([2])",
        "(1,) * 12 | 17 | np.array([]) | {2: 3} | {3}",
        "0 | (2, 0) | -1 | 2.5 | (2.5,) | ('a',) | ((2,), (3,)) | None | 'ab' | "
        "np.nan | (True,) | [None] | np.array(2) | np.array([2.0])",
    ),
    "activation": sources(
        "'relu' | 'tanh' | 'logistic' | 'identity' | 'leaky_relu' | 'elu' | 'selu' | "
        "'gelu' | 'silu' | 'mish' | 'softplus' | np.str_('tanh')",
        "['tanh'] | ('relu', 'tanh') | []",
        "'sigmoid' | None | 1 | [['relu']] | [None] | np.tanh | ['sigmoid'] | "
        "np.array(['tanh'])",
    ),
    "solver": sources(
        "'adam' | 'sgd' | 'lbfgs' | 'adamw' | 'rmsprop' | 'rprop'",
        "",
        "'newton' | None | '' | 1 | ['adam'] | b'adam'",
    ),
    "alpha": sources(
        "1e-4 | 0 | 0.5 | True | np.int64(1) | Fraction(1, 3) | np.float32(0.25) | "
        "np.float64(0.25) | np.float16(0.25) | np.longdouble(0.25)",
        "1e6 | 1e300 | 5e-324",
        "-1e-9 | '0.1' | np.array(0.1) | Decimal('0.1') | -np.inf | np.array([0.1])"
        f" | {TOO_LARGE} | {NOT_A_NUMBER}",
    ),
    "batch_size": sources(
        "'auto' | 'full' | 2 | 3 | 1 | np.int64(4) | np.uint8(3) | np.int8(2)",
        "1000 | 10**30 | True | np.uint64(2)",
        "0 | -1 | 2.5 | 'half' | None | np.nan | [2] | np.array([2]) | 2.0",
    ),
    "learning_rate": sources(
        "'constant' | 'invscaling' | 'adaptive' | 'cosine' | 'one_cycle' | half | "
        "descending | numpy_rate | Rate() | np.poly1d([-1, 1]) | "
        "functools.partial(half)",
        "nan_rate | none_rate | array_rate",
        "'linear' | None | 0.1 | ['constant']",
    ),
    "learning_rate_init": sources(
        "1e-3 | 0.05 | np.float32(0.01) | Fraction(1, 100)",
        "1 | 1e3 | 1e300 | 5e-324",
        f"0 | -1 | -np.inf | {TOO_LARGE} | {NOT_A_NUMBER}",
    ),
    "power_t": sources(
        "0.5 | 0 | 1 | np.float32(0.25)",
        "1e3 | 1e300",
        f"-1 | {TOO_LARGE} | {NOT_A_NUMBER}",
    ),
    "max_iter": sources(
        "2 | 1 | 3 | np.int64(2) | np.uint8(2) | np.int8(1)",
        "True",
        f"0 | -1 | 1.5 | np.inf | 2.0 | {NOT_A_NUMBER}",
    ),
    "shuffle": sources(
        "True | False | np.bool_(True)",
        "",
        NOT_A_BOOL,
    ),
    "random_state": sources(
        "0 | 1 | np.int64(3) | np.uint8(4) | 2**32 - 1",
        "None | np.random.RandomState(0) | True",
        "-1 | 2**32 | 0.5 | 'seed' | np.nan | [0] | np.random.default_rng",
    ),
    "tol": sources(
        "1e-4 | 0 | 0.5 | np.float32(1e-3)",
        "1e300 | 5e-324",
        f"-1e-3 | {TOO_LARGE} | {NOT_A_NUMBER}",
    ),
    "verbose": sources(
        "False | 0",
        "True | 1 | 2 | np.bool_(True) | np.int64(1)",
        "-1 | None | 'yes' | 1.5 | np.nan | [1]",
    ),
    "warm_start": sources(
        "True | False | np.bool_(True)",
        "",
        NOT_A_BOOL,
    ),
    "momentum": sources(
        "0.9 | 0 | 0.5 | np.float32(0.5)",
        "1 | True | 1 - 1e-16",
        f"1.1 | -0.1 | {TOO_LARGE} | {NOT_A_NUMBER}",
    ),
    "nesterovs_momentum": sources(
        "True | False",
        "",
        NOT_A_BOOL,
    ),
    "early_stopping": sources(
        "True | False | np.bool_(True)",
        "",
        NOT_A_BOOL,
    ),
    "validation_fraction": sources(
        "0.3 | 0.5 | np.float32(0.4)",
        "0 | 0.999 | 1e-9 | 0.1 | Fraction(1, 3) | {} | [1.0] | [0, 0] | [10**6] | "
        "[] | range(-2, 0) | np.arange(9) < 3 | KFold(3) | TimeSeriesSplit(2) | "
        "ShuffleSplit(1, random_state=0) | GroupKFold(2)",
        f"1.0 | -0.1 | 1 | {TOO_LARGE} | 'a' | None | object()",
    ),
    "beta_1": sources(
        "0.9 | 0 | 0.5 | np.float32(0.5)",
        "1 - 1e-16 | 1e-300 | False",
        f"1.0 | -0.5 | 1 | {NOT_A_NUMBER}",
    ),
    "beta_2": sources(
        "0.999 | 0.9 | np.float32(0.75)",
        "0 | 1 - 1e-16 | 1e-300 | False",
        f"1.0 | -0.5 | 1 | {NOT_A_NUMBER}",
    ),
    "epsilon": sources(
        "1e-8 | 1e-3 | np.float32(1e-6)",
        "1e-300 | 5e-324 | 1e300 | 1e-16",
        f"0 | -1 | {TOO_LARGE} | {NOT_A_NUMBER}",
    ),
    "n_iter_no_change": sources(
        "10 | 1 | 2 | np.inf | np.int64(3) | np.uint8(2)",
        "10**400 | True | np.float32(np.inf)",
        "0 | 2.5 | -1 | 'a' | None | np.nan | -np.inf",
    ),
    "max_fun": sources(
        "15000 | 10 | np.int64(20)",
        "1 | 2 | 10**400 | True",
        f"0 | 1.5 | -1 | np.inf | {NOT_A_NUMBER}",
    ),
    "scoring": sources(
        "'loss' | None",
        "score_of_estimator | weightless_score | nan_score | none_score | "
        "numpy_score | 'accuracy' | 'r2' | 'neg_log_loss' | 'roc_auc' | 'f1' | "
        "'neg_mean_squared_error' | 'no_such_scorer' | ''",
        "1 | ['r2'] | {'r2': 'r2'} | np.nan",
    ),
    "penalty_scaling": sources(
        "'batch' | 'dataset'",
        "",
        "'epoch' | None | 1",
    ),
    "dropout": sources(
        "0.0 | 0.5 | np.float32(0.25) | 0 | Fraction(1, 2)",
        "[0.5] | (0.0, 0.3) | [] | 1 - 1e-16 | 1e-300 | False",
        "1.0 | -0.1 | [1.0] | ['half'] | [None] | np.nan | None | 'a' | [-1]",
    ),
    "max_grad_norm": sources(
        "None | 1.0 | 0.1 | np.float32(2) | Fraction(3)",
        "1e-300 | 1e300 | 5e-324",
        f"0 | -1 | np.nan | 'a' | [1.0] | 1j | {TOO_LARGE}",
    ),
    "initializer": sources(
        "'auto' | 'glorot_uniform' | 'glorot_normal' | 'he_uniform' | 'he_normal' | "
        "'lecun_uniform' | 'lecun_normal' | draws | functools.partial(draws)",
        "ones_like_shape | wrong_shape | nan_weights | no_weights | ragged_weights",
        "'xavier' | None | 1 | np.ones((2, 2))",
    ),
    "rho": sources(
        "0.9 | 0.5 | np.float32(0.5)",
        "0 | 1 - 1e-16 | 1e-300",
        f"1.0 | -0.1 | 1 | {NOT_A_NUMBER}",
    ),
    "dtype": sources(
        "None | 'float32' | 'float64' | np.float32 | np.dtype('f8') | float | "
        "np.float64",
        "np.dtype('>f4') | np.dtype('>f8')",
        "'int32' | np.float16 | 32 | int | 'a' | object | np.longdouble | list",
    ),
}

OF_CLASSIFIER = {
    "class_weight": sources(
        "None | 'balanced' | {}",
        "{0: 2, 1: 0.5} | {'a': 3, 'b': 1} | {0: 0, 1: 0} | [{0: 1, 1: 2}] * 2 | "
        "{1: np.float32(2)} | {0: 1e300} | {0: 1e-300} | [{}] * 3 | {7: 2} | "
        "{0: -1} | {0: np.inf} | {0: 'heavy'} | [] | {None: 1} | {0: True} | "
        "{(0, 1): 2} | {0: Fraction(1, 2)} | {np.nan: 1} | {np.int64(1): 2} | "
        "{1.0: 2.0} | {True: 2} | {0: 10**400} | [1, 2] | [{2: 1}] * 2",
        "'equal' | 2 | ((0, 1),) | np.ones(2) | ''",
    ),
    "label_smoothing": sources(
        "0.0 | 0.1 | np.float32(0.25)",
        "1 - 1e-16 | 5e-324 | False",
        f"1.0 | -0.1 | {NOT_A_NUMBER}",
    ),
}
OF_REGRESSOR = {
    "loss": sources(
        "'squared_error' | 'absolute_error' | 'huber' | 'quantile'",
        "'poisson' | 'gamma'",
        "'hinge' | 'log_loss' | None | 1 | ['huber'] | ''",
    ),
    "huber_delta": sources(
        "1.0 | 0.5 | np.float32(0.5)",
        "1e-300 | 1e300 | 5e-324",
        f"0 | -1 | {TOO_LARGE} | {NOT_A_NUMBER}",
    ),
    "quantile": sources(
        "0.5 | 0.25 | np.float32(0.75)",
        "5e-324 | 1 - 1e-16",
        f"0.0 | 1.0 | -1 | 2 | {NOT_A_NUMBER}",
    ),
}
SMALL = "hidden_layer_sizes=(2,), max_iter=2, random_state=0"


def _of_search(network, other):
    """The parameters of the estimator that chooses among networks of that kind."""
    return {
        "estimator": sources(
            f"None | {network}({SMALL}) | {network}({SMALL}, solver='lbfgs')"
            f" | {network}({SMALL}, early_stopping=True) | {network}({SMALL}, tol=0.5)",
            f"{network}({SMALL}, learning_rate_init=1e300, solver='sgd')"
            f" | {network}({SMALL}, scoring=weightless_score, early_stopping=True)"
            f" | {network}({SMALL}, solver='newton') | {network}(alpha=-1)",
            f"{other}() | 1 | 'a' | KFold() | {network} | Rate()",
        ),
        "alphas": sources(
            "[1e-4, 1.0] | (0.1,) | np.array([0.1, 1]) | [np.float32(1)] | [0]",
            "[1e300] | pd.Series([1, 2]) | range(2) | [[1.0]] | [1, 1]",
            "[] | None | 1 | 'a' | [-1] | ['a'] | [None] | [np.nan] | {}",
        ),
        "hidden_layer_sizes": sources(
            "[(2,)] | [2, (2, 2)] | ((3,),) | [()] | [[2], 3]",
            "[np.array([2, 2])] | [np.int64(2)] | [(2,), (2,)]",
            "[] | None | 1 | 'a' | [0] | [(0,)] | ['a'] | [None] | [2.5]",
        ),
        "max_iter": sources(
            "3 | 2 | np.int64(2)",
            "1 | True",
            "0 | -1 | 1.5 | None | 'a' | np.nan | [1]",
        ),
        "rule": sources(
            "'best' | 'one_standard_error'",
            "",
            "'worst' | None | 1 | ['best']",
        ),
        "scale": sources("True | False | np.bool_(True)", "", NOT_A_BOOL),
        "halving_factor": sources(
            "3 | 2 | None | 2.5 | np.float32(2) | Fraction(5, 2)",
            "1e300 | 10**400 | np.longdouble('1e4000')",
            "1 | 0 | -1 | 'a' | [2] | np.nan | np.inf",
        ),
        "keep": sources(
            "None | 'folds'",
            "np.str_('folds')",
            "'best' | '' | True | 0 | ['folds'] | np.nan",
        ),
        "n_jobs": sources(
            "None | 1",
            "2 | -1 | np.int64(1)",
            "0 | 'a' | 1.5",
        ),
        "memory": sources(
            "None",
            "",
            "1 | object() | [] | True",
        ),
        "verbose": sources(
            "0 | False",
            "1 | True | 2",
            "-1 | None | 'a' | [1]",
        ),
        "scoring": _of_several(SHARED["scoring"]),
        "refit": sources(
            "None",
            "'r2' | 'loss' | 'accuracy' | np.str_('a') | 'no_such_metric' | ''",
            "1 | ['r2'] | np.nan",
        ),
        "score_epochs": sources(
            "None | 1 | 2 | [1, 2] | np.array([2]) | range(1, 3) | np.int8(2)",
            "10**400 | 10**9 | [10**9, 1] | (1, 1)",
            "0 | -1 | 1.5 | True | 'a' | np.nan | [] | [0] | [[1], [2, 3]] | {}",
        ),
        "random_state": SHARED["random_state"],
    }


def _of_several(scoring):
    """Sources that may also be several metrics."""
    good, odd, _ = scoring
    several = sources(
        "['loss'] | {'a': None}",
        "{'a': 'loss', 'r2': score_of_estimator} | ['r2', 'accuracy'] | "
        "('loss', 'roc_auc') | {'f1', 'accuracy'} | ['f1', 'f1'] | "
        "{'a': nan_score, 'loss': 'loss'}",
        "1 | np.nan | [] | {} | [1] | {1: 'r2'} | {'a': ['r2']} | [None]",
    )
    return good + several[0], odd + several[1], several[2]


PARAMETERS = {
    "BackpropClassifier": SHARED | OF_CLASSIFIER,
    "BackpropRegressor": SHARED | OF_REGRESSOR,
    "BackpropClassifierCV": _of_search("BackpropClassifier", "BackpropRegressor"),
    "BackpropRegressorCV": _of_search("BackpropRegressor", "BackpropClassifier"),
}
