/* The way through a program in training: forward, through the loss, and back. Written once for all
 * precisions and instruction sets: the table of operations is of one of them. */
#ifndef GRUC_WALK_H
#define GRUC_WALK_H

#include "cell.h"

static inline int gruc_wants_dx(const gruc_program *program, const gruc_op *op)
{
    return program->values[op->x].gradient >= 0;
}

/* ---- weights, packed once for each step of the optimiser ------------------------------------- */

static inline size_t gruc_program_packed_size(const gruc_program *program, const gruc_operation *operations)
{
    size_t size = 0;
    for (size_t i = 0; i < program->n_ops; i++) {
        const gruc_op *op = program->ops + i;
        const gruc_operation *operation = operations + op->kind;
        if (operation->packed_size)
            size += gruc_whole_lines(operation->packed_size(op, gruc_wants_dx(program, op)));
    }
    return size;
}

static inline void gruc_program_pack(
    void *packed,           /* (gruc_program_packed_size(program, operations),) OUT */
    const void *parameters, /* flat */
    const gruc_program *program, const gruc_operation *operations, size_t element)
{
    char *to = (char *)packed;
    for (size_t i = 0; i < program->n_ops; i++) {
        const gruc_op *op = program->ops + i;
        const gruc_operation *operation = operations + op->kind;
        int want_dx = gruc_wants_dx(program, op);
        if (!operation->packed_size) continue;
        operation->pack(to, (const char *)parameters + op->weights * element, op, want_dx);
        to += gruc_whole_lines(operation->packed_size(op, want_dx)) * element;
    }
}

/* ---- the workspace --------------------------------------------------------------------------- */

/* Work out every place of a pass, of which program, operations, clocks and drop_states are set, and the
 * tables `values` and `ops` are there. Returns the elements of its workspace. */
static inline size_t gruc_program_places(gruc_pass *pass)
{
    const gruc_program *program = pass->program;
    size_t size = 0, packed = 0, scratch = 0;
    for (size_t v = program->n_inputs; v < program->n_values; v++) {
        const gruc_value *value = program->values + v;
        size_t elements = gruc_whole_lines(gruc_rows(value, pass->clocks) * value->width);
        if ((int)v == program->output) continue;
        pass->values[v].rows = size;
        size += elements;
        pass->values[v].gradient = size;
        if (value->gradient == (int)v) size += elements;
    }
    for (size_t i = 0; i < program->n_ops; i++) {
        const gruc_op *op = program->ops + i;
        const gruc_operation *operation = pass->operations + op->kind;
        size_t needed = operation->scratch_size ? operation->scratch_size(op, pass) : 0;
        pass->ops[i].packed = packed;
        if (operation->packed_size)
            packed += gruc_whole_lines(operation->packed_size(op, gruc_wants_dx(program, op)));
        pass->ops[i].kept = size;
        if (operation->kept_size) size += gruc_whole_lines(operation->kept_size(op, pass));
        scratch = needed > scratch ? needed : scratch;
    }
    pass->scratch = size;
    return size + scratch;
}

/* Rows of a value; NULL for none */
static inline void *gruc_rows_of(const gruc_pass *pass, int value)
{
    if (value < 0) return NULL;
    if (value == pass->program->output) return pass->outputs;
    if ((size_t)value < pass->program->n_inputs) return (void *)pass->inputs[value];
    return (char *)pass->workspace + pass->values[value].rows * pass->element;
}

/* The gradient of a value; NULL where none is wanted */
static inline void *gruc_gradient_of(const gruc_pass *pass, int value)
{
    if (value < 0 || pass->program->values[value].gradient < 0) return NULL;
    value = pass->program->values[value].gradient;
    if (value == pass->program->output) return pass->doutputs;
    if ((size_t)value < pass->program->n_inputs) return pass->dinputs[value];
    return (char *)pass->workspace + pass->values[value].gradient * pass->element;
}

/* Operation i of a pass, forward */
static inline gruc_call gruc_call_forward(const gruc_pass *pass, size_t i)
{
    const gruc_op *op = pass->program->ops + i;
    const gruc_value *y = pass->program->values + op->y;
    char *workspace = (char *)pass->workspace;
    gruc_call call = {0};
    call.op = op;
    call.pass = pass;
    call.clock = pass->clocks + y->clock;
    call.rows = gruc_rows(y, pass->clocks);
    call.width = y->width;
    call.x = gruc_rows_of(pass, op->x);
    call.x2 = gruc_rows_of(pass, op->x2);
    call.x3 = gruc_rows_of(pass, op->x3);
    call.y = gruc_rows_of(pass, op->y);
    call.last = gruc_rows_of(pass, op->last);
    call.parameters = (const char *)pass->parameters + op->weights * pass->element;
    call.packed = (const char *)pass->packed + pass->ops[i].packed * pass->element;
    call.kept = workspace + pass->ops[i].kept * pass->element;
    call.scratch = workspace + pass->scratch * pass->element;
    return call;
}

