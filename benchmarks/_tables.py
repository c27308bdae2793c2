"""Tables in files, what is measured on them, and the file that measurements go to."""

import json
import pickle
import time
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from _table_models import MODELS
from sklearn.metrics import log_loss
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from threadpoolctl import threadpool_limits

TEST_SIZE = 0.3


@dataclass(frozen=True, eq=False)
class Table:
    name: str
    X: pd.DataFrame
    y: pd.Series

    @property
    def is_classification(self):
        return self.name.startswith("clf_")

    def split(self, seed):
        """Rows for training and for the test."""
        splitter = StratifiedShuffleSplit if self.is_classification else ShuffleSplit
        one_split = splitter(1, test_size=TEST_SIZE, random_state=seed)
        return next(one_split.split(self.X, self.y))


def find_tables(folder, names=None):
    """The files of a folder, or those of the tables in `names`, by name."""
    paths = {
        path.name.removesuffix(".csv.gz"): path
        for kind in ("clf", "reg")
        for path in sorted(Path(folder).glob(f"{kind}_*.csv.gz"))
    }
    unknown = set(names or paths) - set(paths)
    if unknown or not paths:
        raise SystemExit(
            f"{folder} lacks {', '.join(sorted(unknown)) or 'tables'}: it must hold"
            f" clf_NAME.csv.gz or reg_NAME.csv.gz for each NAME, with its prefix, of"
            f" --tables (found: {', '.join(paths) or 'none'})"
        )
    return {name: path for name, path in paths.items() if name in (names or paths)}


@cache
def read_table(path, n_rows=None):
    """The target is the last column, an empty cell is missing, and text is a category.

    Of a table of more than `n_rows` rows, as many are drawn.
    """
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("bool"), str))
    frame = frame[frame.iloc[:, -1].notna()]
    if n_rows is not None and n_rows < len(frame):
        frame = frame.sample(n_rows, random_state=0)
    frame = frame.reset_index(drop=True)
    name = path.name.removesuffix(".csv.gz")
    return Table(name, frame.iloc[:, :-1], frame.iloc[:, -1])


def measure(model, path, n_rows, seed, n_threads):
    """A line for the file of results: one model on one split of a table."""
    table = read_table(path, n_rows)
    train, test = table.split(seed)
    X_train, y_train = table.X.iloc[train], table.y.iloc[train]
    X_test, y_test = table.X.iloc[test], table.y.iloc[test]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tried = [1, n_threads] if MODELS[model].tries_one_blas_thread else [n_threads]
        fits = [
            _fit(model, table, X_train, y_train, seed, n_threads, n_blas)
            for n_blas in dict.fromkeys(tried)
        ]
        fitted, costs = min(fits, key=lambda fit: fit[1]["fit_seconds"])
        with threadpool_limits(costs["blas_threads"], user_api="blas"):
            figures = _test(fitted, table, X_test, y_test)
    return {
        "table": table.name,
        "split": seed,
        "model": model,
        "rows": n_rows,
        "threads": n_threads,
        "n_rows": len(table.X),
        "n_features": table.X.shape[1],
        "n_test": len(test),
        **costs,
        **figures,
        "pickle_bytes": len(pickle.dumps(fitted)),
    }


def _fit(model, table, X, y, seed, n_threads, n_blas):
    estimator = MODELS[model].make(table.is_classification, seed, n_threads)
    with threadpool_limits(n_blas, user_api="blas"):
        wall, processors = time.perf_counter(), time.process_time()
        estimator.fit(X, y)
        wall, processors = time.perf_counter() - wall, time.process_time() - processors
    costs = {
        "blas_threads": n_blas,
        "fit_seconds": wall,
        "fit_processor_seconds": processors,
    }
    return estimator, costs


def _test(model, table, X, y):
    predict = model.predict_proba if table.is_classification else model.predict
    start = time.perf_counter()
    predicted = predict(X)
    figures = {"predict_seconds": time.perf_counter() - start}
    if table.is_classification:
        classes = np.asarray(model.classes_)
        # in one type, so that the same least probability counts for all models
        probabilities = predicted.astype(np.float64)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        wrong = classes[probabilities.argmax(axis=1)] != y.to_numpy()
        figures["error"] = wrong.mean()
        figures["log_loss"] = log_loss(y, probabilities, labels=classes)
    else:
        residuals = y.to_numpy() - np.ravel(predicted)
        figures["error"] = np.mean(residuals**2) / np.var(y.to_numpy())
    if (score := out_of_fold_score(model)) is not None:
        figures["out_of_fold_minus_test"] = score - (1 - figures["error"])
    if hasattr(model, "predict_interval"):
        low, high = interval(model, X)
        figures["coverage"] = np.mean((low <= y) & (y <= high))
        figures["width"] = np.mean(high - low) / np.std(y.to_numpy())
    return {name: float(figure) for name, figure in figures.items()}


def out_of_fold_score(model):
    """The accuracy or R2 that a model expects of itself, or None."""
    return getattr(model, "oof_score_", None)


def interval(model, X):
    """Lower and upper ends of 90 % intervals."""
    return np.transpose(model.predict_interval(X))


class Results:
    """Lines of JSON in a file that is added to, so that a later run goes on."""

    def __init__(self, path):
        self.path = Path(path)
        text = self.path.read_text() if self.path.exists() else ""
        self.lines = [json.loads(line) for line in text.splitlines()]

    def check_settings(self, **settings):
        """All lines were measured with the same settings."""
        for line in self.lines:
            for name, value in settings.items():
                if line[name] != value:
                    raise SystemExit(
                        f"{self.path} was measured with --{name} {line[name]}, not"
                        f" {value}: name another file by --results"
                    )

    def has(self, **key):
        return any(key.items() <= line.items() for line in self.lines)

    def add(self, line):
        self.lines.append(line)
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
