"""Fits that succeed or leave everything as it was."""

from contextlib import contextmanager


@contextmanager
def all_or_nothing(estimator):
    """Restore the attributes of an estimator if fitting raises."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
