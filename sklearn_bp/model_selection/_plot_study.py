"""Plots of overfitting studies."""

import numpy as np

from ..utils import is_name
from ._axes import check_axes
from ._drawing import TEST, draw_panels, new_axes, panel_grid
from ._study import overfitting_study, settings_of
from ._summary import NEGATED_LOSS, format_value


class OverfittingDisplay:
    """A panel for each setting of a study, or a heat map of two parameters.

    It is recommended to use :meth:`from_study` or :meth:`from_estimator` to make one.

    Parameters
    ----------
    study : OverfittingStudy
        The study to draw.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels, in the order of the settings, or the map alone.
    figure_ : matplotlib Figure
        The figure around them.
    """

    def __init__(self, study):
        self.study = study

    @classmethod
    def from_study(cls, study, *, kind="auto", quantity="loss", ax=None):
        """Draw a study.

        Parameters
        ----------
        study : OverfittingStudy
            What `overfitting_study` returned.
        kind : {'auto', 'panels', 'map'}, default='auto'
            'panels' has a panel for each setting, 'map' a heat map of two parameters;
            'auto' is the map where two parameters vary, and panels elsewhere.
        quantity : {'loss', 'score'}, default='loss'
            What the panels show.
        ax : matplotlib Axes or array-like of these, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : OverfittingDisplay
            The display, with `axes_` and `figure_`.
        """
        return cls(study).plot(ax, kind=kind, quantity=quantity)

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        param_grid,
        *,
        cv=5,
        scoring=None,
        n_jobs=None,
        sample_weight=None,
        groups=None,
        halving_factor=None,
        kind="auto",
        quantity="loss",
        ax=None,
    ):
        """Run an overfitting study, and draw it.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor or a pipeline
            The estimator, of which clones are trained.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        param_grid : dict, list of dict, ParameterGrid or ParameterSampler
            The settings.
        cv : int, cross-validation generator or iterable, default=5
            The folds.
        scoring : str, callable or None, default=None
            The score; None is the accuracy or the coefficient of determination.
        n_jobs : int, default=None
            How many networks are trained side by side.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights for training and for everything that is measured.
        groups : array-like of shape (n_samples,), default=None
            The groups that some splitters keep together.
        halving_factor : float >= 2, default=None
            Whether to give up hopeless settings early, see `overfitting_study`.
        kind : {'auto', 'panels', 'map'}, default='auto'
            See `from_study`.
        quantity : {'loss', 'score'}, default='loss'
            What the panels show.
        ax : matplotlib Axes or array-like of these, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : OverfittingDisplay
            The display, with the study in `study`.

        Raises
        ------
        ImportError, TypeError, ValueError
            If it could not be drawn, before any training; or as
            :func:`overfitting_study` does.
        """
        settings = settings_of(param_grid)
        _check_picture(settings, ax, kind, quantity)
        # these very settings: a sampler would draw others
        grid = [
            {name: [value] for name, value in params.items()} for params in settings
        ]
        study = overfitting_study(
            estimator,
            X,
            y,
            grid,
            cv=cv,
            scoring=scoring,
            n_jobs=n_jobs,
            sample_weight=sample_weight,
            groups=groups,
            halving_factor=halving_factor,
        )
        return cls.from_study(study, kind=kind, quantity=quantity, ax=ax)

    def plot(self, ax=None, *, kind="auto", quantity="loss"):
        """Draw the study.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of these, default=None
            Where to draw: one Axes for each setting, or one for the map. None makes a
            figure.
        kind : {'auto', 'panels', 'map'}, default='auto'
            See `from_study`.
        quantity : {'loss', 'score'}, default='loss'
            What the panels show.

        Returns
        -------
        display : OverfittingDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are too few or too many Axes, or if a map is asked for and not
            exactly two parameters vary.
        """
        axes, varying = _check_picture(self.study.params, ax, kind, quantity)
        if varying is None:
            self._plot_panels(axes, quantity)
        else:
            self._plot_map(axes, *varying)
        return self

    def _plot_panels(self, axes, quantity):
        n_panels = len(self.study.params)
        shape, size = panel_grid(n_panels)
        # Axes from outside may be arranged differently.
        n_columns = shape[1] if axes is None else 1
        if axes is None:
            axes = _new_figure(n_panels, shape, size, shared=True)
        self.axes_ = axes
        self.figure_ = self.axes_[0].figure
        draw_panels(self.axes_, self.study, quantity, n_columns)

    def _plot_map(self, axes, rows, columns):
        study = self.study
        (row_name, row_values), (column_name, column_values) = rows, columns
        size = (2.2 + 1.1 * len(column_values), 1.6 + 0.75 * len(row_values))
        self.axes_ = _new_figure(1, (1, 1), size) if axes is None else axes
        self.figure_, ax = self.axes_[0].figure, self.axes_[0]
        # A loss is shown as such; for both, light fields are good ones.
        is_loss = study.score_name == NEGATED_LOSS
        sign, name = (-1, "loss") if is_loss else (1, study.score_name)
        scores = np.full((len(row_values), len(column_values)), np.nan)
        words = {}
        for index, params in enumerate(study.params):
            place = (
                list(row_values).index(repr(params[row_name])),
                list(column_values).index(repr(params[column_name])),
            )
            measures = study.measures(index)
            scores[place] = sign * measures["test_score"]
            digits = ".3f" if abs(scores[place]) < 1000 else ".3g"
            score = format(scores[place], digits)
            words[place] = f"{score}\nepoch {measures['best_epoch']}"
            if study.errors[index] is not None:
                words[place] = "failed"
        colors = "cividis_r" if is_loss else "cividis"
        image = ax.imshow(scores, cmap=colors, aspect="auto")
        for (row, column), text in words.items():
            *rgb, opacity = image.cmap(image.norm(scores[row, column]))
            is_dark = opacity > 0 and sum(rgb) / 3 < 0.45  # NaN is not drawn
            color = "white" if is_dark else "black"
            ax.text(column, row, text, ha="center", va="center", color=color)
        _frame(ax, study, row_name, row_values, column_name, column_values)
        ax.set_xticks(
            range(len(column_values)), map(format_value, column_values.values())
        )
        ax.set_yticks(range(len(row_values)), map(format_value, row_values.values()))
        ax.set(xlabel=column_name.split("__")[-1], ylabel=row_name.split("__")[-1])
        label = f"test {name} at the best epoch"
        self.figure_.colorbar(image, ax=ax, label=label)


