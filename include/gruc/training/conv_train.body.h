/* Convolutions in training: normalised by the statistics of the rows at hand, and back. Body over `real` and `vec`;
 * see real.h. Letters as in conv.body.h.
 *
 *   mean = sum s / N     variance = sum (s - mean)^2 / N     u = (s - mean) / sqrt(variance + 1e-5)
 *   y = max(0, gamma u + beta)
 *
 *   dg = dy where y > 0     dbeta = sum dg     dgamma = sum dg u
 *   ds = gamma / sqrt(variance + 1e-5) (dg - dbeta / N - u dgamma / N)
 *   dW_j = sum_t x_{t-k+1+j}' ds_t     dx_t = sum_j ds_{t+j} W_{k-1-j}'
 *
 * The rows are those of a shard, all steps of its sequences: a batch is dealt into shards by its sequences, so
 * that nothing depends on the number of threads (Hoffer, Hubara and Soudry 2017, "ghost batches"). Statistics are
 * taken chunk by chunk, from the first row on, and joined in this order (Chan, Golub and LeVeque 1983). */

/* Joins the mean and the sum of squared differences from it of `n` rows with those of m rows of s (m, H) */
GRUC_STATIC void GRUC(norm_join)(
    real *GRUC_RESTRICT mean, real *GRUC_RESTRICT squares, const real *GRUC_RESTRICT s, size_t n, size_t m,
    size_t H)
{
    const real share = (real)m / (real)(n + m), both = share * (real)n;
    for (size_t j = 0; j < H; j += LANES) {
        size_t width = GRUC(lanes)(H - j);
        vec sum = GRUC(splat)(0), square = sum;
        for (size_t i = 0; i < m; i++) sum = sum + GRUC(load_part)(s + i * H + j, width);
        vec mean_m = sum / (real)m;
        for (size_t i = 0; i < m; i++) {
            vec e = GRUC(load_part)(s + i * H + j, width) - mean_m;
            square = GRUC(fma)(e, e, square);
        }
        vec before = GRUC(load_part)(mean + j, width), e = mean_m - before;
        GRUC(store_part)(mean + j, GRUC(fma)(e, GRUC(splat)(share), before), width);
        square = square + GRUC(load_part)(squares + j, width);
        GRUC(store_part)(squares + j, GRUC(fma)(e * e, GRUC(splat)(both), square), width);
    }
}

/* What a convolution keeps for the way back: s (N, H) | mean | variance | factor | summand, (H,) each */
GRUC_STATIC size_t GRUC(conv_kept)(size_t N, size_t H) { return GRUC(lines)(N * H) + 4 * H; }

/* packed: panels of W by outputs | panels of W' by inputs, the last step first, where dx is wanted */
GRUC_STATIC size_t GRUC(conv_packed_size)(const gruc_op *op, int want_dx)
{
    size_t size = GRUC(lines)(GRUC(panel_size)(op->H, op->steps * op->D));
    return size + (want_dx ? GRUC(panel_size)(op->D, op->steps * op->H) : 0);
}

GRUC_STATIC void GRUC(conv_pack)(
    real *GRUC_RESTRICT packed, const real *GRUC_RESTRICT W, const gruc_op *op, int want_dx)
{
    size_t D = op->D, H = op->H, k = op->steps;
    GRUC(pack)(packed, W, H, k * D, 1, H);
    packed += GRUC(lines)(GRUC(panel_size)(H, k * D));
    for (size_t c = 0; want_dx && c < D; c += LANES)
        for (size_t j = k; j-- > 0; packed += H * LANES)
            GRUC(pack_transposed)(packed, W + (j * D + c) * H, H, H, GRUC(lanes)(D - c));
}

