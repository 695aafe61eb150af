/* A step of a layer of cells with forget, input and output gates, in one direction; and of a layer of any cell. Body
 * over `real` and `vec`; see real.h. Types and letters as in gru_step.body.h.
 *
 *   f = sigmoid(W_f [h_prev, x] + b_f)    i = sigmoid(W_i [h_prev, x] + b_i)    o = sigmoid(W_o [h_prev, x] + b_o)
 *   a = W_c [h_prev, x]
 *   c = tanh(a * f + b_c)
 *   h = f * h_prev + i * c + o * c_prev
 *
 * Gate blocks f, i, o, c; c_prev is the candidate of the step before. As a silent state, so is c
 * written as 0. A row of `gates` has five slots of H:
 *
 *   input product    saved for training
 *   f  i  o  a       f  i  o  a  c
 *
 * b_hh_n of the weights is b_c. Products with W_c stand behind those with the three others: W_hh_n, and in the same
 * memory as W_ih, W_c of x. */

/* W_c (D, H) of x; of int8 scales stand before both blocks, each beginning a word */
GRUC_INLINE const stored *GRUC(fio_candidate)(const GRUC(gru_weights) * w)
{
#ifdef GRUC_INT8
    return w->W_ih + 3 * w->H * sizeof(real) + (3 * w->D * w->H + 3) / 4 * 4;
#elif defined(GRUC_EXPORTED)
    return w->W_ih + 3 * w->D * w->H;
#else
    return w->W_ih + GRUC(panel_size)(w->H, 3 * w->D);
#endif
}

GRUC_INLINE void GRUC(finish_fio)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(gru_rows) *s = (const GRUC(gru_rows) *)what;
    size_t H = s->w->H;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++, sums += 3) {
            size_t unit = j + p * LANES, width = GRUC(lanes)(H - unit);
            real *gates = s->gates + i * 5 * H + unit;
            vec h_prev = GRUC(splat)(0), c_prev = GRUC(splat)(0);
            if (s->h_prev) {
                h_prev = GRUC(load_part)(s->h_prev + i * s->ld_h_prev + unit, width);
                c_prev = GRUC(load_part)(s->c_prev + i * s->ld_c_prev + unit, width);
            }
            vec fio[3];
            for (size_t g = 0; g < 3; g++) {
                fio[g] = GRUC(sigmoid)(GRUC(load_part)(gates + g * H, width) + sums[g]);
                if (s->save) GRUC(store_part)(gates + g * H, fio[g], width);
            }
            vec b_c = GRUC(load_table)(s->w->b_hh_n + unit, width);
            vec c = GRUC(tanh)(GRUC(fma)(GRUC(load_part)(gates + 3 * H, width), fio[0], b_c));
            c = GRUC(without_silence)(c);
            vec h = GRUC(fma)(fio[2], c_prev, GRUC(fma)(fio[1], c, fio[0] * h_prev));
            GRUC(store_part)(s->h + i * s->ld_h + unit, GRUC(without_silence)(h), width);
            if (s->c) GRUC(store_part)(s->c + i * s->ld_c + unit, c, width);
            if (s->save) GRUC(store_part)(gates + 4 * H, c, width);
        }
}

/* m rows whose products with x are in `gates` */
GRUC_STATIC void GRUC(fio_step)(const GRUC(gru_rows) * s, size_t m)
{
    size_t H = s->w->H, K = s->h_prev ? H : 0;
    if (m == 0) return;
    if (K > 0)
        GRUC(add_product_with)(
            s->gates + 3 * H, 5 * H, s->entering, s->ld_entering, s->w->W_hh_n, m, H, H, s->w->work);
    GRUC(product_with)(3, GRUC(finish_fio), s, s->entering, s->ld_entering, s->w->W_hh, m, K, H, s->w->work);
}

/* ---- of any cell */

/* The products with x of m rows, before their steps */
GRUC_INLINE void GRUC(cell_input)(const GRUC(gru_rows) * s, int kind, const real *x, size_t ld_x, size_t m)
{
    size_t D = s->w->D, H = s->w->H;
    GRUC(input_product)(s, x, ld_x, m);
    if (kind == GRUC_FIO)
        GRUC(affine_with)(
            s->gates + 3 * H, 5 * H, x, ld_x, GRUC(fio_candidate)(s->w), NULL, m, D, H, s->w->work);
}

GRUC_INLINE void GRUC(cell_step)(const GRUC(gru_rows) * s, int kind, size_t m)
{
    if (kind == GRUC_FIO)
        GRUC(fio_step)(s, m);
    else
        GRUC(gru_step)(s, m);
}
