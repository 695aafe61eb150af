"""What a network gives for each sequence, or for each of its rows, in the form that it is returned in."""

import numpy as np


class Rows:
    """Where the values of sequences lie in one array: sequence after sequence, one or `lengths` rows each.

    Parameters
    ----------
    lengths : ndarray of shape (n,)
        Rows of each sequence.
    each_step : bool
        Whether there is a value for each row, else one for each sequence.
    ragged : bool
        Whether X is a collection of arrays, else one array.
    """

    def __init__(self, lengths, each_step, ragged):
        self.lengths, self.each_step, self.ragged = lengths, each_step, ragged
        self.stops = np.cumsum(lengths) if each_step else None

    def __len__(self):
        if self.each_step:
            return int(self.stops[-1])
        return len(self.lengths)

    def of_batch(self, batch, places):
        """Where the values of a packed batch belong, whose sequences are those at `places`."""
        if not self.each_step:
            return places
        alive = np.diff(batch.offsets)  # sequences that have a row of each step
        t = np.repeat(np.arange(len(alive)), alive)
        b = np.arange(len(t)) - batch.offsets[t]
        return (self.stops - self.lengths)[places][b] + t

    def by_sequence(self, values):
        """Values (n, ...) as they are; those of rows as (n, T, ...), or if X is ragged as n arrays."""
        if not self.each_step:
            return values
        if not self.ragged:
            return values.reshape(len(self.lengths), -1, *values.shape[1:])
        arrays = np.empty(len(self.lengths), dtype=object)
        for i, stop in enumerate(self.stops):
            arrays[i] = values[stop - self.lengths[i] : stop]
        return arrays
