/* A dense layer in training: outputs and gradients. Body over `real`; see real.h. m rows of sequences or of
 * steps, F features, K outputs; W lies (F, K).
 *
 * Weights are packed once, then rows are taken at once or chunk by chunk: gradients of the weights are added
 * up within a chunk from the first row to the last, then chunk by chunk. So the outputs of all rows need not
 * be held at a time, where there are many rows of many outputs. */

/* `by_rows`: W lies (K, F), as a table of vectors does.
 *
 * [ panels of W by outputs | panels of W by features ] */
GRUC_STATIC size_t GRUC(dense_packed_size)(size_t F, size_t K)
{
    return GRUC(lines)(GRUC(panel_size)(K, F)) + GRUC(panel_size)(F, K);
}

GRUC_STATIC void GRUC(dense_pack)(
    real *GRUC_RESTRICT packed, /* (dense_packed_size(F, K),) OUT */
    const real *GRUC_RESTRICT W, int by_rows, size_t F, size_t K)
{
    real *by_features = packed + GRUC(lines)(GRUC(panel_size)(K, F));
    if (by_rows) {
        GRUC(pack_transposed)(packed, W, F, F, K);
        GRUC(pack)(by_features, W, F, K, 1, F);
        return;
    }
    GRUC(pack)(packed, W, K, F, 1, K);
    GRUC(pack_transposed)(by_features, W, K, K, F);
}

/* out = x W + b */
GRUC_STATIC void GRUC(dense_forward)(
    real *GRUC_RESTRICT out,     /* (m, K) OUT */
    const real *GRUC_RESTRICT x, /* (m, F) */
    const real *GRUC_RESTRICT packed, const real *GRUC_RESTRICT b, size_t m, size_t F, size_t K)
{
    GRUC(affine)(out, K, x, F, packed, b, m, F, K);
}

/* Elements of scratch of dense_backward: a block of columns of dout, or by_rows of x, as whole vectors, which
 * add_outer reads */
enum { GRUC(DENSE_PANELS) = 3 };
GRUC_STATIC size_t GRUC(dense_scratch)(size_t m) { return m * GRUC(DENSE_PANELS) * LANES; }

/* dx = dout W', or with `add` +=   dW += x' dout   db += sum dout */
GRUC_STATIC void GRUC(dense_backward)(
    real *GRUC_RESTRICT dx, int add, /* (m, F) OUT, or NULL */
    real *GRUC_RESTRICT dW,          /* (F, K), or by_rows (K, F) IN/OUT: added to */
    real *GRUC_RESTRICT db,          /* (K,) IN/OUT: added to; or NULL */
    real *GRUC_RESTRICT scratch,     /* (dense_scratch(m),) */
    const real *GRUC_RESTRICT dout,  /* (m, K) */
    const real *GRUC_RESTRICT x,     /* (m, F) */
    const real *GRUC_RESTRICT packed, int by_rows, size_t m, size_t F, size_t K)
{
    const size_t block = GRUC(DENSE_PANELS) * LANES;
    const real *W_panels = packed + GRUC(lines)(GRUC(panel_size)(K, F));
    if (dx && add)
        GRUC(add_product)(dx, F, dout, K, W_panels, m, K, F);
    else if (dx)
        GRUC(affine)(dx, F, dout, K, W_panels, NULL, m, K, F);
    const real *rows = by_rows ? dout : x, *columns = by_rows ? x : dout; /* of dW */
    size_t M = by_rows ? K : F, N = by_rows ? F : K;
    for (size_t j = 0; j < N; j += block) {
        size_t n = N - j < block ? N - j : block;
        for (size_t i = 0; i < m; i++) memcpy(scratch + i * block, columns + i * N + j, n * sizeof(real));
        GRUC(add_outer)(dW + j, N, rows, M, scratch, block, m, M, n);
    }
    if (db) GRUC(add_column_sums)(db, dout, K, m, K);
}
