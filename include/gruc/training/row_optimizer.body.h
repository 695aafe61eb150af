/* Optimisers over the rows of a table that a batch has seen, in place: `tokens` (n,) names them, g (n, D) are
 * their gradients (token_rows.h). Body over `real`; see real.h.
 *
 * Rows that were not seen keep their values and moments, as in torch.optim.SparseAdam: their moments do not
 * decay, and there is neither decay nor momentum for them. A step costs what the rows seen cost, whatever the
 * size of the table; where all rows are seen it is the step of the whole buffer, to the bit. */

enum { GRUC(ROWS_AHEAD) = 6 }; /* rows that are fetched from memory while others are computed */

GRUC_INLINE void GRUC(fetch_row)(const real *row, size_t D)
{
    for (size_t d = 0; d < D; d += 64 / sizeof(real)) GRUC_PREFETCH(row + d);
}

GRUC_STATIC void GRUC(adam_rows)(
    real *GRUC_RESTRICT p, real *GRUC_RESTRICT m, real *GRUC_RESTRICT v, /* (n_tokens, D) IN/OUT */
    const int32_t *GRUC_RESTRICT tokens, const real *GRUC_RESTRICT g, double rate, double unbias, double keep,
    double beta_1, double beta_2, double epsilon, size_t n, size_t D)
{
    GRUC_FLUSH_SUBNORMALS();
    for (size_t i = 0; i < n; i++) {
        size_t row = (size_t)tokens[i] * D;
        if (i + GRUC(ROWS_AHEAD) < n) {
            size_t ahead = (size_t)tokens[i + GRUC(ROWS_AHEAD)] * D;
            GRUC(fetch_row)(p + ahead, D);
            GRUC(fetch_row)(m + ahead, D);
            GRUC(fetch_row)(v + ahead, D);
        }
        GRUC(adam_elements)(
            p + row, m + row, v + row, p + row, m + row, v + row, g + i * D, rate, unbias, keep, beta_1,
            beta_2, epsilon, D);
    }
    GRUC_KEEP_SUBNORMALS();
}

GRUC_STATIC void GRUC(sgd_rows)(
    real *GRUC_RESTRICT p, real *GRUC_RESTRICT m, /* (n_tokens, D) IN/OUT */
    const int32_t *GRUC_RESTRICT tokens, const real *GRUC_RESTRICT g, double rate, double momentum,
    int nesterov, size_t n, size_t D)
{
    GRUC_FLUSH_SUBNORMALS();
    for (size_t i = 0; i < n; i++) {
        size_t row = (size_t)tokens[i] * D;
        GRUC(sgd_elements)(p + row, m + row, p + row, m + row, g + i * D, rate, momentum, nesterov, D);
    }
    GRUC_KEEP_SUBNORMALS();
}

GRUC_STATIC void GRUC(rmsprop_rows)(
    real *GRUC_RESTRICT p, real *GRUC_RESTRICT v, /* (n_tokens, D) IN/OUT */
    const int32_t *GRUC_RESTRICT tokens, const real *GRUC_RESTRICT g, double rate, double rho, double epsilon,
    size_t n, size_t D)
{
    GRUC_FLUSH_SUBNORMALS();
    for (size_t i = 0; i < n; i++) {
        size_t row = (size_t)tokens[i] * D;
        GRUC(rmsprop_elements)(p + row, v + row, p + row, v + row, g + i * D, rate, rho, epsilon, D);
    }
    GRUC_KEEP_SUBNORMALS();
}

/* add_penalty of the rows seen, added up row by row */
GRUC_STATIC double GRUC(add_penalty_rows)(
    real *GRUC_RESTRICT g,       /* (n, D) IN/OUT */
    const real *GRUC_RESTRICT p, /* (n_tokens, D) */
    const int32_t *GRUC_RESTRICT tokens, double l2, double l1, size_t n, size_t D)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += GRUC(add_penalty)(g + i * D, p + (size_t)tokens[i] * D, l2, l1, D);
    return sum;
}
