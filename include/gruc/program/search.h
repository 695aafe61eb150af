/* The search for the most probable answers of a decoder: greedy, or with a beam. What search.body.h takes,
 * whatever the precision and instruction set.
 *
 * A program makes one step of the decoder for any number of rows under clock 1, each a hypothesis: it reads the
 * hypothesis' last token, states of the layers, and rows of a source under clock 0, and gives a logit for each
 * token that may follow. The hypotheses of a sequence stand one after the other, the most probable first. */
#ifndef GRUC_SEARCH_H
#define GRUC_SEARCH_H

#include "infer.h"

/* A hypothesis followed by one more token */
typedef struct {
    double score; /* sum of the logarithms of its tokens' probabilities */
    int32_t token;
    size_t row; /* of the hypothesis */
} gruc_candidate;

/* The best hypothesis of a sequence that is complete */
typedef struct {
    size_t n_complete; /* hypotheses so far */
    size_t length;     /* tokens of the best, without the end */
    int32_t last;      /* the last of these */
    size_t row;        /* of the best in the step before that token */
    double score;      /* of the best, divided by the power of its length */
} gruc_answer;

typedef struct {
    gruc_infer_batch *step; /* memory and spans are those of B * beam rows; clock 0 and its values are set */
    size_t n_layers;
    const int *states, *lasts; /* (n_layers,) values of states before a step, and after it */
    int tokens;                /* the value of tokens */
    size_t B, beam, K;
    int32_t start, end;           /* what every answer begins after, and what ends it */
    const unsigned char *allowed; /* (K,) which tokens may follow; NULL for all */
    const size_t *most;           /* (B,) tokens of an answer, the end excluded, at most; above 0 */
    double length_penalty; /* the power of the length by which scores of complete answers are divided */
    gruc_answer *answers;  /* (B,) OUT */
    size_t t;              /* steps that were made; set by gruc_search_begin, as n_rows */
    size_t n_rows;         /* hypotheses that go on; 0: all answers are found */
    size_t room;           /* steps that there is memory for in the next two */
    int32_t *followed;     /* (room, B * beam) the token that each hypothesis ends in */
    int32_t *parents;      /* (room, B * beam) its row in the step before */
    void **now, **next;    /* (n_layers,) states (B * beam, width); before: in `now` those of B rows */
    void *logits;          /* (B * beam, K) */
    void *scratch;         /* (K,) */
    int32_t *row_tokens;   /* (B * beam,) */
    ptrdiff_t *order, *next_order; /* (B * beam,) the sequence of each row */
    ptrdiff_t *ones;               /* (B * beam,) */
    double *scores, *next_scores;  /* (B * beam,) */
    gruc_candidate *candidates;    /* (2 beam,) */
} gruc_search;

/* Puts a candidate among the n best of `most`, behind those that are as good; returns how many there are */
GRUC_STATIC size_t gruc_search_insert(gruc_candidate *best, size_t n, size_t most, gruc_candidate one)
{
    size_t i = n < most ? n : most - 1;
    if (n == most && !(one.score > best[n - 1].score)) return n;
    for (; i > 0 && one.score > best[i - 1].score; i--) best[i] = best[i - 1];
    best[i] = one;
    return n < most ? n + 1 : n;
}

/* The score of a complete answer of so many tokens, the end included */
GRUC_STATIC double gruc_search_normalized(const gruc_search *s, double score, size_t n)
{
    return score / pow((double)n, s->length_penalty);
}

/* A hypothesis of sequence b is complete: `length` tokens, the last of them in `row` of its step, and the end
 * or no room for more */
GRUC_STATIC void gruc_search_complete(
    const gruc_search *s, size_t b, double score, size_t length, size_t row, int with_end)
{
    double normalized = gruc_search_normalized(s, score, length + (size_t)with_end);
    gruc_answer *answer = s->answers + b;
    if (answer->n_complete++ > 0 && !(normalized > answer->score)) return;
    answer->score = normalized;
    answer->length = length;
    if (length == 0) return;
    /* read now, for where there is no room for more the next sequence's hypotheses take this row of the step */
    answer->last = s->followed[(length - 1) * s->B * s->beam + row];
    answer->row = (size_t)s->parents[(length - 1) * s->B * s->beam + row];
}

/* Tokens of the best answer to sequence b, of whose length it is */
GRUC_STATIC void gruc_search_tokens(const gruc_search *s, size_t b, int32_t *to /* (length,) OUT */)
{
    const gruc_answer *answer = s->answers + b;
    size_t row = answer->row, width = s->B * s->beam;
    if (answer->length == 0) return;
    to[answer->length - 1] = answer->last;
    for (size_t t = answer->length - 1; t-- > 0;) {
        to[t] = s->followed[t * width + row];
        row = (size_t)s->parents[t * width + row];
    }
}

/* Before the first step: of each sequence there is one hypothesis, which has no tokens */
GRUC_STATIC void gruc_search_begin(gruc_search *s)
{
    gruc_infer_batch *step = s->step;
    step->values[s->tokens] = s->row_tokens;
    step->values[step->program->output] = s->logits;
    for (size_t l = 0; l < s->n_layers; l++) {
        step->values[s->states[l]] = s->now[l];
        step->values[s->lasts[l]] = s->next[l];
    }
    for (size_t row = 0; row < s->B * s->beam; row++) s->ones[row] = 1;
    for (size_t b = 0; b < s->B; b++) {
        gruc_answer none = {0, 0, 0, 0, 0};
        s->answers[b] = none;
        s->order[b] = (ptrdiff_t)b;
        s->row_tokens[b] = s->start;
        s->scores[b] = 0;
    }
    s->t = 0;
    s->n_rows = s->B;
}

#endif
