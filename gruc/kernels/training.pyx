"""Training: a network forward and back through time, losses, Adam.

T steps, B sequences, D inputs, H units, F features, K outputs, N = sum of
lengths. Rows are packed: the rows of step 0 of every sequence, longest first,
then those of step 1, and so on; step t has rows offsets[t] to offsets[t + 1],
never more than step t - 1. Gate blocks r, z, n; weights lie (inputs, outputs).

The equations stand in include/gruc/layers/gru.body.h (forward) and gru_train.body.h (back), with how the
products are made and when; network.body.h is the way through the layers. `blas` has the two
passes of a layer over BLAS.

What takes long releases the GIL. What takes microseconds keeps it: another thread that
takes it meanwhile costs more than it gains.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cpython.pycapsule cimport PyCapsule_GetPointer
from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._packed cimport require, require_lengths, require_packed
from gruc.kernels.inference cimport Source, require_scaling
from libc.stdint cimport int32_t, uint64_t

from gruc.kernels import _in_use

# readouts and losses, as `Shape` and `loss_and_gradient` take them
cpdef enum:
    LAST = _c.GRUC_LAST
    MEAN = _c.GRUC_MEAN
    MAX = _c.GRUC_MAX
    ATTENTION = _c.GRUC_ATTENTION
    SOFTMAX = _c.GRUC_SOFTMAX
    SIGMOID = _c.GRUC_SIGMOID
    SQUARED_ERROR = _c.GRUC_SQUARED_ERROR
    ABSOLUTE_ERROR = _c.GRUC_ABSOLUTE_ERROR
    HUBER = _c.GRUC_HUBER
    QUANTILE = _c.GRUC_QUANTILE
    POISSON = _c.GRUC_POISSON

cdef const void *plain_f32 = NULL
cdef const void *plain_f64 = NULL
cdef Py_ssize_t plain_largest = 0


def use(int isa, plain=None):
    """Call the kernels of this instruction set from now on, or for layers those of `blas.passes()`."""
    global plain_f32, plain_f64, plain_largest
    require(_c.gruc_has(isa), "an instruction set that this processor has")
    _c.gruc_isa = isa
    plain_f32 = plain_f64 = NULL
    if plain is not None:
        f32, f64, plain_largest = plain
        plain_f32 = PyCapsule_GetPointer(f32, "gruc_plain_passes")
        plain_f64 = PyCapsule_GetPointer(f64, "gruc_plain_passes")


# ---- the network -----------------------------------------------------------------

cdef class Shape:
    """Layers, readout and head of a network: what its flat buffers mean (network.body.h).

    `size` is the number of its parameters.
    """

    cdef _c.gruc_shape c
    cdef Py_ssize_t[::1] units
    cdef readonly Py_ssize_t size

    def __init__(self, Py_ssize_t n_features, Py_ssize_t[::1] units not None, bint bidirectional,
                 bint reset_after, int readout, Py_ssize_t n_outputs):
        cdef Py_ssize_t i
        require(n_features > 0 and units.shape[0] > 0 and n_outputs > 0, "features, layers, outputs > 0")
        for i in range(units.shape[0]):
            require(units[i] > 0, "units > 0")
        require(LAST <= readout <= ATTENTION, "readout one of LAST, MEAN, MAX, ATTENTION")
        self.units = units.copy()
        self.c = _c.gruc_shape(n_features, n_outputs, units.shape[0], &self.units[0], bidirectional,
                               reset_after, readout)
        self.size = _c.gruc_network_size(<float *> NULL, &self.c)

    def packed_size(self, bint want_dx, bint double_precision):
        """Numbers that `pack` fills."""
        if double_precision:
            return _c.gruc_network_packed_size(<double *> NULL, &self.c, want_dx)
        return _c.gruc_network_packed_size(<float *> NULL, &self.c, want_dx)

    def workspace_size(self, Py_ssize_t N, Py_ssize_t B, bint double_precision):
        """Numbers of workspace for a batch of B sequences, N rows."""
        require(N >= B > 0, "N >= B > 0")
        if double_precision:
            return _c.gruc_network_workspace(<double *> NULL, &self.c, N, B)
        return _c.gruc_network_workspace(<float *> NULL, &self.c, N, B)

    def dropout_size(self, Py_ssize_t N, Py_ssize_t B, bint double_precision):
        """Numbers of dropout's masks, and of what they leave, for a batch of B sequences, N rows."""
        require(N >= B > 0, "N >= B > 0")
        if double_precision:
            return _c.gruc_network_dropout_size(<double *> NULL, &self.c, N, B)
        return _c.gruc_network_dropout_size(<float *> NULL, &self.c, N, B)


