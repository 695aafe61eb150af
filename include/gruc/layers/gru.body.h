/* A layer of cells forward, in one direction. Body over `real` and `vec`; see real.h.
 *
 * T steps, B sequences, D inputs, H units, N = sum of lengths. Packed rows: the
 * rows of step 0 of every sequence, longest first, then those of step 1, ...;
 * step t has rows offsets[t] to offsets[t + 1], never more than step t - 1.
 *
 * The input product is made for some steps at once, so that it has many rows even
 * where few sequences are alive; the recurrent product and the gates are one loop,
 * a tile of sums after the other: gru_step.body.h and fio_step.body.h, where the equations stand. */

/* ---- weights of a layer and direction, packed once for all steps ------------------
 *
 * [ b_r b_z b_n | b_hh_n | panels of W_ih (r z n) | panels of W_hh ]
 *
 * the panels beginning a cache line; with panels of W_hh as (r z n), or with reset before as (r z), then (n). Of
 * GRUC_FIO
 *
 * [ b_f b_i b_o | b_c | panels of W_ih (f i o), then (c) | panels of W_hh (f i o), then (c) ] */

GRUC_STATIC size_t GRUC(layer_packed_size)(size_t D, size_t H, int kind)
{
    return GRUC(lines)(4 * H) + GRUC(panel_size)(H, gruc_shape_of(kind).blocks * (D + H));
}

GRUC_INLINE GRUC(gru_weights) GRUC(gru_unpack)(const real *packed, size_t D, size_t H, int kind)
{
    GRUC(gru_weights)
    w = {packed, packed + 3 * H, packed + GRUC(lines)(4 * H), NULL, NULL, D, H, kind, NULL};
    w.W_hh = w.W_ih + GRUC(panel_size)(H, gruc_shape_of(kind).blocks * D);
    w.W_hh_n = w.W_hh + GRUC(panel_size)(H, (kind == GRUC_FIO ? 3 : 2) * H);
    return w;
}

/* The same as streams read it */
GRUC_STATIC gruc_op_weights GRUC(gru_op_weights)(const real *packed, const gruc_op *op)
{
    GRUC(gru_weights) w = GRUC(gru_unpack)(packed, op->D, op->H, op->kind);
    gruc_op_weights weights = {w.bias, w.b_hh_n, w.W_ih, w.W_hh, w.W_hh_n, NULL};
    return weights;
}

GRUC_STATIC void GRUC(layer_pack)(
    real *GRUC_RESTRICT packed,      /* (layer_packed_size(D, H, kind),) OUT */
    const real *GRUC_RESTRICT W_ihT, /* (D, blocks H) */
    const real *GRUC_RESTRICT W_hhT, /* (H, blocks H) */
    const real *GRUC_RESTRICT b_ih,  /* (blocks H,) */
    const real *GRUC_RESTRICT b_hh,  /* (3H,) of GRUC_GRU, else NULL */
    size_t D, size_t H, int kind)
{
    const size_t columns = gruc_shape_of(kind).blocks * H;
    const size_t together = kind == GRUC_GRU_RESET_BEFORE ? 2 : 3; /* blocks of W_hh, the others behind */
    GRUC(gru_weights) w = GRUC(gru_unpack)(packed, D, H, kind);
    memset(packed + 3 * H, 0, H * sizeof(real));
    memcpy(packed, b_ih, columns * sizeof(real));
    if (b_hh) {
        for (size_t j = 0; j < 2 * H; j++) packed[j] += b_hh[j];
        memcpy(packed + 3 * H, b_hh + 2 * H, H * sizeof(real));
    }
    GRUC(pack)((real *)w.W_ih, W_ihT, columns, D, 3, H);
    if (kind == GRUC_FIO) GRUC(pack)((real *)GRUC(fio_candidate)(&w), W_ihT + 3 * H, columns, D, 1, H);
    GRUC(pack)((real *)w.W_hh, W_hhT, columns, H, together, H);
    if (kind != GRUC_GRU) GRUC(pack)((real *)w.W_hh_n, W_hhT + together * H, columns, H, 1, H);
}

/* ---- all steps ----------------------------------------------------------------------- */

/* The input product is made for steps of about so many rows at once: enough for whole
 * tiles, few enough to stay in the second-level cache until the gates want them. */
enum { GRUC(CHUNK) = 128 };

