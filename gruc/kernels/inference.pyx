"""Inference: the kernels of include/gruc/gruc.h over NumPy arrays.

T steps, B sequences, D inputs, H units, F features, K outputs, N = sum of
lengths; packed rows as gru.h has them. Outputs come first and are filled;
nothing is allocated. The result for a row does not depend on the other rows.

What takes long releases the GIL. What takes microseconds keeps it: another thread that
takes it meanwhile costs more than it gains.
"""

from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._packed cimport require, require_packed, row_length


def has(int isa):
    """Whether this processor runs the kernels of instruction set 0, 1, 2: baseline, AVX2, AVX-512."""
    return bool(_c.gruc_has(isa))


def use(int isa):
    """Call the kernels of this instruction set from now on."""
    require(_c.gruc_has(isa), "an instruction set that this processor has")
    _c.gruc_isa = isa


def spin(const int[::1] counter not None, int value, double microseconds):
    """Wait, without sleep and without the GIL, until counter[0] is `value` or time is up."""
    require(counter.shape[0] == 1, "counter (1,)")
    with nogil:
        _c.gruc_spin(&counter[0], value, microseconds)


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


def panel_size(Py_ssize_t n, Py_ssize_t K, bint double_precision):
    """Numbers in the panels of a matrix (K, n)."""
    if double_precision:
        return _c.gruc_panel_size(<double *> NULL, n, K)
    return _c.gruc_panel_size(<float *> NULL, n, K)


def pack(
    floating[::1] panels not None,      # (panel_size(n, K),) OUT
    const floating[:, ::1] W not None,  # (K, n)
):
    """Lay W out as `affine` reads it."""
    cdef Py_ssize_t K = W.shape[0], n = W.shape[1]
    require(n > 0 and K > 0, "W (K, n)")
    require(panels.shape[0] == _c.gruc_panel_size(&panels[0], n, K), "panels (panel_size(n, K),)")
    with nogil:
        _c.gruc_pack(&panels[0], &W[0, 0], n, K, 1, n)


def affine(
    floating[:, ::1] out not None,      # (m, n) OUT
    const floating[:, ::1] x not None,  # (m, K)
    const floating[::1] panels not None,  # by pack
    const floating[::1] bias not None,  # (n,)
):
    """out = x @ W + bias, added up over K from 0 on, whatever m and n."""
    cdef Py_ssize_t m = out.shape[0], n = out.shape[1], K = x.shape[1]
    require(x.shape[0] == m and m > 0 and n > 0 and K > 0, "x (m, K), out (m, n)")
    require(panels.shape[0] == _c.gruc_panel_size(&panels[0], n, K), "panels (panel_size(n, K),)")
    require(bias.shape[0] == n, "bias (n,)")
    with nogil:
        _c.gruc_affine(&out[0, 0], n, &x[0, 0], K, &panels[0], &bias[0], m, K, n)


def gru_packed_size(Py_ssize_t D, Py_ssize_t H, bint double_precision):
    """Numbers in the packed weights of a GRU layer and direction."""
    if double_precision:
        return _c.gruc_gru_packed_size(<double *> NULL, D, H)
    return _c.gruc_gru_packed_size(<float *> NULL, D, H)


def gru_pack(
    floating[::1] packed not None,          # (gru_packed_size(D, H),) OUT
    const floating[:, ::1] W_ihT not None,  # (D, 3H)
    const floating[:, ::1] W_hhT not None,  # (H, 3H)
    const floating[::1] b_ih not None,      # (3H,)
    const floating[::1] b_hh,               # (3H,), None: the reset comes before the product
):
    """Lay a layer's weights out as `gru` and `training.gru_forward` read them."""
    cdef Py_ssize_t D = W_ihT.shape[0], H = W_hhT.shape[0]
    cdef const floating *b_hh_ptr = NULL
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require(W_ihT.shape[1] == 3 * H, "W_ihT (D, 3H)")
    require(W_hhT.shape[1] == 3 * H, "W_hhT (H, 3H)")
    require(b_ih.shape[0] == 3 * H, "b_ih (3H,)")
    if b_hh is not None:
        require(b_hh.shape[0] == 3 * H, "b_hh (3H,)")
        b_hh_ptr = &b_hh[0]
    require(packed.shape[0] == _c.gruc_gru_packed_size(&packed[0], D, H), "packed (gru_packed_size(D, H),)")
    with nogil:
        _c.gruc_gru_pack(&packed[0], &W_ihT[0, 0], &W_hhT[0, 0], &b_ih[0], b_hh_ptr, D, H)


