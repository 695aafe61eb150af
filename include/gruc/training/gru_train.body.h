/* A GRU layer in training: forward with its gates kept, and back through time. Body
 * over `real` and `vec`; see real.h. Packed rows and gates as in gru.body.h.
 *
 * d* are derivatives by pre-activations; dh is the whole gradient of a step's state.
 *
 * reset after                              reset before
 *   dn = dh * (1 - z) * (1 - n*n)            dn  = dh * (1 - z) * (1 - n*n)
 *   dz = dh * (h_prev - n) * z * (1 - z)     dz  = dh * (h_prev - n) * z * (1 - z)
 *   dr = dn * hn * r * (1 - r)               drh = dn @ W_hh_n
 *   dgates_ih = [dr dz dn]                   dr  = drh * h_prev * r * (1 - r)
 *   dgates_hh = [dr dz dn*r]                 dgates_ih = [dr dz dn]
 *   dh_prev = dh * z + dgates_hh @ W_hh      dh_prev = dh * z + drh * r + [dr dz] @ W_hh_rz
 *
 *   dW_ih = sum dgates_ih' x,  db_ih = sum dgates_ih,  dx = dgates_ih @ W_ih
 *   dW_hh = sum dgates_hh' h_prev            dW_hh_rz = sum [dr dz]' h_prev
 *   db_hh = sum dgates_hh                    dW_hh_n  = sum dn' rh
 *
 * Gradients of weights are added up chunk by chunk of steps, while what they are made
 * of is still in the second-level cache. A row of the chunk's scratch has five slots of
 * H, in an order in which dgates_ih are neighbours, and dgates_hh too:
 *
 *   [ dn dr dz dn*r h_prev ]  reset after      [ dn dr dz rh h_prev ]  reset before
 *
 * With recurrent dropout every W_hh h above is W_hh k, k = mask * h; so k takes the place of
 * h_prev in rh, dr, dW_hh and the scratch, and what comes back through W_hh is masked. */

/* Sequences start from the state 0. */
GRUC_STATIC void GRUC(gru_forward)(
    real *GRUC_RESTRICT gates,                  /* (N, 4H) OUT: for gru_backward */
    real *GRUC_RESTRICT h, size_t ld_h,         /* (N, H) OUT, rows ld_h apart */
    real *GRUC_RESTRICT state, size_t ld_state, /* (B, H) OUT: where each sequence ends */
    real *GRUC_RESTRICT scratch,                /* (B, H), for dropout */
    const real *GRUC_RESTRICT x, size_t ld_x,   /* (N, D) */
    const real *GRUC_RESTRICT mask,             /* (B, H) of states where they enter W_hh, or NULL */
    const real *GRUC_RESTRICT packed,           /* by gru_pack */
    const ptrdiff_t *GRUC_RESTRICT offsets,     /* (T + 1,) */
    size_t T, size_t D, size_t H, int reset_after, int reverse)
{
    GRUC(gru_weights) w = GRUC(gru_unpack)(packed, D, H, reset_after);
    for (size_t s = 0, from, to; s < T;) {
        size_t steps = GRUC(chunk)(&from, &to, s, offsets, T, reverse);
        size_t first = (size_t)offsets[from];
        GRUC(gru_rows) chunk = {gates + first * 4 * H, NULL, 0, NULL, 0, NULL, 0, &w, 1};
        GRUC(input_product)(&chunk, x + first * ld_x, ld_x, (size_t)offsets[to] - first);
        for (size_t end = s + steps; s < end; s++) {
            size_t t = reverse ? T - 1 - s : s, row = (size_t)offsets[t], alive = GRUC(alive)(t, offsets);
            size_t carried = GRUC(carried)(t, offsets, T, reverse);
            real *gates_t = gates + row * 4 * H, *h_t = h + row * ld_h;
            const real *h_before = carried ? h + (size_t)offsets[reverse ? t + 1 : t - 1] * ld_h : NULL;
            GRUC(gru_rows) going_on = {gates_t, h_t, ld_h, h_before, ld_h, h_before, ld_h, &w, 1};
            GRUC(gru_rows) starting = going_on;
            starting.gates += carried * 4 * H;
            starting.h += carried * ld_h;
            starting.h_prev = NULL;
            if (mask) {
                GRUC(multiply)(scratch, H, h_before, ld_h, mask, carried, H);
                going_on.entering = scratch;
                going_on.ld_entering = H;
            }
            GRUC(gru_step)(&going_on, carried);
            GRUC(gru_step)(&starting, alive - carried);
            size_t staying = reverse ? (t > 0 ? alive : 0) : t + 1 < T ? GRUC(alive)(t + 1, offsets) : 0;
            GRUC(copy_rows)(
                state + staying * ld_state, ld_state, h_t + staying * ld_h, ld_h, alive - staying, H);
        }
    }
}

