/* A fitted model as stream.body.h and sequence.body.h take it, whatever the precision and instruction set:
 * inputs, program, outputs. Elements are of the precision that is called; of users, double, or float in
 * exported.h. */
#ifndef GRUC_MODEL_H
#define GRUC_MODEL_H

#include "../base/framing.h"
#include "program.h"

/* How the user's steps become rows. Where value 0 of the program is integers, a step is one token. */
typedef struct {
    size_t n_features;                    /* D, of a step */
    size_t frame_length, hop_length;      /* steps: framing.h */
    const void *mean, *mean_rest, *scale; /* (D,) of users: x is (x - mean - mean_rest) / scale; or NULL */
    double largest;                       /* that a scaled element may be */
} gruc_inputs;

/* Weights of an operation as the product reads its matrices: in panels, or as they lie.
 *
 *                    bias       vector   W            W_hh        W_hh_n
 *   reset after      b (3H,)    (H,)     W_ih (D, 3H) (H, 3H)              b: b_ih, and b_hh of r and z
 *   reset before     b (3H,)             W_ih (D, 3H) (H, 2H)     (H, H)
 *   forget, input    b (3H,)    b_c (H,) W_ih (D, 3H) (H, 3H)     (H, H)   b: b_f b_i b_o; W_c (D, H) behind W_ih
 *   attention        b (D,)     v (D,)   W' (D, D)
 *   dense            b (H,)              W (D, H)
 *   embedding                            table (D, H), as it lies
 *
 * Of a table of int8 the vector has the scales of its rows, (D,); before another matrix of int8 stand those of its
 * columns. */
typedef struct {
    const void *bias;
    const void *vector; /* of a GRU: b_hh of n */
    const void *W, *W_hh, *W_hh_n;
    const void *of_tokens; /* of a cell that reads looked up tokens in a batch: infer.h; or NULL */
} gruc_op_weights;

enum {               /* what becomes of the network's output */
       GRUC_VALUES,  /* nothing, but that scaled targets are scaled back */
       GRUC_EXP,     /* exp: logarithms of counts */
       GRUC_TWO,     /* one logit: probabilities of two classes */
       GRUC_CLASSES, /* softmax: of several */
       GRUC_LABELS   /* sigmoid of each: of several labels at once */
};

typedef struct {
    int link;
    size_t n_outputs;                       /* K */
    size_t n_quantiles;                     /* outputs that follow each other and are put in order */
    const void *target_mean, *target_scale; /* (K / n_quantiles,) of users, or NULL */
} gruc_outputs;

#define GRUC_NOWHERE ((size_t)-1)

/* Where a model that runs row by row has what it works with: memory.h. Elements from the beginning of its memory. */
typedef struct {
    size_t states_size, scratch_size, frame_rows;
    const size_t *states; /* (n_ops,) what an operation carries on from row to row */
    const size_t *rows;   /* (n_values,) rows of values, or GRUC_NOWHERE */
} gruc_memory;

/* An operation, and the rows that it works on */
typedef struct {
    const gruc_op *op;
    const gruc_op_weights *weights;
    const void *x;      /* a row, or of readouts that take it in parts some of its columns: */
    size_t width;       /* its elements */
    const void *before; /* what is carried on to this row */
    void *state;        /* OUT: and from it on; of readouts it may be `before` */
    void *y;            /* OUT */
    void *scratch;
    uint64_t
        n_frames; /* before this row; where the row is what a sequence has one of, those of the sequence */
} gruc_row_call;

/* The kernels of a kind of operation, row by row; NULL where there is nothing to do. Sizes are in memory.h. */
typedef struct {
    void (*step)(const gruc_row_call *call);   /* one more row of a sequence */
    void (*result)(const gruc_row_call *call); /* a row that a sequence has one of, or the network's answer */
} gruc_row_kind;

typedef struct {
    gruc_inputs inputs;
    gruc_program program;
    const gruc_row_kind *const *kinds; /* (n_ops,) of operations: programs contain the kernels of no others */
    const gruc_op_weights *weights;    /* (n_ops,) */
    gruc_outputs outputs;
    gruc_memory memory;
} gruc_model;

/* Operations that make rows of rows before the first cell reads them */
GRUC_STATIC int gruc_is_before_cells(const gruc_op *op)
{
    return op->kind == GRUC_CONV || op->kind == GRUC_POOL;
}

/* Rows of x before, in the sequence; of pooling of those that become one */
GRUC_STATIC uint64_t gruc_rows_before(const gruc_program *p, const gruc_op *op, uint64_t n_frames)
{
    size_t stride = gruc_stride(p, p->values[op->x].clock), rest;
    if (stride > 1) n_frames = gruc_quotient(n_frames, stride, &rest);
    if (op->kind != GRUC_POOL) return n_frames;
    (void)gruc_quotient(n_frames, op->steps, &rest);
    return rest;
}

/* Whether a value has a row when a frame comes, of a sequence that has `n_before`, or when the sequence ends: with
 * this frame or, without one, with those before */
GRUC_STATIC int gruc_has_row(const gruc_program *p, int v, uint64_t n_before, int frame, int ends)
{
    size_t stride = gruc_stride(p, p->values[v].clock), rest = 0;
    if (frame && (ends || stride == 1)) return 1;
    if (stride > 1) (void)gruc_quotient(n_before + (frame ? 1 : 0), stride, &rest);
    return frame ? rest == 0 : rest != 0;
}

#endif
