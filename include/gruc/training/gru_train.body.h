/* A layer of cells in training: forward with its gates kept, and back through time. Body
 * over `real` and `vec`; see real.h. Packed rows and gates as in gru.body.h. The cell with
 * forget, input and output gates has its part in fio_train.body.h.
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

/* Of those carried over from step t - 1, in reverse t + 1 */
GRUC_INLINE GRUC(start) GRUC(start_before)(const gruc_gru_batch *b, size_t t)
{
    size_t row = (size_t)b->offsets[b->reverse ? t + 1 : t - 1], width = gruc_shape_of(b->kind).slots * b->H;
    GRUC(start) start = {NULL, NULL, b->ld_h, width};
    start.h = (const real *)b->h + row * b->ld_h;
    if (b->kind == GRUC_FIO) start.c = (const real *)b->gates + row * width + 4 * b->H;
    return start;
}

/* Of those whose sequence begins here, from `first` on */
GRUC_INLINE GRUC(start) GRUC(start_initial)(const gruc_gru_batch *b, size_t first)
{
    GRUC(start) start = {NULL, NULL, b->ld_state0, b->ld_state0};
    if (!b->state0) return start;
    start.h = (const real *)b->state0 + first * b->ld_state0;
    start.c = start.h + b->c_of_state;
    return start;
}

/* Rows of a step, from `first` on. `masked` (B, H) is scratch. */
GRUC_INLINE void GRUC(gru_forward_rows)(
    const gruc_gru_batch *b, const GRUC(gru_weights) * w, real *masked, size_t row, size_t first,
    GRUC(start) before, size_t m)
{
    const size_t H = b->H;
    GRUC(gru_rows) rows;
    if (m == 0) return;
    rows = GRUC(rows_of_gates)((real *)b->gates + (row + first) * gruc_shape_of(b->kind).slots * H, w, 1);
    rows.h = (real *)b->h + (row + first) * b->ld_h;
    rows.ld_h = b->ld_h;
    rows.h_prev = rows.entering = before.h;
    rows.ld_h_prev = rows.ld_entering = before.ld_h;
    rows.c_prev = before.c;
    rows.ld_c_prev = before.ld_c;
    if (b->mask && before.h) {
        GRUC(multiply)(masked, H, before.h, before.ld_h, (const real *)b->mask + first * H, m, H);
        rows.entering = masked;
        rows.ld_entering = H;
    }
    GRUC(cell_step)(&rows, b->kind, m);
}

GRUC_STATIC void GRUC(gru_forward)(
    const gruc_gru_batch *b, const real *GRUC_RESTRICT packed) /* by layer_pack */
{
    const size_t T = b->T, D = b->D, H = b->H;
    const int reverse = b->reverse;
    const ptrdiff_t *offsets = b->offsets;
    const real *x = b->x;
    const size_t width = gruc_shape_of(b->kind).slots * H;
    real *gates = b->gates, *h = b->h, *state = b->state;
    GRUC(gru_weights) w = GRUC(gru_unpack)(packed, D, H, b->kind);
    w.work = b->work;
    if (b->tokens) GRUC(gru_token_products)(b, &w);
    for (size_t s = 0, from, to; s < T;) {
        size_t steps = GRUC(chunk)(&from, &to, s, offsets, T, reverse);
        size_t first = (size_t)offsets[from];
        GRUC(gru_rows) chunk = GRUC(rows_of_gates)(gates + first * width, &w, 1);
        if (b->tokens)
            GRUC(gru_take_products)(b, first, (size_t)offsets[to] - first);
        else
            GRUC(cell_input)(&chunk, b->kind, x + first * b->ld_x, b->ld_x, (size_t)offsets[to] - first);
        for (size_t end = s + steps; s < end; s++) {
            size_t t = reverse ? T - 1 - s : s, row = (size_t)offsets[t], alive = GRUC(alive)(t, offsets);
            size_t carried = GRUC(carried)(t, offsets, T, reverse);
            if (carried > 0)
                GRUC(gru_forward_rows)(b, &w, b->scratch, row, 0, GRUC(start_before)(b, t), carried);
            GRUC(gru_forward_rows)(
                b, &w, b->scratch, row, carried, GRUC(start_initial)(b, carried), alive - carried);
            size_t staying = reverse ? (t > 0 ? alive : 0) : t + 1 < T ? GRUC(alive)(t + 1, offsets) : 0;
            GRUC(copy_rows)(
                state + staying * b->ld_state, b->ld_state, h + (row + staying) * b->ld_h, b->ld_h,
                alive - staying, H);
            if (b->kind == GRUC_FIO)
                GRUC(copy_rows)(
                    state + staying * b->ld_state + b->c_of_state, b->ld_state,
                    gates + (row + staying) * width + 4 * H, width, alive - staying, H);
        }
    }
}

