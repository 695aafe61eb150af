/* What training knows of a kind of operation, and what one is handed: whatever the precision and
 * instruction set. Elements are of the precision of the table that is called. */
#ifndef GRUC_OPERATIONS_H
#define GRUC_OPERATIONS_H

#include "../program/program.h"
#include "token_rows.h"

enum { /* losses */
       GRUC_SOFTMAX,
       GRUC_SIGMOID,
       GRUC_SQUARED_ERROR,
       GRUC_ABSOLUTE_ERROR,
       GRUC_HUBER,
       GRUC_QUANTILE,
       GRUC_POISSON
};

/* The loss of a program's outputs (R, K), R rows for sequences or for steps: loss.body.h */
typedef struct {
    int kind;
    const ptrdiff_t *labels; /* (R,), for GRUC_SOFTMAX */
    const void *y;           /* (R, K), for the others */
    const double *weights;   /* (R,) */
    double total;            /* what the weighted sum is divided by */
    const double *settings;  /* (n_settings,) */
    size_t n_settings;
    const int32_t
        *candidates; /* (n_candidates,) of GRUC_DENSE_SAMPLED: tokens, rising, all labels among them */
    const double *log_shares; /* (n_candidates,) logarithms of how probable it was that a token is there */
    size_t n_candidates;
} gruc_loss;

typedef struct gruc_operation gruc_operation;

/* Where rows and gradient of a value lie in the workspace, in elements */
typedef struct {
    size_t rows, gradient;
    int has_gradient; /* in the pass back: whether something was written there */
} gruc_value_place;

/* Where an operation's weights lie in `packed`, and in the workspace what it keeps for the way back */
typedef struct {
    size_t packed, kept;
} gruc_op_place;

/* One batch on its way through a program, or back */
typedef struct {
    const gruc_program *program;
    const gruc_operation *operations; /* (GRUC_N_KINDS,) */
    size_t element;                   /* bytes */
    gruc_clock clocks[GRUC_N_CLOCKS];
    const void *const *inputs;   /* (program->n_inputs,) rows of the first values */
    void *const *dinputs;        /* (program->n_inputs,) OUT: their gradients, where they are wanted */
    const void *parameters;      /* flat */
    const void *packed;          /* by gruc_program_pack */
    void *gradients;             /* OUT: flat, of the parameters that are not in tables */
    gruc_token_rows *token_rows; /* (program->n_ops,) OUT: of tables, with room for as many rows as y has */
    void *outputs;               /* rows of program->output; NULL where only the loss is wanted */
    void *doutputs;              /* the gradient of these; used up */
    void *workspace;             /* of gruc_program_places */
    gruc_value_place *values;    /* (program->n_values,) filled by gruc_program_places */
    gruc_op_place *ops;          /* (program->n_ops,) filled there */
    size_t scratch;              /* where it begins in the workspace */
    int drop_states;             /* whether cells have masks of the states that enter W_hh */
    double rate, rate_states;    /* of dropout */
    size_t n_candidates;         /* of the loss; 0 for none */
    double rate_tokens;          /* of whole tokens where they are looked up; 0 for no masks of them */
    int by_token; /* whether gradients of looked up vectors are wanted by token only: by_token.body.h */
} gruc_pass;

/* An operation of a pass */
typedef struct {
    const gruc_op *op;
    const gruc_pass *pass;
    const gruc_clock *clock; /* of y */
    size_t rows;             /* of y */
    size_t width;            /* of y: of cells with both directions */
    const void *x, *x2, *x3;
    void *y, *last;
    void *dx, *dx2, *dx3;      /* OUT, or NULL */
    int add_to_dx, add_to_dx2; /* whether that is added to */
    int add_to_dx3;
    void *dy, *dlast;                /* used up; dy of cells may be NULL for zeros */
    const void *parameters, *packed; /* of this operation */
    void *gradients;
    void *kept, *scratch;
} gruc_call;

/* A row of the table of operations. Sizes are in elements; NULL functions for 0 and for nothing to do. */
struct gruc_operation {
    size_t (*packed_size)(const gruc_op *op, int want_dx);
    size_t (*kept_size)(const gruc_op *op, const gruc_pass *pass);
    size_t (*scratch_size)(const gruc_op *op, const gruc_pass *pass);
    void (*pack)(void *packed, const void *parameters, const gruc_op *op, int want_dx);
    void (*draw_masks)(const gruc_call *call, size_t b, uint64_t *random); /* of one sequence */
    void (*forward)(const gruc_call *call);
    void (*backward)(const gruc_call *call);
    /* forward, through the loss, and back: of a program's last operation; returns the weighted sum of losses */
    double (*through_loss)(const gruc_call *call, const gruc_loss *loss);
};

/* The clock whose rows an operation writes */
static inline const gruc_clock *gruc_clock_of(const gruc_op *op, const gruc_pass *pass)
{
    return pass->clocks + pass->program->values[op->y].clock;
}

#endif
