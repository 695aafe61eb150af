"""How a regressor reads few long sequences, by convolutions or in frames: chosen by cross-validation."""

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import _safe_indexing

from ..conventions.inputs import elements_at
from ._automatic import FEW_STEPS, WITHOUT, automatic_convolutions
from ._holdout import Split
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
        ``run(model, sample_weight, rng)`` fits a model to the sequences with these weights.
    """
    if not is_regressor(model) or not all(is_auto(getattr(model, name, None)) for name in CHOSEN):
        return None
    counted = np.arange(len(sequences)) if sample_weight is None else np.flatnonzero(sample_weight)
    lengths = sequences.lengths[counted]
    with_convolutions = automatic_convolutions(model, lengths)
    if not with_convolutions["conv_channels"] or len(counted) < LEAST_SEQUENCES or lengths.sum() > FEW_STEPS:
        return None
    own = np.random.default_rng(rng.bit_generator.seed_seq.generate_state(8))
    splits = _splits(counted, sample_weight, len(sequences), own)
    candidates = [with_convolutions, WITHOUT]
    scores = [_score(model, each, given, splits, own, run) for each in candidates]
    return candidates[int(np.argmax(scores))]


def _splits(counted, sample_weight, n, rng):
    """Folds of the sequences that count, each a `Split`."""
    weights = np.ones(n) if sample_weight is None else sample_weight
    splits = []
    for held_out in np.array_split(rng.permutation(counted), N_FOLDS):
        others = weights.copy()
        others[held_out] = 0
        splits.append(Split(0, np.flatnonzero(others), held_out, others))
    return splits


def _score(model, structure, given, splits, rng, run):
    """The median score of networks of this structure on folds that they have not seen: no outlier decides."""
    scores = []
    for split in splits:
        trial = object.__new__(type(model))
        vars(trial).update(vars(model), **structure, n_estimators=1, verbose=False, _is_trial=True)
        run(trial, split.weights, rng.spawn(1)[0])
        y = _safe_indexing(given.y, split.held_out)
        weights = None if given.sample_weight is None else _safe_indexing(given.sample_weight, split.held_out)
        scores.append(trial.score(elements_at(given.X, split.held_out), y, weights))
    return np.median(scores)
