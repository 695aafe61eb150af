/* A dense layer as an operation of a program in training: dense.body.h. Body over `real`; see real.h. */

/* Rows of outputs that are made, judged and sent back at once: of sequences all, of steps as many as stay
 * in a cache, so that memory does not grow with steps times classes. */
GRUC_STATIC size_t GRUC(dense_chunk)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_value *y = pass->program->values + op->y;
    size_t rows = gruc_rows(y, pass->clocks);
    return y->per_step && rows > GRUC(CHUNK) ? (size_t)GRUC(CHUNK) : rows;
}

GRUC_STATIC size_t GRUC(dense_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    size_t rows = gruc_rows(pass->program->values + op->y, pass->clocks);
    size_t chunk = GRUC(dense_chunk)(op, pass);
    return GRUC(dense_scratch)(rows, op->D, op->H) + GRUC(lines)(chunk * op->H);
}

GRUC_STATIC void GRUC(dense_op_forward)(const gruc_call *c)
{
    size_t F = c->op->D, K = c->op->H;
    const real *W = c->parameters;
    GRUC(dense_forward)(c->y, c->scratch, c->x, W, W + F * K, c->rows, F, K);
}

GRUC_STATIC void GRUC(dense_op_backward)(const gruc_call *c)
{
    size_t F = c->op->D, K = c->op->H;
    real *dW = c->gradients;
    GRUC(dense_backward)(c->dx, dW, dW + F * K, c->scratch, c->dy, c->x, c->parameters, c->rows, F, K);
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

GRUC_STATIC double GRUC(dense_op_loss)(const gruc_call *c, const gruc_loss *loss)
{
    size_t F = c->op->D, K = c->op->H, R = c->rows;
    const real *W = c->parameters;
    real *outputs = c->scratch, *dW = c->gradients;
    real *scratch = outputs + GRUC(lines)(GRUC(dense_chunk)(c->op, c->pass) * K);
    GRUC_FLUSH_SUBNORMALS();
    GRUC(dense_forward)(outputs, scratch, c->x, W, W + F * K, R, F, K);
    GRUC_KEEP_SUBNORMALS();
    double sum = GRUC(loss_of_rows)(outputs, loss, 0, R, K);
    GRUC(dense_backward)(c->dx, dW, dW + F * K, scratch, outputs, c->x, W, R, F, K);
    return sum;
}
