"""Faults that are known and not yet mended; an empty table is what is wanted."""

import re

#: What the fault says, what one of the lines that led to it says, and what is wrong.
KNOWN = []


def reason_of(fault, lines):
    """What is wrong, if a fault is known; otherwise None."""
    for pattern, line, reason in KNOWN:
        if re.search(pattern, fault) and re.search(line, "\n".join(lines)):
            return reason
    return None
