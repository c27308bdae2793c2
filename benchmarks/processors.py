"""Processors of three families, as far as this one can stand for them.

The engine and BLAS are each held to the instructions of a family: square products by
both, and two networks of large products beside MLPClassifier.

    python benchmarks/processors.py --update-doc
"""

from _peers import PEERS, PRODUCTS, SquareProduct, Workload
from _report import DOC, OURS, argument_parser, replace_section, table, threads_of
from _timing import describe_machine, environment, microseconds_a_step, workers

#: What the engine calls a family's instructions, and OpenBLAS a processor of it.
FAMILIES = {"SSE2": "Nehalem", "AVX2": "Haswell", "AVX-512": "SkylakeX"}
WORKLOADS = [
    Workload(5_000, 200, 10, (512, 512), 256, n_epochs=1),
    Workload(12_000, 784, 10, (256,), 200, n_epochs=1),
]
RIVALS = {peer: PEERS[peer] for peer in (OURS, "MLPClassifier")}
DTYPES = ("float32", "float64")


def measure(family, threads, n_repeats):
    """{(dtype, workload): {(peer, n_threads): microseconds}}"""
    settings = {
        "SKLEARN_BP_INSTRUCTIONS": family,
        "OPENBLAS_CORETYPE": FAMILIES[family],
    }
    times = {}
    for peers, works in ((PRODUCTS, [SquareProduct()]), (RIVALS, WORKLOADS)):
        with environment(**settings), workers(peers, threads) as started:
            for dtype in DTYPES:
                for work in works:
                    figures = microseconds_a_step(started, work, dtype, n_repeats)
                    times[dtype, work] = figures
                    print(f"{family}, {dtype}, {work}: {figures}", flush=True)
    return times


def rows_of(family, times, threads):
    blas, engine = PRODUCTS
    product = SquareProduct()
    for dtype in DTYPES:
        figures = times[dtype, product]
        speeds = [
            f"{product.operations / figures[engine, n] / 1e3:.0f}"
            f" ({figures[blas, n] / figures[engine, n]:.2f})"
            for n in threads
        ]
        ratios = []
        for work in WORKLOADS:
            rivals = times[dtype, work]
            one = threads[0]
            ratios.append(f"{rivals['MLPClassifier', one] / rivals[OURS, one]:.2f}x")
        yield [family, dtype, *speeds, *ratios]


def main():
    arguments = argument_parser(__doc__, repeats=7).parse_args()
    threads = arguments.threads
    rows = []
    for family in FAMILIES:
        times = measure(family, threads, arguments.repeats)
        rows += rows_of(family, times, threads)
    head = ["instructions", "type"]
    head += [f"{threads_of(n)}, GFLOP/s (times BLAS)" for n in threads]
    head += [f"{', '.join(map(str, work.layer_sizes))}" for work in WORKLOADS]
    text = f"{describe_machine()}\n\n{table(head, rows)}"
    print(text)
    if arguments.update_doc:
        replace_section(DOC / "benchmarks.md", "processors", text)


if __name__ == "__main__":
    main()
