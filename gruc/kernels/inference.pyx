"""Inference: the kernels of include/gruc/gruc.h over NumPy arrays.

T steps, B sequences, D inputs, H units, F features, K outputs, N = sum of
lengths; packed rows as gru.body.h has them. Outputs come first and are filled;
nothing is allocated. The result for a row does not depend on the other rows.

What takes long releases the GIL. What takes microseconds keeps it: another thread that
takes it meanwhile costs more than it gains.
"""

from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawMalloc
from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._packed cimport require, require_lengths, require_packed, row_length
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memset


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
    """Lay a layer's weights out as `gru` reads them."""
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
    floating[:, ::1] gates,                 # (N, 4H) OUT, or None: r, z, n, and what n was made of
    floating[::1] scratch not None,         # (gru_scratch_size(N, B, H),)
    const floating[:, ::1] x not None,      # (N, D)
    const floating[::1] packed not None,    # by gru_pack
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
):
    """One GRU layer forward over a packed batch (equations: gru.body.h)."""
    cdef Py_ssize_t B = state.shape[0], H = state.shape[1]
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], T = offsets.shape[0] - 1
    cdef Py_ssize_t ld_h = 0
    cdef floating *h_ptr = NULL
    cdef floating *gates_ptr = NULL
    require_packed(offsets, N, B)
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require(scratch.shape[0] >= _c.gruc_gru_infer_scratch(&scratch[0], N, B, H), "scratch large enough")
    require(packed.shape[0] == _c.gruc_gru_packed_size(&packed[0], D, H), "packed (gru_packed_size(D, H),)")
    if h is not None:
        require(h.shape[0] == N and h.shape[1] == H, "h (N, H)")
        ld_h = row_length(h)
        h_ptr = &h[0, 0]
    if gates is not None:
        require(gates.shape[0] == N and gates.shape[1] == 4 * H, "gates (N, 4H)")
        gates_ptr = &gates[0, 0]
    with nogil:
        _c.gruc_gru_infer(h_ptr, ld_h, gates_ptr, &state[0, 0], &scratch[0], &x[0, 0], D, &packed[0],
                          &offsets[0], T, D, H, reset_after, reverse)


# ---- sequences -> packed rows ----------------------------------------------------------

def widen_range(
    floating[::1] lowest not None,   # (D,) IN/OUT
    floating[::1] highest not None,  # (D,) IN/OUT
    const floating[::1] x not None,  # (m D,) rows end to end
):
    """Widen the range of each column to the numbers of x; False where they are not all finite."""
    cdef Py_ssize_t D = lowest.shape[0], size = x.shape[0]
    cdef bint finite
    require(D > 0 and highest.shape[0] == D and size > 0 and size % D == 0, "lowest, highest (D,), x (m D,)")
    with nogil:
        finite = _c.gruc_widen_range(&lowest[0], &highest[0], &x[0], size, D)
    return finite


cdef int look_at(Py_buffer *view, array, int least, int most) except -1:
    """The buffer of an array, which the caller releases; a reference to it keeps the memory in place."""
    cdef int one = 1
    cdef const char *kind
    PyObject_GetBuffer(array, view, PyBUF_STRIDES | PyBUF_FORMAT)
    kind = view.format
    if kind[0] in b"@=" or kind[0] == (c"<" if (<char *> &one)[0] else c">"):  # the native order, said aloud
        kind += 1
    if not least <= view.ndim <= most or kind[0] not in b"fd" or kind[1] != 0:
        PyBuffer_Release(view)
        require(False, "arrays of native float32 or float64")
    return 0