def pack(
    floating[::1] packed not None,            # (shape.packed_size(want_dx),) OUT
    const floating[::1] parameters not None,  # (shape.size,)
    Shape shape not None,
    bint want_dx,                             # whether `backward` will be asked for dx
):
    """Lay the weights out as the passes read them, once for every step of the optimiser."""
    require(packed.shape[0] == <Py_ssize_t> _c.gruc_network_packed_size(&packed[0], &shape.c, want_dx),
            "packed (shape.packed_size(want_dx),)")
    require(parameters.shape[0] == shape.size, "parameters (shape.size,)")
    with nogil:
        _c.gruc_network_pack(&packed[0], &parameters[0], &shape.c, want_dx)


cdef _c.gruc_pass begin(
    Shape shape, Py_ssize_t D, Py_ssize_t N, Py_ssize_t B, Py_ssize_t T, const floating[::1] parameters,
    const floating[::1] packed, bint want_dx,
) except *:
    """A pass without x, lengths, offsets, workspace and dropout."""
    cdef _c.gruc_pass p
    cdef Py_ssize_t i, largest = max(N, D)
    require(D == <Py_ssize_t> shape.c.n_features, "x (N, n_features)")
    require(parameters.shape[0] == shape.size, "parameters (shape.size,)")
    require(packed.shape[0] == <Py_ssize_t> _c.gruc_network_packed_size(&packed[0], &shape.c, want_dx),
            "packed (shape.packed_size(want_dx),)")
    p.shape = &shape.c
    p.parameters = &parameters[0]
    p.packed = &packed[0]
    p.want_dx = want_dx
    p.dropout = NULL
    p.drop_inputs = p.drop_states = False
    p.T = T
    p.B = B
    p.N = N
    p.plain = plain_f32 if sizeof(floating) == sizeof(float) else plain_f64
    if p.plain != NULL:
        for i in range(shape.units.shape[0]):
            largest = max(largest, 4 * shape.units[i])
        if largest > plain_largest:
            raise ValueError(
                f"a matrix of this batch has a side of {largest}, but the BLAS behind SciPy counts to "
                f"{plain_largest} only; use a smaller batch_size"
            )
    return p


cdef _c.gruc_pass begin_with(
    Shape shape, floating[::1] workspace, const floating[:, ::1] x, const Py_ssize_t[::1] lengths,
    const Py_ssize_t[::1] offsets, const floating[::1] parameters, const floating[::1] packed, bint want_dx,
    floating[::1] dropout,
) except *:
    """A pass over a batch that is packed."""
    cdef _c.gruc_pass p
    cdef Py_ssize_t N = x.shape[0], B = lengths.shape[0], T = offsets.shape[0] - 1
    require(B > 0, "lengths (B,)")
    require_packed(offsets, N, B)
    require_lengths(lengths, offsets, B)
    require(workspace.shape[0] >= <Py_ssize_t> _c.gruc_network_workspace(&workspace[0], &shape.c, N, B),
            "workspace (shape.workspace_size(N, B),)")
    p = begin(shape, x.shape[1], N, B, T, parameters, packed, want_dx)
    if dropout is not None:
        require_dropout(dropout, shape, N, B)
        p.dropout = &dropout[0]
        p.drop_inputs = p.drop_states = True
    p.x = &x[0, 0]
    p.lengths = &lengths[0]
    p.offsets = &offsets[0]
    p.workspace = &workspace[0]
    return p


