/* Where buffers lie in one piece of memory, each of them for as long as it is needed. */
#ifndef GRUC_SPANS_H
#define GRUC_SPANS_H

#include "../base/portability.h"

/* A buffer of `size` elements, 0 for none, which operations `first` to `last` need */
typedef struct {
    size_t size, first, last;
    int from_top; /* whether it lies at the end of the memory rather than at its beginning */
    size_t begin; /* OUT */
} gruc_span;

GRUC_STATIC int gruc_spans_meet(const gruc_span *a, const gruc_span *b)
{
    return a->size > 0 && b->size > 0 && a->first <= b->last && b->first <= a->last;
}

/* Where span i may begin: shared with none of the spans before it while both are needed */
GRUC_STATIC size_t gruc_free_place(const gruc_span *spans, size_t i, int from_top, size_t top)
{
    size_t size = spans[i].size, begin = from_top ? top - size : 0;
    for (size_t j = 0; j < i;) {
        size_t other = spans[j].begin, end = other + spans[j].size;
        if (!gruc_spans_meet(spans + i, spans + j) || begin >= end || other >= begin + size) {
            j++;
            continue;
        }
        if (from_top && other < size)
            return gruc_free_place(spans, i, 0, top); /* no room from the top down */
        begin = from_top ? other - size : end;
        j = 0; /* compare with all of them again */
    }
    return begin;
}

/* Fills in `begin` of n spans and returns the size of the memory: of a chain of buffers each of which is made
 * of the one before, if they lie from_top in turns, that of the two neighbours that are largest together. */
GRUC_STATIC size_t gruc_place_spans(gruc_span *spans, size_t n)
{
    size_t top = 0, size = 0;
    for (size_t i = 0; i < n; i++) { /* what is needed at once */
        size_t sum = 0;
        for (size_t j = 0; j < n; j++)
            if (spans[j].first <= spans[i].first && spans[i].first <= spans[j].last) sum += spans[j].size;
        top = sum > top ? sum : top;
    }
    for (size_t i = 0; i < n; i++) {
        if (spans[i].size == 0) continue;
        spans[i].begin = gruc_free_place(spans, i, spans[i].from_top, top);
        size = spans[i].begin + spans[i].size > size ? spans[i].begin + spans[i].size : size;
    }
    return size;
}

#endif
