/* Cells as operations of a program in training: gru_train.body.h. Body over `real`; see real.h.
 *
 *   packed   what layer_pack makes, then what gru_backward_pack makes
 *   kept     gates (N, slots H); with recurrent dropout the mask (B, H) of states
 *   scratch  of both passes, then of by_token.body.h */

/* The operation that looks up what a cell reads, if it is worth while to take the places of a token together */
GRUC_STATIC const gruc_op *GRUC(cell_looked_up)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_program *program = pass->program;
    if (!pass->by_token || pass->rate_tokens > 0 || op->kind == GRUC_FIO) return NULL;
    for (const gruc_op *embed = program->ops; embed < op; embed++)
        if (embed->y == op->x && (embed->kind == GRUC_EMBED || embed->kind == GRUC_EMBED_SHARED))
            return 2 * embed->D <= gruc_clock_of(op, pass)->N ? embed : NULL;
    return NULL;
}

GRUC_STATIC size_t GRUC(cell_pass_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_clock *clock = gruc_clock_of(op, pass);
    return GRUC(lines)(GRUC(gru_backward_scratch)(clock->N, clock->B, op->H, op->kind));
}

GRUC_STATIC gruc_gru_batch GRUC(cell_batch)(const gruc_call *call)
{
    gruc_gru_batch batch = gruc_gru_batch_of(call);
    const gruc_op *embed = GRUC(cell_looked_up)(call->op, call->pass);
    if (!embed) return batch;
    batch.tokens = call->pass->inputs[embed->x];
    batch.table = (const real *)call->pass->parameters + embed->weights;
    batch.n_tokens = embed->D;
    batch.of_tokens = (real *)call->scratch + GRUC(cell_pass_scratch)(call->op, call->pass);
    return batch;
}

GRUC_STATIC size_t GRUC(cell_forward_size)(const gruc_op *op)
{
    return GRUC(lines)(GRUC(layer_packed_size)(op->D, op->H, op->kind));
}

GRUC_STATIC size_t GRUC(cell_packed_size)(const gruc_op *op, int want_dx)
{
    return GRUC(cell_forward_size)(op) + GRUC(gru_backward_packed_size)(op->D, op->H, op->kind, want_dx);
}

GRUC_STATIC void GRUC(cell_pack)(void *packed, const void *parameters, const gruc_op *op, int want_dx)
{
    gruc_gru_weights w = gruc_gru_weights_at((void *)parameters, op, sizeof(real));
    real *forward = packed, *backward = forward + GRUC(cell_forward_size)(op);
    GRUC(layer_pack)(forward, w.W_ihT, w.W_hhT, w.b_ih, w.b_hh, op->D, op->H, op->kind);
    GRUC(gru_backward_pack)(backward, w.W_ihT, w.W_hhT, op->D, op->H, op->kind, want_dx);
}

GRUC_STATIC size_t GRUC(cell_kept_size)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_clock *clock = gruc_clock_of(op, pass);
    size_t gates = clock->N * gruc_shape_of(op->kind).slots * op->H;
    return GRUC(lines)(gates) + (pass->drop_states ? clock->B * op->H : 0);
}

GRUC_STATIC size_t GRUC(cell_scratch_size)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_op *embed = GRUC(cell_looked_up)(op, pass);
    return GRUC(cell_pass_scratch)(op, pass) +
           (embed ? GRUC(gru_by_token_scratch)(embed->D, op->D, op->H) : 0);
}

GRUC_STATIC void GRUC(cell_draw_masks)(const gruc_call *call, size_t b, uint64_t *random)
{
    size_t H = call->op->H, slots = gruc_shape_of(call->op->kind).slots;
    if (!call->pass->drop_states) return;
    real *mask = (real *)call->kept + GRUC(lines)(call->rows * slots * H);
    GRUC(fill_mask)(mask + b * H, H, call->pass->rate_states, random);
}

GRUC_STATIC void GRUC(cell_forward)(const gruc_call *call)
{
    gruc_gru_batch batch = GRUC(cell_batch)(call);
    GRUC(gru_forward)(&batch, call->packed);
}

GRUC_STATIC void GRUC(cell_backward)(const gruc_call *call)
{
    gruc_gru_batch batch = GRUC(cell_batch)(call);
    gruc_gru_weights gradients = gruc_gru_weights_at(call->gradients, call->op, sizeof(real));
    GRUC(gru_backward)(&gradients, &batch, (const real *)call->packed + GRUC(cell_forward_size)(call->op));
}