def gru_scratch_size(Py_ssize_t N, Py_ssize_t B, Py_ssize_t H, bint double_precision):
    """Numbers of scratch that `gru` wants for a batch of B sequences, N rows."""
    if double_precision:
        return _c.gruc_gru_infer_scratch(<double *> NULL, N, B, H)
    return _c.gruc_gru_infer_scratch(<float *> NULL, N, B, H)


def gru(
    floating[:, ::1] state not None,        # (B, H) IN/OUT: before the first step, after the last
    floating[:, :] h,                       # (N, H) OUT, rows contiguous, or None
    floating[::1] scratch not None,         # (gru_scratch_size(N, B, H),)
    const floating[:, ::1] x not None,      # (N, D)
    const floating[::1] packed not None,    # by gru_pack
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
):
    """One GRU layer forward over a packed batch (equations: gru.h)."""
    cdef Py_ssize_t B = state.shape[0], H = state.shape[1]
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], T = offsets.shape[0] - 1
    cdef Py_ssize_t ld_h = 0
    cdef floating *h_ptr = NULL
    require_packed(offsets, N, B)
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require(scratch.shape[0] >= _c.gruc_gru_infer_scratch(&scratch[0], N, B, H), "scratch large enough")
    require(packed.shape[0] == _c.gruc_gru_packed_size(&packed[0], D, H), "packed (gru_packed_size(D, H),)")
    if h is not None:
        require(h.shape[0] == N and h.shape[1] == H, "h (N, H)")
        ld_h = row_length(h)
        h_ptr = &h[0, 0]
    with nogil:
        _c.gruc_gru_infer(h_ptr, ld_h, &state[0, 0], &scratch[0], &x[0, 0], D, &packed[0], &offsets[0], T, D,
                          H, reset_after, reverse)


# ---- sequences -> packed rows ----------------------------------------------------------

ctypedef fused number:
    float
    double


cdef enum:
    ABREAST = 64  # numbers compared side by side


def widen_range(
    number[::1] lowest not None,   # (D,) IN/OUT
    number[::1] highest not None,  # (D,) IN/OUT
    const number[::1] x not None,  # (m D,) rows end to end
):
    """Widen the range of each column to the numbers of x; False where they are not all finite."""
    cdef Py_ssize_t D = lowest.shape[0], m = x.shape[0], width, start = 0, i
    cdef number low[ABREAST]
    cdef number high[ABREAST]
    cdef number *to_low = low
    cdef number *to_high = high
    cdef number v, not_finite = 0
    require(D > 0 and highest.shape[0] == D and m % D == 0, "lowest and highest (D,), x (m D,)")
    if D > ABREAST:
        width = D
        to_low = &lowest[0]
        to_high = &highest[0]
    else:  # some rows together, where they are short
        width = ABREAST // D * D
        for i in range(width):
            low[i] = lowest[i % D]
            high[i] = highest[i % D]
    with nogil:
        while start < m:
            for i in range(min(width, m - start)):
                v = x[start + i]
                to_low[i] = v if v < to_low[i] else to_low[i]
                to_high[i] = v if v > to_high[i] else to_high[i]
                not_finite += v - v  # 0, but for infinity and NaN
            start += width
    if D <= ABREAST:
        for i in range(width):
            lowest[i % D] = min(lowest[i % D], low[i])
            highest[i % D] = max(highest[i % D], high[i])
    return not_finite == 0


