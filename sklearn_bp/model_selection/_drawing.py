"""How curves are drawn on Axes. matplotlib itself is not imported here."""

import numpy as np

from ._ranking import best_first
from ._summary import format_params
from ._train_sizes import learning_curves

TRAIN, TEST = "#0072B2", "#D55E00"
LOSS = "loss (without the penalty)"
SIZE_OF_SIZES = 9, 4.5  # in inches, of a picture of several numbers of rows


def draw_curve(loss_ax, score_ax, curve):
    """Draw the loss and the score of a curve, each on its own Axes."""
    draw_panel(loss_ax, curve, "loss")
    draw_panel(score_ax, curve, "score")
    loss_ax.set_ylabel(LOSS)
    score_ax.set_ylabel(curve.score_name)
    for ax in (loss_ax, score_ax):
        ax.legend(frameon=False)


def draw_panels(axes, study, quantity, n_columns):
    """Draw a panel for each setting of a study.

    Parameters
    ----------
    axes : ndarray of matplotlib Axes
        One for each setting.
    study : OverfittingStudy
        What is drawn.
    quantity : {"loss", "score"}
        What the panels show.
    n_columns : int
        How many Axes stand side by side; the first one of each row is labelled.
    """
    first = study.errors.index(None)
    for index, ax in enumerate(axes):
        title = format_params(study.params[index])
        if study.errors[index] is not None:
            ax.set_title(f"{title}\nfailed", fontsize="medium", parse_math=False)
            continue
        ax.set_title(title, fontsize="medium", parse_math=False)
        draw_panel(ax, study.curves[index], quantity)
        lines = ax.get_lines() if index == first else ax.get_lines()[-1:]
        ax.legend(handles=_labelled(lines), frameon=False, fontsize="small")
    for ax in axes[-n_columns:]:  # there may be no panel below
        ax.tick_params(labelbottom=True)
    for ax in axes[::n_columns]:
        ax.set_ylabel(LOSS if quantity == "loss" else study.score_name)


def panel_grid(n):
    """The numbers of rows and columns of `n` panels, and the size in inches."""
    n_columns = 2 if n in (2, 4) else min(3, n)
    n_rows = -(-n // n_columns)
    return (n_rows, n_columns), (1 + 3.2 * n_columns, 0.8 + 2.6 * n_rows)


def new_axes(figure, n, shape, shared):
    """Make `n` Axes in an empty figure."""
    axes = figure.subplots(*shape, sharex=shared, sharey=shared, squeeze=False)
    for unused in axes.ravel()[n:]:
        unused.remove()
    return axes.ravel()[:n]


@np.errstate(invalid="ignore")  # of infinite losses
def draw_panel(ax, curve, quantity):
    """Draw means of the loss or the score over folds, with bands of one standard
    deviation on both sides, which a single fold does not have, and the best epoch."""
    if quantity == "loss":
        train, test, sign = curve.train_losses, curve.test_losses, -1
    else:
        train, test = map(curve.counting_scores, ("train", "test"))
        sign = 1
    has_log_axis = quantity == "loss" and min(train.min(), test.min()) > 0
    if has_log_axis:
        ax.set_yscale("log")
    all_epochs = np.arange(1, len(train) + 1)
    for values, color, label in ((train, TRAIN, "training"), (test, TEST, "test")):
        is_measured = ~np.isnan(values).all(axis=1)
        epochs, values = all_epochs[is_measured], values[is_measured]
        mean, spread = values.mean(axis=1), values.std(axis=1)
        low, high = mean - spread, mean + spread
        if has_log_axis:
            low = np.maximum(low, values.min(axis=1))
        if values.shape[1] == 1:
            label += " (one fold)"
        else:
            ax.fill_between(epochs, low, high, color=color, alpha=0.2, linewidth=0)
        ax.plot(epochs, mean, color=color, label=label)
    mean = test.mean(axis=1)
    best = best_first(sign * mean)[0]
    label = f"best test epoch: {best + 1}"
    ax.axvline(best + 1, color="#555555", linestyle=":", linewidth=1)
    ax.plot(best + 1, mean[best], "o", color=TEST, label=label)
    ax.set_xlabel("epoch")
    ax.grid(alpha=0.3)


def draw_train_sizes(ax, study):
    """Draw how the scores of each setting, at its best epoch, depend on the number of
    rows to train on: those of test parts with standard errors, those of training parts
    dotted; and rings around the best test scores."""
    curves, sizes = learning_curves(study), study.train_sizes
    valid = [index for index, error in enumerate(study.errors) if error is None]
    shades = np.linspace(0, 0.85, len(valid))
    for index, shade in zip(valid, shades, strict=True):
        test, train, error = (
            curves[name][:, index]
            for name in ("test_score", "train_score", "test_error")
        )
        ax.errorbar(
            sizes,
            test,
            yerr=np.nan_to_num(error),
            marker="o",
            markersize=4,
            capsize=2,
            color=_map_of_shades()(shade),
            label=format_params(study.params[index]),
        )
        ax.plot(sizes, train, ":", color=_map_of_shades()(shade), linewidth=1)
    best = [row[best_first(row)[0]] for row in curves["test_score"]]
    ax.plot(sizes, best, "o", markersize=11, fillstyle="none", color=TEST)
    ax.get_lines()[-1].set_label("best of this size")
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.set_xlabel("rows trained on")
    ax.set_ylabel(f"{study.score_name} (training: dotted)")
    ax.grid(alpha=0.3)
    outside = {"loc": "upper left", "bbox_to_anchor": (1, 1)}  # there may be many
    ax.legend(frameon=False, fontsize="small", **outside)


def _map_of_shades():
    import matplotlib

    return matplotlib.colormaps["viridis"]


def _labelled(lines):
    return [line for line in lines if not line.get_label().startswith("_")]
