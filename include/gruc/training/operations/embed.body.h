/* An embedding as an operation of a program in training: embed_train.body.h. Body over `real`; see real.h.
 * Its gradient is not in the flat buffer but in pass->token_rows, of the rows seen only. */

GRUC_STATIC size_t GRUC(embed_op_scratch)(const gruc_op *op, const gruc_pass *pass)
{
    return GRUC(embed_scratch)(gruc_rows(pass->program->values + op->y, pass->clocks));
}

GRUC_STATIC void GRUC(embed_op_forward)(const gruc_call *c)
{
    GRUC(embed_forward)(c->y, c->op->H, c->parameters, c->x, NULL, c->rows, c->op->H);
}

GRUC_STATIC void GRUC(embed_op_backward)(const gruc_call *c)
{
    gruc_token_rows *out = c->pass->token_rows + (c->op - c->pass->program->ops);
    GRUC(embed_backward)(out, c->scratch, c->x, NULL, c->dy, c->op->H, c->rows, c->op->H);
}