/* ---- backward: weights, scratch ------------------------------------------------------
 *
 * [ panels of W_hh by units of h_prev: (r z n), or with reset before (r z), then (n)
 * | panels of W_ih by inputs: (n r z), where dx is wanted ] */

GRUC_STATIC size_t GRUC(gru_backward_packed_size)(size_t D, size_t H, int want_dx)
{
    return GRUC(panel_size)(H, 3 * H) + (want_dx ? GRUC(panel_size)(D, 3 * H) : 0);
}

GRUC_STATIC void GRUC(gru_backward_pack)(
    real *GRUC_RESTRICT packed, /* (gru_backward_packed_size(D, H, want_dx),) OUT */
    const real *GRUC_RESTRICT W_ihT, const real *GRUC_RESTRICT W_hhT, size_t D, size_t H, int reset_after,
    int want_dx)
{
    if (reset_after) {
        GRUC(pack_transposed)(packed, W_hhT, 3 * H, 3 * H, H);
    } else {
        GRUC(pack_transposed)(packed, W_hhT, 3 * H, 2 * H, H);
        GRUC(pack_transposed)(packed + GRUC(panel_size)(H, 2 * H), W_hhT + 2 * H, 3 * H, H, H);
    }
    packed += GRUC(panel_size)(H, 3 * H);
    for (size_t j = 0; want_dx && j < D; j += LANES) {
        size_t width = GRUC(lanes)(D - j);
        GRUC(pack_transposed)(packed, W_ihT + j * 3 * H + 2 * H, 3 * H, H, width);
        GRUC(pack_transposed)(packed + H * LANES, W_ihT + j * 3 * H, 3 * H, 2 * H, width);
        packed += 3 * H * LANES;
    }
}

GRUC_STATIC size_t GRUC(gru_backward_scratch)(size_t N, size_t B, size_t H)
{
    size_t rows = GRUC(chunk_rows)(B), through = GRUC(lines)(B * H);
    return through + (rows < N ? rows : N) * 5 * H + LANES; /* add_outer reads whole vectors */
}

/* ---- backward: one step ---------------------------------------------------------------- */

/* The gates of m rows. */
GRUC_STATIC void GRUC(gru_gates_backward)(
    real *GRUC_RESTRICT d,                         /* (m, 5H) OUT: scratch rows */
    real *GRUC_RESTRICT dstate, size_t ld_dstate,  /* (m, H) IN: gradient of h, OUT: dh * z */
    const real *GRUC_RESTRICT dh, size_t ld_dh,    /* (m, H) more of the gradient, or NULL */
    const real *GRUC_RESTRICT gates,               /* (m, 4H) */
    const real *GRUC_RESTRICT h_prev, size_t ld_h, /* (m, H), or NULL for rows that started from 0 */
    size_t m, size_t H, int reset_after)
{
    for (size_t i = 0; i < m; i++, d += 5 * H, gates += 4 * H)
        for (size_t j = 0; j < H; j += LANES) {
            size_t width = GRUC(lanes)(H - j);
            vec r = GRUC(load_part)(gates + j, width), z = GRUC(load_part)(gates + H + j, width);
            vec n = GRUC(load_part)(gates + 2 * H + j, width);
            vec saved = GRUC(load_part)(gates + 3 * H + j, width); /* hn or rh */
            vec before = GRUC(splat)(0), grad = GRUC(load_part)(dstate + i * ld_dstate + j, width);
            if (h_prev) before = GRUC(load_part)(h_prev + i * ld_h + j, width);
            if (dh) grad = grad + GRUC(load_part)(dh + i * ld_dh + j, width);
            vec dn = grad * ((real)1 - z) * ((real)1 - n * n);
            vec dz = grad * (before - n) * z * ((real)1 - z);
            /* reset before: dr is still to come, but for rows without h_prev, where it is 0 */
            vec dr = reset_after ? dn * saved * r * ((real)1 - r) : GRUC(splat)(0);
            GRUC(store_part)(d + j, dn, width);
            GRUC(store_part)(d + H + j, dr, width);
            GRUC(store_part)(d + 2 * H + j, dz, width);
            GRUC(store_part)(d + 3 * H + j, reset_after ? dn * r : saved, width);
            GRUC(store_part)(d + 4 * H + j, before, width);
            GRUC(store_part)(dstate + i * ld_dstate + j, grad * z, width);
        }
}

