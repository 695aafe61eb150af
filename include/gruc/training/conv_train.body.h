/* Convolutions in training: normalised by the statistics of the rows at hand, and back. Body over `real` and `vec`;
 * see real.h. Letters as in conv.body.h.
 *
 *   mean = sum s / N     variance = sum (s - mean)^2 / N     u = (s - mean) / sqrt(variance + 1e-5)
 *   y = max(0, gamma u + beta), or of some steps the largest
 *
 *   dg = dy where y > 0, of these steps at the first that has it, elsewhere 0
 *   dbeta = sum dg     dgamma = sum dg u
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

/* gamma u + beta, the same number on both ways whatever the compiler keeps in registers */
GRUC_INLINE vec GRUC(norm_apply)(vec s, vec factor, vec summand)
{
    vec product = s * factor;
    GRUC_ROUNDED(product);
    vec sum = product + summand;
    GRUC_ROUNDED(sum);
    return sum;
}

/* How many of the `pool` steps from t on sequence b has, which has the first */
GRUC_INLINE size_t GRUC(pooled)(size_t pool, size_t t, size_t b, const gruc_clock *clock)
{
    size_t n = 1;
    while (n < pool && t + n < clock->T && b < GRUC(alive)(t + n, clock->offsets)) n++;
    return n;
}

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

/* y of one row and so many after it, from the s that `kept` begins with */
GRUC_STATIC void GRUC(norm_forward)(
    real *GRUC_RESTRICT y, const real *GRUC_RESTRICT kept, size_t H, size_t pool, const gruc_clock *clock)
{
    const real *factor = kept + GRUC(lines)(clock->N * H) + 2 * H, *summand = factor + H;
    for (size_t t = 0; t < clock->T; t += pool)
        for (size_t b = 0; b < GRUC(alive)(t, clock->offsets); b++, y += H) {
            size_t n = GRUC(pooled)(pool, t, b, clock);
            for (size_t j = 0; j < H; j += LANES) {
                size_t width = GRUC(lanes)(H - j);
                vec f = GRUC(load_part)(factor + j, width), c = GRUC(load_part)(summand + j, width);
                vec largest = GRUC(splat)(0);
                for (size_t i = 0; i < n; i++) {
                    size_t row = (size_t)clock->offsets[t + i] + b;
                    vec s = GRUC(load_part)(kept + row * H + j, width);
                    largest = GRUC(larger)(GRUC(norm_apply)(s, f, c), largest);
                }
                GRUC(store_part)(y + j, largest, width);
            }
        }
}

GRUC_STATIC void GRUC(conv_forward)(
    real *GRUC_RESTRICT y,    /* (N', H) OUT: of each `pool` steps the largest */
    real *GRUC_RESTRICT kept, /* (conv_kept(N, H),) OUT */
    real *GRUC_RESTRICT scratch, const real *GRUC_RESTRICT x, const real *GRUC_RESTRICT packed,
    const real *GRUC_RESTRICT norm, /* gamma (H,) | beta (H,) | the constants: mean (H,) | variance (H,) */
    const gruc_op *op, size_t pool, const gruc_clock *clock /* of x */)
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
    GRUC(norm_forward)(y, kept, H, pool, clock);
}

/* The way back through the largest of some steps, the rectifier and the normalisation, row by row of y: dg is dy
 * at the first of the steps that has the largest. Twice, since ds needs the sums of all dg. */
typedef struct {
    const real *y, *dy;                  /* (N', H) */
    const real *s;                       /* (N, H) */
    const real *mean, *factor, *summand; /* (H,) */
    real *of_beta, *of_gamma;            /* (H,) IN/OUT: sum dg, sum dg (s - mean); or NULL */
    real *ds;                            /* (N, H) OUT: factor dg - (least + slope (s - mean)) */
    const real *least, *slope;           /* (H,) */
    size_t H, pool;
} GRUC(norm_way);

GRUC_INLINE void GRUC(norm_row_back)(
    const GRUC(norm_way) * way, int sums, size_t row, size_t t, size_t b, const gruc_clock *clock)
{
    const size_t H = way->H, n = GRUC(pooled)(way->pool, t, b, clock);
    for (size_t j = 0; j < H; j += LANES) {
        size_t width = GRUC(lanes)(H - j);
        vec mean = GRUC(load_part)(way->mean + j, width), f = GRUC(load_part)(way->factor + j, width);
        vec c = GRUC(load_part)(way->summand + j, width), y = GRUC(load_part)(way->y + row * H + j, width);
        vec left = GRUC(load_part)(way->dy + row * H + j, width); /* 0 from where it has gone on */
        vec first = GRUC(splat)(0), second = first;
        if (sums) {
            first = GRUC(load_part)(way->of_beta + j, width);
            second = GRUC(load_part)(way->of_gamma + j, width);
        } else {
            first = GRUC(load_part)(way->least + j, width);
            second = GRUC(load_part)(way->slope + j, width);
        }
        left = left - GRUC(where_equal)(y, GRUC(splat)(0), left);
        for (size_t i = 0; i < n; i++) {
            size_t at = ((size_t)clock->offsets[t + i] + b) * H + j;
            vec s = GRUC(load_part)(way->s + at, width);
            vec dg = GRUC(where_equal)(GRUC(norm_apply)(s, f, c), y, left), e = s - mean;
            left = left - dg;
            if (sums) {
                first = first + dg;
                second = GRUC(fma)(dg, e, second);
            } else {
                GRUC(store_part)(way->ds + at, f * dg - (first + second * e), width);
            }
        }
        if (sums) {
            GRUC(store_part)(way->of_beta + j, first, width);
            GRUC(store_part)(way->of_gamma + j, second, width);
        }
    }
}

