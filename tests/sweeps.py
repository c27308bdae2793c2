"""What tests sweep over: tables, and covers, which are shorter than their product.

A fault in one setting shows in every test of it, and one in how two settings meet in
any test of both: so there need be one combination for each pair of values, and not one
for each way to pick a value from every table. Where more than two settings meet in the
code, a test says so.
"""

from collections import Counter
from functools import partial
from itertools import combinations, product

import pytest

from sklearn_bp.engine import get_engine
from sklearn_bp.network import LOSSES

try:
    from sklearn_bp.engine._compiled._layers import INSTRUCTION_SETS
except ImportError:  # nothing was compiled
    INSTRUCTION_SETS = ()

#: What makes matrix products on one processor or another.
ALL_INSTRUCTION_SETS = ("BLAS", "SSE2", "NEON", "AVX2", "AVX-512")
#: Those whose products are the engine's own; BLAS's may depend on the other rows.
VECTOR_SETS = INSTRUCTION_SETS[1:]
EACH_LOSS = [
    *(loss() for loss in LOSSES.values()),
    LOSSES["huber"](0.4),
    LOSSES["quantile"](0.8),
    LOSSES["log_loss"](0.2),
    LOSSES["binary_log_loss"](0.2),
]

#: Instead of each engine, for what is done in the same way on all of them.
one_engine = pytest.mark.parametrize(
    "each_engine", [get_engine()], indirect=True, ids=[get_engine().name]
)


def each_pair(*, together=(), indirect=(), **tables):
    """As `pytest.mark.parametrize` of every table, but for a cover of their product.

    Parameters
    ----------
    together : sequence of tuple of str, default=()
        Names of tables of which each combination is to occur, not just each pair.
    indirect : sequence of str, default=()
        Names of tables whose values are handed to the fixtures of these names.
    **tables : iterable
        At least two, by the names of the test's arguments.
    """
    rows = cover({name: list(table) for name, table in tables.items()}, together)
    return pytest.mark.parametrize(
        tuple(tables),
        [tuple(row[name] for name in tables) for row in rows],
        indirect=indirect,
        ids=lambda value: getattr(value, "__name__", str(value)),
    )


def cover(tables, together=()):
    """Rows, each with a value of every table, in which any two values of two tables
    occur, and any combination of those that stand `together`: a greedy choice, and
    always the same."""
    names = list(tables)
    groups = [tuple(names.index(name) for name in group) for group in together]
    groups += combinations(range(len(names)), 2)
    sizes = [len(table) for table in tables.values()]
    missing = {
        combination
        for group in groups
        for combination in product(*([(i, j) for j in range(sizes[i])] for i in group))
    }
    rows, n_uses = [], Counter()

    def worth(row, i, j):
        n_new = len(missing & _combinations({**row, i: j}, groups))
        return n_new, -n_uses[i, j]

    while missing:
        row = dict(min(missing, key=lambda pairs: (-len(pairs), pairs)))
        for i in sorted(set(range(len(names))) - row.keys(), key=lambda i: -sizes[i]):
            row[i] = max(range(sizes[i]), key=partial(worth, row, i))
        missing -= _combinations(row, groups)
        n_uses.update(row.items())
        rows.append({name: tables[name][row[i]] for i, name in enumerate(names)})
    return rows


def _combinations(row, groups):
    """What a row, from the numbers of tables to those of their values, has of them."""
    return {
        tuple((i, row[i]) for i in group) for group in groups if row.keys() >= {*group}
    }
