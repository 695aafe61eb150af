/* Rows of sequences from one clock's order to another's, and their gradients back. Body over `real`; see real.h. */

/* y[b] = x[b'], the same sequence's */
GRUC_STATIC void GRUC(permute_forward)(
    real *GRUC_RESTRICT y, size_t ld_y,       /* (B, F) OUT, rows ld_y apart */
    const real *GRUC_RESTRICT x, size_t ld_x, /* (B, F) */
    const gruc_clock *to, const gruc_clock *from, size_t F)
{
    for (size_t b = 0; b < to->B; b++)
        memcpy(y + b * ld_y, x + gruc_place(b, to, from) * ld_x, F * sizeof(real));
}

/* dx[b'] = dy[b], or with `add` += */
GRUC_STATIC void GRUC(permute_backward)(
    real *GRUC_RESTRICT dx, size_t ld_dx,       /* (B, F) OUT */
    const real *GRUC_RESTRICT dy, size_t ld_dy, /* (B, F) */
    const gruc_clock *to, const gruc_clock *from, size_t F, int add)
{
    for (size_t b = 0; b < to->B; b++) {
        real *row = dx + gruc_place(b, to, from) * ld_dx;
        for (size_t j = 0; j < F; j++) row[j] = (add ? row[j] : 0) + dy[b * ld_dy + j];
    }
}
