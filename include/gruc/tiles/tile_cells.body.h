/* GRU cells as operations of a program whose products are made on tiles: in training, in inference, and row by row.
 * Body over `real`, a float, and `vec`; see real.h, gru_train.body.h, gru.body.h, tile_provider.h. */

/* ---- sizes: several matrices, each of which is rounded up */

GRUC_STATIC size_t GRUC(tile_forward_size)(const gruc_op *op)
{
    return GRUC(lines)(GRUC(gru_packed_size)(op->D, op->H)) + 2 * GRUC(panel_size)(op->H, 0);
}

GRUC_STATIC size_t GRUC(tile_packed_size)(const gruc_op *op, int want_dx)
{
    return GRUC(tile_forward_size)(op) + GRUC(gru_backward_packed_size)(op->D, op->H, op->kind, want_dx);
}

/* What the products of at most so many rows are lent: the largest of those forward, and back */
GRUC_STATIC size_t GRUC(tile_forward_work)(const gruc_op *op, size_t rows)
{
    return GRUC(product_work)(rows, op->D > op->H ? op->D : op->H);
}

GRUC_STATIC size_t GRUC(tile_backward_work)(const gruc_op *op, size_t rows)
{
    size_t D = op->D, H = op->H, size = GRUC(outer_work)(rows, D > H ? D : H, 3 * H);
    return size > GRUC(product_work)(rows, 3 * H) ? size : GRUC(product_work)(rows, 3 * H);
}

/* ---- training */

GRUC_STATIC void GRUC(tile_pack)(void *packed, const void *parameters, const gruc_op *op, int want_dx)
{
    gruc_gru_weights w = gruc_gru_weights_at((void *)parameters, op, sizeof(real));
    real *forward = (real *)packed, *backward = forward + GRUC(tile_forward_size)(op);
    GRUC(gru_pack)(forward, w.W_ihT, w.W_hhT, w.b_ih, w.b_hh, op->D, op->H);
    GRUC(gru_backward_pack)(backward, w.W_ihT, w.W_hhT, op->D, op->H, op->kind, want_dx);
}

/* [ what the passes need | what products are lent ] */
GRUC_STATIC size_t GRUC(tile_scratch_size)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_op *embed = GRUC(cell_looked_up)(op, pass);
    size_t rows = GRUC(chunk_rows)(gruc_clock_of(op, pass)->B);
    if (embed && rows < embed->D) rows = embed->D;
    size_t forward = GRUC(tile_forward_work)(op, rows), backward = GRUC(tile_backward_work)(op, rows);
    return GRUC(lines)(GRUC(cell_scratch_size)(op, pass)) + (forward > backward ? forward : backward);
}

GRUC_STATIC gruc_work GRUC(tile_work)(const gruc_call *call, int parts)
{
    size_t before = GRUC(lines)(GRUC(cell_scratch_size)(call->op, call->pass));
    gruc_work work = {(real *)call->scratch + before, parts};
    return work;
}

GRUC_STATIC void GRUC(tile_forward)(const gruc_call *call, int parts)
{
    gruc_gru_batch batch = GRUC(cell_batch)(call);
    gruc_work work = GRUC(tile_work)(call, parts);
    batch.work = &work;
    GRUC(tiles_begin)();
    GRUC(gru_forward)(&batch, (const real *)call->packed);
    GRUC(tiles_end)();
}

GRUC_STATIC void GRUC(tile_backward)(const gruc_call *call, int parts)
{
    gruc_gru_batch batch = GRUC(cell_batch)(call);
    gruc_gru_weights gradients = gruc_gru_weights_at(call->gradients, call->op, sizeof(real));
    gruc_work work = GRUC(tile_work)(call, parts);
    batch.work = &work;
    GRUC(tiles_begin)();
    GRUC(gru_backward)(&gradients, &batch, (const real *)call->packed + GRUC(tile_forward_size)(call->op));
    GRUC(tiles_end)();
}

/* ---- inference */

GRUC_STATIC void GRUC(tile_infer_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    gruc_gru_weights w = gruc_gru_weights_at((real *)(uintptr_t)parameters + op->weights, op, sizeof(real));
    GRUC(gru_pack)((real *)packed, w.W_ihT, w.W_hhT, w.b_ih, w.b_hh, op->D, op->H);
    *weights = GRUC(gru_op_weights)((const real *)packed, op);
}

GRUC_STATIC size_t
GRUC(tile_infer_scratch)(const gruc_op *op, const gruc_clock *clock, const gruc_clock *clock2)
{
    (void)clock2;
    return GRUC(lines)(GRUC(gru_infer_scratch)(clock->N, clock->B, op->H)) +
           GRUC(tile_forward_work)(op, GRUC(chunk_rows)(clock->B));
}

