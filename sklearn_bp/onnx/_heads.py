"""From raw outputs to what a model returns: labels and probabilities."""

import numpy as np

from ._activations import LINKS


def class_outputs(raw, targets):
    """What raw outputs say about the classes.

    Parameters
    ----------
    raw : Tensor of shape (n_samples, n_outputs)
        The raw outputs.
    targets : ClassTargets
        What they stand for.

    Returns
    -------
    outputs : dict of Tensor
        The predicted classes, or indicators of labels, as "label"; the probability of
        each class as "probabilities"; and as "scores" the raw outputs, of two classes
        those of both, with opposite signs.
    """
    if targets.is_multilabel:
        label, scores, link = (raw > 0).cast(np.int64), raw, "logistic"
    else:
        has_one_output = len(targets.classes) == 2
        scores = raw.graph.concatenated([-raw, raw]) if has_one_output else raw
        # Of a single class, too: the softmax of a single output is 1.
        link = "logistic" if has_one_output else "softmax"
        classes = raw.graph.constant(class_labels(targets.classes))
        label = classes.apply("Gather", scores.winners(), axis=0)
    return {"label": label, "probabilities": LINKS[link](scores), "scores": scores}


def class_labels(classes):
    """Class labels in one of the types that ONNX models return: integers of 64 bits,
    truth values, numbers in float64, or text.

    Raises
    ------
    ValueError
        If they are of none.
    """
    kind = classes.dtype.kind
    if kind in "iu" and classes.max() <= np.iinfo(np.int64).max:
        return classes.astype(np.int64)
    if kind == "b":
        return classes
    if kind == "f":
        return classes.astype(np.float64)
    if kind in "UT" or (kind == "O" and all(isinstance(c, str) for c in classes)):
        return classes.astype(object)
    raise ValueError(
        f"The class labels {classes!r} cannot be converted: ONNX models return text,"
        " truth values, or integers of up to 64 bits with a sign. Fit the classifier to"
        " such labels, for example to those of a LabelEncoder."
    )
