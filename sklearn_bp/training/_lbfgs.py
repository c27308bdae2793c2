"""Full batch training with L-BFGS-B (Zhu, Byrd, Lu & Nocedal, 1997), by SciPy."""

import warnings
from time import perf_counter

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from ..engine import one_blas_thread

# scikit-learn hands the optimizer the squared error averaged over the outputs, beside
# the gradient of its sum. With the same pair we follow the same trajectory. But the
# line search asks for a decrease of 1e-3 times what the gradient promises, which the
# average cannot deliver from 500 outputs on: at 1000, scikit-learn ends at 7 times the
# error that the sum itself reaches, at 3000 it cannot take a first step.
MOST_OUTPUTS_AVERAGED = 100


def minimize_lbfgs(
    engine,
    state,
    data,
    *,
    objective,
    max_iter,
    max_fun,
    tol,
    validate=None,
    callbacks=None,
    warn_at_max_iter=True,
    is_alone=True,
    verbose=False,
):
    """Train on all rows at once.

    Parameters
    ----------
    engine : Engine
        Computes the objective and its gradient.
    state : TrainingState
        The network and its history; changed in place.
    data : TrainingData
        The training set; all rows are used.
    objective : Objective
        What is minimised.
    max_iter, max_fun : int
        The largest number of iterations, and of evaluations of the objective.
    tol : float
        The largest component of the gradient at which training has converged.
    validate : callable, default=None
        From parameters to the loss on validation data, and a score or None; both are
        recorded.
    callbacks : object, default=None
        Called at both ends of each iteration, see `train`.
    warn_at_max_iter : bool, default=True
        Whether to warn of a training that has not converged.
    is_alone : bool, default=True
        Whether this is not one training of many. If so, Ctrl-C ends it with a warning,
        instead of being raised.
    verbose : bool, default=False
        Whether to print a line an iteration.

    Returns
    -------
    n_iter : int
        The number of iterations done.
    loss : float
        The objective at the end, as `loss_` shows it.

    Raises
    ------
    ValueError
        If the objective ends up infinite or NaN.
    """
    network, dtype = state.network, state.theta.dtype
    average = network.n_outputs <= MOST_OUTPUTS_AVERAGED

    def evaluate(theta):
        return engine.loss_and_gradients(
            network,
            theta.astype(dtype, copy=False),
            data.X,
            data.y,
            data.sample_weight,
            objective,
        )

    def shown(data_loss, penalty):
        return network.loss.shown(data_loss, network.n_outputs) + penalty

    def value_and_gradient(theta):
        data_loss, penalty, gradient = evaluate(theta)
        value = shown(data_loss, penalty) if average else data_loss + penalty
        return value, gradient.astype(np.float64)

    n_iter, latest, start, is_stopped = 0, state.theta, perf_counter(), False

    def record(intermediate_result):
        nonlocal n_iter, latest, start, is_stopped
        n_iter += 1
        latest = intermediate_result.x.copy()
        if verbose:
            print(f"Iteration {n_iter}, loss = {intermediate_result.fun:.8f}")
        measured = validate and validate(latest.astype(dtype))
        loss, seconds = float(intermediate_result.fun), perf_counter() - start
        state.history.record(loss, np.nan, np.nan, seconds, measured)
        # An iteration that brings no progress is not known as one, so none is said to
        # begin before it has ended.
        if callbacks is not None:
            callbacks.begin_epochs()
            is_stopped = callbacks.end_epochs(latest.astype(dtype)[np.newaxis])
            if is_stopped:
                raise StopIteration
        start = perf_counter()

    with one_blas_thread:
        try:
            result = minimize(
                value_and_gradient,
                state.theta.astype(np.float64),
                method="L-BFGS-B",
                jac=True,
                callback=record,
                options={"maxfun": max_fun, "maxiter": max_iter, "gtol": tol},
            )
        except KeyboardInterrupt:
            if not is_alone:
                raise
            warnings.warn("Training interrupted by user.", stacklevel=2)
        else:
            n_iter, latest = min(result.nit, max_iter), result.x
            if warn_at_max_iter and result.status != 0 and not is_stopped:
                _warn_of_no_convergence(result, n_iter, max_iter)
        state.theta[:] = latest
        loss = shown(*evaluate(state.theta)[:2])

    if not np.isfinite(loss):
        raise ValueError(
            f"Training with solver='lbfgs' diverged in iteration {n_iter}: the loss is"
            f" {loss}. Scale the features, for example with StandardScaler, or raise"
            " alpha."
        )
    return n_iter, loss


def _warn_of_no_convergence(result, n_iter, max_iter):
    remedy = "Scale the features, for example with StandardScaler"
    if n_iter == max_iter:
        remedy = f"Increase max_iter (it is {max_iter}), or s{remedy[1:]}"
    warnings.warn(
        f"lbfgs failed to converge after {n_iter} iteration(s)"
        f" (status={result.status}): {result.message}. {remedy}.",
        ConvergenceWarning,
        stacklevel=3,
    )
