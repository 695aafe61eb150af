/* A whole sequence through a model whose layers read it in both directions. Body over `real`,
 * `outside` and `vec`; see real.h. Memory is laid out by gruc_sequence_memory, memory.h. */

/* Elements of memory for a sequence of n_steps */
GRUC_STATIC size_t GRUC(sequence_work)(size_t n_steps, const gruc_model *m)
{
    size_t n_frames = (size_t)gruc_n_frames(n_steps, m->inputs.frame_length, m->inputs.hop_length);
    size_t stride = gruc_stride(&m->program, m->program.values[m->program.output].clock);
    return m->memory.scratch_size + gruc_slower(n_frames, stride) * m->memory.frame_rows;
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
    const void *x;     /* (n_steps, D) of users, or tokens (n_steps,) */
    size_t n_steps, n_read;
    size_t n_frames; /* that cells read: where convolutions make one row of several, fewer than n_read */
    const gruc_model *m;
} GRUC(sequence);

/* Row t of a value that has one for each frame */
GRUC_INLINE real *GRUC(sequence_row)(const GRUC(sequence) * s, int value, size_t t)
{
    return s->rows + s->m->memory.rows[value] * s->n_frames + t * s->m->program.values[value].width;
}

/* The same, or where rows are not kept, row t as it is made of the user's steps */
GRUC_STATIC const real *GRUC(sequence_input)(const GRUC(sequence) * s, int value, size_t t)
{
    const gruc_model *m = s->m;
    real *row = s->work + m->memory.rows[0];
    if (m->program.values[0].integers && m->memory.rows[value] == GRUC_NOWHERE) {
        size_t i = 0;
        while (m->program.ops[i].y != value) i++;
        gruc_row_call call = {
            m->program.ops + i, m->weights + i, (const int32_t *)s->x + t, 1, NULL, NULL, row, NULL, t};
        m->kinds[i]->step(&call);
        return row;
    }
    if (value > 0) return GRUC(sequence_row)(s, value, t);
    GRUC(frame_of)(row, (const outside *)s->x, t, s->n_steps, &m->inputs);
    return row;
}

/* One more row x of a readout's columns, from `column` on, as wide as `width` */
GRUC_STATIC void GRUC(sequence_readout_step)(
    const GRUC(sequence) * s, size_t i, const real *x, size_t column, size_t width, size_t n)
{
    const gruc_model *m = s->m;
    real *state = s->work + m->memory.states[i] + column;
    gruc_row_call call = {m->program.ops + i, m->weights + i, x, width, state, state, NULL, s->work, n};
    m->kinds[i]->step(&call);
}

/* Convolutions and pooling, all of them frame by frame, from operation `first` on; the rows that cells read are kept */
GRUC_STATIC void GRUC(sequence_before_cells)(const GRUC(sequence) * s, size_t first)
{
    const gruc_model *m = s->m;
    const gruc_program *p = &m->program;
    size_t stride = gruc_stride(p, p->values[p->output].clock);
    for (size_t f = 0; f < s->n_read; f++) {
        const real *x = GRUC(sequence_input)(s, p->ops[first].x, f);
        int ends = f + 1 == s->n_read;
        for (size_t i = first; gruc_is_before_cells(p->ops + i); i++) {
            const gruc_op *op = p->ops + i;
            real *state = s->work + m->memory.states[i], *y = s->work + m->memory.rows[op->y];
            if (!gruc_has_row(p, op->x, f, 1, ends)) break;
            if (!gruc_is_before_cells(op + 1)) y = GRUC(sequence_row)(s, op->y, f / stride);
            gruc_row_call call = {
                op, m->weights + i, x, op->D, state, state, y, s->work, gruc_rows_before(p, op, f)};
            m->kinds[i]->step(&call);
            x = y;
        }
    }
}

GRUC_STATIC void GRUC(sequence_cell)(const GRUC(sequence) * s, size_t i)
{
    const gruc_model *m = s->m;
    const gruc_op *op = m->program.ops + i;
    size_t H = op->H, size = gruc_shape_of(op->kind).states * H;
    int is_kept = m->memory.rows[op->y] != GRUC_NOWHERE;
    real *now = s->work, *before = now + size, *gates = before + size;
    memset(before, 0, size * sizeof(real));
    for (size_t n = 0; n < s->n_frames; n++) {
        size_t t = op->reverse ? s->n_frames - 1 - n : n;
        gruc_row_call call = {
            op, m->weights + i, GRUC(sequence_input)(s, op->x, t), op->D, before, now, now, gates, n};
        m->kinds[i]->step(&call);
        if (is_kept) memcpy(GRUC(sequence_row)(s, op->y, t) + op->column, now, H * sizeof(real));
        for (size_t j = 0; !is_kept && j < m->program.n_ops; j++) /* means or maxima that are taken of rows */
            if (m->program.ops[j].x == op->y) GRUC(sequence_readout_step)(s, j, now, op->column, H, n);
        before = now;
        now = now == gates - size ? now - size : gates - size;
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
        s->work + m->memory.rows[op->y] + op->column,
        NULL,
        s->n_frames};
    m->kinds[i]->result(&call);
}

/* The answer for each frame, one after the other, of a model that has one */
GRUC_STATIC void GRUC(sequence_answers)(const GRUC(sequence) * s, size_t i, outside *out)
{
    const gruc_model *m = s->m;
    const gruc_op *op = m->program.ops + i;
    real *y = s->work + m->memory.rows[op->y];
    for (size_t t = 0; t < s->n_frames; t++, out += GRUC(n_told)(&m->outputs)) {
        gruc_row_call call = {
            op, m->weights + i, GRUC(sequence_input)(s, op->x, t), op->D, NULL, NULL, y, NULL, t};
        m->kinds[i]->result(&call);
        GRUC(link)(out, y, &m->outputs);
    }
}

/* What the model says of a sequence of one step at least */
GRUC_STATIC void GRUC(sequence_result)(
    outside *GRUC_RESTRICT out,  /* (K,), of GRUC_TWO (2,); where each frame has an answer (n_frames, K) */
    real *GRUC_RESTRICT work,    /* (sequence_work(n_steps, m),) */
    const void *GRUC_RESTRICT x, /* (n_steps, D) of users, or tokens (n_steps,) */
    size_t n_steps, const gruc_model *m)
{
    size_t n_frames = (size_t)gruc_n_frames(n_steps, m->inputs.frame_length, m->inputs.hop_length);
    size_t stride = gruc_stride(&m->program, m->program.values[m->program.output].clock);
    const GRUC(sequence)
        s = {work, work + m->memory.scratch_size, x, n_steps, n_frames, gruc_slower(n_frames, stride), m};
    int output = m->program.output, answers_each = m->program.values[output].per_step;
    memset(work, 0, m->memory.scratch_size * sizeof(real)); /* readouts start from zeros */
    for (size_t i = 0; i < m->program.n_ops; i++) {
        const gruc_op *op = m->program.ops + i;
        if (gruc_is_before_cells(op)) { /* all of them at once */
            if (i == 0 || !gruc_is_before_cells(op - 1)) GRUC(sequence_before_cells)(&s, i);
        } else if (op->last >= 0) /* a cell */
            GRUC(sequence_cell)(&s, i);
        else if (answers_each && op->y == output)
            GRUC(sequence_answers)(&s, i, out);
        else if (!m->program.values[op->x].integers) /* tokens are looked up where they are read */
            GRUC(sequence_once)(&s, i);
    }
    if (!answers_each) GRUC(link)(out, work + m->memory.rows[output], &m->outputs);
}
