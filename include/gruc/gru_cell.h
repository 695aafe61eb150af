/* One step of a GRU for training, forward and backward, between the matrix
 * products. Body over `real`; see real.h. H units, m rows alive at this step,
 * of which the first `carried` come from the step before and the others start
 * with h_prev = 0.
 *
 * A row of `gates` has four slots of H, each overwritten in turn:
 *
 *               from the product      saved by forward     left by backward
 *   reset after  ih_r ih_z ih_n  .     r  z  n  hn          dr dz dn dn*r
 *   reset before ih_r ih_z ih_n  .     r  z  n  r*h_prev    dr dz dn r*h_prev
 *
 * so that after the loop dgates_ih is slots 0 to 2 as they lie. ih is without
 * its bias, hh likewise. dh enters as the whole gradient of h; the products that
 * send [dr dz dn...] back to h_prev are the caller's. */

/* ---- reset after the product --------------------------------------------
 *
 * r  = sigmoid(ih_r + hh_r)              dn = dh * (1 - z) * (1 - n*n)
 * z  = sigmoid(ih_z + hh_z)              dz = dh * (h_prev - n) * z * (1 - z)
 * hn = hh_n                              dr = dn * hn * r * (1 - r)
 * n  = tanh(ih_n + r * hn)               dgates_hh = [dr, dz, dn * r]
 * h  = n + z * (h_prev - n)              dh_prev += dh * z   (+ dgates_hh @ W_hh) */

GRUC_KERNEL void GRUC(gru_cell_forward)(
    real *GRUC_RESTRICT gates,                                      /* (m, 4H) IN/OUT */
    real *GRUC_RESTRICT h, size_t ld_h,                             /* (m, H) OUT, rows ld_h apart */
    const real *GRUC_RESTRICT h_prev,                               /* (m, H) */
    const real *GRUC_RESTRICT hh,                                   /* (m, 3H) */
    const real *GRUC_RESTRICT b_ih, const real *GRUC_RESTRICT b_hh, /* (3H,) */
    size_t m, size_t H)
{
    for (size_t i = 0; i < m; i++) {
        real *GRUC_RESTRICT gate_r = gates + i * 4 * H;
        real *GRUC_RESTRICT gate_z = gate_r + H;
        real *GRUC_RESTRICT gate_n = gate_z + H;
        real *GRUC_RESTRICT save_hn = gate_n + H;
        real *GRUC_RESTRICT h_i = h + i * ld_h;
        const real *GRUC_RESTRICT hh_i = hh + i * 3 * H;
        const real *GRUC_RESTRICT h_prev_i = h_prev + i * H;
        for (size_t j = 0; j < H; j++) {
            real r = GRUC(sigmoid)(gate_r[j] + b_ih[j] + hh_i[j] + b_hh[j]);
            real z = GRUC(sigmoid)(gate_z[j] + b_ih[H + j] + hh_i[H + j] + b_hh[H + j]);
            real hn = hh_i[2 * H + j] + b_hh[2 * H + j];
            real n = GRUC(tanh)(gate_n[j] + b_ih[2 * H + j] + r * hn);
            gate_r[j] = r;
            gate_z[j] = z;
            gate_n[j] = n;
            save_hn[j] = hn;
            h_i[j] = n + z * (h_prev_i[j] - n);
        }
    }
}

GRUC_KERNEL void GRUC(gru_cell_backward)(
    real *GRUC_RESTRICT gates,                 /* (m, 4H) IN/OUT */
    real *GRUC_RESTRICT dh_prev, size_t ld_dh, /* (carried, H) IN/OUT: added to */
    const real *GRUC_RESTRICT dh,              /* (m, H), rows ld_dh apart too */
    const real *GRUC_RESTRICT h_prev,          /* (m, H) */
    size_t m, size_t carried, size_t H)
{
    for (size_t i = 0; i < m; i++) {
        real *GRUC_RESTRICT gate_r = gates + i * 4 * H;
        real *GRUC_RESTRICT gate_z = gate_r + H;
        real *GRUC_RESTRICT gate_n = gate_z + H;
        real *GRUC_RESTRICT gate_hn = gate_n + H;
        const real *GRUC_RESTRICT dh_i = dh + i * ld_dh;
        const real *GRUC_RESTRICT h_prev_i = h_prev + i * H;
        if (i < carried) {
            real *GRUC_RESTRICT dh_prev_i = dh_prev + i * ld_dh;
            for (size_t j = 0; j < H; j++) dh_prev_i[j] += dh_i[j] * gate_z[j];
        }
        for (size_t j = 0; j < H; j++) {
            real r = gate_r[j], z = gate_z[j], n = gate_n[j], hn = gate_hn[j];
            real dn = dh_i[j] * (1 - z) * (1 - n * n);
            gate_z[j] = dh_i[j] * (h_prev_i[j] - n) * z * (1 - z);
            gate_r[j] = dn * hn * r * (1 - r);
            gate_n[j] = dn;
            gate_hn[j] = dn * r;
        }
    }
}

/* ---- reset before the product -------------------------------------------
 * In two parts each, the product by W_hh_n between them; one bias.
 *
 * r  = sigmoid(ih_r + hh_r)              dn  = dh * (1 - z) * (1 - n*n)
 * z  = sigmoid(ih_z + hh_z)              dz  = dh * (h_prev - n) * z * (1 - z)
 * rh = r * h_prev                        dh_prev += dh * z
 *   hn = W_hh_n rh                         drh = dn @ W_hh_n
 * n  = tanh(ih_n + hn)                   dr  = drh * h_prev * r * (1 - r)
 * h  = n + z * (h_prev - n)              dh_prev += drh * r   (+ [dr, dz] @ W_hh_rz) */

