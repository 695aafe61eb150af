/* Gradients of biases. Body over `real` and `vec`; see real.h. */

/* out[j] += sum_i a[i, j] */
GRUC_APART void GRUC(add_column_sums)(
    real *GRUC_RESTRICT out,                  /* (n,) IN/OUT: added to */
    const real *GRUC_RESTRICT a, size_t ld_a, /* (m, n), rows ld_a apart */
    size_t m, size_t n)
{
    size_t j = 0;
    for (; n - j >= 4 * LANES; j += 4 * LANES) { /* a sum waits for itself, and for no other */
        vec sum[4];
        GRUC_UNROLL
        for (size_t c = 0; c < 4; c++) sum[c] = GRUC(load)(out + j + c * LANES);
        for (size_t i = 0; i < m; i++) {
            GRUC_UNROLL
            for (size_t c = 0; c < 4; c++) sum[c] = sum[c] + GRUC(load)(a + i * ld_a + j + c * LANES);
        }
        GRUC_UNROLL
        for (size_t c = 0; c < 4; c++) GRUC(store)(out + j + c * LANES, sum[c]);
    }
    for (; j < n; j += LANES) {
        size_t width = GRUC(lanes)(n - j);
        vec sum = GRUC(load_part)(out + j, width);
        for (size_t i = 0; i < m; i++) sum = sum + GRUC(load_part)(a + i * ld_a + j, width);
        GRUC(store_part)(out + j, sum, width);
    }
}
