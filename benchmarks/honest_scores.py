"""How honest the scores of a study are: simulated data whose truth is known.

Each data set of 100 samples is studied: two penalties, two sizes and two seeds, each at
every epoch. The truth about what is chosen is the score of the same network, trained on
all 100 samples, on a large test set. Where the targets are pure noise, all scores above
chance are luck.

    python benchmarks/honest_scores.py --update-doc
"""

import argparse
import warnings

import numpy as np
from _report import DOC, replace_section, table
from joblib import Parallel, delayed
from scipy.stats import t as student
from sklearn.model_selection import (
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
)

from sklearn_bp import (
    BackpropClassifier,
    BackpropRegressor,
    nested_study,
    overfitting_study,
)

N_SAMPLES, N_TEST, N_FEATURES = 100, 2000, 10
#: Numbers of settings in the order of the grid, and what they differ in.
PAIRS = [
    *((number, number + 1, "seed") for number in (0, 2, 4, 6)),
    *((number, number + 4, "penalty") for number in (0, 1, 2, 3)),
]
METHODS = {"leave": "leave_one_fold_out", "tibshirani": "tibshirani"}


# ---- data whose truth is known -----------------------------------------------------


def balanced(rng, n):
    return rng.permutation(np.arange(n) % 2)


def classes_of_noise(rng):
    X = rng.normal(size=(N_SAMPLES + N_TEST, N_FEATURES))
    return X, np.append(balanced(rng, N_SAMPLES), balanced(rng, N_TEST))


def two_gaussians(rng):
    """Whose best possible accuracy is 0.80."""
    X, y = classes_of_noise(rng)
    X[:, 0] += 0.84 * (2 * y - 1)
    return X, y


def numbers_of_noise(rng):
    X = rng.normal(size=(N_SAMPLES + N_TEST, N_FEATURES))
    return X, rng.normal(size=len(X))


def noisy_curve(rng):
    """Whose least possible loss is 0.5."""
    X, noise = numbers_of_noise(rng)
    return X, np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] + noise


DATA = {
    "noise, accuracy": (classes_of_noise, BackpropClassifier, None),
    "two Gaussians, accuracy": (two_gaussians, BackpropClassifier, None),
    "noise, negated loss of a regression": (
        numbers_of_noise,
        BackpropRegressor,
        "loss",
    ),
    "noisy curve, negated loss": (noisy_curve, BackpropRegressor, "loss"),
}


def splitter(estimator, n_folds, n_repeats, seed):
    is_classifier = estimator is BackpropClassifier
    if n_repeats == 1:
        kind = StratifiedKFold if is_classifier else KFold
        return kind(n_folds, shuffle=True, random_state=seed)
    kind = RepeatedStratifiedKFold if is_classifier else RepeatedKFold
    return kind(n_splits=n_folds, n_repeats=n_repeats, random_state=seed)


#: Nesting takes long.
MOST_NESTED = 100
#: Data, the number of folds and of their repeats.
STUDIES = [
    *((data, 5, 1) for data in DATA),
    *(
        (data, *folds)
        for data in ("noise, accuracy", "two Gaussians, accuracy")
        for folds in ((3, 1), (10, 1), (5, 3))
    ),
]


# ---- one data set ------------------------------------------------------------------


def simulate(data, seed, n_folds, n_repeats, is_nested):
    """What a study says of a data set, and the truth."""
    warnings.simplefilter("ignore")
    make, estimator, scoring = DATA[data]
    X, y = make(np.random.RandomState(seed))
    network = estimator(
        learning_rate_init=0.01,
        max_iter=40,
        n_iter_no_change=np.inf,
        batch_size=20,
        penalty_scaling="dataset",
    )
    grid = {
        "alpha": [0.0001, 10.0],
        "hidden_layer_sizes": [(4,), (30,)],
        "random_state": [2 * seed, 2 * seed + 1],
    }
    cv = splitter(estimator, n_folds, n_repeats, seed)
    seen = X[:N_SAMPLES], y[:N_SAMPLES]
    study = overfitting_study(network, *seen, grid, cv=cv, scoring=scoring)
    test, everything = np.arange(N_SAMPLES, len(X)), np.arange(N_SAMPLES)
    first_part = next(iter(cv.split(*seen)))[0]
    truth = overfitting_study(
        network,
        *(X, y, grid),
        cv=[(everything, test), (first_part, test)],
        scoring=scoring,
    )
    result = scores(study, truth)
    result["differences"] = differences(study, truth)
    if is_nested:
        nested = nested_study(network, *seen, grid, outer_cv=cv, cv=cv, scoring=scoring)
        result["nested"] = nested.score - result["truth"]
        result["nested covers"] = covers(
            result["nested"], nested.standard_error, n_folds * n_repeats
        )
    return result


