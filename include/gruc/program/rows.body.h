/* The kinds of operations as models run them row by row, in streams and whole sequences: gruc_row_kind of
 * model.h. Body over `real`, `stored` and `vec`; see real.h. Sizes are in memory.h. */

/* ---- cells: y is h of the state, and c of GRUC_FIO stands behind it */

GRUC_INLINE void GRUC(cell_row)(const gruc_row_call *c, int kind /* a constant */)
{
    const gruc_op *op = c->op;
    GRUC(gru_weights) w = GRUC(cell_weights)(op, kind, c->weights);
    GRUC(gru_rows) row = GRUC(rows_of_gates)((real *)c->scratch, &w, 0);
    row.h = (real *)c->state;
    row.h_prev = row.entering = (const real *)c->before;
    row.c = row.h + op->H;
    row.c_prev = row.h_prev + op->H;
    GRUC(cell_input)(&row, kind, (const real *)c->x, op->D, 1);
    GRUC(cell_step)(&row, kind, 1);
}

GRUC_STATIC void GRUC(gru_row_step)(const gruc_row_call *c) { GRUC(cell_row)(c, GRUC_GRU); }

GRUC_STATIC void GRUC(gru_before_row_step)(const gruc_row_call *c)
{
    GRUC(cell_row)(c, GRUC_GRU_RESET_BEFORE);
}

GRUC_STATIC void GRUC(fio_row_step)(const gruc_row_call *c) { GRUC(cell_row)(c, GRUC_FIO); }

static const gruc_row_kind GRUC(gru_kind) = {GRUC(gru_row_step), NULL};
static const gruc_row_kind GRUC(gru_before_kind) = {GRUC(gru_before_row_step), NULL};
static const gruc_row_kind GRUC(fio_kind) = {GRUC(fio_row_step), NULL};

/* ---- readouts: running_readout.body.h */

GRUC_STATIC void GRUC(mean_row_step)(const gruc_row_call *c)
{
    GRUC(mean_step)((real *)c->state, (const real *)c->before, (const real *)c->x, c->width);
}

/* A count in halves, for which processors of 32 bits need no routine of 2 kB */
GRUC_INLINE real GRUC(count)(uint64_t n)
{
    return (real)(uint32_t)(n >> 32) * (real)4294967296 + (real)(uint32_t)n;
}

GRUC_STATIC void GRUC(mean_row_result)(const gruc_row_call *c)
{
    GRUC(divided)((real *)c->y, (const real *)c->before, GRUC(count)(c->n_frames), c->op->D);
}

GRUC_STATIC void GRUC(max_row_step)(const gruc_row_call *c)
{
    GRUC(max_step)((real *)c->state, (const real *)c->before, (const real *)c->x, c->width, c->n_frames == 0);
}

GRUC_STATIC void GRUC(max_row_result)(const gruc_row_call *c)
{
    memcpy(c->y, c->before, c->op->D * sizeof(real));
}

GRUC_STATIC void GRUC(attention_row_step)(const gruc_row_call *c)
{
    GRUC(attention_step)(
        (real *)c->state, (const real *)c->before, (real *)c->scratch, (const real *)c->x, c->weights,
        c->op->D, c->n_frames == 0);
}

GRUC_STATIC void GRUC(attention_row_result)(const gruc_row_call *c)
{
    const real *before = (const real *)c->before;
    GRUC(divided)((real *)c->y, before, before[c->op->D], c->op->D);
}

static const gruc_row_kind GRUC(mean_kind) = {GRUC(mean_row_step), GRUC(mean_row_result)};
static const gruc_row_kind GRUC(max_kind) = {GRUC(max_row_step), GRUC(max_row_result)};
static const gruc_row_kind GRUC(attention_kind) = {GRUC(attention_row_step), GRUC(attention_row_result)};

/* ---- dense: y = x W + b */

GRUC_STATIC void GRUC(dense_row_result)(const gruc_row_call *c)
{
    const gruc_op *op = c->op;
    GRUC(affine)(
        (real *)c->y, op->H, (const real *)c->x, op->D, (const stored *)c->weights->W,
        (const real *)c->weights->bias, 1, op->D, op->H);
}

static const gruc_row_kind GRUC(dense_kind) = {NULL, GRUC(dense_row_result)};

/* ---- embedding: y = the row of a table that a token names */

