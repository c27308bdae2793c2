"""Plots of curves. Computing, storing and drawing are separate, and matplotlib is only
imported for drawing."""

from ._axes import check_axes
from ._drawing import draw_curve
from ._epoch_curve import epoch_curve

PANELS = 2, "two Axes, for the loss and for the score"


class EpochCurveDisplay:
    """Losses and scores by epoch, with bands over folds and the best epoch marked.

    It is recommended to use :meth:`from_estimator` to make one.

    Parameters
    ----------
    curve : EpochCurve
        The curves to draw.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        The panels of the loss and of the score.
    figure_ : matplotlib Figure
        The figure around them.
    """

    def __init__(self, curve):
        self.curve = curve

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        cv=5,
        scoring=None,
        refit=None,
        score_epochs=None,
        n_jobs=None,
        sample_weight=None,
        groups=None,
        memory=None,
        verbose=0,
        ax=None,
    ):
        """Cross-validate a network by epoch, and draw it.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor or a pipeline
            The estimator, of which clones are trained.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        cv : int, cross-validation generator or iterable, default=5
            The folds.
        scoring : str, callable or None, default=None
            The score; None is the accuracy or the coefficient of determination.
        refit : str, default=None
            The name of the score that is drawn, among several.
        score_epochs : int or array-like of int, default=None
            After which epochs scorers are called that have to be.
        n_jobs : int, default=None
            How many folds are trained side by side.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights for training and for everything that is measured.
        groups : array-like of shape (n_samples,), default=None
            The groups that some splitters keep together.
        memory : str, path-like, joblib.Memory or None, default=None
            Where to keep finished trainings, see `epoch_curve`.
        verbose : int, default=0
            Whether to show the progress, see `epoch_curve`.
        ax : array-like of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : EpochCurveDisplay
            The display, with the curves in `curve`.

        Raises
        ------
        ImportError, TypeError, ValueError
            If it could not be drawn, before any training; or as :func:`epoch_curve`
            does.
        """
        check_axes(ax, *PANELS)
        curve = epoch_curve(
            estimator,
            X,
            y,
            cv=cv,
            scoring=scoring,
            refit=refit,
            score_epochs=score_epochs,
            n_jobs=n_jobs,
            sample_weight=sample_weight,
            groups=groups,
            memory=memory,
            verbose=verbose,
        )
        return cls(curve).plot(ax)

    @classmethod
    def from_study(cls, study, index=None, *, ax=None):
        """Draw the curves of one setting of a study.

        Parameters
        ----------
        study : OverfittingStudy
            What `overfitting_study` returned.
        index : int, default=None
            The number of the setting; None is the one that the study chooses.
        ax : array-like of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : EpochCurveDisplay
            The display, with the curves in `curve`.

        Raises
        ------
        ValueError
            If the training of that setting failed.
        """
        index = study.best_index_ if index is None else index
        if study.errors[index] is not None:
            raise ValueError(
                f"Setting {index} has no curves, as it failed: {study.errors[index]}"
            )
        return cls(study.curves[index]).plot(ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes, default=None
            Where to draw the loss and the score; None makes a figure.

        Returns
        -------
        display : EpochCurveDisplay
            The display itself.
        """
        axes = check_axes(ax, *PANELS)
        if axes is None:
            import matplotlib.pyplot as plt

            _, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
        self.axes_ = axes
        self.figure_ = self.axes_[0].figure
        draw_curve(*self.axes_, self.curve)
        return self
