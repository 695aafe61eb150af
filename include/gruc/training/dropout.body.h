/* Dropout: numbers that count as 0 for one batch, the others being scaled up so that the mean
 * stays (Srivastava et al. 2014). Body over `real`; see real.h.
 *
 * What enters a layer, and the head, loses numbers step by step. A state loses them where it
 * enters W_hh, and the same ones at every step of a sequence (Gal and Ghahramani 2016). */

/* The next 64 random bits (splitmix64: Steele, Lea and Flood 2014) */
GRUC_STATIC uint64_t GRUC(next_bits)(uint64_t *state)
{
    uint64_t bits = *state += 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return bits ^ (bits >> 31);
}

/* n multipliers, each 0 with probability `rate`, else 1 / (1 - rate); at rate 0 nothing is drawn */
GRUC_STATIC void GRUC(fill_mask)(real *GRUC_RESTRICT mask, size_t n, double rate, uint64_t *state)
{
    /* looked up, for no processor can foresee a branch */
    const real multipliers[2] = {(real)(1 / (1 - rate)), (real)0};
    uint32_t dropped_below = (uint32_t)(rate * 4294967296.0); /* 2^32 */
    for (size_t i = 0; i < n; i += 2) {
        uint64_t bits = rate > 0 ? GRUC(next_bits)(state) : 0;
        mask[i] = multipliers[(uint32_t)bits < dropped_below];
        if (i + 1 < n) mask[i + 1] = multipliers[(uint32_t)(bits >> 32) < dropped_below];
    }
}

/* Multipliers of a sequence's tokens, the same for equal tokens: each different token is dropped with
 * probability `rate`, wherever it stands. */
GRUC_STATIC void GRUC(fill_token_mask)(
    real *GRUC_RESTRICT mask,            /* (N,) OUT: the rows of sequence b */
    const int32_t *GRUC_RESTRICT tokens, /* (N,) */
    const ptrdiff_t *offsets, size_t b, size_t n_steps, double rate, uint64_t *state)
{
    const real multipliers[2] = {(real)(1 / (1 - rate)), (real)0};
    uint64_t dropped_below = (uint64_t)(rate * 4294967296.0), key = GRUC(next_bits)(state);
    for (size_t t = 0; t < n_steps; t++) {
        size_t row = (size_t)offsets[t] + b;
        uint64_t of_token = key ^ (uint64_t)(uint32_t)tokens[row];
        mask[row] = multipliers[GRUC(next_bits)(&of_token) >> 32 < dropped_below];
    }
}

/* out = a * mask, number by number; out may be a */
GRUC_STATIC void GRUC(multiply)(
    real *out, size_t ld_out, const real *a, size_t ld_a, const real *mask, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) out[i * ld_out + j] = a[i * ld_a + j] * mask[i * n + j];
}
