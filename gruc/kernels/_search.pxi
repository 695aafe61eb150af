# The most probable answers of a decoder. Part of inference.pyx.

# Tokens of an answer that there is memory for at first; then twice as many each time, so that memory follows
# what is written, not what might be.
cdef Py_ssize_t FIRST_ROOM = 64


def search(
    Weights weights not None,  # of a program that makes one step for any number of rows: search.h
    list inputs not None,      # an array for each input: tokens None, states (B, H) and rows of the source
    clock,                     # (lengths, offsets, order) of the source
    Py_ssize_t start,          # token that every answer begins after
    Py_ssize_t end,            # token that ends an answer
    const Py_ssize_t[::1] most not None,    # (B,) tokens of an answer, without the end, at most
    Py_ssize_t beam=1,
    double length_penalty=1.0,  # score of an answer: sum of log-probabilities / number of tokens ** length_penalty
    const unsigned char[::1] allowed=None,  # (K,) which tokens may follow; None for all
):
    """The answers to B sequences, a list of arrays of int32 without the end, in the caller's order.

    States, `most` and answers are in the caller's order, rows of the source packed. Arrays are as in
    `Weights.infer`. With ``beam=1`` each token is the most probable after those before it.
    """
    cdef _c.gruc_infer_batch batch
    cdef _c.gruc_search_state s
    cdef const _c.gruc_program *program = &weights.program.c
    cdef Py_ssize_t n_values = program.n_values, n_ops = program.n_ops, i, j, B, R, K, n_layers = 0
    cdef Py_ssize_t longest = 0, size
    cdef char *memory
    cdef int *states
    cdef int *lasts
    cdef int32_t *to
    cdef list held = []
    cdef bint is_double = weights.is_double
    cdef const _c.gruc_value *value
    memset(&batch, 0, sizeof(batch))
    memset(&s, 0, sizeof(s))
    batch.kinds, batch.element, batch.program, batch.weights = weights.kinds(), weights.element, program, weights.c
    set_clock(&batch.clocks[0], clock[0], clock[1], clock[2], held)
    B, K = batch.clocks[0].B, program.values[program.output].width
    require(clock[2] is not None and most.shape[0] == B, "order (B,), most (B,)")
    require(beam > 0 and beam <= INT32_MAX // B and K < INT32_MAX, "a beam of 1 or more")
    require(0 <= end < K and (allowed is None or allowed.shape[0] == K), "an end among the tokens, allowed (K,)")
    require(len(inputs) == <Py_ssize_t> program.n_inputs, "an array for each input")
    R = B * beam
    for i in range(B):
        require(0 < most[i], "most > 0")
        longest = max(longest, most[i])
    s.room = min(longest, FIRST_ROOM)
    # all of it at once: of one short sequence, to allocate each part would take as long as a step
    size = 2 * lines((n_values + n_ops) * sizeof(_c.gruc_span)) + 4 * lines(n_values * sizeof(void *))
    for i in range(n_values):
        value = &program.values[i]
        if i < <Py_ssize_t> program.n_inputs and not value.integers and not value.per_step:
            size += 2 * lines(R * value.width * weights.element)
    size += lines(B * sizeof(_c.gruc_answer)) + 2 * lines(s.room * R * sizeof(int32_t))
    size += lines(R * K * weights.element) + lines(K * weights.element) + lines(R * sizeof(int32_t))
    size += 3 * lines(R * sizeof(Py_ssize_t)) + 2 * lines(R * sizeof(double))
    size += lines(2 * beam * sizeof(_c.gruc_candidate))
    memory = aligned(size, held)
    batch.spans = <_c.gruc_span *> taken(&memory, (n_values + n_ops) * sizeof(_c.gruc_span))
    batch.values = <void **> taken(&memory, (n_values + n_ops) * sizeof(void *))
    batch.kept = batch.values + n_values
    memset(batch.values, 0, (n_values + n_ops) * sizeof(void *))
    s.now = <void **> taken(&memory, n_values * sizeof(void *))
    s.next = <void **> taken(&memory, n_values * sizeof(void *))
    states = <int *> taken(&memory, n_values * sizeof(int))
    lasts = <int *> taken(&memory, n_values * sizeof(int))
    s.tokens = -1
    for i in range(len(inputs)):
        value = &program.values[i]
        if value.integers:
            require(s.tokens < 0 and value.clock == 1, "one value of tokens that are searched")
            require(0 <= start < n_tokens_of(program, i) and K <= n_tokens_of(program, i), "rows of the table")
            s.tokens = <int> i
        elif value.per_step:
            require(value.clock == 0, "rows of the source")
            batch.values[i] = weights.rows_of(&batch, i, inputs[i], False)
        else:
            states[n_layers], lasts[n_layers] = <int> i, last_state_of(program, i)
            s.now[n_layers] = taken(&memory, R * value.width * weights.element)
            s.next[n_layers] = taken(&memory, R * value.width * weights.element)
            memcpy(s.now[n_layers], array_pointer(inputs[i], weights.code, B, value.width, False),
                   B * value.width * weights.element)
            n_layers += 1
    require(s.tokens >= 0, "a value of tokens that are searched")
    s.step, s.n_layers, s.B, s.beam, s.K = &batch, n_layers, B, beam, K
    s.states, s.lasts = states, lasts
    s.start, s.end, s.length_penalty = <int32_t> start, <int32_t> end, length_penalty
    if allowed is not None:
        s.allowed = &allowed[0]
    s.most = <const size_t *> &most[0]
    s.answers = <_c.gruc_answer *> taken(&memory, B * sizeof(_c.gruc_answer))
    s.followed = <int32_t *> taken(&memory, s.room * R * sizeof(int32_t))
    s.parents = <int32_t *> taken(&memory, s.room * R * sizeof(int32_t))
    s.logits = taken(&memory, R * K * weights.element)
    s.scratch = taken(&memory, K * weights.element)
    s.row_tokens = <int32_t *> taken(&memory, R * sizeof(int32_t))
    s.order = <Py_ssize_t *> taken(&memory, R * sizeof(Py_ssize_t))
    s.next_order = <Py_ssize_t *> taken(&memory, R * sizeof(Py_ssize_t))
    s.ones = <Py_ssize_t *> taken(&memory, R * sizeof(Py_ssize_t))
    s.scores = <double *> taken(&memory, R * sizeof(double))
    s.next_scores = <double *> taken(&memory, R * sizeof(double))
    s.candidates = <_c.gruc_candidate *> taken(&memory, 2 * beam * sizeof(_c.gruc_candidate))
    # memory for all rows does for fewer: where what is computed lies does not change
    batch.clocks[1] = _c.gruc_clock(1, R, R, NULL, NULL, NULL, NULL)
    for i in range(n_layers):
        batch.values[states[i]], batch.values[lasts[i]] = s.now[i], s.next[i]
    batch.values[program.output] = s.logits
    batch.workspace = aligned(_c.gruc_infer_memory(&batch) * weights.element, held)
    _c.gruc_search_begin(&s)
    while True:
        with nogil:
            if is_double:
                _c.gruc_run_search(<double *> NULL, &s)
            else:
                _c.gruc_run_search(<float *> NULL, &s)
        if s.n_rows == 0:
            break
        PyErr_CheckSignals()
        make_room(&s, min(2 * s.room, <size_t> longest), held)
    size = 0
    for i in range(B):
        size += s.answers[i].length
    tokens, answers = np.empty(size, np.int32), []
    to = <int32_t *> array_pointer(tokens, c"i", size, 1, True)
    size = 0
    for i in range(B):
        _c.gruc_search_tokens(&s, i, to + size)
        answers.append(tokens[size:size + <Py_ssize_t> s.answers[i].length])
        size += s.answers[i].length
    return answers


cdef int make_room(_c.gruc_search_state *s, size_t room, list held) except -1:
    """Memory for this number of steps, with those that were made."""
    cdef size_t width = s.B * s.beam
    followed = <int32_t *> aligned(room * width * sizeof(int32_t), held)
    parents = <int32_t *> aligned(room * width * sizeof(int32_t), held)
    memcpy(followed, s.followed, s.t * width * sizeof(int32_t))
    memcpy(parents, s.parents, s.t * width * sizeof(int32_t))
    s.followed, s.parents, s.room = followed, parents, room


cdef Py_ssize_t lines(Py_ssize_t size) noexcept:
    """Bytes of whole cache lines."""
    return (size + CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE


cdef void *taken(char **memory, Py_ssize_t size) noexcept:
    """The next `size` bytes of memory, from a cache line on."""
    cdef char *start = memory[0]
    memory[0] += lines(size)
    return start


cdef Py_ssize_t n_tokens_of(const _c.gruc_program *program, int value) noexcept:
    """Rows of the table in which the tokens of a value are looked up; 0 for none."""
    cdef size_t i
    for i in range(program.n_ops):
        if looks_up(&program.ops[i]) and program.ops[i].x == value:
            return program.ops[i].D
    return 0


cdef int last_state_of(const _c.gruc_program *program, int state0) except -1:
    """The value in which the cell that starts from a state leaves the next one."""
    cdef size_t i
    for i in range(program.n_ops):
        if program.ops[i].x2 == state0 and program.ops[i].last >= 0:
            return program.ops[i].last
    require(False, "states that cells start from")
