/* Attention of single rows over those of a source, for inference, where a row's answer decides what the next
 * row is. Body over `real` and `vec`; see real.h. Equations and letters as in attend.body.h. */

/* Of one query q (F,): weights a (S,) of the source's rows, and c (F,) */
GRUC_STATIC void GRUC(attend_row)(
    real *GRUC_RESTRICT c,       /* (F,) OUT */
    real *GRUC_RESTRICT a,       /* (S,) OUT */
    const real *GRUC_RESTRICT q, /* (F,) */
    const real *GRUC_RESTRICT h, /* (source->N, F), of which those of the sequence at `place` are read */
    const gruc_clock *source, size_t place, size_t F)
{
    size_t S = (size_t)source->lengths[place];
    for (size_t j = 0; j < S; j++) a[j] = GRUC(dot)(q, h + ((size_t)source->offsets[j] + place) * F, F);
    GRUC(softmax)(a, 1, S);
    for (size_t f = 0; f < F; f += LANES) {
        size_t width = GRUC(lanes)(F - f);
        vec sum = GRUC(splat)(0);
        for (size_t j = 0; j < S; j++) {
            const real *h_j = h + ((size_t)source->offsets[j] + place) * F;
            sum = GRUC(fma)(GRUC(splat)(a[j]), GRUC(load_part)(h_j + f, width), sum);
        }
        GRUC(store_part)(c + f, sum, width);
    }
}

/* Of the rows of all sequences, those of `queries`. Weights beyond the end of a source are 0. */
GRUC_STATIC void GRUC(attend_rows)(
    real *GRUC_RESTRICT c, size_t ld_c, /* (queries->N, F) OUT, rows ld_c apart */
    real *GRUC_RESTRICT a, size_t ld_a, /* (queries->N, source->T) OUT; ld_a 0: of the last row only */
    const real *GRUC_RESTRICT q,        /* (queries->N, F) */
    const real *GRUC_RESTRICT h,        /* (source->N, F) */
    const gruc_clock *queries, const gruc_clock *source, size_t F)
{
    GRUC_FLUSH_SUBNORMALS(); /* weights of steps that do not count, and what they are multiplied with */
    for (size_t b = 0; b < queries->B; b++) {
        size_t place = gruc_place(b, queries, source), S = (size_t)source->lengths[place];
        for (ptrdiff_t t = 0; t < queries->lengths[b]; t++) {
            size_t row = (size_t)queries->offsets[t] + b;
            real *a_row = a + row * ld_a;
            GRUC(attend_row)(c + row * ld_c, a_row, q + row * F, h, source, place, F);
            if (ld_a > S) memset(a_row + S, 0, (ld_a - S) * sizeof(real));
        }
    }
    GRUC_KEEP_SUBNORMALS();
}
