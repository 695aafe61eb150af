"""Training: GRU layers forward and back through time, losses, Adam.

T steps, B sequences, D inputs, H units, F features, K outputs, N = sum of
lengths. Rows are packed: the rows of step 0 of every sequence, longest first,
then those of step 1, and so on; step t has rows offsets[t] to offsets[t + 1],
never more than step t - 1. Gate blocks r, z, n; weights (3H, D) and (3H, H).

reset_after=True (torch, cuDNN)            backward (d by pre-activations)
    r  = sigmoid(ih_r + hh_r)                  dn = dh * (1 - z) * (1 - n*n)
    z  = sigmoid(ih_z + hh_z)                  dz = dh * (h_prev - n) * z * (1 - z)
    hn = hh_n                                  dr = dn * hn * r * (1 - r)
    n  = tanh(ih_n + r * hn)                   dgates_ih = [dr, dz, dn]
    h  = n + z * (h_prev - n)                  dgates_hh = [dr, dz, dn * r]
                                               dh_prev = dh * z + dgates_hh @ W_hh

reset_after=False (Cho et al. 2014)
    r, z as above; rh = r * h_prev             dn, dz as above; drh = dn @ W_hh_n
    n  = tanh(ih_n + W_hh_n rh)                dr = drh * h_prev * r * (1 - r)
    h  = n + z * (h_prev - n)                  dgates_ih = [dr, dz, dn]
                                               dh_prev = dh * z + drh * r + [dr, dz] @ W_hh_rz

ih = W_ih x + b_ih for all steps is one product before the loop; dW_ih, dW_hh,
the bias gradients and dx are one product or sum each after it.

`gates` (N, 4H) is written over in turn (gru_cell.h has the table): input
product -> [r z n hn] or [r z n r*h_prev] -> [dr dz dn dn*r] or
[dr dz dn r*h_prev]. In reverse the loop runs from the last step to the first.
"""

from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._blas cimport ASIS, TRANSPOSED, blas_size_max, gemm
from gruc.kernels._packed cimport require, require_packed
from libc.string cimport memcpy, memset


def check_blas_sizes(*sizes):
    """Refuse sizes that BLAS's integers cannot hold."""
    if max(sizes) > blas_size_max():
        raise ValueError(
            f"a matrix of this batch has a side of {max(sizes)}, but the BLAS behind SciPy "
            f"counts to {blas_size_max()} only; use a smaller batch_size"
        )


def matmul(
    floating[:, ::1] C not None,        # IN/OUT
    const floating[:, ::1] A not None,
    const floating[:, ::1] B not None,
    bint trans_A, bint trans_B, floating alpha, floating beta,
):
    """C = alpha * op(A) @ op(B) + beta * C: `gemm` within Python's reach, for tests."""
    cdef Py_ssize_t m = C.shape[0], n = C.shape[1]
    cdef Py_ssize_t k = A.shape[0] if trans_A else A.shape[1]
    require((A.shape[1] if trans_A else A.shape[0]) == m, "op(A) (m, k)")
    require((B.shape[1] if trans_B else B.shape[0]) == k, "op(B) (k, n)")
    require((B.shape[0] if trans_B else B.shape[1]) == n, "op(B) (k, n)")
    with nogil:
        gemm(TRANSPOSED if trans_A else ASIS, TRANSPOSED if trans_B else ASIS, m, n, k,
             alpha, &A[0, 0], A.shape[1], &B[0, 0], B.shape[1], beta, &C[0, 0], n)


# ---- GRU layer -----------------------------------------------------------------

cdef struct Step:
    Py_ssize_t row      # of the first sequence at this step
    Py_ssize_t alive    # sequences that have this step
    Py_ssize_t before   # row of the first sequence at the step before, in loop order
    Py_ssize_t carried  # sequences that have both; the others start with h_prev = 0