GRUC_STATIC void GRUC(conv_forward)(
    real *GRUC_RESTRICT y,    /* (N, H) OUT */
    real *GRUC_RESTRICT kept, /* (conv_kept(N, H),) OUT */
    real *GRUC_RESTRICT scratch, const real *GRUC_RESTRICT x, const real *GRUC_RESTRICT packed,
    const real *GRUC_RESTRICT norm, /* gamma (H,) | beta (H,) | the constants: mean (H,) | variance (H,) */
    const gruc_op *op, const gruc_clock *clock)
{
    size_t N = clock->N, D = op->D, H = op->H, k = op->steps, chunk = GRUC(conv_chunk)(N, k * D);
    real *s = kept, *mean = kept + GRUC(lines)(N * H), *variance = mean + H, *factor = mean + 2 * H;
    real *summand = mean + 3 * H;
    memset(mean, 0, 2 * H * sizeof(real));
    for (size_t i = 0, m; i < N; i += m) {
        m = N - i < chunk ? N - i : chunk;
        GRUC(windows)(scratch, x, i, m, D, k, 0, clock->offsets, clock->T);
        GRUC(affine)(s + i * H, H, scratch, k * D, packed, NULL, m, k * D, H);
        if (!op->reverse) GRUC(norm_join)(mean, variance, s + i * H, i, m, H);
    }
    for (size_t j = 0; j < H; j++) {
        if (op->reverse) mean[j] = norm[2 * H + j];
        variance[j] = op->reverse ? norm[3 * H + j] : variance[j] / (real)N;
        factor[j] = GRUC(norm_factor)(norm[j], variance[j]);
        summand[j] = norm[H + j] - mean[j] * factor[j];
    }
    for (size_t i = 0; i < N; i++, s += H, y += H)
        for (size_t j = 0; j < H; j++) {
            real a = s[j] * factor[j] + summand[j];
            y[j] = a > 0 ? a : 0;
        }
}

/* dy (N, H) becomes ds, where mean and variance are constants: ds = factor dg */
GRUC_STATIC void GRUC(constants_backward)(
    real *GRUC_RESTRICT dy, const real *GRUC_RESTRICT y, const real *GRUC_RESTRICT kept, size_t N, size_t H)
{
    const real *factor = kept + GRUC(lines)(N * H) + 2 * H;
    for (size_t i = 0; i < N; i++, y += H, dy += H)
        for (size_t j = 0; j < H; j++) dy[j] = y[j] > 0 ? factor[j] * dy[j] : 0;
}

