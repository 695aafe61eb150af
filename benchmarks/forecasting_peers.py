"""Forecasts of other libraries on the series of forecasting_series.py, at their defaults.

    pip install statsforecast neuralforecast

AutoETS and MSTL of statsforecast are fitted anew at every origin. The networks of neuralforecast are trained
once, on what is before the test part, and read the values up to each origin, as gruc's forecaster does.
NHITS has no default `input_size`: it is that of its documentation, two horizons, but a season at least.
"""

import logging
import time
import warnings

import numpy as np
from forecasting_series import HORIZON, SEASON


def auto_ets(problem):
    """Forecasts (n_origins, horizon)."""
    from statsforecast.models import AutoETS

    return _at_every_origin(AutoETS(season_length=problem.season), problem)


def mstl(problem):
    """The same; half hours of electricity have the season of a day, too."""
    from statsforecast.models import MSTL

    seasons = [48, 336] if problem.season == 336 else problem.season
    return _at_every_origin(MSTL(season_length=seasons), problem)


def _at_every_origin(model, problem):
    return np.stack(
        [model.forecast(problem.values[:origin], problem.horizon)["mean"] for origin in problem.origins]
    )


def nhits(problem, seed=1):
    """Forecasts (n_origins, horizon)."""
    size = max(2 * problem.horizon, problem.season)
    return _of_network("NHITS", problem, input_size=size, random_seed=seed)


def gru(problem, seed=1):
    """Forecasts (n_origins, horizon)."""
    return _of_network("GRU", problem, random_seed=seed)


def _of_network(name, problem, **settings):
    first, *_ = problem.origins
    network = _trained(name, [problem.values[:first]], problem.horizon, **settings)
    forecasts = [network.predict(_frame([problem.values[:origin]])) for origin in problem.origins]
    return np.stack([table[name].to_numpy() for table in forecasts])


def nhits_of_many(made, seed=1):
    """Forecasts of the last 24 steps of many series, (n_series, 24)."""
    return _of_many("NHITS", made, input_size=2 * HORIZON, random_seed=seed)


def gru_of_many(made, seed=1):
    """The same."""
    return _of_many("GRU", made, random_seed=seed)


def auto_ets_of_many(made):
    """The same."""
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=SEASON)
    return np.stack([model.forecast(y[:-HORIZON], HORIZON)["mean"] for y in made])


def _of_many(name, made, **settings):
    network = _trained(name, [y[:-HORIZON] for y in made], HORIZON, **settings)
    return network.predict()[name].to_numpy().reshape(len(made), HORIZON)


def _frame(many):
    """Series as neuralforecast has them; times are numbers."""
    import pandas as pd

    keys = np.repeat(np.arange(len(many)), [len(y) for y in many])
    times = np.concatenate([np.arange(len(y)) for y in many])
    return pd.DataFrame({"unique_id": keys, "ds": times, "y": np.concatenate(many)})


def _trained(name, many, horizon, **settings):
    from neuralforecast import NeuralForecast, models

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    quiet = dict(
        logger=False, enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False
    )
    network = getattr(models, name)(h=horizon, accelerator="cpu", **settings, **quiet)
    network = NeuralForecast([network], freq=1)
    network.fit(_frame(many))
    return network


def timed(function, *arguments, **options):
    """What it returns, and the seconds of processor time it took."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.process_time()
        return function(*arguments, **options), time.process_time() - started
