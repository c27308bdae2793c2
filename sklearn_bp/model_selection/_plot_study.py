"""Plots of overfitting studies."""

from ..utils import is_name
from ._axes import check_axes
from ._comparison import size_of_comparison
from ._drawing import SIZE_OF_SIZES, draw_panels, draw_train_sizes, new_axes, panel_grid
from ._map import draw_map, is_for_map, size_of_map, varying_parameters
from ._page import draw_differences
from ._study import overfitting_study, settings_of


class OverfittingDisplay:
    """A study drawn: in panels, as a heat map, or by the number of rows.

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
        kind : {'auto', 'panels', 'map', 'differences', 'train_sizes'}, default='auto'
            'panels' has a panel for each setting. 'map' is a heat map of two
            parameters: each field shows the score at the setting's best epoch, but the
            choice by one standard error its own. 'differences' compares the settings
            with the best one, and has the corrected score in its title, see
            :meth:`OverfittingStudy.compare` and
            :meth:`OverfittingStudy.corrected_score`. 'train_sizes' shows scores by the
            number of rows to train on. 'auto' is the map where two parameters vary, and
            panels elsewhere.
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
        refit=None,
        score_epochs=None,
        n_jobs=None,
        sample_weight=None,
        groups=None,
        halving_factor=None,
        train_sizes=None,
        memory=None,
        verbose=0,
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
        scoring : str, callable, list, dict or None, default=None
            The score; None is the accuracy or the coefficient of determination. Of
            several, that of `refit` is drawn.
        refit : str, default=None
            The name of the one by which is chosen, among several.
        score_epochs : int or array-like of int, default=None
            After which epochs scorers are called that have to be.
        n_jobs : int, default=None
            How many networks are trained side by side.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights for training and for everything that is measured.
        groups : array-like of shape (n_samples,), default=None
            The groups that some splitters keep together.
        halving_factor : float >= 2, default=None
            Whether to give up hopeless settings early, see `overfitting_study`.
        train_sizes : array-like of shape (n_sizes,), default=None
            Numbers of rows, or fractions, that are trained on besides all.
        memory : str, path-like, joblib.Memory or None, default=None
            Where to keep finished trainings, see `overfitting_study`.
        verbose : int, default=0
            Whether to show the progress, see `overfitting_study`.
        kind : {'auto', 'panels', 'map', 'differences', 'train_sizes'}, default='auto'
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
        _check_picture(settings, ax, kind, quantity, train_sizes is not None)
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
            refit=refit,
            score_epochs=score_epochs,
            n_jobs=n_jobs,
            sample_weight=sample_weight,
            groups=groups,
            halving_factor=halving_factor,
            train_sizes=train_sizes,
            memory=memory,
            verbose=verbose,
        )
        return cls.from_study(study, kind=kind, quantity=quantity, ax=ax)

    def plot(self, ax=None, *, kind="auto", quantity="loss"):
        """Draw the study.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of these, default=None
            Where to draw: one Axes for each setting, or a single one for the other
            kinds. None makes a figure.
        kind : {'auto', 'panels', 'map', 'differences', 'train_sizes'}, default='auto'
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
            If there are too few or too many Axes, if a map is asked for and not exactly
            two parameters vary, or if the study has a single number of rows to train on
            and these are to be compared.
        """
        study = self.study
        axes, varying = _check_picture(
            study.params, ax, kind, quantity, bool(study.smaller)
        )
        if kind == "train_sizes":
            self.axes_ = _new_figure(1, (1, 1), SIZE_OF_SIZES) if axes is None else axes
            self.figure_ = self.axes_[0].figure
            draw_train_sizes(self.axes_[0], study)
        elif kind == "differences":
            if axes is None:
                axes = _new_figure(1, (1, 1), size_of_comparison(study))
            self.axes_, self.figure_ = axes, axes[0].figure
            draw_differences(axes[0], study)
        elif varying is None:
            self._plot_panels(axes, quantity)
        else:
            self._plot_map(axes, varying)
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

    def _plot_map(self, axes, varying):
        if axes is None:
            axes = _new_figure(1, (1, 1), size_of_map(varying))
        self.axes_ = axes
        self.figure_ = axes[0].figure
        draw_map(axes[0], self.study, varying)


def _check_picture(settings, ax, kind, quantity, has_sizes):
    """Return the Axes for a picture of a study of these settings, or None for new ones;
    and the two parameters of a map, or None for panels."""
    for name, value, valid in (
        ("kind", kind, ("auto", "panels", "map", "differences", "train_sizes")),
        ("quantity", quantity, ("loss", "score")),
    ):
        if not is_name(value, *valid):
            raise ValueError(f"{name} must be one of {valid}, got {value!r}.")
    if kind == "train_sizes" and not has_sizes:
        raise ValueError(
            "kind='train_sizes' compares numbers of rows to train on, and the study has"
            " a single one. Pass train_sizes to overfitting_study."
        )
    if kind in ("differences", "train_sizes"):
        return check_axes(ax, 1, "one Axes for this picture"), None
    varying = varying_parameters(settings)
    is_grid = is_for_map(settings, varying)
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


def _new_figure(n, shape, size, shared=False):
    """New Axes in a figure."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=size, layout="constrained")
    return new_axes(figure, n, shape, shared)
