/* From a sequence's states to one vector, over its own steps only: their mean, the largest
 * of each, or what attention makes of them. (The last state needs no arithmetic.) Packed
 * rows as in gru.body.h; F features. Body over `real` and `vec`; see real.h. */

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
        size_t alive = GRUC(alive)(t, offsets);
        for (size_t i = 0; i < alive * F; i++) out[i] += h[i];
        h += alive * F;
    }
    for (size_t b = 0; b < B; b++)
        for (size_t j = 0; j < F; j++) out[b * F + j] /= (real)lengths[b];
}

/* out[b] = max_t h[t, b] */
GRUC_STATIC void GRUC(max_forward)(
    real *GRUC_RESTRICT out, const real *GRUC_RESTRICT h, const ptrdiff_t *GRUC_RESTRICT offsets, size_t T,
    size_t F)
{
    memcpy(out, h, GRUC(alive)(0, offsets) * F * sizeof(real));
    for (size_t t = 1; t < T; t++) {
        const real *h_t = h + (size_t)offsets[t] * F;
        for (size_t i = 0; i < GRUC(alive)(t, offsets) * F; i++) out[i] = h_t[i] > out[i] ? h_t[i] : out[i];
    }
}

/* Additive attention (Bahdanau, Cho and Bengio 2015), W square:
 *
 *   u_t = tanh(W h_t + b)    e_t = v . u_t    a = softmax_t(e)    c = sum_t a_t h_t */
GRUC_STATIC void GRUC(attention_forward)(
    real *GRUC_RESTRICT c,            /* (B, F) OUT */
    real *GRUC_RESTRICT a,            /* (N,) OUT */
    real *GRUC_RESTRICT u,            /* (N, F) OUT */
    const real *GRUC_RESTRICT h,      /* (N, F) */
    const real *GRUC_RESTRICT panels, /* pack of W' (F, F) */
    const real *GRUC_RESTRICT b,      /* (F,) */
    const real *GRUC_RESTRICT v,      /* (F,) */
    const ptrdiff_t *GRUC_RESTRICT lengths, const ptrdiff_t *GRUC_RESTRICT offsets, size_t T, size_t B,
    size_t F)
{
    size_t N = (size_t)offsets[T];
    GRUC_FLUSH_SUBNORMALS(); /* weights of steps that do not count, and what they are multiplied with */
    GRUC(affine)(u, F, h, F, panels, b, N, F, F);
    GRUC(map_tanh)(u, u, N * F);
    for (size_t i = 0; i < N; i++) a[i] = GRUC(dot)(v, u + i * F, F);
    for (size_t i = 0; i < B; i++) { /* so that exp cannot overflow */
        real largest = a[i];
        for (ptrdiff_t t = 1; t < lengths[i]; t++) {
            real energy = a[offsets[t] + (ptrdiff_t)i];
            largest = energy > largest ? energy : largest;
        }
        for (ptrdiff_t t = 0; t < lengths[i]; t++) a[offsets[t] + (ptrdiff_t)i] -= largest;
    }
    GRUC(map_exp)(a, a, N);
    for (size_t i = 0; i < B; i++) {
        real sum = 0;
        for (ptrdiff_t t = 0; t < lengths[i]; t++) sum += a[offsets[t] + (ptrdiff_t)i];
        for (ptrdiff_t t = 0; t < lengths[i]; t++) a[offsets[t] + (ptrdiff_t)i] /= sum;
    }
    memset(c, 0, B * F * sizeof(real));
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; i < GRUC(alive)(t, offsets); i++, h += F, a++)
            for (size_t j = 0; j < F; j++) c[i * F + j] += *a * h[j];
    GRUC_KEEP_SUBNORMALS();
}
