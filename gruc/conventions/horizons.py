"""Forecasting horizons: which steps after the last value are asked for."""

from numbers import Integral

import numpy as np


def as_steps(fh, series, name="fh"):
    """Steps after the last value, rising.

    Parameters
    ----------
    fh : int, sequence of int or pandas index
        Integers are counted from the last value, times are those of the index of y; those of several series
        must end at the same time.
    series : TimeSeries
        The series that are forecast.
    name : str
        Name of `fh` in errors.

    Returns
    -------
    ndarray of shape (n_ahead,), intp

    Raises
    ------
    TypeError
        Neither integers nor times.
    ValueError
        No step, a step that occurs twice, or one that is not after the last value.
    """
    if hasattr(fh, "asi8"):
        steps = _steps_to(fh, series, name)
    else:
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
    steps = np.sort(steps).astype(np.intp)
    twice = np.flatnonzero(np.diff(steps) == 0)
    if len(twice):
        raise ValueError(f"{name} contains step {steps[twice[0]]} twice. Give each step once.")
    return steps


def as_shares(given, name):
    """Levels or shares as an array, rising."""
    shares = np.sort(np.atleast_1d(np.asarray(given, np.float64)))
    if shares.ndim != 1 or not len(shares) or not ((shares > 0) & (shares < 1)).all():
        raise ValueError(f"{name} must be between 0 and 1, both excluded; got {given!r}.")
    return shares


def _steps_to(times, series, name):
    axes = set(series.axes)
    if not series.is_pandas:
        raise TypeError(
            f"{name} is a {type(times).__name__}, but y has no index. Give integers; 1 is the first step "
            "after y."
        )
    if len({axis.last for axis in axes}) > 1:
        raise ValueError(
            f"{name} is an index of times, but the series end at different times. Give integers; 1 is the "
            "first step after the end of each series."
        )
    return axes.pop().steps_to(times, name)
