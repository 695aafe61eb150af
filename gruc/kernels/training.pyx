"""Training: GRU layers forward and back through time, the head, losses, Adam.

T steps, B sequences, D inputs, H units, F features, K outputs, N = sum of
lengths. Rows are packed: the rows of step 0 of every sequence, longest first,
then those of step 1, and so on; step t has rows offsets[t] to offsets[t + 1],
never more than step t - 1. Gate blocks r, z, n; weights lie (inputs, outputs).

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

with ih = W_ih x + b_ih, hh = W_hh h_prev + b_hh. How the products are made and when:
include/gruc/gru.h and gru_train.h. `blas` has the same two functions over BLAS.

What takes long releases the GIL. What takes microseconds keeps it: another thread that
takes it meanwhile costs more than it gains.
"""

from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._packed cimport require, require_packed, row_length

cdef enum:
    SMALL = 1000000  # products, some ten microseconds of them


def use(int isa):
    """Call the kernels of this instruction set from now on."""
    require(_c.gruc_has(isa), "an instruction set that this processor has")
    _c.gruc_isa = isa


# ---- GRU layer -----------------------------------------------------------------

def gru_forward(
    floating[:, ::1] gates not None,        # (N, 4H) OUT: r, z, n, and hn or r*h_prev
    floating[:, :] h not None,              # (N, H) OUT, rows contiguous
    floating[:, :] state not None,          # (B, H) OUT, rows contiguous: where each sequence ends
    const floating[:, ::1] x not None,      # (N, D)
    const floating[::1] packed not None,    # by inference.gru_pack
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
):
    """One layer, one direction, over a packed batch, from the state 0."""
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], B = state.shape[0], H = state.shape[1]
    cdef Py_ssize_t T = offsets.shape[0] - 1, ld_h = row_length(h), ld_state = row_length(state)
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require_packed(offsets, N, B)
    require(gates.shape[0] == N and gates.shape[1] == 4 * H, "gates (N, 4H)")
    require(h.shape[0] == N and h.shape[1] == H, "h (N, H)")
    require(packed.shape[0] == _c.gruc_gru_packed_size(&packed[0], D, H), "packed (gru_packed_size(D, H),)")
    with nogil:
        _c.gruc_gru_forward(&gates[0, 0], &h[0, 0], ld_h, &state[0, 0], ld_state, &x[0, 0], D, &packed[0],
                            &offsets[0], T, D, H, reset_after, reverse)


def gru_backward_packed_size(Py_ssize_t D, Py_ssize_t H, bint want_dx, bint double_precision):
    """Numbers in the packed weights of `gru_backward`."""
    if double_precision:
        return _c.gruc_gru_backward_packed_size(<double *> NULL, D, H, want_dx)
    return _c.gruc_gru_backward_packed_size(<float *> NULL, D, H, want_dx)


def gru_backward_pack(
    floating[::1] packed not None,          # (gru_backward_packed_size(D, H, want_dx),) OUT
    const floating[:, ::1] W_ihT not None,  # (D, 3H)
    const floating[:, ::1] W_hhT not None,  # (H, 3H)
    bint reset_after,
    bint want_dx,
):
    """Lay a layer's weights out as `gru_backward` reads them."""
    cdef Py_ssize_t D = W_ihT.shape[0], H = W_hhT.shape[0]
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require(W_ihT.shape[1] == 3 * H, "W_ihT (D, 3H)")
    require(W_hhT.shape[1] == 3 * H, "W_hhT (H, 3H)")
    require(packed.shape[0] == _c.gruc_gru_backward_packed_size(&packed[0], D, H, want_dx),
            "packed (gru_backward_packed_size(D, H, want_dx),)")
    with nogil:
        _c.gruc_gru_backward_pack(&packed[0], &W_ihT[0, 0], &W_hhT[0, 0], D, H, reset_after, want_dx)


def gru_backward_scratch_size(Py_ssize_t N, Py_ssize_t B, Py_ssize_t H, bint double_precision):
    """Numbers of scratch that `gru_backward` wants for a batch of B sequences, N rows."""
    if double_precision:
        return _c.gruc_gru_backward_scratch(<double *> NULL, N, B, H)
    return _c.gruc_gru_backward_scratch(<float *> NULL, N, B, H)


