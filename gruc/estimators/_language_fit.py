"""A language model's fit, step by step: tokens, streams of the text, validation, training."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..network import GRUNetwork
from ..outputs import Classes
from ..runtime.language_mixin import log_likelihood
from ..runtime.language_texts import INTEGERS, TEXTS, Documents, Vocabulary
from ..sequences import MOST_TOKENS, Tokens, as_tokens
from ..sequences.analyzers import Analyzer
from ..sequences.vocabulary import TextEncoder, TokenRules, counted
from ..training import Candidates, Loss, WindowedData
from ._fit import (
    Candidate,
    refuse_early_stopping,
    report_end,
    train_candidate,
)
from ._networks import initial_state, network_config, random_generator, refuse_differences
from ._training import set_optimizer, settings_of

# each text ends with a token of its own; terms outside the vocabulary share one token
RULES = TokenRules(add_end=True)


class Given(NamedTuple):
    """What the user gives to fit or, with `incremental`, to partial_fit."""

    X: Any
    X_val: Any = None
    incremental: bool = False

    @classmethod
    def of_user(cls, *texts, incremental=False):
        """X and X_val as lists where they are iterators, since they are read more than once."""
        texts = [list(X) if isinstance(X, Iterator) else X for X in texts]
        return cls(*texts, incremental=incremental)


class NextToken(NamedTuple):
    """The targets of a language model, as `Candidate` takes them."""

    outputs: Classes
    loss: Loss = Loss("softmax")


def run_fit(model, given, callbacks):
    """Fit a language model, or one pass for its partial_fit.

    Parameters
    ----------
    model : GRULanguageModel
        A copy, which replaces the user's if nothing is raised.
    given : Given
    callbacks : EpochCallbacks or None
    """
    parameters_changed = model._params_changed()
    continues = (given.incremental or model.warm_start) and "_training_state" in vars(model)
    vocabulary = model._vocabulary if continues else vocabulary_of(model, given.X)
    if continues and parameters_changed:
        _check_same_vocabulary(model, vocabulary)
    documents, tokens = vocabulary.joined(given.X)
    tokens, held_out = _split(model, given, vocabulary, documents, tokens)
    if given.X_val is not None:
        held_out = vocabulary.joined(given.X_val, "X_val")[1]
    window, n_streams = int(model.window), _n_streams(model, len(tokens))
    data = streams_of(tokens, vocabulary.end, window, n_streams, documents.several)
    inputs = Tokens(vocabulary.n_tokens)
    config = network_config(model, inputs, vocabulary.n_tokens)
    if model.tie_weights:
        config["tied"] = True
    elif model.n_negatives is not None:
        config["by_table"] = True
    if continues:
        _check_continues(model, config)
        network, state = model._predictor.network, model._training_state.copy()
    else:
        network = GRUNetwork(**config)
        rng = random_generator(model.random_state)
        state = initial_state(model, network, rng, inputs, data.sequences, None)
    if not given.incremental:
        state.optimizer = state.schedule = None
    set_optimizer(model, state, network)
    candidate = Candidate(model, network, inputs, NextToken(Classes(np.arange(vocabulary.n_tokens))))

    def validate(parameters):
        score = log_likelihood(candidate.predictor(parameters), vocabulary, held_out) / len(held_out)
        return -score, score

    settings = settings_of(
        model,
        len(data),
        batch_size=n_streams,
        max_epochs=1 if given.incremental else model.max_iter,
        patience=None if given.incremental else model.n_iter_no_change,
        early_stopping=model.early_stopping,
        will_go_on=given.incremental,
    )
    validation = None if held_out is None else validate
    drawn = None
    if model.n_negatives is not None:
        drawn = Candidates(np.bincount(tokens, minlength=vocabulary.n_tokens), model.n_negatives)
    stopped_by = train_candidate(candidate, state, data, settings, validation, callbacks, drawn)
    report_end(model, state, stopped_by, given.incremental)
    if not given.incremental:
        state.schedule = None  # it has come to its end
        del model._step_memory
    several = vocabulary.several or documents.several
    model._set_vocabulary(Vocabulary(vocabulary.n_tokens, vocabulary.encoder, several))
    model._set_fitted([state], candidate.predictor(state.parameters))


def vocabulary_of(model, X):
    """The `Vocabulary` that a first fit on X has."""
    documents = Documents.of(X)
    if documents.kind == INTEGERS:
        n_tokens = 1 + max(int(tokens.max()) for tokens in documents.texts)
        if model.n_tokens is not None:
            n_tokens = int(model.n_tokens)
        if n_tokens + 1 > MOST_TOKENS:
            raise ValueError(f"n_tokens is {n_tokens}; the most there can be is {MOST_TOKENS - 1}.")
        return Vocabulary(max(n_tokens, 2) + 1, None, documents.several)
    kind, lowercase = (model.analyzer, bool(model.lowercase)) if documents.kind == TEXTS else (None, False)
    analyzer = Analyzer(analyzer=kind, lowercase=lowercase)
    terms = _terms(model, analyzer, documents.texts)
    if not terms:
        raise ValueError("X has no tokens to be learned: its texts are empty, or min_frequency is too large.")
    index = {term: token for token, term in enumerate(dict.fromkeys([*RULES.special, *terms]))}
    return Vocabulary(len(index), TextEncoder(analyzer, RULES, index), documents.several)


def _terms(model, analyzer, texts):
    """Characters or words that have tokens of their own."""
    if model.vocabulary is not None:
        terms = list(model.vocabulary)
        if not terms:
            raise ValueError("vocabulary is empty. Leave it None to have what occurs in X.")
        for term in terms:
            if not isinstance(term, str) or (analyzer.is_by_character and len(term) != 1):
                what = "a character" if analyzer.is_by_character else "a word"
                raise ValueError(f"vocabulary has {term!r:.60}, which is not {what}.")
        if len(set(terms)) < len(terms):
            term = next(term for term in terms if terms.count(term) > 1)
            raise ValueError(f"vocabulary has {term!r:.60} more than once.")
        return terms
    terms, flat, _ = counted(analyzer, RULES, texts)
    counts = np.bincount(flat, minlength=len(terms))
    kept = np.flatnonzero(counts >= model.min_frequency)
    if model.max_features is not None:
        kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[: int(model.max_features)]])
    return [terms[i] for i in kept]


def _split(model, given, vocabulary, documents, tokens):
    """Tokens to learn from, and those held out for early stopping, or None."""
    if not model.early_stopping or given.X_val is not None:
        return tokens, None
    if given.incremental:
        refuse_early_stopping(model)
    n = len(tokens) - math.ceil(model.validation_fraction * len(tokens))
    if documents.several:  # the nearest end of a text that leaves something on both sides
        ends = np.flatnonzero(tokens == vocabulary.end)[:-1] + 1
        n = int(ends[np.argmin(np.abs(ends - n))]) if len(ends) else 0
    if n < 1:
        raise ValueError(
            f"X has {len(tokens)} tokens{' in one text' if documents.several else ''}, too few to hold out "
            f"{model.validation_fraction:g} of them for early_stopping. Give more text, or X_val."
        )
    return tokens[:n], tokens[n:]


def _n_streams(model, n_tokens):
    """Number of parts of a text of `n_tokens` tokens that are read side by side."""
    wanted = model.batch_size
    if wanted == "auto":  # more steps of the optimiser, or larger ones
        wanted = min(max(8, n_tokens // (64 * model.window)), 32)
    return int(max(1, min(wanted, n_tokens // model.window)))


def streams_of(tokens, end, window, n_streams, several):
    """Parts of a text that are read side by side, as `WindowedData`. Targets are the tokens that come next.

    Parameters
    ----------
    tokens : ndarray of shape (n,), int32
    end : int
        What is read before the first token of a text. Where there is only one text its parts begin with it,
        too: it then says that nothing is known of what came before.
    window : int
    n_streams : int
        Number of parts.
    several : bool
        Whether these are several texts.
    """
    starts = len(tokens) * np.arange(n_streams + 1) // n_streams
    parts = []
    for start, stop in zip(starts[:-1], starts[1:], strict=True):
        part = np.empty(stop - start, np.int32)
        part[0] = tokens[start - 1] if several and start > 0 else end
        part[1:] = tokens[start : stop - 1]
        parts.append(part)
    return WindowedData(as_tokens(parts), None, tokens.astype(np.intp), None, window)


def _check_same_vocabulary(model, vocabulary):
    """Refuse parameters that ask for another vocabulary than that of the existing network."""
    encoder = vocabulary.encoder
    if encoder is None:
        if model.n_tokens is not None:
            wanted = max(int(model.n_tokens), 2)
            refuse_differences({"n_tokens": wanted}, {"n_tokens": vocabulary.n_tokens - 1})
        return
    trained = {name: getattr(encoder.analyzer, name) for name in ("analyzer", "lowercase")}
    if vocabulary.kind == TEXTS:
        wanted = {"analyzer": model.analyzer, "lowercase": bool(model.lowercase)}
    else:
        wanted = {"analyzer": None}
    refuse_differences(wanted, trained)
    if model.vocabulary is not None and {*RULES.special, *model.vocabulary} != set(encoder.index):
        raise ValueError(
            "vocabulary is not that of the existing network. To start anew, call fit with warm_start=False, "
            "or clone the estimator."
        )


def _check_continues(model, config):
    """Refuse parameters that ask for another network than that of the existing network."""
    neither = {"tied": False, "by_table": False}
    trained = {**neither, "dtype": model._predictor.parameters.dtype.name}
    trained |= model._predictor.network.named_config
    wanted = {**neither, "dtype": model.dtype, **config}
    for settings in (wanted, trained):
        settings["by_table"] = "a number" if settings["by_table"] else None
    parameters = {"n_features": "embedding_dim", "tied": "tie_weights", "by_table": "n_negatives"}
    refuse_differences(wanted, trained, parameters)
