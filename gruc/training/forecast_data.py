"""Windows of time series to learn from, with targets that are made batch by batch."""

import numpy as np

from .data import Part, TrainingData

# An epoch is at most this many windows, drawn anew each time: long and many series have millions, and
# neighbours say nearly the same.
MOST_WINDOWS = 1 << 14
# The epochs of a fit have about this many mini-batches, or more. Forecasts become better and worse for some
# dozens of steps before they settle: validated after each few steps, and waited for as few epochs, the best
# of them would be one that was good by chance.
FEWEST_BATCHES = 32


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
    n_passes : int
        How many times an epoch goes through the windows.
    """

    def __init__(self, windows, dtype, of_rows=False, n_levels=1, n_passes=1):
        super().__init__(windows, None, None, None)
        self.dtype, self.of_rows, self.n_levels = np.dtype(dtype), of_rows, n_levels
        self.n_passes = n_passes

    @property
    def n_in_pass(self):
        """Windows of one pass."""
        return min(len(self.sequences), MOST_WINDOWS)

    def __len__(self):
        return self.n_in_pass * self.n_passes

    def repeated(self, batch_size):
        """These data, with as many passes in an epoch as have `FEWEST_BATCHES` batches of their own."""
        n = self.n_in_pass
        n_batches = -(-n // min(batch_size, n))
        n_passes = max(1, min(-(-FEWEST_BATCHES // n_batches), MOST_WINDOWS // n))
        return ForecastData(self.sequences, self.dtype, self.of_rows, self.n_levels, n_passes)

    def order(self, rng=None):
        """The windows of an epoch, pass after pass."""
        return np.concatenate([self._order_of_pass(rng) for _ in range(self.n_passes)])

    def _order_of_pass(self, rng):
        """The windows as given, or in a random order; of many some, evenly spaced or drawn."""
        n, n_windows = self.n_in_pass, len(self.sequences)
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
