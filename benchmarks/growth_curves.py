"""How the time of training grows with samples, width, depth, batch size and threads.

In each picture one of them grows and the others stay fixed; float32, and for each peer
the better number of threads, except where threads are compared.

    python benchmarks/growth_curves.py --update-doc
"""

from dataclasses import replace

import matplotlib.pyplot as plt
from _peers import Workload
from _report import (
    COLORS,
    DOC,
    OURS,
    argument_parser,
    beside_ours,
    number,
    replace_section,
    save,
    table,
    threads_of,
)
from _timing import available_peers, best, microseconds_a_step, workers

START = Workload(10_000, 64, 10, (100,), 200, n_epochs=1)
#: By name: what grows, its values, the workload for a value, the unit of the curve, and
#: how microseconds per step are converted to it.
CURVES = {
    "samples": (
        "samples",
        [100, 1_000, 10_000, 100_000, 1_000_000],
        lambda n: replace(START, n_samples=n, batch_size=min(n, 200)),
        "milliseconds per epoch",
        lambda time, work: 1e-3 * time * work.n_steps / work.n_epochs,
    ),
    "width": (
        "units in each of two hidden layers",
        [8, 32, 128, 512, 2048, 4096],
        lambda n: replace(START, n_samples=2_000, hidden=(n, n)),
        "microseconds per step",
        lambda time, work: time,
    ),
    "depth": (
        "hidden layers of 100 units",
        [1, 2, 4, 8, 16],
        lambda n: replace(START, hidden=(100,) * n),
        "microseconds per step",
        lambda time, work: time,
    ),
    "batch size": (
        "batch size",
        [1, 4, 16, 64, 256, 1024, 10_000],
        lambda n: replace(START, batch_size=n),
        "microseconds per sample",
        lambda time, work: time * work.n_steps / work.n_epochs / work.n_samples,
    ),
}
STEPS = 100  # the least number of steps in a run, if they don't take seconds
OPERATIONS = 5e11


def measure(peers, threads, n_repeats):
    """{(curve, value): {(peer, n_threads): figure}}"""
    results = {}
    with workers(peers, threads) as started:
        for name, (_, values, workload_for, unit, convert) in CURVES.items():
            for value in values:
                work = workload_for(value)
                n_steps = max(10, min(STEPS, OPERATIONS // work.operations))
                work = replace(work, n_epochs=int(-(-n_steps // work.n_steps)))
                times = microseconds_a_step(started, work, "float32", n_repeats)
                results[name, value] = {
                    run: convert(time, work) for run, time in times.items()
                }
                figures = ", ".join(
                    f"{p} {n}: {t:.3g}" for (p, n), t in results[name, value].items()
                )
                print(f"{name} {value}, {unit}: {figures}", flush=True)
    return results


def curve_table(results, name, peers):
    label, values, _, unit, _ = CURVES[name]
    rows = [
        [f"{value:,}", *beside_ours(best(results[name, value]), peers)]
        for value in values
    ]
    return f"{unit.capitalize()}:\n\n" + table([label, *peers], rows)


def thread_table(results, threads):
    rows = []
    for name, (_, values, _, unit, _) in CURVES.items():
        for value in values:
            one, *more = (results[name, value][OURS, n] for n in threads)
            cells = [f"{number(time)} ({one / time:.2f}x)" for time in more]
            rows.append([f"{name} {value:,}", unit, number(one), *cells])
    head = ["what", "unit", *map(threads_of, threads)]
    return table(head, rows)


def draw(results, peers, threads):
    figure, axes = plt.subplots(2, 3, figsize=(12, 7.5), layout="constrained")
    for ax, (name, (label, values, _, unit, _)) in zip(axes.flat, CURVES.items()):
        for peer in peers:
            figures = [best(results[name, value])[peer] for value in values]
            ax.loglog(values, figures, "o-", color=COLORS[peer], label=peer)
        ax.set_xlabel(label)
        ax.set_ylabel(unit)
        ax.set_title(f"Growing {name}")
    draw_threads(axes.flat[len(CURVES)], results, threads)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    axes.flat[-1].axis("off")
    axes.flat[-1].legend(handles, labels, frameon=False, loc="center")
    save(figure, "growth.svg")


def draw_threads(ax, results, threads):
    """The speedup by how long a step takes on the fewest threads."""
    for name, (_, values, workload_for, _, convert) in CURVES.items():
        steps, gains = [], []
        for value in values:
            few, many = (results[name, value][OURS, threads[i]] for i in (0, -1))
            steps.append(few / convert(1, workload_for(value)))
            gains.append(few / many)
        ax.semilogx(steps, gains, "o-", label=name)
    ax.axhline(1, color="black", linewidth=1)
    ax.set_xlabel(f"microseconds per step on {threads[0]} thread")
    ax.set_ylabel(f"speedup of {threads[-1]} threads over {threads[0]}")
    ax.set_title(f"Threads in {OURS}")
    ax.legend(title="growing", frameon=False, fontsize=8)


def main():
    parser = argument_parser(__doc__, repeats=5)
    parser.add_argument(
        "--peers", nargs="+", help="compared with ours; default: all but skorch"
    )
    arguments = parser.parse_args()
    peers = available_peers()
    names = arguments.peers or [peer for peer in peers if peer not in (OURS, "skorch")]
    peers = {peer: peers[peer] for peer in (OURS, *names)}

    results = measure(peers, arguments.threads, arguments.repeats)
    sections = {f"growing {name}": curve_table(results, name, peers) for name in CURVES}
    sections["growing threads"] = thread_table(results, arguments.threads)
    for name, text in sections.items():
        print(f"\n{name}\n\n{text}")
        if arguments.update_doc:
            replace_section(DOC / "benchmarks.md", name, text)
    if arguments.update_doc:
        draw(results, peers, arguments.threads)


if __name__ == "__main__":
    main()
