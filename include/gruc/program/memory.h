/* The memory of a model that runs row by row: worked out once, when a stream is made or a model is written as C. */
#ifndef GRUC_MEMORY_H
#define GRUC_MEMORY_H

#include "model.h"
#include "spans.h"

/* What a kind of operation needs row by row, beside gruc_row_kind of model.h: elements that it carries on from
 * row to row (running_readout.body.h), and of scratch for one; NULL for none. */
typedef struct {
    size_t (*state_size)(const gruc_op *op);
    size_t (*scratch_size)(const gruc_op *op);
    int takes_parts; /* a readout whose rows may come by parts of their columns, in any order */
} gruc_row_needs;

GRUC_STATIC size_t gruc_cell_state(const gruc_op *op) { return gruc_shape_of(op->kind).states * op->H; }
GRUC_STATIC size_t gruc_cell_gates(const gruc_op *op) { return gruc_shape_of(op->kind).slots * op->H; }
GRUC_STATIC size_t gruc_readout_state(const gruc_op *op) { return op->D; }
GRUC_STATIC size_t gruc_attention_state(const gruc_op *op) { return op->D + 2; }
GRUC_STATIC size_t gruc_attention_u(const gruc_op *op) { return op->D; }

GRUC_STATIC size_t gruc_conv_state(const gruc_op *op) { return (op->steps - 1) * op->D; }
GRUC_STATIC size_t gruc_conv_window(const gruc_op *op) { return op->steps * op->D; }

/* In the order of program.h */
static const gruc_row_needs gruc_needs_of_kinds[GRUC_N_KINDS] = {
    {NULL, NULL, 0},
    {gruc_readout_state, NULL, 1}, /* mean */
    {gruc_readout_state, NULL, 1}, /* max */
    {gruc_attention_state, gruc_attention_u, 0},
    {gruc_cell_state, gruc_cell_gates, 0}, /* gru */
    {gruc_cell_state, gruc_cell_gates, 0},
    {gruc_cell_state, gruc_cell_gates, 0},
    {NULL, NULL, 0}, /* dense */
    {NULL, NULL, 0}, /* dropout */
    {NULL, NULL, 0}, /* embedding */
    {NULL, NULL, 0}, /* permute */
    {NULL, NULL, 0}, /* attend */
    {NULL, NULL, 0}, /* attend, general */
    {gruc_conv_state, gruc_conv_window, 0},
    {gruc_readout_state, NULL, 0}, /* pool */
};

GRUC_STATIC size_t gruc_state_size(const gruc_op *op)
{
    const gruc_row_needs *needs = gruc_needs_of_kinds + op->kind;
    return needs->state_size ? needs->state_size(op) : 0;
}

GRUC_STATIC size_t gruc_step_scratch(const gruc_op *op)
{
    const gruc_row_needs *needs = gruc_needs_of_kinds + op->kind;
    return needs->scratch_size ? needs->scratch_size(op) : 0;
}

GRUC_STATIC int gruc_is_cell(const gruc_op *op) { return op->last >= 0; }

/* A stream, stream.body.h:
 *
 *   its memory   states of cells | and of other operations | the last frame_length steps, scaled; tokens are not
 *                kept
 *   its scratch  states after a frame | the frame | scratch of an operation | other rows
 *
 * The row of a cell is its state, in the memory or in the scratch: h, and what else is carried on behind it. */
GRUC_STATIC void gruc_stream_memory(
    gruc_memory *to, size_t *states, size_t *rows, /* OUT (n_ops,), (n_values,) */
    const gruc_program *p)
{
    size_t end = 0, largest = 0;
    for (size_t v = 0; v < p->n_values; v++) rows[v] = GRUC_NOWHERE;
    for (size_t i = 0; i < p->n_ops; i++) {
        const gruc_op *op = p->ops + i;
        size_t scratch = gruc_step_scratch(op);
        largest = scratch > largest ? scratch : largest;
        if (!gruc_is_cell(op)) continue;
        states[i] = rows[op->y] = rows[op->last] = end;
        end += gruc_state_size(op);
    }
    for (size_t i = 0; i < p->n_ops; i++) {
        if (gruc_is_cell(p->ops + i)) continue;
        states[i] = end;
        end += gruc_state_size(p->ops + i);
    }
    to->states_size = end;
    to->frame_rows = 0;
    rows[0] = end;
    end += p->values[0].width + largest;
    for (size_t i = 0; i < p->n_ops; i++)
        if (rows[p->ops[i].y] == GRUC_NOWHERE) {
            rows[p->ops[i].y] = end;
            end += p->values[p->ops[i].y].width;
        }
    to->scratch_size = end;
    to->states = states;
    to->rows = rows;
}

