/* A cell with attention inside the step, back through time. Body over `real` and `vec`; see real.h. Letters as in
 * attending.body.h and gru_train.body.h.
 *
 *   dc    = its gradient from above + dgates_ih W_c
 *   da_j  = dc . m_j        de_j = a_j (da_j - sum_i a_i da_i)        dm_j += a_j dc
 *   dp_j  = de_j v (1 - u_j u_j), u_j = tanh(q + k_j)                 dk_j += dp_j
 *   dv   += de_j u_j        dq = sum_j dp_j
 *   dW_q += dq' h_(t-1)     dh_(t-1) += dq W_q */

/* [ what gru_backward_pack makes for D inputs | panels of W_c by its inputs (n r z) | panels of W_q by units ] */
GRUC_STATIC size_t GRUC(attending_backward_packed_size)(const gruc_op *op, int want_dx)
{
    size_t D = op->D, H = op->H, F = op->column;
    return GRUC(lines)(GRUC(gru_backward_packed_size)(D, H, GRUC_GRU, want_dx)) +
           GRUC(lines)(GRUC(panel_size)(F, 3 * H)) + GRUC(panel_size)(H, H);
}

GRUC_STATIC void GRUC(attending_backward_pack)(
    real *GRUC_RESTRICT packed, const real *parameters, const gruc_op *op, int want_dx)
{
    size_t D = op->D, H = op->H, F = op->column;
    const real *W_ihT = GRUC(attending_cell_parameters)(parameters, H), *W_hhT = W_ihT + (D + F) * 3 * H;
    GRUC(gru_backward_pack)(packed, W_ihT, W_hhT, D, H, GRUC(attending_cell)(op), want_dx);
    packed += GRUC(lines)(GRUC(gru_backward_packed_size)(D, H, GRUC_GRU, want_dx));
    GRUC(gru_inputs_backward_pack)(packed, W_ihT + D * 3 * H, F, H);
    packed += GRUC(lines)(GRUC(panel_size)(F, 3 * H));
    GRUC(pack_transposed)(packed, parameters, H, H, H);
}

/* Elements of scratch: what comes back through W_hh | rows of gru_train.body.h (N, 5H) | dc | dq; whole vectors of
 * each are read */
GRUC_STATIC size_t GRUC(attending_scratch)(size_t N, size_t B, size_t H, size_t F)
{
    return GRUC(lines)(B * H) + GRUC(lines)(N * 5 * H + LANES) + GRUC(lines)(B * F + LANES) +
           GRUC(lines)(B * H + LANES);
}

/* Back through the attention of one row, whose gradient dc (F,) is known: dq (H,), dv and dmemory are added to */
GRUC_STATIC void GRUC(attending_row_backward)(
    const gruc_attending_batch *b, const real *v, real *dq, real *dv, const real *dc, size_t row,
    size_t place)
{
    size_t H = b->gru.H, F = b->F, ld = H + F, S = (size_t)b->source->lengths[place];
    const real *q = (const real *)b->q + row * H, *a = (const real *)b->a + row * b->source->T;
    real mean = 0;
    memset(dq, 0, H * sizeof(real));
    for (size_t j = 0; j < S; j++) {
        size_t at = ((size_t)b->source->offsets[j] + place) * ld;
        mean += a[j] * GRUC(dot)(dc, (const real *)b->memory + at + H, F);
    }
    for (size_t s = 0; s < S; s++) {
        size_t at = ((size_t)b->source->offsets[s] + place) * ld;
        const real *k = (const real *)b->memory + at, *m = k + H;
        real *dk = (real *)b->dmemory + at, *dm = dk + H, de = a[s] * (GRUC(dot)(dc, m, F) - mean);
        for (size_t j = 0; j < H; j += LANES) {
            size_t width = GRUC(lanes)(H - j);
            vec u = GRUC(tanh)(GRUC(load_part)(q + j, width) + GRUC(load_part)(k + j, width));
            vec dp = GRUC(splat)(de) * GRUC(load_part)(v + j, width) * ((real)1 - u * u);
            GRUC(store_part)(dk + j, GRUC(load_part)(dk + j, width) + dp, width);
            GRUC(store_part)(dq + j, GRUC(load_part)(dq + j, width) + dp, width);
            GRUC(store_part)(dv + j, GRUC(fma)(GRUC(splat)(de), u, GRUC(load_part)(dv + j, width)), width);
        }
        for (size_t f = 0; f < F; f += LANES) {
            size_t width = GRUC(lanes)(F - f);
            vec sum =
                GRUC(fma)(GRUC(splat)(a[s]), GRUC(load_part)(dc + f, width), GRUC(load_part)(dm + f, width));
            GRUC(store_part)(dm + f, sum, width);
        }
    }
}

