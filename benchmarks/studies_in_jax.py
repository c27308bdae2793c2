"""The time of a study with curves, compared with that of one written in JAX.

The peer is what one would write in JAX for speed: `vmap` over the six penalties, `scan`
over the epochs and within them over the batches, and in each epoch the losses and the
accuracies on both parts of a fold. It is compiled beforehand, which is not timed. The
folds are run one after the other, and in two threads. (`overfitting_study` also checks
the data and makes a report.)

    python benchmarks/studies_in_jax.py --update-doc
"""

import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
from _report import DOC, argument_parser, replace_section, table
from _timing import describe_machine
from overfitting_study import DATA, GRID, REST
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, overfitting_study

N_EPOCHS, N_UNITS, BATCH_SIZE, LEARNING_RATE = 100, 100, 200, 0.001


def losses_and_outputs(parameters, X, y):
    (coef, intercept), (last_coef, last_intercept) = parameters
    raw = jax.nn.relu(X @ coef + intercept) @ last_coef + last_intercept
    return optax.softmax_cross_entropy_with_integer_labels(raw, y), raw


def measure(parameters, X, y):
    losses, raw = losses_and_outputs(parameters, X, y)
    return losses.mean(), (raw.argmax(axis=1) == y).mean()


def objective(parameters, X, y, alpha):
    penalty = sum((coef**2).sum() for coef, _ in parameters)
    losses, _ = losses_and_outputs(parameters, X, y)
    return losses.mean() + alpha / (2 * len(X)) * penalty


def initial(key, sizes, dtype):
    keys = jax.random.split(key, len(sizes) - 1)
    bounds = [(6 / (i + o)) ** 0.5 for i, o in pairwise(sizes)]
    return [
        (jax.random.uniform(key, (i, o), dtype, -bound, bound), jnp.zeros(o, dtype))
        for key, (i, o), bound in zip(keys, pairwise(sizes), bounds)
    ]


def curves_of_fold(n_rows, sizes):
    """A compiled function from penalties and a fold to curves."""
    batch_size = min(BATCH_SIZE, n_rows)
    n_batches, n_left = divmod(n_rows, batch_size)
    optimizer = optax.adam(LEARNING_RATE)

    def curves(alpha, key, X, y, X_test, y_test):
        key, key_of_weights = jax.random.split(key)

        def step(state, rows):
            parameters, moments = state
            gradient = jax.grad(objective)(parameters, X[rows], y[rows], alpha)
            updates, moments = optimizer.update(gradient, moments, parameters)
            return (optax.apply_updates(parameters, updates), moments), None

        def epoch(state, key):
            order = jax.random.permutation(key, n_rows)
            batches = order[: n_batches * batch_size].reshape(n_batches, batch_size)
            state, _ = jax.lax.scan(step, state, batches)
            if n_left:
                state, _ = step(state, order[-n_left:])
            parts = (X, y), (X_test, y_test)
            return state, [measure(state[0], *part) for part in parts]

        parameters = initial(key_of_weights, sizes, X.dtype)
        state = parameters, optimizer.init(parameters)
        return jax.lax.scan(epoch, state, jax.random.split(key, N_EPOCHS))[1]

    return jax.jit(jax.vmap(curves, in_axes=(0, None, None, None, None, None)))


def peers(X, y):
    """Functions that run the study in JAX, by their names."""
    folds = StratifiedKFold(5).split(X, y)
    parts = [
        tuple(map(jnp.asarray, (X[train], y[train], X[test], y[test])))
        for train, test in folds
    ]
    sizes = X.shape[1], N_UNITS, len(np.unique(y))
    compiled = {n: curves_of_fold(n, sizes) for n in {len(part[0]) for part in parts}}
    alphas, key = jnp.asarray(GRID["alpha"], X.dtype), jax.random.key(0)

    def run(part):
        return jax.block_until_ready(compiled[len(part[0])](alphas, key, *part))

    threads = ThreadPoolExecutor(2)
    return {
        "JAX": lambda: list(map(run, parts)),
        "JAX, folds in two threads": lambda: list(threads.map(run, parts)),
    }


def medians(functions, n_repeats):
    times = {name: [] for name in functions}
    for function in functions.values():
        function()
    for repeat in range(n_repeats):
        for name in list(functions)[:: 1 if repeat % 2 == 0 else -1]:
            time.sleep(REST)
            start = time.perf_counter()
            functions[name]()
            times[name].append(time.perf_counter() - start)
    return {name: np.median(of_one) for name, of_one in times.items()}


def rows(n_repeats):
    for name in ("digits", "iris"):
        X, y = DATA[name](return_X_y=True)
        X = StandardScaler().fit_transform(X).astype(np.float32)
        # to the last epoch, as in JAX
        network = BackpropClassifier(
            max_iter=N_EPOCHS, n_iter_no_change=np.inf, random_state=0
        )
        arguments = network, X, y, GRID
        functions = {"study": lambda a=arguments: overfitting_study(*a, n_jobs=2)}
        seconds = medians(functions | peers(X, y), n_repeats)
        ours, *theirs = seconds.values()
        yield [
            name,
            f"{ours:.3f}",
            *(f"{of_one:.3f} ({of_one / ours:.1f})" for of_one in theirs),
        ]


def main():
    arguments = argument_parser(__doc__, repeats=7).parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarnings
        head = ["data", "study", "JAX (ratio)", "JAX, folds in two threads (ratio)"]
        text = table(head, list(rows(arguments.repeats)))
    text = f"{describe_machine()}\n\n{text}"
    print(text)
    if arguments.update_doc:
        replace_section(DOC / "benchmarks.md", "studies in jax", text)


if __name__ == "__main__":
    main()
