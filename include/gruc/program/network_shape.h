/* What network.body.h takes, whatever the precision and instruction set. */
#ifndef GRUC_NETWORK_SHAPE_H
#define GRUC_NETWORK_SHAPE_H

#include "../base/portability.h"
#include "../layers/gru_batch.h"

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
    const void *plain; /* gruc_plain_passes, or NULL for the kernels of gru_train.body.h, which read `packed` */
    int want_dx;       /* `packed` was made for network_backward to fill dx */
} gruc_pass;

#endif
