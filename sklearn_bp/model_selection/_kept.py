"""The network of a fold is kept, as it was after its best epoch."""

from dataclasses import replace

import numpy as np

from ..engine import one_blas_thread
from ..fitting import network_to_plain, why_useless
from ._fold import Follower
from ._ranking import best_first


class BestKeeper(Follower):
    """Also keeps the network after the epoch with the best score on the test part, the
    first of these. As long as no score is defined, the smallest loss tells which.

    Parameters
    ----------
    parts, scoring, n_epochs, test
        See `Follower`.
    """

    def __init__(self, parts, scoring, n_epochs, test):
        super().__init__(parts, scoring, n_epochs, test)
        self._rank = None
        self._theta = None
        self._epoch = None
        self._n_measured = 0

    def _measure(self, at_end=False):
        thetas = self._thetas[: self._n_kept]
        super()._measure(at_end)
        losses, *scores = self._curves[-1][:, 1].T
        values = scores[self._scoring.chosen]
        is_scored = not np.isnan(values).all()
        if not is_scored:
            values = -losses
        best = best_first(values)[0]
        rank = is_scored, values[best]
        if self._rank is None or rank > self._rank:
            self._rank = rank
            self._theta = thetas[best].copy()
            self._epoch = self._n_measured + int(best) + 1
        self._n_measured += len(thetas)

    def result(self, training, seconds):
        """What `Follower` returns, and what was kept.

        Parameters
        ----------
        training : Training
            The training, which has been run.
        seconds : float
            How long it took to prepare it.

        Returns
        -------
        curve : FoldCurve
            What was kept is plain: a dict of the network, the number of its epoch,
            whether training has ended there for want of epochs, and why the network is
            of no use, or None.
        """
        fitted = replace(training.fitted, theta=self._theta)
        has_run_out = self._epoch == training.parameters.max_iter
        with one_blas_thread.held():
            reason = why_useless(training, self._theta)
        kept = {
            "network": network_to_plain(fitted),
            "epoch": self._epoch,
            "is_last": has_run_out and training.is_open_ended,
            "why_useless": reason,
        }
        return replace(super().result(training, seconds), kept=kept)