typedef struct {
    real *d;      /* (m, 5H) scratch rows: dr OUT */
    real *dstate; /* (m, H) IN/OUT */
    size_t ld_dstate;
    const real *gates; /* (m, 4H) */
    size_t H;
} GRUC(gru_reset);

/* reset before, from sums = drh: dr, and what goes through the reset gate to h_prev */
GRUC_INLINE void GRUC(finish_reset)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_reset) *s = what;
    size_t H = s->H;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++) {
            size_t unit = j + p * LANES, width = GRUC(lanes)(H - unit);
            real *d = s->d + i * 5 * H + unit, *dstate = s->dstate + i * s->ld_dstate + unit;
            vec drh = *sums++, r = GRUC(load_part)(s->gates + i * 4 * H + unit, width);
            vec before = GRUC(load_part)(d + 4 * H, width);
            GRUC(store_part)(d + H, drh * before * r * ((real)1 - r), width);
            GRUC(store_part)(dstate, GRUC(fma)(drh, r, GRUC(load_part)(dstate, width)), width);
        }
}

/* What the gates of m rows send back to the state before. */
GRUC_STATIC void GRUC(gru_state_backward)(
    real *d, real *dstate, size_t ld_dstate, const real *gates, const real *packed, size_t m, size_t H,
    int reset_after)
{
    GRUC(destination) to = {dstate, ld_dstate, H, NULL};
    if (m == 0) return;
    if (reset_after) {
        GRUC(product)(1, GRUC(finish_add), &to, d + H, 5 * H, packed, m, 3 * H, H);
    } else {
        GRUC(gru_reset) reset = {d, dstate, ld_dstate, gates, H};
        const real *W_hh_n = packed + GRUC(panel_size)(H, 2 * H);
        GRUC(product)(1, GRUC(finish_reset), &reset, d, 5 * H, W_hh_n, m, H, H);
        GRUC(product)(1, GRUC(finish_add), &to, d + H, 5 * H, packed, m, 2 * H, H);
    }
}

/* ---- backward: all steps ------------------------------------------------------------------ */