GRUC_STATIC void GRUC(tile_infer)(const gruc_infer_call *c, int parts)
{
    const gruc_clock *clock = c->clock;
    size_t before = GRUC(lines)(GRUC(gru_infer_scratch)(clock->N, clock->B, c->op->H));
    GRUC(gru_weights) w = GRUC(cell_weights)(c->op, c->op->kind, c->weights);
    gruc_work work = {(real *)c->scratch + before, parts};
    real *state = (real *)c->last;
    w.work = &work;
    for (size_t b = 0; b < clock->B; b++) {
        if (c->x2)
            memcpy(state + b * c->ld_last, (const real *)c->x2 + b * c->ld_x2, w.H * sizeof(real));
        else
            memset(state + b * c->ld_last, 0, w.H * sizeof(real));
    }
    GRUC(tiles_begin)();
    GRUC(gru_infer)(
        (real *)c->y, c->ld_y, (real *)c->kept, state, c->ld_last, (real *)c->scratch, (const real *)c->x,
        w.D, (const int32_t *)c->tokens, (const real *)c->weights->of_tokens, &w, clock->offsets, clock->T,
        c->op->reverse, !c->x2);
    GRUC(tiles_end)();
}

/* [ gates of each token after the input product (n_tokens, 4H) | what the product is lent ] */
GRUC_STATIC size_t GRUC(tile_of_tokens_size)(const gruc_op *op, const gruc_op *embed)
{
    return GRUC(lines)(embed->D * 4 * op->H) + GRUC(product_work)(embed->D, embed->H);
}

GRUC_STATIC void GRUC(tile_of_tokens)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op, const gruc_op *embed,
    int parts)
{
    GRUC(gru_weights) w = GRUC(cell_weights)(op, op->kind, weights);
    gruc_work work = {(real *)packed + GRUC(lines)(embed->D * 4 * op->H), parts};
    GRUC(gru_rows) rows = GRUC(rows_of_gates)((real *)packed, &w, 0);
    w.work = &work;
    GRUC(tiles_begin)();
    GRUC(input_product)(&rows, (const real *)parameters + embed->weights, embed->H, embed->D);
    GRUC(tiles_end)();
    weights->of_tokens = packed;
}

/* ---- row by row */

/* [ gates (4H,) | what products are lent ] */
GRUC_STATIC size_t GRUC(tile_row_scratch)(const gruc_op *op)
{
    return GRUC(lines)(4 * op->H) + GRUC(tile_forward_work)(op, 1);
}

GRUC_INLINE void GRUC(tile_row)(const gruc_row_call *c, int kind, int parts)
{
    const gruc_op *op = c->op;
    GRUC(gru_weights) w = GRUC(cell_weights)(op, kind, c->weights);
    const real *before = (const real *)c->before;
    gruc_work work = {(real *)c->scratch + GRUC(lines)(4 * op->H), parts};
    GRUC(gru_rows) row = GRUC(rows_of_gates)((real *)c->scratch, &w, 0);
    row.h = (real *)c->state;
    row.h_prev = row.entering = before;
    row.ld_h = row.ld_h_prev = row.ld_entering = op->H;
    w.work = &work;
    GRUC(tiles_begin)();
    GRUC(input_product)(&row, (const real *)c->x, op->D, 1);
    GRUC(gru_step)(&row, 1);
    GRUC(tiles_end)();
}

/* ---- the table */

#define GRUC_OF_PARTS(parts)                                                                                 \
    GRUC_STATIC void GRUC(tile_forward_##parts)(const gruc_call *call) { GRUC(tile_forward)(call, parts); }  \
    GRUC_STATIC void GRUC(tile_backward_##parts)(const gruc_call *call)                                      \
    {                                                                                                        \
        GRUC(tile_backward)(call, parts);                                                                    \
    }                                                                                                        \
    GRUC_STATIC void GRUC(tile_infer_##parts)(const gruc_infer_call *call)                                   \
    {                                                                                                        \
        GRUC(tile_infer)(call, parts);                                                                       \
    }                                                                                                        \
    GRUC_STATIC void GRUC(tile_of_tokens_##parts)(                                                           \
        gruc_op_weights * weights, void *packed, const void *parameters, const gruc_op *op,                  \
        const gruc_op *embed)                                                                                \
    {                                                                                                        \
        GRUC(tile_of_tokens)(weights, packed, parameters, op, embed, parts);                                 \
    }                                                                                                        \
    GRUC_STATIC void GRUC(tile_row_##parts)(const gruc_row_call *c) { GRUC(tile_row)(c, c->op->kind, parts); }

GRUC_OF_PARTS(1)
GRUC_OF_PARTS(2)

#undef GRUC_OF_PARTS

#define GRUC_TRAINING(parts)                                                                                 \
    {GRUC(tile_packed_size), GRUC(cell_kept_size),       GRUC(tile_scratch_size),     GRUC(tile_pack),       \
     GRUC(cell_draw_masks),  GRUC(tile_forward_##parts), GRUC(tile_backward_##parts), NULL}
#define GRUC_INFERENCE(parts)                                                                                \
    {GRUC(tile_forward_size),  GRUC(tile_infer_pack),     GRUC(tile_infer_scratch),                          \
     GRUC(tile_infer_##parts), GRUC(tile_of_tokens_size), GRUC(tile_of_tokens_##parts)}

static const gruc_tile_kernels GRUC(tile_kernels) = {
    {GRUC_TRAINING(1), GRUC_TRAINING(2)},
    {GRUC_INFERENCE(1), GRUC_INFERENCE(2)},
    {{{GRUC(tile_row_1), NULL}, {GRUC(tile_row_1), NULL}},
     {{GRUC(tile_row_2), NULL}, {GRUC(tile_row_2), NULL}}},
    GRUC(tile_row_scratch)};

#undef GRUC_TRAINING
#undef GRUC_INFERENCE