GRUC_STATIC void GRUC(attending_backward)(
    real *GRUC_RESTRICT gradients,                            /* OUT: like the parameters */
    const gruc_attending_batch *b,                            /* after attending_forward */
    const real *parameters, const real *GRUC_RESTRICT packed, /* by attending_backward_pack */
    int want_dx)
{
    const gruc_gru_batch *g = &b->gru;
    const size_t T = g->T, D = g->D, H = g->H, F = b->F, N = (size_t)g->offsets[T], B = (size_t)g->offsets[1];
    const real *W_c = packed + GRUC(lines)(GRUC(gru_backward_packed_size)(D, H, GRUC_GRU, want_dx));
    const real *W_q = W_c + GRUC(lines)(GRUC(panel_size)(F, 3 * H)), *v = parameters + H * H;
    const real *h = (const real *)g->h, *W_ih = packed + GRUC(panel_size)(H, 3 * H);
    real *through = (real *)g->scratch, *d = through + GRUC(lines)(B * H);
    real *dc = d + GRUC(lines)(N * 5 * H + LANES), *dq = dc + GRUC(lines)(B * F + LANES);
    real *dW_q = gradients, *dv = gradients + H * H, *dW_ihT = dv + H, *dW_hhT = dW_ihT + (D + F) * 3 * H;
    real *db_ih = dW_hhT + H * 3 * H, *db_hh = g->kind == GRUC_GRU ? db_ih + 3 * H : NULL;
    gruc_gru_weights of_cell = {dW_ihT, dW_hhT, db_ih, db_hh};
    GRUC_FLUSH_SUBNORMALS();
    memset(gradients, 0, (size_t)(db_ih + (db_hh ? 6 : 3) * H - gradients) * sizeof(real));
    if (b->dmemory && !b->add_to_dmemory) memset(b->dmemory, 0, b->source->N * (H + F) * sizeof(real));
    for (size_t t = T; t-- > 0;) {
        size_t row = (size_t)g->offsets[t], alive = GRUC(alive)(t, g->offsets);
        size_t ld = t ? g->ld_h : g->ld_state0;
        const real *before = t ? h + (size_t)g->offsets[t - 1] * ld : (const real *)g->state0;
        const GRUC(start) start = {before, NULL, ld, 0};
        real *rows = d + row * 5 * H;
        GRUC(gru_backward_rows)(g, packed, rows, through, row, 0, start, alive);
        GRUC(affine)(dc, F, rows, 5 * H, W_c, NULL, alive, 3 * H, F);
        for (size_t i = 0; i < alive; i++) {
            real *dc_i = dc + i * F;
            const real *above = b->dc ? (const real *)b->dc + (row + i) * b->ld_dc : NULL;
            for (size_t f = 0; above && f < F; f++) dc_i[f] += above[f];
            GRUC(attending_row_backward)(
                b, v, dq + i * H, dv, dc_i, row + i, gruc_place(i, b->queries, b->source));
        }
        if (!before) continue;
        GRUC(add_outer)(dW_q, H, before, ld, dq, H, alive, H, H);
        GRUC(add_product)((real *)g->dstate, g->ld_dstate, dq, H, W_q, alive, H, H);
    }
    GRUC(gru_add_input_gradients)(&of_cell, g, d, (const real *)g->x, N);
    GRUC(gru_add_state_gradients)(&of_cell, g, d, N);
    GRUC(add_outer)(dW_ihT + D * 3 * H, 3 * H, (const real *)b->c, b->ld_c, d + H, 5 * H, N, F, 2 * H);
    GRUC(add_outer)(dW_ihT + D * 3 * H + 2 * H, 3 * H, (const real *)b->c, b->ld_c, d, 5 * H, N, F, H);
    if (g->dx && g->add_to_dx)
        GRUC(add_product)((real *)g->dx, g->ld_dx, d, 5 * H, W_ih, N, 3 * H, D);
    else if (g->dx)
        GRUC(affine)((real *)g->dx, g->ld_dx, d, 5 * H, W_ih, NULL, N, 3 * H, D);
    if (db_hh) memcpy(db_hh, db_ih, 2 * H * sizeof(real));
    GRUC_KEEP_SUBNORMALS();
}