/* Whether value v is asked for after all of its rows are there */
GRUC_STATIC int gruc_is_kept(const gruc_program *p, int v)
{
    for (size_t i = 0; i < p->n_ops; i++)
        if (p->ops[i].x == v && !gruc_needs_of_kinds[p->ops[i].kind].takes_parts) return 1;
    return v == p->output;
}

/* Whether cells read value v */
GRUC_STATIC int gruc_is_read_by_cells(const gruc_program *p, int v)
{
    for (size_t i = 0; i < p->n_ops; i++)
        if (p->ops[i].x == v && gruc_is_cell(p->ops + i)) return 1;
    return 0;
}

/* Elements of the row that value 0 becomes: a frame, or what a token is looked up as */
GRUC_STATIC size_t gruc_first_row(const gruc_program *p)
{
    size_t size = p->values[0].width;
    for (size_t i = 0; i < p->n_ops; i++)
        if (p->ops[i].x == 0 && p->values[0].integers && p->ops[i].H > size) size = p->ops[i].H;
    return size;
}

/* A whole sequence, sequence.body.h:
 *
 *   scratch of an operation, of a cell two states before it | a frame or looked up token | states of readouts and
 *   convolutions, and one row of each value that has one a sequence, of those between convolutions, and of the
 *   answers | rows of values for all frames, or where convolutions make one row of several for all of these,
 *   `frame_rows` elements a row
 *
 * Rows of a cell that only a mean or the largest is taken of are not kept: one layer takes memory for two states
 * however long the sequence is. Nor are those of tokens, which are looked up where they are read. `spans` is
 * (n_values,). */
GRUC_STATIC void gruc_sequence_memory(
    gruc_memory *to, size_t *states, size_t *rows, gruc_span *spans, const gruc_program *p)
{
    size_t end = 0, largest = 0;
    int from_top = 0;
    memset(spans, 0, p->n_values * sizeof(gruc_span));
    for (size_t v = 0; v < p->n_values; v++) rows[v] = GRUC_NOWHERE;
    for (size_t i = 0; i < p->n_ops; i++) {
        size_t scratch =
            gruc_step_scratch(p->ops + i) + (gruc_is_cell(p->ops + i) ? 2 * gruc_state_size(p->ops + i) : 0);
        largest = scratch > largest ? scratch : largest;
    }
    rows[0] = largest;
    end = largest + gruc_first_row(p);
    for (size_t i = 0; i < p->n_ops; i++) {
        const gruc_op *op = p->ops + i;
        int for_cells = gruc_is_before_cells(op) && gruc_is_read_by_cells(p, op->y);
        int once = gruc_is_cell(op) ? op->last : for_cells || p->values[op->x].integers ? -1 : op->y;
        if (op->x > 0) spans[op->x].last = i;
        states[i] = end;
        if (!gruc_is_cell(op)) end += gruc_state_size(op);
        if (once >= 0 && rows[once] == GRUC_NOWHERE && gruc_is_kept(p, once)) {
            rows[once] = end;
            end += p->values[once].width;
        }
        if ((gruc_is_cell(op) || for_cells) && spans[op->y].size == 0 && gruc_is_kept(p, op->y)) {
            spans[op->y].size = p->values[op->y].width;
            spans[op->y].first = i;
            spans[op->y].from_top = from_top;
            from_top = !from_top;
        }
    }
    to->scratch_size = end;
    to->states_size = 0;
    to->frame_rows = gruc_place_spans(spans, p->n_values);
    for (size_t v = 1; v < p->n_values; v++)
        if (spans[v].size > 0) rows[v] = spans[v].begin;
    to->states = states;
    to->rows = rows;
}

#endif
