"""The user's sequences, targets and weights, served batch by batch."""

import numpy as np


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
    """

    def __init__(self, sequences, scaling, targets, weights):
        self.sequences = sequences
        self.scaling = scaling
        self.targets = targets
        self.weights = weights

    def __len__(self):
        return len(self.sequences)

    def most_rows(self, batch_size):
        """Steps in the largest batch that may come."""
        lengths = self.sequences.lengths
        if batch_size >= len(lengths):
            return int(lengths.sum())
        return int(np.partition(lengths, -batch_size)[-batch_size:].sum())

    def batch_weights(self, indices):
        """Weights of the sequences at `indices`, in float64."""
        return np.ones(len(indices)) if self.weights is None else self.weights[indices]

    def batch(self, indices, dtype):
        """PackedBatch of the sequences at `indices`, and targets and weights in its order."""
        batch = self.sequences.gather(indices, self.scaling, dtype)
        indices = indices[batch.order]
        return batch, self.targets[indices], self.batch_weights(indices)
