"""A trial: some lines that must run, and what came of them."""

import traceback
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

#: The trials of each package, by its name.
TRIALS = defaultdict(list)


@dataclass(frozen=True)
class Trial:
    """What is tried with a tool.

    Parameters
    ----------
    package : str
        The name under which the tool is installed.
    what : str
        What is tried, for the table.
    run : callable
        Tries it; may return a remark.
    """

    package: str
    what: str
    run: object

    @property
    def version(self):
        """The tool's version, or None if it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None

    def row(self):
        """The row of the table: package, version, what, whether it works, a remark."""
        try:
            works, remark = "yes", self.run() or ""
        except Exception as error:  # whatever a tool raises is its row
            traceback.print_exc()
            line = (str(error).strip().splitlines() or [""])[0]
            works, remark = "no", f"{type(error).__name__}: {line}"
        return [self.package, self.version, self.what, works, remark]


def trial(package, what):
    """Decorator of functions that try something."""

    def register(run):
        TRIALS[package].append(Trial(package, what, run))
        return run

    return register