cdef inline Step step_at(
    Py_ssize_t t, const Py_ssize_t *offsets, Py_ssize_t T, bint reverse,
) noexcept nogil:
    cdef Step step
    cdef Py_ssize_t t_before = t + 1 if reverse else t - 1
    step.row = offsets[t]
    step.alive = offsets[t + 1] - offsets[t]
    step.before = 0
    step.carried = 0
    if 0 <= t_before < T:
        step.before = offsets[t_before]
        step.carried = min(step.alive, offsets[t_before + 1] - offsets[t_before])
    return step


def gru_forward(
    floating[:, ::1] gates not None,        # (N, 4H) OUT: saved for gru_backward
    floating[:, :] h not None,              # (N, H) OUT, rows contiguous
    floating[:, ::1] h_prev not None,       # (N, H) OUT: the state each row started from
    floating[:, ::1] hh not None,           # (B, 3H) scratch
    const floating[:, ::1] x not None,      # (N, D)
    const floating[:, ::1] W_ih not None,   # (3H, D)
    const floating[:, ::1] W_hh not None,   # (3H, H)
    const floating[::1] b_ih not None,      # (3H,)
    const floating[::1] b_hh,      # (3H,), None with reset_after=False
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
):
    """One layer, one direction, over a packed batch, from the state 0."""
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], H = W_hh.shape[1]
    cdef Py_ssize_t T = offsets.shape[0] - 1
    cdef Py_ssize_t ld_h = h.strides[0] // <Py_ssize_t> sizeof(floating)
    cdef Py_ssize_t s
    cdef Step step
    cdef floating *gates_t
    cdef floating *h_t
    cdef floating *h_prev_t
    cdef const floating *b_hh_ptr = NULL
    require_layer(gates, h, h_prev, x, W_ih, W_hh, offsets)
    require(hh.shape[0] >= offsets[1] and hh.shape[1] == 3 * H, "hh (B, 3H)")
    require(b_ih.shape[0] == 3 * H, "b_ih (3H,)")
    require((b_hh is not None) == reset_after, "b_hh with reset_after only")
    if b_hh is not None:
        require(b_hh.shape[0] == 3 * H, "b_hh (3H,)")
        b_hh_ptr = &b_hh[0]
    check_blas_sizes(N, D, 4 * H, ld_h)

    with nogil:
        # gates[:, :3H] = x @ W_ih.T
        gemm(ASIS, TRANSPOSED, N, 3 * H, D, <floating> 1, &x[0, 0], D, &W_ih[0, 0], D,
             <floating> 0, &gates[0, 0], 4 * H)
        for s in range(T):
            step = step_at(T - 1 - s if reverse else s, &offsets[0], T, reverse)
            gates_t = &gates[0, 0] + step.row * 4 * H
            h_t = &h[0, 0] + step.row * ld_h
            h_prev_t = &h_prev[0, 0] + step.row * H
            copy_rows(h_prev_t, H, &h[0, 0] + step.before * ld_h, ld_h, step.carried, H)
            memset(h_prev_t + step.carried * H, 0, (step.alive - step.carried) * H * sizeof(floating))
            memset(&hh[0, 0] + step.carried * 3 * H, 0,
                   (step.alive - step.carried) * 3 * H * sizeof(floating))
            if reset_after:
                if step.carried > 0:
                    # hh = h_prev @ W_hh.T
                    gemm(ASIS, TRANSPOSED, step.carried, 3 * H, H, <floating> 1, h_prev_t, H,
                         &W_hh[0, 0], H, <floating> 0, &hh[0, 0], 3 * H)
                _c.gruc_gru_cell_forward(gates_t, h_t, ld_h, h_prev_t, &hh[0, 0], &b_ih[0], b_hh_ptr,
                                         step.alive, H)
            else:
                if step.carried > 0:
                    # hh[:, :2H] = h_prev @ W_hh[:2H].T
                    gemm(ASIS, TRANSPOSED, step.carried, 2 * H, H, <floating> 1, h_prev_t, H,
                         &W_hh[0, 0], H, <floating> 0, &hh[0, 0], 3 * H)
                _c.gruc_gru_before_forward_rz(gates_t, h_prev_t, &hh[0, 0], &b_ih[0], step.alive, H)
                if step.carried > 0:
                    # hh[:, 2H:] = rh @ W_hh[2H:].T
                    gemm(ASIS, TRANSPOSED, step.carried, H, H, <floating> 1, gates_t + 3 * H, 4 * H,
                         &W_hh[2 * H, 0], H, <floating> 0, &hh[0, 2 * H], 3 * H)
                _c.gruc_gru_before_forward_n(gates_t, h_t, ld_h, h_prev_t, &hh[0, 0], &b_ih[0],
                                             step.alive, H)


