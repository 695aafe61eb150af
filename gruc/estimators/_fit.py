"""A fit, step by step: check, hold out, encode, start or continue, validate, train."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..conventions.inputs import (
    check_as_many,
    check_sample_weight,
    check_targets_given,
    refuse_missing,
    warn_of_one_step,
)
from ..conventions.interrupts import is_one_of_several_fits
from ..conventions.parameter_names import setting
from ..conventions.user_warnings import warn_user
from ..network import GRUNetwork
from ..runtime import Predictor
from ..sequences import Numbers, Tokens
from ..training import StepMemory, TrainingData, TrainingStep, train
from ._automatic import automatic_parameters
from ._holdout import (
    GivenValidation,
    check_validation_given,
    record_split,
    split_off,
    validation_on,
    validation_on_split,
)
from ._networks import (
    ENOUGH_SEQUENCES,
    check_continues,
    check_reading,
    initial_state,
    inputs_of,
    new_network,
    random_generator,
    standardized,
)
from ._structure_choice import chosen_structure
from ._training import begin_training, settings_of, warn_of_rate_zero


class Given(NamedTuple):
    """What the user gives to fit or, with `incremental`, to partial_fit."""

    X: Any
    y: Any
    sample_weight: Any = None
    validation: GivenValidation = GivenValidation()
    incremental: bool = False
    classes: Any = None


class Candidate(NamedTuple):
    """An estimator in training, without the parameters of its network.

    Parameters
    ----------
    estimator : BaseGRU
    network : GRUNetwork
    inputs : Numbers or Tokens
    targets : ClassTargets, IndicatorTargets or ValueTargets
    """

    estimator: Any
    network: GRUNetwork
    inputs: Numbers | Tokens
    targets: Any

    def predictor(self, parameters):
        """The predictor with these parameters."""
        return Predictor(
            self.network,
            parameters,
            self.inputs,
            self.targets.outputs,
            n_jobs=self.estimator.n_jobs,
            matmul_precision=self.estimator.matmul_precision,
        )

    def fitted_with(self, parameters):
        """A copy of the estimator as if fitted, with these parameters."""
        fitted = object.__new__(type(self.estimator))
        vars(fitted).update(vars(self.estimator), _predictor=self.predictor(parameters))
        return fitted


def run_fit(model, given, callbacks):
    """Fit an estimator, or one pass for its partial_fit.

    Parameters
    ----------
    model : BaseGRU
        A copy, which replaces the user's estimator if nothing is raised.
    given : Given
    callbacks : EpochCallbacks or None
    """
    parameters_changed = model._params_changed()
    continues = (given.incremental or model.warm_start) and "_training_state" in vars(model)
    states = [state.copy() for state in model._training_states] if continues else None
    rng = states[0].rng if continues else random_generator(model.random_state)
    if parameters_changed or not continues:
        check_reading(model)

    sequences, sample_weight = _checked(model, given, continues)
    network = model._predictor.network if continues else None
    structure = None
    if not continues and not given.incremental:
        structure = _structure_to_take(model, given, sequences, sample_weight, rng)
    lengths = _counted(sequences, sample_weight)
    with automatic_parameters(model, lengths, given.incremental, network, structure):
        _run(model, given, callbacks, sequences, sample_weight, states, rng, parameters_changed)


def _structure_to_take(model, given, sequences, sample_weight, rng):
    """The structure that a new network has in place of "auto", if trials decide, or None."""

    def check():
        _encoded(model, given, sequences, sample_weight, gathers=True, continues=False)

    def run(trial, weights, validation, own_rng):
        with automatic_parameters(trial, _counted(sequences, weights)):
            of_trial = given._replace(validation=validation)
            _run(trial, of_trial, None, sequences, weights, None, own_rng, True)

    return chosen_structure(model, given, sequences, sample_weight, rng, check, run)


def _run(model, given, callbacks, sequences, sample_weight, states, rng, parameters_changed):
    """Fit to sequences that are checked, continuing from `states` unless that is None."""
    continues = states is not None
    split, weights = None, sample_weight
    if model.early_stopping and given.validation.X is None:
        split = split_off(model, given.y, sample_weight, states[0].history if continues else None, rng)
        weights = split.weights
    gathers = not continues or (given.incremental and model._first_statistics is not None)
    targets = _encoded(model, given, sequences, weights, gathers, continues)
    learned = _learning_set(model, targets.weights, sequences, split, given.incremental)
    weights = learned.of_sequences

    n_outputs = targets.outputs.n_outputs
    if continues:
        network, inputs = model._predictor.network, model._predictor.inputs
        if parameters_changed or n_outputs != network.config["n_outputs"]:
            check_continues(model, n_outputs)
    else:
        inputs = inputs_of(model, sequences, sample_weight)
        network = new_network(model, inputs, n_outputs)
        states = _initial_states(model, network, rng, inputs, sequences, learned, targets)
    if gathers:
        inputs = _scaled_inputs(model, inputs, sequences, weights, continues, given.incremental)
    inputs.check_range(sequences, model.dtype, "X")

    candidate = Candidate(model, network.estimator, inputs, targets)
    validation = _validation(model, candidate, given, sequences, sample_weight, split)
    data = TrainingData(
        sequences,
        inputs.scaling,
        targets.values,
        learned.weights,
        learned.chosen,
        inputs.framing,
        network.answers_each_step,
    )
    settings = settings_of(
        model,
        len(sequences) if sample_weight is None else np.count_nonzero(sample_weight),
        max_epochs=1 if given.incremental else model.max_iter,
        patience=None if given.incremental else model.n_iter_no_change,
        early_stopping=model.early_stopping,
        will_go_on=given.incremental,
    )
    for state in states:
        begin_training(model, state, network.estimator, parameters_changed, given.incremental)
        record_split(state.history, split)
    warn_of_rate_zero(model, states[0].schedule)
    ends = _train_each(candidate, states, data, settings, validation, callbacks)
    if not continues and len(ends) < len(states):  # the others are not trained
        states, network = states[: len(ends)], network.of_several(len(ends))
    told = _end_to_report(ends)
    report_end(model, states[told], ends[told], given.incremental)
    if not given.incremental:
        for state in states:
            state.schedule = None  # it has come to its end
        del model._step_memory
    parameters = network.joined([state.parameters for state in states])
    model._set_fitted(states, candidate._replace(network=network).predictor(parameters))


def _train_each(candidate, states, data, settings, validation, callbacks):
    """Train each state; returns what ended each, up to an interrupt or a callback that stops the fit."""
    ends, last = [], {"interrupt"} if settings.will_go_on else {"interrupt", "watcher"}
    for k, state in enumerate(states):
        if len(states) > 1 and candidate.estimator.verbose:
            print(f"Network {k + 1} of {len(states)}", flush=True)
        ends.append(train_candidate(candidate, state, data, settings, validation, callbacks))
        if ends[-1] in last:
            break
    return ends


def _end_to_report(ends):
    """The index of the end that a user should hear of."""
    return next((ends.index(end) for end in ("interrupt", "divergence", "max_iter") if end in ends), 0)


def _initial_states(model, network, rng, inputs, sequences, learned, targets):
    """The states of all estimators before training, of which the first draws from `rng` itself."""
    states = []
    for generator in [rng, *rng.spawn(network.n_estimators - 1)]:
        state = initial_state(model, network.estimator, generator, inputs, sequences, learned.of_sequences)
        targets.initialise(network.estimator.table.views(state.parameters), learned.weights)
        states.append(state)
    return states


def draw(model, X, sample_weight):
    """Give an estimator a network with initial parameters, as if fitted."""
    model._params_changed()
    check_reading(model)
    sequences = model._check_X(X, reset=True)
    warn_of_one_step(sequences, model._fitted_on_table)
    weights = check_sample_weight(sample_weight, sequences)
    with automatic_parameters(model, _counted(sequences, weights)):
        inputs, _ = standardized(model, inputs_of(model, sequences), sequences, weights)
        inputs.check_range(sequences, model.dtype, "X")
        network = new_network(model, inputs, 1)
        rng = random_generator(model.random_state)
        state = initial_state(model, network, rng, inputs, sequences, weights)
    model._predictor = Predictor(network, state.parameters, inputs, n_jobs=model.n_jobs)


def _counted(sequences, sample_weight):
    """Lengths of the sequences whose weight is not 0."""
    return sequences.lengths if sample_weight is None else sequences.lengths[sample_weight > 0]


def _checked(model, given, continues):
    """The sequences of X and their weights, or None; y is checked as far as all targets are alike."""
    if given.incremental:
        refuse_early_stopping(model)
    check_validation_given(*given.validation)
    sequences = model._check_X(given.X, reset=not continues)
    check_targets_given(model, given.y)
    check_as_many(sequences, given.y, given.X)
    refuse_missing(given.y)
    if not continues:
        warn_of_one_step(sequences, model._fitted_on_table)
    return sequences, check_sample_weight(given.sample_weight, sequences, as_given=given.incremental)


def refuse_early_stopping(model):
    """Refuse a parameter that partial_fit cannot follow."""
    if model.early_stopping:
        raise ValueError(
            "early_stopping=True needs all data at once, which partial_fit does not see. Set it to "
            "False, and score held-out data between the calls."
        )


def _encoded(model, given, sequences, sample_weight, gathers, continues):
    """The targets of y, whose attributes the estimator gets."""
    y, sample_weight = model._target_rows(given.y, sample_weight, sequences.lengths)
    known = model._known_targets(gathers) if continues else None
    options = {} if given.classes is None else {"classes": given.classes}
    targets = model._targets_of(y, sample_weight, known, given.incremental, **options)
    vars(model).update(targets.attributes())
    return targets


class LearningSet(NamedTuple):
    """What a fit learns from, and how much it counts; weights have a mean of 1, except in partial_fit."""

    chosen: np.ndarray | None  # places of sequences; None for all
    weights: np.ndarray | None  # of targets; None for ones
    of_sequences: np.ndarray | None  # of all sequences: where steps have targets, the mean of theirs


def _learning_set(model, weights, sequences, split, incremental):
    """The `LearningSet` of targets with these weights, or None."""
    chosen = None if split is None else split.chosen
    if weights is None:
        return LearningSet(chosen, None, None)
    counts = sequences.lengths if model._each_step else np.ones(len(sequences), np.intp)
    totals = np.add.reduceat(weights, np.cumsum(counts) - counts) if model._each_step else weights
    counted = np.flatnonzero(totals) if chosen is None else chosen
    counted = counted[totals[counted] > 0]
    if len(counted) < len(totals):
        chosen = counted
    scale = 1.0 if incremental else totals[counted].sum() / counts[counted].sum()
    return LearningSet(chosen, weights / scale, totals / counts / scale)


def _scaled_inputs(model, inputs, sequences, weights, continues, incremental):
    """Inputs with the scaling of these sequences; partial_fit remembers the first of them."""
    first = model._first_statistics if continues else None
    inputs, statistics = standardized(model, inputs, sequences, weights, first)
    if incremental and statistics[0] < ENOUGH_SEQUENCES:
        model._first_statistics = statistics
    else:
        for name in ("_first_statistics", "_first_targets"):
            vars(model).pop(name, None)
    return inputs


def _validation(model, candidate, given, sequences, sample_weight, split):
    """The `Validation` of the fit, or None; warns of classes that it lacks."""
    if split is not None:
        validation = validation_on_split(model, candidate, given, sequences, sample_weight, split)
    elif given.validation.X is not None:
        validation = validation_on(model, candidate, given.validation)
    else:
        return None
    is_watched = model.early_stopping and not model._is_trial
    if is_watched and model._strata(given.y) is not None:  # several labels are not split by class
        missing = candidate.targets.missing_classes(validation.y)
        if missing:
            warn_user(
                f"The validation set, {len(validation.sequences)} sequences, has none of {missing}: its "
                "score says nothing about that. Give X_val and y_val with members of every class, or set "
                "a larger validation_fraction."
            )
    return validation


def train_candidate(candidate, state, data, settings, validation, callbacks, candidates_of=None):
    """Run the training loop; returns what ended it. `candidates_of` is that of `TrainingStep`."""
    model, network = candidate.estimator, candidate.network
    memory = vars(model).get("_step_memory")
    if memory is None or memory.network is not network:
        memory = model._step_memory = StepMemory(network)
    if callbacks is not None:
        callbacks.attributes_with = lambda parameters: vars(candidate.fitted_with(parameters.copy()))
    dropout, frozen = (model.dropout, model.recurrent_dropout), False
    if network.embedding is not None:
        dropout, frozen = (*dropout, model.embedding_dropout), not setting(model, "train_embedding")
    loss, n_jobs, precision = candidate.targets.loss, model.n_jobs, model.matmul_precision
    with TrainingStep(memory, loss, dropout, n_jobs, frozen, candidates_of, precision) as step:
        return train(state, data, step, settings, validate=validation, watcher=callbacks)


def report_end(model, state, stopped_by, incremental):
    """Warn of a fit that was interrupted, diverged or has not converged, or raise KeyboardInterrupt again."""
    is_trial = getattr(model, "_is_trial", False)
    if stopped_by == "interrupt":
        if incremental or is_trial or is_one_of_several_fits():
            raise KeyboardInterrupt
        warn_user(
            f"Training interrupted in epoch {state.history.n_epochs + 1}; the model keeps "
            f"{'the best' if model.early_stopping else 'what'} it learned so far."
        )
    if stopped_by == "divergence" and not is_trial:
        loss = state.history.loss_curve[state.history.best_epoch - 1]
        warn_user(
            f"Training has not lowered the loss, which is {loss:.4g} at the end: lower learning_rate_init, "
            "keep max_grad_norm at 1 or below, or standardize the data.",
            ConvergenceWarning,
        )
    runs_to_the_end = model.n_iter_no_change == np.inf or model.learning_rate == "cosine"
    if stopped_by == "max_iter" and not (incremental or is_trial or runs_to_the_end):
        warn_user(
            f"Maximum iterations ({model.max_iter}) reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
        )