def scores(study, truth):
    """How far the scores of the choice are from the truth about it."""
    choice = study.select()
    true_scores = [curve.test_scores[:, 0] for curve in truth.curves]
    true_score = true_scores[choice.index][choice.epoch - 1]
    everywhere = np.mean([curve.test_scores.mean() for curve in study.curves])
    result = {
        "truth": true_score,
        "plain": choice.score - true_score,
        "not chosen": everywhere - np.mean(true_scores),
    }
    n_folds = len(study.folds.n_test)
    for name, method in METHODS.items():
        corrected = study.corrected_score(method=method)
        error = corrected.score - true_score
        result[name] = error
        result[f"{name} covers"] = covers(error, corrected.standard_error, n_folds)
    return result


def differences(study, truth):
    """Differences, their standard errors, and the truth for networks that are trained
    on as many samples as in the folds: of settings that differ in nothing but the
    seed, and of those that differ in the penalty, after the last and after the best
    epochs."""
    found = {}
    for epoch in (40, None):
        for reference, other, what in PAIRS:
            compared = study.compare(reference, epoch)
            first, second = (
                truth.curves[index].test_scores[compared.epochs[index] - 1, 1]
                for index in (reference, other)
            )
            found.setdefault((what, epoch), []).append(
                (
                    compared.differences[other],
                    compared.standard_errors[other],
                    second - first,
                )
            )
    return found


def covers(error, standard_error, n_folds):
    """Whether the 95 % interval around an estimate holds the truth."""
    return abs(error) <= student.ppf(0.975, n_folds - 1) * standard_error


# ---- all data sets -----------------------------------------------------------------


def bias(errors):
    """The mean error, and its standard error."""
    return f"{np.mean(errors):+.3f} ± {np.std(errors) / np.sqrt(len(errors)):.3f}"


def row_of_scores(results):
    column = {
        name: [result[name] for result in results if name in result]
        for name in (*results[0], "nested", "nested covers")
    }
    has_nested = len(column["nested"]) > 0
    return [
        f"{np.mean(column['truth']):.3f}",
        *(
            bias(column[name])
            for name in ("plain", "not chosen", "leave", "tibshirani")
        ),
        bias(column["nested"]) if has_nested else "",
        *(f"{np.mean(column[f'{name} covers']):.2f}" for name in METHODS),
        f"{np.mean(column['nested covers']):.2f}" if has_nested else "",
    ]


def row_of_differences(results, n_folds, ratio):
    """How often the 95 % intervals hold the true mean difference and, in parentheses,
    how often they would with the usual standard error."""
    stretch = np.sqrt(1 + n_folds * ratio)
    row = []
    for (what, _), found in gathered(results).items():
        measured, errors, true = np.transpose(found)
        target = 0.0 if what == "seed" else true.mean()
        ours, usual = (
            covers(measured - target, error, n_folds).mean()
            for error in (errors, errors / stretch)
        )
        row.append(f"{ours:.2f} ({usual:.2f})")
        if what == "penalty":
            row.insert(-1, f"{target:+.3f}")
    return row


def gathered(results):
    """The differences of all data sets."""
    found = {}
    for result in results:
        for key, several in result["differences"].items():
            found.setdefault(key, []).extend(several)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-data-sets", type=int, default=200)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--update-doc", action="store_true")
    arguments = parser.parse_args()
    score_rows, difference_rows = [], []
    for data, n_folds, n_repeats in STUDIES:
        has_nested = (n_folds, n_repeats) == (5, 1)
        with Parallel(n_jobs=arguments.n_jobs) as parallel:
            results = parallel(
                delayed(simulate)(
                    data, seed, n_folds, n_repeats, has_nested and seed < MOST_NESTED
                )
                for seed in range(arguments.n_data_sets)
            )
        name = [data, f"{n_folds}" if n_repeats == 1 else f"{n_folds} x {n_repeats}"]
        score_rows.append(name + row_of_scores(results))
        difference_rows.append(
            name + row_of_differences(results, n_folds * n_repeats, 1 / (n_folds - 1))
        )
        print(*score_rows[-1], sep=" | ", flush=True)
    head = ["data, score", "folds", "true score", "best score", "not chosen"]
    head += ["one fold left out", "Tibshirani", "nested", "covered", "covered (T.)"]
    of_scores = table([*head, "covered (nested)"], score_rows)
    head = ["data, score", "folds", "two seeds, last epoch", "true difference"]
    head += ["two penalties, last epoch", "two seeds, best epochs", "true difference"]
    head += ["two penalties, best epochs"]
    of_differences = table(head, difference_rows)
    print(of_scores, of_differences, sep="\n\n")
    if arguments.update_doc:
        replace_section(DOC / "benchmarks.md", "honest scores", of_scores)
        replace_section(DOC / "benchmarks.md", "honest differences", of_differences)


if __name__ == "__main__":
    main()
