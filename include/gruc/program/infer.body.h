/* The kinds of operations as infer.h runs them. Body over `real` and `vec`; see real.h. */

/* ---- cells */

GRUC_STATIC size_t GRUC(infer_cell_packed)(const gruc_op *op)
{
    return GRUC(layer_packed_size)(op->D, op->H, op->kind);
}

GRUC_STATIC void GRUC(infer_cell_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    size_t columns = gruc_shape_of(op->kind).blocks * op->H;
    const real *W_ihT = (const real *)parameters + op->weights, *W_hhT = W_ihT + op->D * columns;
    const real *b_ih = W_hhT + op->H * columns, *b_hh = op->kind == GRUC_GRU ? b_ih + columns : NULL;
    GRUC(layer_pack)((real *)packed, W_ihT, W_hhT, b_ih, b_hh, op->D, op->H, op->kind);
    *weights = GRUC(gru_op_weights)((const real *)packed, op);
}

GRUC_STATIC size_t
GRUC(infer_cell_scratch)(const gruc_op *op, const gruc_clock *clock, const gruc_clock *clock2)
{
    (void)clock2;
    return GRUC(layer_infer_scratch)(clock->N, clock->B, op->H, op->kind);
}

GRUC_STATIC void GRUC(infer_cell)(const gruc_infer_call *c)
{
    GRUC(gru_weights) w = GRUC(cell_weights)(c->op, c->op->kind, c->weights);
    GRUC(states) state = {(real *)c->last, c->ld_last, c->ld_y}; /* c behind h of all directions */
    for (size_t b = 0; b < c->clock->B; b++)
        for (size_t i = 0; i < gruc_shape_of(w.kind).states; i++) {
            real *to = state.h + b * c->ld_last + i * c->ld_y;
            if (c->x2)
                memcpy(to, (const real *)c->x2 + b * c->ld_x2 + i * c->ld_y, w.H * sizeof(real));
            else
                memset(to, 0, w.H * sizeof(real));
        }
    GRUC(layer_infer)(
        (real *)c->y, c->ld_y, (real *)c->kept, &state, (real *)c->scratch, (const real *)c->x, w.D,
        (const int32_t *)c->tokens, (const real *)c->weights->of_tokens, &w, c->clock->offsets, c->clock->T,
        c->op->reverse, !c->x2);
}

/* of_tokens (n_tokens, slots H): rows of gates with the input products of each token, the last H elements unused */
GRUC_STATIC size_t GRUC(infer_cell_of_tokens_size)(const gruc_op *op, const gruc_op *embed)
{
    return embed->D * gruc_shape_of(op->kind).slots * op->H;
}

GRUC_STATIC void GRUC(infer_cell_of_tokens)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op, const gruc_op *embed)
{
    GRUC(gru_weights) w = GRUC(cell_weights)(op, op->kind, weights);
    GRUC(gru_rows) rows = GRUC(rows_of_gates)((real *)packed, &w, 0);
    GRUC(cell_input)(&rows, op->kind, (const real *)parameters + embed->weights, embed->H, embed->D);
    weights->of_tokens = packed;
}

/* ---- readouts */

GRUC_STATIC void GRUC(infer_mean)(const gruc_infer_call *c)
{
    const gruc_clock *k = c->clock;
    GRUC(mean_forward)((real *)c->y, (const real *)c->x, k->lengths, k->offsets, k->T, k->B, c->op->D);
}

GRUC_STATIC void GRUC(infer_max)(const gruc_infer_call *c)
{
    GRUC(max_forward)((real *)c->y, (const real *)c->x, c->clock->offsets, c->clock->T, c->op->D);
}

GRUC_STATIC size_t GRUC(infer_attention_packed)(const gruc_op *op) { return GRUC(panel_size)(op->D, op->D); }

GRUC_STATIC void GRUC(infer_attention_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    const real *W = (const real *)parameters + op->weights;
    GRUC(pack)((real *)packed, W, op->D, op->D, 1, op->D);
    gruc_op_weights made = {W + op->D * op->D, W + op->D * op->D + op->D, packed, NULL, NULL, NULL};
    *weights = made;
}

GRUC_STATIC size_t
GRUC(infer_attention_scratch)(const gruc_op *op, const gruc_clock *clock, const gruc_clock *clock2)
{
    (void)clock2;
    return clock->N * (op->D + 1);
}

