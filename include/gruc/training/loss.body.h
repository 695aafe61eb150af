/* Losses of a batch: logits in, their gradient out, in place. Body over `real`;
 * see real.h. B sequences, K outputs, weights w_b >= 0, and `total`, W > 0: the number
 * of sequences, or the sum of their weights for a weighted mean.
 * Each returns sum_b w_b l_b (not yet divided by W) and leaves the gradient of
 * sum_b w_b l_b / W. Losses are added up in double. */

/* Softmax over many classes, of a vocabulary say, is most of a step's time unless sums and comparisons run
 * side by side: so they do from WIDE classes on. Over fewer, sums are taken from class 0 on. */
enum { GRUC(WIDE) = 512, GRUC(SIDE_BY_SIDE) = 32 };

GRUC_STATIC double GRUC(wide_sum)(const real *GRUC_RESTRICT a, size_t K)
{
    double sums[GRUC(SIDE_BY_SIDE)] = {0}, sum = 0;
    size_t whole = K - K % GRUC(SIDE_BY_SIDE);
    for (size_t k = 0; k < whole; k += GRUC(SIDE_BY_SIDE))
        for (size_t c = 0; c < GRUC(SIDE_BY_SIDE); c++) sums[c] += a[k + c];
    for (size_t k = whole; k < K; k++) sums[k - whole] += a[k];
    for (size_t c = 0; c < GRUC(SIDE_BY_SIDE); c++) sum += sums[c];
    return sum;
}

GRUC_STATIC real GRUC(wide_largest)(const real *GRUC_RESTRICT a, size_t K)
{
    real largest[GRUC(SIDE_BY_SIDE)];
    size_t whole = K - K % GRUC(SIDE_BY_SIDE);
    for (size_t c = 0; c < GRUC(SIDE_BY_SIDE); c++) largest[c] = a[0];
    for (size_t k = 0; k < whole; k += GRUC(SIDE_BY_SIDE))
        for (size_t c = 0; c < GRUC(SIDE_BY_SIDE); c++)
            largest[c] = a[k + c] > largest[c] ? a[k + c] : largest[c];
    for (size_t k = whole; k < K; k++) largest[0] = a[k] > largest[0] ? a[k] : largest[0];
    for (size_t c = 1; c < GRUC(SIDE_BY_SIDE); c++)
        largest[0] = largest[c] > largest[0] ? largest[c] : largest[0];
    return largest[0];
}

/* The loss of one row of K >= WIDE logits, which become their gradient */
GRUC_STATIC double GRUC(wide_cross_entropy)(
    real *GRUC_RESTRICT a, size_t label, double smoothing, real scale, size_t K)
{
    double share = smoothing / (double)K, aimed_at = (1 - smoothing) * a[label];
    if (share > 0) aimed_at += share * GRUC(wide_sum)(a, K);
    real largest = GRUC(wide_largest)(a, K);
    for (size_t k = 0; k < K; k++) a[k] -= largest;
    GRUC(map_exp)(a, a, K);
    double sum = GRUC(wide_sum)(a, K);
    real factor = (real)((double)scale / sum), less = (real)((double)scale * share);
    for (size_t k = 0; k < K; k++) a[k] = a[k] * factor - less;
    a[label] -= scale * (real)(1 - smoothing);
    return log(sum) + (largest - aimed_at);
}

/* l_b = -sum_k t_k log softmax(a_b)[k]    da_b = w_b / W (softmax(a_b) - t)
 * t = (1 - smoothing) onehot(label_b) + smoothing / K  (Szegedy et al. 2016) */
