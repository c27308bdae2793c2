import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    make_multilabel_classification,
)
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture
def multilabel():
    return make_multilabel_classification(n_samples=80, random_state=0)


def binary(n_samples=60):
    X = np.random.RandomState(0).normal(size=(n_samples, 3))
    return X, np.where(X[:, 0] > 0, "spam", "ham")


def test_digits():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = make_pipeline(StandardScaler(), BackpropClassifier(random_state=0))
    assert model.fit(X_train, y_train).score(X_test, y_test) > 0.96


@pytest.mark.parametrize("batch_size", [1, 32, "full"])
def test_breast_cancer_by_every_size_of_batch(batch_size):
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(
        StandardScaler(),
        BackpropClassifier(
            solver="sgd",
            batch_size=batch_size,
            learning_rate_init={1: 0.001, 32: 0.01, "full": 0.1}[batch_size],
            max_iter=60,
            random_state=0,
        ),
    )
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    assert model.fit(X_train, y_train).score(X_test, y_test) > 0.95


def test_binary_outputs_agree_with_each_other():
    X, y = binary()
    model = BackpropClassifier(max_iter=30).fit(X, y)
    raw = model.decision_function(X)
    assert raw.shape == (60,)
    probability = model.predict_proba(X)
    assert probability.shape == (60, 2)
    np.testing.assert_allclose(probability[:, 1], 1 / (1 + np.exp(-raw)))
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probability)
    np.testing.assert_array_equal(model.predict(X) == "spam", raw > 0)
    np.testing.assert_array_equal(model.classes_, ["ham", "spam"])


def test_multiclass_outputs_agree_with_each_other():
    X, y = load_digits(return_X_y=True)
    y = np.array(list("abcdefghij"))[y]
    model = BackpropClassifier(max_iter=10).fit(X, y)
    raw = model.decision_function(X)
    assert raw.shape == (1797, 10)
    exponentials = np.exp(raw - raw.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        model.predict_proba(X),
        exponentials / exponentials.sum(axis=1, keepdims=True),
        atol=1e-12,
    )
    np.testing.assert_array_equal(model.predict(X), model.classes_[raw.argmax(axis=1)])


def test_multilabel_outputs_agree_with_each_other(multilabel):
    X, Y = multilabel
    model = BackpropClassifier(max_iter=50).fit(X, Y)
    raw = model.decision_function(X)
    assert raw.shape == Y.shape
    np.testing.assert_allclose(model.predict_proba(X), 1 / (1 + np.exp(-raw)))
    np.testing.assert_array_equal(model.predict(X), raw > 0)
    assert model.out_activation_ == "logistic"


def test_multilabel_indicators_may_be_sparse(multilabel):
    X, Y = multilabel
    dense = BackpropClassifier(max_iter=5, random_state=0).fit(X, Y)
    sparse = BackpropClassifier(max_iter=5, random_state=0).fit(X, sp.csr_matrix(Y))
    assert sp.issparse(sparse.predict(X))
    np.testing.assert_array_equal(sparse.predict(X).toarray(), dense.predict(X))


def test_multilabel_partial_fit_needs_no_classes(multilabel):
    X, Y = multilabel
    fitted = BackpropClassifier(max_iter=1, random_state=0).fit(X, Y)
    partially = BackpropClassifier(random_state=0).partial_fit(X, Y)
    np.testing.assert_array_equal(partially.coefs_[0], fitted.coefs_[0])


def test_a_single_class_is_predicted_with_certainty():
    X, _ = binary()
    model = BackpropClassifier(max_iter=2).fit(X, ["only"] * 60)
    np.testing.assert_array_equal(model.predict(X), "only")
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((60, 1)))


def test_partial_fit_with_batches_that_lack_classes():
    X, y = load_digits(return_X_y=True)
    model = BackpropClassifier(random_state=0)
    order = np.argsort(y, kind="stable").reshape(-1, 3).T  # three interleaved streams
    for epoch in range(30):
        for rows in order:
            half = len(rows) // 2
            for part in (rows[:half], rows[half:]):
                model.partial_fit(
                    X[part] / 16, y[part], classes=range(10) if epoch == 0 else None
                )
    assert model.score(X / 16, y) > 0.9


def test_column_of_labels_is_flattened_with_a_warning():
    X, y = binary()
    model = BackpropClassifier(max_iter=2)
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        model.fit(X, y[:, np.newaxis])
    assert model.predict(X).shape == (60,)


def test_validation_split_keeps_the_shares_of_two_classes():
    """Nine in ten of one class: 3 of the 30 rows set aside must be of the other."""
    X = np.zeros((300, 1))
    y = np.arange(300) % 10 == 0
    model = BackpropClassifier(
        early_stopping=True, scoring=None, max_iter=1, random_state=0
    ).fit(X, y)
    assert model.validation_scores_ in ([0.1], [0.9])  # all rows are the same one
