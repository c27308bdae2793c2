"""Saved models as text, and back: what a pickle or a file of skops holds, spelled out.

`python saved.py` writes files of today's format into `saved_models/VERSION`, where a
release leaves them for all later ones to read. A file has a model as its class and its
state, data, what it predicts for them, and what it predicts after more training.
"""

import json
from importlib import import_module
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "saved_models"


def encode(thing):
    """A thing as what JSON has; everything but values and lists is tagged."""
    if thing is None or isinstance(thing, bool | int | str) or type(thing) is float:
        return thing
    if isinstance(thing, list):
        return list(map(encode, thing))
    if isinstance(thing, tuple):
        return {"tuple": list(map(encode, thing))}
    if isinstance(thing, dict):
        if all(isinstance(key, str) for key in thing):
            return {"dict": {key: encode(value) for key, value in thing.items()}}
        return {"items": [[encode(key), encode(thing[key])] for key in thing]}
    if isinstance(thing, np.ma.MaskedArray):
        return {"masked": [encode(thing.data), encode(np.ma.getmaskarray(thing))]}
    if isinstance(thing, np.ndarray):
        values = list(map(encode, thing.ravel().tolist()))
        if thing.dtype.kind in "fiub":  # in one line
            values = json.dumps(values)
        return {"array": thing.dtype.str, "shape": thing.shape, "values": values}
    if isinstance(thing, np.generic):
        return {"number": thing.dtype.str, "value": thing.item()}
    kind = type(thing)
    state = encode(thing.__getstate__())
    return {"class": f"{kind.__module__}.{kind.__qualname__}", "state": state}


def decode(code):
    """The inverse of `encode`."""
    if isinstance(code, list):
        return list(map(decode, code))
    if not isinstance(code, dict):
        return code
    match code:
        case {"tuple": parts}:
            return tuple(map(decode, parts))
        case {"dict": parts}:
            return {key: decode(value) for key, value in parts.items()}
        case {"items": parts}:
            return {decode(key): decode(value) for key, value in parts}
        case {"masked": (data, mask)}:
            return np.ma.MaskedArray(decode(data), decode(mask))
        case {"array": dtype, "shape": shape, "values": values}:
            values = json.loads(values) if isinstance(values, str) else values
            return np.array(list(map(decode, values)), dtype).reshape(shape)
        case {"number": dtype, "value": value}:
            return np.dtype(dtype).type(value)
    module, _, name = code["class"].rpartition(".")
    kind = getattr(import_module(module), name)
    thing = kind.__new__(kind)
    thing.__setstate__(decode(code["state"]))
    return thing


def read(path):
    """A file's content."""
    return decode(json.loads(path.read_text()))


def respond(model, X):
    """What a model says of data."""
    return getattr(model, "predict_proba", model.predict)(X)


def train_on(model, X, y):
    """Train a model further."""
    if model.get_params().get("warm_start"):
        return model.fit(X, y)
    return model.partial_fit(X, y)


def write(path, model, X, y, may_go_on=False):
    """Save a model, with what it does."""
    content = {"model": encode(model), "X": encode(X), "y": encode(y)}
    if hasattr(model, "predict"):
        content["predictions"] = encode(respond(model, X))
    if may_go_on:
        content["later"] = encode(respond(train_on(model, X, y), X))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"dict": content}, indent=1) + "\n")


X = np.random.RandomState(0).normal(size=(16, 2)).round(2)
LABELS = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]
NUMBERS = (X[:, 0] - X[:, 1]).round(2)
TABLE = X.astype(object)
TABLE[:, 1] = np.where(X[:, 1] > 0, "a", "b")
TABLE[3, 0] = None
SMALL = {"hidden_layer_sizes": (2,), "max_iter": 3, "random_state": 0}
STOPS = {"early_stopping": True, "warm_start": True, "scoring": "r2"}
GRID = {"alphas": [0.1, 1.0], "hidden_layer_sizes": [(2,)], "max_iter": 3, "cv": 2}
SCORES = {"scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy"}
HALVES = {"cv": 2, "n_bins": 2, "random_state": 0}

#: Functions of the package that make models, with their data, and whether these can be
#: trained further.
EXAMPLES = {
    "partial_fit": lambda bp: (
        bp.BackpropClassifier(
            dropout=0.2, learning_rate="one_cycle", **SMALL
        ).partial_fit(X, LABELS, classes=["no", "yes"]),
        (X, LABELS, True),
    ),
    "early_stopping": lambda bp: (
        bp.BackpropRegressor(solver="sgd", **STOPS, **SMALL).fit(X, NUMBERS),
        (X, NUMBERS, True),
    ),
    "lbfgs": lambda bp: (
        bp.BackpropRegressor(solver="lbfgs", loss="huber", **SMALL).fit(
            X.astype("f"), NUMBERS
        ),
        (X, NUMBERS),
    ),
    "search": lambda bp: (
        bp.BackpropRegressorCV(**GRID, random_state=0).fit(X, NUMBERS),
        (X, NUMBERS),
    ),
    "folds": lambda bp: (
        bp.BackpropClassifierCV(**GRID, **SCORES, keep="folds", random_state=0).fit(
            X, LABELS
        ),
        (X, LABELS),
    ),
    "ensemble_classifier": lambda bp: (
        bp.BackpropEnsembleClassifier(bp.BackpropClassifier(**SMALL), **HALVES).fit(
            TABLE, LABELS
        ),
        (TABLE, LABELS),
    ),
    "ensemble_regressor": lambda bp: (
        bp.BackpropEnsembleRegressor(bp.BackpropRegressor(**SMALL), **HALVES).fit(
            TABLE, NUMBERS
        ),
        (TABLE, NUMBERS),
    ),
    "study": lambda bp: (
        bp.overfitting_study(
            bp.BackpropRegressor(**SMALL),
            X,
            NUMBERS,
            {"alpha": [0.1, 1.0]},
            cv=2,
            train_sizes=[0.5],
        ),
        (X, NUMBERS),
    ),
}


def main():
    import warnings

    import sklearn_bp

    warnings.simplefilter("ignore")
    for name, example in EXAMPLES.items():
        model, rest = example(sklearn_bp)
        write(FOLDER / sklearn_bp.__version__ / f"{name}.json", model, *rest)


if __name__ == "__main__":
    main()
