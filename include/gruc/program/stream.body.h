/* One sequence, step by step: what the model says of it so far. Body over `real`, `outside` and
 * `vec`; see real.h. Layers in one direction only; D numbers a step, F features, K outputs.
 *
 * After every step the result is that of the whole sequence up to there: the states go on
 * from frame to frame, and a last frame that is not full is completed, as ever, by its last
 * step, for this result only. The arithmetic is that of gru_step.body.h and readout.body.h, one row at a
 * time, so the numbers are those of a prediction, to the last bit but for attention
 * (running_readout.body.h) and for exp of counts, which is libm's here. The memory and the scratch
 * are laid out by gruc_stream_memory, memory.h: `states_size` and the last steps, and `scratch_size`. */

/* Feature j of a step as the network takes it */
GRUC_INLINE outside GRUC(scaled)(outside x, size_t j, const gruc_inputs *m)
{
    if (!m->mean) return x;
    x -= GRUC(in_table)(m->mean, j);
#ifdef GRUC_EXPORTED
    GRUC_ROUNDED(x); /* mean + mean_rest is mean, in float */
#endif
    if (m->mean_rest) x -= GRUC(in_table)(m->mean_rest, j);
    return x / GRUC(in_table)(m->scale, j);
}

/* The same as the layers take it: subnormal numbers, which may be slow, count as 0 */
GRUC_INLINE real GRUC(input)(outside x, size_t j, const gruc_inputs *m)
{
    return GRUC(flushed)((real)GRUC(scaled)(x, j, m));
}

/* The first feature of a step that cannot be computed with, NaN or too large; D where all can. Bits are
 * compared as whole numbers, which -ffinite-math-only leaves alone. */
GRUC_STATIC size_t GRUC(misfit)(const outside *x, const gruc_inputs *m)
{
    const outside most = (outside)m->largest;
    uoutside largest, magnitude;
    memcpy(&largest, &most, sizeof largest);
    for (size_t j = 0; j < m->n_features; j++) {
        outside v = GRUC(scaled)(x[j], j, m);
        memcpy(&magnitude, &v, sizeof magnitude);
        if ((magnitude & ~((uoutside)1 << (8 * sizeof magnitude - 1))) > largest) return j;
    }
    return m->n_features;
}

/* States after one more frame at the beginning of `scratch`; `n_before` frames came before it. Where several rows
 * become one, operations that read that one wait for the last of them, unless the sequence `ends`: then they read
 * what there is. Without a `frame` nothing else happens. */
GRUC_STATIC void GRUC(stream_advance)(
    real *scratch, const real *memory, uint64_t n_before, int frame, int ends, const gruc_model *m)
{
    const gruc_memory *l = &m->memory;
    const gruc_program *p = &m->program;
    real *work = scratch + l->states_size + m->inputs.frame_length * m->inputs.n_features;
    if (gruc_stride(p, p->values[p->output].clock) > 1) /* of operations that wait they stay */
        memcpy(scratch, memory, l->states_size * sizeof(real));
    for (size_t i = 0; i < p->n_ops; i++) {
        const gruc_op *op = p->ops + i;
        int has_x = gruc_has_row(p, op->x, n_before, frame, ends);
        int last_is_short = ends && op->kind == GRUC_POOL && gruc_has_row(p, op->y, n_before, frame, ends);
        gruc_row_call call = {
            op,
            m->weights + i,
            has_x ? scratch + l->rows[op->x] : NULL,
            op->D,
            memory + l->states[i],
            scratch + l->states[i],
            scratch + l->rows[op->y],
            work,
            gruc_rows_before(p, op, n_before)};
        if (m->kinds[i]->step && (has_x || last_is_short)) m->kinds[i]->step(&call);
    }
}

/* Takes in one step, the first one where *n_steps is 0; `memory` must then be 0. */
GRUC_STATIC void GRUC(stream_step)(
    uint64_t *n_steps, real *GRUC_RESTRICT memory, real *GRUC_RESTRICT scratch,
    const outside *GRUC_RESTRICT x, /* (D,) */
    const gruc_model *m)
{
    size_t D = m->inputs.n_features, k = m->inputs.frame_length, place = 0;
    if (k > 1) (void)gruc_quotient(*n_steps, k, &place);
    real *kept = memory + m->memory.states_size, *frame = scratch + m->memory.states_size;
    for (size_t j = 0; j < D; j++) kept[place * D + j] = GRUC(input)(x[j], j, &m->inputs);
    ++*n_steps;
    if (!gruc_ends_frame(*n_steps, k, m->inputs.hop_length)) return;
    for (size_t i = 0; i < k; i++) { /* from the oldest step on, which is behind the newest */
        place = place + 1 < k ? place + 1 : 0;
        memcpy(frame + i * D, kept + place * D, D * sizeof(real));
    }
    GRUC(stream_advance)(scratch, memory, gruc_n_full_frames(*n_steps, k, m->inputs.hop_length) - 1, 1, 0, m);
    memcpy(memory, scratch, m->memory.states_size * sizeof(real));
}

