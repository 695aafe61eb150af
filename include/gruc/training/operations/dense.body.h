/* A dense layer, of weights or of a table, as an operation of a program in training: dense.body.h. Body over
 * `real`; see real.h. */

/* Whether weights lie by rows, in a table, and have no bias */
GRUC_INLINE int GRUC(is_by_rows)(const gruc_op *op) { return op->kind == GRUC_DENSE_TABLE; }

/* The bias behind W; NULL for none */
GRUC_INLINE real *GRUC(bias_of)(const gruc_op *op, void *parameters)
{
    return GRUC(is_by_rows)(op) ? NULL : (real *)parameters + op->D * op->H;
}

/* Rows of outputs that are made, judged and sent back at once: of sequences all, of steps as many as stay
 * in a cache, so that memory does not grow with steps times classes. */
GRUC_STATIC size_t GRUC(dense_chunk)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_value *y = pass->program->values + op->y;
    size_t rows = gruc_rows(y, pass->clocks);
    return y->per_step && rows > GRUC(CHUNK) ? (size_t)GRUC(CHUNK) : rows;
}

GRUC_STATIC size_t GRUC(dense_op_packed_size)(const gruc_op *op, int want_dx)
{
    (void)want_dx;
    return GRUC(dense_packed_size)(op->D, op->H);
}

GRUC_STATIC void GRUC(dense_op_pack)(void *packed, const void *parameters, const gruc_op *op, int want_dx)
{
    (void)want_dx;
    GRUC(dense_pack)(packed, parameters, GRUC(is_by_rows)(op), op->D, op->H);
}

GRUC_STATIC size_t GRUC(dense_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    size_t chunk = GRUC(dense_chunk)(op, pass);
    return GRUC(lines)(GRUC(dense_scratch)(chunk)) + chunk * op->H;
}

GRUC_STATIC void GRUC(dense_op_forward)(const gruc_call *c)
{
    const real *b = GRUC(bias_of)(c->op, (void *)c->parameters);
    GRUC(dense_forward)(c->y, c->x, c->packed, b, c->rows, c->op->D, c->op->H);
}

/* Back through rows `first` to `first` + m, of whose outputs `dy` (m, K) is the gradient */
GRUC_STATIC void GRUC(dense_rows_backward)(const gruc_call *c, const real *dy, size_t first, size_t m)
{
    size_t F = c->op->D, K = c->op->H;
    real *dW = c->gradients, *db = GRUC(bias_of)(c->op, dW), *dx = c->dx ? (real *)c->dx + first * F : NULL;
    const real *x = (const real *)c->x + first * F;
    GRUC(dense_backward)(
        dx, c->add_to_dx, dW, db, c->scratch, dy, x, c->packed, GRUC(is_by_rows)(c->op), m, F, K);
}

GRUC_STATIC void GRUC(dense_op_backward)(const gruc_call *c)
{
    size_t K = c->op->H, chunk = GRUC(dense_chunk)(c->op, c->pass);
    memset(c->gradients, 0, gruc_op_size(c->op) * sizeof(real));
    for (size_t i = 0, m; i < c->rows; i += m) {
        m = c->rows - i < chunk ? c->rows - i : chunk;
        GRUC(dense_rows_backward)(c, (const real *)c->dy + i * K, i, m);
    }
}

/* Returns the weighted sum of the losses of rows of outputs (m, K) from row `first` on, whose gradient takes
 * their place. */
GRUC_STATIC double GRUC(loss_of_rows)(real *outputs, const gruc_loss *loss, size_t first, size_t m, size_t K)
{
    const double *weights = loss->weights + first;
    if (loss->kind == GRUC_SOFTMAX)
        return GRUC(softmax_cross_entropy)(
            outputs, loss->labels + first, weights, loss->total, loss->settings[0], m, K);
    const real *y = (const real *)loss->y + first * K;
    if (loss->kind == GRUC_SIGMOID)
        return GRUC(sigmoid_cross_entropy)(outputs, y, weights, loss->total, m, K);
    return GRUC(error_loss)(
        outputs, y, weights, loss->total, loss->kind, loss->settings, loss->n_settings, m, K);
}

/* Losses are added up within a chunk from its first row to its last, then chunk by chunk. */
GRUC_STATIC double GRUC(dense_op_loss)(const gruc_call *c, const gruc_loss *loss)
{
    size_t F = c->op->D, K = c->op->H, chunk = GRUC(dense_chunk)(c->op, c->pass);
    real *outputs = (real *)c->scratch + GRUC(lines)(GRUC(dense_scratch)(chunk));
    const real *b = GRUC(bias_of)(c->op, (void *)c->parameters);
    double sum = 0;
    memset(c->gradients, 0, gruc_op_size(c->op) * sizeof(real));
    for (size_t i = 0, m; i < c->rows; i += m) {
        m = c->rows - i < chunk ? c->rows - i : chunk;
        const real *x = (const real *)c->x + i * F;
        GRUC_FLUSH_SUBNORMALS();
        GRUC(dense_forward)(outputs, x, c->packed, b, m, F, K);
        GRUC_KEEP_SUBNORMALS();
        sum += GRUC(loss_of_rows)(outputs, loss, i, m, K);
        GRUC(dense_rows_backward)(c, outputs, i, m);
    }
    return sum;
}
