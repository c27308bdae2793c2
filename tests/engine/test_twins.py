import subprocess
import sys

import pytest

import sklearn_bp
from sklearn_bp.engine import check_twins

# without a compiled engine nothing can disagree with it
TWINS = pytest.importorskip(
    "sklearn_bp.engine._compiled", reason="the compiled engine was not built"
).TWINS

EACH = [(kind, name) for kind, table in TWINS.items() for name in table]


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_a_missing_entry_is_found(kind, name):
    check_twins(kind, TWINS[kind])
    rest = {key: entry for key, entry in TWINS[kind].items() if key != name}
    with pytest.raises(
        RuntimeError, match=f"The {kind} '{name}' has no entry in Python and"
    ):
        check_twins(kind, rest)


@pytest.mark.parametrize("kind", TWINS)
def test_a_missing_twin_is_found(kind):
    with pytest.raises(
        RuntimeError,
        match=f"The {kind} 'newer' has 0 settings and 0 state arrays in Python and no"
        " entry in the compiled engine, .* build again",
    ):
        check_twins(kind, {**TWINS[kind], "newer": (0, 0)})


@pytest.mark.parametrize(("kind", "name"), EACH)
@pytest.mark.parametrize("more", [(1, 0), (0, 1)])
def test_another_number_of_settings_or_state_arrays_is_found(kind, name, more):
    entry = tuple(n + m for n, m in zip(TWINS[kind][name], more))
    with pytest.raises(RuntimeError, match=f"The {kind} '{name}' has {entry[0]} set"):
        check_twins(kind, {**TWINS[kind], name: entry})


# The package without its own __init__, which would import everything at once.
BARE_PACKAGE = f"""
import sys, types
sys.modules["sklearn_bp"] = package = types.ModuleType("sklearn_bp")
package.__path__ = {sklearn_bp.__path__!r}
from sklearn_bp.network import ACTIVATIONS, LOSSES
"""


@pytest.mark.parametrize(
    "code",
    [
        'ACTIVATIONS["newer"] = ACTIVATIONS["relu"]; import sklearn_bp.engine',
        'LOSSES["newer"] = LOSSES["huber"]; import sklearn_bp.engine',
        "from sklearn_bp.engine._compiled import TWINS;"
        ' TWINS["optimizer"]["newer"] = 5, 1; import sklearn_bp.training',
    ],
)
def test_a_disagreement_is_an_error_at_import(code):
    """And no reason to run on the reference engine."""
    result = subprocess.run(
        [sys.executable, "-c", BARE_PACKAGE + code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "RuntimeError: The " in result.stderr
    assert "'newer' has " in result.stderr