def gru_backward(
    floating[:, ::1] gates not None,        # (N, 4H) IN: from gru_forward, OUT: gradients
    floating[:, :] dh not None,             # (N, H) IN: gradient of h from above, OUT: the whole of it
    floating[:, ::1] drh not None,          # (B, H) scratch
    floating[:, ::1] dW_ih not None,        # (3H, D) OUT
    floating[:, ::1] dW_hh not None,        # (3H, H) OUT
    floating[::1] db_ih not None,           # (3H,) OUT
    floating[::1] db_hh,           # (3H,) OUT, None with reset_after=False
    floating[:, ::1] dx,           # (N, D) OUT, or None where nobody asks
    const floating[:, ::1] h_prev not None,  # (N, H) from gru_forward
    const floating[:, ::1] x not None,      # (N, D)
    const floating[:, ::1] W_ih not None,   # (3H, D)
    const floating[:, ::1] W_hh not None,   # (3H, H)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
    bint add_to_dx,                # dx is added to, not overwritten: the second direction
):
    """Back through time what `gru_forward` did."""
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], H = W_hh.shape[1]
    cdef Py_ssize_t T = offsets.shape[0] - 1
    cdef Py_ssize_t ld_dh = dh.strides[0] // <Py_ssize_t> sizeof(floating)
    cdef Py_ssize_t s
    cdef Step step
    cdef floating *gates_t
    cdef floating *dh_t
    cdef floating *dh_before
    cdef const floating *h_prev_t
    require_layer(gates, dh, h_prev, x, W_ih, W_hh, offsets)
    require(drh.shape[0] >= offsets[1] and drh.shape[1] == H, "drh (B, H)")
    require(dW_ih.shape[0] == 3 * H and dW_ih.shape[1] == D, "dW_ih (3H, D)")
    require(dW_hh.shape[0] == 3 * H and dW_hh.shape[1] == H, "dW_hh (3H, H)")
    require(db_ih.shape[0] == 3 * H, "db_ih (3H,)")
    require((db_hh is not None) == reset_after, "db_hh with reset_after only")
    if db_hh is not None:
        require(db_hh.shape[0] == 3 * H, "db_hh (3H,)")
    if dx is not None:
        require(dx.shape[0] == N and dx.shape[1] == D, "dx (N, D)")
    check_blas_sizes(N, D, 4 * H, ld_dh)

    with nogil:
        for s in range(T):
            step = step_at(s if reverse else T - 1 - s, &offsets[0], T, reverse)
            gates_t = &gates[0, 0] + step.row * 4 * H
            dh_t = &dh[0, 0] + step.row * ld_dh
            dh_before = &dh[0, 0] + step.before * ld_dh
            h_prev_t = &h_prev[0, 0] + step.row * H
            if reset_after:
                _c.gruc_gru_cell_backward(gates_t, dh_before, ld_dh, dh_t, h_prev_t, step.alive,
                                          step.carried, H)
            else:
                _c.gruc_gru_before_backward_zn(gates_t, dh_before, ld_dh, dh_t, h_prev_t,
                                               step.alive, step.carried, H)
                # drh = dn @ W_hh[2H:]
                gemm(ASIS, ASIS, step.alive, H, H, <floating> 1, gates_t + 2 * H, 4 * H,
                     &W_hh[2 * H, 0], H, <floating> 0, &drh[0, 0], H)
                _c.gruc_gru_before_backward_r(gates_t, dh_before, ld_dh, &drh[0, 0], h_prev_t,
                                              step.alive, step.carried, H)
            if step.carried > 0:
                # dh_before += [dr dz] @ W_hh[:2H]
                gemm(ASIS, ASIS, step.carried, H, 2 * H, <floating> 1, gates_t, 4 * H,
                     &W_hh[0, 0], H, <floating> 1, dh_before, ld_dh)
            if reset_after and step.carried > 0:
                # dh_before += (dn * r) @ W_hh[2H:]
                gemm(ASIS, ASIS, step.carried, H, H, <floating> 1, gates_t + 3 * H, 4 * H,
                     &W_hh[2 * H, 0], H, <floating> 1, dh_before, ld_dh)

        # dW_ih = [dr dz dn].T @ x
        gemm(TRANSPOSED, ASIS, 3 * H, D, N, <floating> 1, &gates[0, 0], 4 * H, &x[0, 0], D,
             <floating> 0, &dW_ih[0, 0], D)
        # dW_hh[:2H] = [dr dz].T @ h_prev
        gemm(TRANSPOSED, ASIS, 2 * H, H, N, <floating> 1, &gates[0, 0], 4 * H, &h_prev[0, 0], H,
             <floating> 0, &dW_hh[0, 0], H)
        _c.gruc_column_sums(&db_ih[0], &gates[0, 0], 4 * H, N, 3 * H)
        if reset_after:
            # dW_hh[2H:] = (dn * r).T @ h_prev
            gemm(TRANSPOSED, ASIS, H, H, N, <floating> 1, &gates[0, 3 * H], 4 * H, &h_prev[0, 0], H,
                 <floating> 0, &dW_hh[2 * H, 0], H)
            # db_hh = sum of [dr dz dn * r]
            memcpy(&db_hh[0], &db_ih[0], 2 * H * sizeof(floating))
            _c.gruc_column_sums(&db_hh[2 * H], &gates[0, 3 * H], 4 * H, N, H)
        else:
            # dW_hh[2H:] = dn.T @ rh
            gemm(TRANSPOSED, ASIS, H, H, N, <floating> 1, &gates[0, 2 * H], 4 * H, &gates[0, 3 * H],
                 4 * H, <floating> 0, &dW_hh[2 * H, 0], H)
        if dx is not None:
            # dx = [dr dz dn] @ W_ih
            gemm(ASIS, ASIS, N, D, 3 * H, <floating> 1, &gates[0, 0], 4 * H, &W_ih[0, 0], D,
                 <floating> add_to_dx, &dx[0, 0], D)


