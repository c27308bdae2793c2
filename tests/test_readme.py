"""The README is also shown where its files are not: by a package index."""

import re
import tomllib
from pathlib import Path

import pytest

from sklearn_bp.utils import SITE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INLINE = re.findall(r"\]\((.+?)\)", README)
TARGETS = INLINE + re.findall(r"^\[.+\]: (\S+)$", README, re.M)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
URLS = PYPROJECT["project"]["urls"]
SOURCE = URLS["Source"]
FILES = (
    f"{SOURCE}/blob/main/",
    f"{SOURCE}/tree/main/",
    SOURCE.replace("//github.com", "//raw.githubusercontent.com") + "/main/",
)


def in_repository(url):
    """The path of a file of the repository, or None."""
    for start in FILES:
        if url.startswith(start):
            return ROOT / url.removeprefix(start).partition("#")[0]
    return None


def headings(text):
    """The anchors of a page."""
    return {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.M)
    }


@pytest.mark.parametrize("target", TARGETS)
def test_links_lead_somewhere_from_anywhere(target):
    assert target.startswith(("https://", "#"))
    path = in_repository(target)
    if target.startswith("#"):
        assert target[1:] in headings(README)
    elif path is not None:
        assert path.exists()
        anchor = target.partition("#")[2]
        assert not anchor or anchor in headings(path.read_text(encoding="utf-8"))


def test_links_into_the_repository_are_seen_as_such():
    assert any(map(in_repository, TARGETS))
    others = {url for url in TARGETS if "github" in url and not in_repository(url)}
    assert others <= {SITE}


@pytest.mark.parametrize("name", sorted(URLS.keys() - {"Documentation"}))
def test_urls_of_the_project_are_of_one_repository(name):
    url = URLS[name]
    assert url.startswith(SOURCE)
    path = in_repository(url)
    assert path is None or path.exists()


def test_the_documentation_of_the_project_is_the_site():
    assert URLS["Documentation"] == SITE