GRUC_STATIC void GRUC(gru_backward)(
    real *GRUC_RESTRICT dW_ihT,                   /* (D, 3H) OUT */
    real *GRUC_RESTRICT dW_hhT,                   /* (H, 3H) OUT */
    real *GRUC_RESTRICT db_ih,                    /* (3H,) OUT */
    real *GRUC_RESTRICT db_hh,                    /* (3H,) OUT, NULL with reset before */
    real *GRUC_RESTRICT dx, size_t ld_dx,         /* (N, D) OUT, or NULL */
    real *GRUC_RESTRICT dstate, size_t ld_dstate, /* (B, H) IN: gradient of where each ends; used up */
    const real *GRUC_RESTRICT dh, size_t ld_dh,   /* (N, H) gradient of h from above, or NULL */
    real *GRUC_RESTRICT scratch,                  /* (gru_backward_scratch(N, B, H),) */
    const real *GRUC_RESTRICT gates,              /* (N, 4H) from gru_forward */
    const real *GRUC_RESTRICT h, size_t ld_h,     /* (N, H) from gru_forward */
    const real *GRUC_RESTRICT x, size_t ld_x,     /* (N, D) */
    const real *GRUC_RESTRICT mask,               /* (B, H) as there, or NULL */
    const real *GRUC_RESTRICT packed,             /* by gru_backward_pack */
    const ptrdiff_t *GRUC_RESTRICT offsets,       /* (T + 1,) */
    size_t T, size_t D, size_t H, int reset_after, int reverse, int add_to_dx)
{
    const size_t width = 5 * H;
    real *through = scratch; /* (B, H) what comes back through W_hh, before it is masked */
    scratch += GRUC(lines)((size_t)offsets[1] * H);
    GRUC_FLUSH_SUBNORMALS();
    memset(dW_ihT, 0, D * 3 * H * sizeof(real));
    memset(dW_hhT, 0, H * 3 * H * sizeof(real));
    memset(db_ih, 0, 3 * H * sizeof(real));
    if (db_hh) memset(db_hh, 0, 3 * H * sizeof(real));
    for (size_t s = 0, from, to; s < T;) {
        size_t steps = GRUC(chunk)(&from, &to, s, offsets, T, !reverse);
        size_t first = (size_t)offsets[from], m = (size_t)offsets[to] - first;
        for (size_t end = s + steps; s < end; s++) {
            size_t t = reverse ? s : T - 1 - s, row = (size_t)offsets[t], alive = GRUC(alive)(t, offsets);
            size_t carried = GRUC(carried)(t, offsets, T, reverse);
            real *d = scratch + (row - first) * width;
            const real *gates_t = gates + row * 4 * H, *dh_t = dh ? dh + row * ld_dh : NULL;
            const real *h_before = carried ? h + (size_t)offsets[reverse ? t + 1 : t - 1] * ld_h : NULL;
            GRUC(gru_gates_backward)(
                d, dstate, ld_dstate, dh_t, ld_dh, gates_t, h_before, ld_h, carried, H, reset_after);
            GRUC(gru_gates_backward)(
                d + carried * width, dstate + carried * ld_dstate, ld_dstate,
                dh_t ? dh_t + carried * ld_dh : NULL, ld_dh, gates_t + carried * 4 * H, NULL, 0,
                alive - carried, H, reset_after);
            if (!mask) {
                GRUC(gru_state_backward)(d, dstate, ld_dstate, gates_t, packed, carried, H, reset_after);
                continue;
            }
            GRUC(multiply)(d + 4 * H, width, d + 4 * H, width, mask, carried, H); /* k in place of h_prev */
            memset(through, 0, carried * H * sizeof(real));
            GRUC(gru_state_backward)(d, through, H, gates_t, packed, carried, H, reset_after);
            GRUC(multiply)(through, H, through, H, mask, carried, H);
            for (size_t i = 0; i < carried; i++)
                for (size_t j = 0; j < H; j++) dstate[i * ld_dstate + j] += through[i * H + j];
        }
        const real *dn = scratch, *dr_dz = scratch + H, *fourth = scratch + 3 * H, *h_prev = scratch + 4 * H;
        const real *x_chunk = x + first * ld_x;
        GRUC(add_outer)(dW_ihT, 3 * H, x_chunk, ld_x, dr_dz, width, m, D, 2 * H);
        GRUC(add_outer)(dW_ihT + 2 * H, 3 * H, x_chunk, ld_x, dn, width, m, D, H);
        GRUC(add_column_sums)(db_ih, dr_dz, width, m, 2 * H);
        GRUC(add_column_sums)(db_ih + 2 * H, dn, width, m, H);
        if (reset_after) { /* [dr dz dn*r] are neighbours */
            GRUC(add_outer)(dW_hhT, 3 * H, h_prev, width, dr_dz, width, m, H, 3 * H);
            GRUC(add_column_sums)(db_hh + 2 * H, fourth, width, m, H);
        } else {
            GRUC(add_outer)(dW_hhT, 3 * H, h_prev, width, dr_dz, width, m, H, 2 * H);
            GRUC(add_outer)(dW_hhT + 2 * H, 3 * H, fourth, width, dn, width, m, H, H);
        }
        if (dx) { /* [dn dr dz] are neighbours */
            const real *W_ih = packed + GRUC(panel_size)(H, 3 * H);
            real *dx_chunk = dx + first * ld_dx;
            if (add_to_dx)
                GRUC(add_product)(dx_chunk, ld_dx, dn, width, W_ih, m, 3 * H, D);
            else
                GRUC(affine)(dx_chunk, ld_dx, dn, width, W_ih, NULL, m, 3 * H, D);
        }
    }
    if (db_hh) memcpy(db_hh, db_ih, 2 * H * sizeof(real));
    GRUC_KEEP_SUBNORMALS();
}
