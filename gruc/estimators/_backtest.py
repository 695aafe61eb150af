"""Forecasts of known values from several origins."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import TimeSeriesSplit

from ..conventions.horizons import as_steps
from ..conventions.time_series import TimeSeries
from ..runtime.forecast_input import check_reach
from ._forecast_columns import ahead_of, covariates_of, covariates_of_fit


def backtest(model, series, given, cv, fh, refit, coverage):
    """See `GRUForecaster.backtest`; `series` is a TimeSeries, `given` what is known beside it."""
    import pandas as pd

    steps = None if fh is None else as_steps(fh, series._replace(form="array"))
    if cv is None:
        cv = TimeSeriesSplit(5, test_size=None if steps is None else int(steps[-1]))
    n = min(map(len, series.values))
    times = [series.axis(i).until(len(values)) for i, values in enumerate(series.values)]
    fitted, n_before, parts = None, None, []
    for known, later in cv.split(np.arange(n)) if hasattr(cv, "split") else cv:
        start, stop = _span(known, later)
        ahead = later - stop + 1
        if steps is not None:
            ahead = ahead[np.isin(ahead, steps)]
        if not len(ahead):
            raise ValueError(f"cv gives steps that fh has none of: {fh!r} and {later - stop + 1}.")
        anew = fitted is None or refit
        first = start if anew else n_before  # of the steps that are new to it
        begin = [len(values) - n + first if first else 0 for values in series.values]
        stops = [len(values) - n + stop for values in series.values]
        part = _part(series, times, begin, stops)
        if anew:
            fitted = clone(model)
            fitted._validate_params()
            fitted._fit_series(part, ahead, *covariates_of_fit(fitted, given.moved(begin), part))
        elif stop > n_before:
            table = given.moved(begin).table
            fitted._extend(part, False, covariates_of(fitted._columns, table, part))
        n_before = stop
        parts.append(
            _forecasts(fitted, ahead, coverage, _later(fitted, given.moved(stops), part, ahead, n - stop))
        )
        for i, values in enumerate(series.values):
            origin = len(values) - n + stop - 1
            places = origin + ahead
            of_series = {"series": _name(series, i)} if len(series.values) > 1 else {}
            parts[-1][i] = pd.DataFrame(
                of_series
                | {"cutoff": times[i][[origin] * len(ahead)], "time": times[i][places], "step": ahead}
                | {"actual": values[places]}
                | parts[-1][i]
            )
    return pd.concat([frame for part in parts for frame in part], ignore_index=True)


def _forecasts(fitted, steps, coverage, later):
    """Columns of each series."""
    predictor = fitted._fitted_predictor()
    forecasts = predictor.forecasts(int(steps[-1]), later)[:, steps - 1]
    columns = [{"forecast": row} for row in forecasts]
    if coverage is not None and fitted.calibration is not None:
        levels = np.array([(1 - coverage) / 2, (1 + coverage) / 2])
        for column, bounds in zip(columns, predictor.quantiles(steps, levels, later), strict=True):
            column["lower"], column["upper"] = bounds.T
    return columns


def _later(fitted, given, ends, steps, n_left):
    """`Covariates` of the steps ahead, of which X has `n_left`."""
    n_ahead = int(steps[-1])
    check_reach(fitted._columns, fitted._predictor.strategy, n_ahead, fitted.horizon_)
    n_read = fitted._predictor.n_read_ahead(n_ahead)
    return ahead_of(fitted._columns, ends.axes, given.table, min(n_left, n_read), n_read)


def _span(known, later):
    """First of the steps known, and the one after the last."""
    known, later = np.asarray(known), np.asarray(later)
    if not (len(known) and len(later) and (np.diff(known) == 1).all() and later.min() > known[-1]):
        raise ValueError(
            "cv must give consecutive steps, and later ones to forecast, as TimeSeriesSplit does; it gives "
            f"{known} and {later}."
        )
    return int(known[0]), int(known[-1]) + 1


def _part(series, times, starts, stops):
    """Series of which only these steps are known."""
    values = [array[a:b] for array, a, b in zip(series.values, starts, stops, strict=True)]
    ends = enumerate(zip(times, stops, strict=True))
    axes = [series.axis(i).ending_with(index[:stop]) for i, (index, stop) in ends]
    return TimeSeries(values, "list", axes)


def _name(series, i):
    return i if series.names is None else series.names[i]
