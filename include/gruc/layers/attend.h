/* Attention over the rows of a second sequence: what attend.body.h and attend_train.body.h take. Elements are
 * of the precision that is called; ld_* are distances between rows. */
#ifndef GRUC_ATTEND_H
#define GRUC_ATTEND_H

#include "../program/program.h"

typedef struct {
    const gruc_clock *queries, *source; /* the same sequences, each clock with lengths of its own */
    size_t F;
    const void *q; /* (queries->N, F) */
    size_t ld_q;
    const void *h; /* (source->N, F) */
    size_t ld_h;
    void *a; /* (queries->N, source->T) OUT of forward: weights of the source's steps, 0 after its end */
    void *c; /* (queries->N, F) OUT of forward */
    size_t ld_c;
    const void *dc; /* (queries->N, F) gradient of c */
    size_t ld_dc;
    void *dq; /* (queries->N, F) OUT of backward */
    size_t ld_dq;
    void *dh; /* (source->N, F) OUT of backward, or NULL */
    size_t ld_dh;
    int add_to_dq, add_to_dh; /* whether these are added to */
    void *scratch;            /* (attend_scratch(T of queries, T of source, F),) */
} gruc_attend_batch;

#endif
