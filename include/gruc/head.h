/* From logits to probabilities, in place. Body over `real`; see real.h. */

/* a[b, :] = exp(a[b, :]) / sum exp(a[b, :]), the largest logit taken off first */
GRUC_KERNEL void GRUC(softmax)(
    real *GRUC_RESTRICT a, /* (B, K) IN/OUT */
    size_t B, size_t K)
{
    for (size_t b = 0; b < B; b++) {
        real *GRUC_RESTRICT a_b = a + b * K;
        real largest = a_b[0];
        for (size_t k = 1; k < K; k++) largest = a_b[k] > largest ? a_b[k] : largest;
        for (size_t k = 0; k < K; k++) a_b[k] -= largest;
        GRUC(map_exp)(a_b, a_b, K);
        real sum = 0;
        for (size_t k = 0; k < K; k++) sum += a_b[k];
        for (size_t k = 0; k < K; k++) a_b[k] /= sum;
    }
}
