"""The sequences that a fit does not learn from, and what is measured on them between its epochs."""

import zlib
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split

from ..conventions.inputs import (
    check_as_many,
    check_sample_weight,
    elements_at,
    errors_name,
    refuse_missing,
)
from ..conventions.user_warnings import warn_user
from ._each_step import AnswersOfAllSteps

# upper limit on outputs of a validation set in memory at a time, where each step has some
OUTPUTS_AT_ONCE = 1 << 22


class Split(NamedTuple):
    """The sequences that a fit learns from, and those that it holds out.

    Parameters
    ----------
    seed : int
    chosen, held_out : ndarray of int
        Places of the sequences.
    weights : ndarray of shape (n,)
        Weights of the sequences, those held out with 0: nothing is learned from them, means and
        scales included.
    """

    seed: int
    chosen: np.ndarray
    held_out: np.ndarray
    weights: np.ndarray

    @property
    def digest(self):
        """Identifies the sequences that are held out."""
        return zlib.crc32(np.sort(self.held_out).astype("<i8").tobytes())


class GivenValidation(NamedTuple):
    """A validation set as the user gives it."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None


def check_validation_given(X, y, sample_weight):
    """Refuse a part of a validation set without the others."""
    if X is None and (y is not None or sample_weight is not None):
        raise ValueError("y_val or sample_weight_val is given, but not X_val.")
    if X is not None and y is None:
        raise ValueError("X_val is given, but not y_val.")


def split_off(model, y, sample_weight, history, rng):
    """The `Split` of a fit with early stopping.

    Fits that continue each other keep one seed: another split would validate on sequences that have
    been learned from. `history` is that of the fits before, or None.
    """
    seed = None if history is None else history.split_seed
    if seed is None:
        seed = int(rng.integers(2**31))
    chosen, held_out = _places(model, y, seed)
    weights = np.ones(len(y)) if sample_weight is None else sample_weight.copy()
    if not (weights[held_out].any() and weights[chosen].any()):
        raise ValueError(
            "early_stopping=True held out sequences such that all of them, or all others, have "
            "sample_weight 0. Remove sequences of weight 0, set another validation_fraction, or "
            "give X_val and y_val."
        )
    weights[held_out] = 0
    return Split(seed, chosen, held_out, weights)


def _places(model, y, seed):
    strata = model._strata(y)
    try:
        return train_test_split(
            np.arange(len(y)), test_size=model.validation_fraction, random_state=seed, stratify=strata
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True cannot hold out validation_fraction={model.validation_fraction:g} of "
            f"{len(y)} sequences{'' if strata is None else ', each class in its share'}: {error} Set "
            "another validation_fraction, or give X_val and y_val."
        ) from None


def record_split(history, split):
    """Note the split, or None, in a history, and warn if it differs from that of the fits before."""
    digest = None
    if split is not None:
        history.split_seed, digest = split.seed, split.digest
        if history.n_epochs and history.held_out_digest != digest:
            warn_user(
                "early_stopping=True holds out sequences that the earlier fits of this model may have "
                "learned from, since they held out others or none: the validation score may be too "
                "high. Go on with the same X, y and validation_fraction, or give X_val and y_val."
            )
    history.held_out_digest = digest


def validation_on_split(model, candidate, given, sequences, sample_weight, split):
    """The `Validation` on the sequences that were held out of the training data."""
    held_out = split.held_out
    return Validation(
        model,
        candidate,
        sequences.subset(held_out),
        lambda: elements_at(given.X, held_out),
        elements_at(given.y, held_out),
        None if sample_weight is None else sample_weight[held_out],
    )


def validation_on(model, candidate, given):
    """The `Validation` on a validation set of the user's."""
    with errors_name("X_val"):
        sequences = model._check_X(given.X, reset=False, name="X_val")
        candidate.inputs.check_range(sequences, model.dtype, "X_val")
    with errors_name("y_val"):
        check_as_many(sequences, given.y, given.X)
        refuse_missing(given.y, "y_val")
    with errors_name("sample_weight_val"):
        weights = check_sample_weight(given.sample_weight, sequences, "sample_weight_val")
    return Validation(model, candidate, sequences, lambda: given.X, given.y, weights)