/* dgamma and dbeta, where they are not NULL for constants, and ds (N, H) into the first part of `scratch` */
GRUC_STATIC void GRUC(norm_backward)(
    real *GRUC_RESTRICT dgamma, real *GRUC_RESTRICT dbeta, real *GRUC_RESTRICT scratch,
    const real *GRUC_RESTRICT dy, const real *GRUC_RESTRICT y, const real *GRUC_RESTRICT kept, size_t H,
    size_t pool, const gruc_clock *clock)
{
    const size_t N = clock->N, T = clock->T;
    const real *mean = kept + GRUC(lines)(N * H), *variance = mean + H, *factor = mean + 2 * H;
    real *least = scratch + GRUC(lines)(N * H), *slope = least + H,
         *parts = slope + H; /* sums of some rows */
    GRUC(norm_way)
    way = {y, dy, kept, mean, factor, mean + 3 * H, parts, parts + H, scratch, least, slope, H, pool};
    memset(least, 0, 4 * H * sizeof(real));
    for (size_t t = 0, row = 0, some = 0; dgamma && t < T; t += pool) {
        for (size_t b = 0; b < GRUC(alive)(t, clock->offsets); b++, row++, some++)
            GRUC(norm_row_back)(&way, 1, row, t, b, clock);
        if (some < GRUC(CHUNK) && t + pool < T) continue;
        some = 0; /* sums of chunks, so that errors do not grow with N */
        for (size_t j = 0; j < H; j++) {
            dbeta[j] += parts[j];
            dgamma[j] += parts[H + j];
        }
        memset(parts, 0, 2 * H * sizeof(real));
    }
    for (size_t j = 0; dgamma && j < H; j++) {
        real square = variance[j] + (real)GRUC_NORM_EPSILON;
        least[j] = factor[j] * dbeta[j] / (real)N;
        slope[j] = factor[j] * dgamma[j] / square / (real)N;
        dgamma[j] /= GRUC_SQRT(square);
    }
    for (size_t t = 0, row = 0; t < T; t += pool)
        for (size_t b = 0; b < GRUC(alive)(t, clock->offsets); b++, row++)
            GRUC(norm_row_back)(&way, 0, row, t, b, clock);
}

/* Elements of scratch: ds, of which add_outer reads whole vectors; and windows, of x or of ds, or what norm_backward
 * needs */
GRUC_STATIC size_t GRUC(conv_scratch)(size_t N, const gruc_op *op)
{
    size_t of_x = op->steps * op->D, of_s = op->steps * op->H, of_norm = 4 * op->H + LANES;
    size_t x_rows = GRUC(conv_chunk)(N, of_x) * of_x, s_rows = GRUC(conv_chunk)(N, of_s) * of_s;
    size_t size = x_rows > s_rows ? x_rows : s_rows;
    return GRUC(lines)(N * op->H) + (size > of_norm ? size : of_norm);
}

/* dW (k, D, H) += and, where it is wanted, dx (N, D) = or, with `add`, +=, of ds in the first part of `scratch` */
GRUC_STATIC void GRUC(conv_backward)(
    real *GRUC_RESTRICT dx, int add, real *GRUC_RESTRICT dW, real *scratch, const real *GRUC_RESTRICT x,
    const real *GRUC_RESTRICT packed, const gruc_op *op, const gruc_clock *clock)
{
    size_t N = clock->N, D = op->D, H = op->H, k = op->steps, chunk = GRUC(conv_chunk)(N, k * D);
    const real *ds = scratch;
    real *windows = scratch + GRUC(lines)(N * H);
    for (size_t i = 0, m; i < N; i += m) {
        m = N - i < chunk ? N - i : chunk;
        GRUC(windows)(windows, x, i, m, D, k, 0, clock->offsets, clock->T);
        GRUC(add_outer)(dW, H, windows, k * D, ds + i * H, H, m, k * D, H);
    }
    if (!dx) return;
    packed += GRUC(lines)(GRUC(panel_size)(H, k * D));
    chunk = GRUC(conv_chunk)(N, k * H);
    for (size_t i = 0, m; i < N; i += m) {
        m = N - i < chunk ? N - i : chunk;
        GRUC(windows)(windows, ds, i, m, H, k, 1, clock->offsets, clock->T);
        if (add)
            GRUC(add_product)(dx + i * D, D, windows, k * H, packed, m, k * H, D);
        else
            GRUC(affine)(dx + i * D, D, windows, k * H, packed, NULL, m, k * H, D);
    }
}