GRUC_STATIC void GRUC(embed_row_step)(const gruc_row_call *c)
{
    size_t H = c->op->H;
    int32_t token;
    memcpy(&token, c->x, sizeof token);
    const stored *row = (const stored *)c->weights->W + (size_t)token * H;
#ifdef GRUC_EXPORTED
#ifdef GRUC_INT8
    vec scale = GRUC(splat)(GRUC(in_table)(c->weights->vector, (size_t)token));
#endif
    for (size_t j = 0; j < H; j += LANES) { /* and beyond its end, as in row_product.body.h */
        vec values = GRUC(load_stored)(row + j);
#ifdef GRUC_INT8
        values = values * scale;
#endif
        GRUC(store_part)((real *)c->y + j, values, GRUC(lanes)(H - j));
    }
#else
    memcpy(c->y, row, H * sizeof(real));
#endif
}

static const gruc_row_kind GRUC(embed_kind) = {GRUC(embed_row_step), NULL};

/* ---- convolutions: what is carried on are the rows before that a window has, the oldest one first */

GRUC_STATIC void GRUC(conv_row_step)(const gruc_row_call *c)
{
    const gruc_op *op = c->op;
    size_t D = op->D, H = op->H, before = (op->steps - 1) * D;
    real *window = (real *)c->scratch;
    memcpy(window, c->before, before * sizeof(real));
    memcpy(window + before, c->x, D * sizeof(real));
    GRUC(affine)(
        (real *)c->y, H, window, before + D, (const stored *)c->weights->W, (const real *)c->weights->bias, 1,
        before + D, H);
    GRUC(rectify)((real *)c->y, H);
    memcpy(c->state, window + D, before * sizeof(real));
}

/* ---- pooling: `n_frames` are the rows before of those that become one; of a last one that lacks some x is NULL */

GRUC_STATIC void GRUC(pool_row_step)(const gruc_row_call *c)
{
    size_t D = c->op->D;
    const void *largest = c->before;
    if (c->x) {
        GRUC(max_step)((real *)c->state, (const real *)c->before, (const real *)c->x, D, c->n_frames == 0);
        largest = c->state;
    }
    memcpy(c->y, largest, D * sizeof(real));
}

/* ---- values side by side: y begins at the operation's columns */

GRUC_STATIC void GRUC(copy_row_result)(const gruc_row_call *c)
{
    memcpy(c->y, c->x, c->op->D * sizeof(real));
}

static const gruc_row_kind GRUC(copy_kind) = {NULL, GRUC(copy_row_result)};
static const gruc_row_kind GRUC(conv_kind) = {GRUC(conv_row_step), NULL};
static const gruc_row_kind GRUC(pool_kind) = {GRUC(pool_row_step), NULL};

/* ---- products with the rows of a table */

#ifdef GRUC_EXPORTED
GRUC_STATIC void GRUC(dense_table_row_result)(const gruc_row_call *c)
{
    size_t D = c->op->D;
    const stored *table = (const stored *)c->weights->W;
    for (size_t k = 0; k < c->op->H; k++) { /* beyond a row's end x counts as zeros */
        real lanes[LANES], sum = 0;
        vec sums = GRUC(splat)(0);
        for (size_t j = 0; j < D; j += LANES)
            sums = GRUC(fma)(
                GRUC(load_stored)(table + k * D + j),
                GRUC(load_part)((const real *)c->x + j, GRUC(lanes)(D - j)), sums);
        GRUC(store)(lanes, sums);
        for (size_t l = 0; l < LANES; l++) sum += lanes[l];
#ifdef GRUC_INT8
        sum *= GRUC(in_table)(c->weights->vector, k);
#endif
        ((real *)c->y)[k] = sum;
    }
}

static const gruc_row_kind GRUC(dense_table_kind) = {NULL, GRUC(dense_table_row_result)};
#endif

#ifndef GRUC_EXPORTED
/* In the order of program.h */
static const gruc_row_kind *const GRUC(row_kinds)[GRUC_N_KINDS] = {
    NULL,
    &GRUC(mean_kind),
    &GRUC(max_kind),
    &GRUC(attention_kind),
    &GRUC(gru_kind),
    &GRUC(gru_before_kind),
    &GRUC(fio_kind),
    &GRUC(dense_kind),
    NULL, /* dropout */
    &GRUC(embed_kind),
    NULL, /* permute */
    NULL, /* attend */
    NULL, /* attend, general: models have no kernels of these kinds */
    &GRUC(conv_kind),
    &GRUC(pool_kind),
    &GRUC(embed_kind),
    &GRUC(dense_kind), /* packed in panels, tables are as other weights */
    &GRUC(copy_kind),
};
#endif