GRUC_STATIC double GRUC(softmax_cross_entropy)(
    real *GRUC_RESTRICT a,                 /* (B, K) IN: logits, OUT: gradient */
    const ptrdiff_t *GRUC_RESTRICT labels, /* (B,) */
    const double *GRUC_RESTRICT weights,   /* (B,) */
    double total, double smoothing, size_t B, size_t K)
{
    double loss = 0, share = smoothing / (double)K;
    for (size_t b = 0; b < B; b++) {
        real *GRUC_RESTRICT a_b = a + b * K;
        real scale = (real)(weights[b] / total);
        if (K >= GRUC(WIDE)) {
            loss += weights[b] * GRUC(wide_cross_entropy)(a_b, (size_t)labels[b], smoothing, scale, K);
            continue;
        }
        double sum = 0, aimed_at = (1 - smoothing) * a_b[labels[b]];
        for (size_t k = 0; k < K; k++) aimed_at += share * a_b[k];
        double largest = GRUC(exp_below_largest)(a_b, K);
        for (size_t k = 0; k < K; k++) sum += a_b[k];
        for (size_t k = 0; k < K; k++) a_b[k] = scale * (real)(a_b[k] / sum - share);
        a_b[labels[b]] -= scale * (real)(1 - smoothing);
        loss += weights[b] * (log(sum) + (largest - aimed_at));
    }
    return loss;
}

/* l_b = sum_k log(1 + exp(a)) - y a       da_b = w_b / W (sigmoid(a_b) - y_b) */
GRUC_STATIC double GRUC(sigmoid_cross_entropy)(
    real *GRUC_RESTRICT a,       /* (B, K) IN: logits, OUT: gradient */
    const real *GRUC_RESTRICT y, /* (B, K), in [0, 1] */
    const double *GRUC_RESTRICT weights, double total, size_t B, size_t K)
{
    double loss = 0;
    for (size_t b = 0; b < B; b++)
        for (size_t k = 0; k < K; k++) {
            double logit = a[b * K + k], target = y[b * K + k];
            /* log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|)), which cannot overflow */
            loss += weights[b] * (fmax(logit, 0) + log1p(exp(-fabs(logit))) - target * logit);
        }
    GRUC(map_sigmoid)(a, a, B * K);
    for (size_t b = 0; b < B; b++)
        for (size_t k = 0; k < K; k++)
            a[b * K + k] = (real)(weights[b] / total) * (a[b * K + k] - y[b * K + k]);
    return loss;
}

/* Losses of numbers: l_b = 1/K sum_k f(a, y), da_b = w_b / (W K) f'(a, y), with e = a - y
 *
 *                 f                                            f'
 *   squared       e^2 / 2                                      e
 *   absolute      |e|                                          sign(e)
 *   Huber         e^2 / 2 where |e| <= d, else d (|e| - d/2)   e, within -d and d
 *   quantile q    -q e where e < 0, else (1 - q) e             -q, 1 - q, or 0 where e = 0
 *   Poisson       exp(a) - y a                                 exp(a) - y
 *
 * The quantile of output k is settings[k % n_settings], d is settings[0]. */
GRUC_STATIC double GRUC(error_loss)(
    real *GRUC_RESTRICT a,       /* (B, K) IN: outputs, OUT: gradient */
    const real *GRUC_RESTRICT y, /* (B, K) */
    const double *GRUC_RESTRICT weights, double total, int kind, const double *settings, size_t n_settings,
    size_t B, size_t K)
{
    double loss = 0;
    for (size_t b = 0; b < B; b++) {
        double per_output = weights[b] / (double)K;
        for (size_t k = 0; k < K; k++) {
            double output = a[b * K + k], target = y[b * K + k], e = output - target, value, slope;
            if (kind == GRUC_SQUARED_ERROR) {
                value = 0.5 * e * e;
                slope = e;
            } else if (kind == GRUC_ABSOLUTE_ERROR) {
                value = fabs(e);
                slope = (e > 0) - (e < 0);
            } else if (kind == GRUC_HUBER) {
                double d = settings[0];
                value = fabs(e) <= d ? 0.5 * e * e : d * (fabs(e) - 0.5 * d);
                slope = e > d ? d : e < -d ? -d : e;
            } else if (kind == GRUC_QUANTILE) {
                double q = settings[k % n_settings];
                slope = e < 0 ? -q : e > 0 ? 1 - q : 0;
                value = slope * e;
            } else {
                double mean = exp(output);
                value = mean - target * output;
                slope = mean - target;
            }
            loss += per_output * value;
            a[b * K + k] = (real)(per_output / total * slope);
        }
    }
    return loss;
}
