"""The user's sequences, targets and weights, batch by batch."""

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
        As the loss takes them.
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
        sequences = len(self.sequences) if self.indices is None else self.indices
        if rng is not None:
            return rng.permutation(sequences)
        return np.arange(len(self)) if self.indices is None else self.indices

    def batches(self, batch_size, rng, shuffle=True):
        """The batches of an epoch.

        Parameters
        ----------
        batch_size : int
            Number of sequences.
        rng : numpy.random.Generator
            Shuffles the sequences; what a training step draws comes from it, too.
        shuffle : bool
            Otherwise batches follow the order of the data.

        Returns
        -------
        Batches
        """
        return Batches(self, self.order(rng if shuffle else None), batch_size, rng)

    def total_weight(self, indices):
        """Sum of the weights of the sequences at `indices`."""
        return float(len(indices)) if self.weights is None else float(self.weights[indices].sum())

    def gradient_scale(self, indices):
        """By what factor a batch's gradient may be larger through its weights; 1 without weights.

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

        Targets and weights are those of all sequences of the source.
        """
        source, places = self.sequences.source(indices, self.framing)
        if places is indices:
            return source, places, self.scaling, self.targets, self.weights
        weights = None if self.weights is None else self.weights[indices]
        return source, places, self.scaling, self.targets[indices], weights


class Batches:
    """The batches of one epoch, made one by one.

    Parameters
    ----------
    data : TrainingData
    order : ndarray of int
        The sequences of the epoch.
    batch_size : int
    rng : numpy.random.Generator
    """

    def __init__(self, data, order, batch_size, rng):
        self.data, self.order, self.batch_size, self.rng = data, order, batch_size, rng

    def __len__(self):
        return -(-len(self.order) // self.batch_size)

    def __iter__(self):
        for start in range(0, len(self.order), self.batch_size):
            yield Batch(self.data, self.order[start : start + self.batch_size], self.rng)


class Batch:
    """The sequences of one step of the optimiser.

    Parameters
    ----------
    data : TrainingData
    indices : ndarray of int
        Which of its sequences.
    rng : numpy.random.Generator
        Source of what a training step draws, such as the masks of dropout.

    Attributes
    ----------
    size : int
        What the step divides the gradient by: the number of sequences, not their weight, so that a
        sequence counts by its weight whatever batch it is in.
    weight : float
        Sum of their weights.
    """

    __slots__ = ("data", "indices", "rng", "size", "weight")

    def __init__(self, data, indices, rng):
        self.data, self.indices, self.rng = data, indices, rng
        self.size = len(indices)
        self.weight = data.total_weight(indices)

    @property
    def lengths(self):
        """Of the sequences of the batch, in rows."""
        return self.data.lengths[self.indices]

    def gradient_scale(self):
        """See `TrainingData.gradient_scale`."""
        return self.data.gradient_scale(self.indices)

    def part(self, places=slice(None)):
        """See `TrainingData.part`; of all sequences of the batch, or those at these places of it."""
        return self.data.part(self.indices[places])
