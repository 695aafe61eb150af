"""Forecasting horizons: which steps after the last value are asked for, and shares of what is to come."""

from numbers import Integral

import numpy as np


def integer_steps(fh, name="fh"):
    """Steps after the last value, rising, by an int or a sequence of int.

    Returns
    -------
    ndarray of shape (n_ahead,), intp

    Raises
    ------
    TypeError
        No integers.
    ValueError
        No step, a step that occurs twice, or one that is not after the last value.
    """
    steps = np.asarray([fh] if isinstance(fh, Integral) else fh)
    if steps.ndim != 1 or steps.size == 0 or steps.dtype.kind not in "iu":
        kind = "nothing" if steps.size == 0 else f"{type(fh).__name__} of {steps.dtype}"
        raise (ValueError if steps.size == 0 else TypeError)(
            f"{name} is {kind}. Expected integers, 1 being the first step after y, such as range(1, 13), "
            "or an index of times."
        )
    if steps.min() < 1:
        raise ValueError(
            f"{name} contains {steps.min()}: steps of y itself (fh <= 0) are not forecast; the first "
            "step after y is 1. To forecast known steps, fit on the part of y before them."
        )
    return rising(steps, name)


def rising(steps, name):
    """Steps in ascending order, each of which must occur once."""
    steps = np.sort(steps).astype(np.intp)
    twice = np.flatnonzero(np.diff(steps) == 0)
    if len(twice):
        raise ValueError(f"{name} contains step {steps[twice[0]]} twice. Give each step once.")
    return steps


def as_shares(given, name):
    """Levels or shares as an array, in the order given."""
    shares = np.atleast_1d(np.asarray(given, np.float64))
    if shares.ndim != 1 or not len(shares) or not ((shares > 0) & (shares < 1)).all():
        raise ValueError(f"{name} must be between 0 and 1, both excluded; got {given!r}.")
    return shares


def bounds_of(shares):
    """Levels of the bounds of central intervals: of each share the lower and the upper one."""
    return np.stack([(1 - shares) / 2, (1 + shares) / 2], axis=1).ravel()
