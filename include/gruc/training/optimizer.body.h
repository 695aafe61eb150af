/* What happens to the flat buffer of gradients and parameters once a batch, and to the rows of a table
 * that the batch has seen. Body over `real`; see real.h.
 *
 * The functions named _elements are steps over elements that lie end to end; the others call them over a
 * whole buffer, or (row_optimizer.body.h) over rows, with subnormal numbers counted as zero: the moments of a
 * weight without gradient decay for ever. */

/* sqrt(sum g^2), added up in double; so many sums that vectors of them do not wait for each other */
GRUC_STATIC double GRUC(norm)(const real *GRUC_RESTRICT g, size_t size)
{
    enum { SUMS = 32 };
    double sums[SUMS] = {0};
    size_t whole = size - size % SUMS;
    for (size_t i = 0; i < whole; i += SUMS)
        for (size_t c = 0; c < SUMS; c++) sums[c] += (double)g[i + c] * (double)g[i + c];
    for (size_t i = whole; i < size; i++) sums[i - whole] += (double)g[i] * (double)g[i];
    double sum = 0;
    for (size_t c = 0; c < SUMS; c++) sum += sums[c];
    return sqrt(sum);
}

/* g += other */
GRUC_STATIC void GRUC(add)(real *GRUC_RESTRICT g, const real *GRUC_RESTRICT other, size_t size)
{
    for (size_t i = 0; i < size; i++) g[i] += other[i];
}

/* g *= factor */
GRUC_STATIC void GRUC(scale)(real *GRUC_RESTRICT g, double factor, size_t size)
{
    real f = (real)factor;
    for (size_t i = 0; i < size; i++) g[i] *= f;
}

/* Adam (Kingma and Ba 2015), step t = 1, 2, ...; the powers are taken once, by
 * the caller: rate = learning_rate / (1 - beta_1^t), unbias = 1 / (1 - beta_2^t).
 *
 *   m = beta_1 m + (1 - beta_1) g
 *   v = beta_2 v + (1 - beta_2) g^2
 *   p = keep * p - rate * m / (sqrt(v * unbias) + epsilon)
 *
 * keep < 1 is decoupled weight decay (AdamW: Loshchilov and Hutter 2019), 1 is none. The new p,
 * m, v may be the old ones, or leave them as they are; so below. */
GRUC_INLINE void GRUC(adam_elements)(
    real *new_p, real *new_m, real *new_v,                      /* (size,) OUT */
    const real *p, const real *m, const real *v, const real *g, /* (size,) */
    double rate, double unbias, double keep, double beta_1, double beta_2, double epsilon, size_t size)
{
    real b1 = (real)beta_1, b2 = (real)beta_2, c1 = (real)(1 - beta_1), c2 = (real)(1 - beta_2);
    real step = (real)rate, u = (real)unbias, eps = (real)epsilon, kept = (real)keep;
    for (size_t i = 0; i < size; i += LANES) {
        size_t n = GRUC(lanes)(size - i);
        vec grad = GRUC(load_part)(g + i, n);
        vec first = b1 * GRUC(load_part)(m + i, n) + c1 * grad;
        vec second = b2 * GRUC(load_part)(v + i, n) + c2 * (grad * grad);
        GRUC(store_part)(new_m + i, first, n);
        GRUC(store_part)(new_v + i, second, n);
        vec old = kept * GRUC(load_part)(p + i, n);
        GRUC(store_part)(new_p + i, old - step * first / (GRUC(sqrt)(second * u) + eps), n);
    }
}

GRUC_STATIC void GRUC(adam)(
    real *new_p, real *new_m, real *new_v, const real *p, const real *m, const real *v, const real *g,
    double rate, double unbias, double keep, double beta_1, double beta_2, double epsilon, size_t size)
{
    GRUC_FLUSH_SUBNORMALS();
    GRUC(adam_elements)(new_p, new_m, new_v, p, m, v, g, rate, unbias, keep, beta_1, beta_2, epsilon, size);
    GRUC_KEEP_SUBNORMALS();
}

/* Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch writes it:
 *
 *   m = momentum m + g
 *   p -= rate * m,  with Nesterov's momentum  rate * (g + momentum m)
 */
GRUC_INLINE void GRUC(sgd_elements)(
    real *new_p, real *new_m,                    /* (size,) OUT */
    const real *p, const real *m, const real *g, /* (size,) */
    double rate, double momentum, int nesterov, size_t size)
{
    real lr = (real)rate, mu = (real)momentum;
    for (size_t i = 0; i < size; i += LANES) {
        size_t n = GRUC(lanes)(size - i);
        vec grad = GRUC(load_part)(g + i, n);
        vec velocity = mu * GRUC(load_part)(m + i, n) + grad;
        GRUC(store_part)(new_m + i, velocity, n);
        vec step = nesterov ? grad + mu * velocity : velocity;
        GRUC(store_part)(new_p + i, GRUC(load_part)(p + i, n) - lr * step, n);
    }
}

GRUC_STATIC void GRUC(sgd)(
    real *new_p, real *new_m, const real *p, const real *m, const real *g, double rate, double momentum,
    int nesterov, size_t size)
{
    GRUC_FLUSH_SUBNORMALS();
    GRUC(sgd_elements)(new_p, new_m, p, m, g, rate, momentum, nesterov, size);
    GRUC_KEEP_SUBNORMALS();
}

/* RMSprop (Tieleman and Hinton 2012), as torch writes it:
 *
 *   v = rho v + (1 - rho) g^2
 *   p -= rate * g / (sqrt(v) + epsilon)
 */
GRUC_INLINE void GRUC(rmsprop_elements)(
    real *new_p, real *new_v,                    /* (size,) OUT */
    const real *p, const real *v, const real *g, /* (size,) */
    double rate, double rho, double epsilon, size_t size)
{
    real lr = (real)rate, keep = (real)rho, take = (real)(1 - rho), eps = (real)epsilon;
    for (size_t i = 0; i < size; i += LANES) {
        size_t n = GRUC(lanes)(size - i);
        vec grad = GRUC(load_part)(g + i, n);
        vec square = keep * GRUC(load_part)(v + i, n) + take * (grad * grad);
        GRUC(store_part)(new_v + i, square, n);
        GRUC(store_part)(new_p + i, GRUC(load_part)(p + i, n) - lr * grad / (GRUC(sqrt)(square) + eps), n);
    }
}

GRUC_STATIC void GRUC(rmsprop)(
    real *new_p, real *new_v, const real *p, const real *v, const real *g, double rate, double rho,
    double epsilon, size_t size)
{
    GRUC_FLUSH_SUBNORMALS();
    GRUC(rmsprop_elements)(new_p, new_v, p, v, g, rate, rho, epsilon, size);
    GRUC_KEEP_SUBNORMALS();
}

/* g += l2 p + l1 sign(p); returns l2/2 sum p^2 + l1 sum |p|, whose gradient that is */
GRUC_STATIC double GRUC(add_penalty)(
    real *GRUC_RESTRICT g, const real *GRUC_RESTRICT p, double l2, double l1, size_t size)
{
    enum { SUMS = 32 }; /* as in norm */
    double squares[SUMS] = {0}, sizes[SUMS] = {0}, square = 0, sum = 0;
    real of_squares = (real)l2, of_sizes = (real)l1;
    for (size_t i = 0; i < size; i += SUMS) {
        size_t n = size - i < SUMS ? size - i : SUMS;
        for (size_t c = 0; c < n; c++) {
            real w = p[i + c];
            squares[c] += (double)w * (double)w;
            sizes[c] += fabs((double)w);
            g[i + c] += of_squares * w + of_sizes * (real)((w > 0) - (w < 0));
        }
    }
    for (size_t c = 0; c < SUMS; c++) {
        square += squares[c];
        sum += sizes[c];
    }
    return 0.5 * l2 * square + l1 * sum;
}
