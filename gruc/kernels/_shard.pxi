# A shard of a training step: gathering, forward, loss and back. Part of training.pyx.

cdef int check_inputs(Inputs inputs, Program program, const Py_ssize_t[::1] indices, _c.gruc_pass *p) except -1:
    """The inputs fit the program; sets the sizes of the clocks."""
    cdef Py_ssize_t i, N, T, b
    cdef size_t stride
    cdef Source source
    cdef const _c.gruc_value *value
    require(program.c.n_inputs <= MOST_INPUTS, "a program of few inputs")
    require((inputs.second is not None) == (program.n_clocks == 2), "a source for each clock")
    memset(p.clocks, 0, sizeof(p.clocks))
    for i in range(program.n_clocks):
        inputs.of_clock(i).check(indices, &N, &T)
        p.clocks[i].T = T
        p.clocks[i].B = indices.shape[0]
        p.clocks[i].N = N
    for i in range(MOST_CLOCKS):
        stride = program.c.strides[i]
        if stride > 0:
            p.clocks[i].T = _c.gruc_slower(p.clocks[0].T, stride)
            p.clocks[i].B = indices.shape[0]
            for b in range(indices.shape[0]):
                p.clocks[i].N += _c.gruc_slower(_c.gruc_sequence_at(&inputs.source.c, indices[b]).n_frames, stride)
    for i in range(<Py_ssize_t> program.c.n_inputs):
        value = &program.c.values[i]
        if not value.per_step:
            require(inputs.last_state is None or last_of(&program.c, i) >= 0, "cells that start from states")
            continue
        source = inputs.of_clock(value.clock)
        require(value.width == source.c.frame_length * source.c.D, "rows as wide as the program reads")
        require(bool(value.integers) == source.holds_tokens, "tokens for integers, else numbers")
    return 0


cdef class Shard:
    """Some sequences of a batch on their way to their loss and its gradient.

    What can be wrong with it is looked at when it is made; what remains needs no object of Python.

    Parameters
    ----------
    gradients : ndarray of shape (program.n_dense,)
        Filled with those of the weighted sum of losses, divided by `total`.
    weights : Weights
    inputs : Inputs
    indices : ndarray of shape (B,)
        Which sequences of the sources.
    targets : Targets
        Of all their sequences.
    total : float
        What their weighted sum of losses is divided by, > 0.
    dropout : (seeds, rate, rate of states) or (seeds, rate, rate of states, rate of tokens) or None
        Seeds (B,) of uint64.
    tables : TableGradients or None
        Filled with the gradients of the program's tables; None for one without.
    candidates : (tokens, log_shares) or None
        For DENSE_SAMPLED: (C,) of int32, rising, and (C,).
    """

    cdef ShardJob job
    cdef Program program
    cdef Block places         # of values and operations in the workspace
    cdef size_t batch_size    # bytes of what is gathered
    cdef size_t workspace_size
    cdef tuple held

    def __init__(
        self, gradients not None, Weights weights not None, Inputs inputs not None,
        const Py_ssize_t[::1] indices not None, Targets targets not None, double total, dropout=None,
        TableGradients tables=None, candidates=None,
    ):
        cdef ShardJob *job = &self.job
        cdef _c.gruc_pass *p = &job.c
        cdef Program program = weights.program
        cdef const _c.gruc_value *output = &program.c.values[program.c.output]
        cdef Source source = inputs.of_clock(output.clock if program.c.strides[output.clock] == 0 else 0)
        cdef Py_ssize_t i
        cdef Arena arena
        self.program, self.places = program, Block()
        self.held = gradients, weights, inputs, indices, targets, dropout, tables, candidates
        check_inputs(inputs, program, indices, p)
        require((tables is not None) == (program.n_dense < program.n_parameters), "tables where there are some")
        require(tables is None or tables.fits(weights), "tables of the same program and type")
        require_loss(program)
        require(not output.per_step or program.c.strides[output.clock] == 0, "answers for steps that the caller has")
        require(total > 0, "total > 0")
        targets.check(source, indices, output.width, output.per_step, weights.is_double)
        p.gradients = new_flat_buffer(gradients, program.n_dense, weights.is_double)
        job.indices = &indices[0]
        job.n_clocks = program.n_clocks
        for i in range(program.n_clocks):
            job.sources[i] = &inputs.of_clock(i).c
        for i in range(<Py_ssize_t> program.c.n_inputs):
            if program.c.values[i].integers:
                job.n_tokens[i] = n_tokens_of(program, i)
        if inputs.mean is not None:
            job.mean, job.scale = &inputs.mean[0], &inputs.scale[0]
        self.take_states(inputs, indices.shape[0], weights.is_double)
        self.take_targets(targets, total)
        self.take_candidates(candidates, program, targets, source, indices)
        self.take_dropout(dropout, program, indices.shape[0])
        p.by_token = True  # nobody looks at the gradient of a place
        self.workspace_size = lay_out(p, weights, self.places, job.seeds != NULL and p.rate_states > 0)
        self.workspace_size *= p.element
        p.token_rows = NULL if tables is None else tables.make_room(p)
        arena = Arena(NULL, 0)
        place_shard(&job.packed, &arena, p, job.labels != NULL)
        self.batch_size = arena.used

    cdef int take_states(self, Inputs inputs, Py_ssize_t B, bint is_double) except -1:
        cdef ShardJob *job = &self.job
        cdef Py_ssize_t n_states = states_width(&self.program.c)
        job.n_states = n_states * (sizeof(double) if is_double else sizeof(float))
        if inputs.state0 is not None and is_double:
            job.state0 = given_states[double](inputs.state0, B, n_states)
        elif inputs.state0 is not None:
            job.state0 = given_states[float](inputs.state0, B, n_states)
        if inputs.last_state is not None and is_double:
            job.last_state = left_states[double](inputs.last_state, B, n_states)
        elif inputs.last_state is not None:
            job.last_state = left_states[float](inputs.last_state, B, n_states)
        return 0

    cdef int take_targets(self, Targets targets, double total) except -1:
        cdef ShardJob *job = &self.job
        if targets.loss == SOFTMAX:
            job.labels = &targets.labels[0]
        elif targets.y_f64 is not None:
            job.y = <const char *> &targets.y_f64[0, 0]
        else:
            job.y = <const char *> &targets.y_f32[0, 0]
        if targets.weights is not None:
            job.weights = &targets.weights[0]
        if targets.starts is not None:
            job.starts = &targets.starts[0]
        job.loss.kind, job.loss.total = targets.loss, total
        job.loss.settings, job.loss.n_settings = &targets.settings[0], targets.settings.shape[0]
        return 0

    cdef int take_candidates(
        self, candidates, Program program, Targets targets, Source source, const Py_ssize_t[::1] indices,
    ) except -1:
        cdef const int32_t[::1] tokens = None
        cdef const double[::1] log_shares = None
        if candidates is not None:
            tokens, log_shares = candidates
            require_candidates(tokens, log_shares, program, targets, source, indices)
            self.job.loss.candidates, self.job.loss.log_shares = &tokens[0], &log_shares[0]
            self.job.loss.n_candidates = self.job.c.n_candidates = tokens.shape[0]
        require((tokens is not None) == is_sampled(program), "candidates for a loss over some tokens")
        return 0

    cdef int take_dropout(self, dropout, Program program, Py_ssize_t B) except -1:
        cdef _c.gruc_pass *p = &self.job.c
        cdef const uint64_t[::1] seeds = None
        if dropout is not None:
            seeds, *rates = dropout
            p.rate, p.rate_states, p.rate_tokens = rates if len(rates) == 3 else (*rates, 0)
            require(seeds is not None and seeds.shape[0] == B, "seeds (B,)")
            require_rates(p.rate, p.rate_states, p.rate_tokens)
            self.job.seeds = &seeds[0]
        require(seeds is not None or not has_dropout(program), "seeds for a program with dropout")
        return 0

    def run(self, Memory memory not None):
        """The weighted sum of losses; their gradients are filled in."""
        cdef char *batch = memory.batch.at_least(self.batch_size)
        cdef char *workspace = memory.workspace.at_least(self.workspace_size)
        with nogil:
            run_shard(&self.job, batch, workspace)
        return self.outcome()

    cdef double outcome(self) except? -1:
        """The weighted sum of losses, after `run_shard`."""
        if self.job.wrong.sequence >= 0:
            require_tokens(self.job.wrong, self.job.n_tokens[self.job.wrong_input])
        return self.job.result


