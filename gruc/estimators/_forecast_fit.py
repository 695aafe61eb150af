"""A forecaster's fit, step by step: season and lags, windows, the end of training, the network."""

from typing import NamedTuple

import numpy as np

from ..runtime import Predictor
from ..sequences import Lags, LagWindows, Series, origins_of
from ..training import MOST_SEASONS, StepMemory, TrainingState
from ._calibration import conformal_of
from ._fit import report_end
from ._forecast_lags import (
    MOST_SEASONS_OF_CHUNKS,
    check_lengths,
    check_range,
    lags_of,
    refuse_short,
)
from ._forecast_run import Run, levels_of, network_of
from ._networks import random_generator, refuse_differences, set_update_gate_bias

# Upper limit on the windows that each epoch is validated on.
MOST_VALIDATED = 1 << 11
# The same in forecasts of single steps, where each step reads a window of its own.
MOST_STEPS = 1 << 14
# Shrinks what the network adds to the linear path: by half where this many forecasts that do not overlap
# support it.
DOUBTS = 5
# With this many held-out forecasts that do not overlap, quantiles are found from their errors alone.
ENOUGH_HELD_OUT = 50


class Fitted(NamedTuple):
    """What a fit has come to."""

    lags: Lags
    linear: np.ndarray  # see `LagWindows`
    moments: np.ndarray  # (n_series, 2), see `Lags.moments`
    predictor: Predictor
    state: object  # TrainingState
    history: object  # that of the run that early stopping watched
    conformal: object  # Conformal, or None
    covariates: object  # Covariates of all steps, scaled, or None


def run_fit(model, arrays, name_of, horizon, covariates=None):
    """Fit a forecaster.

    Parameters
    ----------
    model : GRUForecaster
        A copy, which replaces the user's if nothing is raised.
    arrays : list of ndarray of shape (t_i,)
        The series, differenced as the model asks for.
    name_of : callable
        Gives the name of series i in messages.
    horizon : int or None
        Steps that are to be forecast at once.
    covariates : Covariates or None
        Of all steps, not scaled yet.

    Returns
    -------
    Fitted
    """
    continued = vars(model).get("_predictor") if model.warm_start else None
    lags, lengths, split, run = _begin(model, arrays, name_of, horizon, covariates, continued)
    if model.early_stopping and not split.n_learned.any():
        refuse_short(lags, lengths)
    watched = None
    if model.early_stopping or (model.calibration is not None and split.n_learned.any()):
        watched = _held_out(run, arrays, covariates, lags, split, continued)
        if watched.stopped_by == "interrupt":
            moments = [lags.moments(array) for array in arrays]
            return _fitted(
                run, watched.lags, watched.linear, moments, watched.state, watched, watched.covariates
            )
    series = Series.of(arrays, [lags.moments(array) for array in arrays])
    of, origins = run.origins(series, lengths, lags)
    if not len(of):
        refuse_short(lags, lengths)
    covariates = _scaled(covariates, continued, lengths)
    lags, linear, _ = run.linear_path(series, covariates, lengths, lags, continued)
    n_epochs = watched.history.best_epoch if model.early_stopping else model.max_iter
    windows = run.windows(series, lags, of, origins, covariates, linear)
    if continued is None:
        run.begin_at_quantiles(windows)
    if n_epochs == 0:
        return _fitted(run, lags, linear, series.moments, run.start, watched, covariates)
    state, stopped_by = run(windows, n_epochs)
    if model.early_stopping:
        run.scale_answers(state, watched.factor)
    if not model.early_stopping or stopped_by == "interrupt":
        report_end(model, state, stopped_by, incremental=False)
    return _fitted(run, lags, linear, series.moments, state, watched, covariates)


def _begin(model, arrays, name_of, horizon, covariates, continued, most_seasons=MOST_SEASONS):
    """Lags, lengths of series, their `_Split`, and the `Run` of a new network or of the one to go on with."""
    check_range(arrays, name_of)
    lags = lags_of(model, arrays, horizon, most_seasons) if continued is None else continued.lags
    check_lengths(lags, arrays, name_of)
    lengths = np.array([len(array) for array in arrays], np.intp)
    network = network_of(model, lags, covariates)
    if continued is None:
        rng = random_generator(model.random_state)
        start = _initial_state(model, network, rng, lags)
    else:
        _check_continues(model, network, lags, horizon)
        network, start = continued.predictor.network, model._training_state.copy()
    split = _Split.of(lengths, lags, model.validation_fraction)
    return lags, lengths, split, Run(model, network, StepMemory(network), start)


