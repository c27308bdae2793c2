"""The data that are drawn, as source: X, y, weights, classes and folds."""

import functools
from dataclasses import dataclass

from hypothesis import strategies as st


def mostly(common, rare, weight=12):
    """A strategy that draws from `common` and, once in so many times, from `rare`; what
    comes first is the simplest."""
    common = list(common)
    repeats = max(1, weight * len(rare) // max(1, 2 * len(common)))
    return st.sampled_from(common * repeats + list(rare))


def filled(source, **values):
    """Source with values in place of {names}; other braces are Python's."""
    for name, value in values.items():
        source = source.replace(f"{{{name}}}", str(value))
    return source


# ---- X -----------------------------------------------------------------------------

VALUES = mostly(
    ["normal({n}, {p}, seed={seed})"] * 3
    + [
        "integers({n}, {p}, seed={seed})",
        "mostly_zeros({n}, {p}, seed={seed})",
        "constant({n}, {p}, seed={seed})",
    ],
    [
        f"scaled({factor}, {{n}}, {{p}}, seed={{seed}})"
        for factor in (
            *("1e6", "1e20", "1e38", "1e150", "1e300", "1e308"),
            *("1e-30", "1e-300", "1e-320"),
        )
    ]
    + [
        f"with_value({value}, {{n}}, {{p}}, seed={{seed}})"
        for value in ("np.nan", "np.inf", "-np.inf", "1e200", "1e30")
    ],
)
DTYPES = mostly(
    ["{}", "cast({}, 'float32')"],
    [
        f"cast({{}}, {dtype!r})"
        for dtype in (
            *("float16", "longdouble", "int8", "int64", "uint8", "bool", "object"),
            *("complex", "str", "datetime64[s]", "bytes", "uint64"),
        )
    ],
)
FORMS = mostly(
    ["{}"] * 3
    + [f"{form}({{}})" for form in ("csr", "frame", "np.asfortranarray", "strided")],
    [
        f"{form}({{}})"
        for form in (
            *("reversed_rows", "reversed_columns", "read_only", "unaligned"),
            *("big_endian", "masked", "mixed_frame", "nullable_frame", "np.matrix"),
            *("category_frame", "csr_array", "csc", "coo", "lil", "dok", "bsr"),
            *("long_indices", "unsorted", "duplicated", "explicit_zeros"),
            *("read_only_csr", "np.ndarray.tolist", "memoryview", "list", "tuple"),
        )
    ]
    + ["{}[:, 0]", "{}[0]", "{}[:, :, None]", "{}[:0]", "{}[:, :0]", "{}[:, :1]"]
    + ["{}[:-1]", "{}.T", "csr({})[:, :1]", "csr({})[:0]", "{}[0, 0]"],
)
NOT_X = ("None", "'ab'", "3", "[]", "[[]]", "[[1], [2, 3]]", "{}", "object()", "[None]")
SEEDS = st.sampled_from(range(4))


X = st.one_of(
    st.builds(
        lambda values, dtype, form, p, seed: filled(
            form.format(dtype.format(values)), p=p, seed=seed
        ),
        VALUES,
        DTYPES,
        FORMS,
        mostly(["{p}"], ["1", "3", "0"], weight=30),
        SEEDS,
    ),
    mostly(["normal({n}, {p})"], NOT_X, weight=60),
)


# ---- y -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """What the estimator and the targets of a sequence of calls are.

    Parameters
    ----------
    estimator : str
        The estimator's name.
    y : str
        The source of n targets.
    classes : str, default="None"
        The source of the classes.
    n_columns : int, default=2
        The number of columns of X.
    """

    estimator: str
    y: str
    classes: str = "None"
    n_columns: int = 2


def _of_labels(classes):
    return Problem("BackpropClassifier", f"labels({classes}, {{n}}, {{seed}})", classes)


PROBLEMS = (
    _of_labels("[0, 1]"),
    Problem("BackpropRegressor", "normal({n}, seed={seed})"),
    _of_labels("[0, 1, 2]"),
    _of_labels("['a', 'b']"),
    _of_labels("['a', 'b', 'c']"),
    _of_labels("[-5, 7]"),
    _of_labels("[True, False]"),
    _of_labels("[0.0, 1.0, 4.0]"),
    _of_labels("[3]"),
    _of_labels("[b'a', b'b']"),
    Problem("BackpropClassifier", "indicators({n}, 2, {seed})", "[0, 1]"),
    Problem("BackpropClassifier", "csr(indicators({n}, 3, {seed}))", "[0, 1, 2]"),
    Problem("BackpropRegressor", "normal({n}, 2, seed={seed})"),
    Problem("BackpropRegressor", "np.abs(integers({n}, seed={seed})) + 1"),
    Problem("BackpropRegressor", "constant({n}, seed={seed})"),
)
FORMS_OF_Y = mostly(
    ["{y}"] * 4 + ["{y}.tolist()", "pd.Series({y})", "{y}.astype(object)"],
    [
        "list({y})",
        "{y}.astype(float)",
        "{y}.astype('float32')",
        "{y}.astype('float16')",
        "{y}.astype('uint8')",
        "{y}.astype(str)",
        "{y}.astype(complex)",
        "{y}.reshape(-1, 1)",
        "{y}.reshape(1, -1)",
        "{y}[:, None, None]",
        "{y}[:-1]",
        "{y}[:0]",
        "{y} == {y}[0]",
        "{y}[::-1]",
        "strided({y})",
        "read_only({y})",
        "unaligned({y})",
        "big_endian({y})",
        "masked({y})",
        "pd.Series({y}, dtype='category')",
        "pd.Series({y}).astype('string')",
        "pd.DataFrame({y})",
        "csr({y})",
        "csc({y})",
        "coo({y})",
        "{y}.astype('datetime64[s]')",
        "np.where(np.arange({n}) == 1, np.nan, {y})",
        "[None, *{y}[1:]]",
        "[np.nan, *{y}[1:]]",
        "['a', *{y}[1:]]",
        "[1.5, *{y}[1:]]",
        "[pd.NA, *{y}[1:]]",
        "[[0], *{y}[1:]]",
    ],
)
OTHER_Y = (
    *("normal({n})", "normal({n}, 2)", "labels([0, 1], {n})", "indicators({n}, 2)"),
    *("labels(['a', 'b', 'c'], {n})", "np.arange({n})", "integers({n}, 2)"),
    *("csr(indicators({n}, 2))", "np.full({n}, np.nan)", "np.full({n}, np.inf)"),
    *("scaled(1e30, {n})", "scaled(1e300, {n})", "scaled(1e-300, {n})", "zeros({n})"),
    *("decimals({n})", "fractions({n})", "[10**400] * {n}", "[2**63] * {n}"),
    *("None", "0", "'ab'", "[]", "{}", "object()", "np.zeros(({n}, 0))", "range({n})"),
    *("[None] * {n}", "[{}] * {n}", "['a', 1] * {n}", "[(0, 1)] * {n}", "set()"),
    *("np.array([[0], [1, 2]], dtype=object)", "[[0], [1, 2]]", "np.zeros(({n}, 20))"),
)


@functools.cache
def targets(problem):
    """y of a problem, if not one that something is wrong with."""
    own = FORMS_OF_Y.map(lambda form: form.replace("{y}", problem.y))
    y = st.one_of(own, own, mostly([problem.y], OTHER_Y))
    return st.builds(lambda y, seed: filled(y, seed=seed), y, SEEDS)


# ---- weights, classes, folds ---------------------------------------------------------

WEIGHTS = mostly(
    ["None"] * 4
    + ["np.ones({n})", "np.arange({n}) % 3", "np.abs(normal({n}))", "2.0"]
    + ["(np.abs(normal({n})) + 0.1).tolist()"],
    [
        *("0.0", "1", "-1.0", "np.nan", "np.inf", "np.float32(2)", "True", "1e300"),
        *("Fraction(1, 2)", "1e-300", "'a'", "10**400", "5e-324", "1j", "{}", "[]"),
        *("np.zeros({n})", "-np.ones({n})", "np.full({n}, np.nan)", "np.ones({n} - 1)"),
        *("np.full({n}, 1e300)", "np.full({n}, 1e-300)", "np.full({n}, 5e-324)"),
        *("np.full({n}, 1e38)", "np.full({n}, 1e-38)", "np.full({n}, 1e-42)"),
        *("np.ones(({n}, 1))", "['a'] * {n}", "pd.Series(np.ones({n}))", "object()"),
        *("np.ones({n}, 'float32')", "np.ones({n}, bool)", "np.ones({n}, object)"),
        *("np.array(2.0)", "csr(np.ones(({n}, 1)))", "[None] * {n}", "[1e400] * {n}"),
        *("np.arange({n}) == 0", "reversed_rows(np.arange({n}))", "range({n})"),
        *("10.0 ** -np.arange(0, 30 * {n}, 30)", "masked(np.ones({n}))"),
        *("big_endian(np.ones({n}))", "np.ones({n}, 'complex')"),
    ],
)
OTHER_CLASSES = (
    *("None", "[0, 1]", "[0, 1, 2]", "[]", "0", "'ab'", "['a', 'b']", "np.nan", "{}"),
    *("[0, 1, 1]", "[1, 0]", "[0, np.nan]", "[None, 1]", "['a', 1]", "[[0, 1]]"),
    *("pd.Series([0, 1])", "{0, 1}", "range(3)", "np.array(['a', 'b', 'z'])", "[0]"),
    *("object()", "[[0], [1, 2]]", "[0, 1, 7]", "(0.0, 1.0)", "[(0, 1), 2]"),
)
FOLDS = mostly(
    ["2", "3", "KFold(2)", "StratifiedKFold(2)", "ShuffleSplit(2, random_state=0)"],
    [
        *("1", "0", "-1", "2.5", "100", "None", "'a'", "[]", "object()", "np.int64(2)"),
        *("LeaveOneOut()", "GroupKFold(2)", "ShuffleSplit(1, random_state=0)"),
        *("TimeSeriesSplit(2)", "PredefinedSplit(np.arange({n}) % 2)"),
        *("[(np.arange({n}), np.arange({n}))]", "[([0, 1, 2, 3], [4])]", "[([], [0])]"),
        *("[([0, 1, 2, 3], [])]", "[([0, 0, 1, 2], [3, 3])]", "[([0, 1], [10**6])]"),
        *("[([-1, -2, -3, 0], [1])]", "[(np.arange({n}) > 3, np.arange({n}) <= 3)]"),
        *("[(1, 2)]", "[(['a'], ['b'])]", "[([0.0, 1.0, 2.0], [3.0])]", "[None]"),
        *("[([0, 1, 2],)]", "iter([])", "[(slice(0, 4), slice(4, None))]", "[1, 2]"),
        *("[([[0, 1], [2, 3]], [4])]", "[('ab', 'c')]", "RepeatedKFold(n_splits=2)"),
    ],
)
GROUPS = mostly(
    ["None"] * 3 + ["np.arange({n}) % 3"],
    ["np.zeros({n})", "np.arange({n} - 1)", "['a'] * {n}", "0", "[]"],
)


#: Of all data of a call.
N_ROWS = mostly(["9", "6", "12"], ["1", "2", "3", "4", "40"])


@functools.cache
def data(problem, *names):
    """Data that belong together, as a dict from their names to sources."""
    parts = {
        "X": X,
        "y": targets(problem),
        "sample_weight": WEIGHTS,
        "groups": GROUPS,
        "cv": FOLDS,
    }
    return st.builds(
        lambda n, sources: {
            name: filled(source, n=n, p=str(problem.n_columns))
            for name, source in sources.items()
        },
        N_ROWS,
        st.fixed_dictionaries({name: parts[name] for name in names}),
    )
