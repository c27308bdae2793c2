"""Whether more threads ever take longer, also where other processes use the processors.

By batch size and width, on an idle machine and beside busy processes: the time of a fit
with several threads, as the engine chooses among them, over that with one thread beside
the same load. Medians of alternating runs of at least a tenth of a second; in
parentheses, the range of the middle half of the runs.

    python benchmarks/threads.py --update-doc
"""

import contextlib
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
from _peers import PEERS, Workload
from _report import DOC, OURS, argument_parser, counted, replace_section, table
from _timing import alternating_times, describe_machine, workers

BUSY = "while True: pass"
SECONDS = 0.1  # the least a run takes with one thread
MOST_STEPS = 20  # in an epoch


@contextlib.contextmanager
def busy_processes(n):
    started = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(n)]
    try:
        time.sleep(0.5)
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def workload_for(width, batch_size, worker, dtype):
    """Two hidden layers, and as many epochs as it takes."""
    n_samples = max(batch_size, min(10_000, MOST_STEPS * batch_size))
    work = Workload(n_samples, 64, 10, (width, width), batch_size, n_epochs=1)
    worker.prepare(work, dtype)
    n_epochs = 1
    while (seconds := worker.seconds(n_epochs)) < SECONDS:
        n_epochs = int(1.1 * n_epochs * max(2, min(20, SECONDS / seconds)))
    return replace(work, n_epochs=n_epochs)


def measure(arguments, started):
    """{(n_busy, batch size, width): {n_threads: seconds of each run}}"""
    results, one = {}, started[0]
    for batch_size in arguments.batches:
        for width in arguments.widths:
            work = workload_for(width, batch_size, one, arguments.dtype)
            for n_busy in arguments.busy:
                with busy_processes(n_busy):
                    times = alternating_times(
                        started, work, arguments.dtype, arguments.repeats
                    )
                cell = {n_threads: t for (_, n_threads), t in times.items()}
                results[n_busy, batch_size, width] = cell
                ratios = ", ".join(ratio(cell[1], cell[n]) for n in list(cell)[1:])
                print(f"{n_busy} busy, batch {batch_size}, width {width}: {ratios}")
                sys.stdout.flush()
    return results


def ratio(one, more):
    low, middle, high = np.quantile(more, [0.25, 0.5, 0.75]) / np.median(one)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def ratio_table(results, n_busy, n_threads):
    batches = dict.fromkeys(batch for _, batch, _ in results)
    widths = dict.fromkeys(width for _, _, width in results)
    rows = []
    for batch in batches:
        cells = (results[n_busy, batch, width] for width in widths)
        rows.append([f"{batch:,}", *(ratio(c[1], c[n_threads]) for c in cells)])
    return table(["batch size", *(f"width {width:,}" for width in widths)], rows)


def main():
    parser = argument_parser(__doc__, repeats=9)
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[1, 16, 64, 256, 1024, 10_000]
    )
    parser.add_argument(
        "--widths", type=int, nargs="+", default=[8, 32, 128, 512, 2048]
    )
    parser.add_argument("--dtype", default="float32")
    arguments = parser.parse_args()
    more = [n for n in arguments.threads if n > 1]

    with workers({OURS: PEERS[OURS]}, [1, *more]) as started:
        results = measure(arguments, started)
    sections = [
        f"{n_threads} threads over one, beside"
        f" {counted(n_busy, 'busy process', 'busy processes')}:\n\n"
        + ratio_table(results, n_busy, n_threads)
        for n_threads in more
        for n_busy in arguments.busy
    ]
    text = "\n\n".join([describe_machine(), *sections])
    print(text)
    if arguments.update_doc:
        replace_section(DOC / "benchmarks.md", "threads", text)


if __name__ == "__main__":
    main()
