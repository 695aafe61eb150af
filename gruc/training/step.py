"""Loss and gradient of one batch, its sequences dealt into shards that run side by side.

A shard gathers its sequences and goes forward, through the loss, and back, all alone;
then the shards' gradients are added up in their order. Into how many shards a batch is
dealt depends on the batch and the network only: so the numbers do not depend on the
number of threads.
"""

from contextlib import nullcontext

import numpy as np

from .. import kernels, threads
from ..network import aligned_empty
from .blas_threads import one_blas_thread
from .losses import LOSSES

# A shard has at least so many operations, beside which what happens in Python is small.
SHARD_OPERATIONS = 5e7
MOST_SHARDS = 16


def most_shards(n_sequences):
    """Shards of 16 sequences, up to four of them, then of 32.

    Sixteen fill the registers of a product twice; of sequences of different lengths only
    half as many are alive at a time, so that more are better where there are more.
    """
    return min(max(min(n_sequences // 16, 4), n_sequences // 32), MOST_SHARDS)


class TrainingStep:
    """The loss of a network and its gradient, batch after batch.

    Parameters
    ----------
    network : GRUNetwork
    """

    def __init__(self, network):
        self.network = network
        self._weights = None
        self._slabs = []  # gradients, one flat buffer a shard
        self._memories = []  # one a thread
        self._n_jobs = self._n_threads = None

    def on(self, n_jobs):
        """A context with as many threads as `n_jobs` means, found out when there is use for them."""
        self._n_jobs, self._n_threads = n_jobs, None
        if kernels.selected() != "blas":
            return nullcontext()
        self._n_threads = threads.n_threads(n_jobs)  # before BLAS has a limit
        return one_blas_thread()

    def run(self, parameters, loss, data, indices, dropout=(None, 0.0, 0.0)):
        """Loss and gradient at `parameters`, a flat buffer, of the sequences at `indices`.

        The loss is ``sum_b w_b l_b / B`` over the B sequences: divided by their number, not by their
        weights, so that a sequence counts by its weight whatever batch it falls into. `dropout`
        is as `GRUNetwork.loss_and_gradient` has it. Returns the sum ``sum_b w_b l_b``, and the
        gradient of the loss, which the next call overwrites.
        """
        of_loss = LOSSES[loss.name], np.array(loss.settings, np.float64)
        total = float(len(indices))
        self._weights = self.network.pack(parameters, self._weights)
        shards = self._deal(data, indices)
        if len(shards) == 1:
            loss = self._shard(of_loss, data, indices, dropout, total, self._slab(0), self._memory(0))
            return loss, self._slab(0)
        if self._n_threads is None:
            self._n_threads = threads.n_threads(self._n_jobs)
        n_threads = min(self._n_threads, len(shards))
        self._memory(n_threads - 1)
        slabs = [self._slab(i) for i in range(len(shards))]
        losses = threads.run(
            lambda item, slot: self._shard(of_loss, data, *item, self._memories[slot]),
            [
                (indices[places], self._of_shard(dropout, places), total, slab)
                for places, slab in zip(shards, slabs, strict=True)
            ],
            n_threads,
        )
        for slab in slabs[1:]:
            kernels.training.add(slabs[0], slab)
        return sum(losses), slabs[0]

    def _deal(self, data, indices):
        """Places in `indices` of each shard; long and short sequences in equal shares."""
        n_shards = most_shards(len(indices))
        if n_shards > 1:
            operations = self.network.operations_per_row * int(data.lengths[indices].sum())
            n_shards = min(n_shards, int(operations / SHARD_OPERATIONS))
        if n_shards <= 1:
            return [slice(None)]
        longest_first = np.argsort(-data.lengths[indices], kind="stable")
        return [longest_first[i::n_shards] for i in range(n_shards)]

    @staticmethod
    def _of_shard(dropout, places):
        seeds, *rates = dropout
        return (None if seeds is None else seeds[places], *rates)

    def _shard(self, of_loss, data, indices, dropout, total, slab, memory):
        return self.network.loss_and_gradient(
            self._weights, slab, *of_loss, *data.part(indices), total, memory, dropout
        )

    def _slab(self, i):
        while len(self._slabs) <= i:
            self._slabs.append(aligned_empty(self.network.table.size, self._weights.parameters.dtype))
        return self._slabs[i]

    def _memory(self, i):
        while len(self._memories) <= i:
            self._memories.append(kernels.training.Memory())
        return self._memories[i]
