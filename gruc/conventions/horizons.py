"""Forecasting horizons: which steps after the last value are asked for."""

from ..sequences import integer_steps, rising


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
        return rising(_steps_to(fh, series, name), name)
    return integer_steps(fh, name)


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
