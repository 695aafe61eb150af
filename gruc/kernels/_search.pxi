# The most probable answers of a decoder. Part of inference.pyx.

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
    cdef Py_ssize_t longest = 0
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
        require(0 < most[i] < INT32_MAX, "most > 0")
        longest = max(longest, most[i])
    batch.spans = <_c.gruc_span *> aligned((n_values + n_ops) * sizeof(_c.gruc_span), held)
    batch.values = <void **> aligned((n_values + n_ops) * sizeof(void *), held)
    batch.kept = batch.values + n_values
    memset(batch.values, 0, (n_values + n_ops) * sizeof(void *))
    states, lasts = np.zeros(n_values, np.intc), np.zeros(n_values, np.intc)
    s.now = <void **> aligned(2 * n_values * sizeof(void *), held)
    s.next = s.now + n_values
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
            states[n_layers], lasts[n_layers] = i, last_state_of(program, i)
            array_pointer(inputs[i], weights.code, B, value.width, False)
            now = np.empty((R, value.width), weights.dtype)
            now[:B] = inputs[i]
            held.append(now)
            s.now[n_layers] = array_pointer(now, weights.code, R, value.width, True)
            s.next[n_layers] = aligned(R * value.width * weights.element, held)
            n_layers += 1
    require(s.tokens >= 0, "a value of tokens that are searched")
    held += [states, lasts]
    s.step, s.n_layers, s.B, s.beam, s.K = &batch, n_layers, B, beam, K
    s.states = <const int *> array_pointer(states, c"i", n_values, 1, False)
    s.lasts = <const int *> array_pointer(lasts, c"i", n_values, 1, False)
    s.start, s.end, s.length_penalty, s.longest = <int32_t> start, <int32_t> end, length_penalty, longest
    if allowed is not None:
        s.allowed = &allowed[0]
    s.most = <const size_t *> &most[0]
    found = np.empty((B, longest), np.int32)
    s.found = <int32_t *> array_pointer(found, c"i", B, longest, True)
    s.answers = <_c.gruc_answer *> aligned(B * sizeof(_c.gruc_answer), held)
    s.followed = <int32_t *> aligned(2 * longest * R * sizeof(int32_t), held)
    s.parents = s.followed + longest * R
    s.logits = aligned(R * K * weights.element, held)
    s.scratch = aligned(K * weights.element, held)
    s.row_tokens = <int32_t *> aligned(R * sizeof(int32_t), held)
    s.order = <Py_ssize_t *> aligned(3 * R * sizeof(Py_ssize_t), held)
    s.next_order, s.ones = s.order + R, s.order + 2 * R
    s.scores = <double *> aligned(2 * R * sizeof(double), held)
    s.next_scores = s.scores + R
    s.candidates = <_c.gruc_candidate *> aligned(2 * beam * sizeof(_c.gruc_candidate), held)
    # memory for all rows does for fewer: where what is computed lies does not change
    batch.clocks[1] = _c.gruc_clock(1, R, R, NULL, NULL, NULL, NULL)
    for i in range(n_layers):
        batch.values[states[i]], batch.values[lasts[i]] = s.now[i], s.next[i]
    batch.values[program.output] = s.logits
    batch.workspace = aligned(_c.gruc_infer_memory(&batch) * weights.element, held)
    with nogil:
        if is_double:
            _c.gruc_run_search(<double *> NULL, &s)
        else:
            _c.gruc_run_search(<float *> NULL, &s)
    return [found[i, :s.answers[i].length].copy() for i in range(B)]


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
