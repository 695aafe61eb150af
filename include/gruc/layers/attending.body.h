/* A GRU cell with additive attention inside the step (Bahdanau, Cho and Bengio 2015). Body over `real` and `vec`;
 * see real.h.
 *
 *   q_t = W_q h_(t-1)      e_j = v . tanh(q_t + k_j)      a = softmax_j(e)      c_t = sum_j a_j m_j
 *   h_t = GRU([x_t; c_t], h_(t-1))
 *
 * for the rows k_j, m_j of all steps of a second sequence: keys (H,), made of m_j before, and m_j (F,) itself.
 * Parameters lie as W_q' (H, H), v (H,), then those of a cell of D + F inputs. */

typedef struct {
    GRUC(gru_weights) cell; /* of D inputs */
    const real *W_c;        /* panels of the F others, as those of W_ih */
    const real *W_q;        /* panels */
    const real *v;          /* (H,) */
} GRUC(attending_weights);

GRUC_INLINE int GRUC(attending_cell)(const gruc_op *op)
{
    return op->kind == GRUC_GRU_ATTENDING ? GRUC_GRU : GRUC_GRU_RESET_BEFORE;
}

/* [ what gru_pack makes for D inputs | v | panels of W_c | panels of W_q ]; F is op->column */
GRUC_STATIC size_t GRUC(attending_packed_size)(const gruc_op *op)
{
    size_t D = op->D, H = op->H, F = op->column;
    return GRUC(lines)(GRUC(gru_packed_size)(D, H)) + GRUC(lines)(H) +
           GRUC(lines)(GRUC(panel_size)(H, 3 * F)) + GRUC(lines)(GRUC(panel_size)(H, H));
}

GRUC_STATIC GRUC(attending_weights) GRUC(attending_unpack)(const real *packed, const gruc_op *op)
{
    size_t D = op->D, H = op->H, F = op->column;
    GRUC(attending_weights) w;
    w.cell = GRUC(gru_unpack)(packed, D, H, GRUC(attending_cell)(op));
    w.v = packed + GRUC(lines)(GRUC(gru_packed_size)(D, H));
    w.W_c = w.v + GRUC(lines)(H);
    w.W_q = w.W_c + GRUC(lines)(GRUC(panel_size)(H, 3 * F));
    return w;
}

/* Where parameters of the cell begin, and its biases */
GRUC_INLINE const real *GRUC(attending_cell_parameters)(const real *parameters, size_t H)
{
    return parameters + H * (H + 1);
}

GRUC_STATIC void GRUC(attending_pack)(real *GRUC_RESTRICT packed, const real *parameters, const gruc_op *op)
{
    size_t D = op->D, H = op->H, F = op->column;
    GRUC(attending_weights) w = GRUC(attending_unpack)(packed, op);
    const real *W_ihT = GRUC(attending_cell_parameters)(parameters, H), *W_hhT = W_ihT + (D + F) * 3 * H;
    const real *b_ih = W_hhT + H * 3 * H, *b_hh = w.cell.kind == GRUC_GRU ? b_ih + 3 * H : NULL;
    GRUC(gru_pack)(packed, W_ihT, W_hhT, b_ih, b_hh, D, H);
    memcpy((real *)w.v, parameters + H * H, H * sizeof(real));
    GRUC(pack)((real *)w.W_c, W_ihT + D * 3 * H, 3 * H, F, 3, H);
    GRUC(pack)((real *)w.W_q, parameters, H, H, 1, H);
}

/* gates += c W_c */
GRUC_INLINE void GRUC(finish_attended)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_rows) *s = (const GRUC(gru_rows) *)what;
    size_t H = s->w->H;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++)
            for (size_t gate = 0; gate < 3; gate++) {
                size_t unit = j + p * LANES, width = GRUC(lanes)(H - unit);
                real *to = s->gates + i * 4 * H + gate * H + unit;
                GRUC(store_part)(to, GRUC(load_part)(to, width) + *sums++, width);
            }
}

/* sum_j v_j tanh(q_j + k_j) */
GRUC_STATIC real GRUC(additive_score)(const real *v, const real *q, const real *k, size_t H)
{
    real lanes[LANES], sum = 0;
    vec sums = GRUC(splat)(0);
    for (size_t j = 0; j < H; j += LANES) {
        size_t width = GRUC(lanes)(H - j);
        vec u = GRUC(tanh)(GRUC(load_part)(q + j, width) + GRUC(load_part)(k + j, width));
        sums = GRUC(fma)(GRUC(load_part)(v + j, width), u, sums);
    }
    GRUC(store)(lanes, sums);
    for (size_t l = 0; l < LANES; l++) sum += lanes[l];
    return sum;
}