cdef class Source:
    """Sequences where the user's program keeps them, which is read and never copied.

    Parameters
    ----------
    arrays : ndarray of shape (n, T, D), or tuple or list of ndarray of shape (t_i, D) or (t_i,)
        All of native float32, or all of native float64.
    frame_length, hop_length : int
        So many steps make a row, and rows begin so many steps apart (source.h).
    """

    def __init__(self, arrays, Py_ssize_t frame_length=1, Py_ssize_t hop_length=1):
        cdef Py_buffer view
        cdef Py_ssize_t i
        cdef Py_ssize_t *row
        require(self.arrays is None, "made once")
        require(frame_length > 0 and hop_length > 0, "frame_length and hop_length > 0")
        self.c.frame_length = frame_length
        self.c.hop_length = hop_length
        self.arrays = tuple(arrays) if isinstance(arrays, list) else arrays  # lists may change
        if not isinstance(self.arrays, tuple):
            look_at(&view, arrays, 3, 3)
            self.c.n = view.shape[0]
            self.c.D = view.shape[2]
            self.c.start = <const char *> view.buf
            self.c.T = view.shape[1]
            self.c.of_sequence = view.strides[0]
            self.c.of_step = view.strides[1]
            self.c.of_feature = view.strides[2]
            self.c.is_double = view.itemsize == sizeof(double)
            PyBuffer_Release(&view)
        else:
            require(len(arrays) > 0, "sequences")
            self.c.n = len(arrays)
            self.table = <Py_ssize_t *> PyMem_RawMalloc(4 * len(arrays) * sizeof(Py_ssize_t))
            if self.table == NULL:
                raise MemoryError()
            self.c.table = self.table
            for i in range(len(arrays)):
                look_at(&view, arrays[i], 1, 2)
                if i == 0:
                    self.c.D = view.shape[1] if view.ndim == 2 else 1
                    self.c.is_double = view.itemsize == sizeof(double)
                row = self.table + 4 * i
                row[0] = <Py_ssize_t> view.buf
                row[1] = view.shape[0]
                row[2] = view.strides[0]
                row[3] = view.strides[1] if view.ndim == 2 else view.itemsize
                fits = (view.shape[1] if view.ndim == 2 else 1) == <Py_ssize_t> self.c.D
                fits = fits and (view.itemsize == sizeof(double)) == self.c.is_double and view.shape[0] > 0
                PyBuffer_Release(&view)
                require(fits, "sequences (t_i, D) of one type")
        require(self.c.n > 0 and self.c.D > 0 and (self.c.table != NULL or self.c.T > 0), "n, T and D > 0")

    def __dealloc__(self):
        PyMem_RawFree(self.table)

    @property
    def width(self):
        """Numbers in a row: frame_length * D."""
        return self.c.frame_length * self.c.D

    def extent(self, const Py_ssize_t[::1] indices not None):
        """Rows of the sequences at `indices` together, and of the longest."""
        cdef Py_ssize_t rows, n_steps
        self.check(indices, &rows, &n_steps)
        return rows, n_steps

    cdef int check(self, const Py_ssize_t[::1] indices, Py_ssize_t *rows, Py_ssize_t *n_steps) except -1:
        cdef Py_ssize_t b, length
        require(indices.shape[0] > 0, "indices of sequences")
        rows[0] = n_steps[0] = 0
        for b in range(indices.shape[0]):
            require(0 <= indices[b] < <Py_ssize_t> self.c.n, "indices of sequences")
            length = _c.gruc_sequence_at(&self.c, indices[b]).n_frames
            rows[0] += length
            if length > n_steps[0]:
                n_steps[0] = length
        return 0


