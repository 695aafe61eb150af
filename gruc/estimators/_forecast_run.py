"""What a fit and an update of a forecaster train: its network, on windows as the strategy wants them."""

import functools

import numpy as np

from ..network import GRUNetwork
from ..runtime import Predictor
from ..runtime.strategies import STRATEGIES, Start
from ..sequences import LagWindows, Numbers
from ..training import ForecastData, Known, Loss, TrainingStep, find_linear_path, train
from ._fit import set_optimizer, settings_of
from ._networks import network_config


def network_of(model, lags, beside):
    """The network that the parameters ask for."""
    strategy = STRATEGIES[model.strategy]
    lags = strategy.lags(lags)
    n_features = lags.width if beside is None else lags.width + beside.width(lags)
    config = network_config(model, Numbers(n_features), lags.horizon)
    if strategy.answers_rows:
        for name, value in (("pooling", "last"), ("bidirectional", False)):
            if config[name] != value:
                raise ValueError(
                    f"{name}={config[name]!r} does not go with strategy={model.strategy!r}, whose network "
                    f"answers each step as it reads it. Set {name}={value!r}, or strategy='direct'."
                )
        config["pooling"] = None
    return GRUNetwork(**config)


class Run:
    """Training of one network from the same start, with several sets of windows."""

    def __init__(self, model, network, memory, start):
        self.model, self.network, self.memory, self.start = model, network, memory, start
        self.loss = Loss(model.loss, (float(model.delta),))
        self.strategy = STRATEGIES[model.strategy]

    def reach(self, lags):
        """Steps from an origin on that a window of training is to answer."""
        return self.strategy.lags(lags).horizon + self.strategy.n_more(lags)

    def windows(self, series, lags, of, origins, beside, linear):
        """Windows to learn from."""
        n_more = self.strategy.n_more(lags)
        return LagWindows(series, self.strategy.lags(lags), of, origins, beside, n_more, linear)

    def linear_path(self, series, beside, lengths, lags, continued):
        """Lags with their units and the linear path of the first so many values of each series.

        A fit with `warm_start` goes on with those that its network was trained with. A network that answers
        rows has none: it reads no whole window before the first of them.
        """
        if continued is not None:
            return continued.lags, continued.linear
        windows_of = functools.partial(LagWindows, series, beside=beside)
        known = Known(windows_of, series.starts, lengths)
        found, linear = find_linear_path(known, self.strategy.lags(lags))
        found = found._replace(horizon=lags.horizon)
        return (found._replace(remainder=1.0), None) if self.strategy.answers_rows else (found, linear)

    def answers(self, parameters, windows, linear):
        """What all steps of the horizon are forecast to be, as a direct network would answer."""
        predictor = self.predictor(parameters)
        if self.strategy.is_direct:
            return predictor.outputs(windows)
        start, lags, read = _start_of(windows, linear), windows.lags, windows.read(slice(None))
        forecasts = self.strategy.walk(predictor, lags, start, lags.horizon)
        return ((forecasts - read.base) / read.divisor).astype(self.model.dtype)

    def __call__(self, windows, n_epochs, validate=None):
        """The state after at most `n_epochs`, and what ended training."""
        model = self.model
        state = self.start.copy()
        state.history = type(state.history)()
        state.optimizer = state.schedule = None
        patience = None if model.early_stopping and validate is None else model.n_iter_no_change
        return state, self._train(state, windows, n_epochs, patience, validate)

    def one_pass(self, windows):
        """The state after one epoch with the optimiser at hand, and what ended training."""
        state = self.start.copy()
        state.schedule = None
        return state, self._train(state, windows, 1, None, None)

    def _train(self, state, windows, n_epochs, patience, validate):
        model = self.model
        set_optimizer(model, state, self.network)
        data = ForecastData(windows, model.dtype, self.strategy.answers_rows)
        settings = settings_of(
            model,
            len(data),
            max_epochs=int(n_epochs),
            patience=patience,
            early_stopping=validate is not None,
        )
        settings = settings._replace(batch_size=min(settings.batch_size, len(data)))
        dropout = model.dropout, model.recurrent_dropout
        with TrainingStep(self.memory, self.loss, dropout, model.n_jobs) as step:
            return train(state, data, step, settings, validate=validate)

    def scale_answers(self, state, factor):
        """Multiply what the network answers."""
        parameters = self.network.table.views(state.parameters)
        parameters["head.weight"] *= factor
        parameters["head.bias"] *= factor

    def predictor(self, parameters):
        """The predictor with these parameters."""
        inputs = Numbers(self.network.config["n_features"])
        return Predictor(self.network, parameters, inputs, n_jobs=self.model.n_jobs)


def _start_of(windows, linear):
    """The `Start` of forecasts from the origins of windows."""
    lags, of, series = windows.lags, windows.of, windows.series
    steps = windows.origins - series.starts[of] - lags.context
    beside = None if windows.beside is None else windows.beside.of_series(of, steps)
    values = series.values[windows.origins[:, np.newaxis] + np.arange(-lags.context, 0)]
    return Start(values, series.moments[of], beside, linear)
