/* What network.body.h takes, whatever the precision and instruction set. */
#ifndef GRUC_NETWORK_SHAPE_H
#define GRUC_NETWORK_SHAPE_H

#include "../base/portability.h"

enum { GRUC_LAST, GRUC_MEAN, GRUC_MAX, GRUC_ATTENTION }; /* readouts */
enum {                                                   /* losses */
       GRUC_SOFTMAX,
       GRUC_SIGMOID,
       GRUC_SQUARED_ERROR,
       GRUC_ABSOLUTE_ERROR,
       GRUC_HUBER,
       GRUC_QUANTILE,
       GRUC_POISSON
};

typedef struct {
    size_t n_features, n_outputs, n_layers;
    const ptrdiff_t *units; /* (n_layers,) */
    int bidirectional, reset_after, readout;
} gruc_shape;

/* One batch on its way through a network, or back; numbers of the precision that is called */
typedef struct {
    const gruc_shape *shape;
    const void *parameters, *packed; /* flat buffers */
    const void *x;                   /* (N, n_features) */
    const ptrdiff_t *lengths;        /* (B,) */
    const ptrdiff_t *offsets;        /* (T + 1,) */
    size_t T, B, N;
    void *workspace;   /* (network_workspace(shape, N, B),) */
    void *dropout;     /* (network_dropout_size(shape, N, B),), masks filled; or NULL for none */
    int drop_inputs;   /* whether there are masks of what enters layers and head; if so, `dropout` is there */
    int drop_states;   /* and of states where they enter W_hh */
    const void *plain; /* a gruc_plain_*, or NULL for the kernels of gru_train.body.h, which read `packed` */
    int want_dx;       /* `packed` was made for network_backward to fill dx */
} gruc_pass;

/* The passes of a GRU layer when they are not those of gru_train.body.h: gruc/kernels/blas.pyx.
 * Arguments as there, but weights as they are, b_hh NULL with reset before, and scratch
 * of gru_backward_scratch for both, at least (B, 4H). The backward pass may write to gates. */
#define GRUC_PLAIN_PASSES(real, suffix)                                                                      \
    typedef struct {                                                                                         \
        void (*forward)(                                                                                     \
            real * gates, real *h, size_t ld_h, real *state, size_t ld_state, real *scratch, const real *x,  \
            const real *mask, const real *W_ihT, const real *W_hhT, const real *b_ih, const real *b_hh,      \
            const ptrdiff_t *offsets, size_t T, size_t D, size_t H, int reverse);                            \
        void (*backward)(                                                                                    \
            real * dW_ihT, real *dW_hhT, real *db_ih, real *db_hh, real *dx, real *dstate, size_t ld_dstate, \
            const real *dh, size_t ld_dh, real *scratch, real *gates, const real *h, size_t ld_h,            \
            const real *x, const real *mask, const real *W_ihT, const real *W_hhT, const ptrdiff_t *offsets, \
            size_t T, size_t D, size_t H, int reverse, int add_to_dx);                                       \
    } gruc_plain_##suffix
GRUC_PLAIN_PASSES(float, f32);
GRUC_PLAIN_PASSES(double, f64);

#endif
