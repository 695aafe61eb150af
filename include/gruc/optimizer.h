/* What happens to the flat buffer of gradients and parameters once a batch.
 * Body over `real`; see real.h. */

/* sqrt(sum g^2), added up in double; so many sums that vectors of them do not wait for each other */
GRUC_STATIC double GRUC(norm)(const real *GRUC_RESTRICT g, size_t size)
{
    enum { SUMS = 32 };
    double sums[SUMS] = {0};
    size_t whole = size - size % SUMS;
    for (size_t i = 0; i < whole; i += SUMS)
        for (size_t c = 0; c < SUMS; c++) sums[c] += (double)g[i + c] * (double)g[i + c];
    for (size_t i = whole; i < size; i++) sums[i - whole] += (double)g[i] * (double)g[i];
    double sum = 0;
    for (size_t c = 0; c < SUMS; c++) sum += sums[c];
    return sqrt(sum);
}

/* g += other */
GRUC_STATIC void GRUC(add)(real *GRUC_RESTRICT g, const real *GRUC_RESTRICT other, size_t size)
{
    for (size_t i = 0; i < size; i++) g[i] += other[i];
}

/* g *= factor */
GRUC_STATIC void GRUC(scale)(real *GRUC_RESTRICT g, double factor, size_t size)
{
    real f = (real)factor;
    for (size_t i = 0; i < size; i++) g[i] *= f;
}

/* Adam (Kingma and Ba 2015), step t = 1, 2, ...; the powers are taken once, by
 * the caller: rate = learning_rate / (1 - beta_1^t), unbias = 1 / (1 - beta_2^t).
 *
 *   m = beta_1 m + (1 - beta_1) g
 *   v = beta_2 v + (1 - beta_2) g^2
 *   p -= rate * m / (sqrt(v * unbias) + epsilon)
 *
 * The new p, m, v may be the old ones, or leave them as they are. */
GRUC_STATIC void GRUC(adam)(
    real *new_p, real *new_m, real *new_v,                      /* (size,) OUT */
    const real *p, const real *m, const real *v, const real *g, /* (size,) */
    double rate, double unbias, double beta_1, double beta_2, double epsilon, size_t size)
{
    real b1 = (real)beta_1, b2 = (real)beta_2, c1 = (real)(1 - beta_1), c2 = (real)(1 - beta_2);
    real step = (real)rate, u = (real)unbias, eps = (real)epsilon;
    GRUC_FLUSH_SUBNORMALS(); /* the moments of a weight without gradient decay for ever */
    for (size_t i = 0; i < size; i += LANES) {
        size_t n = GRUC(lanes)(size - i);
        vec grad = GRUC(load_part)(g + i, n);
        vec first = b1 * GRUC(load_part)(m + i, n) + c1 * grad;
        vec second = b2 * GRUC(load_part)(v + i, n) + c2 * (grad * grad);
        GRUC(store_part)(new_m + i, first, n);
        GRUC(store_part)(new_v + i, second, n);
        vec old = GRUC(load_part)(p + i, n);
        GRUC(store_part)(new_p + i, old - step * first / (GRUC(sqrt)(second * u) + eps), n);
    }
    GRUC_KEEP_SUBNORMALS();
}
