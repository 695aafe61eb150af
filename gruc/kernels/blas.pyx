"""GRU layers over BLAS: the plain path, the oracle of `training`'s kernels.

A product a step and gates from libm, with nothing fused, packed or split: slower, and
independent of include/gruc. `GRUC_KERNEL=blas` trains with it. The equations, the
packed rows and the arguments are those of `training.gru_forward` and `gru_backward`.

`gates` (N, 4H) holds [ih_r ih_z ih_n .], then [r z n hn] or [r z n r*h_prev].
"""

from cython cimport floating
from gruc.kernels._blas cimport ASIS, TRANSPOSED, blas_size_max, gemm
from gruc.kernels._packed cimport require, require_packed, row_length
from libc.math cimport exp, tanh
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


cdef struct Step:
    Py_ssize_t row      # of the first sequence at this step
    Py_ssize_t alive    # sequences that have this step
    Py_ssize_t before   # row of the first sequence at the step before, in loop order
    Py_ssize_t carried  # sequences that have both; the others start with h_prev = 0
    Py_ssize_t going    # sequences that have this step and the next, in loop order


cdef inline Step step_at(
    Py_ssize_t t, const Py_ssize_t *offsets, Py_ssize_t T, bint reverse,
) noexcept nogil:
    cdef Step step
    cdef Py_ssize_t before = t + 1 if reverse else t - 1, after = t - 1 if reverse else t + 1
    step.row = offsets[t]
    step.alive = offsets[t + 1] - offsets[t]
    step.before = step.carried = step.going = 0
    if 0 <= before < T:
        step.before = offsets[before]
        step.carried = min(step.alive, offsets[before + 1] - offsets[before])
    if 0 <= after < T:
        step.going = min(step.alive, offsets[after + 1] - offsets[after])
    return step


cdef inline double sigmoid(double a) noexcept nogil:
    return 1 / (1 + exp(-a))


def gru_forward(
    floating[:, ::1] gates not None,        # (N, 4H) OUT
    floating[:, :] h not None,              # (N, H) OUT, rows contiguous
    floating[:, ::1] h_prev not None,       # (N, H) OUT: the state each row started from
    floating[:, :] state not None,          # (B, H) OUT, rows contiguous: where each sequence ends
    floating[:, ::1] hh not None,           # (B, 3H) scratch
    const floating[:, ::1] x not None,      # (N, D)
    const floating[:, ::1] W_ihT not None,  # (D, 3H)
    const floating[:, ::1] W_hhT not None,  # (H, 3H)
    const floating[::1] b_ih not None,      # (3H,)
    const floating[::1] b_hh,               # (3H,), None with reset_after=False
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
):
    """One layer, one direction, over a packed batch, from the state 0."""
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], B = state.shape[0], H = state.shape[1]
    cdef Py_ssize_t T = offsets.shape[0] - 1, ld_h = row_length(h), s, t, i, j
    cdef Step step
    cdef floating *gate
    cdef floating *hh_i
    cdef floating a, r, z, n, hn
    require_layer(gates, h_prev, x, W_ihT, W_hhT, offsets, B)
    require(h.shape[0] == N and h.shape[1] == H == W_hhT.shape[0], "h (N, H)")
    row_length(state)
    require(hh.shape[0] >= B and hh.shape[1] == 3 * H, "hh (B, 3H)")
    require(b_ih.shape[0] == 3 * H, "b_ih (3H,)")
    require((b_hh is not None) == reset_after, "b_hh with reset_after only")
    if b_hh is not None:
        require(b_hh.shape[0] == 3 * H, "b_hh (3H,)")
    check_blas_sizes(N, D, 4 * H, ld_h)

    with nogil:
        # gates[:, :3H] = x @ W_ihT
        gemm(ASIS, ASIS, N, 3 * H, D, <floating> 1, &x[0, 0], D, &W_ihT[0, 0], 3 * H,
             <floating> 0, &gates[0, 0], 4 * H)
        for s in range(T):
            t = T - 1 - s if reverse else s
            step = step_at(t, &offsets[0], T, reverse)
            for i in range(step.alive):
                if i < step.carried:
                    memcpy(&h_prev[step.row + i, 0], &h[step.before + i, 0], H * sizeof(floating))
                else:
                    memset(&h_prev[step.row + i, 0], 0, H * sizeof(floating))
            # hh = h_prev @ W_hhT, with reset before its first 2H columns
            gemm(ASIS, ASIS, step.alive, 3 * H if reset_after else 2 * H, H, <floating> 1,
                 &h_prev[step.row, 0], H, &W_hhT[0, 0], 3 * H, <floating> 0, &hh[0, 0], 3 * H)
            for i in range(step.alive):
                gate = &gates[step.row + i, 0]
                hh_i = &hh[i, 0]
                for j in range(2 * H):
                    a = gate[j] + b_ih[j] + hh_i[j] + (b_hh[j] if reset_after else 0)
                    gate[j] = <floating> sigmoid(a)
                for j in range(H):
                    if reset_after:
                        gate[3 * H + j] = hh_i[2 * H + j] + b_hh[2 * H + j]
                    else:
                        gate[3 * H + j] = gate[j] * h_prev[step.row + i, j]
            if not reset_after:
                # hh[:, 2H:] = rh @ W_hhT[:, 2H:]
                gemm(ASIS, ASIS, step.alive, H, H, <floating> 1, &gates[step.row, 3 * H], 4 * H,
                     &W_hhT[0, 2 * H], 3 * H, <floating> 0, &hh[0, 2 * H], 3 * H)
            for i in range(step.alive):
                gate = &gates[step.row + i, 0]
                for j in range(H):
                    r = gate[j]
                    z = gate[H + j]
                    hn = r * gate[3 * H + j] if reset_after else hh[i, 2 * H + j]
                    n = <floating> tanh(gate[2 * H + j] + b_ih[2 * H + j] + hn)
                    gate[2 * H + j] = n
                    h[step.row + i, j] = n + z * (h_prev[step.row + i, j] - n)
                if i >= step.going:
                    memcpy(&state[i, 0], &h[step.row + i, 0], H * sizeof(floating))