cdef int require_dropout(floating[::1] dropout, Shape shape, Py_ssize_t N, Py_ssize_t B) except -1:
    require(dropout.shape[0] == <Py_ssize_t> _c.gruc_network_dropout_size(&dropout[0], &shape.c, N, B),
            "dropout (shape.dropout_size(N, B),)")
    return 0


def fill_masks(
    floating[::1] dropout not None,         # (shape.dropout_size(N, B),) OUT
    const uint64_t[::1] seeds not None,  # (B,) one a sequence
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    double rate,                            # of inputs, in [0, 1)
    double recurrent_rate,                  # of states where they enter W_hh, in [0, 1)
    Shape shape not None,
):
    """Masks of dropout for a packed batch, as `loss_and_gradient` makes them (dropout.body.h)."""
    cdef _c.gruc_pass p
    cdef Py_ssize_t B = lengths.shape[0], T = offsets.shape[0] - 1, N
    require(B > 0 and seeds.shape[0] == B, "lengths and seeds (B,)")
    require(T > 0, "offsets (T + 1,) from 0 on")
    N = offsets[T]
    require_packed(offsets, N, B)
    require_lengths(lengths, offsets, B)
    require_dropout(dropout, shape, N, B)
    require_rates(rate, recurrent_rate)
    p.shape = &shape.c
    p.T = T
    p.B = B
    p.N = N
    p.lengths = &lengths[0]
    p.offsets = &offsets[0]
    p.dropout = &dropout[0]
    p.drop_inputs = p.drop_states = True
    with nogil:
        _c.gruc_network_masks(&dropout[0], &p, &seeds[0], rate, recurrent_rate)


cdef int require_rates(double rate, double recurrent_rate) except -1:
    require(0 <= rate < 1 and 0 <= recurrent_rate < 1, "rates of dropout in [0, 1)")
    return 0


def forward(
    floating[:, ::1] outputs not None,      # (B, K) OUT
    floating[::1] workspace not None,       # (shape.workspace_size(N, B),) OUT: what `backward` wants
    const floating[:, ::1] x not None,      # (N, n_features)
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    const floating[::1] parameters not None,  # (shape.size,)
    const floating[::1] packed not None,    # by pack
    Shape shape not None,
    bint want_dx,                           # as `pack` was told
    floating[::1] dropout=None,             # by fill_masks
):
    """Outputs of a packed batch."""
    cdef _c.gruc_pass p = begin_with(
        shape, workspace, x, lengths, offsets, parameters, packed, want_dx, dropout)
    require(outputs.shape[0] == <Py_ssize_t> p.B and outputs.shape[1] == <Py_ssize_t> shape.c.n_outputs,
            "outputs (B, K)")
    with nogil:
        _c.gruc_network_forward(&outputs[0, 0], &p)


def backward(
    floating[::1] gradients not None,       # (shape.size,) OUT
    floating[:, ::1] dx,                    # (N, n_features) OUT with want_dx, else None
    const floating[:, ::1] doutputs not None,  # (B, K)
    floating[::1] workspace not None,       # from `forward`
    const floating[:, ::1] x not None,      # as there
    const Py_ssize_t[::1] lengths not None,
    const Py_ssize_t[::1] offsets not None,
    const floating[::1] parameters not None,
    const floating[::1] packed not None,
    Shape shape not None,
    bint want_dx,
    floating[::1] dropout=None,
):
    """Gradients from those of the outputs, after `forward` of the same batch."""
    cdef _c.gruc_pass p = begin_with(
        shape, workspace, x, lengths, offsets, parameters, packed, want_dx, dropout)
    cdef floating *dx_ptr = NULL
    require(gradients.shape[0] == shape.size, "gradients (shape.size,)")
    require(doutputs.shape[0] == <Py_ssize_t> p.B and doutputs.shape[1] == <Py_ssize_t> shape.c.n_outputs,
            "doutputs (B, K)")
    require(want_dx == (dx is not None), "dx with want_dx only")
    if dx is not None:
        require(dx.shape[0] == x.shape[0] and dx.shape[1] == x.shape[1], "dx (N, n_features)")
        dx_ptr = &dx[0, 0]
    with nogil:
        _c.gruc_network_backward(&gradients[0], dx_ptr, &doutputs[0, 0], &p)