/* Rows of the longest chunk of steps, of B sequences, and numbers of layer_infer's scratch */
GRUC_STATIC size_t GRUC(chunk_rows)(size_t B) { return B < GRUC(CHUNK) ? (size_t)GRUC(CHUNK) : B; }
GRUC_STATIC size_t GRUC(layer_infer_scratch)(size_t N, size_t B, size_t H, int kind)
{
    size_t rows = GRUC(chunk_rows)(B);
    return (rows < N ? rows : N) * gruc_shape_of(kind).slots * H + B * gruc_shape_of(kind).states * H;
}

/* Steps *from to *to that make a chunk, in loop order from the s-th step on; returns how many */
GRUC_STATIC size_t
GRUC(chunk)(size_t *from, size_t *to, size_t s, const ptrdiff_t *offsets, size_t T, int backwards)
{
    size_t room = GRUC(chunk_rows)((size_t)offsets[1]);
    *from = backwards ? T - 1 - s : s;
    *to = *from + 1;
    while (backwards ? *from > 0 : *to < T) {
        size_t lower = backwards ? *from - 1 : *from, upper = backwards ? *to : *to + 1;
        if ((size_t)(offsets[upper] - offsets[lower]) > room) break;
        *from = lower;
        *to = upper;
    }
    return *to - *from;
}

/* Sequences alive at step t, and those of them that come from the step before in loop order */
GRUC_STATIC size_t GRUC(alive)(size_t t, const ptrdiff_t *offsets)
{
    return (size_t)(offsets[t + 1] - offsets[t]);
}

GRUC_STATIC size_t GRUC(carried)(size_t t, const ptrdiff_t *offsets, size_t T, int reverse)
{
    if (reverse) return t + 1 < T ? GRUC(alive)(t + 1, offsets) : 0;
    return t > 0 ? GRUC(alive)(t, offsets) : 0;
}

GRUC_INLINE void GRUC(copy_rows)(real *to, size_t ld_to, const real *from, size_t ld_from, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++) memcpy(to + i * ld_to, from + i * ld_from, n * sizeof(real));
}

/* States (B, H): h in rows ld apart, and of GRUC_FIO c so many elements behind */
typedef struct {
    real *h;
    size_t ld, c;
} GRUC(states);

/* m rows from row `first` on */
GRUC_INLINE void GRUC(copy_states)(
    const GRUC(states) * to, const GRUC(states) * from, size_t first, size_t m, size_t H, int kind)
{
    real *h = to->h + first * to->ld;
    const real *h_from = from->h + first * from->ld;
    GRUC(copy_rows)(h, to->ld, h_from, from->ld, m, H);
    if (kind == GRUC_FIO) GRUC(copy_rows)(h + to->c, to->ld, h_from + from->c, from->ld, m, H);
}

/* For inference. A sequence starts from its row of `state` and leaves there its state after
 * its last step; in reverse it starts at its own last step and ends at step 0. `from_zeros` says
 * that all of `state` is 0: the first step then needs no product. */
