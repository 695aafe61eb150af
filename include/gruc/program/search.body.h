/* The search for the most probable answers: search.h. Body over `real`; see real.h. */

/* What may follow one row: the best candidates of it and of the rows of its sequence before it */
GRUC_STATIC size_t GRUC(search_row)(const gruc_search *s, size_t n, size_t most, size_t row)
{
    const real *logits = (const real *)s->logits + row * s->K;
    const unsigned char *allowed = s->allowed;
    double base = 0;
    if (most > 1) { /* of one the largest logit is the most probable */
        real *p = (real *)s->scratch;
        double sum = 0;
        memcpy(p, logits, s->K * sizeof(real));
        real largest = GRUC(exp_below_largest)(p, s->K);
        for (size_t k = 0; k < s->K; k++) sum += (double)p[k];
        base = s->scores[row] - (double)largest - log(sum);
    }
    for (size_t k = 0; k < s->K; k++) {
        gruc_candidate one = {base + (double)logits[k], (int32_t)k, row};
        if (!allowed || allowed[k]) n = gruc_search_insert(s->candidates, n, most, one);
    }
    return n;
}

/* One step of rows `first` to `last` of sequence b, after t tokens; its hypotheses go on from row `to` of the
 * next step on. Returns how many do. */
GRUC_STATIC size_t
GRUC(search_sequence)(const gruc_search *s, size_t b, size_t t, size_t first, size_t last, size_t to)
{
    size_t most = s->beam == 1 ? 1 : 2 * s->beam, n = 0, n_on = 0, width = s->B * s->beam;
    const gruc_answer *answer = s->answers + b;
    for (size_t row = first; row < last; row++) n = GRUC(search_row)(s, n, most, row);
    for (size_t i = 0; i < n && n_on < s->beam; i++) {
        const gruc_candidate *c = s->candidates + i;
        if (c->token == s->end) {
            if (i < s->beam) gruc_search_complete(s, b, c->score, t, c->row, 1);
            continue;
        }
        s->followed[t * width + to + n_on] = c->token;
        s->parents[t * width + to + n_on] = (int32_t)c->row;
        s->next_scores[to + n_on] = c->score;
        n_on++;
    }
    if (t + 1 == s->most[b]) /* no room for more */
        for (size_t i = 0; i < n_on; i++)
            gruc_search_complete(s, b, s->next_scores[to + i], t + 1, to + i, 0);
    if (t + 1 == s->most[b] || answer->n_complete >= s->beam) return 0;
    if (answer->n_complete > 0 && n_on > 0) { /* scores only fall, so that this is what could be reached */
        double reachable = gruc_search_normalized(s, s->next_scores[to], s->most[b] + 1);
        if (!(reachable > answer->score)) return 0;
    }
    return n_on;
}

/* States of the next step's rows, which went on from those of this one */
GRUC_STATIC void GRUC(search_states)(const gruc_search *s, size_t t, size_t n_rows)
{
    const int32_t *parents = s->parents + t * s->B * s->beam;
    for (size_t l = 0; l < s->n_layers; l++) {
        size_t H = s->step->program->values[s->states[l]].width;
        const real *from = (const real *)s->next[l];
        real *to = (real *)s->now[l];
        for (size_t row = 0; row < n_rows; row++)
            memcpy(to + row * H, from + (size_t)parents[row] * H, H * sizeof(real));
    }
}

/* Makes steps until no hypothesis goes on, or there is no room for another step. */
GRUC_STATIC void GRUC(search)(gruc_search *s)
{
    size_t width = s->B * s->beam;
    ptrdiff_t offsets[2] = {0, 0};
    gruc_clock rows = {1, 0, 0, s->ones, offsets, s->order, NULL};
    gruc_clock *clock = s->step->clocks + 1;
    *clock = rows;
    for (; s->n_rows > 0 && s->t < s->room; s->t++) {
        size_t to = 0;
        int32_t *followed = s->followed + s->t * width;
        clock->B = clock->N = s->n_rows;
        offsets[1] = (ptrdiff_t)s->n_rows;
        gruc_infer(s->step);
        for (size_t first = 0, last; first < s->n_rows; first = last) {
            size_t b = (size_t)s->order[first];
            for (last = first + 1; last < s->n_rows && (size_t)s->order[last] == b;) last++;
            size_t n_on = GRUC(search_sequence)(s, b, s->t, first, last, to);
            for (size_t i = 0; i < n_on; i++) s->next_order[to + i] = (ptrdiff_t)b;
            to += n_on;
        }
        s->n_rows = to;
        memcpy(s->order, s->next_order, to * sizeof(ptrdiff_t));
        memcpy(s->scores, s->next_scores, to * sizeof(double));
        memcpy(s->row_tokens, followed, to * sizeof(int32_t));
        GRUC(search_states)(s, s->t, to);
    }
}
