/* Integer tokens where the user's program keeps them, packed and checked. */
#ifndef GRUC_TOKENS_H
#define GRUC_TOKENS_H

#include "source.h"

/* A token that no row of the table belongs to */
typedef struct {
    ptrdiff_t sequence, step; /* place in the source; sequence is -1 where all tokens are right */
    int64_t token;
} gruc_wrong_token;

/* Tokens of B sequences in the order of gruc_layout; source->type is GRUC_INT32 or GRUC_INT64, D is 1.
 * Returns the first wrong token, by sequence and then by step, of those outside 0 <= token < n_tokens. */
static inline gruc_wrong_token gruc_gather_tokens(
    int32_t *tokens, /* (N,) OUT; 0 for a wrong one */
    const gruc_source *source, const ptrdiff_t *indices, const ptrdiff_t *order, /* (B,) */
    const ptrdiff_t *offsets,                                                    /* (T + 1,) */
    size_t B, int64_t n_tokens)
{
    gruc_wrong_token wrong = {-1, -1, 0};
    for (size_t b = 0; b < B; b++) {
        ptrdiff_t i = indices[order[b]];
        gruc_sequence q = gruc_sequence_at(source, (size_t)i);
        for (size_t t = 0; t < q.n_steps; t++) {
            const char *x = q.start + (ptrdiff_t)t * q.of_step;
            int64_t token = source->type == GRUC_INT64 ? *(const int64_t *)x : *(const int32_t *)x;
            int right = token >= 0 && token < n_tokens;
            tokens[(size_t)offsets[t] + b] = right ? (int32_t)token : 0;
            if (!right && (wrong.sequence < 0 || i < wrong.sequence))
                wrong = (gruc_wrong_token){i, (ptrdiff_t)t, token};
        }
    }
    return wrong;
}

#endif
