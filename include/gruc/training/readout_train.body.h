/* Readouts back: from the gradient of the vector to that of every state, which is added to where `add`. Body
 * over `real` and `vec`; see real.h. Letters as in readout.body.h, packed rows as in gru.body.h. */

/* dh[t, b] = dout[b] / lengths[b] */
GRUC_STATIC void GRUC(mean_backward)(
    real *GRUC_RESTRICT dh, int add, /* (N, F) OUT */
    const real *GRUC_RESTRICT dout,  /* (B, F) */
    const ptrdiff_t *GRUC_RESTRICT lengths, const ptrdiff_t *GRUC_RESTRICT offsets, size_t T, size_t F)
{
    for (size_t t = 0; t < T; t++) {
        size_t alive = GRUC(alive)(t, offsets);
        for (size_t b = 0; b < alive; b++)
            for (size_t j = 0; j < F; j++) {
                real dh_j = dout[b * F + j] / (real)lengths[b];
                dh[b * F + j] = add ? dh[b * F + j] + dh_j : dh_j;
            }
        dh += alive * F;
    }
}

/* dh[t, b] = dout[b] at the first step that has the largest, elsewhere 0 */
GRUC_STATIC void GRUC(max_backward)(
    real *GRUC_RESTRICT dh, int add, /* (N, F) OUT */
    real *GRUC_RESTRICT dout,        /* (B, F) IN: used up */
    const real *GRUC_RESTRICT out,   /* (B, F) from max_forward */
    const real *GRUC_RESTRICT h, const ptrdiff_t *GRUC_RESTRICT offsets, size_t T, size_t F)
{
    for (size_t t = 0; t < T; t++) {
        size_t size = GRUC(alive)(t, offsets) * F;
        for (size_t i = 0; i < size; i++) {
            int here = h[i] == out[i];
            real dh_i = here ? dout[i] : 0;
            dh[i] = add ? dh[i] + dh_i : dh_i;
            dout[i] = here ? 0 : dout[i];
        }
        h += size;
        dh += size;
    }
}

/* With dp the derivative by W h + b:
 *
 *   de_t = a_t (dc . h_t - dc . c)     dp_t = de_t v (1 - u_t * u_t)     dv = sum de_t u_t
 *   dW = sum dp_t h_t'    db = sum dp_t    dh_t = a_t dc + W' dp_t */
GRUC_STATIC void GRUC(attention_backward)(
    real *GRUC_RESTRICT dh, int add, /* (N, F) OUT */
    real *GRUC_RESTRICT dWT,         /* (F, F) OUT */
    real *GRUC_RESTRICT db,          /* (F,) OUT */
    real *GRUC_RESTRICT dv,          /* (F,) OUT */
    real *GRUC_RESTRICT scratch,     /* (panel_size(F, F),) */
    real *GRUC_RESTRICT u,           /* (N, F) from attention_forward, and room for LANES - 1 more; used up */
    const real *GRUC_RESTRICT a, const real *GRUC_RESTRICT c, /* from there */
    const real *GRUC_RESTRICT dc,                             /* (B, F) */
    const real *GRUC_RESTRICT h, const real *GRUC_RESTRICT WT, const real *GRUC_RESTRICT v,
    const ptrdiff_t *GRUC_RESTRICT offsets, size_t T, size_t F)
{
    size_t N = (size_t)offsets[T], row = 0;
    memset(dv, 0, F * sizeof(real));
    for (size_t t = 0; t < T; t++)
        for (size_t b = 0; b < GRUC(alive)(t, offsets); b++, row++) {
            const real *dc_b = dc + b * F;
            real de = a[row] * (GRUC(dot)(dc_b, h + row * F, F) - GRUC(dot)(dc_b, c + b * F, F));
            for (size_t j = 0; j < F; j++) {
                real u_j = u[row * F + j];
                dv[j] += de * u_j;
                u[row * F + j] = de * v[j] * (1 - u_j * u_j);
                real dh_j = a[row] * dc_b[j];
                dh[row * F + j] = add ? dh[row * F + j] + dh_j : dh_j;
            }
        }
    const real *dp = u;
    GRUC(pack_transposed)(scratch, WT, F, F, F);
    memset(dWT, 0, F * F * sizeof(real));
    memset(db, 0, F * sizeof(real));
    for (size_t i = 0; i < N; i += GRUC(CHUNK)) { /* rows that are still in the second-level cache */
        size_t m = N - i < GRUC(CHUNK) ? N - i : GRUC(CHUNK);
        GRUC(add_product)(dh + i * F, F, dp + i * F, F, scratch, m, F, F);
        GRUC(add_outer)(dWT, F, h + i * F, F, dp + i * F, F, m, F, F);
        GRUC(add_column_sums)(db, dp + i * F, F, m, F);
    }
}
