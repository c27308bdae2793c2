"""The floors of the house: a file imports only from lower floors or its own."""

import ast
import sys
from pathlib import Path

import pytest

import sklearn_bp

PACKAGE = Path(sklearn_bp.__file__).parent
FLOORS = {"network": 0, "engine": 1, "training": 2, "model_selection": 4}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def floor(parts):
    """Of a module of the package, given by the parts of its name."""
    if parts == ("__init__.py",):
        return 4  # the public names
    return FLOORS.get(parts[0], 3) if parts else 3


def imported_modules(path):
    """The package's modules that a file imports, each as the parts of its name."""
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            base = path.parts[: len(path.parts) - node.level]
            if node.module:
                yield (*base, *node.module.split("."))
            else:
                yield from ((*base, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names if not names]
            assert not any(name.split(".")[0] == "sklearn_bp" for name in names), (
                f"{path}: import from the package itself in the relative form"
            )


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_lead_down(path):
    for module in imported_modules(path):
        assert floor(module) <= floor(path.parts), f"{path} imports {module}"


@pytest.mark.parametrize("path", [p for p in FILES if floor(p.parts) == 0], ids=str)
def test_ground_floor_stands_on_numpy_and_its_special_functions(path):
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.ImportFrom | ast.Import):
            name = getattr(node, "module", None) or node.names[0].name
            if not getattr(node, "level", 0):
                assert (
                    name.split(".")[0] in {"numpy", *sys.stdlib_module_names}
                    or name == "scipy.special"
                )


def test_every_floor_was_looked_at():
    assert {path.parts[0] for path in FILES if len(path.parts) > 1} == set(FLOORS)
