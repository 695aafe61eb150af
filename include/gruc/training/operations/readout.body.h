/* Readouts as operations of a program in training, and what puts them side by side: readout_train.body.h. Body over
 * `real`; see real.h.
 * Attention keeps u (N, F), with room for whole vectors, and a (N,). */

GRUC_STATIC void GRUC(mean_op_forward)(const gruc_call *c)
{
    const gruc_clock *clock = c->clock;
    GRUC(mean_forward)(c->y, c->x, clock->lengths, clock->offsets, clock->T, clock->B, c->op->D);
}

GRUC_STATIC void GRUC(mean_op_backward)(const gruc_call *c)
{
    GRUC(mean_backward)(
        c->dx, c->add_to_dx, c->dy, c->clock->lengths, c->clock->offsets, c->clock->T, c->op->D);
}

GRUC_STATIC void GRUC(max_op_forward)(const gruc_call *c)
{
    GRUC(max_forward)(c->y, c->x, c->clock->offsets, c->clock->T, c->op->D);
}

GRUC_STATIC void GRUC(max_op_backward)(const gruc_call *c)
{
    GRUC(max_backward)(c->dx, c->add_to_dx, c->dy, c->y, c->x, c->clock->offsets, c->clock->T, c->op->D);
}

GRUC_STATIC size_t GRUC(attention_u_size)(size_t N, size_t F) { return GRUC(lines)(N * F + LANES); }

GRUC_STATIC size_t GRUC(attention_op_kept)(const gruc_op *op, const gruc_pass *pass)
{
    size_t N = gruc_clock_of(op, pass)->N;
    return GRUC(attention_u_size)(N, op->D) + N;
}

GRUC_STATIC size_t GRUC(attention_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    (void)pass;
    return GRUC(panel_size)(op->D, op->D);
}

GRUC_STATIC void GRUC(attention_op_forward)(const gruc_call *c)
{
    const gruc_clock *clock = c->clock;
    size_t F = c->op->D;
    const real *WT = c->parameters, *b = WT + F * F;
    real *u = c->kept, *a = u + GRUC(attention_u_size)(clock->N, F);
    GRUC(pack)(c->scratch, WT, F, F, 1, F);
    GRUC(attention_forward)(
        c->y, a, u, c->x, c->scratch, b, b + F, clock->lengths, clock->offsets, clock->T, clock->B, F);
}

GRUC_STATIC void GRUC(attention_op_backward)(const gruc_call *c)
{
    const gruc_clock *clock = c->clock;
    size_t F = c->op->D;
    const real *WT = c->parameters;
    real *u = c->kept, *a = u + GRUC(attention_u_size)(clock->N, F);
    real *dWT = c->gradients, *db = dWT + F * F;
    GRUC(attention_backward)(
        c->dx, c->add_to_dx, dWT, db, db + F, c->scratch, u, a, c->y, c->dy, c->x, WT, WT + F * F + F,
        clock->offsets, clock->T, F);
}

GRUC_STATIC void GRUC(copy_op_forward)(const gruc_call *c)
{
    size_t ld_x = c->pass->program->values[c->op->x].width;
    GRUC(copy_rows)((real *)c->y + c->op->column, c->width, c->x, ld_x, c->rows, c->op->D);
}

GRUC_STATIC void GRUC(copy_op_backward)(const gruc_call *c)
{
    size_t D = c->op->D, ld_x = c->pass->program->values[c->op->x].width;
    const real *dy = (const real *)c->dy + c->op->column;
    real *dx = c->dx;
    for (size_t i = 0; i < c->rows; i++, dx += ld_x, dy += c->width) {
        for (size_t j = 0; j < D; j++) dx[j] = c->add_to_dx ? dx[j] + dy[j] : dy[j];
        if (!c->add_to_dx) memset(dx + D, 0, (ld_x - D) * sizeof(real)); /* of columns that are not copied */
    }
}
