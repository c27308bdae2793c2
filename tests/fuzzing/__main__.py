"""A long run: python -m fuzzing --calls 100000, in the folder of the tests."""

import argparse
import re
import sys
from collections import Counter
from time import perf_counter

from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

import sklearn_bp

from .known import KNOWN
from .machine import SETTINGS, Calls, Studies
from .outcomes import Fault
from .session import TRAINING


def main():
    parser = argparse.ArgumentParser(prog="python -m fuzzing")
    parser.add_argument("--calls", type=int, default=10_000, help="at least so many")
    parser.add_argument(
        "--engine", choices=["compiled", "reference", "both"], default="both"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-faults", type=int, default=5)
    options = parser.parse_args()
    engines = {"both": ("compiled", "reference")}.get(options.engine, (options.engine,))
    for engine in engines:
        sklearn_bp.set_config(engine=engine)  # an error if it was not built
    start, faults, counts, number = perf_counter(), [], Counter(), options.seed
    while sum(counts.values()) < options.calls * len(engines):
        try:
            counts += run(engines, number)
            number += 1
        except Fault as fault:
            faults.append(str(fault))
            print(f"---- fault {len(faults)} (seed {number})\n\n{fault}\n", flush=True)
            # the rest of the run is for others
            KNOWN.append(
                (
                    re.escape(str(fault).partition("\n")[0].partition(": ")[0]),
                    "",
                    "found above",
                )
            )
            if len(faults) == options.max_faults:
                break
    report(counts, engines, faults, perf_counter() - start)
    return 1 if faults else 0


def run(engines, number):
    """Some sequences of calls, by the seed of that number; counts what comes of them.

    Raises
    ------
    Fault
        With the shortest script that leads to it.
    """

    counts = Counter()
    for kind, bounds in ((Calls, (25, 20)), (Studies, (5, 3))):
        machine = type(kind.__name__, (kind,), {"engines": engines, "counts": counts})
        n_examples, n_steps = bounds
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                SETTINGS, max_examples=n_examples, stateful_step_count=n_steps
            ),
        )
    return counts


def report(counts, engines, faults, seconds):
    total = sum(counts.values())
    trainings = sum(
        n
        for (method, kind), n in counts.items()
        if method in TRAINING and kind == "a value"
    )
    pace = 1e3 * seconds / max(1, total)
    print(f"{total} calls on {' and '.join(engines)}, {trainings} of them trainings:")
    print(f"{len(faults)} faults; {seconds:.0f} s, {pace:.2f} ms a call")
    for (method, kind), n in sorted(counts.items()):
        print(f"{n:8d}  {method}: {kind}")


if __name__ == "__main__":
    sys.exit(main())
