# A shard of a training step: gathering, forward, loss and back. Part of training.pyx.

cdef class Inputs:
    """Where the inputs of a program come from: n sequences.

    Parameters
    ----------
    source : Source
        Rows of the first clock.
    scaling : (mean, scale) or None
        Of their features, (D,) each.
    second : Source or None
        Rows of the second clock, of as many sequences.
    state0 : ndarray of shape (B, S) or None
        What the inputs for each sequence hold, side by side in the order of the program: states before
        the first row of each sequence that is taken. None for zeros.
    last_state : ndarray of shape (B, S) or None
        Filled with the states after the last row, in the same order.
    """

    cdef Source source
    cdef Source second
    cdef const double[::1] mean
    cdef const double[::1] scale
    cdef object state0
    cdef object last_state

    def __init__(self, Source source not None, scaling=None, Source second=None, state0=None, last_state=None):
        self.source = source
        self.mean, self.scale = (None, None) if scaling is None else scaling
        require_scaling(self.mean, self.scale, source.c.D)
        require(second is None or second.c.n == source.c.n, "sources of as many sequences")
        self.second = second
        self.state0 = state0
        self.last_state = last_state

    cdef Source of_clock(self, Py_ssize_t clock):
        return self.second if clock else self.source


cdef class Targets:
    """What sequences are to be answered with, and how answers are judged.

    Parameters
    ----------
    loss : int
        SOFTMAX, SIGMOID, SQUARED_ERROR, ...
    settings : tuple of float
        Of the loss, one or more (loss.body.h); 0 for those without.
    values : ndarray of shape (m,), intp, or (m, K)
        Labels for SOFTMAX; elements of the weights' type for the others. One for each sequence, or
        for each of its rows, sequence after sequence.
    weights : ndarray of shape (m,), float64, or None
        One for each of `values`; None for ones.
    starts : ndarray of shape (n,), intp, or None
        Where each sequence's begin in `values`, for a program that answers each row; None for one each.
    """

    cdef int loss
    cdef double[::1] settings
    cdef const Py_ssize_t[::1] labels
    cdef const float[:, ::1] y_f32
    cdef const double[:, ::1] y_f64
    cdef const double[::1] weights
    cdef const Py_ssize_t[::1] starts
    cdef Py_ssize_t n_values

    def __init__(self, int loss, settings, values not None, const double[::1] weights=None,
                 const Py_ssize_t[::1] starts=None):
        require(SOFTMAX <= loss <= POISSON, "loss one of SOFTMAX, ..., POISSON")
        self.loss = loss
        self.settings = np.array(settings, np.float64)
        require(self.settings.shape[0] > 0, "settings, one or more")
        self.labels = self.y_f32 = self.y_f64 = None
        if loss == SOFTMAX:
            self.labels = values
        elif values.dtype == np.float64:
            self.y_f64 = values
        else:
            self.y_f32 = values
        self.n_values = len(values)
        self.weights = weights
        self.starts = starts

    cdef int check(self, Source source, const Py_ssize_t[::1] indices, Py_ssize_t K, bint per_step,
                   bint is_double) except -1:
        """Targets of the sequences of a source, or of their rows, for K outputs."""
        cdef Py_ssize_t n = source.c.n, b, n_rows
        require(self.weights is None or self.weights.shape[0] == self.n_values, "weights (m,), as many as values")
        require((self.starts is not None) == per_step, "starts where each row is answered")
        self.check_values(K, is_double)
        if not per_step:
            require(self.n_values == n, "targets of as many sequences as the source has")
            for b in range(indices.shape[0]):
                self.check_labels(indices[b], 1, K)
            return 0
        require(self.starts.shape[0] == n, "starts (n,)")
        for b in range(indices.shape[0]):
            n_rows = _c.gruc_sequence_at(&source.c, indices[b]).n_frames
            require(0 <= self.starts[indices[b]] <= self.n_values - n_rows, "targets of every row")
            self.check_labels(self.starts[indices[b]], n_rows, K)
        return 0

    cdef int check_values(self, Py_ssize_t K, bint is_double) except -1:
        """Values of K outputs, where they are not labels."""
        if self.loss == SOFTMAX:
            return 0
        if is_double:
            require(self.y_f64 is not None and self.y_f64.shape[1] == K, "targets (m, K) of the weights' type")
        else:
            require(self.y_f32 is not None and self.y_f32.shape[1] == K, "targets (m, K) of the weights' type")
        return 0

    cdef int check_labels(self, Py_ssize_t first, Py_ssize_t n, Py_ssize_t K) except -1:
        """Labels, where they are labels, of K classes."""
        cdef Py_ssize_t i
        if self.loss == SOFTMAX:
            for i in range(first, first + n):
                require(0 <= self.labels[i] < K, "0 <= labels < K")
        return 0


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


