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
    int kind;              /* GRUC_GRU or GRUC_GRU_RESET_BEFORE */
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
    real *gates; /* (m, 4H) */
    real *h;     /* (m, H) OUT, rows ld_h apart */
    size_t ld_h;
    const real *h_prev; /* (m, H), rows ld_h_prev apart, or NULL for zeros */
    size_t ld_h_prev;
    const real *entering; /* h_prev as it enters W_hh: itself, or what dropout leaves of it */
    size_t ld_entering;
    const GRUC(gru_weights) * w;
    int save;
} GRUC(gru_rows);

/* ih = W_ih x + b_ih, a tile of units with their three gates side by side */
GRUC_INLINE void GRUC(finish_input)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_rows) *s = (const GRUC(gru_rows) *)what;
    size_t H = s->w->H;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++)
            for (size_t gate = 0; gate < 3; gate++) {
                size_t unit = j + p * LANES, width = GRUC(lanes)(H - unit), column = gate * H + unit;
                GRUC(store_part)(
                    s->gates + i * 4 * H + column, *sums++ + GRUC(load_table)(s->w->bias + column, width),
                    width);
            }
}

/* hn = b_hh_n in what is left of the sums: reset after, all of the cell */
GRUC_INLINE void GRUC(finish_after)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_rows) *s = (const GRUC(gru_rows) *)what;
    size_t H = s->w->H;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++, sums += 3) {
            size_t unit = j + p * LANES, width = GRUC(lanes)(H - unit);
            real *gates = s->gates + i * 4 * H + unit;
            vec h_prev = GRUC(splat)(0);
            if (s->h_prev) h_prev = GRUC(load_part)(s->h_prev + i * s->ld_h_prev + unit, width);
            vec r = GRUC(sigmoid)(GRUC(load_part)(gates, width) + sums[0]);
            vec z = GRUC(sigmoid)(GRUC(load_part)(gates + H, width) + sums[1]);
            vec hn = sums[2] + GRUC(load_table)(s->w->b_hh_n + unit, width);
            vec n = GRUC(tanh)(GRUC(fma)(r, hn, GRUC(load_part)(gates + 2 * H, width)));
            vec h = GRUC(zero_below)(GRUC(fma)(z, h_prev - n, n), GRUC_LEAST_STATE);
            GRUC(store_part)(s->h + i * s->ld_h + unit, h, width);
            if (s->save) {
                GRUC(store_part)(gates, r, width);
                GRUC(store_part)(gates + H, z, width);
                GRUC(store_part)(gates + 2 * H, n, width);
                GRUC(store_part)(gates + 3 * H, hn, width);
            }
        }
}

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
            vec r = GRUC(sigmoid)(GRUC(load_part)(gates, width) + sums[0]);
            GRUC(store_part)(gates, r, width);
            GRUC(store_part)(gates + H, GRUC(sigmoid)(GRUC(load_part)(gates + H, width) + sums[1]), width);
            GRUC(store_part)(gates + 3 * H, r * entering, width);
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
            vec h = GRUC(zero_below)(GRUC(fma)(z, h_prev - n, n), GRUC_LEAST_STATE);
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
