"""Probabilities by the estimator and by onnxruntime, for one row and for many.

    python benchmarks/onnx_predictions.py --update-doc

Needs the extras onnx, oracles and benchmarks.
"""

import os
import warnings

import numpy as np
from _peers import Workload
from _report import DOC, OURS, argument_parser, number, replace_section, table
from _timing import describe_machine, microseconds_a_step, workers

DTYPES = ("float32", "float64")
RUNTIME = "onnxruntime"
NETWORKS = ((64, 10, (100,)), (30, 3, (128, 64)))
#: The numbers of rows, and how often each is asked about in a run.
ROWS = {1: 1000, 100_000: 3}


def _fitted(workload, dtype):
    """A model, whose training is not timed."""
    from sklearn_bp import BackpropClassifier

    rng = np.random.RandomState(0)
    X = rng.uniform(size=(200, workload.n_features)).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BackpropClassifier(workload.hidden, max_iter=1, random_state=0)
        return model.fit(X, np.arange(200) % workload.n_classes)


def our_probabilities(workload, X, y):
    model = _fitted(workload, X.dtype)

    def work(n_times):
        for _ in range(n_times):
            model.predict_proba(X)

    work(1)
    return work


def probabilities_of_the_runtime(workload, X, y):
    import onnxruntime

    from sklearn_bp.onnx import to_onnx

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(
        to_onnx(_fitted(workload, X.dtype)).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )

    def work(n_times):
        for _ in range(n_times):
            session.run(["probabilities"], {"X": X})

    work(1)
    return work


PEERS = {OURS: our_probabilities, RUNTIME: probabilities_of_the_runtime}


def size(workload, dtype):
    """Of the file, in kB."""
    from sklearn_bp.onnx import to_onnx

    return to_onnx(_fitted(workload, dtype)).ByteSize() / 1000


def main():
    parser = argument_parser(__doc__, repeats=5)
    arguments = parser.parse_args()
    rows = []
    with workers(PEERS, arguments.threads) as started:
        for features, classes, hidden in NETWORKS:
            for dtype in DTYPES:
                line = None
                for n_rows, n_times in ROWS.items():
                    workload = Workload(
                        n_rows, features, classes, hidden, n_rows, n_times
                    )
                    if line is None:
                        layers = ", ".join(map(str, workload.layer_sizes))
                        line = [layers, dtype, number(size(workload, dtype))]
                    times = microseconds_a_step(
                        started, workload, dtype, arguments.repeats
                    )
                    unit = 1 if n_rows == 1 else 1000
                    line += [
                        " / ".join(
                            number(times[peer, n] / unit) for n in arguments.threads
                        )
                        for peer in PEERS
                    ]
                print(*line, sep=" | ", flush=True)
                rows.append(line)
    head = ["layers", "type", "file, kB"]
    head += [f"one row, {peer}, µs" for peer in PEERS]
    head += [f"100,000 rows, {peer}, ms" for peer in PEERS]
    text = "\n\n".join([describe_machine(), table(head, rows)])
    print(text)
    if arguments.update_doc:
        replace_section(DOC / "onnx.md", "onnx speed", text)


if __name__ == "__main__":
    main()