/* Weights a (source->T,) and c (F,) of one row with the query q */
GRUC_STATIC void GRUC(attending_row)(
    const gruc_attending_batch *b, const GRUC(attending_weights) * w, const real *q, real *a, real *c,
    size_t place)
{
    size_t H = b->gru.H, F = b->F, ld = H + F, S = (size_t)b->source->lengths[place];
    const real *memory = (const real *)b->memory;
    for (size_t j = 0; j < S; j++)
        a[j] = GRUC(additive_score)(w->v, q, memory + ((size_t)b->source->offsets[j] + place) * ld, H);
    GRUC(softmax)(a, 1, S);
    memset(a + S, 0, (b->source->T - S) * sizeof(real));
    for (size_t f = 0; f < F; f += LANES) {
        size_t width = GRUC(lanes)(F - f);
        vec sum = GRUC(splat)(0);
        for (size_t j = 0; j < S; j++) {
            const real *m = memory + ((size_t)b->source->offsets[j] + place) * ld + H;
            sum = GRUC(fma)(GRUC(splat)(a[j]), GRUC(load_part)(m + f, width), sum);
        }
        GRUC(store_part)(c + f, sum, width);
    }
}

/* All steps; gates are kept. `of_tokens`, if not NULL, has the input products of tokens, as in gru_infer. */
GRUC_STATIC void GRUC(attending_forward)(
    const gruc_attending_batch *b, const GRUC(attending_weights) * w, const int32_t *tokens,
    const real *of_tokens)
{
    const gruc_gru_batch *g = &b->gru;
    const size_t T = g->T, H = g->H, F = b->F, N = (size_t)g->offsets[T], T_source = b->source->T;
    real *gates = (real *)g->gates, *h = (real *)g->h, *state = (real *)g->state;
    GRUC(gru_rows) all = GRUC(rows_of_gates)(gates, &w->cell, 1);
    if (tokens)
        for (size_t i = 0; i < N; i++)
            memcpy(gates + i * 4 * H, of_tokens + (size_t)tokens[i] * 4 * H, 3 * H * sizeof(real));
    else
        GRUC(input_product)(&all, (const real *)g->x, g->ld_x, N);
    for (size_t t = 0; t < T; t++) {
        size_t row = (size_t)g->offsets[t], alive = GRUC(alive)(t, g->offsets);
        size_t ld = t ? g->ld_h : g->ld_state0;
        const real *before = t ? h + (size_t)g->offsets[t - 1] * ld : (const real *)g->state0;
        const real *entering = before;
        size_t ld_entering = ld, going = t + 1 < T ? GRUC(alive)(t + 1, g->offsets) : 0;
        real *q = (real *)b->q + row * H, *c = (real *)b->c + row * b->ld_c;
        if (before)
            GRUC(affine)(q, H, before, ld, w->W_q, NULL, alive, H, H);
        else
            memset(q, 0, alive * H * sizeof(real));
        for (size_t i = 0; i < alive; i++)
            GRUC(attending_row)(
                b, w, q + i * H, (real *)b->a + (row + i) * T_source, c + i * b->ld_c,
                gruc_place(i, b->queries, b->source));
        GRUC(gru_rows) rows = GRUC(rows_of_gates)(gates + row * 4 * H, &w->cell, 1);
        rows.h = h + row * g->ld_h;
        rows.ld_h = g->ld_h;
        rows.h_prev = before;
        rows.ld_h_prev = ld;
        GRUC(product)(3, GRUC(finish_attended), &rows, c, b->ld_c, w->W_c, alive, F, H);
        if (g->mask && before) {
            for (size_t i = 0; i < alive; i++)
                for (size_t j = 0; j < H; j++)
                    ((real *)g->scratch)[i * H + j] = ((const real *)g->mask)[i * H + j] * before[i * ld + j];
            entering = (const real *)g->scratch;
            ld_entering = H;
        }
        rows.entering = entering;
        rows.ld_entering = ld_entering;
        GRUC(gru_step)(&rows, alive);
        GRUC(copy_rows)(
            state + going * g->ld_state, g->ld_state, h + (row + going) * g->ld_h, g->ld_h, alive - going, H);
    }
}

/* y (m, H) = [x W + b, x], for rows x (m, D) */
GRUC_STATIC void GRUC(keys_forward)(
    real *GRUC_RESTRICT y, const real *GRUC_RESTRICT x, const real *GRUC_RESTRICT panels,
    const real *GRUC_RESTRICT b, size_t m, size_t D, size_t H)
{
    GRUC(affine)(y, H, x, D, panels, b, m, D, H - D);
    GRUC(copy_rows)(y + H - D, H, x, D, m, D);
}