cdef inline void copy_rows(
    floating *out, Py_ssize_t ld_out, const floating *rows, Py_ssize_t ld_rows,
    Py_ssize_t m, Py_ssize_t n,
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(m):
        memcpy(out + i * ld_out, rows + i * ld_rows, n * sizeof(floating))


cdef int require_layer(
    const floating[:, ::1] gates, const floating[:, :] h, const floating[:, ::1] h_prev,
    const floating[:, ::1] x, const floating[:, ::1] W_ih, const floating[:, ::1] W_hh,
    const Py_ssize_t[::1] offsets,
) except -1:
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], H = W_hh.shape[1]
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require(offsets.shape[0] > 1, "offsets (T + 1,) from 0 on")
    require_packed(offsets, N, offsets[1])
    require(gates.shape[0] == N and gates.shape[1] == 4 * H, "gates (N, 4H)")
    require(h.shape[0] == N and h.shape[1] == H, "h or dh (N, H)")
    require(h.strides[1] == sizeof(floating) and h.strides[0] >= H * <Py_ssize_t> sizeof(floating),
            "rows of h or dh contiguous and apart")
    require(h_prev.shape[0] == N and h_prev.shape[1] == H, "h_prev (N, H)")
    require(W_ih.shape[0] == 3 * H and W_ih.shape[1] == D, "W_ih (3H, D)")
    require(W_hh.shape[0] == 3 * H, "W_hh (3H, H)")
    return 0


