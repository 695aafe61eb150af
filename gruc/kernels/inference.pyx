"""Inference: the kernels of include/gruc/gruc.h over NumPy arrays.

T steps, B sequences, D inputs, H units, F features, K outputs, N = sum of
lengths; packed rows as gru_infer.h has them. Outputs come first and are filled;
nothing is allocated. The result for a row does not depend on the other rows.
"""

from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._packed cimport require, require_packed


def exp(
    floating[::1] out not None,      # (size,) OUT
    const floating[::1] x not None,  # (size,)
):
    """out = exp(x)"""
    require(out.shape[0] == x.shape[0], "out and x (size,)")
    with nogil:
        _c.gruc_exp(&out[0], &x[0], x.shape[0])


def sigmoid(
    floating[::1] out not None,      # (size,) OUT
    const floating[::1] x not None,  # (size,)
):
    """out = 1 / (1 + exp(-x))"""
    require(out.shape[0] == x.shape[0], "out and x (size,)")
    with nogil:
        _c.gruc_sigmoid(&out[0], &x[0], x.shape[0])


def tanh(
    floating[::1] out not None,      # (size,) OUT
    const floating[::1] x not None,  # (size,)
):
    """out = tanh(x)"""
    require(out.shape[0] == x.shape[0], "out and x (size,)")
    with nogil:
        _c.gruc_tanh(&out[0], &x[0], x.shape[0])


def affine(
    floating[:, ::1] out not None,      # (m, n) OUT
    const floating[:, ::1] x not None,  # (m, k)
    const floating[:, ::1] W not None,  # (k, n)
    const floating[::1] bias not None,  # (n,)
):
    """out = bias + x @ W, added up over k from 0 on, whatever m and n."""
    cdef Py_ssize_t m = out.shape[0], n = out.shape[1], k = x.shape[1]
    require(x.shape[0] == m and k > 0, "x (m, k)")
    require(W.shape[0] == k and W.shape[1] == n, "W (k, n)")
    require(bias.shape[0] == n, "bias (n,)")
    with nogil:
        _c.gruc_affine(&out[0, 0], n, &x[0, 0], k, &W[0, 0], n, &bias[0], m, k, n)


def gru(
    floating[:, ::1] state not None,        # (B, H) IN/OUT: before the first step, after the last
    floating[:, :] h,              # (N, H) OUT, rows contiguous, or None
    floating[::1] scratch not None,         # (6H,)
    const floating[:, ::1] x not None,      # (N, D)
    const floating[:, ::1] W_ihT not None,  # (D, 3H)
    const floating[:, ::1] W_hhT not None,  # (H, 3H)
    const floating[::1] b_ih not None,      # (3H,)
    const floating[::1] b_hh,      # (3H,), None with reset_after=False
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
):
    """One GRU layer forward over a packed batch (equations: gru_infer.h)."""
    cdef Py_ssize_t B = state.shape[0], H = state.shape[1]
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], T = offsets.shape[0] - 1
    cdef Py_ssize_t ld_h = 0
    cdef floating *h_ptr = NULL
    cdef const floating *b_hh_ptr = NULL
    require_packed(offsets, N, B)
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require(scratch.shape[0] >= 6 * H, "scratch (6H,)")
    require(W_ihT.shape[0] == D and W_ihT.shape[1] == 3 * H, "W_ihT (D, 3H)")
    require(W_hhT.shape[0] == H and W_hhT.shape[1] == 3 * H, "W_hhT (H, 3H)")
    require(b_ih.shape[0] == 3 * H, "b_ih (3H,)")
    require((b_hh is not None) == reset_after, "b_hh with reset_after only")
    if b_hh is not None:
        require(b_hh.shape[0] == 3 * H, "b_hh (3H,)")
        b_hh_ptr = &b_hh[0]
    if h is not None:
        require(h.shape[0] == N and h.shape[1] == H, "h (N, H)")
        require(h.strides[1] == sizeof(floating) and h.strides[0] >= H * <Py_ssize_t> sizeof(floating),
                "rows of h contiguous and apart")
        h_ptr = &h[0, 0]
        ld_h = h.strides[0] // <Py_ssize_t> sizeof(floating)
    with nogil:
        _c.gruc_gru_infer(h_ptr, ld_h, &state[0, 0], &scratch[0], &x[0, 0], D, &W_ihT[0, 0],
                          &W_hhT[0, 0], &b_ih[0], b_hh_ptr, &offsets[0], T, D, H,
                          reset_after, reverse)


def mean(
    floating[:, ::1] out not None,          # (B, F) OUT
    const floating[:, ::1] h not None,      # (N, F)
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
):
    """out[b] = mean of h over the steps of sequence b."""
    cdef Py_ssize_t B = out.shape[0], F = out.shape[1], T = offsets.shape[0] - 1
    require_packed(offsets, h.shape[0], B)
    require(h.shape[1] == F and F > 0, "h (N, F)")
    require(lengths.shape[0] == B, "lengths (B,)")
    with nogil:
        _c.gruc_mean_forward(&out[0, 0], &h[0, 0], &lengths[0], &offsets[0], T, B, F)


def softmax(
    floating[:, ::1] a not None,  # (B, K) IN/OUT
):
    """a[b] = exp(a[b]) / sum(exp(a[b]))"""
    require(a.shape[0] > 0 and a.shape[1] > 0, "a (B, K)")
    with nogil:
        _c.gruc_softmax(&a[0, 0], a.shape[0], a.shape[1])
