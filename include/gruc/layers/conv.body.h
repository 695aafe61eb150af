/* A convolution over the steps of each sequence, normalised and rectified, and the largest of some steps. Packed
 * rows as in gru.body.h; D inputs, H outputs, k steps. Body over `real` and `vec`; see real.h.
 *
 *   s_t = sum_j x_{t-k+1+j} W_j, j = 0 ... k-1, x before step 0 being 0
 *   y_t = max(0, gamma (s_t - mean) / sqrt(variance + 1e-5) + beta)
 *
 * Step t depends on no later step. The steps that a row is made of, its window, are copied side by side for some
 * rows at once, so that the sum is one product (product.body.h): over j, and within over inputs. In inference
 * mean and variance are constants, with which the weights are multiplied once. */

/* Windows that are in a cache together */
enum { GRUC(CONV_CHUNK) = 1 << 14 };

/* Rows whose windows of so many elements are made at once */
GRUC_STATIC size_t GRUC(conv_chunk)(size_t N, size_t width)
{
    size_t rows = (size_t)GRUC(CONV_CHUNK) / width;
    rows = rows < 32 ? 32 : rows > 128 ? 128 : rows;
    return rows < N ? rows : N;
}

/* D elements of m rows, to rows `width` apart: by columns of vectors, since what compilers make of a row is a call */
GRUC_INLINE void GRUC(spread_rows)(
    real *GRUC_RESTRICT to, size_t width, const real *GRUC_RESTRICT from, size_t m, size_t D)
{
    size_t j = 0;
    for (; j + LANES <= D; j += LANES)
        for (size_t i = 0; i < m; i++) GRUC(store)(to + i * width + j, GRUC(load)(from + i * D + j));
    if (D - j > 4)
        for (size_t i = 0, rest = D - j; i < m; i++)
            GRUC(store_part)(to + i * width + j, GRUC(load_part)(from + i * D + j, rest), rest);
    else
        for (; j < D; j++)
            for (size_t i = 0; i < m; i++) to[i * width + j] = from[i * D + j];
}

/* Windows (m, k D) of rows `first` to `first` + m: of the row's own step and those before, or, with `after`, those
 * that follow; zeros for steps that the sequence does not have. */
GRUC_APART void GRUC(windows)(
    real *GRUC_RESTRICT out, const real *GRUC_RESTRICT x, size_t first, size_t m, size_t D, size_t k,
    int after, const ptrdiff_t *GRUC_RESTRICT offsets, size_t T)
{
    size_t t = 0, width = k * D;
    while ((size_t)offsets[t + 1] <= first) t++;
    for (size_t end = first + m; first < end; t++) {
        size_t b = first - (size_t)offsets[t];
        size_t stop = (size_t)offsets[t + 1] < end ? (size_t)offsets[t + 1] : end, rows = stop - first;
        for (size_t j = 0; j < k; j++) {
            size_t there = 0; /* of the rows those whose sequences have that step */
            const real *from = x;
            if (after ? t + j < T : t + j + 1 >= k) {
                size_t s = after ? t + j : t + j + 1 - k, alive = GRUC(alive)(s, offsets);
                there = alive > b ? (alive - b < rows ? alive - b : rows) : 0;
                from = x + ((size_t)offsets[s] + b) * D;
            }
            real *to = out + j * D;
            GRUC(spread_rows)(to, width, from, there, D);
            for (size_t i = there; i < rows; i++) memset(to + i * width, 0, D * sizeof(real));
        }
        out += rows * width;
        first = stop;
    }
}

/* What s is multiplied by */
GRUC_INLINE real GRUC(norm_factor)(real gamma, real variance)
{
    return gamma / GRUC_SQRT(variance + (real)GRUC_NORM_EPSILON);
}

/* y (N, H) of inference: weights and bias are those that mean and variance have been put into. `scratch` is
 * (conv_chunk(N, k D) * k D,) */
GRUC_STATIC void GRUC(conv_rows)(
    real *GRUC_RESTRICT y, real *GRUC_RESTRICT scratch, const real *GRUC_RESTRICT x,
    const real *GRUC_RESTRICT panels, const real *GRUC_RESTRICT bias, const gruc_op *op,
    const gruc_clock *clock)
{
    size_t D = op->D, H = op->H, k = op->steps, chunk = GRUC(conv_chunk)(clock->N, k * D);
    for (size_t i = 0, m; i < clock->N; i += m) {
        m = clock->N - i < chunk ? clock->N - i : chunk;
        GRUC(windows)(scratch, x, i, m, D, k, 0, clock->offsets, clock->T);
        GRUC(affine)(y + i * H, H, scratch, k * D, panels, bias, m, k * D, H);
        GRUC(rectify)(y + i * H, m * H);
    }
}

/* y (N', D), the largest of each `steps` rows of x (N, D), or of as many as a sequence still has */
GRUC_STATIC void GRUC(pool_forward)(
    real *GRUC_RESTRICT y, const real *GRUC_RESTRICT x, size_t steps, const ptrdiff_t *GRUC_RESTRICT offsets,
    size_t T, size_t D)
{
    for (size_t t = 0; t < T; t++) {
        size_t size = GRUC(alive)(t, offsets) * D;
        const real *x_t = x + (size_t)offsets[t] * D;
        if (t > 0 && t % steps == 0) y += GRUC(alive)(t - steps, offsets) * D;
        if (t % steps == 0)
            memcpy(y, x_t, size * sizeof(real));
        else
            for (size_t i = 0; i < size; i++) y[i] = x_t[i] > y[i] ? x_t[i] : y[i];
    }
}
