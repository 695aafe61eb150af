/* From a sequence's states to one vector: the mean over its own steps. (The
 * last state needs no arithmetic.) Packed rows as in gru.h; F features.
 * Body over `real`; see real.h. */

/* out[b] = sum_t h[t, b] / lengths[b], added up from step 0 on */
GRUC_STATIC void GRUC(mean_forward)(
    real *GRUC_RESTRICT out,                /* (B, F) OUT */
    const real *GRUC_RESTRICT h,            /* (N, F) */
    const ptrdiff_t *GRUC_RESTRICT lengths, /* (B,) */
    const ptrdiff_t *GRUC_RESTRICT offsets, /* (T + 1,) */
    size_t T, size_t B, size_t F)
{
    memset(out, 0, B * F * sizeof(real));
    for (size_t t = 0; t < T; t++) {
        size_t alive = (size_t)(offsets[t + 1] - offsets[t]);
        for (size_t i = 0; i < alive * F; i++) out[i] += h[i];
        h += alive * F;
    }
    for (size_t b = 0; b < B; b++)
        for (size_t j = 0; j < F; j++) out[b * F + j] /= (real)lengths[b];
}

/* dh[t, b] = dout[b] / lengths[b] */
GRUC_STATIC void GRUC(mean_backward)(
    real *GRUC_RESTRICT dh,         /* (N, F) OUT */
    const real *GRUC_RESTRICT dout, /* (B, F) */
    const ptrdiff_t *GRUC_RESTRICT lengths, const ptrdiff_t *GRUC_RESTRICT offsets, size_t T, size_t F)
{
    for (size_t t = 0; t < T; t++) {
        size_t alive = (size_t)(offsets[t + 1] - offsets[t]);
        for (size_t b = 0; b < alive; b++)
            for (size_t j = 0; j < F; j++) dh[b * F + j] = dout[b * F + j] / (real)lengths[b];
        dh += alive * F;
    }
}