cdef enum:
    LINE = 64  # bytes of a cache line


cdef class Memory:
    """What one thread needs beside a batch, kept for the next; contents undefined."""

    cdef char *block
    cdef size_t size

    def __dealloc__(self):
        PyMem_RawFree(self.block)

    cdef char *room(self, size_t size) except NULL:
        """At least `size` bytes, from a cache line on."""
        if size > self.size:
            PyMem_RawFree(self.block)
            self.size = 0
            self.block = <char *> PyMem_RawMalloc(size + LINE)
            if self.block == NULL:
                raise MemoryError()
            self.size = size
        return self.block + (LINE - <size_t> self.block % LINE) % LINE


cdef inline size_t lines(size_t bytes) noexcept nogil:
    return (bytes + LINE - 1) // LINE * LINE


def loss_and_gradient(
    floating[::1] gradients not None,       # (shape.size,) OUT: of the weighted sum / total
    Memory memory not None,
    Source source not None,
    const Py_ssize_t[::1] indices not None,  # (B,) which sequences of `source`
    const double[::1] mean, const double[::1] scale,  # of features, (D,) or None
    int loss,                               # SOFTMAX, SIGMOID, SQUARED_ERROR, ...
    const double[::1] settings not None,    # of the loss, one or more: loss.body.h; 0 for those without
    const Py_ssize_t[::1] labels,           # of all sequences, (n,), for SOFTMAX; else None
    const floating[:, ::1] y,               # of all sequences, (n, K), for the others; else None
    const double[::1] weights,              # of all sequences, (n,), or None for ones
    double total,                           # what their weighted sum of losses is divided by, > 0
    const floating[::1] parameters not None,  # (shape.size,)
    const floating[::1] packed not None,    # by pack, without want_dx
    Shape shape not None,
    const uint64_t[::1] seeds=None,  # (B,) of dropout's masks; None for no dropout
    double dropout=0, double recurrent_dropout=0,  # rates of inputs, and of states that enter W_hh
):
    """Weighted sum of the losses of some sequences, and its gradient.

    Gathering, forward, loss and back in one call, so that threads need not take turns in Python.
    """
    cdef _c.gruc_pass p
    cdef Py_ssize_t n = source.c.n, D = source.c.D, width = source.c.frame_length * D
    cdef Py_ssize_t K = shape.c.n_outputs, B = indices.shape[0], N, T, b, k, i
    cdef const double *mean_ptr = NULL
    cdef const double *scale_ptr = NULL
    cdef size_t of_workspace, of_dropout = 0
    cdef double result
    require(not source.holds_tokens, "a source of numbers")
    source.check(indices, &N, &T)
    require_scaling(mean, scale, D)
    if mean is not None:
        mean_ptr = &mean[0]
        scale_ptr = &scale[0]
    require(gradients.shape[0] == shape.size, "gradients (shape.size,)")
    require((weights is None or weights.shape[0] == n) and total > 0, "weights (n,), total > 0")
    require(SOFTMAX <= loss <= POISSON, "loss one of SOFTMAX, ..., POISSON")
    require(settings.shape[0] > 0, "settings (1,) or more")
    if loss == SOFTMAX:
        require(labels is not None and labels.shape[0] == n, "labels (n,)")
        for b in range(B):
            require(0 <= labels[indices[b]] < K, "0 <= labels < K")
    else:
        require(y is not None and y.shape[0] == n and y.shape[1] == K, "y (n, K)")
    if seeds is not None:
        require(seeds.shape[0] == B, "seeds (B,)")
        require_rates(dropout, recurrent_dropout)
        of_dropout = _c.gruc_network_dropout_size(&gradients[0], &shape.c, N, B)
    p = begin(shape, width, N, B, T, parameters, packed, False)

    of_workspace = _c.gruc_network_workspace(&gradients[0], &shape.c, N, B)
    cdef size_t of_order = lines(B * sizeof(Py_ssize_t)), of_values = lines(N * width * sizeof(floating))
    cdef size_t of_targets = lines(B * K * sizeof(floating)), of_offsets = lines((T + 1) * sizeof(Py_ssize_t))
    cdef char *room = memory.room(
        3 * of_order + of_offsets + lines(B * sizeof(double)) + of_values + of_targets
        + lines(of_workspace * sizeof(floating)) + lines(of_dropout * sizeof(floating))
        + lines(B * sizeof(uint64_t))
    )
    cdef Py_ssize_t *order = <Py_ssize_t *> room
    cdef Py_ssize_t *lengths = <Py_ssize_t *> (room + of_order)
    cdef Py_ssize_t *of_labels = <Py_ssize_t *> (room + 2 * of_order)
    cdef Py_ssize_t *offsets = <Py_ssize_t *> (room + 3 * of_order)
    cdef double *of_weights = <double *> (room + 3 * of_order + of_offsets)
    cdef floating *values = <floating *> (<char *> of_weights + lines(B * sizeof(double)))
    cdef floating *targets = <floating *> (<char *> values + of_values)
    p.x = values
    p.lengths = lengths
    p.offsets = offsets
    p.workspace = <char *> targets + of_targets
    cdef char *after_workspace = <char *> p.workspace + lines(of_workspace * sizeof(floating))
    cdef uint64_t *of_seeds = <uint64_t *> (
        after_workspace + lines(of_dropout * sizeof(floating)))
    if seeds is not None:
        p.dropout = after_workspace
        p.drop_inputs = dropout > 0
        p.drop_states = recurrent_dropout > 0
    with nogil:
        _c.gruc_layout(order, lengths, offsets, &source.c, &indices[0], B, T)
        _c.gruc_gather(values, &source.c, &indices[0], order, offsets, mean_ptr, scale_ptr, B)
        for b in range(B):
            i = indices[order[b]]
            if seeds is not None:
                of_seeds[b] = seeds[order[b]]
            of_weights[b] = 1.0 if weights is None else weights[i]
            if loss == SOFTMAX:
                of_labels[b] = labels[i]
            else:
                for k in range(K):
                    targets[b * K + k] = y[i, k]
        if seeds is not None:
            _c.gruc_network_masks(&gradients[0], &p, of_seeds, dropout, recurrent_dropout)
        result = _c.gruc_network_loss(&gradients[0], loss, of_labels, targets, of_weights, total,
                                      &settings[0], settings.shape[0], &p)
    return result


