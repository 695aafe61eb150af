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

/* One more row x of a readout's columns, from `column` on, as wide as `width` */
GRUC_STATIC void GRUC(sequence_readout_step)(
    const GRUC(sequence) * s, size_t i, const real *x, size_t column, size_t width, size_t n)
{
    const gruc_model *m = s->m;
    real *u = s->work + m->inputs.frame_length * m->inputs.n_features;
    real *state = s->work + m->memory.states[i] + column;
    gruc_row_call call = {m->program.ops + i, m->weights + i, x, width, state, state, NULL, u, n};
    m->kinds[i]->step(&call);
}

GRUC_STATIC void GRUC(sequence_cell)(const GRUC(sequence) * s, size_t i)
{
    const gruc_model *m = s->m;
    const gruc_op *op = m->program.ops + i;
    size_t H = op->H, pooling = GRUC(sequence_pooling)(s, op->y);
    real *frame = s->work, *now = frame + m->inputs.frame_length * m->inputs.n_features, *before = now + H;
    real *gates = before + H;
    memset(before, 0, H * sizeof(real));
    for (size_t n = 0; n < s->n_frames; n++) {
        size_t t = op->reverse ? s->n_frames - 1 - n : n;
        if (op->x == 0) GRUC(frame_of)(frame, s->x, t, s->n_steps, &m->inputs);
        gruc_row_call call = {op,    m->weights + i, op->x == 0 ? frame : GRUC(sequence_row)(s, op->x, t),
                              op->D, before,         now,
                              now,   gates,          n};
        m->kinds[i]->step(&call);
        if (m->memory.rows[op->y] != GRUC_NOWHERE)
            memcpy(GRUC(sequence_row)(s, op->y, t) + op->column, now, H * sizeof(real));
        else if (pooling < m->program.n_ops)
            GRUC(sequence_readout_step)(s, pooling, now, op->column, H, n);
        before = now;
        now = now == gates - H ? now - H : gates - H;
    }
    if (op->last >= 0 && m->memory.rows[op->last] != GRUC_NOWHERE)
        memcpy(s->work + m->memory.rows[op->last] + op->column, before, H * sizeof(real));
}

/* What a sequence has one row of: a readout over its rows, or what is made of such a row */
GRUC_STATIC void GRUC(sequence_once)(const GRUC(sequence) * s, size_t i)
{
    const gruc_model *m = s->m;
    const gruc_op *op = m->program.ops + i;
    size_t from = m->memory.rows[op->x];
    int rows_are_there = m->kinds[i]->step && from != GRUC_NOWHERE; /* else they were pooled as they came */
    for (size_t t = 0; rows_are_there && t < s->n_frames; t++)
        GRUC(sequence_readout_step)(s, i, GRUC(sequence_row)(s, op->x, t), 0, op->D, t);
    gruc_row_call call = {
        op,
        m->weights + i,
        m->kinds[i]->step ? NULL : s->work + from,
        op->D,
        s->work + m->memory.states[i],
        NULL,
        s->work + m->memory.rows[op->y],
        NULL,
        s->n_frames};
    m->kinds[i]->result(&call);
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
        if (m->program.ops[i].last >= 0) /* a cell */
            GRUC(sequence_cell)(&s, i);
        else
            GRUC(sequence_once)(&s, i);
    }
    GRUC(link)(out, work + m->memory.rows[m->program.output], &m->outputs);
}