/* ---- backward: weights, scratch ------------------------------------------------------
 *
 * [ panels of W_hh by units of h_prev: (r z n), or with reset before (r z), then (n)
 * | panels of W_ih by inputs: (n r z), where dx is wanted ]
 *
 * of GRUC_FIO both as (f i o c) */

GRUC_STATIC size_t GRUC(gru_states_backward_size)(size_t H, int kind)
{
    if (kind == GRUC_FIO) return GRUC(panel_size)(H, 4 * H);
    return GRUC(panel_size)(H, 2 * H) + GRUC(panel_size)(H, H);
}

GRUC_STATIC size_t GRUC(gru_backward_packed_size)(size_t D, size_t H, int kind, int want_dx)
{
    size_t columns = gruc_shape_of(kind).blocks * H;
    return GRUC(gru_states_backward_size)(H, kind) + (want_dx ? GRUC(panel_size)(D, columns) : 0);
}

/* Panels of W_ih by inputs: (n r z) */
GRUC_STATIC void GRUC(gru_inputs_backward_pack)(
    real *GRUC_RESTRICT packed, const real *GRUC_RESTRICT W_ihT, size_t D, size_t H)
{
    GRUC(pack_rotated)(packed, W_ihT, 3 * H, 3 * H, D, 2 * H);
}

GRUC_STATIC void GRUC(gru_backward_pack)(
    real *GRUC_RESTRICT packed, /* (gru_backward_packed_size(D, H, kind, want_dx),) OUT */
    const real *GRUC_RESTRICT W_ihT, const real *GRUC_RESTRICT W_hhT, size_t D, size_t H, int kind,
    int want_dx)
{
    const size_t columns = gruc_shape_of(kind).blocks * H;
    real *by_inputs = packed + GRUC(gru_states_backward_size)(H, kind);
    if (kind != GRUC_GRU_RESET_BEFORE) {
        GRUC(pack_transposed)(packed, W_hhT, columns, columns, H);
    } else {
        GRUC(pack_transposed)(packed, W_hhT, 3 * H, 2 * H, H);
        GRUC(pack_transposed)(packed + GRUC(panel_size)(H, 2 * H), W_hhT + 2 * H, 3 * H, H, H);
    }
    if (want_dx && kind == GRUC_FIO)
        GRUC(pack_transposed)(by_inputs, W_ihT, columns, columns, D);
    else if (want_dx)
        GRUC(gru_inputs_backward_pack)(by_inputs, W_ihT, D, H);
}

GRUC_STATIC size_t GRUC(gru_backward_scratch)(size_t N, size_t B, size_t H, int kind)
{
    size_t rows = GRUC(chunk_rows)(B), through = GRUC(lines)(B * H);
    /* add_outer reads whole vectors */
    return through + (rows < N ? rows : N) * gruc_shape_of(kind).back_slots * H + LANES;
}

/* ---- backward: one step ---------------------------------------------------------------- */

