/* An embedding back: the gradients of the rows of the table that a batch has seen. Body over `real`; see real.h.
 *
 * The cost is that of the tokens seen, whatever the size of the table: places are sorted by token, and the
 * gradients of equal tokens are added up, from the first place to the last. The gradients of several shards
 * of a batch are merged in the same way, from the first shard to the last. The order of additions thus
 * depends on the batch and on how its sequences are dealt into shards, never on threads. */

typedef struct {
    uint32_t token;
    const real *row; /* (D,) */
} GRUC(token_row);

/* Elements of scratch for N places */
GRUC_STATIC size_t GRUC(embed_scratch)(size_t N)
{
    return (2 * N * sizeof(GRUC(token_row)) + sizeof(real) - 1) / sizeof(real);
}

/* Stable, by token: a radix sort, a byte a pass. `other` (n,) is scratch; returns the sorted one of the two. */
GRUC_STATIC GRUC(token_row) *
    GRUC(sort_token_rows)(GRUC(token_row) * pairs, GRUC(token_row) * other, size_t n)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) bits |= pairs[i].token;
    for (unsigned shift = 0; shift < 32 && bits >> shift; shift += 8) {
        size_t places[256] = {0}, next = 0;
        for (size_t i = 0; i < n; i++) places[pairs[i].token >> shift & 255]++;
        for (size_t byte = 0; byte < 256; byte++) {
            size_t count = places[byte];
            places[byte] = next;
            next += count;
        }
        for (size_t i = 0; i < n; i++) other[places[pairs[i].token >> shift & 255]++] = pairs[i];
        GRUC(token_row) *sorted = other;
        other = pairs;
        pairs = sorted;
    }
    return pairs;
}

/* Sums of the rows of equal tokens; `out` has room for n, `other` (n,) is scratch */
GRUC_STATIC void GRUC(sum_token_rows)(
    gruc_token_rows *out, GRUC(token_row) * pairs, GRUC(token_row) * other, size_t n, size_t D)
{
    const GRUC(token_row) *sorted = GRUC(sort_token_rows)(pairs, other, n);
    real *GRUC_RESTRICT sum = out->rows;
    size_t seen = 0;
    for (size_t i = 0; i < n; sum += D) {
        uint32_t token = sorted[i].token;
        out->tokens[seen++] = (int32_t)token;
        memcpy(sum, sorted[i].row, D * sizeof(real));
        for (i++; i < n && sorted[i].token == token; i++) {
            const real *GRUC_RESTRICT row = sorted[i].row;
            for (size_t d = 0; d < D; d++) sum[d] += row[d];
        }
    }
    out->n = seen;
}

/* The rows of `seen` as pairs from `n` on; returns how many there are then */
GRUC_STATIC size_t GRUC(pair_rows)(GRUC(token_row) * pairs, size_t n, const gruc_token_rows *seen, size_t D)
{
    for (size_t i = 0; i < seen->n; i++, n++) {
        pairs[n].token = (uint32_t)seen->tokens[i];
        pairs[n].row = (const real *)seen->rows + i * D;
    }
    return n;
}

/* Back through embed_forward. A place whose mask is 0 does not count as seen. */
GRUC_STATIC void GRUC(embed_backward)(
    gruc_token_rows *out,                 /* OUT: arrays with room for N and `others` */
    const gruc_token_rows *others,        /* gradients of rows of the table by another operation, or NULL */
    real *GRUC_RESTRICT scratch,          /* (embed_scratch(N and others),) */
    const int32_t *GRUC_RESTRICT tokens,  /* (N,) */
    const real *GRUC_RESTRICT mask,       /* (N,) as there, or NULL */
    real *GRUC_RESTRICT dx, size_t ld_dx, /* (N, D) IN: gradient of y; multiplied by the mask in place */
    size_t N, size_t D)
{
    GRUC(token_row) *pairs = (GRUC(token_row) *)(void *)scratch;
    size_t n = others ? GRUC(pair_rows)(pairs, 0, others, D) : 0, room = n + N;
    for (size_t i = 0; i < N; i++) {
        if (mask && mask[i] == 0) continue;
        for (size_t d = 0; mask && d < D; d++) dx[i * ld_dx + d] *= mask[i];
        pairs[n].token = (uint32_t)tokens[i];
        pairs[n++].row = dx + i * ld_dx;
    }
    GRUC(sum_token_rows)(out, pairs, pairs + room, n, D);
}

/* The gradient of a batch from those of its shards */
GRUC_STATIC void GRUC(embed_merge)(
    gruc_token_rows *out,         /* OUT: arrays with room for all the parts' tokens and rows */
    real *GRUC_RESTRICT scratch,  /* (embed_scratch(tokens of all parts),) */
    const gruc_token_rows *parts, /* (n_parts,) */
    size_t n_parts, size_t D)
{
    GRUC(token_row) *pairs = (GRUC(token_row) *)(void *)scratch;
    size_t n = 0;
    for (size_t part = 0; part < n_parts; part++) n = GRUC(pair_rows)(pairs, n, parts + part, D);
    GRUC(sum_token_rows)(out, pairs, pairs + n, n, D);
}
