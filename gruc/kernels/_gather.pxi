# Where a shard of a training step is gathered. Part of training.pyx.

cdef struct Arena:
    char *start  # NULL while sizes are added up
    size_t used


cdef inline void *take(Arena *arena, size_t bytes) noexcept nogil:
    """Whole cache lines of an arena."""
    cdef size_t begin = arena.used
    arena.used += whole_lines(bytes)
    return arena.start + begin if arena.start != NULL else NULL


cdef struct PackedClock:
    Py_ssize_t *order
    Py_ssize_t *places
    Py_ssize_t *lengths
    Py_ssize_t *offsets


cdef struct PackedShard:
    PackedClock clocks[MOST_CLOCKS]
    void *inputs[MOST_INPUTS]
    Py_ssize_t *labels
    void *y
    double *weights
    uint64_t *seeds


# A shard of a training step: what it reads and fills, without objects of Python.
cdef struct ShardJob:
    _c.gruc_pass c
    _c.gruc_loss loss
    PackedShard packed
    int n_clocks
    const _c.gruc_source *sources[2]
    const Py_ssize_t *indices        # (B,)
    const double *mean
    const double *scale
    Py_ssize_t n_tokens[MOST_INPUTS]
    size_t n_states                  # bytes of all states of a sequence
    const char *state0               # (B, n_states), or NULL
    char *last_state                 # (B, n_states), or NULL
    const Py_ssize_t *labels         # of all targets, or NULL
    const char *y                    # of all targets, or NULL
    const double *weights            # of all targets, or NULL
    const Py_ssize_t *starts         # of all sequences, where each row is answered
    const uint64_t *seeds            # (B,), or NULL
    double result
    _c.gruc_wrong_token wrong        # sequence -1 for none
    Py_ssize_t wrong_input


cdef void place_shard(PackedShard *shard, Arena *arena, const _c.gruc_pass *p, bint labels) noexcept nogil:
    """Where everything that is gathered lies."""
    cdef const _c.gruc_program *program = p.program
    cdef const _c.gruc_value *output = &program.values[program.output]
    cdef size_t B = p.clocks[0].B, n_targets = _c.gruc_rows(output, p.clocks), i
    cdef const _c.gruc_value *value
    for i in range(program.n_inputs):
        value = &program.values[i]
        shard.inputs[i] = take(arena, _c.gruc_rows(value, p.clocks) * value.width * p.element)
    for i in range(MOST_CLOCKS):
        if p.clocks[i].N == 0:
            continue
        shard.clocks[i].order = <Py_ssize_t *> take(arena, B * sizeof(Py_ssize_t))
        shard.clocks[i].places = <Py_ssize_t *> take(arena, B * sizeof(Py_ssize_t))
        shard.clocks[i].lengths = <Py_ssize_t *> take(arena, B * sizeof(Py_ssize_t))
        shard.clocks[i].offsets = <Py_ssize_t *> take(arena, (p.clocks[i].T + 1) * sizeof(Py_ssize_t))
    shard.labels = <Py_ssize_t *> take(arena, n_targets * sizeof(Py_ssize_t) if labels else 0)
    shard.y = take(arena, 0 if labels else n_targets * output.width * p.element)
    shard.weights = <double *> take(arena, n_targets * sizeof(double))
    shard.seeds = <uint64_t *> take(arena, B * sizeof(uint64_t))


cdef void lay_out_clock(
    _c.gruc_clock *clock, PackedClock *packed, const _c.gruc_source *source, const Py_ssize_t *indices,
) noexcept nogil:
    """Order, lengths and offsets of the sequences at `indices`."""
    cdef size_t b
    _c.gruc_layout(packed.order, packed.lengths, packed.offsets, source, indices, clock.B, clock.T)
    for b in range(clock.B):
        packed.places[packed.order[b]] = b
    clock.order = packed.order
    clock.places = packed.places
    clock.lengths = packed.lengths
    clock.offsets = packed.offsets


