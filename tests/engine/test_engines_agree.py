"""The compiled engine against the reference engine, option by option."""

import numpy as np
import pytest
from sweeps import (
    ALL_INSTRUCTION_SETS,
    EACH_LOSS,
    INSTRUCTION_SETS,
    VECTOR_SETS,
    each_pair,
)

from sklearn_bp.engine import Dropout, Objective, get_config
from sklearn_bp.engine._selection import _compiled_engine, _reference_engine
from sklearn_bp.network import ACTIVATIONS
from sklearn_bp.training import OPTIMIZERS

if _compiled_engine is None or get_config()["engine"] == "reference":
    pytest.skip("there is only one engine to test", allow_module_level=True)

# Sums are taken in another order, and float32 has 7 digits.
TOLERANCE = {
    np.float64: {"rtol": 1e-9, "atol": 1e-12},
    np.float32: {"rtol": 1e-3, "atol": 1e-5},
}
SETTINGS = {
    "sgd": [
        {"momentum": 0.0, "nesterovs_momentum": False},
        {"momentum": 0.9, "nesterovs_momentum": False},
        {"momentum": 0.9, "nesterovs_momentum": True},
    ],
    "adam": [
        {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
        {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-3},
    ],
    "adamw": [{"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-8}],
    "rmsprop": [{"rho": 0.9, "epsilon": 1e-8}, {"rho": 0.0, "epsilon": 1e-2}],
    "rprop": [{"learning_rate_init": 0.01}, {"learning_rate_init": 1e-6}],
}
RULES = [(name, settings) for name in SETTINGS for settings in SETTINGS[name]]
DTYPES = pytest.mark.parametrize("dtype", TOLERANCE)
SPARSE = pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
BOTH = [False, True]
N_SHARDS = [1, 2, 5]


@pytest.fixture
def instruction_set(request):
    """Have the matrix products made in the way that is asked for."""
    _layers = pytest.importorskip("sklearn_bp.engine._compiled._layers")
    best = _layers.get_instruction_set()
    try:
        _layers.set_instruction_set(request.param)
    except ValueError:
        pytest.skip(f"the processor has no {request.param}")
    yield request.param
    _layers.set_instruction_set(best)


@pytest.fixture
def n_shards(request, monkeypatch):
    """So many shards a batch, some of them with no row in a small one."""
    monkeypatch.setattr(
        "sklearn_bp.engine._compiled.n_shards_for", lambda *_: request.param
    )


def test_settings_cover_the_table_of_optimizers():
    assert SETTINGS.keys() == OPTIMIZERS.keys()


@pytest.mark.parametrize("instruction_set", ALL_INSTRUCTION_SETS, indirect=True)
def test_products_are_made_as_asked(instruction_set):
    """The one test that says what this processor lacks."""
    assert _compiled_engine.products == instruction_set


@each_pair(
    together=[("activation", "hidden", "dtype"), ("hidden", "sparse", "dtype")],
    activation=ACTIVATIONS,
    loss=EACH_LOSS,
    hidden=[(), (7,), (20, 17, 3)],
    n_outputs=[1, 3, 18],
    weighted=BOTH,
    sparse=BOTH,
    dtype=TOLERANCE,
)
def test_forward_loss_and_gradients(
    activation, loss, hidden, n_outputs, weighted, sparse, dtype, make_problem
):
    problem = make_problem(
        loss=loss,
        activation=activation,
        hidden=hidden,
        n_features=19,
        n_outputs=n_outputs,
        weighted=weighted,
        sparse=sparse,
        dtype=dtype,
    )
    network, theta, X = problem.network, problem.theta, problem.X
    rows = np.array([3, 4, 5, 1, 1, 22], dtype=np.int64)
    for chosen in (None, rows, rows[:1], rows[:3], rows[:0]):
        raw, expected = (
            engine.forward(network, theta, X, chosen)
            for engine in (_compiled_engine, _reference_engine)
        )
        assert raw.dtype == dtype
        np.testing.assert_allclose(raw, expected, **TOLERANCE[dtype])
        thetas = np.stack([theta, theta / 2])
        outputs, expected_outputs = (
            engine.evaluate(network, thetas, X, problem.y, chosen, with_winners=True)
            for engine in (_compiled_engine, _reference_engine)
        )
        np.testing.assert_array_equal(outputs.raw[0], raw)
        np.testing.assert_array_equal(outputs.winners, outputs.raw.argmax(axis=-1))
        for ours, expected in (
            (outputs.raw, expected_outputs.raw),
            (outputs.losses, expected_outputs.losses),
        ):
            np.testing.assert_allclose(ours, expected, **TOLERANCE[dtype])

    results = [
        engine.loss_and_gradients(
            network, theta, X, problem.y, problem.sample_weight, Objective(0.3, 1.2)
        )
        for engine in (_compiled_engine, _reference_engine)
    ]
    for ours, expected in zip(*results):
        np.testing.assert_allclose(ours, expected, **TOLERANCE[dtype])


@pytest.mark.usefixtures("n_shards")
@each_pair(
    together=[
        ("batch_size", "n_shards", "sparse"),
        ("batch_size", "alpha", "penalty_size"),
        ("rule", "batch_size", "n_shards"),
        ("rule", "n_shards", "sparse"),
        ("rule", "alpha", "dtype"),
    ],
    indirect=["n_shards"],
    rule=RULES,
    batch_size=[1, 5, 16, 23],
    alpha=[0.0, 0.2],
    penalty_size=[None, 40.0],
    n_shards=N_SHARDS,
    sparse=BOTH,
    dtype=TOLERANCE,
)
def test_steps(rule, batch_size, alpha, penalty_size, sparse, dtype, make_problem):
    problem = make_problem(
        loss="log_loss",
        hidden=(17, 5),
        n_features=18,
        weighted=True,
        sparse=sparse,
        dtype=dtype,
    )
    assert_same_steps(*rule, problem, batch_size, alpha, penalty_size)


# The sign of a gradient near 0 is a matter of rounding, and rprop goes by signs alone:
# float64 leaves none so near.
RULES_AND_DTYPES = [
    (name, SETTINGS[name][-1], dtype)
    for name in SETTINGS
    for dtype in TOLERANCE
    if (name, dtype) != ("rprop", np.float32)
]


@pytest.mark.usefixtures("n_shards")
@each_pair(
    together=[
        ("rule_and_dtype", "max_grad_norm", "n_shards"),
        ("max_grad_norm", "n_shards", "sparse"),
        ("rates", "batch_size", "n_shards"),
        ("rates", "activation", "sparse"),
    ],
    indirect=["n_shards"],
    rule_and_dtype=RULES_AND_DTYPES,
    activation=["relu", "mish", "softplus"],
    batch_size=[1, 16, 23],
    rates=[None, (0.5, 0.2), (0.0, 0.3)],
    max_grad_norm=[0.1, np.inf],
    n_shards=N_SHARDS,
    sparse=BOTH,
)
def test_steps_with_dropout_and_short_gradients(
    rule_and_dtype, activation, batch_size, rates, max_grad_norm, sparse, make_problem
):
    *rule, dtype = rule_and_dtype
    problem = make_problem(
        loss="huber",
        activation=activation,
        hidden=(17, 5),
        n_features=18,
        weighted=True,
        sparse=sparse,
        dtype=dtype,
    )
    dropout = rates and Dropout(rates, seed=2**62 + 1)
    assert_same_steps(*rule, problem, batch_size, 0.2, None, dropout, max_grad_norm)


def assert_same_steps(
    name, settings, problem, batch_size, alpha, penalty_size, *regularization
):
    """In both engines, over two epochs."""
    n_steps = -(-23 // batch_size)
    results = []
    for engine in (_compiled_engine, _reference_engine):
        rng = np.random.RandomState(0)
        theta = problem.theta.copy()
        optimizer = OPTIMIZERS[name](theta, **settings)
        run_steps = engine.prepare_steps(
            problem.network,
            theta,
            problem.X,
            problem.y,
            problem.sample_weight,
            Objective(alpha, problem.sample_weight.mean(), penalty_size),
            batch_size,
            optimizer,
            *regularization,
        )
        orders = np.array([rng.permutation(23), rng.permutation(23)])
        sums = run_steps(orders, np.linspace(0.01, 0.02, 2 * n_steps).reshape(2, -1))
        assert optimizer.n_steps == 2 * n_steps
        results.append([theta, *optimizer.state, sums])
    for ours, expected in zip(*results):
        np.testing.assert_allclose(
            ours, expected, **TOLERANCE[problem.theta.dtype.type]
        )


@pytest.mark.usefixtures("n_shards", "instruction_set")
@each_pair(
    together=[
        ("layer_sizes", "n_samples", "dtype", "instruction_set"),
        ("n_samples", "n_shards", "dtype", "instruction_set"),
    ],
    indirect=["n_shards", "instruction_set"],
    layer_sizes=[
        (1, 1, 1),
        (3, 100, 31, 2),
        (33, 7, 16, 64, 9),
        (530, 40, 17),  # a long inner product, which is made in parts
        (4, 300, 270, 32),
        # few columns, with and without a rest of the inner index
        (64, 1),
        (71, 3),
        (30, 600, 4),
    ],
    n_samples=[1, 2, 5, 8, 17, 49],
    n_shards=N_SHARDS,
    dtype=TOLERANCE,
    instruction_set=INSTRUCTION_SETS or [None],
)
def test_products_of_all_shapes(layer_sizes, n_samples, dtype, make_problem):
    n_features, *hidden, n_outputs = layer_sizes
    problem = make_problem(
        n_samples=n_samples,
        n_features=n_features,
        hidden=hidden,
        n_outputs=n_outputs,
        dtype=dtype,
    )
    arguments = (problem.network, problem.theta, problem.X, problem.y, None)
    results = [
        engine.loss_and_gradients(*arguments, Objective(0.1))
        for engine in (_compiled_engine, _reference_engine)
    ]
    for ours, expected in zip(*results):
        np.testing.assert_allclose(ours, expected, **TOLERANCE[dtype])


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS or [None], indirect=True)
@DTYPES
def test_large_products(dtype, make_problem):
    """Both sides are packed, with rests in each direction; weights are transposed on
    the way back, inputs in the gradient."""
    problem = make_problem(
        n_samples=403, n_features=523, hidden=(1003, 517), n_outputs=2, dtype=dtype
    )
    arguments = (problem.network, problem.theta, problem.X, problem.y, None)
    results = [
        engine.loss_and_gradients(*arguments, Objective(0.1))
        for engine in (_compiled_engine, _reference_engine)
    ]
    for ours, expected in zip(*results):
        np.testing.assert_allclose(ours, expected, **TOLERANCE[dtype])


@pytest.mark.skipif(not VECTOR_SETS, reason="the engine has no products of its own")
@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("instruction_set", VECTOR_SETS or [None], indirect=True)
@DTYPES
def test_large_products_have_the_bits_of_small_ones(dtype, make_problem, monkeypatch):
    """Five threads have too few rows each for products in blocks."""
    problem = make_problem(
        n_samples=403, n_features=523, hidden=(1003, 517), n_outputs=2, dtype=dtype
    )
    arguments = (problem.network, problem.theta, problem.X, problem.y, None)
    gradients = []
    for n_threads in (1, 5):
        monkeypatch.setattr(
            "sklearn_bp.engine._compiled.n_threads_for", lambda *_, n=n_threads: n
        )
        results = _compiled_engine.loss_and_gradients(*arguments, Objective(0.1))
        gradients.append(results[-1])
    np.testing.assert_array_equal(*gradients)


@pytest.mark.skipif(not VECTOR_SETS, reason="the engine has no products of its own")
@pytest.mark.usefixtures("instruction_set")
@each_pair(
    together=[
        ("n_features", "sparse", "dtype", "instruction_set"),
        ("n_outputs", "dtype", "instruction_set"),
        ("activation", "dtype", "instruction_set"),
    ],
    indirect=["instruction_set"],
    n_outputs=[1, 4, 5],
    activation=ACTIVATIONS,
    n_features=[5, 64, 530],
    sparse=BOTH,
    dtype=TOLERANCE,
    instruction_set=VECTOR_SETS or [None],
)
def test_a_row_does_not_depend_on_its_neighbours(
    n_outputs, activation, n_features, sparse, dtype, make_problem
):
    problem = make_problem(
        activation=activation,
        n_samples=40,
        n_features=n_features,
        hidden=(100, 19),
        n_outputs=n_outputs,
        sparse=sparse,
        dtype=dtype,
    )
    together = _compiled_engine.forward(problem.network, problem.theta, problem.X)
    alone = [
        _compiled_engine.forward(problem.network, problem.theta, problem.X[i : i + 1])
        for i in range(40)
    ]
    np.testing.assert_array_equal(together, np.vstack(alone))


@pytest.mark.usefixtures("n_shards", "instruction_set")
@each_pair(
    together=[("n_shards", "sparse", "dtype", "instruction_set")],
    indirect=["n_shards", "instruction_set"],
    loss=EACH_LOSS,
    n_shards=N_SHARDS,
    sparse=BOTH,
    dtype=TOLERANCE,
    instruction_set=INSTRUCTION_SETS or [None],
)
def test_batches_of_several_blocks(loss, sparse, dtype, make_problem):
    """More rows than the compiled engine takes through the network at a time."""
    problem = make_problem(loss=loss, n_samples=1300, sparse=sparse, dtype=dtype)
    results = []
    for engine in (_compiled_engine, _reference_engine):
        theta = problem.theta.copy()
        optimizer = OPTIMIZERS["sgd"](theta, momentum=0.9, nesterovs_momentum=True)
        run_steps = engine.prepare_steps(
            problem.network,
            theta,
            problem.X,
            problem.y,
            None,
            Objective(0.1),
            1200,
            optimizer,
        )
        run_steps(np.arange(1300)[np.newaxis], np.array([[0.1, 0.1]]))
        results.append(theta)
    np.testing.assert_allclose(*results, **TOLERANCE[dtype])


@DTYPES
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_extreme_net_inputs(activation, dtype, make_problem):
    """Nothing overflows on the way, and a NaN is not swallowed."""
    problem = make_problem(
        loss="binary_log_loss", activation=activation, hidden=(9,), dtype=dtype
    )
    X = problem.X * np.array([1e4, 1, 1, 1e-30, 0, -30], dtype=dtype)
    with np.errstate(all="ignore"):
        raw, expected = (
            engine.forward(problem.network, problem.theta, X)
            for engine in (_compiled_engine, _reference_engine)
        )
        np.testing.assert_allclose(raw, expected, **TOLERANCE[dtype])
        X[5, 0] = np.nan
        raw = _compiled_engine.forward(problem.network, problem.theta, X)
    assert np.isnan(raw[5]).all()
    np.testing.assert_allclose(
        np.delete(raw, 5, axis=0), np.delete(expected, 5, axis=0), **TOLERANCE[dtype]
    )


@DTYPES
def test_losses_of_outputs_that_are_wrong_beyond_doubt(loss, dtype, make_problem):
    """Log losses are bounded as if probabilities were clipped."""
    problem = make_problem(loss=loss, hidden=(), dtype=dtype)
    thetas = np.stack([problem.theta * 20, problem.theta * -20])
    ours, expected = (
        engine.evaluate(problem.network, thetas, problem.X, problem.y).losses
        for engine in (_compiled_engine, _reference_engine)
    )
    np.testing.assert_allclose(ours, expected, **TOLERANCE[dtype])
    if loss.name in ("log_loss", "binary_log_loss") and not loss.label_smoothing:
        n_terms = 1 if loss.name == "log_loss" else problem.network.n_outputs
        bound = -np.log(np.finfo(dtype).eps)
        thetas[:] *= 1000
        losses = _compiled_engine.evaluate(
            problem.network, thetas, problem.X, problem.y
        ).losses
        np.testing.assert_allclose(losses.max(), n_terms * bound, rtol=1e-6)


@DTYPES
@SPARSE
@pytest.mark.parametrize("n_rows", [127, 128, 129, 700])
def test_several_networks_on_several_blocks(n_rows, sparse, dtype, make_problem):
    """More rows than the compiled engine takes forward at a time."""
    problem = make_problem(loss="log_loss", n_samples=700, sparse=sparse, dtype=dtype)
    thetas = np.stack([problem.theta, -problem.theta, 2 * problem.theta])
    rows = np.random.RandomState(0).permutation(700)[:n_rows]
    arguments = problem.network, thetas, problem.X, problem.y, rows, True
    ours, expected = (
        engine.evaluate(*arguments) for engine in (_compiled_engine, _reference_engine)
    )
    np.testing.assert_allclose(ours.raw, expected.raw, **TOLERANCE[dtype])
    np.testing.assert_allclose(ours.losses, expected.losses, **TOLERANCE[dtype])
    np.testing.assert_array_equal(ours.winners, ours.raw.argmax(axis=-1))


@DTYPES
def test_winners_are_the_first_of_equals_and_of_nan(dtype, make_problem):
    problem = make_problem(loss="log_loss", hidden=(), dtype=dtype)
    n_features, n_outputs = problem.network.layer_sizes
    X = np.ones((1, n_features), dtype=dtype)
    thetas = np.zeros((40, problem.theta.size), dtype=dtype)
    numbers = np.array([-np.inf, -1, 0, 1, np.inf, np.nan])
    intercepts = np.random.RandomState(0).choice(numbers, (40, n_outputs))
    thetas[:, -n_outputs:] = intercepts
    y = np.zeros((1, 1), dtype=dtype)
    evaluation = _compiled_engine.evaluate(
        problem.network, thetas, X, y, with_winners=True
    )
    np.testing.assert_array_equal(evaluation.winners[:, 0], intercepts.argmax(axis=1))


def test_wide_index_arrays(make_problem):
    problem = make_problem(sparse=True)
    expected = _compiled_engine.forward(problem.network, problem.theta, problem.X)
    problem.X.indices = problem.X.indices.astype(np.int64)
    problem.X.indptr = problem.X.indptr.astype(np.int64)
    raw = _compiled_engine.forward(problem.network, problem.theta, problem.X)
    np.testing.assert_array_equal(raw, expected)


def test_read_only_weights_are_not_written_to(make_problem):
    problem = make_problem()
    problem.theta.flags.writeable = False
    optimizer = OPTIMIZERS["sgd"](problem.theta, momentum=0.9, nesterovs_momentum=True)
    with pytest.raises(ValueError, match=r"read-only|not writable"):
        _compiled_engine.prepare_steps(
            problem.network,
            problem.theta,
            problem.X,
            problem.y,
            None,
            Objective(),
            4,
            optimizer,
        )


def test_only_contiguous_arrays_are_taken(make_problem):
    problem = make_problem()
    with pytest.raises(ValueError, match="C-contiguous"):
        _compiled_engine.forward(
            problem.network, problem.theta, np.asfortranarray(problem.X)
        )