# ---- losses: logits in, gradient of the weighted mean out, weighted sum returned ----

def softmax_cross_entropy(
    floating[:, ::1] a not None,            # (B, K) IN: logits, OUT: gradient
    const Py_ssize_t[::1] labels not None,  # (B,)
    const double[::1] weights not None,     # (B,)
    double total,                  # sum of weights, > 0
    double smoothing=0,            # share of the target that all classes have in common
):
    """sum_b weights[b] * -log softmax(a[b])[labels[b]]"""
    cdef Py_ssize_t B = a.shape[0], K = a.shape[1], b
    cdef double loss
    require(B > 0 and K > 0 and total > 0, "B, K and total > 0")
    require(weights.shape[0] == B, "weights (B,)")
    require(labels.shape[0] == B, "labels (B,)")
    for b in range(B):
        require(0 <= labels[b] < K, "0 <= labels < K")
    loss = _c.gruc_softmax_cross_entropy(&a[0, 0], &labels[0], &weights[0], total, smoothing, B, K)
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


def error_loss(
    floating[:, ::1] a not None,        # (B, K) IN: outputs, OUT: gradient
    const floating[:, ::1] y not None,  # (B, K)
    const double[::1] weights not None,  # (B,)
    double total,                       # sum of weights, > 0
    int loss,                           # SQUARED_ERROR, ..., POISSON
    const double[::1] settings not None,  # as `loss_and_gradient` has them
):
    """sum_b weights[b] * mean_k f(a, y), with f and its derivatives in loss.body.h"""
    cdef double result
    require_targets(a, y, weights, total)
    require(SQUARED_ERROR <= loss <= POISSON, "loss one of SQUARED_ERROR, ..., POISSON")
    require(settings.shape[0] > 0, "settings (1,) or more")
    result = _c.gruc_error_loss(&a[0, 0], &y[0, 0], &weights[0], total, loss, &settings[0], settings.shape[0],
                                a.shape[0], a.shape[1])
    return result


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


