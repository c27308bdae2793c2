"""Two builds of the package, by other compilers or from other commits, side by side.

Each is a folder with a built tree, as `python setup.py build_ext --inplace` leaves it:

    python benchmarks/two_builds.py GCC=../one Clang=../other
"""

import sys
from functools import partial

import numpy as np
from _peers import backprop_classifier
from _report import argument_parser, table, threads_of
from _timing import alternating_times, describe_machine, workers
from compare_peers import DTYPES, HEAD, WORKLOADS


def train_from(folder, workload, X, y):
    """The peer, in a process that takes the package from this folder."""
    sys.path.insert(0, folder)
    return backprop_classifier(workload, X, y)


def ratio(one, other):
    """The ratio of the medians, and of the best times, of two builds."""
    return f"{np.median(other) / np.median(one):.2f} ({min(other) / min(one):.2f})"


def main():
    parser = argument_parser(__doc__, repeats=9)
    parser.add_argument("builds", nargs=2, metavar="NAME=FOLDER")
    arguments = parser.parse_args()
    folders = dict(build.split("=", 1) for build in arguments.builds)
    one, other = folders
    builds = {name: partial(train_from, folder) for name, folder in folders.items()}
    rows = []
    with workers(builds, arguments.threads) as started:
        for work in WORKLOADS:
            cells = []
            for dtype in DTYPES:
                times = alternating_times(started, work, dtype, arguments.repeats)
                cells += [
                    ratio(times[one, n], times[other, n]) for n in arguments.threads
                ]
            rows.append([*str(work).split(" | "), *cells])
            print(rows[-1], flush=True)
    kinds = [f"{dtype}, {threads_of(n)}" for dtype in DTYPES for n in arguments.threads]
    print(describe_machine())
    print(f"The time of {other} over that of {one}, and that of their best runs:\n")
    print(table([*HEAD, *kinds], rows))


if __name__ == "__main__":
    main()
