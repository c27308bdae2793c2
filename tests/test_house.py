"""The house: a file imports only from lower floors or its own, and keeps its hands off
what others call private."""

import ast
import re
import sys
from pathlib import Path

import pytest

import sklearn_bp

# Cython and C sources are not installed; they are read where the tests lie.
PACKAGE = Path(sklearn_bp.__file__).parent
SOURCES = Path(__file__).parents[1] / "sklearn_bp"
FLOORS = {
    "utils": -1,
    "network": 0,
    "engine": 1,
    "training": 2,
    "fitting": 3,
    "preprocessing": 3,
    "model_selection": 5,
    "ensemble": 6,
    "onnx": 6,
}
ESTIMATORS, PUBLIC_NAMES = 4, 6
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
C_FILES = sorted(
    path.relative_to(SOURCES)
    for suffix in ("pyx", "pxd", "h")
    for path in SOURCES.rglob(f"*.{suffix}")
)
# Those of C23. The engine's folder is on the path of its includes, before the system's.
C_LIBRARY = """assert complex ctype errno fenv float inttypes iso646 limits locale math
    setjmp signal stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio
    stdlib stdnoreturn string tgmath threads time uchar wchar wctype"""
# The one file that knows what scikit-learn keeps private.
ADAPTER = Path("utils/_sklearn.py")


def floor(parts):
    """Of a module of the package, given by the parts of its name."""
    if parts == ("__init__.py",):
        return PUBLIC_NAMES
    return FLOORS.get(parts[0], ESTIMATORS) if parts else ESTIMATORS


def nodes(path, kind):
    tree = ast.parse((PACKAGE / path).read_text())
    return [node for node in ast.walk(tree) if isinstance(node, kind)]


def imported_names(path):
    """The package's names that a file imports, each as the parts of its module's name
    and the name, which may be that of a module itself."""
    for node in nodes(path, ast.ImportFrom):
        if node.level > 0:
            base = path.parts[: len(path.parts) - node.level]
            module = (*base, *(node.module or "").split(".")) if node.module else base
            yield from ((module, alias.name) for alias in node.names)


def cimported_modules(path):
    """The package's modules and headers that a Cython or C file names."""
    source = (SOURCES / path).read_text()
    for dots, name in re.findall(r"^\s*from (\.+)([\w.]*) c?import", source, re.M):
        base = path.parts[: len(path.parts) - len(dots)]
        yield (*base, *filter(None, name.split(".")))
    headers = r'^(?:#include|cdef extern from) "([\w./]+)"'
    for header in re.findall(headers, source, re.M):
        yield (*path.parts[:-1], header)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_lead_down(path):
    for module, name in imported_names(path):
        parts = module or (name,)
        assert floor(parts) <= floor(path.parts), f"{path} imports {parts}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_package_is_imported_in_the_relative_form(path):
    names = [node.module for node in nodes(path, ast.ImportFrom) if not node.level]
    names += [a.name for node in nodes(path, ast.Import) for a in node.names]
    assert not any(name.split(".")[0] == "sklearn_bp" for name in names)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_transformers_know_nothing_of_networks(path):
    if path.parts[0] == "preprocessing":
        places = {(*module, name)[0] for module, name in imported_names(path)}
        assert places <= {"preprocessing", "utils"}


@pytest.mark.parametrize("path", C_FILES, ids=str)
def test_cimports_and_includes_lead_down(path):
    for parts in cimported_modules(path):
        assert floor(parts) <= floor(path.parts), f"{path} names {parts}"
        if parts[-1].endswith(".h"):
            assert (SOURCES / Path(*parts)).exists()


def test_no_header_hides_one_of_the_c_library():
    names = {path.stem for path in C_FILES if path.suffix == ".h"}
    assert not names & set(C_LIBRARY.split())


def test_cython_and_c_are_read():
    named = {parts for path in C_FILES for parts in cimported_modules(path)}
    folder = ("engine", "_compiled")
    assert {(*folder, "kernels.h"), (*folder, "_structs")} <= named


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_private_name_is_imported_from_another_folder(path):
    for module, name in imported_names(path):
        whole = (*module, name)
        for number, part in enumerate(whole):
            if part.startswith("_") and not part.startswith("__"):
                folder = whole[:number]
                assert path.parts[:number] == folder, f"{path} imports {whole}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_private_attributes_are_used_on_self_alone(path):
    for node in nodes(path, ast.Attribute):
        is_private = node.attr.startswith("_") and not node.attr.endswith("__")
        if is_private and path != ADAPTER:
            owner = ast.unparse(node.value)
            assert owner in ("self", "cls", "super()"), f"{owner}.{node.attr}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_private_names_of_scikit_learn_stand_in_one_file(path):
    for node in nodes(path, ast.ImportFrom):
        is_of_sklearn = not node.level and node.module.split(".")[0] == "sklearn"
        if is_of_sklearn and path != ADAPTER:
            names = (*node.module.split("."), *(alias.name for alias in node.names))
            assert not any(name.startswith("_") for name in names), names


@pytest.mark.parametrize("path", [p for p in FILES if floor(p.parts) == 0], ids=str)
def test_ground_floor_stands_on_numpy_and_its_special_functions(path):
    for node in nodes(path, ast.ImportFrom | ast.Import):
        name = getattr(node, "module", None) or node.names[0].name
        if not getattr(node, "level", 0):
            assert (
                name.split(".")[0] in {"numpy", *sys.stdlib_module_names}
                or name == "scipy.special"
            )


def test_every_floor_was_looked_at():
    assert {path.parts[0] for path in FILES if len(path.parts) > 1} == set(FLOORS)
