"""Errors, log losses and times on tables with numbers, categories and missing values.

A folder holds files clf_NAME.csv.gz, whose last column is a class, and reg_NAME.csv.gz,
whose last column is a number. Each table is split at random into 70 % for training and
30 % for the test, several times. All models have their defaults and the same number of
threads, each in a process of its own; MLPClassifier and MLPRegressor are fitted with
one BLAS thread and with as many as the others have, and the quicker fit counts.

    python benchmarks/tables.py --data FOLDER

Results are added to a file as they come, and the same command goes on where it was. The
report is made of that file:

    python benchmarks/tables.py --report --update-doc
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import product
from multiprocessing import get_context

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _report import DOC, number, replace_section, save, table
from _table_models import DEFAULT, MODELS
from _tables import Results, find_tables, measure
from _timing import describe_machine, environment, installed, thread_settings
from matplotlib.ticker import NullLocator

BASELINE = "MLP"
OURS = "BackpropEnsemble"
ONLY_INTERVALS = [name for name, model in MODELS.items() if model.only_intervals]
# What only some tables and models have.
NOT_ALWAYS = ["log_loss", "coverage", "width", "out_of_fold_minus_test"]
COLORS = {
    OURS: "#D55E00",
    "Backprop": "#E69F00",
    BASELINE: "#0072B2",
    "HistGradientBoosting": "#009E73",
    "RealMLP-TD-S": "#CC79A7",
    "TabM-D": "#555555",
}


def runs(paths, models, n_splits):
    """Models take turns on each split of each table."""
    for name, path in paths.items():
        is_classification = name.startswith("clf_")
        for split, model in product(range(n_splits), models):
            if not (is_classification and model in ONLY_INTERVALS):
                yield name, path, split, model


@contextmanager
def processes(models, n_threads):
    """A process for each model, with that number of threads."""
    spawn = get_context("spawn")
    with ExitStack() as stack:
        stack.enter_context(environment(**thread_settings(n_threads)))
        yield {
            model: stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
            for model in models
        }


def run(paths, models, arguments, results):
    with processes(models, arguments.threads) as process:
        for name, path, split, model in runs(paths, models, arguments.splits):
            if results.has(table=name, split=split, model=model):
                continue
            task = model, path, arguments.rows, split, arguments.threads
            try:
                line = process[model].submit(measure, *task).result()
            except Exception as error:  # of one model: the others' run goes on
                print(f"{name} {split} {model} failed: {error!r}", flush=True)
                continue
            results.add(line)
            figures = f"error {line['error']:.4f}, {line['fit_seconds']:.1f} s"
            print(f"{name} {split} {model}: {figures}", flush=True)


def values_by_model(lines, measure):
    """A row for each split of a table and a column for each model."""
    values = lines.pivot(index=["table", "split"], columns="model", values=measure)
    return values[[model for model in MODELS if model in values]]


def beside_baseline(lines, model, measure):
    """Means by table over the splits that a model and the baseline have in common.

    Where an error is 0, half a wrong prediction is added to both.
    """
    values = values_by_model(lines, measure)
    pairs = pd.DataFrame({"theirs": values[BASELINE], "its": values[model]}).dropna()
    by_table = pairs.groupby("table")
    means = by_table.mean()
    if measure == "error":
        n_test = lines.groupby("table")["n_test"].first()[means.index]
        half = 0.5 / (n_test * by_table.size())
        means = means.add(half.where((means == 0).any(axis=1), 0), axis=0)
    return means


def ratios(lines, measure):
    """Relative to the baseline: a row for each table and a column for each model."""
    columns = {}
    for model in values_by_model(lines, measure):
        means = beside_baseline(lines, model, measure)
        columns[model] = means["its"] / means["theirs"]
    return pd.DataFrame(columns)


def geometric_means(ratios):
    return np.exp(np.log(ratios).mean())


def table_by_table(lines, measure):
    """The baseline's mean, and the ratio of each other model to it."""
    means = beside_baseline(lines, BASELINE, measure)["theirs"]
    relative = ratios(lines, measure).drop(columns=BASELINE)
    shapes = lines.groupby("table")[["n_rows", "n_features"]].first()
    rows = [
        [
            name,
            "{:,} x {}".format(*shapes.loc[name]),
            f"{mean:.4f}",
            *map(_ratio, relative.loc[name]),
        ]
        for name, mean in means.items()
    ]
    last = ["geometric mean", "", "", *map(_ratio, geometric_means(relative))]
    return table(["table", "rows x features", BASELINE, *relative], [*rows, last])


def _ratio(value):
    return "" if np.isnan(value) else f"{value:.3f}"


def summary(lines):
    """Geometric means and costs of each model, a line each."""
    errors, log_losses = (ratios(lines, measure) for measure in ("error", "log_loss"))
    rows = []
    for model in errors:
        of_model = lines[lines["model"] == model]
        fit, processors = (
            beside_baseline(lines, model, measure).sum()
            for measure in ("fit_seconds", "fit_processor_seconds")
        )
        rows.append(
            [
                model,
                f"{geometric_means(errors)[model]:.3f}",
                _ratio(geometric_means(log_losses).get(model, np.nan)),
                f"{errors[model].count()}",
                f"{number(fit['its'])} ({fit['its'] / fit['theirs']:.2f}x)",
                f"{processors['its'] / processors['theirs']:.2f}x",
                number(of_model["n_test"].sum() / of_model["predict_seconds"].sum()),
                number(of_model["pickle_bytes"].mean() / 1000),
            ]
        )
    head = ["model", "error", "log loss", "tables", "fits, s", "processor time of fits"]
    return table([*head, "predicted rows per second", "pickle, kB"], rows)


