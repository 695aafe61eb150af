"""How much each past value of a series contributed to its forecasts."""

from numbers import Integral, Real

import numpy as np

from ..estimators import GRUForecaster
from ..runtime import ForecastPredictor, Predictor
from ..sequences.known_values import undifferenced

# upper limit on series times variants of their values that are forecast at once
AT_ONCE = 4096
# step of central differences, relative to the standard deviation of the values
STEP = 1e-4


def is_forecaster(model):
    """Whether a model forecasts series, else it answers sequences."""
    return isinstance(model, (GRUForecaster, ForecastPredictor))


class Forecasts:
    """The sum of some forecasts of each series, as a function of the last values of the series.

    The network computes in float64, whatever the model's type, so that differences can be taken.

    Parameters
    ----------
    model : GRUForecaster or ForecastPredictor
        Fitted.
    X : DataFrame, array, list or None
        The columns ahead, as `model.predict` takes them.
    target : int or None
        The step ahead, 1 being the first; None: the sum of all that `predict` gives.

    Attributes
    ----------
    values : ndarray of shape (n_series, n)
        The last values of each series, as many as the forecasts depend on.
    """

    def __init__(self, model, X, target):
        fitted = model._fitted_predictor() if isinstance(model, GRUForecaster) else model
        if target is not None and (not isinstance(target, Integral) or target < 1):
            raise ValueError(
                f"target={target!r} is invalid; for a forecaster it is None, or a step ahead, 1 being the "
                "first."
            )
        self.steps = fitted.steps_of(None) if target is None else np.array([int(target)])
        later = model._ahead(X, self.steps)
        network = fitted.predictor
        double = Predictor(
            network.network, network.parameters.astype(np.float64), network.inputs, network.decoding
        )
        self._model, self._fitted = model, fitted._with(predictor=double)
        start = self._fitted.start(int(self.steps[-1]), later)
        seen = []
        self._fitted.walk(start._replace(seen=seen), int(self.steps[-1]))
        # where all past seasons have one value, it is the forecast: if that changed along the way from the
        # baseline, forecasts would jump
        self._start = start._replace(kept=np.concatenate(seen, axis=1))
        self.values = _originals(self._start.values, fitted.known.ends)

    def __call__(self, values):
        """Sums of forecasts (k, n_series) after variants (k, n_series, n) of the last values."""
        n_series, n = self.values.shape
        at_once = max(1, AT_ONCE // n_series)
        parts = [values[first : first + at_once] for first in range(0, len(values), at_once)]
        return np.concatenate([self._sums(part.reshape(-1, n)).reshape(-1, n_series) for part in parts])

    def _sums(self, values):
        """Of values (k * n_series, n): those of all series, variant after variant."""
        of = np.resize(np.arange(len(self.values)), len(values))
        start, order = self._start, self._fitted.known.order
        covariates = None if start.covariates is None else start.covariates.of_series(of, 0)
        start = start._replace(
            values=np.diff(values, order),
            moments=start.moments[of],
            covariates=covariates,
            kept=start.kept[of],
        )
        ahead = self._fitted.walk(start, int(self.steps[-1]))
        ends = np.stack([np.diff(values, k)[:, -1] for k in range(order)], axis=1) if order else values[:, :0]
        return undifferenced(ahead, ends)[:, self.steps - 1].sum(axis=1)

    def slopes(self, values):
        """Slopes of the sums by each of the values (n_series, n), by central differences."""
        n = values.shape[1]
        spread = values.std(axis=1)
        step = STEP * np.where(spread > 0, spread, np.maximum(1.0, np.abs(values).max(axis=1)))
        moved = np.eye(n)[:, np.newaxis] * step[:, np.newaxis]  # (n, n_series, n)
        return ((self(values + moved) - self(values - moved)) / (2 * step)).T

    def baseline(self, given):
        """The values that the series are compared with, (n_series, n)."""
        if given is None:
            return np.zeros(self.values.shape)
        if isinstance(given, str) and given == "mean":
            return np.broadcast_to(self.values.mean(axis=1, keepdims=True), self.values.shape)
        if isinstance(given, Real) and np.isfinite(given):
            return np.full(self.values.shape, float(given))
        raise ValueError(
            f"baseline={given!r} is invalid; for a forecaster it is None, a number, or 'mean', the mean of "
            "the values that the forecast depends on."
        )

    def times(self, i):
        """Names of the times of the last values of series i; None if y was not pandas'."""
        if not isinstance(self._model, GRUForecaster) or not self._model._form.is_pandas:
            return None
        return self._model._form.axis(i).until(self.values.shape[1]).astype(str).tolist()

    def in_the_form_of_y(self, rows):
        """Rows (n_series, n), one number for each of the last values, in the container of y."""
        if isinstance(self._model, GRUForecaster):
            return self._model._form.wrap(rows, np.arange(1 - rows.shape[1], 1))
        return rows[0] if self._fitted.one_series else rows


def _originals(differences, ends):
    """The values whose differences these are, by their ends (n_series, order): (n_series, n + order)."""
    values = differences
    for end in ends.T[::-1]:
        before = end[:, np.newaxis] - np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
        values = np.concatenate([before, end[:, np.newaxis]], axis=1)
    return values


def explained(forecasts, method, baseline, quadrature):
    """Attributions (n_series, n) of the last values, and gaps (n_series,)."""
    values, gaps = forecasts.values, np.zeros(len(forecasts.values))
    if method == "gradient":
        return forecasts.slopes(values), gaps
    base = forecasts.baseline(baseline)
    difference = values - base
    if method == "gradient_x_input":
        return difference * forecasts.slopes(values), gaps
    at_x = forecasts(values[np.newaxis])[0]
    if method == "occlusion":
        n = values.shape[1]
        occluded = np.where(np.eye(n, dtype=bool)[:, np.newaxis], base, values)
        return (at_x - forecasts(occluded)).T, gaps
    mean = np.zeros(values.shape)
    for node, weight in zip(*quadrature, strict=True):
        mean += weight * forecasts.slopes(base + node * difference)
    attributed = difference * mean
    return attributed, at_x - forecasts(base[np.newaxis])[0] - attributed.sum(axis=1)
