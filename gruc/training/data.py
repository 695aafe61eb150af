"""The user's sequences, targets and weights, served batch by batch."""

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
        Weights of sequences; None for ones.
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

    def part(self, indices):
        """Source, places there, scaling, targets and weights: what `loss_and_gradient` takes.

        Targets and weights are of all sequences of the source.
        """
        source, places = self.sequences.source(indices, self.framing)
        if places is indices:
            return source, places, self.scaling, self.targets, self.weights
        weights = None if self.weights is None else self.weights[indices]
        return source, places, self.scaling, self.targets[indices], weights
