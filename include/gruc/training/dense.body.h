/* The dense head in training: outputs and gradients. Body over `real`; see real.h.
 * B sequences, F features, K outputs; W lies (F, K). */

/* Numbers of scratch that both passes want */
GRUC_STATIC size_t GRUC(dense_scratch)(size_t B, size_t F, size_t K)
{
    size_t forward = GRUC(panel_size)(K, F), dx = GRUC(panel_size)(F, K), dW = GRUC(panel_size)(K, B);
    size_t backward = dx > dW ? dx : dW;
    return forward > backward ? forward : backward;
}

/* out = x W + b */
GRUC_STATIC void GRUC(dense_forward)(
    real *GRUC_RESTRICT out,     /* (B, K) OUT */
    real *GRUC_RESTRICT scratch, /* (dense_scratch(B, F, K),) */
    const real *GRUC_RESTRICT x, /* (B, F) */
    const real *GRUC_RESTRICT W, const real *GRUC_RESTRICT b, size_t B, size_t F, size_t K)
{
    GRUC(pack)(scratch, W, K, F, 1, K);
    GRUC(affine)(out, K, x, F, scratch, b, B, F, K);
}

/* dx = dout W'   dW = x' dout   db = sum dout */
GRUC_STATIC void GRUC(dense_backward)(
    real *GRUC_RESTRICT dx,         /* (B, F) OUT */
    real *GRUC_RESTRICT dW,         /* (F, K) OUT */
    real *GRUC_RESTRICT db,         /* (K,) OUT */
    real *GRUC_RESTRICT scratch,    /* (dense_scratch(B, F, K),) */
    const real *GRUC_RESTRICT dout, /* (B, K) */
    const real *GRUC_RESTRICT x, const real *GRUC_RESTRICT W, size_t B, size_t F, size_t K)
{
    GRUC(pack_transposed)(scratch, W, K, K, F);
    GRUC(affine)(dx, F, dout, K, scratch, NULL, B, K, F);
    GRUC(pack)(scratch, dout, K, B, 1, K); /* whole vectors, which add_outer wants */
    memset(dW, 0, F * K * sizeof(real));
    for (size_t j = 0; j < K; j += LANES, scratch += B * LANES)
        GRUC(add_outer)(dW + j, K, x, F, scratch, LANES, B, F, GRUC(lanes)(K - j));
    memset(db, 0, K * sizeof(real));
    GRUC(add_column_sums)(db, dout, K, B, K);
}
