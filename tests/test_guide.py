"""The code of the user guide runs, from the top of each page to its end."""

import doctest
import re
from pathlib import Path

import pytest

DOC = Path(__file__).parents[1] / "doc"
PAGES = [
    page
    for page in sorted([*DOC.glob("*.md"), *DOC.glob("guide/*.md")])
    if "```python" in page.read_text("utf-8")
]
NOT_EVERYWHERE = {
    "onnxruntime": "onnxruntime is not installed",
    "skl2onnx": "skl2onnx is not installed",
    "sklearn.callback": "this scikit-learn has no callbacks",
}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some of it writes files
    monkeypatch.setenv("MPLBACKEND", "Agg")
    # The end of a block is no part of what its last line prints.
    text = re.sub(r"^```.*$", "", page.read_text("utf-8"), flags=re.MULTILINE)
    for module, reason in NOT_EVERYWHERE.items():
        if f"import {module}" in text or f"from {module} " in text:
            pytest.importorskip(module, reason=reason)
    name = str(page.relative_to(DOC))
    test = doctest.DocTestParser().get_doctest(text, {}, name, str(page), 0)
    assert doctest.DocTestRunner(optionflags=OPTIONS).run(test).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_code_is_run(page):
    assert not re.search(r"```python\n(?!>>> )", page.read_text("utf-8"))


def test_there_are_pages():
    assert len(PAGES) > 5
