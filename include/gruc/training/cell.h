/* What the kernels of a cell take, whichever they are (gru_train.body.h, blas.pyx), out of an operation's
 * call: whatever the precision and instruction set. */
#ifndef GRUC_CELL_H
#define GRUC_CELL_H

#include "../layers/gru_batch.h"
#include "operations.h"

/* Elements of whole cache lines (of single precision; of double precision two of them) */
static inline size_t gruc_whole_lines(size_t n) { return (n + 15) / 16 * 16; }

/* Weights of a cell, or their gradients, from the first on; elements of `element` bytes */
static inline gruc_gru_weights gruc_gru_weights_at(void *first, const gruc_op *op, size_t element)
{
    size_t D = op->D, H = op->H;
    size_t columns = gruc_shape_of(op->kind).blocks * H;
    char *b_ih = (char *)first + columns * (D + H) * element;
    gruc_gru_weights w = {first, (char *)first + columns * D * element, b_ih, NULL};
    if (op->kind == GRUC_GRU) w.b_hh = b_ih + 3 * H * element;
    return w;
}

static inline gruc_gru_batch gruc_gru_batch_of(const gruc_call *call)
{
    const gruc_op *op = call->op;
    size_t element = call->pass->element, column = op->column * element;
    gruc_gru_batch batch = {0};
    batch.kind = op->kind;
    batch.reverse = op->reverse;
    batch.T = call->clock->T;
    batch.D = op->D;
    batch.H = op->H;
    batch.offsets = call->clock->offsets;
    batch.x = call->x;
    batch.ld_x = batch.ld_dx = op->D;
    batch.gates = call->kept;
    if (call->pass->drop_states)
        batch.mask = (char *)call->kept +
                     gruc_whole_lines(call->rows * gruc_shape_of(op->kind).slots * op->H) * element;
    batch.ld_h = batch.ld_dh = call->width;
    batch.ld_state = batch.ld_dstate = batch.ld_state0 = call->pass->program->values[op->last].width;
    batch.c_of_state = call->width; /* behind h of all directions */
    batch.h = (char *)call->y + column;
    batch.state = (char *)call->last + column;
    if (call->x2) batch.state0 = (const char *)call->x2 + column;
    if (call->dy) batch.dh = (char *)call->dy + column;
    if (call->dlast) batch.dstate = (char *)call->dlast + column;
    batch.dx = call->dx;
    batch.add_to_dx = call->add_to_dx;
    batch.scratch = call->scratch;
    return batch;
}

#endif