cdef void gather_targets(ShardJob *job) noexcept nogil:
    """Labels or values, and weights, of each sequence or of each row, in packed order."""
    cdef const _c.gruc_value *output = &job.c.program.values[job.c.program.output]
    cdef const _c.gruc_clock *clock = &job.c.clocks[output.clock]
    cdef PackedShard *packed = &job.packed
    cdef size_t width = output.width * job.c.element, b
    cdef Py_ssize_t row, first, t, i
    for b in range(clock.B):
        i = job.indices[clock.order[b]]
        first = i if job.starts == NULL else job.starts[i]
        for t in range(clock.lengths[b] if job.starts != NULL else 1):
            row = <Py_ssize_t> b if job.starts == NULL else clock.offsets[t] + <Py_ssize_t> b
            packed.weights[row] = 1.0 if job.weights == NULL else job.weights[first + t]
            if job.labels != NULL:
                packed.labels[row] = job.labels[first + t]
            else:
                memcpy(<char *> packed.y + row * width, job.y + (first + t) * width, width)


cdef bint gather_inputs(ShardJob *job) noexcept nogil:
    """Rows and states in packed order; returns whether all tokens are rows of their tables."""
    cdef const _c.gruc_program *program = job.c.program
    cdef const _c.gruc_value *value
    cdef const _c.gruc_source *source
    cdef _c.gruc_clock *clock
    cdef size_t i, column = 0
    cdef void *rows
    for i in range(program.n_inputs):
        value = &program.values[i]
        clock = &job.c.clocks[value.clock]
        rows = job.packed.inputs[i]
        if not value.per_step:
            gather_states(<char *> rows, job.state0, column, job.n_states, clock, value.width * job.c.element)
            column += value.width * job.c.element
            continue
        source = job.sources[value.clock]
        if value.integers:
            job.wrong = _c.gruc_gather_tokens(<int32_t *> rows, source, job.indices, clock.order, clock.offsets,
                                              clock.B, job.n_tokens[i])
            if job.wrong.sequence >= 0:
                job.wrong_input = i
                return False
        elif job.c.element == sizeof(double):
            _c.gruc_gather(<double *> rows, source, job.indices, clock.order, clock.offsets,
                           job.mean if value.clock == 0 else NULL, job.scale if value.clock == 0 else NULL, clock.B)
        else:
            _c.gruc_gather(<float *> rows, source, job.indices, clock.order, clock.offsets,
                           job.mean if value.clock == 0 else NULL, job.scale if value.clock == 0 else NULL, clock.B)
    return True


cdef void scatter_last_states(ShardJob *job) noexcept nogil:
    """States behind the last row of each sequence, to the caller's order."""
    cdef const _c.gruc_program *program = job.c.program
    cdef const _c.gruc_value *value
    cdef size_t i, column = 0
    for i in range(program.n_inputs):
        value = &program.values[i]
        if not value.per_step:
            scatter_states(job.last_state, column, job.n_states,
                           <char *> _c.gruc_rows_of(&job.c, last_of(program, i)), &job.c.clocks[value.clock],
                           value.width * job.c.element)
            column += value.width * job.c.element


cdef void run_shard(ShardJob *job, char *batch, char *workspace) noexcept nogil:
    """Gathering, forward, loss and back, in memory of as many bytes as `Shard` has found out."""
    cdef Arena arena = Arena(batch, 0)
    cdef _c.gruc_pass *p = &job.c
    cdef int i
    cdef size_t b
    p.workspace = workspace
    p.inputs = <const void **> job.packed.inputs
    place_shard(&job.packed, &arena, p, job.labels != NULL)
    job.loss.labels, job.loss.y, job.loss.weights = job.packed.labels, job.packed.y, job.packed.weights
    for i in range(job.n_clocks):
        lay_out_clock(&p.clocks[i], &job.packed.clocks[i], job.sources[i], job.indices)
    for i in range(MOST_CLOCKS):
        if p.program.strides[i] > 0:
            _c.gruc_lay_out_slower(&p.clocks[i], job.packed.clocks[i].lengths, job.packed.clocks[i].offsets,
                                   &p.clocks[0], p.program.strides[i])
    job.wrong.sequence = -1
    if not gather_inputs(job):
        return
    gather_targets(job)
    if job.seeds != NULL:
        for b in range(p.clocks[0].B):
            job.packed.seeds[b] = job.seeds[p.clocks[0].order[b]]
        _c.gruc_program_masks(p, job.packed.seeds)
    job.result = _c.gruc_program_loss(p, &job.loss)
    if job.last_state != NULL:
        scatter_last_states(job)
