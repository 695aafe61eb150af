"""GRU layers over BLAS: the plain path, the oracle of `training`'s kernels.

A product a step and gates from libm, with nothing fused, packed or split: slower, and
independent of gru.body.h and gru_train.body.h. `GRUC_KERNEL=blas` trains with it. Equations, packed
rows and arguments are those of gru_train.body.h.

`gates` (N, 4H) holds [ih_r ih_z ih_n .], then [r z n hn] or [r z n r*h_prev], then
[dr dz dn dn*r] or [dr dz dn r*h_prev].
"""

from cpython.pycapsule cimport PyCapsule_New
from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._blas cimport ASIS, TRANSPOSED, blas_size_max, gemm
from gruc.kernels._packed cimport require
from libc.math cimport exp, tanh
from libc.string cimport memcpy, memset

cdef _c.gruc_plain_f32 passes_f32
cdef _c.gruc_plain_f64 passes_f64
passes_f32.forward = gru_forward[float]
passes_f32.backward = gru_backward[float]
passes_f64.forward = gru_forward[double]
passes_f64.backward = gru_backward[double]


def passes():
    """What `training.use` takes: the two passes for each precision, and the largest size BLAS can be told."""
    return (
        PyCapsule_New(&passes_f32, "gruc_plain_f32", NULL),
        PyCapsule_New(&passes_f64, "gruc_plain_f64", NULL),
        blas_size_max(),
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


cdef void masked(
    floating *k, const floating *h, size_t ld_h, const floating *mask, Py_ssize_t m, Py_ssize_t n,
) noexcept nogil:
    """k = mask * h (m, n), or h without a mask."""
    cdef Py_ssize_t i, j
    for i in range(m):
        for j in range(n):
            k[i * n + j] = h[i * ld_h + j] * (mask[i * n + j] if mask != NULL else 1)


cdef inline double sigmoid(double a) noexcept nogil:
    return 1 / (1 + exp(-a))


cdef void gru_forward(
    floating *gates, floating *h, size_t ld_h, floating *state, size_t ld_state, floating *scratch,
    const floating *x, const floating *mask, const floating *W_ihT, const floating *W_hhT,
    const floating *b_ih, const floating *b_hh, const Py_ssize_t *offsets, size_t n_steps, size_t D, size_t H,
    int reverse,
) noexcept nogil:
    """Fill gates (N, 4H), h (N, H) and state (B, H), where each sequence ends, from x (N, D)."""
    cdef bint reset_after = b_hh != NULL
    cdef Py_ssize_t T = n_steps, s, t, i, j, n_units = H
    cdef Step step
    cdef floating *gate
    cdef floating *hh = scratch  # (B, 3H)
    cdef floating *k = scratch + offsets[1] * 3 * H  # (B, H) h_prev as it enters W_hh
    cdef floating *hh_i
    cdef floating *h_i
    cdef const floating *h_before
    cdef floating a, before, r, z, n, hn
    # gates[:, :3H] = x @ W_ihT
    gemm(ASIS, ASIS, offsets[T], 3 * H, D, <floating> 1, x, D, W_ihT, 3 * H, <floating> 0, gates, 4 * H)
    for s in range(T):
        t = T - 1 - s if reverse else s
        step = step_at(t, offsets, T, reverse)
        h_before = h + step.before * ld_h
        # hh = k @ W_hhT, with reset before its first 2H columns; h_prev = 0 for those who start
        masked(k, h_before, ld_h, mask, step.carried, H)
        memset(hh, 0, step.alive * 3 * H * sizeof(floating))
        gemm(ASIS, ASIS, step.carried, 3 * H if reset_after else 2 * H, H, <floating> 1, k, H,
             W_hhT, 3 * H, <floating> 0, hh, 3 * H)
        for i in range(step.alive):
            gate = gates + (step.row + i) * 4 * H
            hh_i = hh + i * 3 * H
            for j in range(2 * n_units):
                a = gate[j] + b_ih[j] + hh_i[j] + (b_hh[j] if reset_after else 0)
                gate[j] = <floating> sigmoid(a)
            for j in range(n_units):
                if reset_after:
                    gate[3 * H + j] = hh_i[2 * H + j] + b_hh[2 * H + j]
                else:
                    gate[3 * H + j] = gate[j] * k[i * n_units + j] if i < step.carried else 0
        if not reset_after:
            # hh[:, 2H:] = rh @ W_hhT[:, 2H:]
            gemm(ASIS, ASIS, step.alive, H, H, <floating> 1, gates + step.row * 4 * H + 3 * H, 4 * H,
                 W_hhT + 2 * H, 3 * H, <floating> 0, hh + 2 * H, 3 * H)
        for i in range(step.alive):
            gate = gates + (step.row + i) * 4 * H
            h_i = h + (step.row + i) * ld_h
            for j in range(n_units):
                r = gate[j]
                z = gate[H + j]
                hn = r * gate[3 * H + j] if reset_after else hh[i * 3 * H + 2 * H + j]
                n = <floating> tanh(gate[2 * H + j] + b_ih[2 * H + j] + hn)
                before = h_before[i * ld_h + j] if i < step.carried else 0
                gate[2 * H + j] = n
                h_i[j] = n + z * (before - n)
            if i >= step.going:
                memcpy(state + i * ld_state, h_i, H * sizeof(floating))


cdef void gru_backward(
    floating *dW_ihT, floating *dW_hhT, floating *db_ih, floating *db_hh, floating *dx, floating *dstate,
    size_t ld_dstate, const floating *dh, size_t ld_dh, floating *scratch, floating *gates,
    const floating *h, size_t ld_h, const floating *x, const floating *mask, const floating *W_ihT,
    const floating *W_hhT, const Py_ssize_t *offsets, size_t n_steps, size_t D, size_t H, int reverse,
    int add_to_dx,
) noexcept nogil:
    """Back through time what `gru_forward` did; dx, dh and mask may be NULL."""
    cdef bint reset_after = db_hh != NULL
    cdef Py_ssize_t T = n_steps, N = offsets[T], s, t, i, j, n_units = H
    cdef Step step
    cdef floating *gate
    cdef floating *d  # gates of a step
    cdef floating *drh = scratch  # (B, H)
    cdef floating *k = scratch + offsets[1] * H
    cdef floating *dk = k + offsets[1] * H
    cdef const floating *h_before
    cdef floating before, r, z, n, hn, grad, dn
    memset(dW_hhT, 0, H * 3 * H * sizeof(floating))
    for s in range(T):
        t = s if reverse else T - 1 - s
        step = step_at(t, offsets, T, reverse)
        h_before = h + step.before * ld_h
        d = gates + step.row * 4 * H
        masked(k, h_before, ld_h, mask, step.carried, H)
        memset(dk, 0, step.alive * H * sizeof(floating))
        for i in range(step.alive):
            gate = d + i * 4 * H
            for j in range(n_units):
                r = gate[j]
                z = gate[H + j]
                n = gate[2 * H + j]
                hn = gate[3 * H + j]
                before = h_before[i * ld_h + j] if i < step.carried else 0
                grad = dstate[i * ld_dstate + j] + (dh[(step.row + i) * ld_dh + j] if dh != NULL else 0)
                dn = grad * (1 - z) * (1 - n * n)
                gate[H + j] = grad * (before - n) * z * (1 - z)
                gate[2 * H + j] = dn
                if reset_after:
                    gate[j] = dn * hn * r * (1 - r)
                    gate[3 * H + j] = dn * r
                dstate[i * ld_dstate + j] = grad * z
        if not reset_after:
            # drh = dn @ W_hh_n
            gemm(ASIS, TRANSPOSED, step.alive, H, H, <floating> 1, d + 2 * H, 4 * H, W_hhT + 2 * H, 3 * H,
                 <floating> 0, drh, H)
            for i in range(step.alive):
                gate = d + i * 4 * H
                for j in range(n_units):
                    r = gate[j]
                    before = k[i * n_units + j] if i < step.carried else 0
                    gate[j] = drh[i * n_units + j] * before * r * (1 - r)
                    dk[i * n_units + j] = drh[i * n_units + j] * r
        # dk += [dr dz] @ W_hh_rz; with reset after also (dn * r) @ W_hh_n
        gemm(ASIS, TRANSPOSED, step.alive, H, 2 * H, <floating> 1, d, 4 * H, W_hhT, 3 * H,
             <floating> 1, dk, H)
        if reset_after:
            gemm(ASIS, TRANSPOSED, step.alive, H, H, <floating> 1, d + 3 * H, 4 * H, W_hhT + 2 * H, 3 * H,
                 <floating> 1, dk, H)
        masked(dk, dk, H, mask, step.alive, H)
        for i in range(step.alive):
            for j in range(n_units):
                dstate[i * ld_dstate + j] += dk[i * n_units + j]
        # dW_hhT[:, :2H] += k.T @ [dr dz]; dW_hhT[:, 2H:] += k.T @ (dn * r)
        gemm(TRANSPOSED, ASIS, H, 2 * H, step.carried, <floating> 1, k, H, d, 4 * H,
             <floating> 1, dW_hhT, 3 * H)
        if reset_after:
            gemm(TRANSPOSED, ASIS, H, H, step.carried, <floating> 1, k, H, d + 3 * H, 4 * H,
                 <floating> 1, dW_hhT + 2 * H, 3 * H)

    if not reset_after:
        # dW_hhT[:, 2H:] = rh.T @ dn
        gemm(TRANSPOSED, ASIS, H, H, N, <floating> 1, gates + 3 * H, 4 * H, gates + 2 * H, 4 * H,
             <floating> 0, dW_hhT + 2 * H, 3 * H)
    # dW_ihT = x.T @ [dr dz dn]
    gemm(TRANSPOSED, ASIS, D, 3 * H, N, <floating> 1, x, D, gates, 4 * H, <floating> 0, dW_ihT, 3 * H)
    memset(db_ih, 0, 3 * H * sizeof(floating))
    if reset_after:
        memset(db_hh, 0, 3 * H * sizeof(floating))
    for i in range(N):
        gate = gates + i * 4 * H
        for j in range(3 * n_units):
            db_ih[j] += gate[j]
            if reset_after:
                db_hh[j] += gate[j] if j < 2 * n_units else gate[H + j]
    if dx != NULL:
        # dx = [dr dz dn] @ W_ih
        gemm(ASIS, TRANSPOSED, N, D, 3 * H, <floating> 1, gates, 4 * H, W_ihT, 3 * H,
             <floating> add_to_dx, dx, D)
