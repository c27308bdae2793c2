"""What a choice is worth, of settings and epochs on the same folds."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ._comparison import compare
from ._means import Mean, sizes_that_count, valid_settings

METHODS = ("leave_one_fold_out", "tibshirani")


class CorrectedScore(NamedTuple):
    """The score of a choice, corrected for the choice.

    Parameters
    ----------
    score : float
        The corrected score.
    bias : float
        By how much the mean test score of the choice was too good.
    standard_error : float
        The standard error of the corrected score; NaN if there is none.
    """

    score: float
    bias: float
    standard_error: float


class HonestScores:
    """The part of an `OverfittingStudy` that says how far its choice can be trusted."""

    def corrected_score(self, rule=None, method="leave_one_fold_out"):
        """Estimate the score of the choice, corrected for having been chosen.

        The setting and the epoch were chosen by the scores that `best_score_` is the
        mean of. The best of many is also the luckiest, so that mean is too good.

        Leaving out one fold: the others choose, by the same rule, and the choice is
        scored on that fold; the mean of these scores is the corrected one. It is that
        of choices by one fold less.

        As Tibshirani & Tibshirani [1]_ estimate it: the bias is the mean, over the
        folds, of how much better the fold's own best setting and epoch are on that
        fold.

        Parameters
        ----------
        rule : {'best', 'one_standard_error'}, default=None
            How the choice is made, see `select`. None is the study's own rule.
        method : {'leave_one_fold_out', 'tibshirani'}, default='leave_one_fold_out'
            How it is corrected, see above. 'tibshirani' corrects the largest mean, so
            it needs ``rule='best'``.

        Returns
        -------
        corrected : CorrectedScore
            A tuple of score, bias and standard_error, all NaN if there are not enough
            folds. The standard error is that of `compare`.

        Raises
        ------
        ValueError
            If there is no such rule or method, if they do not go together, or if the
            sizes of the folds are unknown.

        See Also
        --------
        nested_study : Trains on the outer parts of nested folds, without a bias.

        Notes
        -----
        Each repeat of repeated folds is taken by itself, for folds of others test on
        the same samples; the mean is over all. Without at least two folds that test on
        different samples, such as in a `ShuffleSplit`, there is no fold to leave out.

        If the scores of different folds were independent, leaving out one fold would be
        without a bias on pure noise. But the networks by whose scores is chosen were
        trained on the fold that is left out: in simulations with 100 samples, this left
        between a twentieth and a fifth of the bias, while :func:`nested_study` left
        none. Like the mean score itself, the corrected one is that of networks that are
        trained on fewer samples than one of all data, and so a little too low where
        there is something to learn.

        Tibshirani & Tibshirani's estimate is right on noise for four or five folds; it
        leaves a third of the bias with three, and takes away nearly twice as much as
        there is with ten.

        Settings that halving has given up take part with the epochs that they have.
        Halving has looked at all folds; this part of the choice is not corrected.

        Where a choice has an infinite loss on the fold left out, the corrected score is
        infinite.

        References
        ----------
        .. [1] Tibshirani, R. J. & Tibshirani, R. (2009). "A bias correction for the
           minimum error rate in cross-validation." The Annals of Applied Statistics
           3(2), 822-829.
        """
        rule = self.rule if rule is None else rule
        self.select(rule)  # raises an error if there is no such rule
        if method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}, got {method!r}.")
        if method == "tibshirani" and rule != "best":
            raise ValueError(
                "method='tibshirani' corrects the largest mean score, and rule="
                f"{rule!r} may choose another. Use method='leave_one_fold_out', or"
                " rule='best'."
            )
        self._check_that_folds_are_known()
        return correct(self, rule, method)

    def compare(self, reference=None, epoch=None, confidence=0.95):
        """Compare each setting with the one that was chosen.

        Test scores are compared fold by fold. Networks of different folds are trained
        on much the same samples, so their scores are not independent: the standard
        error is that of Nadeau & Bengio [1]_, whose variance is the usual one times 1 +
        n_folds * n_test / n_train. That of repeated folds, as Bouckaert & Frank [2]_
        have tried it out, has all folds in the place of n_folds.

        Parameters
        ----------
        reference : int, default=None
            The number of the setting that the others are compared with; None is the one
            that the study's own rule chooses.
        epoch : int, default=None
            Compare the settings after this many epochs, or after their last if they
            were given up earlier. None is each setting's best epoch, and that of the
            choice for the reference.
        confidence : float, default=0.95
            The level of the confidence intervals.

        Returns
        -------
        comparison : SettingsComparison
            Differences, standard errors, intervals and p-values for each setting.

        Raises
        ------
        ValueError
            If there is no such setting or epoch, if the level is not one, or if the
            sizes of the folds are unknown.

        Notes
        -----
        Intervals and p-values are of each comparison by itself, as for two settings
        that were named before the study. Adjusted p-values are those times the number
        of comparisons (Bonferroni). That also makes up for the choice of the reference:
        the setting that is best in truth has an adjusted p-value below 0.05 in at most
        one study in twenty, as it would have to be beaten beyond doubt by one of the
        others. Holm's smaller p-values need a reference that was not chosen by the same
        scores.

        Best epochs were chosen by the same scores, too. This favours settings whose
        scores change much from epoch to epoch. Give an `epoch` to compare without it.

        Folds cannot tell how much a difference depends on the sample that they all are
        parts of. In simulations, 95 % intervals held the mean difference over samples
        in 96 % or more of the cases for accuracies, but in 74 % for losses of networks
        that overfit; the true difference for the sample at hand they held in 94 %.

        References
        ----------
        .. [1] Nadeau, C. & Bengio, Y. (2003). "Inference for the generalization error."
           Machine Learning 52, 239-281.

        .. [2] Bouckaert, R. R. & Frank, E. (2004). "Evaluating the replicability of
           significance tests for comparing learning algorithms." PAKDD, 3-12.
        """
        self._check_that_folds_are_known()
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}.")
        chosen = self.select(epoch=epoch)
        if reference is None:
            reference = chosen.index
        elif reference not in range(len(self.params)):
            raise ValueError(
                f"reference must be the number of a setting below {len(self.params)},"
                f" or None, got {reference!r}."
            )
        elif self.errors[reference] is not None:
            raise ValueError(
                f"reference={reference} is a setting that failed. Compare with another."
            )
        epochs = [self._row(index, epoch) + 1 for index in range(len(self.params))]
        if reference == chosen.index:
            epochs[reference] = chosen.epoch
        return compare(self, reference, epochs, confidence)

    def _check_that_folds_are_known(self):
        if self.folds is None:
            raise ValueError(
                "This study does not know the sizes of its folds, as one of"
                " overfitting_study does. Pass them as `folds`."
            )


def correct(study, rule, method):
    """The corrected score of a study's choice, see `OverfittingStudy.corrected_score`.

    Parameters
    ----------
    study : OverfittingStudy
        A study that knows its folds.
    rule : {'best', 'one_standard_error'}
        How the choice is made.
    method : {'leave_one_fold_out', 'tibshirani'}
        How it is corrected.

    Returns
    -------
    corrected : CorrectedScore
        The corrected score.
    """
    sizes = sizes_that_count(study)
    study = study.only(valid_settings(study))
    choice = study.select(rule)
    scores = [_defined_scores(curve) for curve in study.curves]
    if method == "tibshirani":
        corrected = _tibshirani(scores, choice)
    else:
        corrected = _leave_one_fold_out(study, scores, rule, sizes.repeats)
    if len(corrected) == 0:  # too few folds to choose by some and look at others
        return CorrectedScore(np.nan, np.nan, np.nan)
    mean = Mean.of(corrected, sizes)
    with np.errstate(invalid="ignore"):  # of infinite losses
        return CorrectedScore(
            mean.value, choice.score - mean.value, mean.standard_error
        )


def _defined_scores(curve):
    """Test scores of the folds that count; NaN after epochs that cannot be chosen."""
    scores = curve.counting_scores("test")
    is_undefined = np.isnan(scores).any(axis=1, keepdims=True)
    return np.where(is_undefined, np.nan, scores)


def _leave_one_fold_out(study, scores, rule, repeats):
    """The score on each fold of what the other folds of its repeat choose."""
    repeats = np.array(repeats)
    fewest = 1 if rule == "best" else 2  # a standard error takes two
    corrected = []
    for fold, repeat in enumerate(repeats):
        others = np.flatnonzero((repeats == repeat) & (np.arange(len(repeats)) != fold))
        if len(others) < fewest:
            return []
        curves = [
            replace(curve, test_scores=of_curve[:, others], left_out=())
            for curve, of_curve in zip(study.curves, scores, strict=True)
        ]
        choice = replace(study, curves=curves).select(rule)
        corrected.append(scores[choice.index][choice.epoch - 1, fold])
    return corrected


@np.errstate(invalid="ignore")  # of infinite losses
def _tibshirani(scores, choice):
    """The choice's score on each fold, less what the fold's own best is better."""
    of_choice = scores[choice.index][choice.epoch - 1]
    if len(of_choice) == 1:
        return []
    best = np.nanmax(np.concatenate(scores), axis=0)
    return of_choice - (best - of_choice)
