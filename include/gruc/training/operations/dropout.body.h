/* Dropout as an operation of a program in training: y = x * mask, the mask kept. Body over `real`; see
 * real.h, dropout.body.h. */

GRUC_STATIC size_t GRUC(dropout_op_kept)(const gruc_op *op, const gruc_pass *pass)
{
    return gruc_rows(pass->program->values + op->y, pass->clocks) * op->D;
}

GRUC_STATIC void GRUC(dropout_op_draw_masks)(const gruc_call *c, size_t b, uint64_t *random)
{
    const gruc_clock *clock = c->clock;
    size_t D = c->op->D;
    real *mask = c->kept;
    if (!c->pass->program->values[c->op->y].per_step) {
        GRUC(fill_mask)(mask + b * D, D, c->pass->rate, random);
        return;
    }
    for (ptrdiff_t t = 0; t < clock->lengths[b]; t++)
        GRUC(fill_mask)(mask + ((size_t)clock->offsets[t] + b) * D, D, c->pass->rate, random);
}

GRUC_STATIC void GRUC(dropout_op_forward)(const gruc_call *c)
{
    size_t D = c->op->D;
    GRUC(multiply)(c->y, D, c->x, D, c->kept, c->rows, D);
}

/* dx and dy are one array where nothing else reads x (gruc_value: gradient) */
GRUC_STATIC void GRUC(dropout_op_backward)(const gruc_call *c)
{
    size_t D = c->op->D, size = c->rows * D;
    real *dx = c->dx, *dy = c->dy;
    const real *mask = c->kept;
    if (!c->add_to_dx || dx == dy) {
        GRUC(multiply)(dx, D, dy, D, mask, c->rows, D);
        return;
    }
    for (size_t i = 0; i < size; i++) dx[i] += dy[i] * mask[i];
}
