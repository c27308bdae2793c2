import numpy as np
import pytest

import sklearn_bp


@pytest.mark.usefixtures("each_engine")
def test_names_engine_versions_and_threads(capsys):
    sklearn_bp.show_versions()
    printed = capsys.readouterr().out
    assert f"in use: {sklearn_bp.get_config()['engine']}" in printed
    assert f"numpy: {np.__version__}" in printed
    assert "blas" in printed
    assert "threads" in printed
