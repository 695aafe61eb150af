"""Groups of parameters that GRUForecaster alone has; `_parameters.py` says more."""

from collections.abc import Sequence
from numbers import Integral
from typing import Annotated, Literal

from sklearn.utils._param_validation import Interval

from ..conventions.parameters import Count, Infinity, NonNegative, OpenFraction, Positive, parameter

UpToTwo = Annotated[int, Interval(Integral, 0, 2, closed="both")]


class Forecasting:
    """Windows of time series."""

    lags: Count | Literal["auto"] = parameter(
        "auto",
        """Number of steps that the network reads before each forecast; "auto": as many as it forecasts, but 8
        at least, one more than a season within a season, and fewer where series are short.""",
    )
    horizon: Count | None = parameter(
        None,
        """Number of steps that are forecast at once, where `fit` is given no `fh`; None: a season.""",
    )
    season_length: Count | None = parameter(
        None,
        """Number of steps of a season, 1 for none. None: the lag at which the autocorrelation of the series,
        without their trend, shows one.""",
    )
    strategy: Literal["direct", "recursive", "decoder"] = parameter(
        "direct",
        """How forecasts are made: "direct": the network answers all steps of the horizon at once.
        "recursive": it answers the next step, and reads each window of its own forecasts anew. "decoder": it
        answers the next step in every row, of the window and of the horizon, and carries its state on over
        its own forecasts.""",
    )
    scale: Literal["window", "series"] | None = parameter(
        "window",
        """Mean and standard deviation of what values are centred and scaled by: of the window of `lags`
        steps, or of the whole series; None: neither.""",
    )
    difference: UpToTwo = parameter(
        0,
        """How many times the series are differenced before, 2 at most; undone in forecasts, where errors are
        added up as many times.""",
    )
    past_only: Sequence = parameter(
        (),
        "Columns of X that are not known ahead, by name, of arrays by number: read up to the last value.",
    )
    calendar: Literal["auto"] | Sequence[str] | None = parameter(
        None,
        """Features of the calendar that the network reads beside the series, of an index of dates: some of
        "hour", "weekday" and "month", as sine and cosine, and "holidays". "auto": cycles that are longer
        than a step, and that the series show twice; and holidays, if `holidays` says of which country.""",
    )
    holidays: str | None = parameter(
        None,
        """Country whose holidays are meant, such as "DE", or "US-CA" for a part of one; needs the package
        `holidays`.""",
    )
    calibration: Literal["split", "adaptive"] | None = parameter(
        "split",
        """How intervals and quantiles are found: "split": by the errors of forecasts of the last part of each
        series, which the network had not learned from (see `validation_fraction`). "adaptive": `update` goes
        on with that, with `update_params` or without. New errors are added, later in place of the oldest, and
        levels move with coverage [10]_ (see Notes). None: there are none.""",
    )


class ForecastLoss:
    """What a forecaster minimises."""

    loss: Literal["squared_error", "absolute_error", "huber", "quantile"] = parameter(
        "squared_error",
        """"squared_error" (half of it), "absolute_error", "huber" or "quantile", of scaled windows.""",
    )
    quantile: OpenFraction | Sequence[float] = parameter(
        (0.1, 0.5, 0.9),
        """What "quantile" learns, in rising order. `predict` gives the one nearest to the median; intervals
        and quantiles of any level are found by all of them.""",
    )
    delta: Positive = parameter(
        0.25,
        """Where "huber" goes from the square to the line, in units of what the seasons and the linear path
        usually leave.""",
    )


class ForecastStopping:
    """The end of a forecaster's training."""

    tol: NonNegative = parameter(
        1e-4,
        """Training stops when the validation loss, or with ``early_stopping=False`` the training loss, has
        not fallen by `tol` below its best for `n_iter_no_change` epochs.""",
    )
    n_iter_no_change: Count | Infinity = parameter(10, "Number of epochs that training waits for; see `tol`.")
    early_stopping: bool = parameter(
        True,
        """Whether forecasts of the last part of each series say how many epochs to train for. The network is
        then trained anew on everything for so many.""",
    )
    validation_fraction: OpenFraction = parameter(
        0.1,
        """Fraction of the windows of each series, the last in time, that `early_stopping` measures forecasts
        on; of short series more, such that a horizon is covered.""",
    )