def add_penalty(
    floating[::1] g not None,        # (size,) IN/OUT: gradient
    const floating[::1] p not None,  # (size,) weights
    double l2, double l1,
):
    """g += l2 p + l1 sign(p); returns l2/2 sum(p^2) + l1 sum(abs(p)), whose gradient that is."""
    cdef double result
    require(g.shape[0] > 0 and g.shape[0] == p.shape[0], "g and p (size,)")
    with nogil:
        result = _c.gruc_add_penalty(&g[0], &p[0], l2, l1, g.shape[0])
    return result


# Optimisers: the new arrays may be the old ones, or leave these as they are.

def adam(
    floating[::1] new_p not None,    # (size,) OUT: parameters
    floating[::1] new_m not None,    # (size,) OUT: first moment
    floating[::1] new_v not None,    # (size,) OUT: second moment
    const floating[::1] p not None,  # (size,)
    const floating[::1] m not None,  # (size,)
    const floating[::1] v not None,  # (size,)
    const floating[::1] g not None,  # (size,) gradient
    Py_ssize_t t,           # step number, from 1
    double learning_rate, double beta_1, double beta_2, double epsilon,
    double weight_decay,    # decoupled: AdamW
):
    """One step of Adam (Kingma and Ba 2015), or of AdamW (Loshchilov and Hutter 2019)."""
    cdef Py_ssize_t size = p.shape[0]
    cdef double rate, unbias, keep = 1 - learning_rate * weight_decay
    require(size > 0 and t > 0, "p not empty, t > 0")
    require(m.shape[0] == size and v.shape[0] == size and g.shape[0] == size, "m, v, g (size,)")
    require(new_p.shape[0] == size and new_m.shape[0] == size and new_v.shape[0] == size, "new ones (size,)")
    with nogil:
        rate = learning_rate / (1 - beta_1 ** t)
        unbias = 1 / (1 - beta_2 ** t)
        _c.gruc_adam(&new_p[0], &new_m[0], &new_v[0], &p[0], &m[0], &v[0], &g[0], rate, unbias, keep, beta_1,
                     beta_2, epsilon, size)


def sgd(
    floating[::1] new_p not None,    # (size,) OUT: parameters
    floating[::1] new_m not None,    # (size,) OUT: velocity
    const floating[::1] p not None,  # (size,)
    const floating[::1] m not None,  # (size,)
    const floating[::1] g not None,  # (size,) gradient
    double learning_rate, double momentum, bint nesterov,
):
    """One step of gradient descent with momentum (Sutskever et al. 2013)."""
    cdef Py_ssize_t size = p.shape[0]
    require_moment(new_p, new_m, p, m, g)
    with nogil:
        _c.gruc_sgd(&new_p[0], &new_m[0], &p[0], &m[0], &g[0], learning_rate, momentum, nesterov, size)


def rmsprop(
    floating[::1] new_p not None,    # (size,) OUT: parameters
    floating[::1] new_v not None,    # (size,) OUT: mean square of gradients
    const floating[::1] p not None,  # (size,)
    const floating[::1] v not None,  # (size,)
    const floating[::1] g not None,  # (size,) gradient
    double learning_rate, double rho, double epsilon,
):
    """One step of RMSprop (Tieleman and Hinton 2012)."""
    cdef Py_ssize_t size = p.shape[0]
    require_moment(new_p, new_v, p, v, g)
    with nogil:
        _c.gruc_rmsprop(&new_p[0], &new_v[0], &p[0], &v[0], &g[0], learning_rate, rho, epsilon, size)


cdef int require_moment(
    floating[::1] new_p, floating[::1] new_m, const floating[::1] p, const floating[::1] m,
    const floating[::1] g,
) except -1:
    cdef Py_ssize_t size = p.shape[0]
    require(size > 0 and m.shape[0] == size and g.shape[0] == size, "p, moment, g (size,)")
    require(new_p.shape[0] == size and new_m.shape[0] == size, "new ones (size,)")
    return 0


include "_rows.pxi"

use(*_in_use())
