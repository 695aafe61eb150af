/* From logits to probabilities, in place. Body over `real`; see real.h. */

/* a = exp(a - largest of a); returns the largest */
GRUC_INLINE real GRUC(exp_below_largest)(real *GRUC_RESTRICT a, size_t K)
{
    real largest = a[0];
    for (size_t k = 1; k < K; k++) largest = a[k] > largest ? a[k] : largest;
    for (size_t k = 0; k < K; k++) a[k] -= largest;
    GRUC(map_exp)(a, a, K);
    return largest;
}

/* a[b, :] = exp(a[b, :]) / sum exp(a[b, :]) */
GRUC_STATIC void GRUC(softmax)(
    real *GRUC_RESTRICT a, /* (B, K) IN/OUT */
    size_t B, size_t K)
{
    for (size_t b = 0; b < B; b++) {
        real *GRUC_RESTRICT a_b = a + b * K;
        GRUC(exp_below_largest)(a_b, K);
        real sum = 0;
        for (size_t k = 0; k < K; k++) sum += a_b[k];
        for (size_t k = 0; k < K; k++) a_b[k] /= sum;
    }
}