def gru_backward(
    floating[:, ::1] dW_ihT not None,       # (D, 3H) OUT
    floating[:, ::1] dW_hhT not None,       # (H, 3H) OUT
    floating[::1] db_ih not None,           # (3H,) OUT
    floating[::1] db_hh,                    # (3H,) OUT, None with reset_after=False
    floating[:, ::1] dx,                    # (N, D) OUT, or None where nobody asks
    floating[:, :] dstate not None,         # (B, H) IN: gradient of where each sequence ends; used up
    const floating[:, :] dh,                # (N, H) gradient of h from above, or None
    floating[::1] scratch not None,         # (gru_backward_scratch_size(N, B, H),)
    const floating[:, ::1] gates not None,  # (N, 4H) from gru_forward
    const floating[:, :] h not None,        # (N, H) from gru_forward
    const floating[:, ::1] x not None,      # (N, D)
    const floating[::1] packed not None,    # by gru_backward_pack
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
    bint add_to_dx,                         # dx is added to, not overwritten: the second direction
):
    """Back through time what `gru_forward` did."""
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], B = dstate.shape[0], H = dstate.shape[1]
    cdef Py_ssize_t T = offsets.shape[0] - 1, ld_dstate = row_length(dstate), ld_h = row_length(h), ld_dh = 0
    cdef floating *db_hh_ptr = NULL
    cdef floating *dx_ptr = NULL
    cdef const floating *dh_ptr = NULL
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require_packed(offsets, N, B)
    require(gates.shape[0] == N and gates.shape[1] == 4 * H, "gates (N, 4H)")
    require(h.shape[0] == N and h.shape[1] == H, "h (N, H)")
    require(dW_ihT.shape[0] == D and dW_ihT.shape[1] == 3 * H, "dW_ihT (D, 3H)")
    require(dW_hhT.shape[0] == H and dW_hhT.shape[1] == 3 * H, "dW_hhT (H, 3H)")
    require(db_ih.shape[0] == 3 * H, "db_ih (3H,)")
    require((db_hh is not None) == reset_after, "db_hh with reset_after only")
    if db_hh is not None:
        require(db_hh.shape[0] == 3 * H, "db_hh (3H,)")
        db_hh_ptr = &db_hh[0]
    if dx is not None:
        require(dx.shape[0] == N and dx.shape[1] == D, "dx (N, D)")
        dx_ptr = &dx[0, 0]
    if dh is not None:
        require(dh.shape[0] == N and dh.shape[1] == H, "dh (N, H)")
        ld_dh = row_length(dh)
        dh_ptr = &dh[0, 0]
    require(scratch.shape[0] >= _c.gruc_gru_backward_scratch(&scratch[0], N, B, H), "scratch large enough")
    require(packed.shape[0] == _c.gruc_gru_backward_packed_size(&packed[0], D, H, dx is not None),
            "packed (gru_backward_packed_size(D, H, dx is not None),)")
    with nogil:
        _c.gruc_gru_backward(&dW_ihT[0, 0], &dW_hhT[0, 0], &db_ih[0], db_hh_ptr, dx_ptr, D, &dstate[0, 0],
                             ld_dstate, dh_ptr, ld_dh, &scratch[0], &gates[0, 0], &h[0, 0], ld_h, &x[0, 0], D,
                             &packed[0], &offsets[0], T, D, H, reset_after, reverse, add_to_dx)


# ---- dense head and readout ----------------------------------------------------

def dense_scratch_size(Py_ssize_t B, Py_ssize_t F, Py_ssize_t K, bint double_precision):
    """Numbers of scratch that `dense_forward` and `dense_backward` want."""
    if double_precision:
        return _c.gruc_dense_scratch(<double *> NULL, B, F, K)
    return _c.gruc_dense_scratch(<float *> NULL, B, F, K)


def dense_forward(
    floating[:, ::1] out not None,      # (B, K) OUT
    floating[::1] scratch not None,     # (dense_scratch_size(B, F, K),)
    const floating[:, ::1] x not None,  # (B, F)
    const floating[:, ::1] W not None,  # (F, K)
    const floating[::1] b not None,     # (K,)
):
    """out = x @ W + b"""
    cdef Py_ssize_t B = x.shape[0], F = x.shape[1], K = out.shape[1]
    require_dense(out, scratch, x, W)
    require(b.shape[0] == K, "b (K,)")
    if B * F * K < SMALL:
        _c.gruc_dense_forward(&out[0, 0], &scratch[0], &x[0, 0], &W[0, 0], &b[0], B, F, K)
    else:
        with nogil:
            _c.gruc_dense_forward(&out[0, 0], &scratch[0], &x[0, 0], &W[0, 0], &b[0], B, F, K)


