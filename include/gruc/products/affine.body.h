/* What comes of a product, product.body.h's or row_product.body.h's, whichever was included before. Body over
 * `real`, `stored` and `vec`; see real.h. */

/* sum_j a[j] b[j]; of an exported model `a` is a table */
GRUC_STATIC real GRUC(dot)(const real *a, const real *b, size_t n)
{
    real lanes[LANES], sum = 0;
    vec sums = GRUC(splat)(0);
    for (size_t j = 0; j < n; j += LANES) {
        size_t width = GRUC(lanes)(n - j);
        sums = GRUC(fma)(GRUC(load_table)(a + j, width), GRUC(load_part)(b + j, width), sums);
    }
    GRUC(store)(lanes, sums);
    for (size_t l = 0; l < LANES; l++) sum += lanes[l];
    return sum;
}

/* out = A B + bias */

GRUC_APART void GRUC(affine)(
    real *GRUC_RESTRICT out, size_t ld_out,   /* (m, n) OUT, rows ld_out apart */
    const real *GRUC_RESTRICT A, size_t ld_A, /* (m, K) */
    const stored *GRUC_RESTRICT B,            /* (K, n) as the product reads it */
    const real *GRUC_RESTRICT bias,           /* (n,), or NULL for zeros */
    size_t m, size_t K, size_t n)
{
    GRUC(destination) to = {out, ld_out, n, bias};
    GRUC(product)(1, GRUC(finish_assign), &to, A, ld_A, B, m, K, n);
}

GRUC_APART void GRUC(add_product)(
    real *GRUC_RESTRICT out, size_t ld_out, /* (m, n) IN/OUT: added to */
    const real *GRUC_RESTRICT A, size_t ld_A, const stored *GRUC_RESTRICT B, size_t m, size_t K, size_t n)
{
    GRUC(destination) to = {out, ld_out, n, NULL};
    GRUC(product)(1, GRUC(finish_add), &to, A, ld_A, B, m, K, n);
}

/* The same; on tiles they are lent memory (tile_affine.body.h) */
GRUC_INLINE void GRUC(affine_with)(
    real *GRUC_RESTRICT out, size_t ld_out, const real *GRUC_RESTRICT A, size_t ld_A,
    const stored *GRUC_RESTRICT B, const real *GRUC_RESTRICT bias, size_t m, size_t K, size_t n,
    const gruc_work *work)
{
    (void)work;
    GRUC(affine)(out, ld_out, A, ld_A, B, bias, m, K, n);
}

GRUC_INLINE void GRUC(add_product_with)(
    real *GRUC_RESTRICT out, size_t ld_out, const real *GRUC_RESTRICT A, size_t ld_A,
    const stored *GRUC_RESTRICT B, size_t m, size_t K, size_t n, const gruc_work *work)
{
    (void)work;
    GRUC(add_product)(out, ld_out, A, ld_A, B, m, K, n);
}
