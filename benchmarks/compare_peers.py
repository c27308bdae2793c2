"""BackpropClassifier compared with its peers, workload by workload.

All train the same networks on the same data with the same optimizer. They take turns
within one run, each in its own processes with one thread and with two; what is
compared is the median time per training step with the better number of threads.

    python benchmarks/compare_peers.py --update-doc
"""

import matplotlib.pyplot as plt
import numpy as np
from _peers import PRODUCTS, SquareProduct, Workload
from _report import (
    COLORS,
    DOC,
    OURS,
    argument_parser,
    beside_ours,
    replace_section,
    save,
    table,
    threads_of,
)
from _timing import (
    available_peers,
    best,
    describe_machine,
    microseconds_a_step,
    workers,
)

WORKLOADS = [
    Workload(150, 4, 3, (100,), 150, n_epochs=1000),
    Workload(1797, 64, 10, (100,), 200, n_epochs=100),
    Workload(1797, 64, 10, (100,), 1, n_epochs=5),
    Workload(1797, 64, 10, (64,), 32, n_epochs=40),
    Workload(50_000, 30, 3, (128, 64), 256, n_epochs=4),
    Workload(30_000, 784, 10, (256,), 200, n_epochs=1),
    Workload(5_000, 200, 10, (512, 512), 256, n_epochs=3),
]
DTYPES = ("float32", "float64")
HEAD = ["data", "classes", "hidden layers", "batch size"]


def measure_limits(threads, n_repeats):
    """GFLOP/s of square products: {(dtype, maker, n_threads): figure}."""
    limits, product = {}, SquareProduct()
    with workers(PRODUCTS, threads) as makers:
        for dtype in DTYPES:
            times = microseconds_a_step(makers, product, dtype, n_repeats)
            for (maker, n), time in times.items():
                limits[dtype, maker, n] = product.operations / time / 1e3
    return limits


def measure_peers(peers, threads, n_repeats):
    """Microseconds per step: {(dtype, workload): {(peer, n_threads): figure}}."""
    times = {}
    for dtype in DTYPES:
        # The precision of JAX can be set only once per process.
        with workers(peers, threads) as started:
            for workload in WORKLOADS:
                times[dtype, workload] = measured = microseconds_a_step(
                    started, workload, dtype, n_repeats
                )
                figures = ", ".join(
                    f"{p} {n}: {t:.4g}" for (p, n), t in measured.items()
                )
                print(f"{dtype} {workload}: {figures}", flush=True)
    return times


def peer_table(times, dtype, peers):
    rows = [
        [str(workload), *beside_ours(best(times[dtype, workload]), peers)]
        for workload in WORKLOADS
    ]
    return table([*HEAD, *peers], [_split(row) for row in rows])


def ratio_table(times):
    """Speed as a multiple of MLPClassifier's: the table in the README."""
    rows = []
    for workload in WORKLOADS:
        alone, better = [], []
        for dtype in DTYPES:
            runs = times[dtype, workload]
            alone.append(runs["MLPClassifier", 1] / runs[OURS, 1])
            figures = best(runs)
            better.append(figures["MLPClassifier"] / figures[OURS])
        cells = ["{:.1f} ({:.1f})".format(*ratios) for ratios in (alone, better)]
        rows.append([str(workload), *cells])
    head = [*HEAD, "both on one thread", "each with the better of one and two"]
    return table(head, [_split(row) for row in rows])


def share_table(times, limits, n_threads):
    """The speed of a whole step as a share of that of square products."""
    rows = []
    for workload in WORKLOADS:
        cells = []
        for dtype in DTYPES:
            time = best(times[dtype, workload])[OURS]
            speed = workload.operations / time / 1e3
            cells.append(f"{speed:.0f}")
            for maker in PRODUCTS:
                cells.append(f"{speed / limits[dtype, maker, n_threads]:.2f}")
        rows.append([str(workload), *cells])
    head = [*HEAD]
    for dtype in DTYPES:
        head += [f"{dtype}: GFLOP/s", "share of BLAS", "share of ours"]
    return table(head, [_split(row) for row in rows])


def limit_table(limits, threads):
    rows = [
        [dtype, maker, *(f"{limits[dtype, maker, n]:.0f}" for n in threads)]
        for dtype in DTYPES
        for maker in PRODUCTS
    ]
    return table(
        ["type", "maker", *(f"{threads_of(n)}, GFLOP/s" for n in threads)], rows
    )


def _split(row):
    return [*row[0].split(" | "), *row[1:]]


def draw(times, peers):
    """Time per step relative to ours, one panel per type."""
    figure, axes = plt.subplots(
        1, 2, figsize=(11, 5.5), sharey=True, layout="constrained"
    )
    height = 0.8 / (len(peers) - 1)
    positions = np.arange(len(WORKLOADS))
    for ax, dtype in zip(axes, DTYPES):
        for k, peer in enumerate(list(peers)[1:]):
            figures = [best(times[dtype, workload]) for workload in WORKLOADS]
            ratios = [one[peer] / one[OURS] for one in figures]
            bars = ax.barh(
                positions + k * height, ratios, height, color=COLORS[peer], label=peer
            )
            ax.bar_label(bars, fmt="%.1f", padding=2, fontsize=7)
        ax.axvline(1, color=COLORS[OURS], linewidth=2, label=OURS)
        ax.set_xscale("log")
        ax.margins(x=0.12)
        ax.set_title(dtype)
        ax.set_xlabel(f"time per step relative to {OURS} (log scale)")
    labels = [
        f"{w.n_samples:,} x {w.n_features}, {w.n_classes} classes\n"
        f"hidden {w.hidden}, batch {w.batch_size}"
        for w in WORKLOADS
    ]
    axes[0].set_yticks(positions + height * (len(peers) - 2) / 2, labels, fontsize=8)
    axes[0].invert_yaxis()
    axes[1].legend(frameon=False, fontsize=8, loc="lower right")
    save(figure, "peers.svg")


def main():
    parser = argument_parser(__doc__, repeats=7)
    parser.add_argument(
        "--peers", nargs="+", help="compared with ours; default: all installed"
    )
    arguments = parser.parse_args()
    threads, peers = arguments.threads, available_peers()
    if arguments.peers:
        peers = {peer: peers[peer] for peer in (OURS, *arguments.peers)}

    machine = describe_machine()
    limits = measure_limits(threads, arguments.repeats)
    times = measure_peers(peers, threads, arguments.repeats)

    sections = {
        "machine": f"{machine} Threads tried: {', '.join(map(str, threads))}.",
        "limits": limit_table(limits, threads),
        "shares": share_table(times, limits, max(threads)),
    }
    for dtype in DTYPES:
        sections[f"peers in {dtype}"] = peer_table(times, dtype, peers)
    for name, text in sections.items():
        print(f"\n{name}\n\n{text}")
    ratios = ratio_table(times) if "MLPClassifier" in peers else ""
    print(f"\nspeed\n\n{ratios}\n")
    if arguments.update_doc:
        for name, text in sections.items():
            replace_section(DOC / "benchmarks.md", name, text)
        replace_section(DOC.parent / "README.md", "speed", ratios)
        draw(times, peers)


if __name__ == "__main__":
    main()
