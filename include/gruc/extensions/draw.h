/* The next token from a model's logits: by their softmax, sharpened or cut to the likely ones. */
#ifndef GRUC_DRAW_H
#define GRUC_DRAW_H

#include "../base/portability.h"
#include <math.h>

typedef struct {
    double temperature; /* logits are divided by it; 0: the largest is taken */
    size_t top_k;       /* only so many of the likeliest tokens; 0: all */
    double top_p;       /* and of these as few of the likeliest as have this share of the probability */
    double
        repetition; /* logits of tokens seen: divided by it above 0, multiplied below (Keskar et al. 2019) */
} gruc_drawing;

enum { /* what `marks` says of a token */
       GRUC_SEEN = 1,
       GRUC_NEVER = 2 /* it must not be drawn */
};

/* Whether token a comes before token b: the likelier one, of two alike the first */
static inline int gruc_is_likelier(const double *weights, size_t a, size_t b)
{
    return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
}

/* Let the token at `place` of a heap of n sink to where it belongs */
static inline void gruc_sink(size_t *heap, size_t place, size_t n, const double *weights)
{
    size_t token = heap[place];
    for (size_t child; (child = 2 * place + 1) < n; place = child) {
        if (child + 1 < n && gruc_is_likelier(weights, heap[child + 1], heap[child])) child++;
        if (!gruc_is_likelier(weights, heap[child], token)) break;
        heap[place] = heap[child];
    }
    heap[place] = token;
}

/* The tokens that a drawing keeps, the likeliest first, from the end of `heap` towards its beginning; returns their
 * number, and in `kept` the sum of their weights. */
static inline size_t gruc_likeliest(
    size_t *heap, double *kept, const double *weights, double total, const gruc_drawing *drawing, size_t K)
{
    size_t most = drawing->top_k > 0 && drawing->top_k < K ? drawing->top_k : K, taken = 0, n = 0;
    double sum = 0, share = drawing->top_p * total;
    for (size_t k = 0; k < K; k++) heap[k] = k;
    for (size_t k = K / 2; k-- > 0;) gruc_sink(heap, k, K, weights);
    while (taken < most && (most < K || sum < share)) {
        size_t token = heap[0], end = K - ++taken;
        heap[0] = heap[end];
        heap[end] = token;
        gruc_sink(heap, 0, end, weights);
        sum += weights[token];
    }
    if (most < K) share = drawing->top_p * sum; /* the share is of the tokens that top_k leaves */
    for (*kept = 0; n < taken && (n == 0 || *kept < share); n++) *kept += weights[heap[K - 1 - n]];
    return n;
}

/* Draws a token, one at least of which is not marked GRUC_NEVER. */
static inline size_t gruc_draw(
    double *logits,             /* (K,) finite; used up */
    size_t *heap,               /* (K,) scratch */
    const unsigned char *marks, /* (K,) */
    double uniform,             /* from 0 to 1, 1 excluded */
    const gruc_drawing *drawing, size_t K)
{
    double largest = 0, total = 0, kept, sum = 0;
    size_t best = K, last = 0;
    for (size_t k = 0; k < K; k++) {
        if (marks[k] & GRUC_SEEN)
            logits[k] = logits[k] > 0 ? logits[k] / drawing->repetition : logits[k] * drawing->repetition;
        if (marks[k] & GRUC_NEVER) continue;
        if (best == K || logits[k] > largest) {
            largest = logits[k];
            best = k;
        }
    }
    if (drawing->temperature == 0) return best;
    for (size_t k = 0; k < K; k++) {
        logits[k] = marks[k] & GRUC_NEVER ? 0 : exp((logits[k] - largest) / drawing->temperature);
        total += logits[k];
    }
    if (drawing->top_k == 0 && drawing->top_p >= 1) {
        for (size_t k = 0; k < K; k++) {
            if (logits[k] == 0) continue;
            sum += logits[k];
            last = k;
            if (sum > uniform * total) break;
        }
        return last;
    }
    size_t n = gruc_likeliest(heap, &kept, logits, total, drawing, K);
    for (size_t i = 0; i < n; i++) {
        size_t k = heap[K - 1 - i];
        if (logits[k] == 0) break;
        sum += logits[k];
        last = k;
        if (sum > uniform * kept) break;
    }
    return last;
}

#endif
