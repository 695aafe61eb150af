/* Softmax over some tokens only (Jean et al. 2015), the last operation of a program in training: scores are products
 * with the vectors of `candidates`, the labels of a batch and tokens that were drawn. Body over `real`; see real.h.
 *
 *   l = -a[label] + log(exp(a[label]) + sum over other candidates exp(a[k]) / share[k])
 *
 * share[k] being the probability with which k is a candidate: the expected sum is that over all tokens.
 *
 *   scratch   vectors of candidates | packed | scores of a chunk of rows | dense_backward's
 *
 * The gradient of the table is in pass->token_rows, of the candidates only. */

GRUC_STATIC size_t GRUC(sampled_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    size_t C = pass->n_candidates, F = op->D, chunk = GRUC(dense_chunk)(op, pass);
    return GRUC(lines)(C * F) + GRUC(lines)(GRUC(dense_packed_size)(F, C)) + GRUC(lines)(chunk * C) +
           GRUC(dense_scratch)(chunk);
}

/* Where a token is among candidates (n,), of which it is one */
GRUC_INLINE size_t GRUC(candidate)(const int32_t *candidates, size_t n, ptrdiff_t token)
{
    size_t low = 0;
    while (n > 1) {
        size_t half = n / 2;
        if (candidates[low + half] <= token) low += half;
        n -= half;
    }
    return low;
}

GRUC_STATIC double GRUC(sampled_op_loss)(const gruc_call *c, const gruc_loss *loss)
{
    size_t F = c->op->D, C = loss->n_candidates, chunk = GRUC(dense_chunk)(c->op, c->pass);
    const real *table = c->parameters;
    real *W = c->scratch, *packed = W + GRUC(lines)(C * F);
    real *a = packed + GRUC(lines)(GRUC(dense_packed_size)(F, C)), *scratch = a + GRUC(lines)(chunk * C);
    gruc_token_rows *out = c->pass->token_rows + (c->op - c->pass->program->ops);
    real *dW = out->rows;
    ptrdiff_t labels[GRUC(CHUNK)];
    double sum = 0;
    out->n = C;
    memcpy(out->tokens, loss->candidates, C * sizeof(int32_t));
    memset(dW, 0, C * F * sizeof(real));
    for (size_t k = 0; k < C; k++)
        memcpy(W + k * F, table + (size_t)loss->candidates[k] * F, F * sizeof(real));
    GRUC(dense_pack)(packed, W, 1, F, C);
    for (size_t i = 0, m; i < c->rows; i += m) {
        m = c->rows - i < chunk ? c->rows - i : chunk;
        const real *x = (const real *)c->x + i * F;
        real *dx = c->dx ? (real *)c->dx + i * F : NULL;
        GRUC_FLUSH_SUBNORMALS();
        GRUC(dense_forward)(a, x, packed, NULL, m, F, C);
        GRUC_KEEP_SUBNORMALS();
        for (size_t r = 0; r < m; r++) {
            size_t label = GRUC(candidate)(loss->candidates, C, loss->labels[i + r]);
            real of_label = a[r * C + label];
            for (size_t k = 0; k < C; k++) a[r * C + k] -= (real)loss->log_shares[k];
            a[r * C + label] = of_label;
            labels[r] = (ptrdiff_t)label;
        }
        sum +=
            GRUC(softmax_cross_entropy)(a, labels, loss->weights + i, loss->total, loss->settings[0], m, C);
        GRUC(dense_backward)(dx, c->add_to_dx, dW, NULL, scratch, a, x, packed, 1, m, F, C);
    }
    return sum;
}
