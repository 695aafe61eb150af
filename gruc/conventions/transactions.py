"""Fits that change a model wholly or not at all."""

from contextlib import contextmanager


@contextmanager
def all_or_nothing(estimator):
    """A shallow copy to work on, whose attributes become the estimator's if nothing is raised.

    They do so in one assignment: whatever a signal's handler raises, and wherever it does, the
    estimator has all of its new attributes or all of the old. Work must replace what the
    attributes hold, never change it in place.
    """
    attempt = object.__new__(type(estimator))
    attempt.__dict__.update(vars(estimator))
    yield attempt
    estimator.__dict__ = vars(attempt)