class Validation:
    """Loss and score of a model in training on sequences it does not learn from.

    Parameters
    ----------
    model : BaseGRU
        Its `scoring` says what the score is: None for accuracy or R2 (`score`), "loss" for
        the negative loss, or one of scikit-learn's, which sees the model as fitted. Where each step has
        a target, scorers by name see those of all steps in one array.
    candidate : Candidate
        The model in training.
    sequences : Sequences
    X_as_given : callable
        Gives X as the user has it; only scorers of scikit-learn's need it.
    y, sample_weight : array-like
        As the user has them; the weights are checked.
    """

    def __init__(self, model, candidate, sequences, X_as_given, y, sample_weight):
        self.model = model
        self.candidate = candidate
        self.targets = candidate.targets
        self.sequences = sequences
        self.y, weights = model._target_rows(y, sample_weight, sequences.lengths, "y_val")
        with errors_name("y_val"):
            self.values = self.targets.encode_validation(self.y)
        self.weights = self.targets.validation_weights(self.y, weights)
        self.scorer = None
        if model.scoring not in (None, "loss"):
            self.scorer = check_scoring(model, model.scoring)
            self.by_step = model._each_step and isinstance(model.scoring, str)
            if self.by_step:
                self.scored = X_as_given(), self.y, weights
            else:  # the user's own scorers see what the user gives and `predict` returns
                self.scored = X_as_given(), y, sample_weight if model._each_step else self.weights

    def __call__(self, parameters):
        """(loss, score) with these parameters."""
        model = self.model
        fitted = self.candidate.fitted_with(parameters)
        weights = np.ones(len(self.values)) if self.weights is None else self.weights
        total, loss, predicted = float(weights.sum()), 0.0, []
        for rows, outputs in self._outputs(fitted._predictor):
            of_rows = outputs.copy(), self.values[rows], weights[rows]
            loss += self.targets.loss_val.sum(*of_rows, total) / total
            if model.scoring is None:
                predicted.append(self.targets.outputs.decode(outputs))
        if model.scoring == "loss":
            return loss, -loss
        if self.scorer is None:
            predicted = predicted[0] if len(predicted) == 1 else np.concatenate(predicted)
            return loss, self._decides(self.targets.score(self.y, predicted, self.weights))
        X, y, weights = self.scored
        options = {} if weights is None else {"sample_weight": weights}
        scored = AnswersOfAllSteps(fitted) if self.by_step else fitted
        try:
            score = float(self.scorer(scored, X, y, **options))
        except ValueError as error:
            said = str(error).rstrip(". ")
            raise ValueError(
                f"scoring={model.scoring!r} failed on {self._named()}: {said}. Give X_val and y_val that it "
                "can score, or set a larger validation_fraction or scoring='loss'."
            ) from error
        return loss, self._decides(score)

    def _outputs(self, predictor):
        """Outputs, and which of the targets are theirs: all, or where steps have targets, some at a time."""
        if not self.model._each_step:
            yield slice(None), predictor.output_rows(self.sequences)
            return
        ends = np.cumsum(self.sequences.lengths)
        n_rows = OUTPUTS_AT_ONCE // predictor.config["n_outputs"]
        start = first = 0
        while start < len(ends):
            stop = max(start + 1, int(np.searchsorted(ends, first + n_rows, side="right")))
            some = self.sequences.subset(np.arange(start, stop))
            yield slice(first, ends[stop - 1]), predictor.output_rows(some)
            start, first = stop, ends[stop - 1]

    def _decides(self, score):
        """The score, which must be a number where it says when to stop."""
        if self.model.early_stopping and not np.isfinite(score):
            raise ValueError(
                f"scoring={self.model.scoring!r} is {score} on {self._named()}, and early_stopping=True "
                "cannot decide by that. Give more of them, by X_val or a larger validation_fraction, or set "
                "scoring='loss'."
            )
        return score

    def _named(self):
        """The validation set in words, for errors."""
        missing = self.targets.missing_classes(self.y)
        lacks = f", which has none of {missing}" if missing else ""
        return f"the {len(self.sequences)} sequences of the validation set{lacks}"