def interval_table(lines):
    """Coverage, and width in standard deviations of the targets."""
    lines = lines.dropna(subset="coverage")
    coverage, width = (
        values_by_model(lines, measure).groupby("table").mean()
        for measure in ("coverage", "width")
    )
    cells = coverage.map("{:.3f}".format) + width.map(" ({:.2f})".format)
    cells = cells.where(coverage.notna(), "")
    cells.loc["mean"] = [
        f"{coverage[model].mean():.3f} ({width[model].mean():.2f})" for model in cells
    ]
    return table(["table", *cells], [list(row) for row in cells.itertuples()])


def out_of_fold_table(lines):
    """Means with standard errors over the splits, and at last over the tables."""
    lines = lines[lines["model"] == OURS].dropna(subset="out_of_fold_minus_test")
    by_table = lines.groupby("table")["out_of_fold_minus_test"]
    figures = pd.DataFrame({"mean": by_table.mean(), "error": by_table.sem()})
    figures.loc["all tables"] = figures["mean"].mean(), figures["mean"].sem()
    rows = [
        [name, f"{mean:+.4f} ± {error:.4f}", "yes" if abs(mean) <= 2 * error else "no"]
        for name, mean, error in figures.itertuples()
    ]
    return table(["table", "out-of-fold minus test score", "within 2 errors"], rows)


def draw(lines):
    """Errors relative to the baseline, and below them the geometric means."""
    relative = ratios(lines, "error")
    relative.loc["geometric mean"] = geometric_means(relative)
    figure, ax = plt.subplots(
        figsize=(8, 0.35 * len(relative) + 1.5), layout="constrained"
    )
    positions = np.arange(len(relative))
    for model in relative.drop(columns=BASELINE):
        color = COLORS[model]
        ax.plot(relative[model], positions, "o", color=color, alpha=0.8, label=model)
    ax.axvline(1, color=COLORS[BASELINE], linewidth=2, label=BASELINE)
    ax.axhline(len(relative) - 1.5, color="black", linewidth=0.8)
    ax.set_yticks(positions, relative.index, fontsize=8)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ticks = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.4, 2, 3, 5, 10]
    low, high = ax.get_xlim()
    ax.set_xticks([tick for tick in ticks if low <= tick <= high])
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel(f"error relative to {BASELINE} (log scale)")
    ax.grid(axis="y", alpha=0.3)
    figure.legend(frameon=False, fontsize=8, loc="outside upper center", ncols=3)
    save(figure, "tables.svg")


def settings(lines):
    first, n_splits = lines.iloc[0], lines["split"].nunique()
    rows = "all rows" if pd.isna(first["rows"]) else f"at most {first['rows']:.0f} rows"
    return f"{n_splits} splits of {rows}. Threads: {first['threads']}."


def sections(lines):
    """The report, by the names of its parts; a part without figures is left out."""
    compared = lines[~lines["model"].isin(ONLY_INTERVALS)]
    machine = f"{describe_machine()} {settings(lines)}"
    parts = {
        "tables in short": f"{machine}\n\n{summary(compared)}",
        "errors on tables": table_by_table(compared, "error"),
    }
    if compared["log_loss"].notna().any():
        parts["log losses on tables"] = table_by_table(compared, "log_loss")
    if lines["coverage"].notna().any():
        parts["intervals on tables"] = interval_table(lines)
    if lines["out_of_fold_minus_test"].notna().any():
        parts["out-of-fold scores on tables"] = out_of_fold_table(lines)
    return parts


def report(results, update_doc):
    lines = pd.DataFrame(results.lines)
    if lines.empty or BASELINE not in set(lines["model"]):
        raise SystemExit(f"{results.path} has no line of {BASELINE}: measure it first")
    lines = lines.reindex(columns=lines.columns.union(NOT_ALWAYS))
    for name, text in sections(lines).items():
        print(f"\n{name}\n\n{text}")
        if update_doc:
            replace_section(DOC / "benchmarks.md", name, text)
    if update_doc:
        draw(lines[~lines["model"].isin(ONLY_INTERVALS)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder of tables")
    parser.add_argument("--tables", nargs="+", help="names of tables; default: all")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=DEFAULT)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--rows", type=int, help="how many of a table; default: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", default="tables.jsonl", help="a file to add to")
    parser.add_argument(
        "--report", action="store_true", help="only report what has been measured"
    )
    parser.add_argument(
        "--update-doc",
        action="store_true",
        help="write tables and picture into the documentation",
    )
    arguments = parser.parse_args()
    results = Results(arguments.results)
    if not arguments.report:
        if arguments.data is None:
            parser.error("--data is required, except with --report")
        paths = find_tables(arguments.data, arguments.tables)
        results.check_settings(rows=arguments.rows, threads=arguments.threads)
        models = installed({name: MODELS[name].package for name in arguments.models})
        run(paths, models, arguments, results)
    report(results, arguments.update_doc)


if __name__ == "__main__":
    main()
