"""GRUForecaster."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..conventions.horizons import as_steps
from ..conventions.parameter_names import ParameterNamesMixin
from ..conventions.parameters import fit_context
from ..conventions.pickles import VersionedPickleMixin
from ..conventions.time_series import TimeSeries, as_time_series
from ..conventions.transactions import all_or_nothing
from ..runtime import Predictor
from ..sequences import Lags, LagWindows, Series
from ..training import TrainingState
from ._forecast_fit import run_fit
from ._parameters import ForecasterParameters


class GRUForecaster(
    ForecasterParameters,
    ParameterNamesMixin,
    VersionedPickleMixin,
    BaseEstimator,
):
    """Gated recurrent unit forecaster of one or many time series.

    One network is trained on windows of all series: it reads the last `lags` steps, each beside the step
    a season before, and says for all steps of the horizon at once how they differ from the seasonal naive
    forecast, the value at the same place in the last season. Windows are scaled each by itself, so that
    series of any level are forecast together.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    season_length_ : int
        Steps of a season, given or found; 1 for none.
    lags_ : int
        Steps that the network reads before each forecast.
    horizon_ : int
        Steps that are forecast at once.
    n_series_ : int
        Number of series.
    cutoff_ : object
        The last time of y, the same for all series or a list of one each; for arrays the number of values.
    n_iter_ : int
        Epochs finished; with `early_stopping` those of the run that was watched.
    best_iter_ : int
        Epochs that the network is trained for: with `early_stopping` those that gave the best validation
        loss; 0 if none was better than the seasonal naive forecast, which is then what `predict` gives.
    loss_curve_ : list of float
        Training loss of each epoch of that run, penalty included, of scaled windows.
    validation_loss_curve_ : list of float or None
        Loss on the last part of the series after each of these epochs.
    weights_ : dict of str to ndarray
        Read-only views by torch's names, as those of `GRURegressor`.

    See Also
    --------
    GRURegressor : Values of sequences.

    Notes
    -----
    `y` is one of: a pandas Series; a DataFrame, whose columns are series; a DataFrame of one column, or a
    Series, with a (series, time) MultiIndex, whose series may have any lengths; a 1-D array; a 2-D array
    (n_series, n_steps), whose rows are series, as they are elsewhere in gruc; a list of 1-D arrays or of
    Series. Forecasts come in the same form. An index is of times (with a frequency, or one that pandas
    infers), periods or integers, without gaps.

    With `early_stopping` the network is trained twice. First without the last part of each series, on which
    the forecasts are measured after each epoch; then on everything, for as many epochs as were best. An
    epoch is at most 16384 windows.

    Examples
    --------
    >>> import numpy as np
    >>> from gruc import GRUForecaster
    >>> t = np.arange(240)
    >>> y = 100 + 0.1 * t + 10 * np.sin(2 * np.pi * t / 12)
    >>> model = GRUForecaster(random_state=0).fit(y)
    >>> model.season_length_, model.horizon_
    (12, 12)
    >>> t = np.arange(240, 252)
    >>> bool(abs(model.predict() - (100 + 0.1 * t + 10 * np.sin(2 * np.pi * t / 12))).max() < 1)
    True
    """

    n_series_: int
    season_length_: int
    lags_: int
    horizon_: int

    def __sklearn_is_fitted__(self):
        return "_predictor" in vars(self)

    def __getstate__(self):
        state = super().__getstate__()
        if "_predictor" in state:  # no class of gruc's but this one
            state["_predictor"] = state["_predictor"].__getstate__()
            state["_training_state"] = state["_training_state"].__getstate__()
            state["_form"] = state["_form"].as_plain()
            state["_lags"] = tuple(state["_lags"])
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        of_self = vars(self)
        if "_predictor" in of_self:
            for name, kind in (("_training_state", TrainingState), ("_predictor", Predictor)):
                part = kind.__new__(kind)
                part.__setstate__(of_self[name])
                of_self[name] = part
            self._form = TimeSeries.of_plain(self._form)
            self._lags = Lags(*self._lags)

    @property
    def weights_(self) -> dict[str, NDArray[Any]]:
        """Fitted weights: dict of read-only views by torch's names."""
        if "_predictor" not in vars(self):
            raise AttributeError("GRUForecaster is not fitted yet and has no weights_.")
        return dict(self._predictor.weights)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, y: Any, *, fh: Any = None) -> Self:
        """Train on one or many series.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            The series, in one of the forms of the notes.
        fh : int, sequence of int or index, default=None
            Steps to be forecast, 1 being the first after y, or their times. The network answers all up to
            the furthest, and `predict` without `fh` gives these. None: `horizon`.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        TypeError
            y is in another form.
        ValueError
            Values are missing or infinite, an index has gaps, or series are too short; the message says
            what to do. The forecaster is then as it was before.
        """
        series = as_time_series(y)
        steps = None if fh is None else as_steps(fh, series)
        with all_or_nothing(self) as attempt:
            attempt._fit_series(series, steps)
        return self

    def _fit_series(self, series, steps):
        order = int(self.difference)
        for i, values in enumerate(series.values):
            if len(values) <= order:
                raise ValueError(
                    f"{series.name_of(i)} has {len(values)} values, too few for difference={order}. Leave "
                    "it out."
                )
        arrays = [np.diff(values, order) for values in series.values] if order else series.values
        fitted = run_fit(self, arrays, series.name_of, None if steps is None else int(steps[-1]))
        lags = self._lags = fitted.lags
        self._moments, self._predictor, self._training_state = fitted.moments, fitted.predictor, fitted.state
        self._tails = np.stack([array[len(array) - lags.context :] for array in arrays])
        # the last value, the last difference, ...: what forecasts of differences are added to
        self._ends = np.array([[np.diff(values, k)[-1] for k in range(order)] for values in series.values])
        self._form, self._steps = series.without_values(), steps
        self.n_series_ = len(arrays)
        self.season_length_, self.lags_, self.horizon_ = lags.season_length, lags.lags, lags.horizon
        self.cutoff_ = series.cutoff()
        history = fitted.history
        self.n_iter_, self.best_iter_ = history.n_epochs, history.best_epoch
        self.loss_curve_ = history.loss_curve
        self.validation_loss_curve_ = history.validation_loss_curve or None

    def _fitted_lags(self):
        """What a fit with `warm_start` goes on with, or None."""
        return vars(self).get("_lags")

    def predict(self, fh: Any = None) -> Any:
        """Forecasts.

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            Steps after the last value, 1 being the first, or their times. None: the `fh` of `fit`, or 1 to
            `horizon_`. Beyond `horizon_` the forecasts are made block by block, each from those before.

        Returns
        -------
        forecasts : Series, DataFrame, array or list
            In the form of y, of float64, its index continued.

        Raises
        ------
        ValueError
            Steps that are not after y.
        """
        check_is_fitted(self)
        steps = self._steps if fh is None else as_steps(fh, self._form)
        if steps is None:
            steps = np.arange(1, self.horizon_ + 1)
        return self._form.wrap(self._forecasts(int(steps[-1]))[:, steps - 1], steps)

    def _forecasts(self, n_steps):
        """Forecasts (n_series, n_steps or more) of the next steps."""
        lags, n = self._lags, self.n_series_
        predictor = self._predictor.with_n_jobs(self.n_jobs)
        known, parts = self._tails, []
        everything = np.arange(n)
        for _ in range(-(-n_steps // lags.horizon)):
            known = known[:, known.shape[1] - lags.context :]
            series = Series(known.reshape(-1), everything * lags.context, self._moments)
            windows = LagWindows(series, lags, everything, (everything + 1) * lags.context)
            outputs = predictor.output_rows(windows)
            parts.append(windows.forecasts(outputs, windows.read(everything)))
            known = np.concatenate([known, parts[-1]], axis=1)
        forecasts = np.concatenate(parts, axis=1)
        for end in self._ends.T[::-1]:
            forecasts = np.cumsum(forecasts, axis=1) + end[:, np.newaxis]
        return forecasts


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUForecaster.__module__ = "gruc"
__test__ = {"GRUForecaster": GRUForecaster}