GRUC_STATIC void GRUC(infer_attention)(const gruc_infer_call *c)
{
    const gruc_clock *k = c->clock;
    real *u = (real *)c->scratch, *a = c->kept ? (real *)c->kept : u + k->N * c->op->D;
    GRUC(attention_forward)(
        (real *)c->y, a, u, (const real *)c->x, (const real *)c->weights->W, (const real *)c->weights->bias,
        (const real *)c->weights->vector, k->lengths, k->offsets, k->T, k->B, c->op->D);
}

/* ---- dense */

GRUC_STATIC size_t GRUC(infer_dense_packed)(const gruc_op *op) { return GRUC(panel_size)(op->H, op->D); }

GRUC_STATIC void GRUC(infer_dense_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    const real *W = (const real *)parameters + op->weights;
    GRUC(pack)((real *)packed, W, op->H, op->D, 1, op->H);
    gruc_op_weights made = {W + op->D * op->H, NULL, packed, NULL, NULL, NULL};
    *weights = made;
}

GRUC_STATIC void GRUC(infer_dense)(const gruc_infer_call *c)
{
    GRUC(affine)(
        (real *)c->y, c->ld_y, (const real *)c->x, c->op->D, (const real *)c->weights->W,
        (const real *)c->weights->bias, c->n_rows, c->op->D, c->op->H);
}

/* of a table: the same product, without a bias */
GRUC_STATIC void GRUC(infer_dense_table_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    GRUC(pack_transposed)((real *)packed, (const real *)parameters + op->weights, op->D, op->D, op->H);
    gruc_op_weights made = {NULL, NULL, packed, NULL, NULL, NULL};
    *weights = made;
}

/* ---- embedding: tokens are checked where they are gathered */

GRUC_STATIC void GRUC(infer_embed_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    gruc_op_weights made = {NULL, NULL, (const real *)parameters + op->weights, NULL, NULL, NULL};
    (void)packed;
    *weights = made;
}

GRUC_STATIC void GRUC(infer_embed)(const gruc_infer_call *c)
{
    GRUC(embed_forward)(
        (real *)c->y, c->ld_y, (const real *)c->weights->W, (const int32_t *)c->x, NULL, c->n_rows, c->op->H);
}

/* ---- between two clocks */

GRUC_STATIC void GRUC(infer_permute)(const gruc_infer_call *c)
{
    size_t F = c->op->D;
    GRUC(permute_forward)((real *)c->y, c->ld_y, (const real *)c->x, F, c->clock_of_y, c->clock, F);
}

/* scratch  weights (T of the source,) of a row where they are not kept | in general the queries (N, D) */
GRUC_STATIC size_t
GRUC(infer_attend_scratch)(const gruc_op *op, const gruc_clock *clock, const gruc_clock *clock2)
{
    return GRUC(lines)(clock2->T) + (op->kind == GRUC_ATTEND_GENERAL ? clock->N * op->D : 0);
}

GRUC_STATIC void GRUC(infer_attend)(const gruc_infer_call *c)
{
    size_t F = c->op->D, ld_a = c->kept ? c->clock2->T : 0;
    real *a = (real *)(c->kept ? c->kept : c->scratch), *y = (real *)c->y;
    const real *x = (const real *)c->x, *q = x;
    if (c->op->kind == GRUC_ATTEND_GENERAL) {
        real *made = (real *)c->scratch + GRUC(lines)(c->clock2->T);
        GRUC(affine)(made, F, x, F, (const real *)c->weights->W, NULL, c->clock->N, F, F);
        q = made;
    }
    GRUC(attend_rows)(y, c->ld_y, a, ld_a, q, (const real *)c->x2, c->clock, c->clock2, F);
    if (c->op->H > F) GRUC(copy_rows)(y + F, c->ld_y, x, F, c->clock->N, F);
}

GRUC_STATIC size_t GRUC(infer_general_packed)(const gruc_op *op) { return GRUC(panel_size)(op->D, op->D); }

GRUC_STATIC void GRUC(infer_general_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    GRUC(pack)((real *)packed, (const real *)parameters + op->weights, op->D, op->D, 1, op->D);
    gruc_op_weights made = {NULL, NULL, packed, NULL, NULL, NULL};
    *weights = made;
}

