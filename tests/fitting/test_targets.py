from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_bp.fitting import ClassTargets


@pytest.mark.parametrize(
    ("y", "loss", "n_outputs"),
    [
        (np.array(["b", "a", "b"]), "binary_log_loss", 1),
        (np.array([7, 7, 7]), "binary_log_loss", 1),
        (np.array([2, 0, 5, 2]), "log_loss", 3),
        (np.array([[1, 0], [1, 1], [0, 0]]), "binary_log_loss", 2),
        (sp.csr_matrix([[1, 0, 1], [0, 0, 0]]), "binary_log_loss", 3),
    ],
    ids=["two", "one", "three", "multilabel", "sparse multilabel"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_decoding_the_raw_outputs_of_a_perfect_network_gives_the_labels(
    y, loss, n_outputs, dtype
):
    labels = ClassTargets(y)
    assert (labels.loss_name, labels.n_outputs) == (loss, n_outputs)
    targets = labels.encode(y, dtype)
    assert targets.dtype == dtype
    if loss == "log_loss":
        raw = np.eye(n_outputs)[targets[:, 0].astype(int)]
    else:
        raw = targets - 0.5
    decoded = labels.decode(raw)
    assert sp.issparse(decoded) == sp.issparse(y)
    if sp.issparse(y):
        decoded, y = decoded.toarray(), y.toarray()
    np.testing.assert_array_equal(decoded, y)


def test_probabilities_of_two_classes_sum_to_one_and_are_in_the_order_of_classes():
    labels = ClassTargets(np.array([3, 1]))
    np.testing.assert_array_equal(labels.classes, [1, 3])
    probabilities = labels.probabilities(np.array([[5.0], [-5.0]]))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert probabilities[0, 1] > 0.99
    assert probabilities[1, 0] > 0.99


def test_classes_may_be_more_than_those_of_y():
    labels = ClassTargets(np.array([1, 1]), classes=[2, 1, 0])
    np.testing.assert_array_equal(labels.encode(np.array([2, 0]), float), [[2], [0]])


def test_balanced_weights_are_those_of_the_classes_that_occur():
    """Each gets the same total, in each column by itself."""
    y = np.array([[1, 1], [0, 1], [0, 1], [0, 1]])
    asks = SimpleNamespace(class_weight="balanced")
    tables = ClassTargets(y).class_weights(asks, y.astype(float), None)
    np.testing.assert_allclose(tables[0], [2 / 3, 2])
    np.testing.assert_allclose(tables[1], [0, 1])
    weight = np.array([3.0, 1, 1, 1])
    tables = ClassTargets(y).class_weights(asks, y.astype(float), weight)
    np.testing.assert_allclose(tables[0], [1, 1])