def run_partial_fit(model, arrays, name_of, horizon, covariates=None):
    """One pass over a chunk of series, the errors before which are those of calibration; see `run_fit`."""
    continued = vars(model).get("_predictor")
    parts = model, arrays, name_of, horizon, covariates, continued
    lags, lengths, split, run = _begin(*parts, MOST_SEASONS_OF_CHUNKS)
    series = Series.of(arrays, [lags.moments(array) for array in arrays])
    of, origins = run.origins(series, lengths, lags)
    if not len(of):
        refuse_short(lags, lengths)
    # what errors are measured on is known neither to the first linear path nor to scales
    held_out = model.calibration is not None and split.n_learned.any()
    learned = split.lengths_learned(lengths, lags) if held_out else lengths
    before = [lags.moments(array[:n]) for array, n in zip(arrays, learned, strict=True)]
    before = series._replace(moments=np.asarray(before))
    covariates = _scaled(covariates, continued, learned)
    lags, linear, past_errors = run.linear_path(before, covariates, learned, lags, continued)
    windows = run.windows(series, lags, of, origins, covariates, linear)
    if continued is None:
        run.begin_at_quantiles(windows)
    conformal = None
    if held_out:
        validation = _validation(run, before, lags, split, covariates, linear)
        conformal = _calibration(run, run.start.parameters, validation, linear, past_errors)
    state, stopped_by = run.one_pass(windows, goes_on=continued is not None)
    report_end(model, state, stopped_by, incremental=True)
    predictor = run.predictor(state.parameters)
    return Fitted(lags, linear, series.moments, predictor, state, state.history, conformal, covariates)


def run_update(model, arrays, covariates=None):
    """One pass over windows that end in values that are new; the state after it, and its predictor.

    Parameters
    ----------
    model : GRUForecaster
        Fitted.
    arrays : list of ndarray of shape (t_i,)
        The last values of the series, differenced: those that it keeps, and the new ones.
    covariates : Covariates or None
        Of these steps.
    """
    fitted = model._predictor
    lags, lengths = fitted.lags, np.array([len(array) for array in arrays], np.intp)
    n_known = np.array([len(array) for array in fitted.known.recent])
    series = Series.of(arrays, fitted.moments)
    network = fitted.predictor.network
    horizon = None if fitted.steps is None else lags.horizon  # that of an fh is no parameter
    _check_continues(model, network_of(model, lags, covariates), lags, horizon)
    run = Run(model, network, StepMemory(network), model._training_state)
    first = np.maximum(lags.context, n_known - run.reach(lags) + 1)
    of, origins = origins_of(lengths, series.starts, first, lengths - run.reach(lags))
    if not len(of):
        return model._training_state, fitted.predictor
    state, stopped_by = run.one_pass(run.windows(series, lags, of, origins, covariates, fitted.linear))
    report_end(model, state, stopped_by, incremental=True)
    return state, run.predictor(state.parameters)


