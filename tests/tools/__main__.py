"""Try all tools and write the table: python -m tools ../doc/tools.md"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import subprocess
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

SECONDS = 900  # for one package
MARK = "the row: "
HEADING = """\
# Tools around

Other packages, tried with the estimators of this one. The table is made by

    pip install ".[tools]" && cd tests && python -m tools ../doc/tools.md

and was last made on {date}, with Python {python}, scikit-learn {sklearn} and NumPy
{numpy}. Scores are of few epochs, to see that something was learned.

"""


def main():
    parser = argparse.ArgumentParser(prog="python -m tools")
    parser.add_argument("page", nargs="?", help="where to write the page")
    parser.add_argument("--only", help="the package to try")
    parser.add_argument("--rows", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["SCIPY_ARRAY_API"] = "1"  # read when SciPy is imported
    if options.rows:
        return print_rows(options.only)
    rows, missing = [], []
    for package, trials in all_trials().items():
        if options.only in (None, package):
            is_here = trials[0].version is not None
            rows += rows_of(package, trials) if is_here else []
            missing += [] if is_here else [package]
    page = HEADING.format(
        date=datetime.date.today(),
        python=platform.python_version(),
        sklearn=version("scikit-learn"),
        numpy=version("numpy"),
    )
    page += table([row for row in rows if row[0] != "scikit-learn"])
    page += "\nThe meta-estimators of scikit-learn:\n\n"
    page += table([row[2:] for row in rows if row[0] == "scikit-learn"])
    if missing:
        page += f"\nNot tried, as not installed: {', '.join(missing)}.\n"
    if options.page:
        Path(options.page).write_text(page, encoding="utf-8")
    else:
        print(page)
    return int(any(row[3] == "no" for row in rows))


def all_trials():
    """The trials of each package."""
    from . import _others, _scikit_learn  # noqa: F401  # they register their trials
    from ._trial import TRIALS

    return TRIALS


def rows_of(package, trials):
    """The rows of a package, whose trials are run in a process of their own."""
    command = [sys.executable, "-m", "tools", "--only", package, "--rows"]
    rows, end = [], ""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=SECONDS
        )
        output, end = done.stdout, f"ended with {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output, end = (error.stdout or b"").decode(), f"not done after {SECONDS} s"
    for line in output.splitlines():
        if line.startswith(MARK):
            rows.append(json.loads(line.removeprefix(MARK)))
    for trial in trials[len(rows) :]:
        rows.append([package, trial.version, trial.what, "no", end])
    for row in rows:
        print(*row, sep=" | ", file=sys.stderr, flush=True)
    return rows


def print_rows(package):
    """Run the trials of a package, and print their rows for `rows_of`."""
    warnings.simplefilter("ignore")
    for trial in all_trials()[package]:
        with contextlib.redirect_stdout(sys.stderr):
            row = trial.row()
        print(MARK + json.dumps(row), flush=True)
    return 0


def table(rows):
    """Rows as a table of Markdown."""
    header = ["tool", "version", "tried", "works", "remark"]
    if rows and len(rows[0]) == 3:
        header = header[2:]
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n"
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
