/* A batch in one direction of a layer of cells, and the weights of that direction: what the passes of
 * gru_train.body.h take, and those of gruc/kernels/blas.pyx. Elements are of the precision that is called. */
#ifndef GRUC_GRU_BATCH_H
#define GRUC_GRU_BATCH_H

#include "../products/work.h"
#include "../program/program.h"

/* T steps, B sequences, N rows packed as in gru.body.h, D inputs, H units; ld_* are distances between rows.
 * The forward pass reads x, mask and state0; the backward pass reads these, what the forward pass wrote,
 * and dh and dstate. */
typedef struct {
    int kind; /* GRUC_GRU, GRUC_GRU_RESET_BEFORE or GRUC_FIO, whose widths are those of gruc_shape_of(kind) */
    int reverse;
    size_t T, D, H;
    const ptrdiff_t *offsets; /* (T + 1,) */
    const void *x;            /* (N, D) */
    size_t ld_x;
    const int32_t
        *tokens; /* (N,) rows of `table` that x has, if many places share one: by_token.body.h; or NULL */
    const void *table; /* (n_tokens, D) */
    size_t n_tokens;
    void *of_tokens;  /* scratch, (gru_by_token_scratch(n_tokens, D, H),) */
    const void *mask; /* (B, H) of dropout, for states where they enter W_hh; or NULL */
    const void
        *state0; /* (B, H) before each sequence's first step (in reverse: its last), or NULL for zeros */
    size_t ld_state0;
    void *gates; /* (N, slots H) OUT of forward; backward over BLAS overwrites it */
    void *h;     /* (N, H) OUT of forward */
    size_t ld_h;
    void *state; /* (B, H) OUT of forward: after each sequence's last step (in reverse: its first) */
    size_t ld_state;
    const void *dh; /* (N, H) gradient of h from above, or NULL for zeros */
    size_t ld_dh;
    void *dstate; /* (B, H) IN: gradient of `state`, OUT: gradient of `state0`; without state0 undefined */
    size_t ld_dstate;
    size_t c_of_state; /* GRUC_FIO: elements from h to c in rows of state0, state and dstate */
    void *dx;          /* (N, D) OUT, or NULL */
    size_t ld_dx;
    int add_to_dx; /* whether dx is added to */
    void *scratch; /* forward (B, H), backward (gru_backward_scratch(N, B, H),); over BLAS that and (B, 4H) */
    const gruc_work *work; /* what products are lent, or NULL */
} gruc_gru_batch;

/* Weights, or their gradients, of 3 blocks or of GRUC_FIO 4; b_hh NULL but with the reset gate after the product */
typedef struct {
    void *W_ihT; /* (D, 3H) */
    void *W_hhT; /* (H, 3H) */
    void *b_ih;  /* (3H,) */
    void *b_hh;  /* (3H,) */
} gruc_gru_weights;

#endif
