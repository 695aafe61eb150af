"""Forecasts of known values from several origins."""

from numbers import Real

import numpy as np
from sklearn.base import clone

from ..conventions.horizons import as_steps
from ..conventions.time_series import TimeSeries
from ..runtime.forecast_input import check_reach
from ..sequences import as_shares
from ._folds import check_reaches, folds_of, horizon_of
from ._forecast_columns import ahead_of, covariates_of, covariates_of_fit


def backtest(model, series, given, cv, fh, refit, coverage):
    """See `GRUForecaster.backtest`; `series` is a TimeSeries, `given` what is known beside it."""
    import pandas as pd

    model._validate_params()
    _check_coverage(coverage)
    steps = None if fh is None else as_steps(fh, series._replace(form="array"))
    folds = folds_of(model, series, cv, steps)
    check_reaches(model, given, folds, steps, refit)
    n = min(map(len, series.values))
    times = [series.axis(i).until(len(values)) for i, values in enumerate(series.values)]
    fitted, n_before, tables = None, None, [None] * len(folds)
    # a forecaster that goes on cannot go back: it would have seen what is to come
    order = range(len(folds)) if refit else sorted(range(len(folds)), key=folds.__getitem__)
    for place in order:
        stop, start, _ = fold = folds[place]
        anew = fitted is None or refit
        first = start if anew else n_before  # of the steps that are new to it
        begin = [len(values) - n + first if first else 0 for values in series.values]
        stops = [len(values) - n + stop for values in series.values]
        part = _part(series, times, begin, stops)
        if anew:
            fitted = clone(model)
            fit_steps = horizon_of(model, fold, steps)[1]
            fitted._fit_series(part, fit_steps, *covariates_of_fit(fitted, given.moved(begin), part))
        elif stop > n_before:
            table = given.moved(begin).table
            fitted._extend(part, False, covariates_of(fitted._columns, table, part))
        n_before = stop
        ahead = np.array(fold.ahead)
        later = _later(fitted, given.moved(stops), part, ahead, n - stop)
        tables[place] = _forecasts(fitted, ahead, coverage, later)
        for i, values in enumerate(series.values):
            origin = len(values) - n + stop - 1
            places = origin + ahead
            of_series = {"series": _name(series, i)} if len(series.values) > 1 else {}
            tables[place][i] = pd.DataFrame(
                of_series
                | {"cutoff": times[i][[origin] * len(ahead)], "time": times[i][places], "step": ahead}
                | {"actual": values[places]}
                | tables[place][i]
            )
    return pd.concat([frame for table in tables for frame in table], ignore_index=True)


def _check_coverage(coverage):
    if coverage is None:
        return
    if not isinstance(coverage, Real) or isinstance(coverage, bool):
        raise TypeError(f"coverage must be one number between 0 and 1, or None; got {coverage!r}.")
    as_shares(coverage, "coverage")


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


def _part(series, times, starts, stops):
    """Series of which only these steps are known."""
    values = [array[a:b] for array, a, b in zip(series.values, starts, stops, strict=True)]
    ends = enumerate(zip(times, stops, strict=True))
    axes = [series.axis(i).ending_with(index[:stop]) for i, (index, stop) in ends]
    return TimeSeries(values, "list", axes)


def _name(series, i):
    return i if series.names is None else series.names[i]
