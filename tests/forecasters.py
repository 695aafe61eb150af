"""Forecasters whose networks say something, and the series that they know."""

import numpy as np
from gruc import GRUForecaster

FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0, season_length=12)
KINDS = {
    "whole seasons": dict(horizon=12),
    "part of a season": dict(horizon=5),
    "more than a season": dict(horizon=17, lags=20),
    "differences": dict(horizon=4, difference=1),
    "second differences": dict(horizon=4, difference=2, scale="series"),
    "no scale, no season": dict(scale=None, season_length=1, horizon=3, lags=9),
    "two layers": dict(hidden_layer_sizes=(5, 3), horizon=4, pooling="mean", reset_after=False),
    "both directions": dict(bidirectional=True, pooling="attention", horizon=4),
    "recursive": dict(strategy="recursive", horizon=6, difference=1),
    "decoder": dict(strategy="decoder", horizon=6, difference=1),
    "decoder of two layers": dict(strategy="decoder", horizon=3, hidden_layer_sizes=(5, 3), scale="series"),
    "another cell": dict(cell="fio", strategy="decoder", horizon=4),
    "float64": dict(dtype="float64", horizon=4),
}


def wave(n, seed=0, level=100.0):
    """Trend, season and noise."""
    noise = np.random.default_rng(seed).standard_normal(n)
    return level + 0.1 * np.arange(n) + 10 * np.sin(2 * np.pi * np.arange(n) / 12) + noise


def nights(n):
    """Days of 12 steps, of which the first five and the last are 0."""
    days = np.random.default_rng(2).uniform(0.5, 1.5, -(-n // 12))
    return np.repeat(days, 12)[:n] * np.resize([0.0, 0, 0, 0, 0, 2, 5, 7, 6, 4, 1, 0], n)


def forecaster(kind, y):
    """A forecaster with random weights, fitted on y: an array, or a list of them."""
    model = GRUForecaster(**FAST | KINDS[kind]).fit(y)
    parameters = model._predictor.predictor.parameters
    parameters[:] = np.random.default_rng(1).standard_normal(len(parameters)) * 0.7
    return model


def later_forecasts(model, y, n_new):
    """Forecasts of all steps of the horizon after each of the last `n_new` values of y, (n_new, horizon)."""
    stream = model.stream(1)
    return stream.step(y[np.newaxis], every=True)[0, -n_new:]


# forecasters that read columns: settings, number of columns of X, whether static ones, number of series
COLUMNS = {
    "direct": (dict(horizon=5, lags=9, past_only=(1,)), 3, False, 1),
    "long horizon": (dict(horizon=14, lags=6, difference=1), 2, True, 2),
    "recursive": (dict(horizon=4, strategy="recursive", difference=1), 2, False, 1),
    "decoder": (dict(horizon=5, strategy="decoder", past_only=(0,)), 2, True, 2),
    "past only": (dict(horizon=4, past_only=(0, 1), season_length=1, lags=7), 2, False, 1),
    "static alone": (dict(horizon=4, scale="series"), 0, True, 2),
}
# settings of forecasters of several quantiles
QUANTILES = {
    "direct": dict(horizon=5),
    "differences": dict(horizon=4, difference=1),
    "recursive": dict(horizon=4, strategy="recursive"),
    "decoder": dict(horizon=4, strategy="decoder", difference=2),
    "without a median": dict(horizon=3, quantile=[0.05, 0.45, 0.9], scale="series"),
}


def reading(kind, **more):
    """A forecaster with random weights that reads columns, fitted on 100 steps; and y, X and static."""
    settings, n_columns, has_static, n_series = COLUMNS[kind]
    rng = np.random.default_rng(3)
    y = np.stack([wave(130, i) for i in range(n_series)])
    X = rng.standard_normal((n_series, 130, n_columns)) if n_columns else None
    static = rng.standard_normal((n_series, 2)) if has_static else None
    if n_series == 1:
        y, X = y[0], None if X is None else X[0]
    fit_X = None if X is None else X[..., :100, :]
    model = GRUForecaster(**FAST | settings | more).fit(y[..., :100], fit_X, static=static)
    with_random_weights(model)
    return model, y, X, static


def quantiles(kind, y, **more):
    """A forecaster of several quantiles with random weights."""
    settings = (
        FAST | dict(loss="quantile", quantile=[0.1, 0.5, 0.9], calibration=None) | QUANTILES[kind] | more
    )
    return with_random_weights(GRUForecaster(**settings).fit(y))


def with_random_weights(model):
    """The model; its weights are others."""
    parameters = model._predictor.predictor.parameters
    parameters[:] = np.random.default_rng(1).standard_normal(len(parameters)) * 0.4
    return model


def ahead_of(model, X, t):
    """What `predict` takes of X after t steps."""
    if X is None or len(model.past_only) == X.shape[-1]:
        return None
    names = [j for j in range(X.shape[-1]) if j not in model.past_only]
    return X[..., t : t + model.horizon_, :][..., names]


def all_quantiles(predictor, X=None):
    """Quantiles of the network after what a `ForecastPredictor` knows, without calibration: (n, horizon, Q)."""
    steps = predictor.steps_of(None)
    forecasts, heads = predictor._forecasts_and_heads(int(steps[-1]), predictor._ahead(X, steps))
    return (forecasts[:, :, np.newaxis] + heads)[:, steps - 1]
