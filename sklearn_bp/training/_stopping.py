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

    Attributes
    ----------
    best_score : float
        The best so far.
    best_epoch : int or None
        The number of the epoch that had it, if parameters are kept.
    """

    def __init__(self, keep_best, tol=0.0, patience=np.inf):
        self.keep_best = keep_best
        self.tol = tol
        self.patience = patience
        self.best_score = -np.inf
        self.n_without_improvement = 0
        self.best_theta = None
        self.best_epoch = None

    def rescore(self, score):
        """Set the score of the current parameters, to train on from."""
        self.best_score = score
        self.n_without_improvement = 0

    def start(self, theta, epoch):
        """Begin a training: the current parameters, of this epoch, are the best so far,
        and their score has been set unless they are the first."""
        if self.keep_best:
            self.best_theta, self.best_epoch = theta.copy(), epoch

    def update(self, scores, theta, epoch):
        """Take note of the scores of some epochs, up to the one that ends patience. As
        in scikit-learn, NaN is never the best score but still resets the count of
        epochs without improvement.

        Parameters
        ----------
        scores : list of float
            A score for each epoch; if the best parameters are kept, of a single one.
        theta : ndarray
            The parameters after that one.
        epoch : int
            Its number.

        Returns
        -------
        n_epochs : int
            How many epochs count.
        """
        n_epochs = 0
        for score in scores:
            n_epochs += 1
            if score < self.best_score + self.tol:
                self.n_without_improvement += 1
            else:
                self.n_without_improvement = 0
            if score > self.best_score:
                self.best_score = score
                if self.keep_best:
                    self.best_theta, self.best_epoch = theta.copy(), epoch
            if self.n_without_improvement > self.patience:
                break
        return n_epochs

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