# ---- dense head and readout ----------------------------------------------------

def dense_forward(
    floating[:, ::1] out not None,      # (B, K) OUT
    const floating[:, ::1] x not None,  # (B, F)
    const floating[:, ::1] W not None,  # (K, F)
    const floating[::1] b not None,     # (K,)
):
    """out = x @ W.T + b"""
    cdef Py_ssize_t B = x.shape[0], F = x.shape[1], K = W.shape[0], i
    require(B > 0 and F > 0 and K > 0, "B, F and K > 0")
    require(out.shape[0] == B and out.shape[1] == K, "out (B, K)")
    require(W.shape[1] == F, "W (K, F)")
    require(b.shape[0] == K, "b (K,)")
    check_blas_sizes(B, F, K)
    with nogil:
        for i in range(B):
            memcpy(&out[i, 0], &b[0], K * sizeof(floating))
        # out += x @ W.T
        gemm(ASIS, TRANSPOSED, B, K, F, <floating> 1, &x[0, 0], F, &W[0, 0], F,
             <floating> 1, &out[0, 0], K)


def dense_backward(
    floating[:, ::1] dx not None,          # (B, F) OUT
    floating[:, ::1] dW not None,          # (K, F) OUT
    floating[::1] db not None,             # (K,) OUT
    const floating[:, ::1] dout not None,  # (B, K)
    const floating[:, ::1] x not None,     # (B, F)
    const floating[:, ::1] W not None,     # (K, F)
):
    """Gradients of `dense_forward`."""
    cdef Py_ssize_t B = x.shape[0], F = x.shape[1], K = W.shape[0]
    require(B > 0 and F > 0 and K > 0, "B, F and K > 0")
    require(dx.shape[0] == B and dx.shape[1] == F, "dx (B, F)")
    require(dW.shape[0] == K and dW.shape[1] == F, "dW (K, F)")
    require(db.shape[0] == K, "db (K,)")
    require(dout.shape[0] == B and dout.shape[1] == K, "dout (B, K)")
    require(W.shape[1] == F, "W (K, F)")
    check_blas_sizes(B, F, K)
    with nogil:
        # dx = dout @ W
        gemm(ASIS, ASIS, B, F, K, <floating> 1, &dout[0, 0], K, &W[0, 0], F,
             <floating> 0, &dx[0, 0], F)
        # dW = dout.T @ x
        gemm(TRANSPOSED, ASIS, K, F, B, <floating> 1, &dout[0, 0], K, &x[0, 0], F,
             <floating> 0, &dW[0, 0], F)
        _c.gruc_column_sums(&db[0], &dout[0, 0], K, B, K)


def mean_backward(
    floating[:, ::1] dh not None,           # (N, F) OUT
    const floating[:, ::1] dout not None,   # (B, F)
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
):
    """dh[t, b] = dout[b] / lengths[b]: gradient of `inference.mean`."""
    cdef Py_ssize_t B = dout.shape[0], F = dout.shape[1], T = offsets.shape[0] - 1
    require_packed(offsets, dh.shape[0], B)
    require(dh.shape[1] == F and F > 0, "dh (N, F)")
    require(lengths.shape[0] == B, "lengths (B,)")
    with nogil:
        _c.gruc_mean_backward(&dh[0, 0], &dout[0, 0], &lengths[0], &offsets[0], T, F)


# ---- losses: logits in, gradient of the weighted mean out, weighted sum returned ----