cdef void gather_targets(
    PackedShard *shard, floating *to, const floating[:, ::1] y, Targets targets, const _c.gruc_clock *clock,
    const Py_ssize_t[::1] indices,
) noexcept nogil:
    """Labels or values, and weights, of each sequence or of each row, in packed order."""
    cdef Py_ssize_t row, first, t, b, i
    for b in range(<Py_ssize_t> clock.B):
        i = indices[clock.order[b]]
        first = i if targets.starts is None else targets.starts[i]
        for t in range(clock.lengths[b] if targets.starts is not None else 1):
            row = b if targets.starts is None else clock.offsets[t] + b
            shard.weights[row] = 1.0 if targets.weights is None else targets.weights[first + t]
            if targets.loss == SOFTMAX:
                shard.labels[row] = targets.labels[first + t]
            else:
                memcpy(to + row * y.shape[1], &y[first + t, 0], y.shape[1] * sizeof(floating))


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


def loss_and_gradient(
    floating[::1] gradients not None,       # (program.n_dense,) OUT: of the weighted sum / total
    Memory memory not None,
    Weights weights not None,
    Inputs inputs not None,
    const Py_ssize_t[::1] indices not None,  # (B,) which sequences of the sources
    Targets targets not None,               # of all their sequences
    double total,                           # what their weighted sum of losses is divided by, > 0
    dropout=None,                           # (seeds (B,) of uint64, rate, rate of states[, rate of tokens])
    TableGradients tables=None,             # OUT: of the program's tables; None for one without
    candidates=None,                        # (tokens (C,) of int32, rising, log_shares (C,)) for DENSE_SAMPLED
):
    """Weighted sum of the losses of some sequences, and its gradient.

    Gathering, forward, loss and back in one call, so that threads need not take turns in Python.
    """
    cdef _c.gruc_pass p
    cdef _c.gruc_loss loss
    cdef PackedShard shard
    cdef Arena arena
    cdef Program program = weights.program
    cdef const _c.gruc_value *output = &program.c.values[program.c.output]
    cdef const _c.gruc_value *value
    cdef _c.gruc_clock *clock
    cdef Source source = inputs.of_clock(output.clock if program.c.strides[output.clock] == 0 else 0)
    cdef bint of_labels = targets.loss == SOFTMAX
    cdef Py_ssize_t B = indices.shape[0], i, column, n_states
    cdef const uint64_t[::1] seeds = None
    cdef const floating[:, ::1] state0 = inputs.state0
    cdef floating[:, ::1] last_state = inputs.last_state
    cdef const _c.gruc_source *sources[2]
    cdef Py_ssize_t n_tokens[MOST_INPUTS]
    cdef const double *mean = NULL
    cdef const double *scale = NULL
    cdef floating *rows
    cdef _c.gruc_wrong_token wrong
    cdef double result = 0
    cdef const int32_t[::1] tokens = None
    cdef const double[::1] log_shares = None
    wrong.sequence = -1
    check_inputs(inputs, program, indices, &p)
    require((sizeof(floating) == sizeof(double)) == weights.is_double, "gradients of the weights' type")
    require(gradients.shape[0] == program.n_dense, "gradients (program.n_dense,)")
    require((tables is not None) == (program.n_dense < program.n_parameters), "tables where there are some")
    require(tables is None or tables.fits(weights), "tables of the same program and type")
    require_loss(program)
    require(not output.per_step or program.c.strides[output.clock] == 0, "answers for steps that the caller has")
    require(total > 0, "total > 0")
    targets.check(source, indices, output.width, output.per_step, weights.is_double)
    n_states = states_width(&program.c)
    require(state0 is None or (state0.shape[0] == B and state0.shape[1] == n_states), "state0 (B, S)")
    require(last_state is None or (last_state.shape[0] == B and last_state.shape[1] == n_states),
            "last_state (B, S)")
    if candidates is not None:
        tokens, log_shares = candidates
        require_candidates(tokens, log_shares, program, targets, source, indices)
    require((tokens is not None) == is_sampled(program), "candidates for a loss over some tokens")
    p.n_candidates = 0 if tokens is None else tokens.shape[0]
    p.rate = p.rate_states = p.rate_tokens = 0
    p.by_token = True  # nobody looks at the gradient of a place
    if dropout is not None:
        seeds, *rates = dropout
        p.rate, p.rate_states, p.rate_tokens = rates if len(rates) == 3 else (*rates, 0)
        require(seeds is not None and seeds.shape[0] == B, "seeds (B,)")
        require_rates(p.rate, p.rate_states, p.rate_tokens)
    require(seeds is not None or not has_dropout(program), "seeds for a program with dropout")
    p.inputs = shard.inputs
    p.dinputs = NULL
    p.gradients = &gradients[0]
    p.outputs = p.doutputs = NULL
    begin(&p, weights, memory, seeds is not None and p.rate_states > 0)
    p.token_rows = NULL if tables is None else tables.make_room(&p)
    arena = Arena(NULL, 0)
    place_shard(&shard, &arena, &p, of_labels)
    arena = Arena(memory.batch.at_least(arena.used), 0)
    place_shard(&shard, &arena, &p, of_labels)
    loss = _c.gruc_loss(targets.loss, shard.labels, shard.y, shard.weights, total, &targets.settings[0],
                        targets.settings.shape[0], NULL, NULL, p.n_candidates)
    if tokens is not None:
        loss.candidates, loss.log_shares = &tokens[0], &log_shares[0]
    for i in range(program.n_clocks):
        sources[i] = &inputs.of_clock(i).c
    for i in range(<Py_ssize_t> program.c.n_inputs):
        if program.c.values[i].integers:
            n_tokens[i] = n_tokens_of(program, i)
    if inputs.mean is not None:
        mean, scale = &inputs.mean[0], &inputs.scale[0]
    with nogil:
        for i in range(program.n_clocks):
            lay_out_clock(&p.clocks[i], &shard.clocks[i], sources[i], &indices[0])
        for i in range(MOST_CLOCKS):
            if program.c.strides[i] > 0:
                _c.gruc_lay_out_slower(&p.clocks[i], shard.clocks[i].lengths, shard.clocks[i].offsets, &p.clocks[0],
                                       program.c.strides[i])
        column = 0
        for i in range(<Py_ssize_t> program.c.n_inputs):
            value = &program.c.values[i]
            clock = &p.clocks[value.clock]
            rows = <floating *> shard.inputs[i]
            if value.integers:
                wrong = _c.gruc_gather_tokens(<int32_t *> rows, sources[value.clock], &indices[0], clock.order,
                                              clock.offsets, B, n_tokens[i])
                if wrong.sequence >= 0:
                    break
            elif value.per_step:
                _c.gruc_gather(rows, sources[value.clock], &indices[0], clock.order, clock.offsets,
                               mean if value.clock == 0 else NULL, scale if value.clock == 0 else NULL, B)
            else:
                gather_states(rows, state0, column, clock, value.width)
                column += value.width
        if wrong.sequence < 0:
            clock = &p.clocks[output.clock]
            if floating is double:
                gather_targets(&shard, <floating *> shard.y, targets.y_f64, targets, clock, indices)
            else:
                gather_targets(&shard, <floating *> shard.y, targets.y_f32, targets, clock, indices)
            if seeds is not None:
                for i in range(B):
                    shard.seeds[i] = seeds[p.clocks[0].order[i]]
                _c.gruc_program_masks(&p, shard.seeds)
            result = _c.gruc_program_loss(&p, &loss)
            if last_state is not None:
                column = 0
                for i in range(<Py_ssize_t> program.c.n_inputs):
                    value = &program.c.values[i]
                    if not value.per_step:
                        rows = <floating *> _c.gruc_rows_of(&p, last_of(&program.c, i))
                        scatter_states(last_state, column, rows, &p.clocks[value.clock], value.width)
                        column += value.width
    if wrong.sequence >= 0:
        require_tokens(wrong, n_tokens[i])
    return result
