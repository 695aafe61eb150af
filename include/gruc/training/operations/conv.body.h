/* Convolutions, with their pooling or without, as operations of a program in training: conv_train.body.h. Body over `real`; see
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

/* The clock of x; y has another where an operation pools, too */
GRUC_STATIC const gruc_clock *GRUC(conv_op_clock)(const gruc_op *op, const gruc_pass *pass)
{
    return pass->clocks + pass->program->values[op->x].clock;
}

/* Steps of x that make one of y */
GRUC_STATIC size_t GRUC(conv_op_pool)(const gruc_op *op, const gruc_program *program)
{
    size_t of_x = gruc_stride(program, program->values[op->x].clock);
    return gruc_stride(program, program->values[op->y].clock) / of_x;
}

GRUC_STATIC size_t GRUC(conv_op_kept)(const gruc_op *op, const gruc_pass *pass)
{
    return GRUC(conv_kept)(GRUC(conv_op_clock)(op, pass)->N, op->H);
}

GRUC_STATIC size_t GRUC(conv_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    return GRUC(conv_scratch)(GRUC(conv_op_clock)(op, pass)->N, op);
}

GRUC_STATIC void GRUC(conv_op_forward)(const gruc_call *c)
{
    const real *norm = (const real *)c->parameters + c->op->steps * c->op->D * c->op->H;
    size_t pool = GRUC(conv_op_pool)(c->op, c->pass->program);
    const gruc_clock *clock = GRUC(conv_op_clock)(c->op, c->pass);
    GRUC(conv_forward)(c->y, c->kept, c->scratch, c->x, c->packed, norm, c->op, pool, clock);
}

GRUC_STATIC void GRUC(conv_op_backward)(const gruc_call *c)
{
    const gruc_clock *clock = GRUC(conv_op_clock)(c->op, c->pass);
    size_t N = clock->N, H = c->op->H, size = c->op->steps * c->op->D * H;
    size_t pool = GRUC(conv_op_pool)(c->op, c->pass->program);
    const real *statistics = (const real *)c->kept + GRUC(lines)(N * H);
    real *dW = c->gradients, *dgamma = dW + size, *sums = dgamma + 2 * H;
    GRUC_FLUSH_SUBNORMALS();
    memset(dW, 0, (size + 2 * H) * sizeof(real));
    if (c->op->reverse) dgamma = NULL; /* gradients of inputs are wanted, those of gamma and beta are not */
    real *dbeta = dgamma ? dgamma + H : NULL;
    GRUC(norm_backward)(dgamma, dbeta, c->scratch, c->dy, c->y, c->kept, H, pool, clock);
    GRUC(conv_backward)(c->dx, c->add_to_dx, dW, c->scratch, c->x, c->packed, c->op, clock);
    for (size_t j = 0; j < 2 * H; j++) sums[j] = (real)N * statistics[j];
    sums[2 * H] = (real)N;
    GRUC_KEEP_SUBNORMALS();
}
