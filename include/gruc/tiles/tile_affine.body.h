/* out = A B + bias, out += A B on tiles. Body over `real`, a float, and `vec`; see real.h, tile_product.body.h. */

GRUC_STATIC void GRUC(affine_with)(
    real *GRUC_RESTRICT out, size_t ld_out,   /* (m, n) OUT, rows ld_out apart */
    const real *GRUC_RESTRICT A, size_t ld_A, /* (m, K) */
    const real *GRUC_RESTRICT B,              /* (K, n) packed */
    const real *GRUC_RESTRICT bias,           /* (n,), or NULL for zeros */
    size_t m, size_t K, size_t n, const gruc_work *work)
{
    GRUC(destination) to = {out, ld_out, n, bias};
    GRUC(product_with)(1, GRUC(finish_assign), &to, A, ld_A, B, m, K, n, work);
}

GRUC_STATIC void GRUC(add_product_with)(
    real *GRUC_RESTRICT out, size_t ld_out, /* (m, n) IN/OUT: added to */
    const real *GRUC_RESTRICT A, size_t ld_A, const real *GRUC_RESTRICT B, size_t m, size_t K, size_t n,
    const gruc_work *work)
{
    GRUC(destination) to = {out, ld_out, n, NULL};
    GRUC(product_with)(1, GRUC(finish_add), &to, A, ld_A, B, m, K, n, work);
}
