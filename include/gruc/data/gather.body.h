/* From the user's sequences to packed rows, scaled on the way. Body over `real`; see real.h. */

enum { GRUC(ABREAST) = 64 }; /* numbers compared side by side */

/* Widen the range of each of D columns to the numbers of x, rows end to end; returns whether
 * all are finite. */
GRUC_STATIC int GRUC(widen_range)(
    real *GRUC_RESTRICT lowest, real *GRUC_RESTRICT highest, /* (D,) IN/OUT */
    const real *GRUC_RESTRICT x,                             /* (size,) */
    size_t size, size_t D)
{
    real low[GRUC(ABREAST)], high[GRUC(ABREAST)];
    real *to_low = lowest, *to_high = highest;
    size_t width = D;
    ureal not_finite = 0;
    if (D <= GRUC(ABREAST)) { /* some rows together, where they are short */
        width = GRUC(ABREAST) / D * D;
        for (size_t i = 0; i < width; i++) {
            low[i] = lowest[i % D];
            high[i] = highest[i % D];
        }
        to_low = low;
        to_high = high;
    }
    for (size_t start = 0; start < size; start += width) {
        size_t n = size - start < width ? size - start : width;
        const real *at = x + start;
        for (size_t i = 0; i < n; i++) {
            to_low[i] = at[i] < to_low[i] ? at[i] : to_low[i];
            to_high[i] = at[i] > to_high[i] ? at[i] : to_high[i];
            not_finite |= !(at[i] - at[i] == 0);
        }
    }
    for (size_t i = 0; i < width && to_low == low; i++) {
        lowest[i % D] = low[i] < lowest[i % D] ? low[i] : lowest[i % D];
        highest[i % D] = high[i] > highest[i % D] ? high[i] : highest[i % D];
    }
    return !not_finite;
}

/* out = (x - mean) / scale for D features, worked out in double; mean NULL for x as it is */
GRUC_INLINE void GRUC(scale_step)(
    real *GRUC_RESTRICT out, const char *x, int is_double, ptrdiff_t of_feature, size_t D,
    const double *GRUC_RESTRICT mean, const double *GRUC_RESTRICT scale)
{
    if (!mean) { /* a loop of its own: masked loads from NULL, which vectors made of a choice, take for ever */
        for (size_t d = 0; d < D; d++, x += of_feature)
            out[d] = is_double ? (real) * (const double *)x : (real) * (const float *)x;
        return;
    }
    for (size_t d = 0; d < D; d++, x += of_feature) {
        double v = is_double ? *(const double *)x : (double)*(const float *)x;
        out[d] = (real)((v - mean[d]) / scale[d]);
    }
}

GRUC_STATIC void GRUC(gather)(
    real *GRUC_RESTRICT values, /* (N, frame_length D) OUT, as gruc_layout has it */
    const gruc_source *source, const ptrdiff_t *indices, const ptrdiff_t *order, /* (B,) */
    const ptrdiff_t *offsets,                                                    /* (T + 1,) */
    const double *mean, const double *scale,                                     /* (D,), or NULL */
    size_t B)
{
    const size_t D = source->D, width = D * source->frame_length;
    for (size_t b = 0; b < B; b++) {
        gruc_sequence q = gruc_sequence_at(source, (size_t)indices[order[b]]);
        for (size_t f = 0; f < q.n_frames; f++) {
            real *out = values + ((size_t)offsets[f] + b) * width;
            for (size_t k = 0; k < source->frame_length; k++, out += D) {
                size_t t = f * source->hop_length + k, last = q.n_steps - 1; /* which is repeated */
                const char *x = q.start + (ptrdiff_t)(t < last ? t : last) * q.of_step;
                /* the common strides as constants, so that the loop over features becomes vectors */
                if (source->type == GRUC_FLOAT64 && q.of_feature == sizeof(double))
                    GRUC(scale_step)(out, x, 1, sizeof(double), D, mean, scale);
                else if (source->type == GRUC_FLOAT64)
                    GRUC(scale_step)(out, x, 1, q.of_feature, D, mean, scale);
                else if (q.of_feature == sizeof(float))
                    GRUC(scale_step)(out, x, 0, sizeof(float), D, mean, scale);
                else
                    GRUC(scale_step)(out, x, 0, q.of_feature, D, mean, scale);
            }
        }
    }
}
