/* A network as a list of operations over packed rows, whatever the precision and instruction set.
 *
 * gruc/network lays it out: every size and every offset into the flat buffer of parameters is written
 * there, once. C executes it: the operations in their order, and back in the opposite order.
 *
 * A clock has T steps, B sequences with a length each, and N = sum of lengths packed rows (gru.body.h).
 * Most programs have one; a decoder's rows lie beside its encoder's under a second one, with the same
 * sequences in another order. Where several steps become one, as in pooling, a slower clock begins, whose
 * sequences are in the order of clock 0. */
#ifndef GRUC_PROGRAM_H
#define GRUC_PROGRAM_H

#include "../base/portability.h"

enum {                /* kinds of operations; 0 is none */
       GRUC_MEAN = 1, /* readouts: one row for each sequence, from its rows */
       GRUC_MAX,
       GRUC_ATTENTION,        /* additive, over a sequence's own rows */
       GRUC_GRU,              /* cells, in one direction: the reset gate after the recurrent product */
       GRUC_GRU_RESET_BEFORE, /* and before it */
       GRUC_FIO,              /* the cell with forget, input and output gates */
       GRUC_DENSE,            /* y = x W + b */
       GRUC_DROPOUT,          /* y = x * mask; in training only */
       GRUC_EMBED,            /* y = the row of a table that an integer x names */
       GRUC_PERMUTE,          /* rows of sequences, from clock 0's order to clock 1's */
       GRUC_ATTEND,           /* rows of clock 1 over the rows of clock 0 of the same sequence */
       GRUC_ATTEND_GENERAL,   /* the same after a product of the rows of clock 1 with a matrix */
       GRUC_CONV,             /* y = relu(norm(x * W)): conv.body.h */
       GRUC_POOL,             /* rows of a slower clock: the largest of each `steps` rows */
       GRUC_EMBED_SHARED,     /* as GRUC_EMBED, of a table that another operation reads, too */
       GRUC_DENSE_TABLE,      /* y = x T', T a table: a product with the vector of each token */
       GRUC_COPY,             /* columns of y = x: values side by side */
       GRUC_KEYS,             /* y = x W + b, and x itself behind: keys of what is attended to */
       GRUC_GRU_ATTENDING, /* cells that attend to keyed rows of clock 0 before each step: attending.body.h */
       GRUC_GRU_ATTENDING_RESET_BEFORE,
       GRUC_DENSE_SAMPLED, /* the same for some tokens, in the loss only: sampled.body.h */
       GRUC_CONV_POOL,     /* GRUC_CONV and GRUC_POOL at once; in training only, where GRUC_POOL is not */
       GRUC_N_KINDS
};

/* Added to variances before they are divided by */
#define GRUC_NORM_EPSILON 1e-5

/* What cells differ in: blocks of H columns of their weights; slots of H that a row of their gates has, and one of
 * their scratch on the way back (gru_step.body.h, fio_step.body.h, gru_train.body.h, fio_train.body.h); and states of
 * H that are carried on, of which h is the first */
typedef struct {
    size_t blocks, slots, back_slots, states;
} gruc_cell_shape;

static inline gruc_cell_shape gruc_shape_of(int kind)
{
    gruc_cell_shape gru = {3, 4, 5, 1}, fio = {4, 5, 6, 2};
    return kind == GRUC_FIO ? fio : gru;
}

/* Clocks of a program, at most */
enum { GRUC_N_CLOCKS = 8 };

/* Rows that operations read and write. The first `n_inputs` values of a program are filled by its caller. */
typedef struct {
    int clock;    /* whose sequences */
    int per_step; /* a row for each step of each sequence (N), or one for each sequence (B) */
    int integers; /* tokens (int32_t, width 1) instead of elements of the network's type */
    int gradient; /* in training: the value in whose memory its gradient lies; -1 where it is not wanted. Mostly
                   * its own; that of x for dropout in place; that of `last` for the state a cell starts from */
    size_t width; /* elements of a row */
} gruc_value;

/* Parameters of an operation lie one after the other in the flat buffer, from `weights` on:
 *
 *   GRUC_GRU               W_ihT (D, 3H), W_hhT (H, 3H), b_ih (3H,), b_hh (3H,)
 *   GRUC_GRU_RESET_BEFORE  the same without b_hh
 *   GRUC_FIO               W_ihT (D, 4H), W_hhT (H, 4H), b_ih (4H,)
 *   GRUC_ATTENTION         W' (D, D), b (D,), v (D,)
 *   GRUC_DENSE             W (D, H), b (H,)
 *   GRUC_EMBED             table (D, H) of D tokens
 *   GRUC_ATTEND_GENERAL    W (D, D)
 *   GRUC_CONV              W (k, D, H), of k = `steps`; gamma (H,), beta (H,); and what is not learned but follows
 *                          the batches: mean (H,), variance (H,), number of batches (1,)
 *   GRUC_CONV_POOL         the same
 *   GRUC_EMBED_SHARED      table (D, H) of D tokens, anywhere in the buffer
 *   GRUC_DENSE_TABLE       table (H, D) of H tokens
 *   GRUC_DENSE_SAMPLED     the same
 *
 *   GRUC_KEYS              W (D, H - D), b (H - D,)
 *   GRUC_GRU_ATTENDING     W_q' (H, H), v (H,), W_ihT (D + F, 3H), W_hhT (H, 3H), b_ih (3H,), b_hh (3H,), F = `column`
 *   GRUC_GRU_ATTENDING_RESET_BEFORE  the same without b_hh
 *
 * Places of values are indices into the program's list, -1 for none. */
