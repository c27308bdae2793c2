"""Support for scikit-learn's callbacks, with an epoch as a task."""

from .fitting import shown_copy
from .utils import begin_callbacks


class EpochCallbacks:
    """Notifies an estimator's callbacks of each epoch.

    Parameters
    ----------
    estimator : estimator
        The estimator that is being fitted.
    context : CallbackContext
        The context of the fit.
    data : dict
        What is passed to the callbacks: X, y, metadata.
    """

    may_lag_behind = False

    def __init__(self, estimator, context, data):
        self._estimator = estimator
        self._data = data
        self._fit = context
        self._epoch = None
        self._n_epochs = 0
        self._training = None

    @classmethod
    def of(cls, estimator, max_epochs, X, y, sample_weight):
        """The notifier for an estimator with callbacks, or None."""
        context = begin_callbacks(estimator, max_epochs)
        if context is None:
            return None
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        data = {"X": X, "y": y, "metadata": weights or None}
        return cls(estimator, context, data)

    def begin_fit(self, training):
        self._training = training
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
        def attributes():
            outcome = self._training.outcome_so_far(
                theta.copy(), self._n_epochs, can_go_on=True
            )
            return vars(shown_copy(self._estimator, outcome))

        return task.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=attributes,
            **self._data,
        )