/* The gates of m rows. */
GRUC_STATIC void GRUC(gru_gates_backward)(
    real *GRUC_RESTRICT d,                         /* (m, 5H) OUT: scratch rows */
    real *GRUC_RESTRICT dstate, size_t ld_dstate,  /* (m, H) IN: gradient of h, OUT: dh * z */
    const real *GRUC_RESTRICT dh, size_t ld_dh,    /* (m, H) more of the gradient, or NULL */
    const real *GRUC_RESTRICT gates,               /* (m, 4H) */
    const real *GRUC_RESTRICT h_prev, size_t ld_h, /* (m, H), or NULL for rows that start from zeros */
    size_t m, size_t H, int kind)
{
    const int after = kind == GRUC_GRU; /* the reset gate is applied after the product */
    for (size_t i = 0; i < m; i++, d += 5 * H, gates += 4 * H)
        for (size_t j = 0; j < H; j += LANES) {
            size_t width = GRUC(lanes)(H - j);
            vec r = GRUC(load_part)(gates + j, width), z = GRUC(load_part)(gates + H + j, width);
            vec n = GRUC(load_part)(gates + 2 * H + j, width);
            vec saved = GRUC(load_part)(gates + 3 * H + j, width); /* hn or rh */
            vec before = GRUC(splat)(0), grad = GRUC(load_part)(dstate + i * ld_dstate + j, width);
            if (h_prev) before = GRUC(load_part)(h_prev + i * ld_h + j, width);
            if (dh) grad = grad + GRUC(load_part)(dh + i * ld_dh + j, width);
            /* y (1 - x) = y - y x, a multiplication less */
            vec into = GRUC(fma)(-grad, z, grad), dn = GRUC(fma)(-(into * n), n, into);
            vec dz = into * z * (before - n), reset = dn * r;
            /* reset before: dr is still to come, but for rows without h_prev, where it is 0 */
            vec through_r = reset * saved, dr = GRUC(fma)(-through_r, r, through_r);
            GRUC(store_part)(d + j, dn, width);
            GRUC(store_part)(d + H + j, after ? dr : GRUC(splat)(0), width);
            GRUC(store_part)(d + 2 * H + j, dz, width);
            GRUC(store_part)(d + 3 * H + j, after ? reset : saved, width);
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
    int kind, const gruc_work *work)
{
    if (m == 0) return;
    if (kind == GRUC_FIO) {
        GRUC(add_product_with)(dstate, ld_dstate, d, 6 * H, packed, m, 4 * H, H, work);
    } else if (kind == GRUC_GRU) {
        GRUC(add_product_with)(dstate, ld_dstate, d + H, 5 * H, packed, m, 3 * H, H, work);
    } else {
        GRUC(gru_reset) reset = {d, dstate, ld_dstate, gates, H};
        const real *W_hh_n = packed + GRUC(panel_size)(H, 2 * H);
        GRUC(product_with)(1, GRUC(finish_reset), &reset, d, 5 * H, W_hh_n, m, H, H, work);
        GRUC(add_product_with)(dstate, ld_dstate, d + H, 5 * H, packed, m, 2 * H, H, work);
    }
}

/* ---- backward: all steps ------------------------------------------------------------------ */

/* Back through rows of a step, from `first` on, as in gru_forward_rows. d (m, back_slots H) are their scratch
 * rows, `through` (m, H) is scratch. */
GRUC_INLINE void GRUC(gru_backward_rows)(
    const gruc_gru_batch *b, const real *packed, real *d, real *through, size_t row, size_t first,
    GRUC(start) before, size_t m)
{
    const gruc_cell_shape shape = gruc_shape_of(b->kind);
    const size_t H = b->H, width = shape.back_slots * H, ld_dstate = b->ld_dstate;
    const int kind = b->kind;
    const real *gates = (const real *)b->gates + (row + first) * shape.slots * H, *mask = b->mask;
    const real *dh = b->dh;
    real *dstate = (real *)b->dstate + first * ld_dstate;
    if (dh) dh += (row + first) * b->ld_dh;
    if (kind == GRUC_FIO)
        GRUC(fio_gates_backward)(d, dstate, ld_dstate, b->c_of_state, dh, b->ld_dh, gates, &before, m, H);
    else
        GRUC(gru_gates_backward)(
            d, dstate, ld_dstate, dh, b->ld_dh, gates, before.h, before.ld_h, m, H, kind);
    if (!before.h) return;
    if (!mask) {
        GRUC(gru_state_backward)(d, dstate, ld_dstate, gates, packed, m, H, kind, b->work);
        return;
    }
    mask += first * H;
    real *k = d + width - H; /* in place of h_prev */
    GRUC(multiply)(k, width, k, width, mask, m, H);
    memset(through, 0, m * H * sizeof(real));
    GRUC(gru_state_backward)(d, through, H, gates, packed, m, H, kind, b->work);
    GRUC(multiply)(through, H, through, H, mask, m, H);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < H; j++) dstate[i * ld_dstate + j] += through[i * H + j];
}

/* Gradients of the weights of inputs, from a chunk of m rows: d (m, 5H), x (m, D) */
GRUC_STATIC void GRUC(gru_add_input_gradients)(
    const gruc_gru_weights *gradients, const gruc_gru_batch *b, const real *d, const real *x, size_t m)
{
    const size_t D = b->D, H = b->H, width = 5 * H;
    const real *dn = d, *dr_dz = d + H;
    real *dW_ihT = gradients->W_ihT, *db_ih = gradients->b_ih;
    GRUC(add_outer_with)(dW_ihT, 3 * H, x, b->ld_x, dr_dz, width, m, D, 2 * H, b->work);
    GRUC(add_outer_with)(dW_ihT + 2 * H, 3 * H, x, b->ld_x, dn, width, m, D, H, b->work);
    GRUC(add_column_sums)(db_ih, dr_dz, width, m, 2 * H);
    GRUC(add_column_sums)(db_ih + 2 * H, dn, width, m, H);
}

