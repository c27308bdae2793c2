"""Runs ONNX models, after they were checked."""

import numpy as np


def run(proto, X):
    """What onnxruntime makes of data.

    Parameters
    ----------
    proto : onnx.ModelProto
        The model.
    X : ndarray or dict of ndarray
        What it takes as X, or all of its inputs.

    Returns
    -------
    outputs : dict of ndarray
        What it returns, by name.
    """
    import onnx
    import onnxruntime

    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    feed = X if isinstance(X, dict) else {"X": X}
    return dict(zip(names, session.run(names, feed), strict=True))


def by_column(frame):
    """A data frame as the inputs of a model that takes each column by its name: texts,
    in which the empty one stands for a missing value, and numbers."""
    return {name: _column(frame[name]) for name in frame}


def _column(x):
    if x.dtype.kind in "biuf":
        return x.to_numpy()[:, np.newaxis]
    texts = ["" if value is None or value != value else str(value) for value in x]
    return np.array(texts, dtype=object)[:, np.newaxis]
