"""Whether the tables of Python and those of the compiled engine agree.

An activation, a loss or an optimizer is an entry in a table of Python and a line in
`_compiled/tables.h`. One that is missing, or has a different number of settings or of
state arrays, would be noticed in the middle of a training or not at all, so it is an
error at import.
"""

from dataclasses import fields

from ..network import ACTIVATIONS, LOSSES

try:
    from ._compiled import TWINS
except ImportError:  # without a compiled engine there is nothing to compare
    TWINS = {}


def check_twins(kind, table):
    """Raise an error unless the compiled engine, if there is one, has the same table.

    Parameters
    ----------
    kind : {"activation", "loss", "optimizer"}
        What the table holds.
    table : dict
        For each name, the numbers of its settings and of its state arrays.

    Raises
    ------
    RuntimeError
        If a name or a number differs.
    """
    twins = TWINS[kind] if TWINS else table
    for name in sorted(table.keys() | twins.keys()):
        if table.get(name) != twins.get(name):
            raise RuntimeError(
                f"The {kind} {name!r} has {_described(table.get(name))} in Python and"
                f" {_described(twins.get(name))} in the compiled engine, and both must"
                " be equal: correct the table or"
                " sklearn_bp/engine/_compiled/tables.h, and build again."
            )


def _described(entry):
    if entry is None:
        return "no entry"
    n_settings, n_arrays = entry
    return f"{n_settings} settings and {n_arrays} state arrays"


check_twins("activation", dict.fromkeys(ACTIVATIONS, (0, 0)))
check_twins("loss", {name: (len(fields(loss)), 0) for name, loss in LOSSES.items()})