def gather(
    floating[:, ::1] values not None,        # (N, source.width) OUT
    Py_ssize_t[::1] order not None,          # (B,) OUT: places in `indices`, longest first
    Py_ssize_t[::1] lengths not None,        # (B,) OUT, in that order
    Py_ssize_t[::1] offsets not None,        # (T + 1,) OUT
    Source source not None,
    const Py_ssize_t[::1] indices not None,  # (B,) which sequences of `source`
    const double[::1] mean, const double[::1] scale,  # (D,) or None
):
    """Pack sequences, (x - mean) / scale in float64: sequences/packing.py."""
    cdef Py_ssize_t B = indices.shape[0], N, T
    cdef const double *mean_ptr = NULL
    cdef const double *scale_ptr = NULL
    source.check(indices, &N, &T)
    require(values.shape[0] == N and values.shape[1] == source.width, "values (N, source.width)")
    require(order.shape[0] == B and lengths.shape[0] == B, "order, lengths (B,)")
    require(offsets.shape[0] == T + 1, "offsets (T + 1,)")
    require_scaling(mean, scale, source.c.D)
    if mean is not None:
        mean_ptr = &mean[0]
        scale_ptr = &scale[0]
    with nogil:  # the sequences may have to be read from a disk
        _c.gruc_layout(&order[0], &lengths[0], &offsets[0], &source.c, &indices[0], B, T)
        _c.gruc_gather(&values[0, 0], &source.c, &indices[0], &order[0], &offsets[0], mean_ptr, scale_ptr, B)


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
    require_states(h.shape[0], h.shape[1], lengths, offsets, B, F)
    with nogil:
        _c.gruc_mean_forward(&out[0, 0], &h[0, 0], &lengths[0], &offsets[0], T, B, F)


def max(
    floating[:, ::1] out not None,          # (B, F) OUT
    const floating[:, ::1] h not None,      # (N, F)
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
):
    """out[b] = largest of h over the steps of sequence b."""
    cdef Py_ssize_t B = out.shape[0], F = out.shape[1], T = offsets.shape[0] - 1
    require_states(h.shape[0], h.shape[1], lengths, offsets, B, F)
    with nogil:
        _c.gruc_max_forward(&out[0, 0], &h[0, 0], &offsets[0], T, F)


def attention(
    floating[:, ::1] out not None,          # (B, F) OUT
    floating[::1] a not None,               # (N,) OUT: the weight of each step
    floating[:, ::1] u not None,            # (N, F) OUT
    const floating[:, ::1] h not None,      # (N, F)
    const floating[::1] panels not None,    # pack of W_aT (F, F)
    const floating[::1] b not None,         # (F,)
    const floating[::1] v not None,         # (F,)
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
):
    """out[b] = sum of a h over the steps of sequence b (equations: readout.body.h)."""
    cdef Py_ssize_t N = h.shape[0], B = out.shape[0], F = out.shape[1], T = offsets.shape[0] - 1
    require_states(N, h.shape[1], lengths, offsets, B, F)
    require(a.shape[0] == N and u.shape[0] == N and u.shape[1] == F, "a (N,), u (N, F)")
    require(panels.shape[0] == _c.gruc_panel_size(&panels[0], F, F), "panels (panel_size(F, F),)")
    require(b.shape[0] == F and v.shape[0] == F, "b, v (F,)")
    with nogil:
        _c.gruc_attention_forward(&out[0, 0], &a[0], &u[0, 0], &h[0, 0], &panels[0], &b[0], &v[0],
                                  &lengths[0], &offsets[0], T, B, F)


cdef int require_states(
    Py_ssize_t N, Py_ssize_t width, const Py_ssize_t[::1] lengths, const Py_ssize_t[::1] offsets,
    Py_ssize_t B, Py_ssize_t F,
) except -1:
    require_packed(offsets, N, B)
    require_lengths(lengths, offsets, B)
    require(width == F and F > 0, "h (N, F)")
    return 0


def softmax(
    floating[:, ::1] a not None,  # (B, K) IN/OUT
):
    """a[b] = exp(a[b]) / sum(exp(a[b]))"""
    require(a.shape[0] > 0 and a.shape[1] > 0, "a (B, K)")
    with nogil:
        _c.gruc_softmax(&a[0, 0], a.shape[0], a.shape[1])


# ---- streams --------------------------------------------------------------------------------

# what becomes of the head's outputs
cpdef enum:
    VALUES = _c.GRUC_VALUES
    EXP = _c.GRUC_EXP
    TWO = _c.GRUC_TWO
    CLASSES = _c.GRUC_CLASSES
    LABELS = _c.GRUC_LABELS