GRUC_STATIC size_t GRUC(infer_keys_packed)(const gruc_op *op)
{
    return GRUC(panel_size)(op->H - op->D, op->D);
}

GRUC_STATIC void GRUC(infer_keys_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    const real *W = (const real *)parameters + op->weights;
    size_t K = op->H - op->D;
    GRUC(pack)((real *)packed, W, K, op->D, 1, K);
    gruc_op_weights made = {W + op->D * K, NULL, packed, NULL, NULL, NULL};
    *weights = made;
}

GRUC_STATIC void GRUC(infer_keys)(const gruc_infer_call *c)
{
    GRUC(keys_forward)(
        (real *)c->y, (const real *)c->x, (const real *)c->weights->W, (const real *)c->weights->bias,
        c->n_rows, c->op->D, c->op->H);
}

/* ---- cells that attend: `bias` of the weights is all that attending_pack makes */

GRUC_STATIC void GRUC(infer_attending_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    gruc_op_weights made = {packed, NULL, NULL, NULL, NULL, NULL};
    GRUC(attending_pack)((real *)packed, (const real *)parameters + op->weights, op);
    *weights = made;
}

/* gates (N, 4H) | queries (N, H) | weights (N, T of the source) where they are not kept */
GRUC_STATIC size_t
GRUC(infer_attending_scratch)(const gruc_op *op, const gruc_clock *clock, const gruc_clock *clock2)
{
    return clock->N * (5 * op->H + clock2->T);
}

GRUC_STATIC void GRUC(infer_attending)(const gruc_infer_call *c)
{
    GRUC(attending_weights) w = GRUC(attending_unpack)((const real *)c->weights->bias, c->op);
    size_t D = c->op->D, H = c->op->H, F = c->op->column, N = c->clock->N;
    real *gates = (real *)c->scratch;
    gruc_attending_batch b;
    memset(&b, 0, sizeof b);
    b.gru.kind = w.cell.kind;
    b.gru.T = c->clock->T;
    b.gru.D = b.gru.ld_x = D;
    b.gru.H = b.gru.ld_state = H;
    b.gru.offsets = c->clock->offsets;
    b.gru.x = c->x;
    b.gru.state0 = c->x2;
    b.gru.ld_state0 = c->ld_x2;
    b.gru.gates = gates;
    b.gru.h = (real *)c->y + F;
    b.gru.ld_h = b.ld_c = c->ld_y;
    b.gru.state = c->last;
    b.F = F;
    b.queries = c->clock;
    b.source = c->clock2;
    b.memory = c->x3;
    b.q = gates + N * 4 * H;
    b.a = c->kept ? c->kept : (void *)(gates + N * 5 * H);
    b.c = c->y;
    GRUC_FLUSH_SUBNORMALS();
    GRUC(attending_forward)(&b, &w, (const int32_t *)c->tokens, (const real *)c->weights->of_tokens);
    GRUC_KEEP_SUBNORMALS();
}

GRUC_STATIC void GRUC(infer_attending_of_tokens)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op, const gruc_op *embed)
{
    GRUC(attending_weights) w = GRUC(attending_unpack)((const real *)weights->bias, op);
    GRUC(gru_rows) rows = GRUC(rows_of_gates)((real *)packed, &w.cell, 0);
    GRUC(input_product)(&rows, (const real *)parameters + embed->weights, embed->H, embed->D);
    weights->of_tokens = packed;
}

/* ---- convolutions, whose normalisation is part of the weights: bias (H,) | panels of weights */

GRUC_STATIC size_t GRUC(infer_conv_packed)(const gruc_op *op)
{
    return GRUC(lines)(op->H) + GRUC(panel_size)(op->H, op->steps * op->D);
}

GRUC_STATIC void GRUC(infer_conv_pack)(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op)
{
    size_t D = op->D, H = op->H, k = op->steps;
    const real *W = (const real *)parameters + op->weights, *norm = W + k * D * H;
    real *bias = (real *)packed, *panels = bias + GRUC(lines)(H);
    GRUC(pack)(panels, W, H, k * D, 1, H);
    for (size_t j = 0; j < H; j++) {
        real factor = GRUC(norm_factor)(norm[j], norm[3 * H + j]);
        real *column = panels + j / LANES * LANES * k * D + j % LANES;
        bias[j] = norm[H + j] - norm[2 * H + j] * factor;
        for (size_t i = 0; i < k * D; i++) column[i * LANES] *= factor;
    }
    gruc_op_weights made = {bias, NULL, panels, NULL, NULL, NULL};
    *weights = made;
}