GRUC_STATIC void GRUC(layer_infer)(
    real *GRUC_RESTRICT h, size_t ld_h,       /* (N, H) OUT, rows ld_h apart, or NULL */
    real *GRUC_RESTRICT kept_gates,           /* (N, slots H) OUT, or NULL: for inspection */
    const GRUC(states) * state,               /* (B, H) IN/OUT */
    real *GRUC_RESTRICT scratch,              /* (layer_infer_scratch(N, B, H, kind),) */
    const real *GRUC_RESTRICT x, size_t ld_x, /* (N, D); not read where there are tokens */
    const int32_t *GRUC_RESTRICT tokens,      /* (N,), or NULL */
    const real *GRUC_RESTRICT of_tokens, /* (n_tokens, slots H): gates after the input product; or NULL */
    const GRUC(gru_weights) * w, const ptrdiff_t *GRUC_RESTRICT offsets, /* (T + 1,) */
    size_t T, int reverse, int from_zeros)
{
    const size_t B = (size_t)offsets[1], H = w->H;
    const int kind = w->kind;
    const gruc_cell_shape shape = gruc_shape_of(kind);
    const size_t width = shape.slots * H;
    GRUC_FLUSH_SUBNORMALS();
    /* a step reads the whole state before and writes the next: into two slabs in turns */
    real *gates = scratch + B * shape.states * H;
    const GRUC(states) other = {scratch, shape.states * H, H}, *now = state;
    for (size_t s = 0, from, to; s < T;) {
        size_t steps = GRUC(chunk)(&from, &to, s, offsets, T, reverse);
        size_t first = (size_t)offsets[from];
        if (kept_gates) gates = kept_gates + first * width;
        GRUC(gru_rows) chunk = GRUC(rows_of_gates)(gates, w, 0);
        size_t n_rows = (size_t)offsets[to] - first;
        if (tokens)
            for (size_t i = 0; i < n_rows; i++)
                memcpy(
                    gates + i * width, of_tokens + (size_t)tokens[first + i] * width,
                    shape.blocks * H * sizeof(real));
        else
            GRUC(cell_input)(&chunk, kind, x + first * ld_x, ld_x, n_rows);
        for (size_t end = s + steps; s < end; s++) {
            size_t t = reverse ? T - 1 - s : s, row = (size_t)offsets[t], alive = GRUC(alive)(t, offsets);
            const GRUC(states) *next = now == state ? &other : state;
            GRUC(gru_rows)
            step = GRUC(rows_of_gates)(gates + (row - first) * width, w, kept_gates != NULL);
            step.h = next->h;
            step.c = next->h + next->c;
            if (!from_zeros || s > 0) {
                step.h_prev = step.entering = now->h;
                step.c_prev = now->h + now->c;
            }
            step.ld_h = step.ld_c = next->ld;
            step.ld_h_prev = step.ld_entering = step.ld_c_prev = now->ld;
            GRUC(cell_step)(&step, kind, alive);
            if (h) GRUC(copy_rows)(h + row * ld_h, ld_h, next->h, next->ld, alive, H);
            /* those who end here leave their state; those who begin at the next step find theirs */
            size_t going = !reverse ? (t + 1 < T ? GRUC(alive)(t + 1, offsets) : 0) : t > 0 ? alive : 0;
            size_t joining = reverse && t > 0 ? GRUC(alive)(t - 1, offsets) : 0;
            if (next != state && going < alive) GRUC(copy_states)(state, next, going, alive - going, H, kind);
            if (next != state && joining > alive)
                GRUC(copy_states)(next, state, alive, joining - alive, H, kind);
            now = next;
        }
    }
    GRUC_KEEP_SUBNORMALS();
}

/* ---- of GRUs, for programs */

GRUC_STATIC size_t GRUC(gru_packed_size)(size_t D, size_t H)
{
    return GRUC(layer_packed_size)(D, H, GRUC_GRU);
}

GRUC_STATIC void GRUC(gru_pack)(
    real *GRUC_RESTRICT packed,      /* (gru_packed_size(D, H),) OUT */
    const real *GRUC_RESTRICT W_ihT, /* (D, 3H) */
    const real *GRUC_RESTRICT W_hhT, /* (H, 3H) */
    const real *GRUC_RESTRICT b_ih,  /* (3H,) */
    const real *GRUC_RESTRICT b_hh,  /* (3H,), or NULL: reset before */
    size_t D, size_t H)
{
    GRUC(layer_pack)(packed, W_ihT, W_hhT, b_ih, b_hh, D, H, b_hh ? GRUC_GRU : GRUC_GRU_RESET_BEFORE);
}

GRUC_STATIC size_t GRUC(gru_infer_scratch)(size_t N, size_t B, size_t H)
{
    return GRUC(layer_infer_scratch)(N, B, H, GRUC_GRU);
}

/* layer_infer with states (B, H), rows ld_state apart */
GRUC_STATIC void GRUC(gru_infer)(
    real *GRUC_RESTRICT h, size_t ld_h, real *GRUC_RESTRICT kept_gates, real *GRUC_RESTRICT state,
    size_t ld_state, real *GRUC_RESTRICT scratch, const real *GRUC_RESTRICT x, size_t ld_x,
    const int32_t *GRUC_RESTRICT tokens, const real *GRUC_RESTRICT of_tokens, const GRUC(gru_weights) * w,
    const ptrdiff_t *GRUC_RESTRICT offsets, size_t T, int reverse, int from_zeros)
{
    GRUC(states) states = {state, ld_state, 0};
    GRUC(layer_infer)(
        h, ld_h, kept_gates, &states, scratch, x, ld_x, tokens, of_tokens, w, offsets, T, reverse,
        from_zeros);
}
