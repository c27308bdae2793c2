"""Full-batch training with SciPy's L-BFGS-B (Zhu, Byrd, Lu & Nocedal, 1997)."""

import math
from time import perf_counter

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from ..engine import one_blas_thread
from ..utils import warn

# scikit-learn hands the optimizer the squared error averaged over the outputs, but the
# gradient of the sum. With the same pair we follow the same trajectory. But the line
# search demands a decrease of 1e-3 times what the gradient promises, which the average
# cannot deliver from 500 outputs on: with 1000, scikit-learn ends at 7 times the error
# that the sum itself reaches; with 3000, it cannot take a first step.
MOST_OUTPUTS_AVERAGED = 100


class LbfgsCourse:
    """The course of one training on all rows at once; `advance` runs all of it.

    Parameters
    ----------
    engine : Engine
        Computes the objective and its gradient.
    state : TrainingState
        The network and its history; changed in place.
    part : Part
        The training set; all rows of its samples are used.
    objective : Objective
        What is minimised.
    max_iter, max_fun : int
        The maximum numbers of iterations and of evaluations of the objective.
    tol : float
        Training has converged when no component of the gradient is larger.
    measure : callable, default=None
        Maps parameters to the loss on validation data and a score or None; both are
        recorded.
    follower : object, default=None
        Called at the beginning and end of each iteration, see `Course`.
    verbose : bool, default=False
        Whether to print a line per iteration.

    Attributes
    ----------
    n_iter : int
        The number of iterations done.
    loss : float or None
        The objective at the end, as `loss_` shows it.
    """

    def __init__(
        self,
        engine,
        state,
        part,
        objective,
        *,
        max_iter,
        max_fun,
        tol,
        measure=None,
        follower=None,
        verbose=False,
    ):
        self.n_iter = 0
        self.loss = None
        self._engine = engine
        self._state = state
        self._samples = part.samples
        self._objective = objective
        self._options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
        self._measure = measure
        self._follower = follower
        self._verbose = verbose
        self._averages = state.network.n_outputs <= MOST_OUTPUTS_AVERAGED
        self._latest = state.theta
        self._value = None  # that SciPy was given there
        self._losses = {}  # by these values
        self._start = None
        self._is_stopped = False
        self._result = None

    @property
    def has_epochs_left(self):
        """Whether it is yet to be run."""
        return self._result is None

    def advance(self):
        """Run all iterations; nothing is left for others to run."""
        self._start = perf_counter()
        with one_blas_thread.held():
            self._result = minimize(
                self._value_and_gradient,
                self._state.theta.astype(np.float64),
                method="L-BFGS-B",
                jac=True,
                callback=self._end_iteration,
                options=self._options,
            )
        self.n_iter = min(self._result.nit, self._options["maxiter"])
        self._latest, self._value = self._result.x, self._result.fun
        return ()

    def _value_and_gradient(self, theta):
        data_loss, penalty, gradient = self._evaluate(theta)
        shown = self._shown(data_loss, penalty)
        value = shown if self._averages else data_loss + penalty
        self._losses[value] = shown
        if self._value is None:
            self._value = value
        return value, gradient.astype(np.float64)

    def _evaluate(self, theta):
        samples = self._samples
        return self._engine.loss_and_gradients(
            self._state.network,
            self._of_type(theta),
            samples.X,
            samples.y,
            samples.sample_weight,
            self._objective,
        )

    def _of_type(self, theta):
        return theta.astype(self._state.theta.dtype, copy=False)

    def _shown(self, data_loss, penalty):
        network = self._state.network
        return network.loss.shown(data_loss, network.n_outputs) + penalty

    # SciPy looks at the name of this argument.
    def _end_iteration(self, intermediate_result):
        self.n_iter += 1
        self._latest = intermediate_result.x.copy()
        self._value = loss = float(intermediate_result.fun)
        if self._verbose:
            print(f"Iteration {self.n_iter}, loss = {loss:.8f}")
        measured = None
        try:
            measured = self._measure and self._measure(self._of_type(self._latest))
        finally:  # also after Ctrl-C in a scorer: the iteration counts
            seconds = perf_counter() - self._start
            self._state.history.record([loss], [np.nan], [np.nan], seconds, measured)
        # SciPy does not report an iteration without progress, so the beginning of one
        # is announced only when it has ended.
        if self._follower is not None:
            self._follower.begin_epochs()
            thetas = self._of_type(self._latest)[np.newaxis]
            self._is_stopped = self._follower.end_epochs(thetas)
            if self._is_stopped:
                raise StopIteration
        self._start = perf_counter()

    def close(self):
        """Do nothing: there are no epochs to undo."""

    def warn_of_end(self):
        """Warn if training has not converged."""
        result, max_iter = self._result, self._options["maxiter"]
        if result.status == 0 or self._is_stopped:
            return
        remedy = "Scale the features, for example with StandardScaler"
        if self.n_iter == max_iter:
            remedy = f"Increase max_iter (it is {max_iter}), or s{remedy[1:]}"
        warn(
            f"lbfgs failed to converge after {self.n_iter} iteration(s)"
            f" (status={result.status}): {result.message}. {remedy}.",
            ConvergenceWarning,
        )

    def finish(self):
        """Take over the parameters of the last iteration.

        Raises
        ------
        ValueError
            If the objective is infinite or NaN there.
        """
        self._state.theta[:] = self._latest
        self._state.epoch = len(self._state.history.rows)
        if self._value is None:  # interrupted before it was known
            self.loss = math.inf
            return
        self.loss = self._losses.get(self._value, self._value)
        if not math.isfinite(self.loss):
            raise ValueError(
                f"Training with solver='lbfgs' diverged in iteration {self.n_iter}:"
                f" the loss is {self.loss}. Scale the features, for example with"
                " StandardScaler, or raise alpha."
            )
