"""Tables and pictures, written into the documentation."""

import argparse
import re
from pathlib import Path

import matplotlib.pyplot as plt

plt.switch_backend("Agg")
# Text stays text, and the same figures make the same file.
plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sklearn_bp"})

DOC = Path(__file__).resolve().parent.parent / "doc"
OURS = "BackpropClassifier"
COLORS = {
    OURS: "#D55E00",
    "MLPClassifier": "#0072B2",
    "skorch": "#CC79A7",
    "PyTorch": "#009E73",
    "JAX": "#555555",
}


def argument_parser(description, repeats):
    """The options of every script; `description` is its docstring."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument(
        "--update-doc",
        action="store_true",
        help="write tables and pictures into the documentation",
    )
    return parser


def number(x):
    """Three significant digits, or all digits before the decimal point."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def counted(n, one, many):
    return f"{n} {one if n == 1 else many}"


def threads_of(n):
    return counted(n, "thread", "threads")


def table(head, rows):
    """Markdown; columns of numbers are aligned to the right."""
    align = ["---:" if _is_number(cell) else "---" for cell in rows[0]]
    lines = [head, align, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def beside_ours(figures, peers):
    """Cells of a row: our figure, and that of each peer with its ratio to ours."""
    cells = [number(figures[OURS])]
    for peer in list(peers)[1:]:
        ratio = figures[peer] / figures[OURS]
        cells.append(f"{number(figures[peer])} ({ratio:.1f}x)")
    return cells


def _is_number(cell):
    return re.fullmatch(r"[-+\de.,x ()]+", str(cell)) is not None


def replace_section(path, name, text):
    """Put `text` between the marks of section `name`."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = path.read_text()
    before, rest = page.split(begin)
    _, after = rest.split(end)
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")
    print(f"written: {name} in {path.name}")


def save(figure, name):
    path = DOC / "pictures" / name
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    print(f"written: {path.name}")