def layout(
    Py_ssize_t[::1] order not None,          # (B,) OUT: places in `indices`, longest first
    Py_ssize_t[::1] sorted_lengths not None,  # (B,) OUT
    Py_ssize_t[::1] offsets not None,        # (T + 1,) OUT
    const Py_ssize_t[:] lengths not None,    # (n,) of all sequences
    const Py_ssize_t[::1] indices not None,  # (B,) which of them
):
    """Where the steps of sequences go: sequences/packing.py. Equal lengths keep their order."""
    cdef Py_ssize_t B = indices.shape[0], T = offsets.shape[0] - 1, b, t, length, longer = 0, rows = 0
    require(B > 0 and T > 0 and order.shape[0] == B and sorted_lengths.shape[0] == B, "order, lengths (B,)")
    for b in range(B):
        require(0 <= indices[b] < lengths.shape[0], "indices of sequences")
        require(0 < lengths[indices[b]] <= T, "lengths from 1 to T")
    # a counting sort: offsets[l] counts sequences of length l, then those that are longer
    for t in range(T + 1):
        offsets[t] = 0
    for b in range(B):
        offsets[lengths[indices[b]]] += 1
    for t in range(T, -1, -1):
        length = offsets[t]
        offsets[t] = longer
        longer += length
    for b in range(B):
        length = lengths[indices[b]]
        order[offsets[length]] = b
        sorted_lengths[offsets[length]] = length
        offsets[length] += 1
    # b sequences are longer than step t
    b = B
    for t in range(T):
        while b > 0 and sorted_lengths[b - 1] <= t:
            b -= 1
        offsets[t] = rows
        rows += b
    offsets[T] = rows


def gather_array(
    floating[:, ::1] values not None,        # (T * B, D) OUT: row t * B + b, step t of indices[b]
    const number[:, :, :] X not None,        # (n, T, D)
    const Py_ssize_t[::1] indices not None,  # (B,)
    const double[::1] mean, const double[::1] scale,  # (D,) or None
):
    """Sequences of one length: (x - mean) / scale in float64, packed."""
    cdef Py_ssize_t B = indices.shape[0], T = X.shape[1], D = X.shape[2], b, t
    require(B > 0 and T > 0 and D > 0, "B, T and D > 0")
    require(values.shape[0] == T * B and values.shape[1] == D, "values (T * B, D)")
    require_scaling(mean, scale, D)
    for b in range(B):
        require(0 <= indices[b] < X.shape[0], "indices of sequences")
    for b in range(B):
        for t in range(T):
            scale_row(&values[t * B + b, 0], &X[indices[b], t, 0], X.strides[2], D, mean, scale)


def gather_list(
    floating[:, ::1] values not None,         # (N, D) OUT
    const Py_ssize_t[::1] offsets not None,   # (T + 1,)
    const double[::1] mean, const double[::1] scale,  # (D,) or None
    list arrays not None,                     # of B arrays (t_i, D), longest first
    const number[:, :] first not None,        # arrays[0], which says of what type they are
):
    """Sequences of any length: (x - mean) / scale in float64, packed."""
    cdef Py_ssize_t B = len(arrays), D = values.shape[1], T = offsets.shape[0] - 1, b, t
    cdef const number[:, :] x
    require_packed(offsets, values.shape[0], B)
    require_scaling(mean, scale, D)
    for b in range(B):
        x = arrays[b]
        require(x.shape[1] == D and D > 0 and 0 < x.shape[0] <= T, "sequences (t_i, D)")
        require(offsets[x.shape[0]] - offsets[x.shape[0] - 1] > b, "sequences longest first")
        for t in range(x.shape[0]):
            scale_row(&values[offsets[t] + b, 0], &x[t, 0], x.strides[1], D, mean, scale)


cdef inline void scale_row(
    floating *out, const number *x, Py_ssize_t stride, Py_ssize_t D, const double[::1] mean,
    const double[::1] scale,
) noexcept nogil:
    cdef Py_ssize_t d
    cdef double v
    if mean is None:
        for d in range(D):
            out[d] = <floating> (<const number *> (<const char *> x + d * stride))[0]
    elif stride == sizeof(number):
        for d in range(D):
            out[d] = <floating> ((<double> x[d] - mean[d]) / scale[d])
    else:
        for d in range(D):
            v = <double> (<const number *> (<const char *> x + d * stride))[0]
            out[d] = <floating> ((v - mean[d]) / scale[d])


cdef int require_scaling(const double[::1] mean, const double[::1] scale, Py_ssize_t D) except -1:
    require((mean is None) == (scale is None), "mean and scale, or neither")
    if mean is not None:
        require(mean.shape[0] == D and scale.shape[0] == D, "mean and scale (D,)")
    return 0


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
