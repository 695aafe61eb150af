/* Convolutions and their pooling as operations of a program in training: conv_train.body.h. Body over `real`; see
 * real.h. In the place of a gradient of mean, variance and number of batches, which are not learned, is what shards
 * add up: N mean, N variance, and N. */

GRUC_STATIC size_t GRUC(conv_op_packed)(const gruc_op *op, int want_dx)
{
    return GRUC(conv_packed_size)(op, want_dx);
}

GRUC_STATIC void GRUC(conv_op_pack)(void *packed, const void *parameters, const gruc_op *op, int want_dx)
{
    GRUC(conv_pack)(packed, parameters, op, want_dx);
}

GRUC_STATIC size_t GRUC(conv_op_kept)(const gruc_op *op, const gruc_pass *pass)
{
    return GRUC(conv_kept)(gruc_clock_of(op, pass)->N, op->H);
}

GRUC_STATIC size_t GRUC(conv_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    return GRUC(conv_scratch)(gruc_clock_of(op, pass)->N, op);
}

GRUC_STATIC void GRUC(conv_op_forward)(const gruc_call *c)
{
    const real *norm = (const real *)c->parameters + c->op->steps * c->op->D * c->op->H;
    GRUC(conv_forward)(c->y, c->kept, c->scratch, c->x, c->packed, norm, c->op, c->clock);
}

GRUC_STATIC void GRUC(conv_op_backward)(const gruc_call *c)
{
    size_t N = c->clock->N, H = c->op->H, size = c->op->steps * c->op->D * H;
    const real *statistics = (const real *)c->kept + GRUC(lines)(N * H);
    real *dW = c->gradients, *dgamma = dW + size, *sums = dgamma + 2 * H;
    GRUC_FLUSH_SUBNORMALS();
    memset(dW, 0, (size + 2 * H) * sizeof(real));
    if (c->op->reverse) /* gradients of inputs are wanted, those of gamma and beta are not */
        GRUC(constants_backward)(c->dy, c->y, c->kept, N, H);
    else
        GRUC(norm_backward)(c->dy, dgamma, dgamma + H, c->scratch, c->y, c->kept, N, H);
    GRUC(conv_backward)(c->dx, c->add_to_dx, dW, c->scratch, c->dy, c->x, c->packed, c->op, c->clock);
    for (size_t j = 0; j < 2 * H; j++) sums[j] = (real)N * statistics[j];
    sums[2 * H] = (real)N;
    GRUC_KEEP_SUBNORMALS();
}

GRUC_STATIC void GRUC(pool_op_forward)(const gruc_call *c)
{
    const gruc_clock *of_x = GRUC(clock_of_value)(c, c->op->x);
    GRUC(pool_forward)(c->y, c->x, c->op->steps, of_x->offsets, of_x->T, c->op->D);
}

GRUC_STATIC void GRUC(pool_op_backward)(const gruc_call *c)
{
    const gruc_clock *of_x = GRUC(clock_of_value)(c, c->op->x);
    GRUC(pool_backward)(
        c->dx, c->add_to_dx, c->dy, c->y, c->x, c->op->steps, of_x->offsets, of_x->T, c->op->D);
}
