"""Networks, and data that they are tried on."""

import numpy as np
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, BackpropRegressor

SMALL = {"hidden_layer_sizes": (10,), "learning_rate_init": 0.01, "max_iter": 50}
X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
X_numbers, numbers = load_diabetes(return_X_y=True, scaled=False)
X_numbers = StandardScaler().fit_transform(X_numbers)[:200]
numbers = ((numbers - numbers.mean()) / numbers.std())[:200]


def classifier(**parameters):
    return BackpropClassifier(**SMALL | {"random_state": 0} | parameters)


def regressor(**parameters):
    return BackpropRegressor(**SMALL | {"random_state": 0} | parameters)


def mixed_table():
    """A data frame of numbers and words with gaps, and classes."""
    import pandas as pd

    rng = np.random.RandomState(0)
    table = pd.DataFrame(X, columns=["sepal", "width", "petal", "breadth"])
    table["kind"] = np.where(rng.uniform(size=len(X)) < 0.3, "rare", "common")
    table.loc[::7, "width"] = None
    return table, y


def good(score, least=0.85):
    """A score that must not be worse than that, as a remark."""
    if not score >= least:
        raise AssertionError(f"the score is {score:.3f}, below {least}")
    return f"score {score:.2f}"
