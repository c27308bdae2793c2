import os
import subprocess
import sys

import pytest
from sweeps import INSTRUCTION_SETS

import sklearn_bp
from sklearn_bp.engine import _selection, get_engine


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_context_chooses_the_engine_and_gives_the_setting_back():
    before = sklearn_bp.get_config()
    with sklearn_bp.config_context(engine="reference"):
        assert get_engine().name == "reference"
        assert sklearn_bp.get_config() == {"engine": "reference"}
    assert sklearn_bp.get_config() == before


def test_context_gives_the_setting_back_after_an_error():
    before = sklearn_bp.get_config()
    with pytest.raises(KeyError), sklearn_bp.config_context(engine="reference"):
        raise KeyError
    assert sklearn_bp.get_config() == before


def test_nothing_asked_for_is_nothing_changed():
    before = sklearn_bp.get_config()
    sklearn_bp.set_config()
    assert sklearn_bp.get_config() == before


@pytest.mark.parametrize("engine", ["numpy", "", 3])
def test_unknown_engine_is_an_error_that_names_the_known_ones(engine):
    before = sklearn_bp.get_config()
    with pytest.raises(ValueError, match=r"engine must be one of .*'compiled'.* got"):
        sklearn_bp.set_config(engine=engine)
    assert sklearn_bp.get_config() == before


@pytest.fixture
def no_compiled_engine(monkeypatch):
    monkeypatch.setitem(_selection._config, "engine", "auto")
    monkeypatch.setattr(_selection, "_compiled_engine", None)
    monkeypatch.setattr(_selection, "_why_not_compiled", "No module named '_loop'")


@pytest.mark.usefixtures("no_compiled_engine")
def test_asking_for_an_engine_that_is_not_there_says_why_and_what_to_do():
    with pytest.raises(
        ImportError, match=r"missing: No module named '_loop'\. Install a C compiler"
    ):
        sklearn_bp.set_config(engine="compiled")


@pytest.mark.usefixtures("no_compiled_engine")
def test_without_a_compiled_engine_the_reference_engine_runs():
    with sklearn_bp.config_context(engine="auto"):
        assert get_engine().name == "reference"


HIDE_COMPILED = "import sys; sys.modules['sklearn_bp.engine._compiled'] = None; "


def test_import_without_the_compiled_engine_warns_once():
    code = HIDE_COMPILED + "import sklearn_bp; sklearn_bp.show_versions()"
    result = run_python(code, SKLEARN_BP_ENGINE="auto")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("RuntimeWarning: sklearn_bp runs on its reference") == 1
    assert "in use: reference" in result.stdout


def test_import_without_the_compiled_engine_is_silent_if_that_is_asked_for():
    result = run_python(
        HIDE_COMPILED + "import sklearn_bp", SKLEARN_BP_ENGINE="reference"
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_environment_variable_must_name_an_engine():
    result = run_python("import sklearn_bp", SKLEARN_BP_ENGINE="fast")
    assert result.returncode == 1
    assert "SKLEARN_BP_ENGINE must be one of" in result.stderr


compiled = pytest.mark.skipif(
    _selection._compiled_engine is None, reason="the compiled engine was not built"
)


@compiled
@pytest.mark.parametrize("name", INSTRUCTION_SETS[:2])
def test_environment_variable_chooses_among_the_instruction_sets(name):
    code = "from sklearn_bp.engine import get_engine; print(get_engine().products)"
    result = run_python(
        code, SKLEARN_BP_ENGINE="compiled", SKLEARN_BP_INSTRUCTIONS=name
    )
    assert (result.stdout, result.stderr) == (f"{name}\n", "")


@compiled
@pytest.mark.parametrize("name", ["AVX-1024", ""])
def test_environment_variable_must_name_an_instruction_set_of_the_processor(name):
    result = run_python("import sklearn_bp", SKLEARN_BP_INSTRUCTIONS=name)
    assert result.returncode == 1
    assert f"SKLEARN_BP_INSTRUCTIONS must be one of {INSTRUCTION_SETS}" in result.stderr
    assert f"got {name!r}" in result.stderr
