/* Sequences where the user's program keeps them, and the order in which a batch packs them. */
#ifndef GRUC_SOURCE_H
#define GRUC_SOURCE_H

#include "../base/framing.h"

enum { GRUC_FLOAT32, GRUC_FLOAT64, GRUC_INT32, GRUC_INT64 }; /* types of elements */

/* n sequences of D features, of one type: one array (n, T, D) of any strides, or a table of arrays.
 * Integers are tokens, D is 1. */
typedef struct {
    size_t n, D;
    size_t frame_length, hop_length; /* steps that make a row, and from one row's first to the next one's */
    int type;
    const ptrdiff_t *table;                     /* (n, 4): address, steps, bytes from step to step and from
                                                    feature to feature; or NULL for one array: */
    const char *start;                          /* its first number */
    size_t T;                                   /* steps of each sequence */
    ptrdiff_t of_sequence, of_step, of_feature; /* bytes from one to the next */
} gruc_source;

typedef struct {
    const char *start;
    size_t n_steps, n_frames; /* n_frames rows are made of it */
    ptrdiff_t of_step, of_feature;
} gruc_sequence;

static inline gruc_sequence gruc_sequence_at(const gruc_source *s, size_t i)
{
    gruc_sequence q = {s->start + (ptrdiff_t)i * s->of_sequence, s->T, 0, s->of_step, s->of_feature};
    if (s->table) {
        const ptrdiff_t *row = s->table + 4 * i;
        q = (gruc_sequence){(const char *)row[0], (size_t)row[1], 0, row[2], row[3]};
    }
    q.n_frames = gruc_n_frames(q.n_steps, s->frame_length, s->hop_length);
    return q;
}

/* Where the rows of B sequences go: longest first, equal lengths in the order given (a
 * counting sort), then step after step (gru.body.h). Lengths are counted in frames; T is the
 * largest. */
static inline void gruc_layout(
    ptrdiff_t *order,   /* (B,) OUT: places in `indices` */
    ptrdiff_t *lengths, /* (B,) OUT, in that order */
    ptrdiff_t *offsets, /* (T + 1,) OUT */
    const gruc_source *source, const ptrdiff_t *indices, size_t B, size_t T)
{
    /* offsets[l] counts sequences of length l, then those that are longer */
    for (size_t t = 0; t <= T; t++) offsets[t] = 0;
    for (size_t b = 0; b < B; b++) offsets[gruc_sequence_at(source, (size_t)indices[b]).n_frames]++;
    ptrdiff_t longer = 0;
    for (size_t t = T + 1; t-- > 0;) {
        ptrdiff_t of_this_length = offsets[t];
        offsets[t] = longer;
        longer += of_this_length;
    }
    for (size_t b = 0; b < B; b++) {
        size_t length = gruc_sequence_at(source, (size_t)indices[b]).n_frames;
        ptrdiff_t place = offsets[length]++;
        order[place] = (ptrdiff_t)b;
        lengths[place] = (ptrdiff_t)length;
    }
    size_t alive = B;
    ptrdiff_t rows = 0;
    for (size_t t = 0; t < T; t++) {
        while (alive > 0 && (size_t)lengths[alive - 1] <= t) alive--;
        offsets[t] = rows;
        rows += (ptrdiff_t)alive;
    }
    offsets[T] = rows;
}

#endif
