"""What a fit and an update of a forecaster train: its network, on windows as the strategy wants them."""

import functools

import numpy as np

from ..network import GRUNetwork
from ..outputs import Values, scaled_errors
from ..runtime import Predictor
from ..runtime.strategies import STRATEGIES, Start
from ..sequences import LagWindows, Numbers, origins_of
from ..training import ForecastData, Known, Loss, TrainingStep, find_linear_path, train
from ._networks import network_config
from ._training import set_optimizer, settings_of
from ._value_targets import quantile_levels

# Number of windows that the initial quantiles of the targets are estimated from.
ENOUGH_WINDOWS = 1 << 11


def levels_of(model):
    """The quantiles that the network answers; () for another loss."""
    return tuple(quantile_levels(model.quantile).tolist()) if model.loss == "quantile" else ()


def network_of(model, lags, covariates):
    """The network that the parameters ask for."""
    strategy = STRATEGIES[model.strategy]
    lags = strategy.lags(lags)
    n_features = lags.width if covariates is None else lags.width + covariates.width(lags)
    n_outputs = lags.horizon * max(len(levels_of(model)), 1)
    config = network_config(model, Numbers(n_features), n_outputs)
    if strategy.answers_rows:
        for name, value in (("pooling", "last"), ("bidirectional", False)):
            if config[name] != value:
                raise ValueError(
                    f"{name}={config[name]!r} cannot be combined with strategy={model.strategy!r}, whose "
                    f"network predicts each step as it reads it. Set {name}={value!r}, or strategy='direct'."
                )
        config["pooling"] = None
    return GRUNetwork(**config)


class Run:
    """Training of one network from the same start, with several sets of windows."""

    def __init__(self, model, network, memory, start):
        self.model, self.network, self.memory = model, network, memory
        self.start = start
        self.levels = levels_of(model)
        self.loss = Loss(model.loss, self.levels or (float(model.delta),))
        self.strategy = STRATEGIES[model.strategy]

    @property
    def n_levels(self):
        """Answers for each step."""
        return max(len(self.levels), 1)

    def reach(self, lags):
        """Steps from an origin on that a window of training is to answer."""
        return self.strategy.lags(lags).horizon + self.strategy.n_more(lags)

    def origins(self, series, lengths, lags):
        """Origins of windows within the first `lengths` values of each series; see `origins_of`."""
        first = np.full(len(lengths), lags.least_context)
        return origins_of(lengths, series.starts, first, lengths - self.reach(lags))

    def windows(self, series, lags, of, origins, covariates, linear):
        """Windows to learn from."""
        n_more = self.strategy.n_more(lags)
        return LagWindows(series, self.strategy.lags(lags), of, origins, covariates, n_more, linear)

    def linear_path(self, series, covariates, lengths, lags, continued):
        """Lags with their units, the linear path of the first so many values of each series, `PastErrors`.

        A fit with `warm_start` goes on with those that its network was trained with. A network that answers
        rows has none: it reads no whole window before the first of them. The errors are None unless they
        are of whole horizons.
        """
        if continued is not None:
            return continued.lags, continued.linear, None
        windows_of = functools.partial(LagWindows, series, covariates=covariates)
        known = Known(windows_of, series.starts, lengths)
        found, linear, past_errors = find_linear_path(known, self.strategy.lags(lags))
        found = found._replace(horizon=lags.horizon)
        if self.strategy.answers_rows:
            found, linear = found._replace(remainder=1.0), None
        return found, linear, past_errors if self.strategy.is_direct and not self.levels else None

    def answers(self, parameters, windows, linear):
        """What all steps of the horizon are forecast to be, as a direct network would answer."""
        if self.strategy.is_direct:
            return self.predictor(parameters).outputs(windows)
        read = windows.read(slice(None))
        answers = (self.walked(parameters, windows, linear) - read.base[:, :, np.newaxis]) / read.divisor[
            :, :, np.newaxis
        ]
        return answers.astype(self.model.dtype).reshape(len(answers), -1)

    def start_of(self, windows, linear):
        """The `Start` of forecasts from the origins of windows."""
        series, lags, of, origins = windows.series, windows.lags, windows.of, windows.origins
        return Start.before(series, lags, of, origins, windows.covariates, linear, self.levels)

    def walked(self, parameters, windows, linear):
        """Forecasts of the horizons that follow windows: all levels, (n, horizon, Q)."""
        start, lags = self.start_of(windows, linear), windows.lags
        return self.strategy.walk(self.predictor(parameters), lags, start, lags.horizon)

    def errors(self, parameters, windows, linear):
        """Errors of these forecasts, and their quantiles less the forecasts; see `scaled_errors`."""
        start, lags = self.start_of(windows, linear), windows.lags
        walked, scales = self.walked(parameters, windows, linear), start.scales(lags)
        truth = windows.series.values[windows.origins[:, np.newaxis] + np.arange(lags.horizon)]
        scales = np.where(scales > 0, scales, np.nan)
        return scaled_errors(truth, walked, start.point, scales, int(self.model.difference))

    def begin_at_quantiles(self, windows):
        """Let a network of quantiles start with those of what is to be answered, instead of 0."""
        if not self.levels:
            return
        some = np.arange(0, len(windows), -(-len(windows) // ENOUGH_WINDOWS))
        part = ForecastData(windows, "float64", self.strategy.answers_rows).part(some)
        self.start = self.start.copy()
        bias = self.network.table.views(self.start.parameters)["head.bias"]
        bias[:] = np.quantile(part.targets, self.levels, axis=0).T.reshape(-1)

    def __call__(self, windows, n_epochs, validate=None):
        """The state after at most `n_epochs`, and what ended training."""
        model = self.model
        state = self.start.copy()
        state.history = type(state.history)()
        state.optimizer = state.schedule = None
        patience = None if model.early_stopping and validate is None else model.n_iter_no_change
        return state, self._train(state, windows, n_epochs, patience, validate, repeats=True)

    def one_pass(self, windows, goes_on=False):
        """The state after one epoch with the optimiser at hand, and what ended training.

        With `goes_on` the learning rate is where epochs before have left it.
        """
        state = self.start.copy()
        if not goes_on:
            state.schedule = None
        return state, self._train(state, windows, 1, None, None)

    def _train(self, state, windows, n_epochs, patience, validate, repeats=False):
        model = self.model
        set_optimizer(model, state, self.network)
        data = ForecastData(windows, model.dtype, self.strategy.answers_rows, self.n_levels)
        settings = settings_of(
            model,
            len(data),
            max_epochs=int(n_epochs),
            patience=patience,
            early_stopping=validate is not None,
        )
        settings = settings._replace(batch_size=min(settings.batch_size, len(data)))
        if repeats:
            data = data.repeated(settings.batch_size)
        dropout = model.dropout, model.recurrent_dropout
        precision = model.matmul_precision
        with TrainingStep(self.memory, self.loss, dropout, model.n_jobs, matmul_precision=precision) as step:
            return train(state, data, step, settings, validate=validate)

    def scale_answers(self, state, factor):
        """Multiply what the network answers."""
        parameters = self.network.table.views(state.parameters)
        parameters["head.weight"] *= factor
        parameters["head.bias"] *= factor

    def predictor(self, parameters):
        """The predictor with these parameters."""
        inputs = Numbers(self.network.config["n_features"])
        decoding = Values(self.network.config["n_outputs"] // self.n_levels, n_quantiles=self.n_levels)
        n_jobs, precision = self.model.n_jobs, self.model.matmul_precision
        return Predictor(
            self.network, parameters, inputs, decoding, n_jobs=n_jobs, matmul_precision=precision
        )
