/* A batch through a program without training, for prediction and inspection. Elements are of the precision
 * whose kernels are called. */
#ifndef GRUC_INFER_H
#define GRUC_INFER_H

#include "model.h"
#include "spans.h"

/* One operation and what it works on */
typedef struct {
    const gruc_op *op;
    const gruc_op_weights *weights;
    const gruc_clock *clock, *clock2, *clock_of_y; /* of x, of x2 (or x), of y */
    size_t n_rows;                                 /* of y */
    const void *x;                                 /* rows of D or more, ld_x apart */
    size_t ld_x;
    const void
        *x2; /* of cells (B, H): the states to start from, at the operation's columns; or NULL for zeros. Of
              * attention to a second sequence its rows */
    size_t ld_x2;       /* distances between rows */
    const void *tokens; /* (n_rows,) of a cell with weights->of_tokens: what x was looked up for */
    const void *x3;     /* of cells that attend, keyed rows */
    void *y;            /* OUT, at the operation's columns; or NULL */
    size_t ld_y;
    void *last; /* of cells (B, H) OUT, at the operation's columns */
    size_t ld_last;
    void *kept;    /* (N, gruc_infer_kept_width()) OUT for inspection, or NULL */
    void *scratch; /* (scratch_size(op, clock, clock2),) */
} gruc_infer_call;

/* The kernels of a kind of operation; NULL where there is nothing to do */
typedef struct {
    size_t (*packed_size)(const gruc_op *op);
    /* lays parameters out in `packed` and says where they are; both must outlive `weights` */
    void (*pack)(gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op);
    size_t (*scratch_size)(const gruc_op *op, const gruc_clock *clock, const gruc_clock *clock2);
    void (*infer)(const gruc_infer_call *call);
    /* elements of weights->of_tokens of an operation that reads what another one looks up, and the table itself */
    size_t (*of_tokens_size)(const gruc_op *op, const gruc_op *embed);
    void (*of_tokens)(
        gruc_op_weights *weights, void *packed, const void *parameters, const gruc_op *op,
        const gruc_op *embed);
} gruc_infer_kind;

typedef struct {
    const gruc_infer_kind *kinds; /* (GRUC_N_KINDS,) */
    size_t element;               /* bytes */
    const gruc_program *program;
    const gruc_op_weights *weights; /* (n_ops,) */
    gruc_clock clocks[GRUC_N_CLOCKS];
    void **
        values; /* (n_values,) the inputs, NULL for states of zeros; OUT: values that are wanted; else NULL */
    void **kept;      /* (n_ops,) OUT for inspection, or NULL: gates of cells, weights of attention */
    gruc_span *spans; /* (n_values + n_ops,) of gruc_infer_memory: values, and scratch, in the workspace */
    void *workspace;  /* (gruc_infer_memory(batch),) */
} gruc_infer_batch;

/* The clock of the value x3 of an operation, or where there is none that of x2, or of x */
GRUC_STATIC const gruc_clock *gruc_infer_clock2(const gruc_infer_batch *b, const gruc_op *op)
{
    int other = op->x3 >= 0 ? op->x3 : op->x2 >= 0 ? op->x2 : op->x;
    return b->clocks + b->program->values[other].clock;
}

/* Elements that inspection may ask for, for each row of x: of cells their gates, as saved for training; of attention
 * the weight of the row, or those of all rows of a second sequence */
GRUC_STATIC size_t gruc_infer_kept_width(const gruc_infer_batch *b, const gruc_op *op)
{
    switch (op->kind) {
    case GRUC_GRU:
    case GRUC_GRU_RESET_BEFORE:
    case GRUC_FIO:
        return gruc_shape_of(op->kind).slots * op->H;
    case GRUC_ATTENTION:
        return 1;
    case GRUC_ATTEND:
    case GRUC_ATTEND_GENERAL:
    case GRUC_GRU_ATTENDING:
    case GRUC_GRU_ATTENDING_RESET_BEFORE:
        return gruc_infer_clock2(b, op)->T;
    default:
        return 0;
    }
}

/* Elements of whole cache lines, where vectors begin that lie across no two */
GRUC_STATIC size_t gruc_infer_lines(size_t n) { return (n + 15) / 16 * 16; }

/* A table of what an operation makes of each token has this many elements at most */
enum { GRUC_INFER_LARGEST_TABLE = 1 << 20 };

/* The operation that looks up the tokens which an operation reads, if a table of what it makes of them is worth
 * its memory: it then need not be worked out for each row. NULL for none. */
GRUC_STATIC const gruc_op *gruc_infer_embed(
    const gruc_program *p, const gruc_infer_kind *kinds, const gruc_op *op)
{
    if (!kinds[op->kind].of_tokens_size) return NULL;
    for (size_t i = 0; i < p->n_ops; i++) {
        const gruc_op *embed = p->ops + i;
        if (embed->kind == GRUC_EMBED && embed->y == op->x)
            return kinds[op->kind].of_tokens_size(op, embed) > GRUC_INFER_LARGEST_TABLE ? NULL : embed;
    }
    return NULL;
}

/* Elements of the packed weights of a program */
GRUC_STATIC size_t gruc_infer_packed_size(const gruc_program *p, const gruc_infer_kind *kinds)
{
    size_t size = 0;
    for (size_t i = 0; i < p->n_ops; i++) {
        const gruc_infer_kind *kind = kinds + p->ops[i].kind;
        const gruc_op *embed = gruc_infer_embed(p, kinds, p->ops + i);
        if (kind->packed_size) size += gruc_infer_lines(kind->packed_size(p->ops + i));
        if (embed) size += gruc_infer_lines(kind->of_tokens_size(p->ops + i, embed));
    }
    return size;
}

