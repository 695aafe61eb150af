/* An embedding as an operation of a program in training: embed_train.body.h. Body over `real`; see real.h.
 * Its gradient is not in the flat buffer but in pass->token_rows, of the rows seen only.
 *
 *   kept     with dropout of tokens the mask (N,) */

GRUC_STATIC size_t GRUC(embed_op_kept)(const gruc_op *op, const gruc_pass *pass)
{
    return pass->rate_tokens > 0 ? gruc_rows(pass->program->values + op->y, pass->clocks) : 0;
}

/* The candidates' rows of the table, where it is shared with a loss over some tokens: sampled.body.h; or NULL */
GRUC_STATIC const gruc_token_rows *GRUC(embed_op_others)(const gruc_op *op, const gruc_pass *pass)
{
    const gruc_program *program = pass->program;
    const gruc_op *last = program->ops + program->n_ops - 1;
    if (op->kind == GRUC_EMBED || last->kind != GRUC_DENSE_SAMPLED || last->weights != op->weights)
        return NULL;
    return pass->token_rows + program->n_ops - 1;
}

GRUC_STATIC size_t GRUC(embed_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    size_t n_others = op->kind == GRUC_EMBED ? 0 : pass->n_candidates;
    return GRUC(embed_scratch)(gruc_rows(pass->program->values + op->y, pass->clocks) + n_others);
}

GRUC_STATIC void GRUC(embed_op_draw_masks)(const gruc_call *c, size_t b, uint64_t *random)
{
    const gruc_clock *clock = c->clock;
    if (c->pass->rate_tokens > 0)
        GRUC(fill_token_mask)(
            c->kept, c->x, clock->offsets, b, (size_t)clock->lengths[b], c->pass->rate_tokens, random);
}

GRUC_INLINE const real *GRUC(embed_op_mask)(const gruc_call *c)
{
    return c->pass->rate_tokens > 0 ? c->kept : NULL;
}

GRUC_STATIC void GRUC(embed_op_forward)(const gruc_call *c)
{
    GRUC(embed_forward)(c->y, c->op->H, c->parameters, c->x, GRUC(embed_op_mask)(c), c->rows, c->op->H);
}

GRUC_STATIC void GRUC(embed_op_backward)(const gruc_call *c)
{
    const gruc_pass *pass = c->pass;
    gruc_token_rows *out = pass->token_rows + (c->op - pass->program->ops);
    const gruc_token_rows *others = GRUC(embed_op_others)(c->op, pass);
    GRUC(embed_backward)(
        out, others, c->scratch, c->x, GRUC(embed_op_mask)(c), c->dy, c->op->H, c->rows, c->op->H);
}

/* Of a shared table: with the candidates of a loss over some tokens by rows, else its gradient is in the flat
 * buffer, and added to what the other operation has left there */
GRUC_STATIC void GRUC(embed_shared_op_backward)(const gruc_call *c)
{
    if (GRUC(embed_op_others)(c->op, c->pass)) {
        GRUC(embed_op_backward)(c);
        return;
    }
    size_t D = c->op->H;
    const int32_t *tokens = c->x;
    const real *GRUC_RESTRICT dy = c->dy, *mask = GRUC(embed_op_mask)(c);
    for (size_t i = 0; i < c->rows; i++) {
        real *GRUC_RESTRICT row = (real *)c->gradients + (size_t)tokens[i] * D;
        real factor = mask ? mask[i] : 1;
        for (size_t d = 0; d < D; d++) row[d] += factor * dy[i * D + d];
    }
}
