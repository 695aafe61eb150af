/* A step of a GRU layer in one direction. Body over `real` and `vec`; see real.h.
 *
 * m rows, D inputs, H units; gate blocks r, z, n.
 *
 * reset after the product              reset before (Cho et al. 2014)
 * (cuDNN, torch; b_hh_r, b_hh_z are    (one bias)
 *  added to b_ih when packed)
 *   ih = W_ih x + b_ih                   ih = W_ih x + b_ih
 *   r  = sigmoid(ih_r + W_hh_r h)        r  = sigmoid(ih_r + W_hh_r h)
 *   z  = sigmoid(ih_z + W_hh_z h)        z  = sigmoid(ih_z + W_hh_z h)
 *   hn = W_hh_n h + b_hh_n               rh = r * h
 *   n  = tanh(ih_n + r * hn)             n  = tanh(ih_n + W_hh_n rh)
 *   h  = n + z * (h - n)                 h  = n + z * (h - n)
 *
 * A row of `gates` has four slots of H, overwritten in turn:
 *
 *                   input product    saved for training
 *   reset after     ih_r ih_z ih_n   r  z  n  hn
 *   reset before    ih_r ih_z ih_n   r  z  n  rh
 *
 * A state of magnitude below GRUC_LEAST_STATE is written as 0. Without it the states of a silent
 * input decay into the subnormal numbers and stay there, where some processors are a hundred times
 * slower. The bound is far above the smallest normal number, so that neither the square of a state
 * nor its product with a weight is subnormal, and far below what changes a prediction; and it makes
 * states independent of the floating-point mode that the caller has set.
 *
 * The product is that of product.body.h or of row_product.body.h, whichever was included before. */

typedef struct {
    const real *bias, *b_hh_n;          /* (3H,), (H,) */
    const stored *W_ih, *W_hh, *W_hh_n; /* as the product reads them; the last with reset before */
    size_t D, H;
    int kind;              /* GRUC_GRU, GRUC_GRU_RESET_BEFORE, or GRUC_FIO: fio_step.body.h */
    const gruc_work *work; /* what products are lent, or NULL */
} GRUC(gru_weights);

GRUC_STATIC GRUC(gru_weights) GRUC(cell_weights)(const gruc_op *op, int kind, const gruc_op_weights *w)
{
    GRUC(gru_weights)
    typed = {
        (const real *)w->bias,
        (const real *)w->vector,
        (const stored *)w->W,
        (const stored *)w->W_hh,
        (const stored *)w->W_hh_n,
        op->D,
        op->H,
        kind,
        NULL};
    return typed;
}

typedef struct {
    real *gates; /* (m, slots H) */
    real *h;     /* (m, H) OUT, rows ld_h apart */
    size_t ld_h;
    const real *h_prev; /* (m, H), rows ld_h_prev apart, or NULL for zeros */
    size_t ld_h_prev;
    const real *entering; /* h_prev as it enters W_hh: itself, or what dropout leaves of it */
    size_t ld_entering;
    const GRUC(gru_weights) * w;
    int save;
    real *c; /* GRUC_FIO: (m, H) OUT, or NULL where it is saved */
    size_t ld_c;
    const real *c_prev; /* (m, H), or NULL for zeros, as h_prev */
    size_t ld_c_prev;
} GRUC(gru_rows);

/* Rows whose states are set, if at all, by the caller */
GRUC_INLINE GRUC(gru_rows) GRUC(rows_of_gates)(real *gates, const GRUC(gru_weights) * w, int save)
{
    GRUC(gru_rows) s;
    memset(&s, 0, sizeof s);
    s.gates = gates;
    s.w = w;
    s.save = save;
    return s;
}

/* ih = W_ih x + b_ih, a tile of units with three of their blocks side by side */
GRUC_INLINE void GRUC(finish_input)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_rows) *s = (const GRUC(gru_rows) *)what;
    size_t H = s->w->H, ld = gruc_shape_of(s->w->kind).slots * H;
    for (size_t p = 0; p < panels; p++)
        for (size_t gate = 0; gate < 3; gate++) {
            size_t unit = j + p * LANES, width = GRUC(lanes)(H - unit), column = gate * H + unit;
            vec bias = GRUC(load_table)(s->w->bias + column, width);
            real *gates = s->gates + i * ld + column;
            const vec *sum = sums + 3 * p + gate;
            for (size_t row = 0; row < rows; row++, gates += ld, sum += 3 * panels)
                GRUC(store_part)(gates, *sum + bias, width);
        }
}

/* Rows that have their gates at once: while one waits for an operation, the other begins it. A processor with
 * AVX-512 looks far enough ahead by itself; where numbers are taken one by one, code is to be short. */
#if GRUC_SIMD == 128 || GRUC_SIMD == 256
#define GRUC_ROWS_AT_ONCE 2
#else
#define GRUC_ROWS_AT_ONCE 1
#endif