/* Fills `weights` (n_ops,) and `packed`, which begins a cache line */
GRUC_STATIC void gruc_infer_pack(
    gruc_op_weights *weights, void *packed, const void *parameters, const gruc_program *p,
    const gruc_infer_kind *kinds, size_t element)
{
    char *to = (char *)packed;
    for (size_t i = 0; i < p->n_ops; i++) {
        const gruc_infer_kind *kind = kinds + p->ops[i].kind;
        if (!kind->pack) continue;
        kind->pack(weights + i, to, parameters, p->ops + i);
        if (kind->packed_size) to += gruc_infer_lines(kind->packed_size(p->ops + i)) * element;
        const gruc_op *embed = gruc_infer_embed(p, kinds, p->ops + i);
        if (!embed) continue;
        kind->of_tokens(weights + i, to, parameters, p->ops + i, embed);
        to += gruc_infer_lines(kind->of_tokens_size(p->ops + i, embed)) * element;
    }
}

/* Operations up to the last one that writes what is wanted */
GRUC_STATIC size_t gruc_infer_n_ops(const gruc_infer_batch *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->program->n_ops; i++) {
        const gruc_op *op = b->program->ops + i;
        if (b->kept[i] || b->values[op->y] || (op->last >= 0 && b->values[op->last])) n = i + 1;
    }
    return n;
}

/* Memory of a value that operation i writes, unless the caller gives it; whole cache lines */
GRUC_STATIC void gruc_infer_keep(const gruc_infer_batch *b, int value, size_t i)
{
    const gruc_value *v = b->program->values + value;
    gruc_span *span = b->spans + value;
    if (b->values[value]) return;
    if (span->size == 0) span->first = i;
    span->last = span->last > i ? span->last : i;
    span->size = gruc_infer_lines(gruc_rows(v, b->clocks) * v->width);
}

/* Fills in `spans`; returns the elements of the workspace. A value has memory from the operation that writes it
 * to the last one that reads it; rows of a cell that nobody reads have none, unless it attends to others. */
GRUC_STATIC size_t gruc_infer_memory(const gruc_infer_batch *b)
{
    const gruc_program *p = b->program;
    size_t n_ops = gruc_infer_n_ops(b);
    int from_top = 0;
    memset(b->spans, 0, (p->n_values + p->n_ops) * sizeof(gruc_span));
    for (size_t i = 0; i < n_ops;
         i++) { /* who reads: `last` is 0 where nobody does, for operation 0 cannot */
        if (p->ops[i].x >= 0) b->spans[p->ops[i].x].last = i;
        if (p->ops[i].x2 >= 0) b->spans[p->ops[i].x2].last = i;
        if (p->ops[i].x3 >= 0) b->spans[p->ops[i].x3].last = i;
    }
    for (size_t i = 0; i < n_ops; i++) {
        const gruc_op *op = p->ops + i;
        gruc_span *y = b->spans + op->y;
        if (y->size == 0 && y->last > i) {
            y->from_top = from_top;
            from_top = !from_top;
        }
        if (y->last > i || op->last < 0 || op->x3 >= 0) gruc_infer_keep(b, op->y, i);
        if (op->last >= 0) gruc_infer_keep(b, op->last, i);
        gruc_span *scratch = b->spans + p->n_values + i;
        scratch->first = scratch->last = i;
        if (b->kinds[op->kind].scratch_size)
            scratch->size = gruc_infer_lines(b->kinds[op->kind].scratch_size(
                op, b->clocks + p->values[op->x].clock, gruc_infer_clock2(b, op)));
    }
    for (size_t v = 0; v < p->n_inputs; v++) b->spans[v].size = 0;
    return gruc_place_spans(b->spans, p->n_values + p->n_ops);
}

/* Where a value is, from a column on; NULL for nowhere */
GRUC_STATIC void *gruc_infer_at(const gruc_infer_batch *b, int value, size_t column)
{
    char *start;
    if (value < 0) return NULL;
    start = (char *)b->values[value];
    if (!start && b->spans[value].size > 0) start = (char *)b->workspace + b->spans[value].begin * b->element;
    return start ? start + column * b->element : NULL;
}

GRUC_STATIC void gruc_infer(const gruc_infer_batch *b)
{
    const gruc_program *p = b->program;
    for (size_t i = 0, n = gruc_infer_n_ops(b); i < n; i++) {
        const gruc_op *op = p->ops + i;
        gruc_infer_call call;
        call.op = op;
        call.weights = b->weights + i;
        call.clock = b->clocks + p->values[op->x].clock;
        call.clock2 = gruc_infer_clock2(b, op);
        call.clock_of_y = b->clocks + p->values[op->y].clock;
        call.n_rows = gruc_rows(p->values + op->y, b->clocks);
        call.x = gruc_infer_at(b, op->x, 0);
        call.ld_x = p->values[op->x].width;
        call.tokens =
            call.weights->of_tokens ? gruc_infer_at(b, gruc_infer_embed(p, b->kinds, op)->x, 0) : NULL;
        call.x2 = gruc_infer_at(b, op->x2, op->x3 < 0 ? op->column : 0);
        call.x3 = gruc_infer_at(b, op->x3, 0);
        call.ld_x2 = op->x2 < 0 ? 0 : p->values[op->x2].width;
        call.y = gruc_infer_at(b, op->y, op->x3 < 0 ? op->column : 0);
        call.ld_y = p->values[op->y].width;
        call.last = gruc_infer_at(b, op->last, op->x3 < 0 ? op->column : 0);
        call.ld_last = op->last < 0 ? 0 : p->values[op->last].width;
        call.kept = b->kept[i];
        call.scratch = (char *)b->workspace + b->spans[p->n_values + i].begin * b->element;
        b->kinds[op->kind].infer(&call);
    }
}

#endif
