/* A whole sequence through a model whose layers read it in both directions. Body over `real`,
 * `outside` and `vec`; see real.h. Memory is laid out by gruc_sequence_memory, memory.h. */

/* Elements of memory for a sequence of n_steps */
GRUC_STATIC size_t GRUC(sequence_work)(size_t n_steps, const gruc_model *m)
{
    size_t n_frames = (size_t)gruc_n_frames(n_steps, m->inputs.frame_length, m->inputs.hop_length);
    return m->memory.scratch_size + n_frames * m->memory.frame_rows;
}

/* Frame t of x (n_steps, D), its last step for those it lacks */
GRUC_STATIC void GRUC(frame_of)(
    real *GRUC_RESTRICT frame, const outside *x, size_t t, size_t n_steps, const gruc_inputs *m)
{
    for (size_t i = 0; i < m->frame_length; i++, frame += m->n_features) {
        size_t step = t * m->hop_length + i;
        const outside *at = x + (step < n_steps ? step : n_steps - 1) * m->n_features;
        for (size_t j = 0; j < m->n_features; j++) frame[j] = GRUC(input)(at[j], j, m);
    }
}

/* A sequence on its way through the model */
typedef struct {
    real *work, *rows; /* what there is once, and a row of for each frame */
    const outside *x;
    size_t n_steps, n_frames;
    const gruc_model *m;
} GRUC(sequence);

/* Row t of a value that has one for each frame */
GRUC_INLINE real *GRUC(sequence_row)(const GRUC(sequence) * s, int value, size_t t)
{
    return s->rows + s->m->memory.rows[value] * s->n_frames + t * s->m->program.values[value].width;
}

/* The place of the mean or maximum that is taken of a value whose rows are not kept; n_ops for none */
GRUC_STATIC size_t GRUC(sequence_pooling)(const GRUC(sequence) * s, int value)
{
    size_t i = 0;
    if (s->m->memory.rows[value] != GRUC_NOWHERE) return s->m->program.n_ops;
    while (i < s->m->program.n_ops && s->m->program.ops[i].x != value) i++;
    return i;
}

GRUC_INLINE void GRUC(sequence_cell)(const GRUC(sequence) * s, size_t i, int kind)
{
    const gruc_model *m = s->m;
    const gruc_op *op = m->program.ops + i;
    size_t H = op->H, pooling = GRUC(sequence_pooling)(s, op->y);
    GRUC(gru_weights) w = GRUC(cell_weights)(op, kind, m->weights + i);
    real *frame = s->work, *now = frame + m->inputs.frame_length * m->inputs.n_features, *before = now + H;
    real *gates = before + H;
    memset(before, 0, H * sizeof(real));
    for (size_t n = 0; n < s->n_frames; n++) {
        size_t t = op->reverse ? s->n_frames - 1 - n : n;
        GRUC(gru_rows) row = {gates, now, H, before, H, before, H, &w, 0};
        if (op->x == 0) GRUC(frame_of)(frame, s->x, t, s->n_steps, &m->inputs);
        GRUC(input_product)(&row, op->x == 0 ? frame : GRUC(sequence_row)(s, op->x, t), op->D, 1);
        GRUC(gru_step)(&row, 1);
        if (m->memory.rows[op->y] != GRUC_NOWHERE)
            memcpy(GRUC(sequence_row)(s, op->y, t) + op->column, now, H * sizeof(real));
        else if (pooling < m->program.n_ops)
            GRUC(readout_step)(
                m->program.ops + pooling, m->weights + pooling, m->kinds,
                s->work + m->memory.states[pooling] + op->column, NULL, now, H, n == 0);
        before = now;
        now = now == gates - H ? now - H : gates - H;
    }
    if (op->last >= 0 && m->memory.rows[op->last] != GRUC_NOWHERE)
        memcpy(s->work + m->memory.rows[op->last] + op->column, before, H * sizeof(real));
}

GRUC_STATIC void GRUC(sequence_readout)(const GRUC(sequence) * s, size_t i)
{
    const gruc_model *m = s->m;
    const gruc_op *op = m->program.ops + i;
    real *u = s->work + m->inputs.frame_length * m->inputs.n_features, *state = s->work + m->memory.states[i];
    for (size_t t = 0; m->memory.rows[op->x] != GRUC_NOWHERE && t < s->n_frames; t++)
        GRUC(readout_step)(
            op, m->weights + i, m->kinds, state, u, GRUC(sequence_row)(s, op->x, t), op->D, t == 0);
    GRUC(readout_result)(op, m->kinds, s->work + m->memory.rows[op->y], state, s->n_frames);
}

/* What the model says of x (n_steps, D), one step at least */
GRUC_STATIC void GRUC(sequence_result)(
    outside *GRUC_RESTRICT out, /* (K,), of GRUC_TWO (2,) */
    real *GRUC_RESTRICT work,   /* (sequence_work(n_steps, m),) */
    const outside *GRUC_RESTRICT x, size_t n_steps, const gruc_model *m)
{
    size_t n_frames = (size_t)gruc_n_frames(n_steps, m->inputs.frame_length, m->inputs.hop_length);
    const GRUC(sequence) s = {work, work + m->memory.scratch_size, x, n_steps, n_frames, m};
    memset(work, 0, m->memory.scratch_size * sizeof(real)); /* readouts start from zeros */
    for (size_t i = 0; i < m->program.n_ops; i++) {
        const gruc_op *op = m->program.ops + i;
        if (gruc_is(op, GRUC_GRU, m->kinds))
            GRUC(sequence_cell)(&s, i, GRUC_GRU);
        else if (gruc_is(op, GRUC_GRU_RESET_BEFORE, m->kinds))
            GRUC(sequence_cell)(&s, i, GRUC_GRU_RESET_BEFORE);
        else if (op->kind == GRUC_DENSE)
            GRUC(dense_row)(work + m->memory.rows[op->y], work + m->memory.rows[op->x], op, m->weights + i);
        else
            GRUC(sequence_readout)(&s, i);
    }
    GRUC(link)(out, work + m->memory.rows[m->program.output], &m->outputs);
}