/* And of states */
GRUC_STATIC void GRUC(gru_add_state_gradients)(
    const gruc_gru_weights *gradients, const gruc_gru_batch *b, const real *d, size_t m)
{
    const size_t H = b->H, width = 5 * H;
    const real *dn = d, *dr_dz = d + H, *fourth = d + 3 * H, *h_prev = d + 4 * H;
    real *dW_hhT = gradients->W_hhT;
    if (b->kind == GRUC_GRU) { /* [dr dz dn*r] are neighbours */
        GRUC(add_outer_with)(dW_hhT, 3 * H, h_prev, width, dr_dz, width, m, H, 3 * H, b->work);
        GRUC(add_column_sums)((real *)gradients->b_hh + 2 * H, fourth, width, m, H);
    } else {
        GRUC(add_outer_with)(dW_hhT, 3 * H, h_prev, width, dr_dz, width, m, H, 2 * H, b->work);
        GRUC(add_outer_with)(dW_hhT + 2 * H, 3 * H, fourth, width, dn, width, m, H, H, b->work);
    }
}

GRUC_STATIC void GRUC(gru_backward)(
    const gruc_gru_weights *gradients, /* OUT */
    const gruc_gru_batch *b,           /* after gru_forward */
    const real *GRUC_RESTRICT packed)  /* by gru_backward_pack */
{
    const gruc_cell_shape shape = gruc_shape_of(b->kind);
    const size_t T = b->T, D = b->D, H = b->H, columns = shape.blocks * H, width = shape.back_slots * H;
    const int reverse = b->reverse;
    const ptrdiff_t *offsets = b->offsets;
    const real *W_ih = packed + GRUC(gru_states_backward_size)(H, b->kind);
    real *through = b->scratch; /* (B, H) what comes back through W_hh, before it is masked */
    real *scratch = through + GRUC(lines)((size_t)offsets[1] * H);
    GRUC_FLUSH_SUBNORMALS();
    if (b->tokens) memset(b->of_tokens, 0, b->n_tokens * 3 * H * sizeof(real));
    memset(gradients->W_ihT, 0, D * columns * sizeof(real));
    memset(gradients->W_hhT, 0, H * columns * sizeof(real));
    memset(gradients->b_ih, 0, columns * sizeof(real));
    if (b->kind == GRUC_GRU) memset(gradients->b_hh, 0, 3 * H * sizeof(real));
    for (size_t s = 0, from, to; s < T;) {
        size_t steps = GRUC(chunk)(&from, &to, s, offsets, T, !reverse);
        size_t first = (size_t)offsets[from], m = (size_t)offsets[to] - first;
        for (size_t end = s + steps; s < end; s++) {
            size_t t = reverse ? s : T - 1 - s, row = (size_t)offsets[t], alive = GRUC(alive)(t, offsets);
            size_t carried = GRUC(carried)(t, offsets, T, reverse);
            real *d = scratch + (row - first) * width;
            if (carried > 0)
                GRUC(gru_backward_rows)(b, packed, d, through, row, 0, GRUC(start_before)(b, t), carried);
            GRUC(gru_backward_rows)(
                b, packed, d + carried * width, through, row, carried, GRUC(start_initial)(b, carried),
                alive - carried);
        }
        if (b->kind == GRUC_FIO)
            GRUC(fio_add_gradients)(gradients, b, scratch, (const real *)b->x + first * b->ld_x, m);
        else
            GRUC(gru_add_state_gradients)(gradients, b, scratch, m);
        if (b->tokens) {
            GRUC(gru_add_to_tokens)(b, scratch, first, m);
            continue;
        }
        if (b->kind != GRUC_FIO)
            GRUC(gru_add_input_gradients)(gradients, b, scratch, (const real *)b->x + first * b->ld_x, m);
        if (b->dx) { /* [dn dr dz] are neighbours, and [df di do da] */
            real *dx = (real *)b->dx + first * b->ld_dx;
            if (b->add_to_dx)
                GRUC(add_product_with)(dx, b->ld_dx, scratch, width, W_ih, m, columns, D, b->work);
            else
                GRUC(affine_with)(dx, b->ld_dx, scratch, width, W_ih, NULL, m, columns, D, b->work);
        }
    }
    if (b->tokens) GRUC(gru_tokens_backward)(gradients, b, W_ih);
    if (b->kind == GRUC_GRU) memcpy(gradients->b_hh, gradients->b_ih, 2 * H * sizeof(real));
    GRUC_KEEP_SUBNORMALS();
}
