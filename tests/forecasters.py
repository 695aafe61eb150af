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
    "float64": dict(dtype="float64", horizon=4),
}


def wave(n, seed=0, level=100.0):
    """Trend, season and noise."""
    noise = np.random.default_rng(seed).standard_normal(n)
    return level + 0.1 * np.arange(n) + 10 * np.sin(2 * np.pi * np.arange(n) / 12) + noise


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