typedef struct {
    int kind;
    int x;  /* the value that is read */
    int x2; /* cells: the states (B, H) to start from; attention to it: its rows, as wide as x */
    int y;  /* the value that is written */
    int last; /* cells: the value for each sequence's states after its last step: h of all directions, as wide as
                    * y, then what else is carried on */
    int reverse; /* cells: from each sequence's last step to its first; GRUC_CONV in training: normalised by
                    * its constants, as in inference */
    size_t D,
        H; /* width read, width written; GRUC_ATTEND*: H = D, or H = 2 D with x itself behind; GRUC_COPY: the
                    * first columns of x */
    size_t column; /* first column of y and of each state in last that is written: directions side by side */
    size_t weights;
    size_t steps; /* GRUC_CONV, GRUC_POOL: of x that a row of y is made of */
    int x3; /* GRUC_GRU_ATTENDING*: keyed rows to attend to; what comes of them are the first columns of y */
} gruc_op;

typedef struct {
    size_t n_values, n_inputs, n_ops;
    const gruc_value *values; /* (n_values,) */
    const gruc_op *ops;       /* (n_ops,) */
    int output;               /* the value that is the network's answer */
    /* of slower clocks the steps of clock 0 that make one of theirs; 0 for clocks that the caller lays out */
    size_t strides[GRUC_N_CLOCKS];
} gruc_program;

/* Lengths of one clock's sequences, longest first */
typedef struct {
    size_t T, B, N;
    const ptrdiff_t *lengths; /* (B,) */
    const ptrdiff_t *offsets; /* (T + 1,) */
    const ptrdiff_t *order;   /* (B,) each sequence's place in the caller's order */
    const ptrdiff_t *places;  /* (B,) the inverse of `order`; NULL where there is one clock */
} gruc_clock;

/* Where clock `from` has the sequence that clock `to` has at b */
static inline size_t gruc_place(size_t b, const gruc_clock *to, const gruc_clock *from)
{
    return (size_t)from->places[to->order[b]];
}

/* Steps of clock 0 that make one of this clock */
static inline size_t gruc_stride(const gruc_program *program, int clock)
{
    return program->strides[clock] > 0 ? program->strides[clock] : 1;
}

/* Steps of a slower clock for so many of clock 0: the last one may be made of fewer than the others */
static inline size_t gruc_slower(size_t n_steps, size_t stride) { return (n_steps + stride - 1) / stride; }

/* Lays out a slower clock than `from`, which it follows */
static inline void gruc_lay_out_slower(
    gruc_clock *to, ptrdiff_t *lengths, ptrdiff_t *offsets, /* OUT (B,), (slower T + 1,) */
    const gruc_clock *from, size_t stride)
{
    *to = *from;
    to->T = gruc_slower(from->T, stride);
    for (size_t b = 0; b < from->B; b++)
        lengths[b] = (ptrdiff_t)gruc_slower((size_t)from->lengths[b], stride);
    offsets[0] = 0;
    for (size_t t = 0; t < to->T; t++) /* who has the first of the steps has the one that they make */
        offsets[t + 1] = offsets[t] + (from->offsets[t * stride + 1] - from->offsets[t * stride]);
    to->N = (size_t)offsets[to->T];
    to->lengths = lengths;
    to->offsets = offsets;
}

/* Number of parameters of an operation */
static inline size_t gruc_op_size(const gruc_op *op)
{
    switch (op->kind) {
    case GRUC_GRU:
        return 3 * op->H * (op->D + op->H + 2);
    case GRUC_GRU_RESET_BEFORE:
        return 3 * op->H * (op->D + op->H + 1);
    case GRUC_FIO:
        return 4 * op->H * (op->D + op->H + 1);
    case GRUC_ATTENTION:
        return op->D * (op->D + 2);
    case GRUC_DENSE:
        return (op->D + 1) * op->H;
    case GRUC_EMBED:
    case GRUC_EMBED_SHARED:
    case GRUC_DENSE_TABLE:
    case GRUC_DENSE_SAMPLED:
        return op->D * op->H;
    case GRUC_ATTEND_GENERAL:
        return op->D * op->D;
    case GRUC_KEYS:
        return (op->D + 1) * (op->H - op->D);
    case GRUC_GRU_ATTENDING:
        return op->H * (op->H + 1) + 3 * op->H * (op->D + op->column + op->H + 2);
    case GRUC_GRU_ATTENDING_RESET_BEFORE:
        return op->H * (op->H + 1) + 3 * op->H * (op->D + op->column + op->H + 1);
    case GRUC_CONV:
    case GRUC_CONV_POOL:
        return op->steps * op->D * op->H + 4 * op->H + 1;
    default:
        return 0;
    }
}

/* Rows of a value */
static inline size_t gruc_rows(const gruc_value *value, const gruc_clock *clocks)
{
    const gruc_clock *clock = clocks + value->clock;
    return value->per_step ? clock->N : clock->B;
}

#endif
