"""Check that no link of the built site leads nowhere on it.

python doc/check_site.py doc/_build/html
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import sklearn_bp
from sklearn_bp import onnx, preprocessing


class Page(HTMLParser):
    """The links of a page, and the places on it that others lead to."""

    def __init__(self, path):
        super().__init__()
        self.path, self.links, self.places = path, set(), {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.add(value)
            elif name in ("id", "name"):
                self.places.add(value)


def is_broken(link, page, pages):
    """Whether a link leads nowhere; those that leave the site do not."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (page.path.parent / unquote(parts.path)).resolve()
    if not parts.path:
        target = page.path
    if target in pages:
        return unquote(parts.fragment) not in pages[target].places
    return not target.is_file()


def faults(root):
    """What is wrong with the site in a folder, line by line."""
    paths = [path for path in root.rglob("*.html") if path.parent != root / "_static"]
    pages = {path: Page(path) for path in sorted(paths)}
    for page in pages.values():
        for link in sorted(page.links):
            if is_broken(link, page, pages):
                yield f"{page.path.relative_to(root)}: {link} leads nowhere"
    # The addresses that the HTML of estimators, elsewhere, leads to.
    for name in (*sklearn_bp.__all__, *preprocessing.__all__, *onnx.__all__):
        if root / "api" / f"{name}.html" not in pages:
            yield f"api/{name}.html is not there: add the name to doc/api.rst"
    n_links = sum(len(page.links) for page in pages.values())
    print(f"{len(pages)} pages with {n_links} links")


if __name__ == "__main__":
    sys.exit("\n".join(faults(Path(sys.argv[1]).resolve())) or 0)
