/* An embedding: integer tokens, each the row of a table. Body over `real`; see real.h. */

/* y[i] = mask[i] table[tokens[i]] */
GRUC_STATIC void GRUC(embed_forward)(
    real *GRUC_RESTRICT y, size_t ld_y,  /* (N, D) OUT, rows ld_y apart */
    const real *GRUC_RESTRICT table,     /* (n_tokens, D) */
    const int32_t *GRUC_RESTRICT tokens, /* (N,), 0 <= token < n_tokens */
    const real *GRUC_RESTRICT mask,      /* (N,) dropout of whole tokens, or NULL */
    size_t N, size_t D)
{
    for (size_t i = 0; i < N; i++) {
        const real *row = table + (size_t)tokens[i] * D;
        if (mask)
            for (size_t d = 0; d < D; d++) y[i * ld_y + d] = mask[i] * row[d];
        else
            memcpy(y + i * ld_y, row, D * sizeof(real));
    }
}
