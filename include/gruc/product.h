/* The product of inference. Body over `real`; see real.h.
 *
 * The order of additions is part of the contract: every element is
 *
 *     out[i, j] = (((bias[j] + x[i, 0] W[0, j]) + x[i, 1] W[1, j]) + ...)
 *
 * for every m, n and place in a tile, so that a row's result never depends on
 * the rows beside it. BLAS does not promise this. Sums are split over j only;
 * W lies (k, n), so that a tile's columns are neighbours. */

enum { GRUC(TILE) = 128 / sizeof(real) }; /* columns summed at a time: 8 SSE or 4 AVX registers */

GRUC_KERNEL void GRUC(affine)(
    real *GRUC_RESTRICT out, size_t ld_out,   /* (m, n) OUT, rows ld_out apart */
    const real *GRUC_RESTRICT x, size_t ld_x, /* (m, k) */
    const real *GRUC_RESTRICT W, size_t ld_W, /* (k, n) */
    const real *GRUC_RESTRICT bias,           /* (n,), or NULL for zeros */
    size_t m, size_t k, size_t n)
{
    for (size_t i = 0; i < m; i++) {
        const real *GRUC_RESTRICT x_i = x + i * ld_x;
        for (size_t j = 0; j < n; j += GRUC(TILE)) {
            real sum[GRUC(TILE)] = {0};
            if (n - j >= GRUC(TILE)) { /* a constant width, which compilers keep in registers */
                if (bias) memcpy(sum, bias + j, sizeof sum);
                for (size_t l = 0; l < k; l++)
                    for (size_t c = 0; c < GRUC(TILE); c++) sum[c] += x_i[l] * W[l * ld_W + j + c];
                memcpy(out + i * ld_out + j, sum, sizeof sum);
            } else {
                size_t width = n - j;
                if (bias) memcpy(sum, bias + j, width * sizeof(real));
                for (size_t l = 0; l < k; l++)
                    for (size_t c = 0; c < width; c++) sum[c] += x_i[l] * W[l * ld_W + j + c];
                memcpy(out + i * ld_out + j, sum, width * sizeof(real));
            }
        }
    }
}
