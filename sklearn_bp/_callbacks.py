"""Support for scikit-learn's callbacks, with an epoch as a task."""

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator

from .fitting import shown_copy
from .utils import begin_callbacks, managed_callbacks


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
        return cls(estimator, context, data_of_callbacks(X, y, sample_weight))

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


@dataclass(frozen=True)
class Task:
    """A part of the fit of an estimator that trains networks of its own.

    Parameters
    ----------
    owner : estimator
        That estimator.
    context : CallbackContext
        The context of the task.
    """

    owner: BaseEstimator
    context: Any

    @classmethod
    def of(cls, owner, max_subtasks):
        """The whole fit, or None if the estimator has no callbacks."""
        context = begin_callbacks(owner, max_subtasks)
        return None if context is None else cls(owner, context)

    def subtask(self, name, **options):
        """A part of this task."""
        return Task(self.owner, self.context.subcontext(task_name=name, **options))

    @contextmanager
    def reported(self, data):
        """Notify the callbacks when the block begins and ends."""
        self.context.call_on_fit_task_begin(estimator=self.owner, **data)
        try:
            yield
        finally:
            self.context.call_on_fit_task_end(estimator=self.owner, **data)

    @contextmanager
    def of_training(self, network, data):
        """Notify the callbacks, and lend those that are to be propagated to the network
        that is trained in the block."""
        with self.context.propagate_callback_context(network), self.reported(data):
            yield


@contextmanager
def epoch_callbacks(network, task, max_epochs, X, y, sample_weight):
    """The notifier for a network that is trained outside of its own `fit`, or None.

    Parameters
    ----------
    network : BackpropClassifier or BackpropRegressor
        The network, which may have callbacks of its own.
    task : Task or None
        The task that the training is.
    max_epochs : int
        The maximum number of epochs.
    X, y, sample_weight : arrays, or functions that return them
        What is passed to the callbacks.
    """
    data = data_of_callbacks(X, y, sample_weight)
    lent = nullcontext() if task is None else task.of_training(network, data)
    with lent, managed_callbacks(network):
        yield EpochCallbacks.of(network, max_epochs, X, y, sample_weight)


def data_of_callbacks(X, y, sample_weight):
    """The data of a task, as callbacks take them."""
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return {"X": X, "y": y, "metadata": metadata}
