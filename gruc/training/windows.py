"""Long sequences in windows, with states carried from window to window: truncated back-propagation.

Each sequence is read from its first row to its last in windows of equal length. A window starts
from the state that the window before it has left, which counts as constant: gradients go back to
the start of the window and no further (Williams and Peng 1990). A batch holds a window of each of
`batch_size` sequences; where one of them has ended, the next one takes its place, so that batches
of sequences of different lengths are full but for the last ones.
"""

import heapq

import numpy as np

from ..sequences import ONE_STEP
from .data import Batch, TrainingData, rows_between


class WindowedData(TrainingData):
    """What one fit learns from, in windows.

    Parameters
    ----------
    sequences, scaling, targets, weights, indices, framing
        See `TrainingData`; targets are those of rows, and sequences whose rows all have weight 0 are left
        out.
    window : int
        Rows of a window; the last one of a sequence may be shorter.
    """

    def __init__(self, sequences, scaling, targets, weights, window, indices=None, framing=ONE_STEP):
        super().__init__(sequences, scaling, targets, weights, indices, framing, each_step=True)
        if weights is not None:
            counted = self.order()
            self.indices = counted[np.add.reduceat(weights, self.starts)[counted] > 0]
        self.window = window

    def batches(self, batch_size, rng, shuffle=True):
        """The batches of an epoch; see `TrainingData.batches`."""
        return WindowBatches(self, self.order(rng if shuffle else None), batch_size, rng)


class WindowBatches:
    """The batches of one epoch, made one by one; parameters are those of `Batches`.

    States are carried between batches, so that each batch is made after the step of the one before.
    """

    def __init__(self, data, order, batch_size, rng):
        self.data, self.order, self.batch_size, self.rng = data, order, batch_size, rng

    def __len__(self):
        ends = [0] * min(self.batch_size, len(self.order))
        for length in self.data.lengths[self.order]:
            heapq.heapreplace(ends, ends[0] + -(-int(length) // self.data.window))
        return max(ends)

    def __iter__(self):
        running, starts = self.order[:0], np.zeros(0, np.intp)
        n_begun, carried = 0, None
        while n_begun < len(self.order) or len(running):
            n_free = self.batch_size - len(running)
            begun = self.order[n_begun : n_begun + n_free]
            n_begun += len(begun)
            indices = np.concatenate([running, begun])
            starts = np.concatenate([starts, np.zeros(len(begun), np.intp)])
            batch = WindowBatch(self.data, indices, starts, self.rng, _with_zeros(carried, len(begun)))
            yield batch
            going_on = batch.stops < self.data.lengths[indices]
            running, starts = indices[going_on], batch.stops[going_on]
            carried = None
            if len(running):
                if batch.last_state is None:
                    raise RuntimeError(
                        "The training step has not set last_state of a batch whose sequences continue."
                    )
                carried = batch.last_state[going_on]


class WindowBatch(Batch):
    """A window of each of some sequences, for one step of the optimiser.

    Attributes
    ----------
    starts, stops : ndarray of shape (B,), intp
        Rows of each sequence, those at `stops` excluded.
    state0 : ndarray of shape (B, ...) or None
        State before the first row of each window, as `last_state` of the batch before had it; zeros
        where the window is the first of its sequence. None: zeros for all.
    last_state : ndarray of shape (B, ...) or None
        State after the last row of each window, to be set by the training step.
    size : int
        Rows of all windows.
    weight : float
        Sum of their weights.
    """

    __slots__ = ("last_state", "starts", "state0", "stops")

    def __init__(self, data, indices, starts, rng, state0=None):
        self.data, self.indices, self.rng = data, indices, rng
        self.starts, self.stops = starts, np.minimum(starts + data.window, data.lengths[indices])
        self.state0, self.last_state = state0, None
        self.size = int(self.lengths.sum())
        self.weight = self._total_weight()

    @property
    def lengths(self):
        """Of the windows, in rows."""
        return self.stops - self.starts

    def targets_at(self, places=slice(None)):
        """Where the targets of all windows, or of those at these places, are in those of the data."""
        first = self.data.starts[self.indices[places]]
        return rows_between(first + self.starts[places], first + self.stops[places])

    def part(self, places=slice(None)):
        """The `Part` of all windows, or of those at these places."""
        data, indices = self.data, self.indices[places]
        starts, stops = self.starts[places], self.stops[places]
        source = data.sequences.windows(indices, starts, stops, data.framing)
        return data.part_of(source, np.arange(len(indices)), self.targets_at(places), stops - starts)


def _with_zeros(state, n):
    """A carried state, and one of zeros for each of n sequences that begin."""
    if state is None or n == 0:
        return state
    return np.concatenate([state, np.zeros((n, *state.shape[1:]), state.dtype)])
