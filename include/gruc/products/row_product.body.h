/* Products of rows with matrices as they lie, (K, gates n), for models in a program's read-only
 * memory: what product.body.h does over panels, with the same additions in the same order. Body over
 * `real`, `stored` and `vec`; see real.h, simd.body.h.
 *
 * Such memory is read as it is, whatever the width of vectors, and holds no zeros. The last vector
 * of a block of columns reaches into what follows it, and its lanes there are dropped: up to
 * LANES - 1 numbers beyond the end of a matrix are read.
 *
 * Before a matrix of int8 stand the scales of its columns, (gates n) of `real`; a sum is multiplied by
 * its scale once. */

enum { GRUC(TILE) = 12 }; /* sums under way */

/* sums[p, g] = sum_k a[k] W[k, g n + p LANES ...] for so many panels; panels and gates are constants */
GRUC_INLINE void GRUC(row_tile)(
    size_t panels, size_t gates, vec *sums, const real *a, const stored *W, size_t K, size_t n)
{
    vec sum[GRUC(TILE)];
    GRUC_UNROLL
    for (size_t c = 0; c < panels * gates; c++) sum[c] = GRUC(splat)(0);
    for (size_t k = 0; k < K; k++, W += gates * n) {
        vec a_k = GRUC(splat)(a[k]);
        const stored *W_g = W; /* a gate after the other, so that few addresses are worked out */
        GRUC_UNROLL
        for (size_t g = 0; g < gates; g++, W_g += n) {
            GRUC_UNROLL
            for (size_t p = 0; p < panels; p++)
                sum[p * gates + g] = GRUC(fma)(a_k, GRUC(load_stored)(W_g + p * LANES), sum[p * gates + g]);
        }
    }
    GRUC_UNROLL
    for (size_t c = 0; c < panels * gates; c++) sums[c] = sum[c];
}

#ifdef GRUC_INT8
/* Sums of columns j, j + 1, ... of each gate times their scales */
GRUC_INLINE void GRUC(times_scales)(
    size_t panels, size_t gates, vec *sums, const real *scale /* (gates n) */, size_t j, size_t n)
{
    for (size_t p = 0; p < panels; p++) {
        size_t column = j + p * LANES, width = GRUC(lanes)(n - column);
        for (size_t g = 0; g < gates; g++)
            sums[p * gates + g] = sums[p * gates + g] * GRUC(load_table)(scale + g * n + column, width);
    }
}
#endif

typedef void GRUC(finish)(const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels);

/* A (m, K) times W, handed tile by tile to `finish` */
GRUC_INLINE void GRUC(product)(
    size_t gates, /* a constant */
    GRUC(finish) * finish, const void *what, const real *A, size_t ld_A, const stored *W, size_t m, size_t K,
    size_t n)
{
    vec sums[GRUC(TILE)];
    const size_t several = gates == 1 ? 8 : 4;
#ifdef GRUC_INT8
    const real *scale = (const real *)(const void *)W;
    W += gates * n * sizeof(real);
#endif
    for (size_t i = 0; i < m; i++, A += ld_A)
        for (size_t j = 0, panels; j < n; j += panels * LANES) {
            panels = n - j > (several - 1) * LANES ? several : 1;
            if (panels > 1)
                GRUC(row_tile)(several, gates, sums, A, W + j, K, n);
            else
                GRUC(row_tile)(1, gates, sums, A, W + j, K, n);
#ifdef GRUC_INT8
            GRUC(times_scales)(panels, gates, sums, scale, j, n);
#endif
            finish(what, sums, i, 1, j, panels);
        }
}

/* The same; products on tiles are lent memory (tile_product.body.h) */
GRUC_INLINE void GRUC(product_with)(
    size_t gates, GRUC(finish) * finish, const void *what, const real *A, size_t ld_A, const stored *W,
    size_t m, size_t K, size_t n, const gruc_work *work)
{
    (void)work;
    GRUC(product)(gates, finish, what, A, ld_A, W, m, K, n);
}
