"""What early stopping costs in test error, and what it saves in epochs.

Means over five seeds of a five-fold cross-validation: the share of misclassified
samples, or the root mean squared error. Features and regression targets are
standardised.

    python benchmarks/early_stopping.py --update-doc
"""

import argparse
import warnings

import numpy as np
from _report import DOC, replace_section, table
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, BackpropRegressor

N_SEEDS = 5
DATA = {
    "digits": (load_digits, BackpropClassifier, MLPClassifier),
    "breast cancer": (load_breast_cancer, BackpropClassifier, MLPClassifier),
    "diabetes": (load_diabetes, BackpropRegressor, MLPRegressor),
}


def splits(load, is_regression):
    X, y = load(return_X_y=True)
    if is_regression:
        y = (y - y.mean()) / y.std()
    folds = KFold if is_regression else StratifiedKFold
    for seed in range(N_SEEDS):
        for train, test in folds(5, shuffle=True, random_state=seed).split(X, y):
            scaler = StandardScaler().fit(X[train])
            X_train, X_test = scaler.transform(X[train]), scaler.transform(X[test])
            yield seed, X_train, X_test, y[train], y[test]


def error_and_epochs(estimator, data, **settings):
    """Means over the splits."""
    errors, epochs = [], []
    for seed, X_train, X_test, y_train, y_test in data:
        model = estimator(random_state=seed, **settings).fit(X_train, y_train)
        wrong = model.predict(X_test) - y_test
        if hasattr(model, "classes_"):
            errors.append(np.mean(wrong != 0))
        else:
            errors.append(np.sqrt(np.mean(wrong**2)))
        epochs.append(model.n_iter_)
    return np.mean(errors), np.mean(epochs)


def rows():
    for name, (load, ours, theirs) in DATA.items():
        data = list(splits(load, is_regression=ours is BackpropRegressor))
        plain, plain_epochs = error_and_epochs(ours, data)
        for cls in (ours, theirs):
            error, epochs = error_and_epochs(cls, data, early_stopping=True)
            yield [
                name,
                cls.__name__,
                f"{plain:.3f}",
                f"{plain_epochs:.0f}",
                f"{error:.3f}",
                f"{epochs:.0f}",
                f"{error / plain:.2f}",
            ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update-doc", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    head = ["data", "with early stopping", "error without", "epochs without"]
    text = table([*head, "error", "epochs", "ratio of errors"], list(rows()))
    print(text)
    if arguments.update_doc:
        replace_section(DOC / "guide" / "early_stopping.md", "early stopping", text)


if __name__ == "__main__":
    main()
