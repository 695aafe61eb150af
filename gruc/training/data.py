"""The user's sequences, targets and weights, batch by batch."""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .. import kernels
from ..sequences import ONE_STEP, Scaling


class Part(NamedTuple):
    """Some sequences, as `kernels.training.loss_and_gradient` takes them."""

    source: kernels.inference.Source
    places: np.ndarray  # of the sequences in the source
    scaling: Scaling | None
    targets: np.ndarray  # of all sequences of the source, or of all their rows
    weights: np.ndarray | None  # of the targets
    starts: np.ndarray | None  # where the targets of each sequence begin, if there is one for each row
    second: kernels.inference.Source | None = None  # rows of a second clock, of as many sequences


class TrainingData:
    """What one fit learns from.

    Parameters
    ----------
    sequences : Sequences
    scaling : Scaling or None
        Applied while a batch is gathered.
    targets : ndarray of shape (m,) or (m, K)
        As the loss takes them: one for each sequence, or one for each row of all sequences, sequence
        after sequence.
    weights : ndarray of shape (m,) or None
        Weights of targets, with a mean of 1 over those to learn from unless the caller wants
        the fit to learn more, or less, than from as many targets of weight 1; None for ones.
    indices : ndarray of int or None
        Which sequences to learn from; None for all.
    framing : Framing
    each_step : bool
        Whether targets are those of rows.

    Attributes
    ----------
    lengths : ndarray of shape (n,)
        Rows of each sequence.
    starts : ndarray of shape (n,) or None
        Where the targets of each sequence begin, if they are those of rows.
    """

    def __init__(self, sequences, scaling, targets, weights, indices=None, framing=ONE_STEP, each_step=False):
        self.sequences = sequences
        self.scaling = scaling
        self.targets = targets
        self.weights = weights
        self.framing = framing
        self.lengths = framing.count(sequences.lengths)
        self.starts = np.cumsum(self.lengths) - self.lengths if each_step else None
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

    def batch(self, indices, rng):
        """The `Batch` of the sequences at `indices`."""
        return Batch(self, indices, rng)

    def n_targets(self, indices):
        """Targets of the sequences at `indices`."""
        return len(indices) if self.starts is None else int(self.lengths[indices].sum())

    @cached_property
    def n_learned(self):
        """Targets of all sequences to learn from."""
        return self.n_targets(self.order())

    def targets_at(self, indices):
        """Where the targets of the sequences at `indices` are."""
        if self.starts is None:
            return indices
        return rows_between(self.starts[indices], self.starts[indices] + self.lengths[indices])

    def part(self, indices):
        """The `Part` of the sequences at `indices`."""
        source, places = self.sequences.source(indices, self.framing)
        if places is indices:
            return Part(source, places, self.scaling, self.targets, self.weights, self.starts)
        return self.part_of(source, places, self.targets_at(indices), self.lengths[indices])

    def part_of(self, source, places, at, lengths):
        """The `Part` of a source that has these sequences only, of `lengths`, with the targets at `at`."""
        weights = None if self.weights is None else self.weights[at]
        starts = None if self.starts is None else np.cumsum(lengths) - lengths
        return Part(source, places, self.scaling, self.targets[at], weights, starts)


def rows_between(starts, stops):
    """The integers from each start to its stop, one range after the other."""
    lengths = stops - starts
    first = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(starts - first, lengths)


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
            yield self.data.batch(self.order[start : start + self.batch_size], self.rng)


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
        What the step divides the gradient by: the number of targets, not their weight, so that a
        target counts by its weight whatever batch it is in.
    weight : float
        Sum of their weights.
    """

    __slots__ = ("data", "indices", "rng", "size", "weight")

    def __init__(self, data, indices, rng):
        self.data, self.indices, self.rng = data, indices, rng
        self.size = data.n_targets(indices)
        self.weight = self._total_weight()

    @property
    def lengths(self):
        """Of the sequences of the batch, in rows."""
        return self.data.lengths[self.indices]

    def targets_at(self):
        """Where the targets of the batch are in those of the data."""
        return self.data.targets_at(self.indices)

    def _total_weight(self):
        weights = self.data.weights
        return float(self.size if weights is None else weights[self.targets_at()].sum())

    def gradient_scale(self):
        """By what factor the batch's gradient may be larger through its weights; 1 without weights.

        The norm of a mean of independent gradients, each times its weight, grows with the root mean
        square of the weights where the batch is a small sample of the data, and with their mean
        where it is all of the data: between the two, the variance has the correction for a sample
        drawn without replacement.
        """
        data = self.data
        if data.weights is None:
            return 1.0
        weights = data.weights[self.targets_at()]
        variance = weights.var() * (1 - self.size / data.n_learned)
        return math.sqrt(weights.mean() ** 2 + variance)

    def part(self, places=slice(None)):
        """The `Part` of all sequences of the batch, or of those at these places of it."""
        return self.data.part(self.indices[places])
