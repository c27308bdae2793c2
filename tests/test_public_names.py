"""Every public name is shown, typed, and there."""

import ast
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import sklearn_bp


@pytest.mark.parametrize("name", sklearn_bp.__all__)
def test_a_public_name(name):
    assert name in dir(sklearn_bp)
    assert getattr(sklearn_bp, name).__name__ == name


def test_there_are_no_others():
    with pytest.raises(AttributeError, match="no attribute 'NoSuchName'"):
        sklearn_bp.NoSuchName  # noqa: B018


def test_type_checkers_see_all_of_them():
    assert (files("sklearn_bp") / "py.typed").is_file()
    tree = ast.parse(Path(sklearn_bp.__file__).read_text())
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    modules = {"TYPE_CHECKING", "ensemble", "model_selection"}
    assert imported - modules == set(sklearn_bp.__all__)


def test_dir_does_not_import_the_studies():
    program = (
        "import sys, sklearn_bp; dir(sklearn_bp);"
        "print('sklearn.model_selection' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True
    )
    assert result.stdout == "False\n", result.stderr