/* The same of a model of tokens, 0 <= token < n_tokens: each is a frame */
GRUC_STATIC void GRUC(stream_token)(
    uint64_t *n_steps, real *GRUC_RESTRICT memory, real *GRUC_RESTRICT scratch, int32_t token,
    const gruc_model *m)
{
    memcpy(scratch + m->memory.rows[0], &token, sizeof token);
    GRUC(stream_advance)(scratch, memory, *n_steps, 1, 0, m);
    ++*n_steps;
    memcpy(memory, scratch, m->memory.states_size * sizeof(real));
}

/* Numbers of what a user is told */
GRUC_INLINE size_t GRUC(n_told)(const gruc_outputs *m) { return m->link == GRUC_TWO ? 2 : m->n_outputs; }

/* From the network's output to what a user is told */
GRUC_STATIC void GRUC(link)(outside *GRUC_RESTRICT out, real *GRUC_RESTRICT outputs, const gruc_outputs *m)
{
    size_t K = m->n_outputs, Q = m->n_quantiles;
    real pair[2];
    switch (m->link) {
    case GRUC_TWO:
        pair[0] = -outputs[0];
        pair[1] = outputs[0];
        GRUC(map_sigmoid)(pair, pair, 2);
        out[0] = (outside)pair[0];
        out[1] = (outside)pair[1];
        return;
    case GRUC_CLASSES:
        GRUC(softmax)(outputs, 1, K);
        break;
    case GRUC_LABELS:
        GRUC(map_sigmoid)(outputs, outputs, K);
        break;
    default: /* GRUC_VALUES, GRUC_EXP: below */
        break;
    }
    for (size_t j = 0; j < K; j++)
        out[j] = m->link == GRUC_EXP ? GRUC_EXP_OUTSIDE((outside)outputs[j]) : (outside)outputs[j];
    for (size_t j = 0; m->target_mean && j < K; j++)
        out[j] = out[j] * GRUC(in_table)(m->target_scale, j / Q) + GRUC(in_table)(m->target_mean, j / Q);
    for (size_t first = 0; Q > 1 && first < K; first += Q) /* few: each to its place among those before */
        for (size_t i = first + 1; i < first + Q; i++) {
            outside value = out[i];
            size_t j = i;
            for (; j > first && out[j - 1] > value; j--) out[j] = out[j - 1];
            out[j] = value;
        }
}

/* What the model says after the steps so far, one at least: of the sequence, or of the last step */
GRUC_STATIC void GRUC(stream_result)(
    outside *GRUC_RESTRICT out, /* (K,), of GRUC_TWO (2,) */
    uint64_t n_steps, const real *GRUC_RESTRICT memory, real *GRUC_RESTRICT scratch, const gruc_model *m)
{
    const gruc_memory *l = &m->memory;
    size_t D = m->inputs.n_features, k = m->inputs.frame_length, hop = m->inputs.hop_length;
    uint64_t full = gruc_n_full_frames(n_steps, k, hop), n_frames = full;
    size_t stride = gruc_stride(&m->program, m->program.values[m->program.output].clock), rest = 0;
    const real *states = memory, *kept = memory + l->states_size;
    real *frame = scratch + l->states_size;
    if (k > 1 || hop > 1) n_frames = gruc_n_frames(n_steps, k, hop);
    for (size_t i = 0; n_frames > full && i < k;
         i++) { /* the last one, with its last step for those it lacks */
        uint64_t step = full * hop + i;
        size_t place;
        if (step >= n_steps) step = n_steps - 1;
        (void)gruc_quotient(step, k, &place);
        memcpy(frame + i * D, kept + place * D, D * sizeof(real));
    }
    uint64_t n_rows = stride > 1 ? gruc_quotient(n_frames, stride, &rest) : n_frames;
    if (rest > 0) n_rows++;
    if (n_frames > full || rest > 0) {
        GRUC(stream_advance)(scratch, memory, full, n_frames > full, 1, m);
        states = scratch;
    }
    for (size_t i = 0; i < m->program.n_ops; i++) { /* what is made of the states */
        const gruc_op *op = m->program.ops + i;
        size_t from = l->rows[op->x]; /* a cell's state, or another row */
        gruc_row_call call = {
            op,
            m->weights + i,
            (from < l->states_size ? states : scratch) + from,
            op->D,
            states + l->states[i],
            NULL,
            scratch + l->rows[op->y] + op->column,
            NULL,
            n_rows};
        if (m->kinds[i]->result) m->kinds[i]->result(&call);
    }
    GRUC(link)(out, scratch + l->rows[m->program.output], &m->outputs);
}
