"""Plots of forecasts, with matplotlib."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .loss_curve import _matplotlib

__all__ = ["ForecastDisplay"]


class ForecastDisplay:
    """A series, the forecast of what follows, its interval, and forecasts of a backtest.

    Make it with `from_estimator`.

    Parameters
    ----------
    history, forecast : tuple of array-like
        Times and values.
    interval : tuple of array-like or None, default=None
        Lower and upper bounds at the times of the forecast.
    backtest : list of tuple of array-like or None, default=None
        Times and values of the forecasts from each origin.
    coverage : float or None, default=None
        Of the interval, for the legend.

    Attributes
    ----------
    history_line_, forecast_line_ : matplotlib Artist
    band_ : matplotlib Artist or None
        The interval.
    backtest_lines_ : list of matplotlib Artist
    ax_ : matplotlib Axes
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
        forecast: Any,
        *,
        interval: Any = None,
        backtest: Any = None,
        coverage: float | None = None,
    ):
        self.history = history
        self.forecast = forecast
        self.interval = interval
        self.backtest = backtest
        self.coverage = coverage

    def plot(self, ax: Any = None, **kwargs: Any) -> "ForecastDisplay":
        """Draw the series and the forecasts.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None: a new figure.
        **kwargs : dict
            For matplotlib's `plot` of the forecast.

        Returns
        -------
        display : ForecastDisplay
        """
        plt, _ = _matplotlib()
        if ax is None:
            _, ax = plt.subplots()
        (self.history_line_,) = ax.plot(*self.history, color="0.3", label="series")
        (self.forecast_line_,) = ax.plot(*self.forecast, **{"color": "C0", "label": "forecast"} | kwargs)
        self.band_ = None
        if self.interval is not None:
            name = "interval" if self.coverage is None else f"{self.coverage:.0%} interval"
            color = self.forecast_line_.get_color()
            self.band_ = ax.fill_between(
                self.forecast[0], *self.interval, color=color, alpha=0.2, lw=0, label=name
            )
        self.backtest_lines_: list[Any] = []
        for times, values in self.backtest or []:
            name = "_" if self.backtest_lines_ else "backtest"  # the others are not in the legend
            self.backtest_lines_ += ax.plot(times, values, color="C1", lw=1, label=name)
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        y: Any,
        *,
        fh: Any = None,
        coverage: float | None = 0.9,
        series: Any = None,
        n_history: int | None = None,
        backtest: Any = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "ForecastDisplay":
        """Draw the forecast of one series.

        Parameters
        ----------
        estimator : GRUForecaster
            Fitted.
        y : Series, DataFrame, array or list
            What it was fitted on, and updated with.
        fh : int, sequence of int or index, default=None
            As in `GRUForecaster.predict`.
        coverage : float or None, default=0.9
            Of the interval; None for none. Without `calibration` there is none.
        series : object, default=None
            Which of several series: a column, a key, or a place in an array or list.
        n_history : int or None, default=None
            Values of y that are drawn, the last; None: all.
        backtest : DataFrame or None, default=None
            What `GRUForecaster.backtest` returned; its forecasts are drawn, too.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None: a new figure.
        **kwargs : dict
            For matplotlib's `plot` of the forecast.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ValueError
            There are several series, and `series` does not say which.
        """
        check_is_fitted(estimator)
        if (series is None) != (estimator.n_series_ == 1):
            raise ValueError(
                f"estimator knows {estimator.n_series_} series, and series is {series!r}: say "
                "which of several to draw, and nothing of one."
            )
        history = _one(y, series)
        forecast = _one(estimator.predict(fh), series)
        n_known = len(history)
        steps = np.arange(1, len(forecast) + 1)
        if fh is not None and not hasattr(forecast, "iloc"):
            steps = np.sort(np.atleast_1d(fh))
        interval = None
        if coverage is not None and estimator.calibration is not None:
            table = estimator.predict_interval(fh, coverage=coverage)
            if series is not None:
                table = table.loc[series] if table.index.nlevels > 1 else table[[series]]
            interval = tuple(table.to_numpy().T)
        history = _curve(history, np.arange(n_known))
        if n_history is not None:
            history = tuple(part[-n_history:] for part in history)
        curves = None
        if backtest is not None:
            rows = backtest if series is None else backtest[backtest["series"] == series]
            curves = [
                (_times(part["time"]), part["forecast"].to_numpy()) for _, part in rows.groupby("cutoff")
            ]
        forecast = _curve(forecast, n_known - 1 + steps)
        display = cls(history, forecast, interval=interval, backtest=curves, coverage=coverage)
        return display.plot(ax=ax, **kwargs)


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
