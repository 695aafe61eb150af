"""How a regressor reads few long sequences, by convolutions or in frames: chosen by cross-validation."""

import numpy as np
from sklearn.base import is_regressor

from ..conventions.inputs import elements_at
from ._automatic import FEW_STEPS, WITHOUT, automatic_convolutions
from ._holdout import GivenValidation
from ._networks import is_auto

# who sets one of these has chosen
CHOSEN = "conv_channels", "conv_kernel_size", "pooling"
N_FOLDS = 3
# Sequences of which a third says something of a structure
LEAST_SEQUENCES = 15


def chosen_structure(model, given, sequences, sample_weight, rng, run):
    """Parameters of the structure to take in place of "auto", or None if there is nothing to choose.

    Of each candidate a network is fitted to two thirds of the sequences and scored on the others, in turn;
    the median score decides. Classifiers choose by the lengths alone: benchmarks/defaults.py.

    Parameters
    ----------
    model : BaseGRU
    given : Given
    sequences : Sequences
    sample_weight : ndarray of shape (n,) or None
    rng : numpy.random.Generator
        Left as it is: trials draw from another stream, which its seed determines.
    run : callable
        ``run(model, sample_weight, validation, rng)`` fits a model to the sequences with these weights;
        `validation` is a `GivenValidation`.
    """
    if not is_regressor(model) or not all(is_auto(getattr(model, name, None)) for name in CHOSEN):
        return None
    counted = np.arange(len(sequences)) if sample_weight is None else np.flatnonzero(sample_weight)
    lengths = sequences.lengths[counted]
    with_convolutions = automatic_convolutions(model, lengths)
    if not with_convolutions["conv_channels"] or len(counted) < LEAST_SEQUENCES or lengths.sum() > FEW_STEPS:
        return None
    own = np.random.default_rng(rng.bit_generator.seed_seq.generate_state(8))
    folds = np.array_split(own.permutation(counted), N_FOLDS)
    weights = np.ones(len(sequences)) if sample_weight is None else sample_weight
    candidates = [with_convolutions, WITHOUT]
    scores = [_score(model, each, given, weights, folds, own, run) for each in candidates]
    return candidates[int(np.argmax(scores))]


def _score(model, structure, given, weights, folds, rng, run):
    """The median score of networks of this structure on folds that they have not seen: no outlier decides.

    With early stopping, a network is validated on the fold that it is scored on: of few sequences, no more
    can be spared.
    """
    scores = []
    for fold in folds:
        trial = object.__new__(type(model))
        vars(trial).update(vars(model), **structure, n_estimators=1, verbose=False, _is_trial=True)
        learned = weights.copy()
        learned[fold] = 0
        held_out = GivenValidation(
            elements_at(given.X, fold),
            elements_at(given.y, fold),
            None if given.sample_weight is None else elements_at(given.sample_weight, fold),
        )
        validation = held_out if model.early_stopping else GivenValidation()
        run(trial, learned, validation, rng.spawn(1)[0])
        scores.append(trial.score(*held_out))
    return np.median(scores)