def loss_and_gradient(
    gradients not None, Memory memory not None, Weights weights not None, Inputs inputs not None,
    const Py_ssize_t[::1] indices not None, Targets targets not None, double total, dropout=None,
    TableGradients tables=None, candidates=None,
):
    """Weighted sum of the losses of some sequences, and its gradient: a `Shard` that is run at once."""
    return Shard(gradients, weights, inputs, indices, targets, total, dropout, tables, candidates).run(memory)


cdef struct ShardSlot:
    char *batch
    char *workspace


cdef struct ShardJobs:
    ShardJob **jobs
    ShardSlot *slots


cdef void run_shard_of_task(void *items, size_t item, size_t slot) noexcept nogil:
    cdef ShardJobs *all = <ShardJobs *> items
    run_shard(all.jobs[item], all.slots[slot].batch, all.slots[slot].workspace)


cdef class Shards(Task):
    """The shards of a training step, which threads take one after the other.

    Parameters
    ----------
    shards : list of Shard
    memories : list of Memory
        One for each thread.
    """

    cdef list shards
    cdef list memories
    cdef ShardJobs items
    cdef Block table

    def __init__(self, list shards not None, list memories not None):
        cdef size_t batch_size = 1, workspace_size = 1, jobs = whole_lines(len(shards) * sizeof(ShardJob *)), i
        cdef Shard shard
        cdef Memory memory
        cdef char *table
        self.shards, self.memories, self.table = shards, memories, Block()
        table = self.table.at_least(jobs + len(memories) * sizeof(ShardSlot))
        self.items.jobs, self.items.slots = <ShardJob **> table, <ShardSlot *> (table + jobs)
        for i in range(len(shards)):
            shard = shards[i]
            self.items.jobs[i] = &shard.job
            batch_size = max(batch_size, shard.batch_size)
            workspace_size = max(workspace_size, shard.workspace_size)
        for i in range(len(memories)):
            memory = memories[i]
            self.items.slots[i].batch = memory.batch.at_least(batch_size)
            self.items.slots[i].workspace = memory.workspace.at_least(workspace_size)
        self.c.run, self.c.items, self.c.n_items = run_shard_of_task, &self.items, len(shards)
        self.n_slots = len(memories)

    def losses(self):
        """The weighted sums of losses, after `run`."""
        cdef Shard shard
        return [shard.outcome() for shard in self.shards]
