"""Windows of time series to learn from, with targets that are made batch by batch."""

import numpy as np

from .data import Part, TrainingData

# An epoch is at most this many windows, drawn anew each time: long and many series have millions, and
# neighbours say nearly the same.
MOST_WINDOWS = 1 << 14


class ForecastData(TrainingData):
    """What a forecaster learns from.

    Parameters
    ----------
    windows : LagWindows
        Whose `horizon` steps from each origin on are known.
    dtype : dtype
        Of targets.
    """

    def __init__(self, windows, dtype):
        super().__init__(windows, None, None, None)
        self.dtype = np.dtype(dtype)

    def __len__(self):
        return min(len(self.sequences), MOST_WINDOWS)

    def order(self, rng=None):
        """The windows of an epoch: as given, or in a random order; of many some, evenly spaced or drawn."""
        n, n_windows = len(self), len(self.sequences)
        if rng is None:
            return np.arange(n) * n_windows // n
        return rng.permutation(n_windows) if n == n_windows else rng.choice(n_windows, n, replace=False)

    def part(self, indices):
        """See `TrainingData.part`."""
        windows = self.sequences.read(indices)
        targets = self.sequences.targets(indices, windows).astype(self.dtype)
        return Part(self.sequences.source_of(windows), np.arange(len(indices)), None, targets, None, None)
