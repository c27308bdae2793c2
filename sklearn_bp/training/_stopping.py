"""When to stop: improvement, patience, best weights."""

import numpy as np


class Stopping:
    """Watches one number per epoch, where larger is better.

    Parameters
    ----------
    keep_best : bool
        Whether to keep a copy of the parameters at the best score.
    tol : float, default=0
        What counts as an improvement: at least `tol` above the best so far.
    patience : int or inf, default=inf
        How many epochs in a row may pass without improvement.
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
        """Set the score of the current parameters, on other data, to train on from."""
        self.best_score = score
        self.n_without_improvement = 0
        self.is_score_of_start = True

    def start(self, theta):
        """Begin a training; before the very first epoch, the current parameters are the
        best.

        A warm start already has a best score and, as in scikit-learn, the parameters
        that go with it are not kept: if no epoch beats it, the last ones stay, unless
        the parameters have been rescored.
        """
        self.best_theta = None
        is_first = self.best_score == -np.inf or self.is_score_of_start
        if self.keep_best and is_first:
            self.best_theta = theta.copy()
        self.is_score_of_start = False

    def update(self, score, theta):
        """Take note of an epoch's score. As in scikit-learn, NaN is never the best one
        but still resets the count of epochs without improvement."""
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
        """Restart the count, after a change that may help."""
        self.n_without_improvement = 0

    def finish(self, theta):
        """Put the best parameters back into `theta`, and drop the copy."""
        if self.best_theta is not None:
            theta[:] = self.best_theta
            self.best_theta = None
