"""A fit of GRUSeq2Seq, step by step: symbols, pairs, what is held out, network, training."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from ..conventions.inputs import check_sample_weight
from ..network import EncoderDecoder
from ..preprocessing import TextSequencer
from ..runtime import Translator
from ..runtime.symbols import IntegerSymbols, TextSymbols
from ..sequences import RaggedTokens, as_tokens
from ..training import (
    Loss,
    PairData,
    SampledStep,
    StepMemory,
    TrainingState,
    TrainingStep,
    train,
)
from ._fit import refuse_early_stopping, report_end
from ._holdout import check_validation_given, record_split, split_off
from ._networks import (
    cell_config,
    layer_sizes,
    random_generator,
    refuse_differences,
    set_update_gate_bias,
)
from ._training import set_optimizer, settings_of


class GivenPairs(NamedTuple):
    """Sequences, answers and weights as the user gives them."""

    X: Any
    y: Any
    sample_weight: Any = None


class Pairs(NamedTuple):
    """Sequences and answers as tokens, lists of int32 arrays; answers without start and end."""

    sources: list
    answers: list

    def inputs(self, start):
        """What the decoder reads: the start, then the answer."""
        first = np.array([start], np.int32)
        return [np.concatenate([first, answer]) for answer in self.answers]

    def targets(self, end):
        """What it is to answer, sequence after sequence: the answer, then the end."""
        last = np.array([end], np.int32)
        return np.concatenate([part for answer in self.answers for part in (answer, last)]).astype(np.intp)


def run_fit(model, given, validation, incremental):
    """Fit an estimator, or one pass for its partial_fit.

    Parameters
    ----------
    model : GRUSeq2Seq
        A copy, which replaces the user's estimator if nothing is raised.
    given, validation : GivenPairs
    incremental : bool
    """
    if incremental:
        refuse_early_stopping(model)
    check_validation_given(*validation)
    continues = (incremental or model.warm_start) and "_predictor" in vars(model)
    state = model._training_state.copy() if continues else None
    rng = state.rng if continues else random_generator(model.random_state)
    known = model._predictor if continues else None
    X, y = as_collection(given.X, "X"), as_collection(given.y, "y")
    if continues:
        for name in ("source", "target"):
            _check_same_sequencer(getattr(model, name), getattr(model, f"{name}_"), name)
        source, target = known.source, known.target
    else:
        source, model.source_ = _symbols_of(model.source, X, "X", "source")
        target, model.target_ = _symbols_of(model.target, y, "y", "target")
    pairs = _pairs(source, target, X, y)
    longest = _longest_of(model, pairs, known)
    weights = check_sample_weight(given.sample_weight, pairs.sources, as_given=incremental)
    split = None
    if model.early_stopping and validation.X is None:
        split = split_off(model, np.arange(len(y)), weights, state.history if continues else None, rng)
    learned, of_targets = _learning_set(pairs, weights, split, incremental)

    config = _network_config(model, source, target)
    network = _continued(model, known, config) if continues else EncoderDecoder(**config)
    sources = RaggedTokens(pairs.sources, "X")
    inputs = RaggedTokens(pairs.inputs(target.start), "y")
    if not continues:
        state = _initial_state(model, network, rng, sources, inputs, learned)
    if not incremental:
        state.optimizer = state.schedule = None
    set_optimizer(model, state, network)
    record_split(state.history, split)
    validate = _validation(
        model, Fitted(model, network, source, target, longest), pairs, weights, split, validation
    )
    data = PairData(sources, inputs, pairs.targets(target.end), of_targets, learned)
    settings = settings_of(
        model,
        len(data),
        max_epochs=1 if incremental else model.max_iter,
        patience=None if incremental else model.n_iter_no_change,
        early_stopping=model.early_stopping,
        will_go_on=incremental,
    )
    stopped_by = _train(model, network, state, data, settings, validate)
    report_end(model, state, stopped_by, incremental)
    if not incremental:
        state.schedule = None  # it has come to its end
        vars(model).pop("_step_memory", None)
    model._set_fitted(
        state, Translator(network, state.parameters, source, target, longest, n_jobs=model.n_jobs)
    )


def as_collection(X, name):
    """X with a length; refused where it is a single text or no collection."""
    if isinstance(X, (str, bytes)):
        raise ValueError(f"{name} is a single text; give a list of texts, as [{name}].")
    if isinstance(X, (dict, set, frozenset)) or hasattr(X, "columns") or not hasattr(X, "__iter__"):
        raise TypeError(
            f"{name} is a {type(X).__name__}; expected a list of texts, of sequences of str tokens, or of "
            "integer arrays."
        )
    X = X if isinstance(X, np.ndarray) else list(X)
    if len(X) == 0:
        raise ValueError(f"{name} has no sequences: it is empty.")
    return X


def _symbols_of(sequencer, X, name, parameter):
    """Symbols of one side, and the fitted sequencer, or None for integers."""
    if all(isinstance(element, (str, bytes, list, tuple)) and len(element) == 0 for element in X):
        raise ValueError(f"{name} has no tokens: all its sequences are empty.")
    if sequencer is None:
        kind = _kind_of(X)
        if kind == "integers":
            return _integers(X, name), None
        options = {"analyzer": "char", "lowercase": False} if kind == "texts" else {"analyzer": None}
        sequencer = TextSequencer(**options, add_end=True)
    elif not isinstance(sequencer, TextSequencer):
        raise TypeError(f"{parameter} must be a TextSequencer or None; got a {type(sequencer).__name__}.")
    else:
        sequencer = clone(sequencer)
    if parameter == "target":
        _check_target(sequencer)
    try:
        sequencer.fit(list(X))
    except ValueError as error:
        message = str(error).replace("X[", f"{name}[", 1)
        if parameter == "source":
            message = message.replace(", or give the empty text ''", "")
        raise ValueError(message if f"{name}[" in message else f"{name}: {message}") from None
    return TextSymbols(sequencer._encoder()), sequencer


def _check_same_sequencer(sequencer, fitted, name):
    """Refuse a sequencer that makes other tokens than those of the existing network."""
    if sequencer is None:
        return
    wanted, known = (part and part.get_params() for part in (sequencer, fitted))
    if wanted["vocabulary"] is None and known is not None:
        known["vocabulary"] = None  # fitted to weights from elsewhere it has one
    if known is None or any(not np.array_equal(wanted[option], known[option]) for option in wanted):
        raise ValueError(
            f"{name} makes other tokens than those that the existing network knows. To start anew, call fit "
            "with warm_start=False, or clone the estimator."
        )


def _check_target(sequencer):
    """Refuse settings by which tokens cannot become answers again."""
    if not sequencer.add_end:
        raise ValueError("target must have add_end=True: the end token completes an output sequence.")
    if tuple(sequencer.ngram_range) != (1, 1) or sequencer.analyzer == "char_wb":
        raise ValueError(
            "target must make tokens that follow one another: ngram_range=(1, 1), and an analyzer other than "
            "'char_wb'."
        )


def _kind_of(X):
    """What X holds: "texts", "tokens" (sequences of str) or "integers"."""
    for element in X:
        if isinstance(element, (str, bytes)):
            return "texts"
        if isinstance(element, (list, tuple, np.ndarray)) and len(element):
            return "tokens" if isinstance(element[0], str) else "integers"
    return "texts"  # whose errors are about what is missing


def _integers(X, name):
    """Symbols of integer tokens, which a fit has seen."""
    some = (
        X
        if isinstance(X, np.ndarray) and X.dtype != object
        else [x for x in X if np.size(x) or np.ndim(x) != 1]
    )
    return IntegerSymbols(int(as_tokens(some, name).highest[0]) + 1)


def _pairs(source, target, X, y, names=("X", "y")):
    """`Pairs` of sequences and answers, as many."""
    if len(X) != len(y):
        raise ValueError(f"{names[0]} has {len(X)} sequences, but {names[1]} has {len(y)}.")
    return Pairs(source.encode(X, names[0]), target.encode_answers(y, names[1]))


def _longest_of(model, pairs, known):
    """Tokens of an answer at most; longer ones are refused."""
    lengths = np.array([len(answer) for answer in pairs.answers])
    most = model.max_target_length
    if most is None:
        most = max(int(lengths.max()) * 3 // 2, 1) if known is None else known.max_target_length
    if lengths.max() > most:
        i = int(np.argmax(lengths > most))
        raise ValueError(
            f"y[{i}] has {lengths[i]} tokens, and max_target_length is {most}. Set it to {lengths.max()} or "
            "more, or leave out such sequences."
        )
    return int(most)


def _learning_set(pairs, weights, split, incremental):
    """Which pairs are learned from, None for all, and the weights of targets, None for ones."""
    chosen = None if split is None else split.chosen
    if weights is None:
        return chosen, None
    counted = np.flatnonzero(weights) if chosen is None else chosen[weights[chosen] > 0]
    lengths = np.array([len(answer) + 1 for answer in pairs.answers])
    mean = 1.0 if incremental else np.average(weights[counted], weights=lengths[counted])
    return counted, np.repeat(weights / mean, lengths)


def _network_config(model, source, target):
    return {
        "n_source_inputs": source.n_tokens,
        "n_inputs": target.n_tokens,
        "hidden_layer_sizes": layer_sizes(model.hidden_layer_sizes),
        "n_outputs": target.n_tokens,
        "bidirectional": bool(model.bidirectional_encoder),
        "embedding": int(model.embedding_dim),
        "attention": model.attention,
        **cell_config(model),
    }


def _continued(model, known, config):
    """The existing network, if the parameters ask for the same."""
    trained = known.network.named_config | {"dtype": known.parameters.dtype.name}
    parameters = {"bidirectional": "bidirectional_encoder", "embedding": "embedding_dim"}
    refuse_differences(config | {"dtype": model.dtype}, trained, parameters)
    return known.network


def _initial_state(model, network, rng, sources, inputs, learned):
    """The state before training. Vectors of tokens that are not learned from start at 0."""
    places = np.arange(len(sources)) if learned is None else learned
    occurring = []
    for sequences, n_tokens in ((sources, network.n_source_inputs), (inputs, network.n_inputs)):
        occurs = np.zeros(n_tokens, bool)
        for i in places:
            occurs[sequences.tokens(i)] = True
        occurring.append(np.flatnonzero(occurs))
    state = TrainingState.initial(network, model.dtype, rng, occurring)
    longest = int(sources.lengths[places].max())
    set_update_gate_bias(model, network, network.table.views(state.parameters), longest, rng)
    return state


class Fitted(NamedTuple):
    """An estimator in training, without the parameters of its network."""

    model: Any
    network: EncoderDecoder
    source: Any
    target: Any
    longest: int

    def translator(self, parameters):
        """With these parameters."""
        return Translator(
            self.network,
            parameters,
            self.source,
            self.target,
            self.longest,
            n_jobs=self.model.n_jobs,
            matmul_precision=self.model.matmul_precision,
        )


def _validation(model, fitted, pairs, weights, split, given):
    """What is called after each epoch, or None."""
    if split is not None:
        some = split.held_out
        held_out = Pairs([pairs.sources[i] for i in some], [pairs.answers[i] for i in some])
        return Validation(fitted, held_out, None if weights is None else weights[some])
    if given.X is None:
        return None
    X, y = as_collection(given.X, "X_val"), as_collection(given.y, "y_val")
    pairs = _pairs(fitted.source, fitted.target, X, y, ("X_val", "y_val"))
    return Validation(
        fitted, pairs, check_sample_weight(given.sample_weight, pairs.sources, "sample_weight_val")
    )


class Validation:
    """Loss and score of a model in training on pairs that it does not learn from."""

    def __init__(self, fitted, pairs, weights):
        self.fitted, self.pairs = fitted, pairs
        self.weights = np.ones(len(pairs.sources)) if weights is None else weights
        self.inputs = pairs.inputs(fitted.target.start)
        self.targets = pairs.targets(fitted.target.end)
        self.lengths = np.array([len(tokens) for tokens in self.inputs])

    def __call__(self, parameters):
        """(loss, score) with these parameters."""
        translator = self.fitted.translator(parameters)
        loss = self._loss(translator)
        if self.fitted.model.scoring == "loss":
            return loss, -loss
        answers = translator.answers(self.pairs.sources)
        return loss, exact_match(self.pairs.answers, answers, self.weights)

    def _loss(self, translator):
        starts, losses = np.cumsum(self.lengths) - self.lengths, np.empty(len(self.targets))

        def fill(chunk, batch, outputs):
            t = np.repeat(np.arange(len(batch.offsets) - 1), np.diff(batch.offsets))
            b = np.arange(len(t)) - batch.offsets[t]
            at = starts[chunk[batch.order]][b] + t
            largest = outputs.max(axis=1)
            sums = np.exp(outputs - largest[:, np.newaxis]).sum(axis=1)
            losses[at] = largest + np.log(sums) - outputs[np.arange(len(at)), self.targets[at]]

        translator.outputs(self.pairs.sources, self.inputs, fill)
        return float(np.average(losses, weights=np.repeat(self.weights, self.lengths)))


def exact_match(answers, found, weights=None):
    """The weighted fraction of answers that are found, token by token."""
    return float(
        np.average([np.array_equal(*pair) for pair in zip(answers, found, strict=True)], weights=weights)
    )


def _train(model, network, state, data, settings, validate):
    """Run the training loop; returns what ended it."""
    memory = vars(model).get("_step_memory")
    if memory is None or memory.network is not network:
        memory = model._step_memory = StepMemory(network)
    dropout, first = (model.dropout, model.recurrent_dropout), state.history.n_epochs

    def probability():
        share = 1.0
        if not settings.will_go_on:
            share = min(1.0, (state.history.n_epochs - first) / max(1, settings.max_epochs - 1))
        return model.scheduled_sampling * share

    precision = model.matmul_precision
    with TrainingStep(memory, Loss("softmax"), dropout, model.n_jobs, matmul_precision=precision) as step:
        if model.scheduled_sampling > 0:
            step = SampledStep(step, network, probability)
        return train(state, data, step, settings, validate=validate)