/* A vector of units of rows i to i + n, n a constant; their sums are ld_sums vectors apart */
GRUC_INLINE void GRUC(gates_after)(
    const GRUC(gru_rows) * s, const vec *sums, size_t ld_sums, size_t i, size_t n, size_t unit, size_t width)
{
    const size_t H = s->w->H;
    real *gates = s->gates + i * 4 * H + unit, *h = s->h + i * s->ld_h + unit;
    const real *h_prev = s->h_prev ? s->h_prev + i * s->ld_h_prev + unit : NULL;
    vec bias = GRUC(load_table)(s->w->b_hh_n + unit, width);
    vec rz[2 * GRUC_ROWS_AT_ONCE], hn[GRUC_ROWS_AT_ONCE], candidates[GRUC_ROWS_AT_ONCE];
    GRUC_UNROLL
    for (size_t k = 0; k < n; k++) {
        rz[k] = GRUC(load_part)(gates + k * 4 * H, width) + sums[k * ld_sums];
        rz[n + k] = GRUC(load_part)(gates + k * 4 * H + H, width) + sums[k * ld_sums + 1];
    }
    GRUC(sigmoids)(rz, 2 * n);
    GRUC_UNROLL
    for (size_t k = 0; k < n; k++) {
        hn[k] = sums[k * ld_sums + 2] + bias;
        candidates[k] = GRUC(fma)(rz[k], hn[k], GRUC(load_part)(gates + k * 4 * H + 2 * H, width));
    }
    GRUC(tanhs)(candidates, n);
    GRUC_UNROLL
    for (size_t k = 0; k < n; k++, gates += 4 * H, h += s->ld_h) {
        vec before = h_prev ? GRUC(load_part)(h_prev + k * s->ld_h_prev, width) : GRUC(splat)(0);
        vec state = GRUC(fma)(rz[n + k], before - candidates[k], candidates[k]);
        GRUC(store_part)(h, GRUC(without_silence)(state), width);
        if (s->save) {
            GRUC(store_part)(gates, rz[k], width);
            GRUC(store_part)(gates + H, rz[n + k], width);
            GRUC(store_part)(gates + 2 * H, candidates[k], width);
            GRUC(store_part)(gates + 3 * H, hn[k], width);
        }
    }
}

/* hn = b_hh_n in what is left of the sums: reset after, all of the cell */
GRUC_INLINE void GRUC(finish_after)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_rows) *s = (const GRUC(gru_rows) *)what;
    for (size_t p = 0; p < panels; p++) {
        size_t unit = j + p * LANES, width = GRUC(lanes)(s->w->H - unit), row = 0;
        const vec *of_row = sums + 3 * p;
#if GRUC_ROWS_AT_ONCE > 1
        if (width == LANES) /* a constant from here on */
            for (; row + GRUC_ROWS_AT_ONCE <= rows; row += GRUC_ROWS_AT_ONCE) {
                GRUC(gates_after)(s, of_row, 3 * panels, i + row, GRUC_ROWS_AT_ONCE, unit, LANES);
                of_row += GRUC_ROWS_AT_ONCE * 3 * panels;
            }
#endif
        for (; row < rows; row++, of_row += 3 * panels)
            GRUC(gates_after)(s, of_row, 3 * panels, i + row, 1, unit, width);
    }
}

#undef GRUC_ROWS_AT_ONCE

/* reset before: r, z, rh ... */
GRUC_INLINE void GRUC(finish_before_rz)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_rows) *s = (const GRUC(gru_rows) *)what;
    size_t H = s->w->H;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++, sums += 2) {
            size_t unit = j + p * LANES, width = GRUC(lanes)(H - unit);
            real *gates = s->gates + i * 4 * H + unit;
            vec entering = GRUC(splat)(0);
            if (s->h_prev) entering = GRUC(load_part)(s->entering + i * s->ld_entering + unit, width);
            vec rz[2] = {
                GRUC(load_part)(gates, width) + sums[0], GRUC(load_part)(gates + H, width) + sums[1]};
            GRUC(sigmoids)(rz, 2);
            GRUC(store_part)(gates, rz[0], width);
            GRUC(store_part)(gates + H, rz[1], width);
            GRUC(store_part)(gates + 3 * H, rz[0] * entering, width);
        }
}

/* ... then n and h */
GRUC_INLINE void GRUC(finish_before_n)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_rows) *s = (const GRUC(gru_rows) *)what;
    size_t H = s->w->H;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++) {
            size_t unit = j + p * LANES, width = GRUC(lanes)(H - unit);
            real *gates = s->gates + i * 4 * H + unit;
            vec h_prev = GRUC(splat)(0);
            if (s->h_prev) h_prev = GRUC(load_part)(s->h_prev + i * s->ld_h_prev + unit, width);
            vec z = GRUC(load_part)(gates + H, width);
            vec n = GRUC(tanh)(GRUC(load_part)(gates + 2 * H, width) + *sums++);
            vec h = GRUC(without_silence)(GRUC(fma)(z, h_prev - n, n));
            GRUC(store_part)(s->h + i * s->ld_h + unit, h, width);
            if (s->save) GRUC(store_part)(gates + 2 * H, n, width);
        }
}

GRUC_STATIC void GRUC(input_product)(const GRUC(gru_rows) * s, const real *x, size_t ld_x, size_t m)
{
    GRUC(product_with)(3, GRUC(finish_input), s, x, ld_x, s->w->W_ih, m, s->w->D, s->w->H, s->w->work);
}

/* m rows whose input product is in `gates`. Rows that start from zero have no product. */
GRUC_STATIC void GRUC(gru_step)(const GRUC(gru_rows) * s, size_t m)
{
    size_t H = s->w->H, K = s->h_prev ? H : 0;
    if (m == 0) return;
    if (s->w->kind == GRUC_GRU) {
        GRUC(product_with)(
            3, GRUC(finish_after), s, s->entering, s->ld_entering, s->w->W_hh, m, K, H, s->w->work);
    } else {
        GRUC(product_with)(
            2, GRUC(finish_before_rz), s, s->entering, s->ld_entering, s->w->W_hh, m, K, H, s->w->work);
        GRUC(product_with)(
            1, GRUC(finish_before_n), s, s->gates + 3 * H, 4 * H, s->w->W_hh_n, m, K, H, s->w->work);
    }
}
