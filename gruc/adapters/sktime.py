"""GRUForecaster as a forecaster of sktime: ``from gruc.adapters.sktime import GRUForecaster``."""

from typing import Any

import numpy as np
import pandas as pd
from sktime.forecasting.base import BaseForecaster

from .. import estimators
from ..conventions.time_axis import TimeAxis
from ..estimators._forecast_parameters import ForecasterParameters

__all__ = ["GRUForecaster"]


class GRUForecaster(ForecasterParameters, BaseForecaster):
    """Gated recurrent unit forecaster of one or many time series, for sktime.

    `gruc.GRUForecaster` behind sktime's interface, for its pipelines, splitters and evaluation. One
    network is trained for all series: the columns of a multivariate y, the instances of a panel, the
    leaves of a hierarchy.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    forecaster_ : gruc.GRUForecaster
        The fitted forecaster. `get_fitted_params` returns its attributes.

    See Also
    --------
    gruc.GRUForecaster : The forecaster without sktime, whose docstring describes the method.

    Notes
    -----
    `fh` can be passed to `fit` or to `predict`. If it is passed to `fit`, the network outputs all steps up to
    the last of them at once. In-sample forecasts (fh <= 0) are not supported.

    `X` contains the columns that are known in advance, and those named in `past_only`. `predict` requires it
    at all steps up to the last of `fh`, including gaps in `fh`; if the instances of a panel end at different
    times, from the end of each. sktime's interface has no `static` features.

    `update` appends the values after the known ones; values that are passed again are ignored.

    Examples
    --------
    >>> from gruc.adapters.sktime import GRUForecaster
    >>> from sktime.datasets import load_airline
    >>> y = load_airline()
    >>> forecaster = GRUForecaster(random_state=0).fit(y[:-12], fh=range(1, 13))
    >>> forecasts = forecaster.predict()
    >>> float((forecasts - y[-12:]).abs().mean()) < 30
    True
    >>> intervals = forecaster.predict_interval(coverage=0.9)
    """

    _tags = {
        "authors": "the gruc developers",
        "maintainers": "the gruc developers",
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:categorical_in_X": False,
        "capability:non_contiguous_X": False,
        "capability:missing_values": False,
        "capability:unequal_length": True,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:update": True,
        "capability:random_state": True,
        "property:randomness": "derandomized",
        "requires-fh-in-fit": False,
    }

    def _fit(self, y, X, fh):
        self._columns, self._ends = y.columns, _ends(y)
        self._axis, self._behind = _places(y, self._ends)
        steps = None if fh is None else self._steps(fh)
        model = estimators.GRUForecaster(**self.get_params(deep=False))
        self.forecaster_ = model.fit(_as_series(y), self._beside(X), fh=steps)
        return self

    def _update(self, y, X=None, update_params=True):
        self._check_cutoff()
        later = y[~(_times(y) <= self._ends.reindex(_keys(y)).to_numpy())]
        if len(later):
            self.forecaster_.update(_as_series(later), self._beside(X), update_params=update_params)
            self._ends = _ends(later)
            places = _keys(later).value_counts().reindex(self._ends.index).to_numpy() - self._behind
            self._axis, self._behind = self._axis.moved(int(places.max())), places.max() - places
        return self

    def _predict(self, fh, X):
        return self._forecasts(fh, X, self.forecaster_.predict)

    def _predict_interval(self, fh, X, coverage):
        labels = [(share, bound) for share in coverage for bound in ("lower", "upper")]
        return self._forecasts(fh, X, self.forecaster_.predict_interval, labels, coverage=coverage)

    def _predict_quantiles(self, fh, X, alpha):
        labels = [(level,) for level in alpha]
        return self._forecasts(fh, X, self.forecaster_.predict_quantiles, labels, alpha=alpha)

    def _forecasts(self, fh, X, method, labels=None, **options):
        """What a method of the forecaster gives, with the rows and columns that sktime expects."""
        self._check_cutoff()
        steps, X = self._steps(fh), self._beside(X)
        if self._behind.any():
            n_ahead = int(steps[-1] + self._behind.max())
            table = method(np.arange(1, n_ahead + 1), X, **options)
            first = np.arange(0, len(table), n_ahead)  # row of each series
            behind = np.repeat(self._behind, len(first) // len(self._behind))
            table = table.iloc[((first + behind)[:, np.newaxis] + steps - 1).ravel()]
        else:
            table = method(steps, X, **options)
        columns = self._columns
        if labels is not None:
            columns = pd.MultiIndex.from_tuples([(name, *label) for name in columns for label in labels])
        if len(self._columns) > 1 and table.index.nlevels > 1:  # rows are (instance, variable, time)
            if labels is None:
                table = table.unstack(-2)
            else:
                table = table.droplevel(0, axis=1).unstack(-2)
                table = table.reorder_levels([-1, *range(table.columns.nlevels - 1)], axis=1)
        return table[columns]

    def _beside(self, X):
        """Covariates: those of an instance are beside each of its variables."""
        if X is None or X.index.nlevels == 1 or len(self._columns) == 1:
            return X
        parts = dict.fromkeys(self._columns, X)
        return pd.concat(parts).reorder_levels([*range(1, X.index.nlevels), 0, -1])

    def _steps(self, fh):
        """Steps after the last time of y."""
        return fh.to_numpy() if fh.is_relative else self._axis.steps_to(fh.to_pandas())

    def _check_cutoff(self):
        """Refuse to forecast from before the last time known."""
        last = self._axis.last_time()
        if self.cutoff[0] < last:
            raise ValueError(
                f"The forecaster knows y until {last}, and cannot go back to {self.cutoff[0]}. Give y from "
                "there on, or fit a clone on what is before."
            )

    def _get_fitted_params(self):
        fitted = vars(self.forecaster_)
        return {name[:-1]: value for name, value in fitted.items() if name.endswith("_")}

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Parameters with which sktime's `check_estimator` takes seconds.

        Parameters
        ----------
        parameter_set : str, default="default"
            There is one.

        Returns
        -------
        params : list of dict
        """
        fast = dict(hidden_layer_sizes=(4,), n_iter_no_change=np.inf, random_state=0)
        return [
            fast | dict(max_iter=2),
            fast | dict(max_iter=1, lags=2, season_length=1, scale="series", difference=1, loss="huber"),
        ]


def _as_series(y):
    """A frame of sktime in a form of gruc's: each variable of an instance is a series."""
    if y.index.nlevels == 1 or y.shape[1] == 1:
        return y
    return y.stack(future_stack=True).swaplevel()


def _times(y):
    """The time of each row."""
    return y.index.get_level_values(-1)


def _keys(y):
    """The instance of each row; of a single one 0."""
    return y.index.droplevel(-1) if y.index.nlevels > 1 else pd.Index(np.zeros(len(y), np.intp))


def _ends(y):
    """The last time of each instance, in the order of their first rows."""
    keys = _keys(y)
    is_last = ~keys.duplicated(keep="last")
    return pd.Series(_times(y)[is_last], keys[is_last]).reindex(keys.unique())


def _places(y, ends):
    """The axis that ends last, and how many steps each instance ends before it."""
    last, behind = ends.max(), {}
    for end in ends.unique():
        of_end = _times(y)[_keys(y) == ends.index[np.argmax(ends == end)]]
        axis = TimeAxis.of_index(of_end, "y")
        if end == last:
            behind[end], axis_of_last = 0, axis
        else:
            behind[end] = int(axis.steps_to(of_end[:0].append(pd.Index([last])))[0])
    return axis_of_last, ends.map(behind).to_numpy()
