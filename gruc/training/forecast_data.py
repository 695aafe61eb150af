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
    of_rows : bool
        Whether targets are those of rows, the next step of each, instead of those of windows.
    n_levels : int
        How many quantiles there are of each target, answers that stand side by side.
    """

    def __init__(self, windows, dtype, of_rows=False, n_levels=1):
        super().__init__(windows, None, None, None)
        self.dtype, self.of_rows, self.n_levels = np.dtype(dtype), of_rows, n_levels

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
        windows, places, starts = self.sequences.read(indices), np.arange(len(indices)), None
        if self.of_rows:
            targets = self.sequences.targets_of_rows(indices, windows)
            starts, targets = places * targets.shape[1], targets.reshape(-1, 1)
        else:
            targets = self.sequences.targets(indices, windows)
        if self.n_levels > 1:
            targets = np.repeat(targets, self.n_levels, axis=1)
        source = self.sequences.source_of(windows)
        return Part(source, places, None, targets.astype(self.dtype), None, starts)

    def n_targets(self, indices):
        """Targets of the windows at `indices`."""
        return int(self.lengths[indices].sum()) if self.of_rows else len(indices)