GRUC_STATIC size_t
GRUC(infer_conv_scratch)(const gruc_op *op, const gruc_clock *clock, const gruc_clock *clock2)
{
    size_t width = op->steps * op->D;
    (void)clock2;
    return GRUC(conv_chunk)(clock->N, width) * width;
}

GRUC_STATIC void GRUC(infer_conv)(const gruc_infer_call *c)
{
    GRUC(conv_rows)(
        (real *)c->y, (real *)c->scratch, (const real *)c->x, (const real *)c->weights->W,
        (const real *)c->weights->bias, c->op, c->clock);
}

GRUC_STATIC void GRUC(infer_pool)(const gruc_infer_call *c)
{
    GRUC(pool_forward)(
        (real *)c->y, (const real *)c->x, c->op->steps, c->clock->offsets, c->clock->T, c->op->D);
}

GRUC_STATIC void GRUC(infer_copy)(const gruc_infer_call *c)
{
    GRUC(copy_rows)((real *)c->y, c->ld_y, (const real *)c->x, c->ld_x, c->n_rows, c->op->D);
}

/* In the order of program.h */
static const gruc_infer_kind GRUC(infer_kinds)[GRUC_N_KINDS] = {
    {NULL, NULL, NULL, NULL, NULL, NULL},
    {NULL, NULL, NULL, GRUC(infer_mean), NULL, NULL},
    {NULL, NULL, NULL, GRUC(infer_max), NULL, NULL},
    {GRUC(infer_attention_packed), GRUC(infer_attention_pack), GRUC(infer_attention_scratch),
     GRUC(infer_attention), NULL, NULL},
    {GRUC(infer_cell_packed), GRUC(infer_cell_pack), GRUC(infer_cell_scratch), GRUC(infer_cell),
     GRUC(infer_cell_of_tokens_size), GRUC(infer_cell_of_tokens)},
    {GRUC(infer_cell_packed), GRUC(infer_cell_pack), GRUC(infer_cell_scratch), GRUC(infer_cell),
     GRUC(infer_cell_of_tokens_size), GRUC(infer_cell_of_tokens)},
    {GRUC(infer_cell_packed), GRUC(infer_cell_pack), GRUC(infer_cell_scratch), GRUC(infer_cell),
     GRUC(infer_cell_of_tokens_size), GRUC(infer_cell_of_tokens)},
    {GRUC(infer_dense_packed), GRUC(infer_dense_pack), NULL, GRUC(infer_dense), NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL}, /* dropout */
    {NULL, GRUC(infer_embed_pack), NULL, GRUC(infer_embed), NULL, NULL},
    {NULL, NULL, NULL, GRUC(infer_permute), NULL, NULL},
    {NULL, NULL, GRUC(infer_attend_scratch), GRUC(infer_attend), NULL, NULL},
    {GRUC(infer_general_packed), GRUC(infer_general_pack), GRUC(infer_attend_scratch), GRUC(infer_attend),
     NULL, NULL},
    {GRUC(infer_conv_packed), GRUC(infer_conv_pack), GRUC(infer_conv_scratch), GRUC(infer_conv), NULL, NULL},
    {NULL, NULL, NULL, GRUC(infer_pool), NULL, NULL},
    {NULL, GRUC(infer_embed_pack), NULL, GRUC(infer_embed), NULL, NULL},
    {GRUC(infer_dense_packed), GRUC(infer_dense_table_pack), NULL, GRUC(infer_dense), NULL, NULL},
    {NULL, NULL, NULL, GRUC(infer_copy), NULL, NULL},
    {GRUC(infer_keys_packed), GRUC(infer_keys_pack), NULL, GRUC(infer_keys), NULL, NULL},
    {GRUC(attending_packed_size), GRUC(infer_attending_pack), GRUC(infer_attending_scratch),
     GRUC(infer_attending), GRUC(infer_cell_of_tokens_size), GRUC(infer_attending_of_tokens)},
    {GRUC(attending_packed_size), GRUC(infer_attending_pack), GRUC(infer_attending_scratch),
     GRUC(infer_attending), GRUC(infer_cell_of_tokens_size), GRUC(infer_attending_of_tokens)},
};
