"""Faults that are known and not yet mended; an empty table is what is wanted."""

import re

#: What the fault says, what one of the lines that led to it says, and what is wrong.
KNOWN = [
    (
        "OverflowError: Python integer",
        r"np\.u?int\d|'u?int\d",
        "NumPy's narrow integers",
    ),
    ("overflow encountered in cast", r"np\.float(16|32)", "NumPy's narrow floats"),
    ("keywords must be strings", "param_grid", "names in a grid that are no text"),
    ("_checks.py:.* IndexError", "cv=", "folds with rows that there are not"),
]


def reason_of(fault, lines):
    """What is wrong, if a fault is known; otherwise None."""
    for pattern, line, reason in KNOWN:
        if re.search(pattern, fault) and re.search(line, "\n".join(lines)):
            return reason
    return None