def _check_picture(settings, ax, kind, quantity):
    """Return the Axes for a picture of a study of these settings, or None for new ones;
    and the two parameters of a map, or None for panels."""
    for name, value, valid in (
        ("kind", kind, ("auto", "panels", "map")),
        ("quantity", quantity, ("loss", "score")),
    ):
        if not is_name(value, *valid):
            raise ValueError(f"{name} must be one of {valid}, got {value!r}.")
    varying = _varying(settings)
    is_grid = _is_grid(settings, varying)
    if kind == "map" and not is_grid:
        names = [name for name, _ in varying]
        raise ValueError(
            "A map needs exactly two varying parameters, and settings for half of"
            f" their pairs; in this study {names} vary. Set kind='panels'."
        )
    is_map = is_grid and kind != "panels"
    n = 1 if is_map else len(settings)
    axes = check_axes(ax, n, f"{n} Axes for this picture")
    return axes, varying if is_map else None


def _varying(settings):
    """The parameters that vary between settings, each with its values by their
    representations."""
    varying = {}
    for name in dict.fromkeys(name for params in settings for name in params):
        values = {
            repr(params[name]): params[name] for params in settings if name in params
        }
        if len(values) > 1 or any(name not in params for params in settings):
            varying[name] = values
    return list(varying.items())


def _is_grid(settings, varying):
    """Whether there are two such parameters, and settings for half of the pairs."""
    if len(varying) != 2 or any(
        name not in params for name, _ in varying for params in settings
    ):
        return False
    (_, rows), (_, columns) = varying
    return len(rows) * len(columns) <= 2 * len(settings)


def _new_figure(n, shape, size, shared=False):
    """New Axes in a figure."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=size, layout="constrained")
    return new_axes(figure, n, shape, shared)


def _frame(ax, study, row_name, row_values, column_name, column_values):
    """Draw frames around the choices of the rules that can be followed."""
    from matplotlib.patches import Rectangle

    styles = [("best", "-")]
    if study.n_scored_folds > 1:
        styles.insert(0, ("one_standard_error", "--"))
    for rule, style in styles:
        params = study.select(rule).params
        column = list(column_values).index(repr(params[column_name]))
        row = list(row_values).index(repr(params[row_name]))
        frame = Rectangle((column - 0.48, row - 0.46), 0.96, 0.92)
        frame.set(fill=False, edgecolor=TEST, linestyle=style, linewidth=2.5)
        frame.set_label(rule.replace("_", " "))
        ax.add_patch(frame)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