def softmax_cross_entropy(
    floating[:, ::1] a not None,            # (B, K) IN: logits, OUT: gradient
    const Py_ssize_t[::1] labels not None,  # (B,)
    const double[::1] weights not None,     # (B,)
    double total,                  # sum of weights, > 0
):
    """sum_b weights[b] * -log softmax(a[b])[labels[b]]"""
    cdef Py_ssize_t B = a.shape[0], K = a.shape[1], b
    cdef double loss
    require(B > 0 and K > 0 and total > 0, "B, K and total > 0")
    require(labels.shape[0] == B and weights.shape[0] == B, "labels and weights (B,)")
    for b in range(B):
        require(0 <= labels[b] < K, "0 <= labels < K")
    with nogil:
        loss = _c.gruc_softmax_cross_entropy(&a[0, 0], &labels[0], &weights[0], total, B, K)
    return loss


def sigmoid_cross_entropy(
    floating[:, ::1] a not None,        # (B, K) IN: logits, OUT: gradient
    const floating[:, ::1] y not None,  # (B, K), in [0, 1]
    const double[::1] weights not None,  # (B,)
    double total,              # sum of weights, > 0
):
    """sum_b weights[b] * sum_k log(1 + exp(a)) - y a"""
    cdef double loss
    require_targets(a, y, weights, total)
    with nogil:
        loss = _c.gruc_sigmoid_cross_entropy(&a[0, 0], &y[0, 0], &weights[0], total,
                                             a.shape[0], a.shape[1])
    return loss


def squared_error(
    floating[:, ::1] a not None,        # (B, K) IN: outputs, OUT: gradient
    const floating[:, ::1] y not None,  # (B, K)
    const double[::1] weights not None,  # (B,)
    double total,              # sum of weights, > 0
):
    """sum_b weights[b] * mean_k (a - y)^2 / 2"""
    cdef double loss
    require_targets(a, y, weights, total)
    with nogil:
        loss = _c.gruc_squared_error(&a[0, 0], &y[0, 0], &weights[0], total,
                                     a.shape[0], a.shape[1])
    return loss


cdef int require_targets(
    const floating[:, ::1] a, const floating[:, ::1] y, const double[::1] weights, double total,
) except -1:
    require(a.shape[0] > 0 and a.shape[1] > 0 and total > 0, "B, K and total > 0")
    require(y.shape[0] == a.shape[0] and y.shape[1] == a.shape[1], "y (B, K)")
    require(weights.shape[0] == a.shape[0], "weights (B,)")
    return 0


# ---- the flat buffers ------------------------------------------------------------

def norm(const floating[::1] g not None):
    """sqrt(sum(g ** 2)), added up in double."""
    cdef double result
    require(g.shape[0] > 0, "g not empty")
    with nogil:
        result = _c.gruc_norm(&g[0], g.shape[0])
    return result


def scale(
    floating[::1] g not None,  # (size,) IN/OUT
    double factor,
):
    """g *= factor"""
    require(g.shape[0] > 0, "g not empty")
    with nogil:
        _c.gruc_scale(&g[0], factor, g.shape[0])


def adam(
    floating[::1] p not None,        # (size,) IN/OUT: parameters
    floating[::1] m not None,        # (size,) IN/OUT: first moment
    floating[::1] v not None,        # (size,) IN/OUT: second moment
    const floating[::1] g not None,  # (size,) gradient
    Py_ssize_t t,           # step number, from 1
    double learning_rate, double beta_1, double beta_2, double epsilon,
):
    """One step of Adam (Kingma and Ba 2015), in place."""
    cdef Py_ssize_t size = p.shape[0]
    cdef double rate, unbias
    require(size > 0 and t > 0, "p not empty, t > 0")
    require(m.shape[0] == size and v.shape[0] == size and g.shape[0] == size, "m, v, g (size,)")
    with nogil:
        rate = learning_rate / (1 - beta_1 ** t)
        unbias = 1 / (1 - beta_2 ** t)
        _c.gruc_adam(&p[0], &m[0], &v[0], &g[0], rate, unbias, beta_1, beta_2, epsilon, size)
