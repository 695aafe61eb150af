/* What a cell reads, where many places read the same few tokens. Body over `real`; see real.h, gru_train.body.h.
 *
 * The input product of a token is the same at all its places, and its gradients go back through the same product:
 * both are made once for each token instead of once for each place.
 *
 *   forward    ih = of_tokens[token],  of_tokens = table W_ih' + b_ih
 *   backward   sums[token] += dgates_ih, then
 *              dW_ih = sums' table,  db_ih = sum sums,  dtable = sums W_ih
 *
 * dx, of which only the sum over the places of a token is of use, has that sum at the last place, 0 at the others. */

/* Elements of the scratch: forward of_tokens (n_tokens, 4H); backward sums (n_tokens, 3H), of which add_outer reads
 * whole vectors, dtable (n_tokens, D), and a place for each token */
GRUC_STATIC size_t GRUC(gru_by_token_scratch)(size_t n_tokens, size_t D, size_t H)
{
    return GRUC(lines)(n_tokens * (4 * H + D + 1) + LANES);
}

/* The input products of all tokens */
GRUC_STATIC void GRUC(gru_token_products)(const gruc_gru_batch *b, const GRUC(gru_weights) * w)
{
    GRUC(gru_rows) rows = GRUC(rows_of_gates)((real *)b->of_tokens, w, 1);
    GRUC(input_product)(&rows, b->table, b->D, b->n_tokens);
}

/* Those of m places from row `first` on */
GRUC_STATIC void GRUC(gru_take_products)(const gruc_gru_batch *b, size_t first, size_t m)
{
    const size_t H = b->H;
    for (size_t i = first; i < first + m; i++)
        memcpy(
            (real *)b->gates + i * 4 * H, (const real *)b->of_tokens + (size_t)b->tokens[i] * 4 * H,
            3 * H * sizeof(real));
}

/* sums[token] += [dn dr dz] of m places from row `first` on; d (m, 5H) are their scratch rows */
GRUC_STATIC void GRUC(gru_add_to_tokens)(const gruc_gru_batch *b, const real *d, size_t first, size_t m)
{
    const size_t H = b->H;
    for (size_t i = 0; i < m; i++) {
        const real *GRUC_RESTRICT row = d + i * 5 * H;
        real *GRUC_RESTRICT sum = (real *)b->of_tokens + (size_t)b->tokens[first + i] * 3 * H;
        for (size_t j = 0; j < 3 * H; j++) sum[j] += row[j];
    }
}

/* Gradients of W_ih and b_ih, and dx, from the sums; W_ih are its panels by inputs */
GRUC_STATIC void GRUC(gru_tokens_backward)(
    const gruc_gru_weights *gradients, const gruc_gru_batch *b, const real *W_ih)
{
    const size_t D = b->D, H = b->H, n = b->n_tokens, N = (size_t)b->offsets[b->T];
    const real *sums = b->of_tokens, *table = b->table;
    real *dW_ihT = gradients->W_ihT, *db_ih = gradients->b_ih;
    GRUC(add_outer_with)(dW_ihT, 3 * H, table, D, sums + H, 3 * H, n, D, 2 * H, b->work);
    GRUC(add_outer_with)(dW_ihT + 2 * H, 3 * H, table, D, sums, 3 * H, n, D, H, b->work);
    GRUC(add_column_sums)(db_ih, sums + H, 3 * H, n, 2 * H);
    GRUC(add_column_sums)(db_ih + 2 * H, sums, 3 * H, n, H);
    if (!b->dx) return;
    real *dtable = (real *)b->of_tokens + n * 3 * H + LANES, *dx = b->dx;
    GRUC(affine_with)(dtable, D, sums, 3 * H, W_ih, NULL, n, 3 * H, D, b->work);
    if (!b->add_to_dx)
        for (size_t i = 0; i < N; i++) memset(dx + i * b->ld_dx, 0, D * sizeof(real));
    int32_t *last = (int32_t *)(void *)(dtable + n * D); /* places of tokens, -1 for none */
    for (size_t k = 0; k < n; k++) last[k] = -1;
    for (size_t i = 0; i < N; i++) last[b->tokens[i]] = (int32_t)i;
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; last[k] >= 0 && j < D; j++)
            dx[(size_t)last[k] * b->ld_dx + j] += dtable[k * D + j];
}
