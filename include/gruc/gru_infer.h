/* A GRU layer forward, for inference: keeps no gates. Body over `real`; see real.h.
 *
 * T steps, B sequences, D inputs, H units, N = sum of lengths. Packed rows: the
 * rows of step 0 of every sequence, longest first, then those of step 1, ...;
 * step t has rows offsets[t] to offsets[t + 1], never more than step t - 1.
 * Gate blocks r, z, n. Weights lie (inputs, outputs): W_ihT (D, 3H), W_hhT (H, 3H).
 *
 * reset_after                          reset before (one bias: b_hh is NULL)
 *   ih = W_ih x + b_ih                   ih = W_ih x + b_ih
 *   hh = W_hh h + b_hh                   hh_rz = W_hh_rz h
 *   r  = sigmoid(ih_r + hh_r)            r  = sigmoid(ih_r + hh_r)
 *   z  = sigmoid(ih_z + hh_z)            z  = sigmoid(ih_z + hh_z)
 *   n  = tanh(ih_n + r * hh_n)           n  = tanh(ih_n + W_hh_n (r * h))
 *   h  = n + z * (h - n)                 h  = n + z * (h - n)
 *
 * (Cho et al. 2014 for reset before; the other form is cuDNN's and torch's.) */

/* One step for one row; scratch (6H,). */
GRUC_KERNEL void GRUC(gru_infer_step)(
    real *GRUC_RESTRICT h,       /* (H,) IN/OUT */
    real *GRUC_RESTRICT scratch, /* (6H,) */
    const real *GRUC_RESTRICT x, /* (D,) */
    const real *GRUC_RESTRICT W_ihT, const real *GRUC_RESTRICT W_hhT, const real *GRUC_RESTRICT b_ih,
    const real *GRUC_RESTRICT b_hh, /* (3H,), NULL when the reset comes before the product */
    size_t D, size_t H, int reset_after)
{
    real *GRUC_RESTRICT ih = scratch;         /* (3H,) */
    real *GRUC_RESTRICT hh = scratch + 3 * H; /* (3H,) */
    GRUC(affine)(ih, 3 * H, x, D, W_ihT, 3 * H, b_ih, 1, D, 3 * H);
    GRUC(affine)(hh, 3 * H, h, H, W_hhT, 3 * H, b_hh, 1, H, reset_after ? 3 * H : 2 * H);
    for (size_t j = 0; j < 2 * H; j++) ih[j] = GRUC(sigmoid)(ih[j] + hh[j]); /* r, z */
    if (reset_after) {
        for (size_t j = 0; j < H; j++) ih[2 * H + j] += ih[j] * hh[2 * H + j];
    } else {
        for (size_t j = 0; j < H; j++) hh[j] = ih[j] * h[j];
        GRUC(affine)(hh + 2 * H, H, hh, H, W_hhT + 2 * H, 3 * H, NULL, 1, H, H);
        for (size_t j = 0; j < H; j++) ih[2 * H + j] += hh[2 * H + j];
    }
    for (size_t j = 0; j < H; j++) {
        real z = ih[H + j];
        real n = GRUC(tanh)(ih[2 * H + j]);
        h[j] = n + z * (h[j] - n);
    }
}

/* All steps of a packed batch. A sequence starts from its row of `state` and
 * leaves there its state after its last step; in reverse it starts at its own
 * last step and ends at step 0. */
GRUC_KERNEL void GRUC(gru_infer)(
    real *GRUC_RESTRICT h, size_t ld_h,       /* (N, H) OUT, rows ld_h apart, or NULL */
    real *GRUC_RESTRICT state,                /* (B, H) IN/OUT */
    real *GRUC_RESTRICT scratch,              /* (6H,) */
    const real *GRUC_RESTRICT x, size_t ld_x, /* (N, D) */
    const real *GRUC_RESTRICT W_ihT, const real *GRUC_RESTRICT W_hhT, const real *GRUC_RESTRICT b_ih,
    const real *GRUC_RESTRICT b_hh, const ptrdiff_t *GRUC_RESTRICT offsets, /* (T + 1,) */
    size_t T, size_t D, size_t H, int reset_after, int reverse)
{
    for (size_t s = 0; s < T; s++) {
        size_t t = reverse ? T - 1 - s : s;
        size_t row = (size_t)offsets[t];
        size_t alive = (size_t)offsets[t + 1] - row;
        for (size_t b = 0; b < alive; b++) {
            GRUC(gru_infer_step)(
                state + b * H, scratch, x + (row + b) * ld_x, W_ihT, W_hhT, b_ih, b_hh, D, H, reset_after);
            if (h) memcpy(h + (row + b) * ld_h, state + b * H, H * sizeof(real));
        }
    }
}