/* dy (N, H) becomes ds */
GRUC_STATIC void GRUC(norm_backward)(
    real *GRUC_RESTRICT dy, real *GRUC_RESTRICT dgamma, real *GRUC_RESTRICT dbeta,
    real *GRUC_RESTRICT scratch, const real *GRUC_RESTRICT y, const real *GRUC_RESTRICT kept, size_t N,
    size_t H)
{
    const real *s = kept, *mean = kept + GRUC(lines)(N * H), *variance = mean + H, *factor = mean + 2 * H;
    real *least = scratch, *slope = scratch + H; /* ds = factor dg - (least + slope (s - mean)) */
    for (size_t i = 0; i < N * H; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
    for (size_t j = 0; j < H; j += LANES) {
        size_t width = GRUC(lanes)(H - j);
        vec m = GRUC(load_part)(mean + j, width);
        vec of_gamma = GRUC(splat)(0), of_beta = of_gamma;
        for (size_t i = 0; i < N; i += GRUC(CHUNK)) { /* sums of chunks, so that errors do not grow with N */
            vec gamma_part = GRUC(splat)(0), beta_part = gamma_part;
            for (size_t n = i; n < N && n < i + GRUC(CHUNK); n++) {
                vec dg = GRUC(load_part)(dy + n * H + j, width);
                beta_part = beta_part + dg;
                gamma_part = GRUC(fma)(dg, GRUC(load_part)(s + n * H + j, width) - m, gamma_part);
            }
            of_gamma = of_gamma + gamma_part;
            of_beta = of_beta + beta_part;
        }
        GRUC(store_part)(dgamma + j, of_gamma, width);
        GRUC(store_part)(dbeta + j, of_beta, width);
    }
    for (size_t j = 0; j < H; j++) {
        real square = variance[j] + (real)GRUC_NORM_EPSILON;
        least[j] = factor[j] * dbeta[j] / (real)N;
        slope[j] = factor[j] * dgamma[j] / square / (real)N;
        dgamma[j] /= GRUC_SQRT(square);
    }
    for (size_t i = 0; i < N; i++, s += H, dy += H)
        for (size_t j = 0; j < H; j++) dy[j] = factor[j] * dy[j] - (least[j] + slope[j] * (s[j] - mean[j]));
}

/* Elements of scratch: windows, of x or of ds, and what norm_backward needs */
GRUC_STATIC size_t GRUC(conv_scratch)(size_t N, const gruc_op *op)
{
    size_t of_x = op->steps * op->D, of_s = op->steps * op->H;
    size_t x_rows = GRUC(conv_chunk)(N, of_x) * of_x, s_rows = GRUC(conv_chunk)(N, of_s) * of_s;
    size_t size = x_rows > s_rows ? x_rows : s_rows;
    return (size > 2 * op->H ? size : 2 * op->H) + LANES;
}

/* dW (k, D, H) += and, where it is wanted, dx (N, D) = or, with `add`, +=. After the last element of ds there is
 * room for LANES - 1 more, whose values do not matter. */
GRUC_STATIC void GRUC(conv_backward)(
    real *GRUC_RESTRICT dx, int add, real *GRUC_RESTRICT dW, real *GRUC_RESTRICT scratch,
    const real *GRUC_RESTRICT ds, const real *GRUC_RESTRICT x, const real *GRUC_RESTRICT packed,
    const gruc_op *op, const gruc_clock *clock)
{
    size_t N = clock->N, D = op->D, H = op->H, k = op->steps, chunk = GRUC(conv_chunk)(N, k * D);
    for (size_t i = 0, m; i < N; i += m) {
        m = N - i < chunk ? N - i : chunk;
        GRUC(windows)(scratch, x, i, m, D, k, 0, clock->offsets, clock->T);
        GRUC(add_outer)(dW, H, scratch, k * D, ds + i * H, H, m, k * D, H);
    }
    if (!dx) return;
    packed += GRUC(lines)(GRUC(panel_size)(H, k * D));
    chunk = GRUC(conv_chunk)(N, k * H);
    for (size_t i = 0, m; i < N; i += m) {
        m = N - i < chunk ? N - i : chunk;
        GRUC(windows)(scratch, ds, i, m, H, k, 1, clock->offsets, clock->T);
        if (add)
            GRUC(add_product)(dx + i * D, D, scratch, k * H, packed, m, k * H, D);
        else
            GRUC(affine)(dx + i * D, D, scratch, k * H, packed, NULL, m, k * H, D);
    }
}

/* dx (N, D) = or, with `add`, += dy at the first of the steps that has the largest, elsewhere 0 */
GRUC_STATIC void GRUC(pool_backward)(
    real *GRUC_RESTRICT dx, int add, real *GRUC_RESTRICT dy /* used up */, const real *GRUC_RESTRICT y,
    const real *GRUC_RESTRICT x, size_t steps, const ptrdiff_t *GRUC_RESTRICT offsets, size_t T, size_t D)
{
    for (size_t t = 0; t < T; t++) {
        size_t size = GRUC(alive)(t, offsets) * D, before = (size_t)offsets[t] * D;
        if (t > 0 && t % steps == 0) {
            size_t made = GRUC(alive)(t - steps, offsets) * D;
            y += made;
            dy += made;
        }
        for (size_t i = 0; i < size; i++) {
            int here = x[before + i] == y[i];
            real dx_i = here ? dy[i] : 0;
            dx[before + i] = add ? dx[before + i] + dx_i : dx_i;
            dy[i] = here ? 0 : dy[i];
        }
    }
}
