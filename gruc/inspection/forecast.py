"""Plots of forecasts, with matplotlib."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..conventions.time_series import as_time_series
from ._axes import matplotlib_pyplot

__all__ = ["ForecastDisplay"]


class ForecastDisplay:
    """Plot of a time series with its forecast, prediction interval, and the forecasts of a backtest.

    Create it with `from_estimator` or `from_backtest`.

    Parameters
    ----------
    history : tuple of array-like
        Times and values. For several series, this and the following are dicts by series, and each series has
        its own axes.
    forecast : tuple of array-like or None, default=None
        Times and values.
    interval : tuple of array-like or None, default=None
        Lower and upper bounds at the times of the forecast.
    backtest : list of tuple of array-like or None, default=None
        Times and values of the forecasts from each origin, and lower and upper bounds if there are any.
    coverage : float or None, default=None
        Nominal coverage of the interval, for the legend.
    name : str or None, default=None
        Name of the values, the label of the y axis of a single series; None: "value".

    Attributes
    ----------
    history_line_ : matplotlib Artist
        For several series, this and the following are dicts by series.
    forecast_line_ : matplotlib Artist or None
    band_ : matplotlib Artist or None
        The interval.
    backtest_lines_, backtest_bands_ : list of matplotlib Artist
    ax_ : matplotlib Axes
        For several series, an array of axes.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from gruc import GRUForecaster
    >>> from gruc.inspection import ForecastDisplay
    >>> y = np.sin(np.arange(120) * np.pi / 6) + 0.1 * np.cos(np.arange(120) ** 2)
    >>> model = GRUForecaster(max_iter=5, n_iter_no_change=np.inf, random_state=0).fit(y)
    >>> display = ForecastDisplay.from_estimator(model, y, n_history=48)
    >>> len(display.history_line_.get_xdata()), len(display.forecast_line_.get_xdata())
    (48, 12)
    """

    def __init__(
        self,
        history: Any,
        forecast: Any = None,
        *,
        interval: Any = None,
        backtest: Any = None,
        coverage: float | None = None,
        name: str | None = None,
    ):
        self.history = history
        self.forecast = forecast
        self.interval = interval
        self.backtest = backtest
        self.coverage = coverage
        self.name = name

    def plot(self, ax: Any = None, **kwargs: Any) -> "ForecastDisplay":
        """Plot the series and the forecasts.

        Parameters
        ----------
        ax : matplotlib Axes, array of them or None, default=None
            Axes to draw on, as many as series; None: a new figure.
        **kwargs : dict
            Passed to matplotlib's `plot` for the forecast.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ValueError
            If the number of axes differs from the number of series.
        """
        plt = matplotlib_pyplot()
        if not isinstance(self.history, dict):
            self.ax_ = plt.subplots()[1] if ax is None else ax
            self.figure_ = self.ax_.figure
            artists = self._draw(self.ax_, None, kwargs)
            self.ax_.set_ylabel("value" if self.name is None else self.name)
            self.ax_.legend()
        else:
            self.ax_ = _grid(plt, len(self.history)) if ax is None else np.ravel(ax)
            if len(self.ax_) != len(self.history):
                raise ValueError(f"ax has {len(self.ax_)} axes for {len(self.history)} series.")
            self.figure_ = self.ax_[0].figure
            parts = [self._draw(part, key, kwargs) for part, key in zip(self.ax_, self.history, strict=True)]
            artists = [dict(zip(self.history, of_kind, strict=True)) for of_kind in zip(*parts, strict=True)]
            self.ax_[0].legend()
            for part, key in zip(self.ax_, self.history, strict=True):
                part.set_title(str(key))
        self.history_line_, self.forecast_line_, self.band_, *of_backtest = artists
        self.backtest_lines_, self.backtest_bands_ = of_backtest
        return self

    def _draw(self, ax, key, kwargs):
        """Draw one series; the artists in the order of the attributes."""
        history, forecast, interval, backtest = (
            part[key] if isinstance(part, dict) else part
            for part in (self.history, self.forecast, self.interval, self.backtest)
        )
        (line,) = ax.plot(*history, color="0.3", label="series")
        forecast_line = band = None
        name = "interval" if self.coverage is None else f"{self.coverage:.0%} interval"
        if forecast is not None:
            (forecast_line,) = ax.plot(*forecast, **{"color": "C0", "label": "forecast"} | kwargs)
        if interval is not None:
            color = forecast_line.get_color()
            band = ax.fill_between(forecast[0], *interval, color=color, alpha=0.2, lw=0, label=name)
        lines, bands = [], []
        for times, values, *bounds in backtest or []:
            first = not lines  # the others are not in the legend
            lines += ax.plot(times, values, color="C1", lw=1, label="backtest" if first else "_")
            if bounds:
                label = name if first and interval is None else "_"
                bands.append(ax.fill_between(times, *bounds, color="C1", alpha=0.2, lw=0, label=label))
        return line, forecast_line, band, lines, bands

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        y: Any,
        X: Any = None,
        *,
        fh: Any = None,
        coverage: float | None = 0.9,
        series: Any = None,
        n_history: int | None = None,
        backtest: Any = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "ForecastDisplay":
        """Plot the forecasts of one or several series.

        Parameters
        ----------
        estimator : GRUForecaster
            Fitted.
        y : Series, DataFrame, array or list
            Series that the forecaster was fitted on and updated with.
        X : DataFrame, array or list, default=None
            As in `GRUForecaster.predict`.
        fh : int, sequence of int or index, default=None
            As in `GRUForecaster.predict`.
        coverage : float or None, default=0.9
            Nominal coverage of the interval; None for no interval. There is none without `calibration`.
        series : object or list, default=None
            One of several series: a column, a key, or an index of an array or list. A list plots each
            on its own axes.
        n_history : int or None, default=None
            Number of last values of y to plot; None: all.
        backtest : DataFrame or None, default=None
            Result of `GRUForecaster.backtest`, whose forecasts are plotted, too.
        ax : matplotlib Axes, array of them or None, default=None
            Axes to draw on, as many as series; None: a new figure.
        **kwargs : dict
            Passed to matplotlib's `plot` for the forecast.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        TypeError, ValueError
            If there are several series and `series` is None, or y does not match the forecaster.
        """
        check_is_fitted(estimator)
        _check_known(estimator, y)
        if (series is None) != (estimator.n_series_ == 1):
            raise ValueError(
                f"estimator knows {estimator.n_series_} series, and series is {series!r}: name "
                "one of several series, and none if there is only one."
            )
        forecasts, table = estimator.predict(fh, X), None
        if coverage is not None and estimator.calibration is not None:
            table = estimator.predict_interval(fh, X, coverage)
        keys = series if isinstance(series, list) else [series]
        parts = []
        for key in keys:
            history, forecast = _one(y, key), _one(forecasts, key)
            steps = np.arange(1, len(forecast) + 1)
            if fh is not None and not hasattr(forecast, "iloc"):
                steps = np.sort(np.atleast_1d(fh))
            n_known = len(history)
            history = _last(_curve(history, np.arange(n_known)), n_history)
            curves = None if backtest is None else _origins(_rows(backtest, key))
            interval = None if table is None else _bounds(table, key)
            # lines alone beside the forecast
            curves = None if curves is None else [curve[:2] for curve in curves]
            parts.append((history, _curve(forecast, n_known - 1 + steps), interval, curves))
        return cls._of_parts(series, parts, coverage, _name(y, series)).plot(ax=ax, **kwargs)

    @classmethod
    def from_backtest(
        cls,
        backtest: Any,
        y: Any = None,
        *,
        series: Any = None,
        n_history: int | None = None,
        ax: Any = None,
    ) -> "ForecastDisplay":
        """Plot the forecasts of a backtest, with their intervals, and the observed values.

        Parameters
        ----------
        backtest : DataFrame
            Result of `GRUForecaster.backtest`.
        y : Series, DataFrame, array, list or None, default=None
            The series passed to `backtest`; None: only the values that were forecast are plotted.
        series, n_history, ax
            As in `from_estimator`.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ValueError
            If there are several series and `series` is None, or y has other values than `backtest`.
        """
        if (series is None) != ("series" not in backtest):
            known = backtest["series"].unique().tolist() if "series" in backtest else "one series"
            raise ValueError(
                f"backtest is of {known}, and series is {series!r}: name one of "
                "several series, and none if there is only one."
            )
        parts = []
        for key in series if isinstance(series, list) else [series]:
            rows = _rows(backtest, key)
            if y is None:
                actual = rows.drop_duplicates("time").sort_values("time")
                history = _times(actual["time"]), actual["actual"].to_numpy()
            else:
                history = _one(y, key)
                history = _curve(history, np.arange(len(history)))
                _check_actual(rows, history)
            parts.append((_last(history, n_history), None, None, _origins(rows)))
        return cls._of_parts(series, parts, None, _name(y, series)).plot(ax=ax)

    @classmethod
    def _of_parts(cls, series, parts, coverage, name):
        """The display of one series, or of a list of them."""
        if isinstance(series, list):
            parts = [dict(zip(series, of_kind, strict=True)) for of_kind in zip(*parts, strict=True)]
        else:
            (parts,) = parts
        history, forecast, interval, backtest = parts
        return cls(history, forecast, interval=interval, backtest=backtest, coverage=coverage, name=name)


def _name(y, series):
    """The name of one series, its own or that of its column or key, if it is a str; else None."""
    if series is None:
        series = (
            y.columns[0] if getattr(y, "ndim", 1) == 2 and hasattr(y, "columns") else getattr(y, "name", None)
        )
    return series if isinstance(series, str) else None


def _grid(plt, n):
    """An array of n axes of a new figure."""
    n_columns = int(np.ceil(np.sqrt(n)))
    n_rows = -(-n // n_columns)
    size = (5 * n_columns, 3.4 * n_rows)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False)
    for ax in axes.ravel()[n:]:
        figure.delaxes(ax)
    return axes.ravel()[:n]


def _rows(backtest, series):
    """The rows of one series."""
    return backtest if series is None else backtest[[key == series for key in backtest["series"]]]


def _origins(rows):
    """Times, forecasts and bounds from each origin."""
    names = [name for name in ("forecast", "lower", "upper") if name in rows]
    return [
        (_times(part["time"]), *(part[name].to_numpy() for name in names))
        for _, part in rows.groupby("cutoff")
    ]


def _bounds(table, series):
    """Lower and upper bounds of one of several series, or of the only one."""
    if series is not None:
        table = table.loc[series] if table.index.nlevels > 1 else table[[series]]
    return tuple(table.to_numpy().T)


def _last(curve, n):
    return curve if n is None else tuple(part[-n:] for part in curve)


def _check_known(estimator, y):
    """Refuse series that do not end as those that forecasts start from."""
    series, known = as_time_series(y), estimator._predictor.known
    if len(series.values) != len(known.recent):
        raise ValueError(f"y has {len(series.values)} series, and the forecaster knows {len(known.recent)}.")
    for i, (values, recent) in enumerate(zip(series.values, known.recent, strict=True)):
        last = np.diff(values, known.order)[-len(recent) :]
        if not len(last) or not np.array_equal(last, recent[-len(last) :]):
            raise ValueError(
                f"{series.name_of(i)} does not end as the forecaster knows it. Give y as it was fitted on "
                "and updated with."
            )


def _check_actual(rows, curve):
    """Refuse a series that has other values at the times of a backtest."""
    values = dict(zip(_keys(curve[0]), curve[1].tolist(), strict=True))
    for name, time, actual in zip(rows["time"], _keys(_times(rows["time"])), rows["actual"], strict=True):
        if values.get(time) != actual:
            raise ValueError(
                f"y is not what the backtest was of: at {name} it has {values.get(time, 'no value')}, and "
                f"the backtest {actual}. Give y as backtest was given it."
            )


def _keys(times):
    """A list of times that can be compared, in whatever unit they are counted."""
    times = np.asarray(times)
    return (times.astype("datetime64[ns]") if times.dtype.kind == "M" else times).tolist()


def _one(y, series):
    """One of several series, or the only one."""
    if hasattr(y, "iloc"):
        if y.index.nlevels > 1:
            y = y.droplevel(list(range(y.index.nlevels - 1))) if series is None else y.loc[series]
        elif series is not None:
            return y[series]
        return y.iloc[:, 0] if hasattr(y, "columns") else y
    is_many = getattr(y, "ndim", 1) == 2 or (isinstance(y, (list, tuple)) and np.ndim(y[0]) == 1)
    return y[series or 0] if is_many else y


def _curve(part, places):
    """Times and values; the times of an array are places."""
    if hasattr(part, "index") and hasattr(part, "iloc"):
        return _times(part.index), part.to_numpy()
    return places, np.asarray(part)


def _times(times):
    """Times that matplotlib can draw: those of periods are their beginnings."""
    is_period = str(times.dtype).startswith("period")
    if hasattr(times, "iloc"):  # a column
        return times.dt.to_timestamp().to_numpy() if is_period else times.to_numpy()
    return times.to_timestamp() if is_period else times
