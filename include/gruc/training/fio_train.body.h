/* What gru_train.body.h takes of cells with forget, input and output gates. Body over `real` and `vec`; see real.h.
 * Letters and gates as in fio_step.body.h.
 *
 * d* are derivatives by pre-activations; dh is the whole gradient of a step's state, dc that of its candidate, and
 * what the step after sends back to it is carried beside dh:
 *
 *   dc  = dh * i + carried            di = dh * c * i * (1 - i)
 *   db  = dc * (1 - c*c)              do = dh * c_prev * o * (1 - o)
 *   da  = db * f                      df = (dh * h_prev + db * a) * f * (1 - f)
 *   dh_prev = dh * f + [df di do da] @ W_hh
 *   carried = dh * o
 *
 *   dW_ih = sum [df di do da]' x      dW_hh = sum [df di do da]' h_prev      db = sum [df di do db]
 *   dx = [df di do da] @ W_ih
 *
 * A row of the chunk's scratch has six slots of H: [ df di do da db h_prev ]. */

/* States that rows of a step start from: h, and of GRUC_FIO c; NULL for zeros */
typedef struct {
    const real *h, *c;
    size_t ld_h, ld_c;
} GRUC(start);

/* The gates of m rows. */
GRUC_STATIC void GRUC(fio_gates_backward)(
    real *GRUC_RESTRICT d, /* (m, 6H) OUT: scratch rows */
    real *GRUC_RESTRICT dstate, size_t ld_dstate,
    size_t c_of_dstate,                         /* (m, H) IN/OUT: of h; of c so far behind */
    const real *GRUC_RESTRICT dh, size_t ld_dh, /* (m, H) more of the gradient, or NULL */
    const real *GRUC_RESTRICT gates,            /* (m, 5H) */
    const GRUC(start) * before, size_t m, size_t H)
{
    for (size_t row = 0; row < m; row++, d += 6 * H, gates += 5 * H, dstate += ld_dstate)
        for (size_t j = 0; j < H; j += LANES) {
            size_t width = GRUC(lanes)(H - j);
            vec f = GRUC(load_part)(gates + j, width), i = GRUC(load_part)(gates + H + j, width);
            vec o = GRUC(load_part)(gates + 2 * H + j, width), a = GRUC(load_part)(gates + 3 * H + j, width);
            vec c = GRUC(load_part)(gates + 4 * H + j, width), h_prev = GRUC(splat)(0),
                c_prev = GRUC(splat)(0);
            vec grad = GRUC(load_part)(dstate + j, width);
            if (before->h) {
                h_prev = GRUC(load_part)(before->h + row * before->ld_h + j, width);
                c_prev = GRUC(load_part)(before->c + row * before->ld_c + j, width);
            }
            if (dh) grad = grad + GRUC(load_part)(dh + row * ld_dh + j, width);
            vec dc = GRUC(fma)(grad, i, GRUC(load_part)(dstate + c_of_dstate + j, width));
            vec db = dc * ((real)1 - c * c);
            GRUC(store_part)(d + j, (grad * h_prev + db * a) * f * ((real)1 - f), width);
            GRUC(store_part)(d + H + j, grad * c * i * ((real)1 - i), width);
            GRUC(store_part)(d + 2 * H + j, grad * c_prev * o * ((real)1 - o), width);
            GRUC(store_part)(d + 3 * H + j, db * f, width);
            GRUC(store_part)(d + 4 * H + j, db, width);
            GRUC(store_part)(d + 5 * H + j, h_prev, width);
            GRUC(store_part)(dstate + j, grad * f, width);
            GRUC(store_part)(dstate + c_of_dstate + j, grad * o, width);
        }
}

/* Gradients of the weights, from a chunk of m rows: d (m, 6H), x (m, D) */
GRUC_STATIC void GRUC(fio_add_gradients)(
    const gruc_gru_weights *gradients, const gruc_gru_batch *b, const real *d, const real *x, size_t m)
{
    const size_t D = b->D, H = b->H, width = 6 * H;
    real *db = gradients->b_ih;
    GRUC(add_outer_with)(gradients->W_ihT, 4 * H, x, b->ld_x, d, width, m, D, 4 * H, b->work);
    GRUC(add_outer_with)(gradients->W_hhT, 4 * H, d + 5 * H, width, d, width, m, H, 4 * H, b->work);
    GRUC(add_column_sums)(db, d, width, m, 3 * H);
    GRUC(add_column_sums)(db + 3 * H, d + 4 * H, width, m, H);
}
