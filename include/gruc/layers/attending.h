/* A cell that attends to a second sequence before each of its steps: what attending.body.h and
 * attending_train.body.h take. Elements are of the precision that is called; ld_* are distances between rows. */
#ifndef GRUC_ATTENDING_H
#define GRUC_ATTENDING_H

#include "gru_batch.h"

typedef struct {
    gruc_gru_batch
        gru; /* of the cell, forwards, with state0; its D are the inputs beside what is attended to */
    size_t F;
    const gruc_clock *queries, *source; /* the same sequences, each clock with lengths of its own */
    const void *memory;                 /* (source->N, H + F) keys, then what is attended to */
    void *q;                            /* (queries->N, H) OUT of forward */
    void *a;                            /* (queries->N, source->T) OUT of forward: weights, 0 after the end */
    void *c;                            /* (queries->N, F) OUT of forward */
    size_t ld_c;
    const void *dc; /* (queries->N, F) gradient of c, or NULL for zeros */
    size_t ld_dc;
    void *dmemory; /* (source->N, H + F) OUT of backward */
    int add_to_dmemory;
} gruc_attending_batch;

#endif
