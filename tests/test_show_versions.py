import re
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import sklearn_bp


@pytest.mark.usefixtures("each_engine")
def test_names_engine_versions_and_threads(capsys):
    sklearn_bp.show_versions()
    printed = capsys.readouterr().out
    assert f"in use: {sklearn_bp.get_config()['engine']}" in printed
    assert f"numpy: {np.__version__}" in printed
    assert "blas" in printed
    for pool in threadpool_info():  # each, also of two OpenMP runtimes of one name
        name = re.escape(Path(pool["filepath"]).name)
        assert re.search(rf"{name}: {pool['num_threads']} threads", printed)