/* A gradient that an operation reads: zeros where nothing was written */
static inline void *gruc_gradient_or_zeros(const gruc_pass *pass, int value)
{
    void *gradient = gruc_gradient_of(pass, value);
    const gruc_value *v = pass->program->values + value;
    if (!pass->values[value].has_gradient)
        memset(gradient, 0, gruc_rows(v, pass->clocks) * v->width * pass->element);
    pass->values[value].has_gradient = 1;
    return gradient;
}

/* And back */
static inline gruc_call gruc_call_backward(const gruc_pass *pass, size_t i)
{
    gruc_call call = gruc_call_forward(pass, i);
    const gruc_op *op = call.op;
    call.dx = gruc_gradient_of(pass, op->x);
    call.dx2 = gruc_gradient_of(pass, op->x2);
    call.dx3 = gruc_gradient_of(pass, op->x3);
    call.add_to_dx = pass->values[op->x].has_gradient;
    call.add_to_dx2 = op->x2 >= 0 && pass->values[op->x2].has_gradient;
    call.add_to_dx3 = op->x3 >= 0 && pass->values[op->x3].has_gradient;
    call.gradients = (char *)pass->gradients + op->weights * pass->element;
    if (op->last >= 0) { /* a cell, for which no gradient of y is one less to add */
        call.dlast = gruc_gradient_or_zeros(pass, op->last);
        call.dy = pass->values[op->y].has_gradient ? gruc_gradient_of(pass, op->y) : NULL;
    } else if (gruc_wants_dx(pass->program, op) || gruc_op_size(op) > 0) {
        call.dy = gruc_gradient_or_zeros(pass, op->y);
    }
    if (call.dx) pass->values[op->x].has_gradient = 1;
    if (call.dx2) pass->values[op->x2].has_gradient = 1;
    if (call.dx3) pass->values[op->x3].has_gradient = 1;
    return call;
}

/* ---- masks of dropout, forward, back, loss ---------------------------------------------------- */

/* A sequence's masks depend on its seed only, not on the other sequences. */
static inline void gruc_program_masks(const gruc_pass *pass, const uint64_t *seeds /* (B,) */)
{
    for (size_t b = 0; b < pass->clocks[0].B; b++) {
        uint64_t random = seeds[b];
        for (size_t i = 0; i < pass->program->n_ops; i++) {
            const gruc_operation *operation = pass->operations + pass->program->ops[i].kind;
            if (!operation->draw_masks) continue;
            gruc_call call = gruc_call_forward(pass, i);
            const gruc_clock *first = pass->clocks;
            size_t place = call.clock == first ? b : (size_t)call.clock->places[first->order[b]];
            operation->draw_masks(&call, place, &random);
        }
    }
}

static inline void gruc_operations_forward(const gruc_pass *pass, size_t n_ops)
{
    GRUC_FLUSH_SUBNORMALS();
    for (size_t i = 0; i < n_ops; i++) {
        gruc_call call = gruc_call_forward(pass, i);
        pass->operations[call.op->kind].forward(&call);
    }
    GRUC_KEEP_SUBNORMALS();
}

static inline void gruc_operations_backward(const gruc_pass *pass, size_t n_ops)
{
    for (size_t i = n_ops; i-- > 0;) {
        const gruc_value *y = pass->program->values + pass->program->ops[i].y;
        if (y->gradient < 0) continue; /* nothing that is learned comes before it */
        gruc_call call = gruc_call_backward(pass, i);
        const gruc_operation *operation = pass->operations + call.op->kind;
        if (operation->backward && (call.dx || gruc_op_size(call.op) > 0)) operation->backward(&call);
    }
}

static inline void gruc_no_gradients(const gruc_pass *pass)
{
    for (size_t v = 0; v < pass->program->n_values; v++) pass->values[v].has_gradient = 0;
}

/* Fills `outputs`. */
static inline void gruc_program_forward(const gruc_pass *pass)
{
    gruc_operations_forward(pass, pass->program->n_ops);
}

/* After gruc_program_forward: fills `gradients` and `dinputs` from `doutputs`. */
static inline void gruc_program_backward(const gruc_pass *pass)
{
    gruc_no_gradients(pass);
    pass->values[pass->program->output].has_gradient = 1;
    gruc_operations_backward(pass, pass->program->n_ops);
}

/* Returns the weighted sum of losses; gradients are of that sum divided by loss->total. */
static inline double gruc_program_loss(const gruc_pass *pass, const gruc_loss *loss)
{
    size_t last = pass->program->n_ops - 1;
    gruc_operations_forward(pass, last);
    gruc_no_gradients(pass);
    pass->values[pass->program->output].has_gradient = 1;
    gruc_call call = gruc_call_backward(pass, last);
    double sum = pass->operations[call.op->kind].through_loss(&call, loss);
    gruc_operations_backward(pass, last);
    return sum;
}

#endif
