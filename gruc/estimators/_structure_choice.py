"""How few long sequences are read, by convolutions or in frames: chosen by cross-validation."""

import numpy as np
from sklearn.base import is_classifier, is_regressor

from ..conventions.inputs import elements_at
from ._automatic import FEW_STEPS, NO_CONVOLUTIONS, automatic_convolutions
from ._holdout import GivenValidation
from ._networks import is_auto

# parameters that leave nothing to choose if one of them is set
CHOSEN = "conv_channels", "conv_kernel_size", "pooling"
N_FOLDS = 3
# The fewest sequences to choose by: a third of fewer says little about a structure.
LEAST_SEQUENCES = 15
# Logits are divided by one of these, so that overconfident networks are compared fairly.
TEMPERATURES = 2.0 ** np.linspace(-1, 4, 21)


def chosen_structure(model, given, sequences, sample_weight, rng, check, run):
    """Parameters of the structure to take in place of "auto", or None if there is nothing to choose.

    A network of each candidate is fitted to two thirds of the sequences and tried on the others, for each
    third in turn.
    A regressor takes the one with the better median score, which no outlier decides. A classifier takes
    frames if the logarithmic losses of single sequences are lower, in the mean by more than a standard
    error. benchmarks/defaults.py compares such rules.

    Parameters
    ----------
    model : BaseGRU
    given : Given
    sequences : Sequences
    sample_weight : ndarray of shape (n,) or None
    rng : numpy.random.Generator
        Left as it is: trials draw from another stream, which its seed determines.
    check : callable
        Called without arguments before trials; raises the errors of a fit to targets that are invalid.
    run : callable
        ``run(model, sample_weight, validation, rng)`` fits a model to the sequences with these weights;
        `validation` is a `GivenValidation`.
    """
    if not all(is_auto(getattr(model, name, None)) for name in CHOSEN):
        return None
    weights = np.ones(len(sequences)) if sample_weight is None else sample_weight
    counted = np.flatnonzero(weights)
    lengths = sequences.lengths[counted]
    with_convolutions = automatic_convolutions(model, lengths)
    if not with_convolutions["conv_channels"] or len(counted) < LEAST_SEQUENCES or lengths.sum() > FEW_STEPS:
        return None
    check()
    labels = model._strata(given.y) if is_classifier(model) else None
    if labels is None and not is_regressor(model):  # a sequence can have several labels
        return None
    if labels is not None and np.unique(labels[counted], return_counts=True)[1].min() < 2:
        return None  # a trial that holds out the only sequence of a class cannot know the class
    own = np.random.default_rng(rng.bit_generator.seed_seq.generate_state(8))
    folds = _folds(counted, labels, own)
    of_convolutions, of_frames = (
        [_trial(model, structure, given, weights, fold, own, run) for fold in folds]
        for structure in (with_convolutions, NO_CONVOLUTIONS)
    )
    if labels is None:
        medians = [
            np.median([trial.score(*held_out) for trial, held_out in trials])
            for trials in (of_convolutions, of_frames)
        ]
        takes_frames = medians[0] < medians[1]
    else:
        losses = [_losses(trials, labels, folds) for trials in (of_convolutions, of_frames)]
        excess = weights[np.concatenate(folds)] * (losses[0] - losses[1])
        takes_frames = excess.mean() > excess.std(ddof=1) / np.sqrt(len(excess))
    if model.verbose:
        print(f"Chosen by cross-validation: {'frames' if takes_frames else 'convolutions'}", flush=True)
    return NO_CONVOLUTIONS if takes_frames else with_convolutions


def _folds(counted, labels, rng):
    """The places of the sequences that count, in folds with about the same share of each label."""
    places = rng.permutation(counted)
    if labels is not None:
        places = places[np.argsort(labels[places], kind="stable")]
    return [places[first::N_FOLDS] for first in range(N_FOLDS)]


def _trial(model, structure, given, weights, fold, rng, run):
    """A network of this structure that has not seen the fold, and what was held out: X, y and weights.

    With early stopping, the network is validated on the fold that it is tried on: of few sequences, no more
    can be spared. The loss is what stops it, since a scorer may need classes that the fold lacks.
    """
    trial = object.__new__(type(model))
    alone = {"n_estimators": 1, "scoring": "loss", "verbose": False, "_is_trial": True}
    vars(trial).update(vars(model), **structure, **alone)
    learned = weights.copy()
    learned[fold] = 0
    held_out = GivenValidation(
        elements_at(given.X, fold),
        elements_at(given.y, fold),
        None if given.sample_weight is None else elements_at(given.sample_weight, fold),
    )
    run(trial, learned, held_out if model.early_stopping else GivenValidation(), rng.spawn(1)[0])
    return trial, held_out


def _losses(trials, labels, folds):
    """Logarithmic losses of the sequences of all folds, at the temperature at which their mean is lowest."""
    logits, own = [], []
    for (trial, (X, _, _)), fold in zip(trials, folds, strict=True):
        logits.append(trial.predict_log_proba(X).astype(np.float64))
        own.append(np.searchsorted(trial.classes_, labels[fold]))
    logits, own = np.concatenate(logits), np.concatenate(own)
    by_temperature = []
    for temperature in TEMPERATURES:
        scaled = logits / temperature
        by_temperature.append(np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(own)), own])
    return min(by_temperature, key=np.mean)