cdef const void *numbers_of(array, dtype, Py_ssize_t size, list held) except? NULL:
    """Where the numbers of an array lie, which `held` keeps alive."""
    cdef const unsigned char[::1] raw
    require(array.dtype == dtype and array.flags.c_contiguous and array.size == size, "weights that fit")
    raw = array.reshape(-1).view("u1")
    held.append(array)
    return &raw[0]


cdef enum:
    ALONE = 64  # steps that take less time than others might wait for the GIL


cdef class Streams:
    """n sequences that come step by step: stream.body.h.

    Parameters
    ----------
    n : int
    units : ndarray of shape (n_layers,), intp
    layers : list of ndarray
        By `gru_pack`; of float32 or float64, as all weights.
    attention : (panels, b, v), or None with another readout
    head : (panels, bias)
    readout, link : int
        0, 1, 2, 3 for last, mean, max, attention; VALUES, EXP, TWO, CLASSES or LABELS.
    scaling, target_scaling : (mean, scale) of float64, or None
    largest : float
        That a scaled number may be.
    """

    cdef _c.gruc_model c
    cdef readonly Py_ssize_t n
    cdef bint is_double
    cdef bint busy  # a thread is in `step`, perhaps without the GIL
    cdef Py_ssize_t[::1] units
    cdef list held
    cdef _c.gruc_layer *layers
    cdef uint64_t *steps
    cdef char *numbers
    cdef char *scratch
    cdef double *told
    cdef readonly size_t size  # bytes of one stream's numbers

    def __init__(self, Py_ssize_t n, Py_ssize_t n_features, Py_ssize_t[::1] units not None, list layers,
                 attention, head, int readout, int link, bint reset_after, Py_ssize_t n_outputs,
                 Py_ssize_t frame_length, Py_ssize_t hop_length, scaling, target_scaling,
                 Py_ssize_t n_quantiles, double largest):
        cdef Py_ssize_t i, size, D = n_features * frame_length, F = units[units.shape[0] - 1]
        cdef const void *packed
        require(self.steps == NULL and n > 0 and len(layers) == units.shape[0], "n > 0, a layer for each")
        dtype = head[1].dtype
        self.is_double = dtype == "f8"
        self.n, self.units, self.held = n, units.copy(), []
        self.c.n_features, self.c.n_outputs, self.c.n_layers = n_features, n_outputs, units.shape[0]
        self.c.units = &self.units[0]
        self.c.reset_after, self.c.readout, self.c.link = reset_after, readout, link
        self.c.frame_length, self.c.hop_length = frame_length, hop_length
        self.c.n_quantiles, self.c.largest = n_quantiles, largest
        self.layers = <_c.gruc_layer *> PyMem_RawMalloc(len(layers) * sizeof(_c.gruc_layer))
        if self.layers == NULL:
            raise MemoryError()
        self.c.layers = self.layers
        for i in range(units.shape[0]):
            size = gru_packed_size(D, units[i], self.is_double)
            packed = numbers_of(layers[i], dtype, size, self.held)
            if self.is_double:
                self.layers[i] = _c.gruc_gru_layer(<const double *> packed, D, units[i], reset_after)
            else:
                self.layers[i] = _c.gruc_gru_layer(<const float *> packed, D, units[i], reset_after)
            D = units[i]
        if attention is not None:
            self.c.attention = numbers_of(attention[0], dtype, panel_size(F, F, self.is_double), self.held)
            self.c.attention_b = numbers_of(attention[1], dtype, F, self.held)
            self.c.attention_v = numbers_of(attention[2], dtype, F, self.held)
        self.c.head = numbers_of(head[0], dtype, panel_size(n_outputs, F, self.is_double), self.held)
        self.c.head_b = numbers_of(head[1], dtype, n_outputs, self.held)
        if scaling is not None:
            self.c.mean = numbers_of(scaling[0], "f8", n_features, self.held)
            self.c.scale = numbers_of(scaling[1], "f8", n_features, self.held)
        if target_scaling is not None:
            i = n_outputs // n_quantiles
            self.c.target_mean = numbers_of(target_scaling[0], "f8", i, self.held)
            self.c.target_scale = numbers_of(target_scaling[1], "f8", i, self.held)
        if self.is_double:
            self.size = _c.gruc_stream_size(<double *> NULL, &self.c) * sizeof(double)
            i = _c.gruc_stream_scratch(<double *> NULL, &self.c) * sizeof(double)
        else:
            self.size = _c.gruc_stream_size(<float *> NULL, &self.c) * sizeof(float)
            i = _c.gruc_stream_scratch(<float *> NULL, &self.c) * sizeof(float)
        self.steps = <uint64_t *> PyMem_RawCalloc(n, sizeof(uint64_t))
        self.numbers = <char *> PyMem_RawCalloc(n, self.size)
        self.scratch = <char *> PyMem_RawMalloc(i)
        self.told = <double *> PyMem_RawMalloc(self.width * sizeof(double))
        if self.steps == NULL or self.numbers == NULL or self.scratch == NULL or self.told == NULL:
            raise MemoryError()

    def __dealloc__(self):
        PyMem_RawFree(self.layers)
        PyMem_RawFree(self.steps)
        PyMem_RawFree(self.numbers)
        PyMem_RawFree(self.scratch)
        PyMem_RawFree(self.told)

    @property
    def width(self):
        """Numbers of a result."""
        return 2 if self.c.link == TWO else self.c.n_outputs

    def step(self, x not None, double[:, :, ::1] out not None, const Py_ssize_t[::1] rows=None):
        """Take in x (m, k, D), k steps of each of m streams.

        Fills out (m, 1, width) with the result after the last of the k steps, or out
        (m, k, width) with the result after each. `rows` (m,) says of which streams, None of all
        in their order. Returns -1, or the place in x of the first number that cannot be computed
        with; nothing is taken in then.
        """
        cdef const double[:, :, ::1] steps = x
        cdef Py_ssize_t m = steps.shape[0], k = steps.shape[1], D = self.c.n_features, i, row, place
        require(steps.shape[2] == D and k > 0, "x (m, k, D)")
        require(out.shape[0] == m and out.shape[2] == <Py_ssize_t> self.width, "out (m, 1 or k, width)")
        require(out.shape[1] == 1 or out.shape[1] == k, "out (m, 1 or k, width)")
        require(m == self.n if rows is None else rows.shape[0] == m, "rows (m,)")
        for i in range(m):
            row = i if rows is None else rows[i]
            require(0 <= row < self.n, "rows of streams")
        self.require_free()
        self.busy = True
        try:
            if m * k < ALONE:
                return self.step_all(steps, out, rows)
            with nogil:
                place = self.step_all(steps, out, rows)
            return place
        finally:
            self.busy = False

    cdef Py_ssize_t step_all(self, const double[:, :, ::1] steps, double[:, :, ::1] out,
                             const Py_ssize_t[::1] rows) noexcept nogil:
        """What `step` does, and returns."""
        cdef Py_ssize_t i, t, j, row, k = steps.shape[1], D = self.c.n_features
        for i in range(steps.shape[0]):
            for t in range(k):
                j = self.misfit(&steps[i, t, 0])
                if j < D:
                    return (i * k + t) * D + j
        for i in range(steps.shape[0]):
            row = i if rows is None else rows[i]
            for t in range(k):
                self.take(row, &steps[i, t, 0])
                if out.shape[1] > 1:
                    self.tell(row, &out[i, t, 0])
            if out.shape[1] == 1:
                self.tell(row, &out[i, 0, 0])
        return -1

    cdef int require_free(self) except -1:
        if self.busy:
            raise RuntimeError("A stream is for one thread at a time, and another is in it.")
        return 0

    def one_step(self, x, out):
        """One step x (D,) of the only stream, into `out`; False where they are not plain arrays that fit.

        What `step` does, without its checks: arrays of float64 (x) and float32 or float64 (out).
        """
        cdef Py_buffer given, to
        cdef Py_ssize_t j, D = self.c.n_features
        cdef bint fits = self.n == 1
        self.require_free()
        try:
            PyObject_GetBuffer(x, &given, PyBUF_STRIDES | PyBUF_FORMAT)
        except ValueError:  # dtypes that no buffer has
            return False
        fits = fits and given.ndim == 1 and given.shape[0] == D
        fits = fits and given.format[0] == c"d" and given.format[1] == 0
        fits = fits and given.strides[0] == sizeof(double) and self.misfit(<double *> given.buf) == D
        if fits:
            self.take(0, <double *> given.buf)
            self.tell(0, self.told)
        PyBuffer_Release(&given)
        if not fits:
            return False
        PyObject_GetBuffer(out, &to, PyBUF_WRITABLE | PyBUF_FORMAT)
        fits = to.len == self.width * to.itemsize
        for j in range(self.width if fits else 0):
            if to.itemsize == sizeof(double):
                (<double *> to.buf)[j] = self.told[j]
            else:
                (<float *> to.buf)[j] = <float> self.told[j]
        PyBuffer_Release(&to)
        require(fits, "out (width,)")
        return True

    cdef Py_ssize_t misfit(self, const double *x) noexcept nogil:
        """The first feature of a step that cannot be computed with, or D."""
        if self.is_double:
            return _c.gruc_misfit(<double *> NULL, x, &self.c)
        return _c.gruc_misfit(<float *> NULL, x, &self.c)

    cdef void take(self, Py_ssize_t row, const double *x) noexcept nogil:
        cdef char *numbers = self.numbers + row * self.size
        if self.is_double:
            _c.gruc_stream_step(<double *> NULL, &self.steps[row], <double *> numbers,
                                <double *> self.scratch, x, &self.c)
        else:
            _c.gruc_stream_step(<float *> NULL, &self.steps[row], <float *> numbers, <float *> self.scratch,
                                x, &self.c)

    cdef void tell(self, Py_ssize_t row, double *out) noexcept nogil:
        cdef char *numbers = self.numbers + row * self.size
        if self.is_double:
            _c.gruc_stream_result(<double *> NULL, out, self.steps[row], <double *> numbers,
                                  <double *> self.scratch, &self.c)
        else:
            _c.gruc_stream_result(<float *> NULL, out, self.steps[row], <float *> numbers,
                                  <float *> self.scratch, &self.c)

    def reset(self, const Py_ssize_t[::1] rows=None, const unsigned char[:, ::1] states=None):
        """Begin anew, all of them or the m of `rows`, from `states`: (m, numbers of all layers) as bytes."""
        cdef Py_ssize_t i, row, m = self.n if rows is None else rows.shape[0]
        self.require_free()
        if states is not None:
            require(states.shape[0] == m and states.shape[1] <= <Py_ssize_t> self.size, "states (m, H)")
        for i in range(m):
            row = i if rows is None else rows[i]
            require(0 <= row < self.n, "rows of streams")
            self.steps[row] = 0
            memset(self.numbers + row * self.size, 0, self.size)
            if states is not None:
                memcpy(self.numbers + row * self.size, &states[i, 0], states.shape[1])

    def snapshot(self):
        """Counts of steps and numbers of all streams, for `restore`."""
        self.require_free()
        return (
            PyBytes_FromStringAndSize(<char *> self.steps, self.n * sizeof(uint64_t)),
            PyBytes_FromStringAndSize(self.numbers, self.n * self.size),
        )

    def restore(self, bytes steps, bytes numbers):
        """Go on from what `snapshot` returned."""
        self.require_free()
        require(len(steps) == self.n * <Py_ssize_t> sizeof(uint64_t), "steps of n streams")
        require(len(numbers) == self.n * <Py_ssize_t> self.size, "numbers of n streams")
        memcpy(self.steps, <char *> steps, len(steps))
        memcpy(self.numbers, <char *> numbers, len(numbers))
