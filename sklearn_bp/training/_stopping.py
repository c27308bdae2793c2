"""When to stop: improvement, patience, best weights."""

import numpy as np


class Stopping:
    """Watches one number an epoch, of which more is better.

    Parameters
    ----------
    keep_best : bool
        Whether to keep a copy of the parameters at the best score.
    tol : float, default=0
        What counts as an improvement: at least `tol` above the best so far.
    patience : int or inf, default=inf
        How many epochs in a row may bring none.
    """

    def __init__(self, keep_best, tol=0.0, patience=np.inf):
        self.keep_best = keep_best
        self.tol = tol
        self.patience = patience
        self.best_score = -np.inf
        self.n_without_improvement = 0
        self.best_theta = None
        self.is_score_of_start = False

    def rescore(self, score):
        """Before further training: what the parameters at hand score on other data."""
        self.best_score = score
        self.n_without_improvement = 0
        self.is_score_of_start = True

    def start(self, theta):
        """Before the very first epoch the parameters at hand are the best ones.

        A warm start has a best score already, and as in scikit-learn the parameters
        that go with it are not kept: if no epoch beats it, the last ones stay. Unless
        they have been scored anew.
        """
        self.best_theta = None
        is_first = self.best_score == -np.inf or self.is_score_of_start
        if self.keep_best and is_first:
            self.best_theta = theta.copy()
        self.is_score_of_start = False

    def update(self, score, theta):
        """Take note of an epoch's score. As in scikit-learn a NaN is never the best
        one, and still renews patience."""
        if score < self.best_score + self.tol:
            self.n_without_improvement += 1
        else:
            self.n_without_improvement = 0
        if score > self.best_score:
            self.best_score = score
            if self.keep_best:
                self.best_theta = theta.copy()

    @property
    def out_of_patience(self):
        return self.n_without_improvement > self.patience

    def be_patient(self):
        """Count anew, after something was changed that may help."""
        self.n_without_improvement = 0

    def finish(self, theta):
        """Put the best parameters back into `theta`, and drop the copy."""
        if self.best_theta is not None:
            theta[:] = self.best_theta
            self.best_theta = None
