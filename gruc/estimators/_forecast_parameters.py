"""Parameters of GRUForecaster, with the groups that it alone has; `_parameters.py` says more."""

from collections.abc import Sequence
from numbers import Integral
from typing import Annotated, Literal

from sklearn.utils._param_validation import Interval

from ..conventions.parameters import (
    Count,
    Infinity,
    NonNegative,
    OpenFraction,
    Positive,
    parameter,
    parameters,
)
from ._network_parameters import Directions, Network, Readout
from ._parameters import Dropout, Execution, Training

UpToTwo = Annotated[int, Interval(Integral, 0, 2, closed="both")]


class Forecasting:
    """Windows of time series."""

    lags: Count | Literal["auto"] = parameter(
        "auto",
        """Number of past steps that the network reads for each forecast. "auto": the horizon, but at
        least 8 and at least one more than a season within the season; fewer if series are short.""",
    )
    horizon: Count | None = parameter(
        None,
        """Number of steps that are forecast at once if `fit` is given no `fh`. None: one season.""",
    )
    season_length: Count | None = parameter(
        None,
        """Number of steps of a season; 1 for no season. None: the season is detected from the
        autocorrelation of the detrended series.""",
    )
    strategy: Literal["direct", "recursive", "decoder"] = parameter(
        "direct",
        """How the steps of the horizon are forecast. "direct": the network outputs all of them at once.
        "recursive": it outputs the next step, and reads a new window, which ends with its own
        forecasts, for each further step. "decoder": it outputs the next step at each step of the window
        and of the horizon, and carries its hidden state over its own forecasts.""",
    )
    scale: Literal["window", "series"] | None = parameter(
        "window",
        """Whether values are centred and scaled by the mean and standard deviation of their window of
        `lags` steps, or of their whole series. None: no scaling.""",
    )
    difference: UpToTwo = parameter(
        0,
        """How many times the series are differenced first, at most 2. Forecasts are integrated again,
        which also accumulates their errors.""",
    )
    past_only: Sequence = parameter(
        (),
        """Columns of X that are not known in advance, by name, or by position if X is an array. They
        are read up to the last value of y only.""",
    )
    calendar: Literal["auto"] | Sequence[str] | None = parameter(
        None,
        """Calendar features of the index that the network reads in addition to the series: some of
        "hour", "weekday" and "month", as sine and cosine, and "holidays". "auto": the cycles that are
        longer than a step and occur at least twice in the series, and holidays if `holidays` is given.
        Requires an index of dates.""",
    )
    holidays: str | None = parameter(
        None,
        """Country of the holidays, such as "DE", or "US-CA" for a subdivision. Requires the package
        `holidays`.""",
    )
    calibration: Literal["split", "adaptive"] | None = parameter(
        "split",
        """How prediction intervals and quantiles are calibrated. "split": by the errors of held-out
        forecasts of the last part of each series (split conformal prediction [8]_; see
        `validation_fraction`). "adaptive": `update` continues the calibration, with or without
        `update_params`. New errors are added and eventually replace the oldest, and the levels follow
        the observed coverage [10]_ (see Notes). None: no intervals or quantiles.""",
    )


class ForecastLoss:
    """What a forecaster minimises."""

    loss: Literal["squared_error", "absolute_error", "huber", "quantile"] = parameter(
        "squared_error",
        """Loss function on scaled windows: "squared_error" (half the squared error), "absolute_error",
        "huber" or "quantile".""",
    )
    quantile: OpenFraction | Sequence[float] = parameter(
        (0.1, 0.5, 0.9),
        """Quantiles learned with ``loss="quantile"``, in increasing order. `predict` returns the one
        nearest to the median. Intervals and quantiles of any level are derived from all of them.""",
    )
    delta: Positive = parameter(
        0.25,
        """Residual at which the Huber loss changes from quadratic to linear, in units of the usual
        error of the seasonal and linear forecasts.""",
    )


class ForecastStopping:
    """The end of a forecaster's training."""

    tol: NonNegative = parameter(
        1e-4,
        """Tolerance of the stopping criterion. Training stops when the validation loss, or with
        ``early_stopping=False`` the training loss, has not improved on its best value by at least `tol`
        for `n_iter_no_change` epochs.""",
    )
    n_iter_no_change: Count | Infinity = parameter(10, "Epochs without improvement, see `tol`.")
    early_stopping: bool = parameter(
        True,
        """Whether to choose the number of epochs by forecasts of the last part of each series. The
        network is then trained again on all of the data for that many epochs.""",
    )
    validation_fraction: OpenFraction = parameter(
        0.1,
        """Fraction of the windows of each series, the last in time, that are held out for
        `early_stopping` and `calibration`; more for short series, so that a whole horizon is
        covered.""",
    )


ForecasterParameters = parameters(
    Network,
    Directions,
    Readout,
    Forecasting,
    Dropout,
    ForecastLoss,
    Training,
    ForecastStopping,
    Execution,
    positional=["hidden_layer_sizes"],
    hidden_layer_sizes=(32,),
    alpha=0.1,
    learning_rate="constant",
    learning_rate_init=0.003,
    max_iter=300,
)
