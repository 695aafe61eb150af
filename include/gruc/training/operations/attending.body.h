/* Keys, and cells that attend to keyed rows, as operations of a program in training: attending_train.body.h. Body
 * over `real`; see real.h. */

/* ---- y = [x W + b, x]: packed  panels of W by outputs | panels of W by inputs */

GRUC_STATIC size_t GRUC(keys_op_packed)(const gruc_op *op, int want_dx)
{
    (void)want_dx;
    return GRUC(dense_packed_size)(op->D, op->H - op->D);
}

GRUC_STATIC void GRUC(keys_op_pack)(void *packed, const void *parameters, const gruc_op *op, int want_dx)
{
    (void)want_dx;
    GRUC(dense_pack)(packed, parameters, 0, op->D, op->H - op->D);
}

GRUC_STATIC size_t GRUC(keys_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    size_t N = gruc_clock_of(op, pass)->N;
    return GRUC(lines)(N * (op->H - op->D)) + GRUC(dense_scratch)(N);
}

GRUC_STATIC void GRUC(keys_op_forward)(const gruc_call *c)
{
    size_t D = c->op->D, H = c->op->H, K = H - D;
    GRUC(keys_forward)(c->y, c->x, c->packed, (const real *)c->parameters + D * K, c->rows, D, H);
}

GRUC_STATIC void GRUC(keys_op_backward)(const gruc_call *c)
{
    size_t D = c->op->D, H = c->op->H, K = H - D;
    real *dkeys = c->scratch, *dW = c->gradients, *dx = c->dx;
    memset(dW, 0, gruc_op_size(c->op) * sizeof(real));
    GRUC(copy_rows)(dkeys, K, c->dy, H, c->rows, K);
    GRUC(dense_backward)(
        dx, c->add_to_dx, dW, dW + D * K, dkeys + GRUC(lines)(c->rows * K), dkeys, c->x, c->packed, 0,
        c->rows, D, K);
    for (size_t i = 0; dx && i < c->rows; i++)
        for (size_t j = 0; j < D; j++) dx[i * D + j] += ((const real *)c->dy)[i * H + K + j];
}

/* ---- cells
 *
 *   packed   what attending_pack makes, then what attending_backward_pack makes
 *   kept     as of a cell | queries (N, H) | weights (N, T of the source) */

GRUC_STATIC const gruc_clock *GRUC(attending_source)(const gruc_op *op, const gruc_pass *pass)
{
    return pass->clocks + pass->program->values[op->x3].clock;
}

GRUC_STATIC size_t GRUC(attending_op_forward_size)(const gruc_op *op)
{
    return GRUC(lines)(GRUC(attending_packed_size)(op));
}

GRUC_STATIC size_t GRUC(attending_op_packed)(const gruc_op *op, int want_dx)
{
    return GRUC(attending_op_forward_size)(op) + GRUC(attending_backward_packed_size)(op, want_dx);
}

GRUC_STATIC void GRUC(attending_op_pack)(void *packed, const void *parameters, const gruc_op *op, int want_dx)
{
    real *backward = (real *)packed + GRUC(attending_op_forward_size)(op);
    GRUC(attending_pack)(packed, parameters, op);
    GRUC(attending_backward_pack)(backward, parameters, op, want_dx);
}

GRUC_STATIC size_t GRUC(attending_op_kept)(const gruc_op *op, const gruc_pass *pass)
{
    size_t N = gruc_clock_of(op, pass)->N;
    return GRUC(lines)(GRUC(cell_kept_size)(op, pass)) + GRUC(lines)(N * op->H) +
           N * GRUC(attending_source)(op, pass)->T;
}

GRUC_STATIC size_t GRUC(attending_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_clock *clock = gruc_clock_of(op, pass);
    return GRUC(attending_scratch)(clock->N, clock->B, op->H, op->column);
}

GRUC_STATIC gruc_attending_batch GRUC(attending_batch_of)(const gruc_call *c)
{
    gruc_attending_batch b = {0};
    size_t H = c->op->H;
    b.gru = gruc_gru_batch_of(c);
    b.gru.kind = GRUC(attending_cell)(c->op);
    b.gru.ld_state = b.gru.ld_state0 = b.gru.ld_dstate = H;
    b.gru.state = c->last;
    b.gru.state0 = c->x2;
    b.gru.dstate = c->dlast;
    b.F = c->op->column;
    b.queries = c->clock;
    b.source = GRUC(attending_source)(c->op, c->pass);
    b.memory = c->x3;
    b.q = (real *)c->kept + GRUC(lines)(GRUC(cell_kept_size)(c->op, c->pass));
    b.a = (real *)b.q + GRUC(lines)(c->rows * H);
    b.c = c->y;
    b.dc = c->dy;
    b.ld_c = b.ld_dc = c->width;
    b.dmemory = c->dx3;
    b.add_to_dmemory = c->add_to_dx3;
    return b;
}

GRUC_STATIC void GRUC(attending_op_forward)(const gruc_call *c)
{
    gruc_attending_batch b = GRUC(attending_batch_of)(c);
    GRUC(attending_weights) w = GRUC(attending_unpack)(c->packed, c->op);
    GRUC(attending_forward)(&b, &w, NULL, NULL);
}

GRUC_STATIC void GRUC(attending_op_backward)(const gruc_call *c)
{
    gruc_attending_batch b = GRUC(attending_batch_of)(c);
    const real *packed = (const real *)c->packed + GRUC(attending_op_forward_size)(c->op);
    GRUC(attending_backward)(c->gradients, &b, c->parameters, packed, gruc_wants_dx(c->pass->program, c->op));
}