def gru_backward(
    floating[:, ::1] dW_ihT not None,       # (D, 3H) OUT
    floating[:, ::1] dW_hhT not None,       # (H, 3H) OUT
    floating[::1] db_ih not None,           # (3H,) OUT
    floating[::1] db_hh,                    # (3H,) OUT, None with reset_after=False
    floating[:, ::1] dx,                    # (N, D) OUT, or None where nobody asks
    floating[:, :] dstate not None,         # (B, H) IN: gradient of where each sequence ends; used up
    const floating[:, :] dh,                # (N, H) gradient of h from above, or None
    floating[:, ::1] drh not None,          # (B, H) scratch
    floating[:, ::1] gates not None,        # (N, 4H) IN: from gru_forward, OUT: [dr dz dn dn*r or r*h_prev]
    const floating[:, ::1] h_prev not None,  # (N, H) from gru_forward
    const floating[:, ::1] x not None,      # (N, D)
    const floating[:, ::1] W_ihT not None,  # (D, 3H)
    const floating[:, ::1] W_hhT not None,  # (H, 3H)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
    bint add_to_dx,                         # dx is added to, not overwritten: the second direction
):
    """Back through time what `gru_forward` did."""
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], B = dstate.shape[0], H = dstate.shape[1]
    cdef Py_ssize_t T = offsets.shape[0] - 1, ld_dstate = row_length(dstate), s, t, i, j
    cdef Step step
    cdef floating *gate
    cdef floating r, z, n, hn, grad, dn
    require_layer(gates, h_prev, x, W_ihT, W_hhT, offsets, B)
    require(W_hhT.shape[0] == H, "W_hhT (H, 3H)")
    require(drh.shape[0] >= B and drh.shape[1] == H, "drh (B, H)")
    require(dW_ihT.shape[0] == D and dW_ihT.shape[1] == 3 * H, "dW_ihT (D, 3H)")
    require(dW_hhT.shape[0] == H and dW_hhT.shape[1] == 3 * H, "dW_hhT (H, 3H)")
    require(db_ih.shape[0] == 3 * H, "db_ih (3H,)")
    require((db_hh is not None) == reset_after, "db_hh with reset_after only")
    if db_hh is not None:
        require(db_hh.shape[0] == 3 * H, "db_hh (3H,)")
    if dx is not None:
        require(dx.shape[0] == N and dx.shape[1] == D, "dx (N, D)")
    if dh is not None:
        require(dh.shape[0] == N and dh.shape[1] == H, "dh (N, H)")
        row_length(dh)
    check_blas_sizes(N, D, 4 * H, ld_dstate)

    with nogil:
        for s in range(T):
            t = s if reverse else T - 1 - s
            step = step_at(t, &offsets[0], T, reverse)
            for i in range(step.alive):
                gate = &gates[step.row + i, 0]
                for j in range(H):
                    r = gate[j]
                    z = gate[H + j]
                    n = gate[2 * H + j]
                    hn = gate[3 * H + j]
                    grad = dstate[i, j] + (dh[step.row + i, j] if dh is not None else 0)
                    dn = grad * (1 - z) * (1 - n * n)
                    gate[H + j] = grad * (h_prev[step.row + i, j] - n) * z * (1 - z)
                    gate[2 * H + j] = dn
                    if reset_after:
                        gate[j] = dn * hn * r * (1 - r)
                        gate[3 * H + j] = dn * r
                    dstate[i, j] = grad * z
            if not reset_after:
                # drh = dn @ W_hh_n
                gemm(ASIS, TRANSPOSED, step.alive, H, H, <floating> 1, &gates[step.row, 2 * H], 4 * H,
                     &W_hhT[0, 2 * H], 3 * H, <floating> 0, &drh[0, 0], H)
                for i in range(step.alive):
                    for j in range(H):
                        r = gates[step.row + i, j]
                        gates[step.row + i, j] = drh[i, j] * h_prev[step.row + i, j] * r * (1 - r)
                        dstate[i, j] += drh[i, j] * r
            # dstate += [dr dz] @ W_hh_rz; with reset after also (dn * r) @ W_hh_n
            gemm(ASIS, TRANSPOSED, step.alive, H, 2 * H, <floating> 1, &gates[step.row, 0], 4 * H,
                 &W_hhT[0, 0], 3 * H, <floating> 1, &dstate[0, 0], ld_dstate)
            if reset_after:
                gemm(ASIS, TRANSPOSED, step.alive, H, H, <floating> 1, &gates[step.row, 3 * H], 4 * H,
                     &W_hhT[0, 2 * H], 3 * H, <floating> 1, &dstate[0, 0], ld_dstate)

        # dW_ihT = x.T @ [dr dz dn]
        gemm(TRANSPOSED, ASIS, D, 3 * H, N, <floating> 1, &x[0, 0], D, &gates[0, 0], 4 * H,
             <floating> 0, &dW_ihT[0, 0], 3 * H)
        # dW_hhT[:, :2H] = h_prev.T @ [dr dz]
        gemm(TRANSPOSED, ASIS, H, 2 * H, N, <floating> 1, &h_prev[0, 0], H, &gates[0, 0], 4 * H,
             <floating> 0, &dW_hhT[0, 0], 3 * H)
        if reset_after:
            # dW_hhT[:, 2H:] = h_prev.T @ (dn * r)
            gemm(TRANSPOSED, ASIS, H, H, N, <floating> 1, &h_prev[0, 0], H, &gates[0, 3 * H], 4 * H,
                 <floating> 0, &dW_hhT[0, 2 * H], 3 * H)
        else:
            # dW_hhT[:, 2H:] = rh.T @ dn
            gemm(TRANSPOSED, ASIS, H, H, N, <floating> 1, &gates[0, 3 * H], 4 * H, &gates[0, 2 * H], 4 * H,
                 <floating> 0, &dW_hhT[0, 2 * H], 3 * H)
        memset(&db_ih[0], 0, 3 * H * sizeof(floating))
        if reset_after:
            memset(&db_hh[0], 0, 3 * H * sizeof(floating))
        for i in range(N):
            for j in range(3 * H):
                db_ih[j] += gates[i, j]
                if reset_after:
                    db_hh[j] += gates[i, j] if j < 2 * H else gates[i, H + j]
        if dx is not None:
            # dx = [dr dz dn] @ W_ih
            gemm(ASIS, TRANSPOSED, N, D, 3 * H, <floating> 1, &gates[0, 0], 4 * H, &W_ihT[0, 0], 3 * H,
                 <floating> add_to_dx, &dx[0, 0], D)


cdef int require_layer(
    const floating[:, ::1] gates, const floating[:, ::1] h_prev, const floating[:, ::1] x,
    const floating[:, ::1] W_ihT, const floating[:, ::1] W_hhT, const Py_ssize_t[::1] offsets, Py_ssize_t B,
) except -1:
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], H = W_hhT.shape[0]
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require_packed(offsets, N, B)
    require(gates.shape[0] == N and gates.shape[1] == 4 * H, "gates (N, 4H)")
    require(h_prev.shape[0] == N and h_prev.shape[1] == H, "h_prev (N, H)")
    require(W_ihT.shape[0] == D and W_ihT.shape[1] == 3 * H, "W_ihT (D, 3H)")
    require(W_hhT.shape[1] == 3 * H, "W_hhT (H, 3H)")
    return 0
