"""Loss and gradient of one batch, whose sequences are divided into shards that run in parallel.

A shard gathers its sequences and runs forward pass, loss and backward pass independently of the
others; then the gradients of the shards are added in their order. The number of shards depends on
the batch and the network only, so that results do not depend on the number of threads.
"""

import numpy as np

from .. import kernels, threads
from ..network import aligned_empty, take_running
from .blas_threads import one_blas_thread
from .gradients import Gradient, TableGradient
from .losses import LOSSES
from .windows import WindowBatch

# A shard has at least this number of operations: the time that Python takes is then small.
SHARD_OPERATIONS = 5e7
MOST_SHARDS = 16


def most_shards(n_sequences):
    """Shards of 16 sequences, up to four of them, then of 32.

    Sixteen fill the registers of a product twice. Of sequences of different lengths only about half
    run at a time, so that shards are larger if there are sequences enough.
    """
    return min(max(min(n_sequences // 16, 4), n_sequences // 32), MOST_SHARDS)


class StepMemory:
    """Memory that the steps of a network use again, batch after batch, from run to run.

    Parameters
    ----------
    network : GRUNetwork
    """

    def __init__(self, network):
        self.network = network
        self.weights = None
        self._dense = []  # one flat buffer of gradients for each shard
        self._tables = []  # the gradients of tables, for each shard; empty without tables
        self._merged_tables = None
        self._workspaces = []  # one for each thread

    def pack(self, parameters, matmul_precision="highest", **options):
        """Lay these parameters out for the passes of a step; `options` are those of the network's program."""
        program = self.network.program(training=True, **options)
        parts = kernels.parts_of(matmul_precision, parameters.dtype)
        if self.weights is None or self.weights.program is not program or self.weights.parts != parts:
            self.weights = kernels.training.Weights(program, parameters, parts)
            self._tables, self._merged_tables = [], None
        else:
            self.weights.pack(parameters)

    def gradients(self, n):
        """For each of n shards a flat buffer for gradients, and a TableGradients, or None without tables."""
        program = self.weights.program
        while len(self._dense) < n:
            self._dense.append(aligned_empty(program.n_dense, self.weights.parameters.dtype))
        if program.n_dense == program.n_parameters:
            return [(dense, None) for dense in self._dense[:n]]
        while len(self._tables) < n:
            self._tables.append(kernels.training.TableGradients(self.weights))
        return list(zip(self._dense[:n], self._tables[:n], strict=True))

    def total(self, gradients):
        """The sum of what `gradients` gave, once it is filled in; added up in the order of the shards."""
        dense, tables = gradients[0]
        for other, _ in gradients[1:]:
            kernels.training.add(dense, other)
        running = take_running(self.weights.program, dense)
        if tables is None:
            return Gradient(dense, running=running)
        if len(gradients) > 1:
            if self._merged_tables is None:
                self._merged_tables = kernels.training.TableGradients(self.weights)
            self._merged_tables.merge([part for _, part in gradients], *self.workspaces(1))
            tables = self._merged_tables
        program = self.weights.program
        operations = [program.operations[i] for i in tables.tables]
        return Gradient(
            dense,
            [
                TableGradient(op.weights, _n_tokens(op), *arrays)
                for op, arrays in zip(operations, tables.arrays(), strict=True)
                if program.values[op.y].gradient >= 0  # a table that is learned
            ],
            running,
        )

    def workspaces(self, n):
        """Working memory of threads."""
        while len(self._workspaces) < n:
            self._workspaces.append(kernels.training.Memory())
        return self._workspaces[:n]


def _n_tokens(op):
    """Rows of the table that an operation reads."""
    return op.H if op.kind == kernels.inference.DENSE_SAMPLED else op.D


class TrainingStep:
    """Loss and gradient of a network: the step of `train`, under settings that do not change.

    A context manager, to be entered for a run: within it BLAS, where it computes, has one thread.

    Parameters
    ----------
    memory : StepMemory
        Of the network.
    loss : Loss
    dropout : (rate, recurrent_rate) or (rate, recurrent_rate, rate_of_tokens)
        How much of what enters layers and head, of states where they enter W_hh, and of different
        tokens, counts as 0; masks are drawn anew for every batch (include/gruc/training/dropout.body.h).
    n_jobs : int or None
        See `gruc.threads.n_threads`. Losses and gradients do not depend on it.
    frozen : bool
        Whether tables of tokens are not learned.
    candidates_of : callable or None
        ``candidates_of(batch)`` gives the tokens that the loss of a batch is over, and logarithms of how
        probable it was that each is among them, as `kernels.training.loss_and_gradient` takes them.
        None: all.
    matmul_precision : {"highest", "high", "medium"}
        See `gruc.kernels.parts_of`.
    """

    def __init__(
        self,
        memory,
        loss,
        dropout=(0.0, 0.0),
        n_jobs=None,
        frozen=False,
        candidates_of=None,
        matmul_precision="highest",
    ):
        self.memory = memory
        self._loss = LOSSES[loss.name], loss.settings
        self._targets = None, None, None  # of the last shard: (values, weights, Targets)
        self.dropout = dropout
        self._drops_out = any(dropout)
        self._options = {"dropout": dropout[0] > 0, **({"frozen": True} if frozen else {})}
        self._options["matmul_precision"] = matmul_precision
        if candidates_of is not None:
            self._options["sampled"] = True
        self._candidates_of, self._candidates = candidates_of, None
        self._n_jobs, self._n_threads = n_jobs, None
        self._blas_limit = None

    def __enter__(self):
        if kernels.selected() == "blas":
            self._n_threads = threads.n_threads(self._n_jobs)  # before BLAS has a limit
            self._blas_limit = one_blas_thread()
            self._blas_limit.__enter__()
        return self

    def __exit__(self, *error):
        if self.memory.weights is not None:
            self.memory.weights.release()  # they may be overwritten once nobody reads them
        if self._blas_limit is not None:
            self._blas_limit.__exit__(*error)

    def __call__(self, parameters, batch):
        """Loss and gradient at `parameters`, a flat buffer.

        Returns the sum ``sum_b w_b l_b`` over the sequences of the batch, and the gradient of
        ``sum_b w_b l_b / batch.size``, a `Gradient` that the next call overwrites.
        """
        memory, seeds = self.memory, None
        if self._drops_out:
            seeds = batch.rng.integers(2**64, size=len(batch.indices), dtype=np.uint64)
        options = dict(self._options)
        if isinstance(batch, WindowBatch):
            options["carried"] = True
            batch.last_state = np.empty((len(batch.indices), memory.network.states_width), parameters.dtype)
        if self._candidates_of is not None:
            self._candidates = self._candidates_of(batch)
        shards = self._deal(batch)
        with self._crew(len(shards)) as crew:
            memory.pack(parameters, **options)
            gradients = memory.gradients(len(shards))
            if crew.n_threads > 1:
                losses = self._run_by(crew, batch, shards, seeds, gradients)
            else:
                losses = self._run_in_turn(batch, shards, seeds, gradients)
        return sum(losses), memory.total(gradients)

    def _run_in_turn(self, batch, shards, seeds, gradients):
        """Losses of the shards, one after the other: 1 or 2 % of a small step less than as a task."""
        workspace, losses = self.memory.workspaces(1)[0], []
        for places, gradient in zip(shards, gradients, strict=True):
            shard, states = self._shard(batch, places, seeds, gradient)
            losses.append(shard.run(workspace))
            self._keep(batch, places, states)
        return losses

    def _run_by(self, crew, batch, shards, seeds, gradients):
        """Losses of the shards, which the threads of the crew take one after the other."""
        prepared = [
            self._shard(batch, places, seeds, gradient)
            for places, gradient in zip(shards, gradients, strict=True)
        ]
        task = kernels.training.Shards(
            [shard for shard, _ in prepared], self.memory.workspaces(crew.n_threads)
        )
        crew.run(task)
        for places, (_, states) in zip(shards, prepared, strict=True):
            self._keep(batch, places, states)
        return task.losses()

    def _keep(self, batch, places, states):
        """Keep the states behind a shard's windows, where it has some, for the next batch."""
        if states:
            batch.last_state[places] = states["last_state"]

    def _crew(self, n_shards):
        """The threads for so many shards, which wake up while these are prepared."""
        if n_shards == 1:
            return threads.ALONE
        if self._n_threads is None:  # found out where there is use for them
            self._n_threads = threads.n_threads(self._n_jobs)
        return threads.Crew(min(self._n_threads, n_shards))

    def _deal(self, batch):
        """Places in the batch of each shard; long and short sequences in equal shares."""
        n_shards = most_shards(len(batch.indices))
        if n_shards > 1:
            operations = self.memory.network.operations_per_row * int(batch.lengths.sum())
            n_shards = min(n_shards, int(operations / SHARD_OPERATIONS))
        if n_shards <= 1:
            return [slice(None)]
        longest_first = np.argsort(-batch.lengths, kind="stable")
        return [longest_first[i::n_shards] for i in range(n_shards)]

    def _targets_of(self, part):
        """Targets for the kernels; those of the last shard, if they are the same arrays."""
        values, weights, targets = self._targets
        if values is not part.targets or weights is not part.weights:
            targets = kernels.training.Targets(*self._loss, part.targets, part.weights, part.starts)
            self._targets = part.targets, part.weights, targets
        return targets

    def _shard(self, batch, places, seeds, gradients):
        """The sequences at these places of the batch, and their states; its run fills in the gradients."""
        dense, tables = gradients
        part, states = batch.part(places), {}
        if isinstance(batch, WindowBatch):
            n_states = batch.last_state.shape[1]
            states["last_state"] = np.empty((len(part.places), n_states), dense.dtype)
            if batch.state0 is not None:
                states["state0"] = np.ascontiguousarray(batch.state0[places])
        inputs = kernels.training.Inputs(part.source, part.scaling, part.second, **states)
        dropout = None if seeds is None else (seeds[places], *self.dropout)
        shard = kernels.training.Shard(
            dense,
            self.memory.weights,
            inputs,
            part.places,
            self._targets_of(part),
            float(batch.size),
            dropout,
            tables,
            self._candidates,
        )
        return shard, states
