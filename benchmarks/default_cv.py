"""The test loss of a network that chooses for itself, and of MLPClassifier.

Means over ten stratified splits with a quarter of the data for testing, on features as
given and standardised. Both estimators have all their defaults, except that neither
scales the features by itself.

    python benchmarks/default_cv.py --update-doc
"""

import argparse
import warnings
from functools import partial
from time import perf_counter

import numpy as np
from _report import DOC, replace_section, table
from _timing import describe_machine
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifierCV

N_SPLITS = 10


def noisy_labels(return_X_y):
    return make_classification(5000, flip_y=0.2, random_state=0)


DATA = {
    "digits": load_digits,
    "breast cancer": load_breast_cancer,
    "wine": load_wine,
    "iris": load_iris,
    "5,000 samples, 20 % of the labels flipped": noisy_labels,
}


def splits(load, standardised):
    X, y = load(return_X_y=True)
    folds = StratifiedShuffleSplit(N_SPLITS, test_size=0.25, random_state=0)
    for train, test in folds.split(X, y):
        X_train, X_test = X[train], X[test]
        if standardised:
            scaler = StandardScaler().fit(X_train)
            X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
        yield X_train, X_test, y[train], y[test]


def losses_and_times(estimators, data):
    """For each estimator on each split; the estimators take turns at being first."""
    losses = {name: [] for name in estimators}
    times = {name: [] for name in estimators}
    for seed, (X_train, X_test, y_train, y_test) in enumerate(data):
        for name in list(estimators)[:: 1 if seed % 2 else -1]:
            model = estimators[name](random_state=seed)
            start = perf_counter()
            model.fit(X_train, y_train)
            times[name].append(perf_counter() - start)
            losses[name].append(log_loss(y_test, model.predict_proba(X_test)))
    return losses, times


def rows():
    ours = partial(BackpropClassifierCV, scale=False)
    estimators = {"CV": ours, "MLP": MLPClassifier}
    for standardised in (True, False):
        for name, load in DATA.items():
            data = splits(load, standardised)
            losses, times = losses_and_times(estimators, data)
            better = np.less(losses["CV"], losses["MLP"]).sum()
            yield [
                name,
                "standardised" if standardised else "as they are",
                f"{np.mean(losses['CV']):.3f}",
                f"{np.mean(losses['MLP']):.3f}",
                f"{better} of {N_SPLITS}",
                f"{np.median(times['CV']):.2f}",
                f"{np.median(times['MLP']):.2f}",
            ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update-doc", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    head = ["data", "features", "test loss", "MLPClassifier's", "better in"]
    results = table([*head, "seconds", "MLPClassifier's"], list(rows()))
    text = "\n\n".join([describe_machine(), results])
    print(text)
    if arguments.update_doc:
        replace_section(DOC / "guide" / "cv_estimators.md", "default cv", text)


if __name__ == "__main__":
    main()
