"""GRU layers over BLAS: the plain path, the oracle of `training`'s kernels.

A product a step and gates from libm, with nothing fused, packed or split: slower, and
independent of gru.body.h and gru_train.body.h. `GRUC_KERNEL=blas` trains with it. Equations and packed
rows are those of gru_train.body.h, arguments those of gru_batch.h.

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

# what differs from the row of a cell in `training`'s own table of operations: operations.h
cdef _c.gruc_operation cell_f32
cdef _c.gruc_operation cell_f64
cell_f32.scratch_size = cell_f64.scratch_size = scratch_size
cell_f32.forward = forward_f32
cell_f32.backward = backward_f32
cell_f64.forward = forward_f64
cell_f64.backward = backward_f64


def provider():
    """What `training.use` takes: a cell's row for each precision, and the largest size BLAS can be told."""
    return (
        PyCapsule_New(&cell_f32, "gruc_operation_f32", NULL),
        PyCapsule_New(&cell_f64, "gruc_operation_f64", NULL),
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
    Py_ssize_t carried  # sequences that have both; the others start from state0
    Py_ssize_t going    # sequences that have this step and the next, in loop order
    Py_ssize_t known    # sequences whose h_prev is not zero: all, or without state0 those carried


cdef inline Step step_at(Py_ssize_t t, const _c.gruc_gru_batch *b) noexcept nogil:
    cdef Step step
    cdef const Py_ssize_t *offsets = b.offsets
    cdef Py_ssize_t T = b.T, before = t + 1 if b.reverse else t - 1, after = t - 1 if b.reverse else t + 1
    step.row = offsets[t]
    step.alive = offsets[t + 1] - offsets[t]
    step.before = step.carried = step.going = 0
    if 0 <= before < T:
        step.before = offsets[before]
        step.carried = min(step.alive, offsets[before + 1] - offsets[before])
    if 0 <= after < T:
        step.going = min(step.alive, offsets[after + 1] - offsets[after])
    step.known = step.carried if b.state0 == NULL else step.alive
    return step


cdef inline const floating *h_prev(
    Py_ssize_t i, const Step *step, const _c.gruc_gru_batch *b, const floating *h,
) noexcept nogil:
    """State of sequence i < known before the step."""
    if i < step.carried:
        return h + (step.before + i) * b.ld_h
    return <const floating *> b.state0 + i * b.ld_state0


cdef void entering(
    floating *k, const Step *step, const _c.gruc_gru_batch *b, const floating *h,
) noexcept nogil:
    """k (known, H) = h_prev as it enters W_hh: times the mask, where there is one."""
    cdef Py_ssize_t i
    cdef Py_ssize_t H = b.H
    for i in range(step.known):
        memcpy(k + i * H, h_prev(i, step, b, h), H * sizeof(floating))
    masked(k, <const floating *> b.mask, step.known, H)


cdef inline void masked(floating *k, const floating *mask, Py_ssize_t m, Py_ssize_t n) noexcept nogil:
    """k (m, n) *= mask, where there is one."""
    cdef Py_ssize_t i
    if mask != NULL:
        for i in range(m * n):
            k[i] = k[i] * mask[i]


cdef inline double sigmoid(double a) noexcept nogil:
    return 1 / (1 + exp(-a))


# ---- operations of a program --------------------------------------------------------

cdef size_t scratch_size(const _c.gruc_op *op, const _c.gruc_pass *p) noexcept nogil:
    """Four states of all sequences."""
    return 4 * _c.gruc_clock_of(op, p).B * op.H


cdef void forward_f32(const _c.gruc_call *call) noexcept nogil:
    forward(<float *> NULL, call)


cdef void forward_f64(const _c.gruc_call *call) noexcept nogil:
    forward(<double *> NULL, call)


cdef void backward_f32(const _c.gruc_call *call) noexcept nogil:
    backward(<float *> NULL, call)


cdef void backward_f64(const _c.gruc_call *call) noexcept nogil:
    backward(<double *> NULL, call)


cdef inline void forward(floating *of, const _c.gruc_call *call) noexcept nogil:
    cdef _c.gruc_gru_batch batch = _c.gruc_gru_batch_of(call)
    cdef _c.gruc_gru_weights w = _c.gruc_gru_weights_at(<void *> call.parameters, call.op, sizeof(floating))
    gru_forward(<floating *> batch.scratch, &batch, &w)


cdef inline void backward(floating *of, const _c.gruc_call *call) noexcept nogil:
    cdef _c.gruc_gru_batch batch = _c.gruc_gru_batch_of(call)
    cdef _c.gruc_gru_weights w = _c.gruc_gru_weights_at(<void *> call.parameters, call.op, sizeof(floating))
    cdef _c.gruc_gru_weights g = _c.gruc_gru_weights_at(call.gradients, call.op, sizeof(floating))
    gru_backward(<floating *> batch.scratch, &g, &batch, &w)


# ---- a layer ------------------------------------------------------------------------

cdef void gru_forward(
    floating *scratch, const _c.gruc_gru_batch *b, const _c.gruc_gru_weights *w,
) noexcept nogil:
    """Fill gates, h and state."""
    cdef bint after = b.kind == _c.GRUC_GRU  # the reset gate, after the product
    cdef Py_ssize_t T = b.T, H = b.H, B = b.offsets[1], s, t, i, j
    cdef Step step
    cdef floating *gates = <floating *> b.gates
    cdef floating *h = <floating *> b.h
    cdef const floating *W_hhT = <const floating *> w.W_hhT
    cdef const floating *b_ih = <const floating *> w.b_ih
    cdef const floating *b_hh = <const floating *> w.b_hh
    cdef floating *hh = scratch  # (B, 3H)
    cdef floating *k = scratch + B * 3 * H  # (B, H)
    cdef floating *gate
    cdef floating *hh_i
    cdef floating *h_i
    cdef floating a, before, r, z, n, hn
    # gates[:, :3H] = x @ W_ihT
    gemm(ASIS, ASIS, b.offsets[T], 3 * H, b.D, <floating> 1, <const floating *> b.x, b.ld_x,
         <const floating *> w.W_ihT, 3 * H, <floating> 0, gates, 4 * H)
    for s in range(T):
        t = T - 1 - s if b.reverse else s
        step = step_at(t, b)
        # hh = k @ W_hhT, with reset before its first 2H columns; 0 for sequences that start from zeros
        entering(k, &step, b, h)
        memset(hh, 0, step.alive * 3 * H * sizeof(floating))
        gemm(ASIS, ASIS, step.known, 3 * H if after else 2 * H, H, <floating> 1, k, H,
             W_hhT, 3 * H, <floating> 0, hh, 3 * H)
        for i in range(step.alive):
            gate = gates + (step.row + i) * 4 * H
            hh_i = hh + i * 3 * H
            for j in range(2 * H):
                a = gate[j] + b_ih[j] + hh_i[j] + (b_hh[j] if after else 0)
                gate[j] = <floating> sigmoid(a)
            for j in range(H):
                if after:
                    gate[3 * H + j] = hh_i[2 * H + j] + b_hh[2 * H + j]
                else:
                    gate[3 * H + j] = gate[j] * k[i * H + j] if i < step.known else 0
        if not after:
            # hh[:, 2H:] = rh @ W_hhT[:, 2H:]
            gemm(ASIS, ASIS, step.alive, H, H, <floating> 1, gates + step.row * 4 * H + 3 * H, 4 * H,
                 W_hhT + 2 * H, 3 * H, <floating> 0, hh + 2 * H, 3 * H)
        for i in range(step.alive):
            gate = gates + (step.row + i) * 4 * H
            h_i = h + (step.row + i) * b.ld_h
            for j in range(H):
                r = gate[j]
                z = gate[H + j]
                hn = r * gate[3 * H + j] if after else hh[i * 3 * H + 2 * H + j]
                n = <floating> tanh(gate[2 * H + j] + b_ih[2 * H + j] + hn)
                before = h_prev(i, &step, b, h)[j] if i < step.known else 0
                gate[2 * H + j] = n
                h_i[j] = n + z * (before - n)
            if i >= step.going:
                memcpy(<floating *> b.state + i * b.ld_state, h_i, H * sizeof(floating))


cdef void gru_backward(
    floating *scratch, const _c.gruc_gru_weights *g, const _c.gruc_gru_batch *b,
    const _c.gruc_gru_weights *w,
) noexcept nogil:
    """Back through time what `gru_forward` did."""
    cdef bint after = b.kind == _c.GRUC_GRU  # the reset gate, after the product
    cdef Py_ssize_t T = b.T, D = b.D, H = b.H, B = b.offsets[1], N = b.offsets[T], s, t, i, j
    cdef Step step
    cdef floating *dW_hhT = <floating *> g.W_hhT
    cdef floating *db_ih = <floating *> g.b_ih
    cdef floating *db_hh = <floating *> g.b_hh
    cdef floating *dstate = <floating *> b.dstate
    cdef floating *gates = <floating *> b.gates
    cdef const floating *dh = <const floating *> b.dh
    cdef const floating *h = <const floating *> b.h
    cdef const floating *W_hhT = <const floating *> w.W_hhT
    cdef floating *drh = scratch  # (B, H)
    cdef floating *k = scratch + B * H
    cdef floating *dk = k + B * H
    cdef floating *gate
    cdef floating *d  # gates of a step
    cdef floating before, r, z, n, hn, grad, dn
    memset(dW_hhT, 0, H * 3 * H * sizeof(floating))
    for s in range(T):
        t = s if b.reverse else T - 1 - s
        step = step_at(t, b)
        d = gates + step.row * 4 * H
        entering(k, &step, b, h)
        memset(dk, 0, step.alive * H * sizeof(floating))
        for i in range(step.alive):
            gate = d + i * 4 * H
            for j in range(H):
                r = gate[j]
                z = gate[H + j]
                n = gate[2 * H + j]
                hn = gate[3 * H + j]
                before = h_prev(i, &step, b, h)[j] if i < step.known else 0
                grad = dstate[i * b.ld_dstate + j] + (dh[(step.row + i) * b.ld_dh + j] if dh != NULL else 0)
                dn = grad * (1 - z) * (1 - n * n)
                gate[H + j] = grad * (before - n) * z * (1 - z)
                gate[2 * H + j] = dn
                if after:
                    gate[j] = dn * hn * r * (1 - r)
                    gate[3 * H + j] = dn * r
                dstate[i * b.ld_dstate + j] = grad * z
        if not after:
            # drh = dn @ W_hh_n
            gemm(ASIS, TRANSPOSED, step.alive, H, H, <floating> 1, d + 2 * H, 4 * H, W_hhT + 2 * H, 3 * H,
                 <floating> 0, drh, H)
            for i in range(step.alive):
                gate = d + i * 4 * H
                for j in range(H):
                    r = gate[j]
                    before = k[i * H + j] if i < step.known else 0
                    gate[j] = drh[i * H + j] * before * r * (1 - r)
                    dk[i * H + j] = drh[i * H + j] * r
        # dk += [dr dz] @ W_hh_rz; with reset after also (dn * r) @ W_hh_n
        gemm(ASIS, TRANSPOSED, step.alive, H, 2 * H, <floating> 1, d, 4 * H, W_hhT, 3 * H,
             <floating> 1, dk, H)
        if after:
            gemm(ASIS, TRANSPOSED, step.alive, H, H, <floating> 1, d + 3 * H, 4 * H, W_hhT + 2 * H, 3 * H,
                 <floating> 1, dk, H)
        masked(dk, <const floating *> b.mask, step.alive, H)
        for i in range(step.alive):
            for j in range(H):
                dstate[i * b.ld_dstate + j] += dk[i * H + j]
        # dW_hhT[:, :2H] += k.T @ [dr dz]; dW_hhT[:, 2H:] += k.T @ (dn * r)
        gemm(TRANSPOSED, ASIS, H, 2 * H, step.known, <floating> 1, k, H, d, 4 * H,
             <floating> 1, dW_hhT, 3 * H)
        if after:
            gemm(TRANSPOSED, ASIS, H, H, step.known, <floating> 1, k, H, d + 3 * H, 4 * H,
                 <floating> 1, dW_hhT + 2 * H, 3 * H)

    if not after:
        # dW_hhT[:, 2H:] = rh.T @ dn
        gemm(TRANSPOSED, ASIS, H, H, N, <floating> 1, gates + 3 * H, 4 * H, gates + 2 * H, 4 * H,
             <floating> 0, dW_hhT + 2 * H, 3 * H)
    # dW_ihT = x.T @ [dr dz dn]
    gemm(TRANSPOSED, ASIS, D, 3 * H, N, <floating> 1, <const floating *> b.x, b.ld_x, gates, 4 * H,
         <floating> 0, <floating *> g.W_ihT, 3 * H)
    memset(db_ih, 0, 3 * H * sizeof(floating))
    if after:
        memset(db_hh, 0, 3 * H * sizeof(floating))
    for i in range(N):
        gate = gates + i * 4 * H
        for j in range(3 * H):
            db_ih[j] += gate[j]
            if after:
                db_hh[j] += gate[j] if j < 2 * H else gate[H + j]
    if b.dx != NULL:
        # dx = [dr dz dn] @ W_ih
        gemm(ASIS, TRANSPOSED, N, D, 3 * H, <floating> 1, gates, 4 * H, <const floating *> w.W_ihT, 3 * H,
             <floating> b.add_to_dx, <floating *> b.dx, b.ld_dx)