GRUC_KERNEL void GRUC(gru_before_forward_rz)(
    real *GRUC_RESTRICT gates,        /* (m, 4H) IN/OUT */
    const real *GRUC_RESTRICT h_prev, /* (m, H) */
    const real *GRUC_RESTRICT hh,     /* (m, 3H): its first 2H columns */
    const real *GRUC_RESTRICT b_ih, size_t m, size_t H)
{
    for (size_t i = 0; i < m; i++) {
        real *GRUC_RESTRICT gate_r = gates + i * 4 * H;
        real *GRUC_RESTRICT gate_z = gate_r + H;
        real *GRUC_RESTRICT save_rh = gate_r + 3 * H;
        const real *GRUC_RESTRICT hh_i = hh + i * 3 * H;
        const real *GRUC_RESTRICT h_prev_i = h_prev + i * H;
        for (size_t j = 0; j < H; j++) {
            real r = GRUC(sigmoid)(gate_r[j] + b_ih[j] + hh_i[j]);
            gate_z[j] = GRUC(sigmoid)(gate_z[j] + b_ih[H + j] + hh_i[H + j]);
            gate_r[j] = r;
            save_rh[j] = r * h_prev_i[j];
        }
    }
}

GRUC_KERNEL void GRUC(gru_before_forward_n)(
    real *GRUC_RESTRICT gates,          /* (m, 4H) IN/OUT */
    real *GRUC_RESTRICT h, size_t ld_h, /* (m, H) OUT */
    const real *GRUC_RESTRICT h_prev,   /* (m, H) */
    const real *GRUC_RESTRICT hh,       /* (m, 3H): its last H columns */
    const real *GRUC_RESTRICT b_ih, size_t m, size_t H)
{
    for (size_t i = 0; i < m; i++) {
        const real *GRUC_RESTRICT gate_z = gates + i * 4 * H + H;
        real *GRUC_RESTRICT gate_n = gates + i * 4 * H + 2 * H;
        real *GRUC_RESTRICT h_i = h + i * ld_h;
        const real *GRUC_RESTRICT hn_i = hh + i * 3 * H + 2 * H;
        const real *GRUC_RESTRICT h_prev_i = h_prev + i * H;
        for (size_t j = 0; j < H; j++) {
            real n = GRUC(tanh)(gate_n[j] + b_ih[2 * H + j] + hn_i[j]);
            gate_n[j] = n;
            h_i[j] = n + gate_z[j] * (h_prev_i[j] - n);
        }
    }
}

GRUC_KERNEL void GRUC(gru_before_backward_zn)(
    real *GRUC_RESTRICT gates,                 /* (m, 4H) IN/OUT */
    real *GRUC_RESTRICT dh_prev, size_t ld_dh, /* (carried, H) IN/OUT: added to */
    const real *GRUC_RESTRICT dh,              /* (m, H), rows ld_dh apart too */
    const real *GRUC_RESTRICT h_prev,          /* (m, H) */
    size_t m, size_t carried, size_t H)
{
    for (size_t i = 0; i < m; i++) {
        real *GRUC_RESTRICT gate_z = gates + i * 4 * H + H;
        real *GRUC_RESTRICT gate_n = gate_z + H;
        const real *GRUC_RESTRICT dh_i = dh + i * ld_dh;
        const real *GRUC_RESTRICT h_prev_i = h_prev + i * H;
        if (i < carried) {
            real *GRUC_RESTRICT dh_prev_i = dh_prev + i * ld_dh;
            for (size_t j = 0; j < H; j++) dh_prev_i[j] += dh_i[j] * gate_z[j];
        }
        for (size_t j = 0; j < H; j++) {
            real z = gate_z[j], n = gate_n[j];
            gate_z[j] = dh_i[j] * (h_prev_i[j] - n) * z * (1 - z);
            gate_n[j] = dh_i[j] * (1 - z) * (1 - n * n);
        }
    }
}

GRUC_KERNEL void GRUC(gru_before_backward_r)(
    real *GRUC_RESTRICT gates,                 /* (m, 4H) IN/OUT */
    real *GRUC_RESTRICT dh_prev, size_t ld_dh, /* (carried, H) IN/OUT: added to */
    const real *GRUC_RESTRICT drh,             /* (m, H), rows H apart */
    const real *GRUC_RESTRICT h_prev,          /* (m, H) */
    size_t m, size_t carried, size_t H)
{
    for (size_t i = 0; i < m; i++) {
        real *GRUC_RESTRICT gate_r = gates + i * 4 * H;
        const real *GRUC_RESTRICT drh_i = drh + i * H;
        const real *GRUC_RESTRICT h_prev_i = h_prev + i * H;
        if (i < carried) {
            real *GRUC_RESTRICT dh_prev_i = dh_prev + i * ld_dh;
            for (size_t j = 0; j < H; j++) dh_prev_i[j] += drh_i[j] * gate_r[j];
        }
        for (size_t j = 0; j < H; j++) {
            real r = gate_r[j];
            gate_r[j] = drh_i[j] * h_prev_i[j] * r * (1 - r);
        }
    }
}

/* out[j] = sum_i a[i, j]: the gradient of a bias */
GRUC_KERNEL void GRUC(column_sums)(
    real *GRUC_RESTRICT out,                  /* (n,) OUT */
    const real *GRUC_RESTRICT a, size_t ld_a, /* (m, n), rows ld_a apart */
    size_t m, size_t n)
{
    memset(out, 0, n * sizeof(real));
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) out[j] += a[i * ld_a + j];
}