def dense_backward(
    floating[:, ::1] dx not None,          # (B, F) OUT
    floating[:, ::1] dW not None,          # (F, K) OUT
    floating[::1] db not None,             # (K,) OUT
    floating[::1] scratch not None,        # (dense_scratch_size(B, F, K),)
    const floating[:, ::1] dout not None,  # (B, K)
    const floating[:, ::1] x not None,     # (B, F)
    const floating[:, ::1] W not None,     # (F, K)
):
    """Gradients of `dense_forward`."""
    cdef Py_ssize_t B = x.shape[0], F = x.shape[1], K = dout.shape[1]
    require_dense(dout, scratch, x, W)
    require(dx.shape[0] == B and dx.shape[1] == F, "dx (B, F)")
    require(dW.shape[0] == F and dW.shape[1] == K, "dW (F, K)")
    require(db.shape[0] == K, "db (K,)")
    if B * F * K < SMALL:
        _c.gruc_dense_backward(&dx[0, 0], &dW[0, 0], &db[0], &scratch[0], &dout[0, 0], &x[0, 0], &W[0, 0],
                               B, F, K)
    else:
        with nogil:
            _c.gruc_dense_backward(&dx[0, 0], &dW[0, 0], &db[0], &scratch[0], &dout[0, 0], &x[0, 0],
                                   &W[0, 0], B, F, K)


cdef int require_dense(
    const floating[:, ::1] out, floating[::1] scratch, const floating[:, ::1] x, const floating[:, ::1] W,
) except -1:
    cdef Py_ssize_t B = x.shape[0], F = x.shape[1], K = out.shape[1]
    require(B > 0 and F > 0 and K > 0, "B, F and K > 0")
    require(out.shape[0] == B, "out or dout (B, K)")
    require(W.shape[0] == F and W.shape[1] == K, "W (F, K)")
    require(scratch.shape[0] >= _c.gruc_dense_scratch(&scratch[0], B, F, K), "scratch large enough")
    return 0


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


def add(
    floating[::1] g not None,            # (size,) IN/OUT
    const floating[::1] other not None,  # (size,)
):
    """g += other"""
    require(g.shape[0] > 0 and g.shape[0] == other.shape[0], "g and other (size,)")
    with nogil:
        _c.gruc_add(&g[0], &other[0], g.shape[0])


def scale(
    floating[::1] g not None,  # (size,) IN/OUT
    double factor,
):
    """g *= factor"""
    require(g.shape[0] > 0, "g not empty")
    with nogil:
        _c.gruc_scale(&g[0], factor, g.shape[0])


def adam(
    floating[::1] new_p not None,    # (size,) OUT: parameters; may be p, or leave it as it is
    floating[::1] new_m not None,    # (size,) OUT: first moment
    floating[::1] new_v not None,    # (size,) OUT: second moment
    const floating[::1] p not None,  # (size,)
    const floating[::1] m not None,  # (size,)
    const floating[::1] v not None,  # (size,)
    const floating[::1] g not None,  # (size,) gradient
    Py_ssize_t t,           # step number, from 1
    double learning_rate, double beta_1, double beta_2, double epsilon,
):
    """One step of Adam (Kingma and Ba 2015)."""
    cdef Py_ssize_t size = p.shape[0]
    cdef double rate, unbias
    require(size > 0 and t > 0, "p not empty, t > 0")
    require(m.shape[0] == size and v.shape[0] == size and g.shape[0] == size, "m, v, g (size,)")
    require(new_p.shape[0] == size and new_m.shape[0] == size and new_v.shape[0] == size, "new ones (size,)")
    with nogil:
        rate = learning_rate / (1 - beta_1 ** t)
        unbias = 1 / (1 - beta_2 ** t)
        _c.gruc_adam(&new_p[0], &new_m[0], &new_v[0], &p[0], &m[0], &v[0], &g[0], rate, unbias, beta_1,
                     beta_2, epsilon, size)
