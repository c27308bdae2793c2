"""Estimators that stay as they were if something fails."""

from contextlib import contextmanager


@contextmanager
def unchanged_on_error(estimator):
    """Restore all attributes of an estimator if the block fails."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
