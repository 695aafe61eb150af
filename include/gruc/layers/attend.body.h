/* Attention of a sequence's rows over those of a second sequence, dot product (Luong, Pham and Manning 2015).
 * Body over `real` and `vec`; see real.h.
 *
 *   s_ij = q_i . h_j     a_i = softmax_j(s_i)     c_i = sum_j a_ij h_j
 *
 * for the rows q_i of a sequence, a decoder's steps say, and the rows h_j of all steps of its source. Each
 * sequence is two products over its own rows, which are gathered from where they lie packed; so nothing is
 * computed beyond a sequence's end, and no result depends on the other sequences. */

/* Rows of a sequence between their packed places and one after the other */
GRUC_STATIC void GRUC(gather_rows)(
    real *GRUC_RESTRICT to, size_t ld_to, const real *GRUC_RESTRICT from, size_t ld_from,
    const gruc_clock *clock, size_t b, size_t n)
{
    for (ptrdiff_t t = 0; t < clock->lengths[b]; t++)
        memcpy(to + (size_t)t * ld_to, from + ((size_t)clock->offsets[t] + b) * ld_from, n * sizeof(real));
}

GRUC_STATIC void GRUC(scatter_rows)(
    real *GRUC_RESTRICT to, size_t ld_to, const real *GRUC_RESTRICT from, size_t ld_from,
    const gruc_clock *clock, size_t b, size_t n, int add)
{
    for (ptrdiff_t t = 0; t < clock->lengths[b]; t++, from += ld_from) {
        real *row = to + ((size_t)clock->offsets[t] + b) * ld_to;
        for (size_t j = 0; j < n; j++) row[j] = (add ? row[j] : 0) + from[j];
    }
}

/* Parts of the scratch: of one sequence, Q queries at most over S rows of source at most */
typedef struct {
    real *q, *h, *a, *da, *c,
        *dh;        /* (Q, F), (S, F), (Q, S), (Q, S), (Q, F), (S, F); whole vectors may be read */
    real *panels_T; /* of h' (F, S) */
    real *panels;   /* of h (S, F) */
    size_t size;
} GRUC(attend_parts);

GRUC_STATIC GRUC(attend_parts) GRUC(attend_parts_of)(real *scratch, size_t Q, size_t S, size_t F)
{
    GRUC(attend_parts) p = {0};
    const size_t sizes[] = {Q * F, S * F, Q * S, Q * S, Q * F, S * F};
    real **parts[] = {&p.q, &p.h, &p.a, &p.da, &p.c, &p.dh};
    for (size_t i = 0; i < 6; i++) {
        if (scratch) *parts[i] = scratch + p.size;
        p.size += GRUC(lines)(sizes[i] + LANES);
    }
    if (scratch) p.panels_T = scratch + p.size;
    p.size += GRUC(lines)(GRUC(panel_size)(S, F));
    if (scratch) p.panels = scratch + p.size;
    p.size += GRUC(lines)(GRUC(panel_size)(F, S));
    return p;
}

/* Elements of scratch that both passes take */
GRUC_STATIC size_t GRUC(attend_scratch)(size_t Q, size_t S, size_t F)
{
    return GRUC(attend_parts_of)(NULL, Q, S, F).size;
}

/* The source's rows of the queries' b-th sequence, and panels of them; returns how many */
GRUC_STATIC size_t GRUC(attend_source)(const gruc_attend_batch *batch, const GRUC(attend_parts) * p, size_t b)
{
    size_t place = gruc_place(b, batch->queries, batch->source), F = batch->F;
    size_t S = (size_t)batch->source->lengths[place];
    GRUC(gather_rows)(p->h, F, batch->h, batch->ld_h, batch->source, place, F);
    GRUC(pack_transposed)(p->panels_T, p->h, F, F, S);
    GRUC(pack)(p->panels, p->h, F, S, 1, F);
    return S;
}

/* a (m, n) = softmax of each row */
GRUC_STATIC void GRUC(attend_softmax)(real *GRUC_RESTRICT a, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++, a += n) {
        real largest = a[0], sum = 0;
        for (size_t j = 1; j < n; j++) largest = a[j] > largest ? a[j] : largest;
        for (size_t j = 0; j < n; j++) a[j] -= largest;
        GRUC(map_exp)(a, a, n);
        for (size_t j = 0; j < n; j++) sum += a[j];
        for (size_t j = 0; j < n; j++) a[j] /= sum;
    }
}

GRUC_STATIC void GRUC(attend_forward)(const gruc_attend_batch *batch)
{
    const gruc_clock *queries = batch->queries;
    size_t F = batch->F, T = batch->source->T;
    GRUC(attend_parts) p = GRUC(attend_parts_of)(batch->scratch, queries->T, T, F);
    GRUC_FLUSH_SUBNORMALS(); /* weights of steps that do not count, and what they are multiplied with */
    memset(batch->a, 0, queries->N * T * sizeof(real));
    for (size_t b = 0; b < queries->B; b++) {
        size_t Q = (size_t)queries->lengths[b], S = GRUC(attend_source)(batch, &p, b);
        GRUC(gather_rows)(p.q, F, batch->q, batch->ld_q, queries, b, F);
        GRUC(affine)(p.a, S, p.q, F, p.panels_T, NULL, Q, F, S);
        GRUC(attend_softmax)(p.a, Q, S);
        GRUC(affine)(p.c, F, p.a, S, p.panels, NULL, Q, S, F);
        GRUC(scatter_rows)(batch->a, T, p.a, S, queries, b, S, 0);
        GRUC(scatter_rows)(batch->c, batch->ld_c, p.c, F, queries, b, F, 0);
    }
    GRUC_KEEP_SUBNORMALS();
}
