"""scikit-learn's callbacks, which it has from version 1.9 on: an epoch is a task."""

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:
        """This version of scikit-learn has no callbacks."""


class EpochCallbacks:
    """Tells an estimator's callbacks of each epoch.

    Parameters
    ----------
    estimator : estimator
        The one that is being fitted, with callbacks.
    max_epochs : int
        How many epochs there will be at most.
    data : dict
        What callbacks are shown: X, y, metadata.
    """

    may_lag_behind = False

    def __init__(self, estimator, max_epochs, data):
        self._estimator = estimator
        self._data = data
        self._fit = estimator._init_callback_context(max_subtasks=max_epochs)
        self._epoch = None
        self._n_epochs = 0
        self._state = None

    def begin_fit(self, state):
        """Training begins, of this state."""
        self._state = state
        self._fit.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def begin_epochs(self):
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end_epochs(self, thetas):
        (theta,) = thetas
        self._n_epochs += 1
        return self._end(self._epoch, theta)

    def end_fit(self, theta):
        self._end(self._fit, theta)

    def _end(self, task, theta):
        return task.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: self._estimator._attributes_at(
                self._state, theta.copy(), self._n_epochs
            ),
            **self._data,
        )
