"""The user's sequences, targets and weights, served batch by batch."""

import math

import numpy as np

from ..sequences import ONE_STEP


class TrainingData:
    """What one fit learns from.

    Parameters
    ----------
    sequences : Sequences
    scaling : Scaling or None
        Applied while a batch is gathered.
    targets : ndarray of shape (n,) or (n, K)
        As the loss wants them.
    weights : ndarray of shape (n,) or None
        Weights of sequences, with a mean of 1 over those to learn from unless the caller wants
        the fit to learn more, or less, than from as many sequences of weight 1; None for ones.
    indices : ndarray of int or None
        Which sequences to learn from; None for all.
    framing : Framing
    """

    def __init__(self, sequences, scaling, targets, weights, indices=None, framing=ONE_STEP):
        self.sequences = sequences
        self.scaling = scaling
        self.targets = targets
        self.weights = weights
        self.framing = framing
        self.lengths = framing.count(sequences.lengths)  # in rows, (n,)
        self.indices = indices

    def __len__(self):
        return len(self.sequences) if self.indices is None else len(self.indices)

    def order(self, rng=None):
        """The sequences of an epoch: as given, or in a random order."""
        all_of_them = len(self.sequences) if self.indices is None else self.indices
        if rng is not None:
            return rng.permutation(all_of_them)
        return np.arange(len(self)) if self.indices is None else self.indices

    def total_weight(self, indices):
        """Sum of the weights of the sequences at `indices`."""
        return float(len(indices)) if self.weights is None else float(self.weights[indices].sum())

    def gradient_scale(self, indices):
        """How many times larger a batch's gradient may be by its weights alone; 1 without weights.

        The norm of a mean of independent gradients, each times its weight, grows with the root mean
        square of the weights where the batch is a small sample of the data, and with their mean
        where it is all of the data: between the two, the variance has the correction for a sample
        drawn without replacement.
        """
        if self.weights is None:
            return 1.0
        weights = self.weights[indices]
        variance = weights.var() * (1 - len(indices) / len(self))
        return math.sqrt(weights.mean() ** 2 + variance)

    def part(self, indices):
        """Source, places there, scaling, targets and weights: what `loss_and_gradient` takes.

        Targets and weights are of all sequences of the source.
        """
        source, places = self.sequences.source(indices, self.framing)
        if places is indices:
            return source, places, self.scaling, self.targets, self.weights
        weights = None if self.weights is None else self.weights[indices]
        return source, places, self.scaling, self.targets[indices], weights