class _Split(NamedTuple):
    """How many windows of each series are learned from, and how many validated on, in order of time."""

    n_learned: np.ndarray  # (n,)
    n_validated: np.ndarray
    first_validated: np.ndarray  # values before the first origin that is validated on

    @classmethod
    def of(cls, lengths, lags, fraction):
        """The last `fraction` of windows is validated on, and no value of it is learned from."""
        n = np.maximum(lengths - lags.least_context - lags.horizon + 1, 0)
        least = np.minimum(lags.horizon, n // 4)
        most = np.maximum((n - lags.horizon + 1) // 2, 1)  # half of those whose horizons do not overlap
        n_validated = np.clip(np.maximum(np.rint(fraction * n), least), 1, most).astype(np.intp)
        n_learned = np.maximum(n - n_validated - lags.horizon + 1, 0)
        n_validated = np.where(n_learned > 0, n_validated, 0)  # of series too short to learn from
        return cls(n_learned, n_validated, lengths - lags.horizon - n_validated + 1)

    def lengths_learned(self, lengths, lags):
        """Values of each series that are learned from; of one without windows all."""
        return np.where(self.n_learned > 0, lags.least_context + self.n_learned + lags.horizon - 1, lengths)


def _scaled(covariates, continued, lengths, chosen=slice(None)):
    """Covariates scaled by the first steps of each series, or as those of the fit that is gone on with."""
    if covariates is None:
        return None
    return (
        covariates.scaled(lengths, chosen)
        if continued is None
        else covariates.scaled_as(continued.covariates)
    )


class _Watched(NamedTuple):
    """What training without the last part of each series has come to."""

    lags: Lags
    linear: np.ndarray
    covariates: object  # Covariates, scaled, or None
    state: object  # TrainingState
    stopped_by: str
    factor: float  # what answers are best multiplied by
    history: object
    conformal: object


def _held_out(run, arrays, covariates, lags, split, continued):
    """Train without the last part of each series: a `_Watched`.

    The best epoch of its history is 0 if the forecasts of none were better than those of the start.
    """
    model = run.model
    lengths = np.array([len(array) for array in arrays], np.intp)
    # nothing of what is validated on is known: neither to windows nor to the scale of a series
    learned = split.lengths_learned(lengths, lags)
    moments = [lags.moments(array[:n]) for array, n in zip(arrays, learned, strict=True)]
    series = Series.of(arrays, moments)
    covariates = _scaled(covariates, continued, learned, split.n_learned > 0)
    lags, linear, past_errors = run.linear_path(series, covariates, learned, lags, continued)
    of, origins = run.origins(series, np.where(split.n_learned > 0, learned, 0), lags)
    windows = run.windows(series, lags, of, origins, covariates, linear)
    if continued is None:
        run.begin_at_quantiles(windows)
    validation = _validation(run, series, lags, split, covariates, linear)
    everything = np.arange(len(validation))
    targets = validation.targets(everything, validation.read(everything)).astype(model.dtype)
    targets = np.repeat(targets, run.n_levels, axis=1)

    def answers(parameters):
        """What the network answers, and what that is best multiplied by."""
        outputs = run.answers(parameters, validation, linear)
        if run.levels or not run.strategy.is_direct:
            return outputs, 1.0
        return outputs, _best_factor(outputs, targets, validation.n_independent())

    def validate(parameters):
        outputs, factor = answers(parameters)
        n = len(targets)
        loss = run.loss.sum((factor * outputs).astype(model.dtype), targets, np.ones(n), float(n)) / n
        return loss, -loss

    state, stopped_by = run(windows, model.max_iter, validate if model.early_stopping else None)
    history, factor = state.history, 1.0
    if model.early_stopping or stopped_by == "interrupt":
        report_end(model, state, stopped_by, incremental=False)
    if model.early_stopping:
        if history.validation_scores and history.best_score > validate(run.start.parameters)[1]:
            factor = answers(state.parameters)[1]
            run.scale_answers(state, factor)
        else:
            history.best_epoch, state = 0, run.start
    conformal = None
    if model.calibration is not None:
        conformal = _calibration(run, state.parameters, validation, linear, past_errors)
    return _Watched(lags, linear, covariates, state, stopped_by, factor, history, conformal)


def _validation(run, series, lags, split, covariates, linear):
    """Some windows of the last part of each series, whose whole horizons are forecast."""
    lengths = np.diff(series.starts, append=len(series.values))
    first = split.first_validated
    of, origins = origins_of(lengths, series.starts, first, first + split.n_validated - 1)
    most = max(64, MOST_STEPS // lags.horizon) if run.model.strategy == "recursive" else MOST_VALIDATED
    some = _evenly(len(of), most)
    whole = linear if run.strategy.is_direct else None  # that of single steps does not answer a horizon
    return LagWindows(series, lags, of[some], origins[some], covariates, linear=whole)


def _calibration(run, parameters, validation, linear, past_errors):
    """What the errors of forecasts of these windows were like, and where they are few, of earlier ones."""
    errors, heads = run.errors(parameters, validation, linear)
    if past_errors is not None and validation.n_independent() < ENOUGH_HELD_OUT:
        earlier = past_errors.errors
        for _ in range(int(run.model.difference)):
            earlier = np.cumsum(earlier, axis=1)
        errors = np.concatenate([errors, earlier])
        heads = np.zeros((*errors.shape, 1))  # there are no quantiles beside the forecast
        validation = validation.with_origins(past_errors.of, past_errors.origins)
    return conformal_of(errors, heads, run.levels, validation, run.model.calibration == "adaptive")


def _best_factor(outputs, targets, n_independent):
    """What outputs are multiplied by: for the least squared error, but at most 1, and less where few tell."""
    outputs, targets = outputs.astype(np.float64), targets.astype(np.float64)
    size = np.square(outputs).sum()
    best = float(np.clip((outputs * targets).sum() / size, 0.0, 1.0)) if size > 0 else 1.0
    return best * n_independent / (n_independent + DOUBTS)


def _fitted(run, lags, linear, moments, state, watched, covariates):
    history = watched.history if run.model.early_stopping else state.history
    conformal = None if watched is None else watched.conformal
    moments = np.asarray(moments, np.float64)
    return Fitted(
        lags, linear, moments, run.predictor(state.parameters), state, history, conformal, covariates
    )


def _initial_state(model, network, rng, lags):
    """The state before training, in which the network answers 0."""
    state = TrainingState.initial(network, model.dtype, rng)
    parameters = network.table.views(state.parameters)
    set_update_gate_bias(model, network, parameters, lags.lags, rng)
    parameters["head.weight"][:] = 0
    parameters["head.bias"][:] = 0
    return state


def _check_continues(model, network, lags, horizon):
    """Refuse parameters that ask for another network than the one to go on with."""
    predictor = model._predictor.predictor
    known = predictor.network.named_config | {"dtype": predictor.parameters.dtype.name} | lags._asdict()
    known |= {"strategy": model._predictor.strategy, "quantile": model._predictor.levels}
    known["difference"] = model._predictor.known.order
    wanted = (
        {"strategy": model.strategy, "quantile": levels_of(model), "difference": int(model.difference)}
        | network.named_config
        | {"dtype": model.dtype, "scale": model.scale}
    )
    if model.lags != "auto":
        wanted["lags"] = model.lags
    if model.season_length is not None:
        wanted["season_length"] = model.season_length
    if horizon is None:
        horizon = model.horizon
    if horizon is not None:
        wanted["horizon"] = horizon
    refuse_differences(wanted, known)


def _evenly(n, most):
    """At most `most` of n places, evenly spaced."""
    n_some = min(n, most)
    return np.arange(n_some) * n // max(n_some, 1)
