/* Operations between two clocks of a program in training: permute.body.h, attend_train.body.h. Body over `real`;
 * see real.h. Attention keeps its weights (N, T of the source). */

GRUC_STATIC const gruc_clock *GRUC(clock_of_value)(const gruc_call *c, int value)
{
    return c->pass->clocks + c->pass->program->values[value].clock;
}

GRUC_STATIC void GRUC(permute_op_forward)(const gruc_call *c)
{
    size_t F = c->op->D;
    GRUC(permute_forward)(c->y, F, c->x, F, c->clock, GRUC(clock_of_value)(c, c->op->x), F);
}

GRUC_STATIC void GRUC(permute_op_backward)(const gruc_call *c)
{
    size_t F = c->op->D;
    GRUC(permute_backward)(c->dx, F, c->dy, F, c->clock, GRUC(clock_of_value)(c, c->op->x), F, c->add_to_dx);
}

GRUC_STATIC const gruc_clock *GRUC(attend_op_source)(const gruc_op *op, const gruc_pass *pass)
{
    return pass->clocks + pass->program->values[op->x2].clock;
}

GRUC_STATIC size_t GRUC(attend_op_kept)(const gruc_op *op, const gruc_pass *pass)
{
    return gruc_clock_of(op, pass)->N * GRUC(attend_op_source)(op, pass)->T;
}

GRUC_STATIC size_t GRUC(attend_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    return GRUC(attend_scratch)(gruc_clock_of(op, pass)->T, GRUC(attend_op_source)(op, pass)->T, op->D);
}

GRUC_STATIC gruc_attend_batch GRUC(attend_batch_of)(const gruc_call *c)
{
    gruc_attend_batch batch = {0};
    batch.queries = c->clock;
    batch.source = GRUC(attend_op_source)(c->op, c->pass);
    batch.F = batch.ld_q = batch.ld_h = batch.ld_dq = batch.ld_dh = c->op->D;
    batch.ld_c = batch.ld_dc = c->op->H;
    batch.q = c->x;
    batch.h = c->x2;
    batch.a = c->kept;
    batch.c = c->y;
    batch.dc = c->dy;
    batch.dq = c->dx;
    batch.dh = c->dx2;
    batch.add_to_dq = c->add_to_dx;
    batch.add_to_dh = c->add_to_dx2;
    batch.scratch = c->scratch;
    return batch;
}

GRUC_STATIC void GRUC(attend_op_forward)(const gruc_call *c)
{
    gruc_attend_batch batch = GRUC(attend_batch_of)(c);
    size_t F = c->op->D;
    GRUC(attend_forward)(&batch);
    if (c->op->H > F) GRUC(copy_rows)((real *)c->y + F, c->op->H, c->x, F, c->rows, F);
}

GRUC_STATIC void GRUC(attend_op_backward)(const gruc_call *c)
{
    gruc_attend_batch batch = GRUC(attend_batch_of)(c);
    size_t F = c->op->D, H = c->op->H;
    GRUC(attend_backward)(&batch);
    for (size_t i = 0; H > F && i < c->rows; i++)
        for (size_t j = 0; j < F; j++) ((real *)c->dx)[i * F + j] += ((const real *)c->dy)[i * H + F + j];
}

/* ---- in general the queries are x W
 *
 *   packed   dense.body.h
 *   kept     weights (N, T of the source) | queries (N, D)
 *   scratch  of attention | gradients of the queries (N, D) | of dense_backward | a bias that there is not (D,) */

GRUC_STATIC size_t GRUC(general_op_packed)(const gruc_op *op, int want_dx)
{
    (void)want_dx;
    return GRUC(dense_packed_size)(op->D, op->D);
}

GRUC_STATIC void GRUC(general_op_pack)(void *packed, const void *parameters, const gruc_op *op, int want_dx)
{
    (void)want_dx;
    GRUC(dense_pack)(packed, parameters, 0, op->D, op->D);
}

GRUC_STATIC size_t GRUC(general_op_kept)(const gruc_op *op, const gruc_pass *pass)
{
    return GRUC(lines)(GRUC(attend_op_kept)(op, pass)) + gruc_clock_of(op, pass)->N * op->D;
}

GRUC_STATIC size_t GRUC(general_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    size_t N = gruc_clock_of(op, pass)->N;
    return GRUC(attend_op_scratch)(op, pass) + GRUC(lines)(N * op->D) + GRUC(lines)(GRUC(dense_scratch)(N)) +
           op->D;
}

GRUC_STATIC real *GRUC(general_queries)(const gruc_call *c)
{
    return (real *)c->kept + GRUC(lines)(GRUC(attend_op_kept)(c->op, c->pass));
}

GRUC_STATIC void GRUC(general_op_forward)(const gruc_call *c)
{
    gruc_attend_batch batch = GRUC(attend_batch_of)(c);
    size_t F = c->op->D;
    real *q = GRUC(general_queries)(c);
    GRUC(dense_forward)(q, c->x, c->packed, NULL, c->rows, F, F);
    batch.q = q;
    GRUC(attend_forward)(&batch);
    if (c->op->H > F) GRUC(copy_rows)((real *)c->y + F, c->op->H, c->x, F, c->rows, F);
}

GRUC_STATIC void GRUC(general_op_backward)(const gruc_call *c)
{
    gruc_attend_batch batch = GRUC(attend_batch_of)(c);
    size_t F = c->op->D, H = c->op->H;
    real *dq = (real *)c->scratch + GRUC(attend_op_scratch)(c->op, c->pass);
    real *of_dense = dq + GRUC(lines)(c->rows * F);
    real *no_bias = of_dense + GRUC(lines)(GRUC(dense_scratch)(c->rows));
    batch.q = GRUC(general_queries)(c);
    batch.dq = dq;
    batch.add_to_dq = 0;
    GRUC(attend_backward)(&batch);
    memset(c->gradients, 0, F * F * sizeof(real));
    memset(no_bias, 0, F * sizeof(real));
    GRUC(dense_backward)(
        c->dx, c->add_to_dx, c->gradients, no_bias, of_dense, dq, c->x, c->packed, 0, c->rows, F, F);
    for (size_t i = 0; H > F && i < c->rows; i++)
        for (size_t j = 0; j < F; j++) ((real *)c->dx)[i * F + j] += ((const real *)c->dy)[i * H + F + j];
}
