"""Training: a network forward and back through time, losses, Adam.

T steps, B sequences, D inputs, H units, F features, K outputs, N = sum of
lengths. Rows are packed: the rows of step 0 of every sequence, longest first,
then those of step 1, and so on; step t has rows offsets[t] to offsets[t + 1],
never more than step t - 1. Gate blocks r, z, n; weights lie (inputs, outputs).

The equations stand in include/gruc/layers/gru.body.h (forward) and gru_train.body.h (back), with how the
products are made and when; walk.h is the way through a program. `blas` has the two passes of a
cell over BLAS.

What takes long releases the GIL. What takes microseconds keeps it: another thread that
takes it meanwhile costs more than it gains.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cpython.pycapsule cimport PyCapsule_GetPointer
from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._packed cimport require, require_lengths, require_packed
from gruc.kernels.inference cimport Program, Source, require_scaling, require_tokens
from libc.stdint cimport int32_t, uint64_t
from libc.string cimport memcpy

import numpy as np

from gruc.kernels import _in_use

# losses, as `Targets` takes them
cpdef enum:
    SOFTMAX = _c.GRUC_SOFTMAX
    SIGMOID = _c.GRUC_SIGMOID
    SQUARED_ERROR = _c.GRUC_SQUARED_ERROR
    ABSOLUTE_ERROR = _c.GRUC_ABSOLUTE_ERROR
    HUBER = _c.GRUC_HUBER
    QUANTILE = _c.GRUC_QUANTILE
    POISSON = _c.GRUC_POISSON

# what a pass calls, for float and for double: the kernels' own tables, or these with rows of `blas`
cdef const _c.gruc_operation *operations_f32 = NULL
cdef const _c.gruc_operation *operations_f64 = NULL
cdef _c.gruc_operation over_blas_f32[_c.GRUC_N_KINDS]
cdef _c.gruc_operation over_blas_f64[_c.GRUC_N_KINDS]
cdef Py_ssize_t blas_largest = 0  # side of a matrix; 0 without BLAS


def use(int isa, provider=None):
    """Call the kernels of this instruction set from now on, and for cells those of `blas.provider()`."""
    global operations_f32, operations_f64, blas_largest
    require(_c.gruc_has(isa), "an instruction set that this processor has")
    _c.gruc_isa = isa
    operations_f32 = _c.gruc_operations(<float *> NULL)
    operations_f64 = _c.gruc_operations(<double *> NULL)
    blas_largest = 0
    if provider is not None:
        f32, f64, blas_largest = provider
        replace_cells(over_blas_f32, operations_f32,
                      <_c.gruc_operation *> PyCapsule_GetPointer(f32, "gruc_operation_f32"))
        replace_cells(over_blas_f64, operations_f64,
                      <_c.gruc_operation *> PyCapsule_GetPointer(f64, "gruc_operation_f64"))
        operations_f32 = over_blas_f32
        operations_f64 = over_blas_f64


cdef int replace_cells(
    _c.gruc_operation *table, const _c.gruc_operation *own, const _c.gruc_operation *cell,
) except -1:
    """The table `own`, but for the passes of cells, which read weights that are not packed."""
    cdef int kind
    memcpy(table, own, _c.GRUC_N_KINDS * sizeof(_c.gruc_operation))
    for kind in (_c.GRUC_GRU, _c.GRUC_GRU_RESET_BEFORE):
        table[kind].packed_size = NULL
        table[kind].scratch_size = cell.scratch_size
        table[kind].forward = cell.forward
        table[kind].backward = cell.backward
    return 0


# ---- memory ------------------------------------------------------------------------

cdef enum:
    LINE = 64  # bytes of a cache line
    MOST_INPUTS = 16  # of a program


cdef inline size_t whole_lines(size_t bytes) noexcept nogil:
    return (bytes + LINE - 1) // LINE * LINE


cdef class Block:
    """Memory that begins a cache line and grows when it must; contents undefined."""

    cdef char *allocated
    cdef size_t size

    def __dealloc__(self):
        PyMem_RawFree(self.allocated)

    cdef char *at_least(self, size_t size) except NULL:
        if size > self.size or self.allocated == NULL:
            PyMem_RawFree(self.allocated)
            self.size = 0
            self.allocated = <char *> PyMem_RawMalloc(size + LINE)
            if self.allocated == NULL:
                raise MemoryError()
            self.size = size
        return self.allocated + (LINE - <size_t> self.allocated % LINE) % LINE


cdef class Memory:
    """What one thread needs beside a batch, kept for the next."""

    cdef Block batch      # packed rows, targets, weights
    cdef Block places     # of values and operations in the workspace
    cdef Block workspace

    def __init__(self):
        self.batch = Block()
        self.places = Block()
        self.workspace = Block()


cdef class Weights:
    """A flat buffer of weights beside the same as the kernels read them, packed once a step of the optimiser.

    Parameters
    ----------
    program : Program
    parameters : ndarray of shape (program.n_parameters,)
        Its type, float32 or float64, is that of everything that passes through the program.
    """

    cdef readonly Program program
    cdef readonly object parameters
    cdef const void *flat
    cdef Block block
    cdef char *packed
    cdef bint is_double
    cdef readonly Py_ssize_t packed_size  # elements

    def __init__(self, Program program not None, parameters not None):
        self.program = program
        self.is_double = parameters.dtype == np.float64
        self.block = Block()
        self.pack(parameters)

    cdef size_t element(self) noexcept nogil:
        return sizeof(double) if self.is_double else sizeof(float)

    cdef const _c.gruc_operation *operations(self) noexcept nogil:
        return operations_f64 if self.is_double else operations_f32

    def pack(self, parameters not None):
        """Take these weights, of the same type, from now on."""
        if self.is_double:
            self.flat = flat_buffer[double](parameters, self.program.n_parameters)
        else:
            self.flat = flat_buffer[float](parameters, self.program.n_parameters)
        self.parameters = parameters
        self.packed_size = _c.gruc_program_packed_size(&self.program.c, self.operations())
        self.packed = self.block.at_least(self.packed_size * self.element())
        with nogil:
            _c.gruc_program_pack(self.packed, self.flat, &self.program.c, self.operations(), self.element())


cdef const void *flat_buffer(const floating[::1] parameters, Py_ssize_t size) except NULL:
    require(parameters.shape[0] == size, "parameters (program.n_parameters,)")
    return &parameters[0]


include "_tables.pxi"


# ---- a pass ------------------------------------------------------------------------

cdef int begin(
    _c.gruc_pass *p, Weights weights, Memory memory, const void **inputs, bint drop_states,
) except -1:
    """A pass whose clocks are set: everything but gradients, outputs, seeds and rates."""
    cdef _c.gruc_program *program = &weights.program.c
    cdef size_t values = whole_lines(program.n_values * sizeof(_c.gruc_value_place))
    cdef char *places = memory.places.at_least(values + program.n_ops * sizeof(_c.gruc_op_place))
    cdef size_t size
    p.program = program
    p.operations = weights.operations()
    p.element = weights.element()
    p.inputs = inputs
    p.parameters = weights.flat
    p.packed = weights.packed
    p.values = <_c.gruc_value_place *> places
    p.ops = <_c.gruc_op_place *> (places + values)
    p.drop_states = drop_states
    require_blas_sizes(p)
    size = _c.gruc_program_places(p)
    p.workspace = memory.workspace.at_least(size * p.element)
    return 0


cdef int require_blas_sizes(const _c.gruc_pass *p) except -1:
    """The BLAS behind SciPy counts the rows and columns of every matrix."""
    cdef size_t i
    cdef Py_ssize_t largest
    if blas_largest == 0:
        return 0
    largest = max(<Py_ssize_t> p.clocks[0].N, <Py_ssize_t> p.clocks[1].N)
    for i in range(p.program.n_ops):
        if p.program.ops[i].last >= 0:  # a cell
            largest = max(largest, <Py_ssize_t> p.program.ops[i].D, 4 * <Py_ssize_t> p.program.ops[i].H)
    if largest > blas_largest:
        raise ValueError(
            f"a matrix of this batch has a side of {largest}, but the BLAS behind SciPy counts to "
            f"{blas_largest} only; use a smaller batch_size"
        )
    return 0


cdef int require_rates(double rate, double rate_states) except -1:
    require(0 <= rate < 1 and 0 <= rate_states < 1, "rates of dropout in [0, 1)")
    return 0


cdef class Pass:
    """A packed batch on its way through a program, and back; any value can be looked at on the way.

    Parameters
    ----------
    weights : Weights
    inputs : list of ndarray of shape (rows, width)
        Of each input of the program, in packed order.
    clocks : list of (lengths, offsets, order)
        Of each clock of the program: `gruc_clock`.
    seeds : ndarray of shape (B,), uint64, or None
        Of each sequence's masks of dropout, in the packed order of the first clock; None for no
        recurrent dropout, in a program without dropout.
    rate, rate_states : float
        Of dropout, and of recurrent dropout.
    """

    cdef Weights weights
    cdef Memory memory
    cdef _c.gruc_pass c
    cdef const void *inputs[MOST_INPUTS]
    cdef void *dinputs[MOST_INPUTS]
    cdef list arrays  # whose memory is used
    cdef object dtype
    cdef object doutputs
    cdef TableGradients tables
    cdef readonly object outputs
    cdef readonly object gradients

    def __init__(self, Weights weights not None, inputs, clocks, const uint64_t[::1] seeds=None,
                 double rate=0, double rate_states=0):
        cdef Program program = weights.program
        cdef Py_ssize_t i
        self.weights = weights
        self.memory = Memory()
        self.dtype = np.dtype(np.float64 if weights.is_double else np.float32)
        self.arrays = []
        require(len(clocks) == program.n_clocks, "a clock for each of the program's")
        for i in range(len(clocks)):
            lengths, offsets, order = clocks[i]
            self.set_clock(i, lengths, offsets, order)
        require_rates(rate, rate_states)
        require(len(inputs) == <Py_ssize_t> program.c.n_inputs <= MOST_INPUTS, "an array for each input")
        for i in range(len(inputs)):
            self.set_input(i, inputs[i])
        self.tables = TableGradients(weights)
        begin(&self.c, weights, self.memory, self.inputs, seeds is not None and rate_states > 0)
        self.c.dinputs = self.dinputs
        self.c.rate = rate
        self.c.rate_states = rate_states
        if seeds is not None:
            require(seeds.shape[0] == <Py_ssize_t> self.c.clocks[0].B, "seeds (B,)")
            with nogil:
                _c.gruc_program_masks(&self.c, &seeds[0])

    cdef int set_clock(self, Py_ssize_t i, const Py_ssize_t[::1] lengths, const Py_ssize_t[::1] offsets,
                       const Py_ssize_t[::1] order) except -1:
        cdef Py_ssize_t B, b
        cdef Py_ssize_t[::1] places
        require(lengths is not None and offsets is not None and order is not None, "clocks")
        B = lengths.shape[0]
        require(B > 0 and offsets.shape[0] > 1 and order.shape[0] == B, "lengths and order (B,)")
        require_packed(offsets, offsets[offsets.shape[0] - 1], B)
        require_lengths(lengths, offsets, B)
        require(i == 0 or B == <Py_ssize_t> self.c.clocks[0].B, "the same sequences under both clocks")
        places = np.full(B, -1, np.intp)
        for b in range(B):
            require(0 <= order[b] < B and places[order[b]] == -1, "order, each place once")
            places[order[b]] = b
        self.c.clocks[i] = _c.gruc_clock(offsets.shape[0] - 1, B, offsets[offsets.shape[0] - 1], &lengths[0],
                                         &offsets[0], &order[0], &places[0])
        self.arrays += [lengths, offsets, order, places]
        return 0

    cdef int set_input(self, Py_ssize_t i, array) except -1:
        cdef const _c.gruc_value *value = &self.weights.program.c.values[i]
        shape = <Py_ssize_t> _c.gruc_rows(value, self.c.clocks), <Py_ssize_t> value.width
        require(array.shape == shape and array.flags.c_contiguous, "inputs (rows, width)")
        require(array.dtype == (np.int32 if value.integers else self.dtype), "inputs of the weights' type")
        gradient = np.empty(shape, self.dtype) if value.gradient == i else None
        self.inputs[i] = <const void *> <size_t> array.ctypes.data
        self.dinputs[i] = <void *> <size_t> gradient.ctypes.data if gradient is not None else NULL
        self.arrays += [array, gradient]
        return 0

    def forward(self):
        """Outputs of the program; each call makes a new array."""
        cdef const _c.gruc_value *value = &self.weights.program.c.values[self.c.program.output]
        self.outputs = np.empty((_c.gruc_rows(value, self.c.clocks), value.width), self.dtype)
        self.c.outputs = <void *> <size_t> self.outputs.ctypes.data
        with nogil:
            _c.gruc_program_forward(&self.c)
        return self.outputs

    def backward(self, doutputs):
        """The flat gradient of the dense parameters from that of the outputs, after `forward`."""
        require(self.outputs is not None, "forward before backward")
        require(doutputs.shape == self.outputs.shape, "doutputs like outputs")
        self.doutputs = np.array(doutputs, self.dtype, order="C")  # used up
        self.c.doutputs = <void *> <size_t> self.doutputs.ctypes.data
        self.prepare_backward()
        with nogil:
            _c.gruc_program_backward(&self.c)
        return self.gradients

    def loss(self, Targets targets not None, double total):
        """Weighted sum of the losses of all rows of outputs, forward and back in one way.

        Parameters
        ----------
        targets : Targets
            Of the rows of outputs, one for each, in packed order.
        total : float
            The gradients, which are then in `gradients`, are of the sum divided by it.
        """
        cdef const _c.gruc_value *value = &self.weights.program.c.values[self.c.program.output]
        cdef Py_ssize_t R = _c.gruc_rows(value, self.c.clocks), K = value.width
        cdef _c.gruc_loss loss
        cdef const double[::1] weights = np.ones(R) if targets.weights is None else targets.weights
        cdef double result
        require(total > 0, "total > 0")
        targets.check(np.arange(R), R, K, self.weights.is_double)
        loss = _c.gruc_loss(targets.loss, NULL, NULL, &weights[0], total, &targets.settings[0],
                            targets.settings.shape[0])
        if targets.loss == SOFTMAX:
            loss.labels = &targets.labels[0]
        elif self.weights.is_double:
            require(targets.y_f64.is_c_contig(), "targets (rows, K)")
            loss.y = &targets.y_f64[0, 0]
        else:
            require(targets.y_f32.is_c_contig(), "targets (rows, K)")
            loss.y = &targets.y_f32[0, 0]
        self.prepare_backward()
        with nogil:
            result = _c.gruc_program_loss(&self.c, &loss)
        return result

    cdef int prepare_backward(self) except -1:
        self.gradients = np.empty(self.weights.program.n_dense, self.dtype)
        self.c.gradients = <void *> <size_t> self.gradients.ctypes.data
        self.c.token_rows = self.tables.make_room(&self.c)
        return 0

    def rows(self, int value):
        """A copy of the rows of a value, after `forward`."""
        require(0 <= value < <int> self.c.program.n_values, "a value")
        return self.copy(_c.gruc_rows_of(&self.c, value), value)

    def gradient(self, int value):
        """A copy of the gradient of a value, after `backward`, where nothing else used its memory since."""
        require(0 <= value < <int> self.c.program.n_values, "a value")
        require(_c.gruc_gradient_of(&self.c, value) != NULL, "a value whose gradient is wanted")
        return self.copy(_c.gruc_gradient_of(&self.c, value), value)

    def table_gradients(self):
        """Copies of the gradients of tables, after `backward`: `TableGradients.arrays`."""
        return [(tokens.copy(), rows.copy()) for tokens, rows in self.tables.arrays()]

    def masks(self, Py_ssize_t op):
        """A copy of the masks of dropout of an operation, (rows, width) or (B, H); None for none."""
        cdef const _c.gruc_op *operation
        cdef _c.gruc_call call
        cdef const void *mask
        require(0 <= op < <Py_ssize_t> self.c.program.n_ops, "an operation")
        operation = &self.c.program.ops[op]
        call = _c.gruc_call_forward(&self.c, op)
        if operation.kind == _c.GRUC_DROPOUT:
            return self.copy(call.kept, operation.y)
        require(operation.last >= 0, "an operation with masks")
        mask = _c.gruc_gru_batch_of(&call).mask
        if mask == NULL:
            return None
        array = np.empty((call.clock.B, operation.H), self.dtype)
        memcpy(<void *> <size_t> array.ctypes.data, mask, array.nbytes)
        return array

    cdef copy(self, const void *memory, int value):
        cdef const _c.gruc_value *v = &self.c.program.values[value]
        array = np.empty((_c.gruc_rows(v, self.c.clocks), v.width), np.int32 if v.integers else self.dtype)
        memcpy(<void *> <size_t> array.ctypes.data, memory, array.nbytes)
        return array


# ---- loss and gradient of a shard ------------------------------------------------------

cdef class Targets:
    """What sequences are to be answered with, and how answers are judged.

    Parameters
    ----------
    loss : int
        SOFTMAX, SIGMOID, SQUARED_ERROR, ...
    settings : tuple of float
        Of the loss, one or more (loss.body.h); 0 for those without.
    values : ndarray of shape (n,), intp, or (n, K)
        Labels for SOFTMAX; elements of the weights' type for the others.
    weights : ndarray of shape (n,), float64, or None
        None for ones.
    """

    cdef int loss
    cdef double[::1] settings
    cdef const Py_ssize_t[::1] labels
    cdef const float[:, ::1] y_f32
    cdef const double[:, ::1] y_f64
    cdef const double[::1] weights
    cdef Py_ssize_t n

    def __init__(self, int loss, settings, values not None, const double[::1] weights=None):
        require(SOFTMAX <= loss <= POISSON, "loss one of SOFTMAX, ..., POISSON")
        self.loss = loss
        self.settings = np.array(settings, np.float64)
        require(self.settings.shape[0] > 0, "settings, one or more")
        if loss == SOFTMAX:
            self.labels = values
        elif values.dtype == np.float64:
            self.y_f64 = values
        else:
            self.y_f32 = values
        self.n = len(values)
        require(weights is None or weights.shape[0] == self.n, "weights (n,)")
        self.weights = weights

    cdef int check(self, const Py_ssize_t[::1] indices, Py_ssize_t n, Py_ssize_t K, bint is_double) except -1:
        """Targets of n sequences, for K outputs."""
        cdef Py_ssize_t b
        require(self.n == n, "targets of as many sequences as the source has")
        if self.loss == SOFTMAX:
            for b in range(indices.shape[0]):
                require(0 <= self.labels[indices[b]] < K, "0 <= labels < K")
        elif is_double:
            require(self.y_f64 is not None and self.y_f64.shape[1] == K, "targets (n, K) of the weights' type")
        else:
            require(self.y_f32 is not None and self.y_f32.shape[1] == K, "targets (n, K) of the weights' type")
        return 0


cdef void gather_targets(
    floating *to, const floating[:, ::1] y, const Py_ssize_t[::1] indices, const Py_ssize_t *order,
) noexcept nogil:
    """to (B, K) = y[indices[order]]"""
    cdef Py_ssize_t b, k, K = y.shape[1]
    for b in range(indices.shape[0]):
        for k in range(K):
            to[b * K + k] = y[indices[order[b]], k]


def loss_and_gradient(
    floating[::1] gradients not None,       # (program.n_dense,) OUT: of the weighted sum / total
    Memory memory not None,
    Weights weights not None,
    Source source not None,
    const Py_ssize_t[::1] indices not None,  # (B,) which sequences of `source`
    scaling,                                # (mean, scale) of features, (D,) each, or None
    Targets targets not None,               # of all sequences of `source`
    double total,                           # what their weighted sum of losses is divided by, > 0
    dropout=None,                           # (seeds (B,) of uint64, rate, rate of states), or None
    TableGradients tables=None,             # OUT: of the program's tables; None for one without
):
    """Weighted sum of the losses of some sequences, and its gradient.

    Gathering, forward, loss and back in one call, so that threads need not take turns in Python.
    """
    cdef _c.gruc_pass p
    cdef _c.gruc_loss loss
    cdef Program program = weights.program
    cdef const _c.gruc_value *x = &program.c.values[0]
    cdef Py_ssize_t K = program.c.values[program.c.output].width
    cdef Py_ssize_t n = source.c.n, width = x.width, B = indices.shape[0], N, T, b
    cdef const double[::1] mean = None
    cdef const double[::1] scale = None
    cdef const uint64_t[::1] seeds = None
    cdef const double *mean_ptr = NULL
    cdef const double *scale_ptr = NULL
    cdef double result
    cdef _c.gruc_wrong_token wrong
    cdef Py_ssize_t n_tokens = n_tokens_of(program, 0) if x.integers else 0
    require(source.holds_tokens == bool(x.integers), "tokens where the program reads tokens, else numbers")
    source.check(indices, &N, &T)
    require(width == <Py_ssize_t> (source.c.frame_length * source.c.D), "rows as wide as the program reads")
    if scaling is not None:
        mean, scale = scaling
    require_scaling(mean, scale, source.c.D)
    if mean is not None:
        mean_ptr = &mean[0]
        scale_ptr = &scale[0]
    require(program.c.n_inputs == 1, "a program that reads X alone")
    require((tables is not None) == (program.n_dense < program.n_parameters), "tables where there are some")
    require((sizeof(floating) == sizeof(double)) == weights.is_double, "gradients of the weights' type")
    require(gradients.shape[0] == program.n_dense, "gradients (program.n_dense,)")
    require(total > 0, "total > 0")
    targets.check(indices, n, K, weights.is_double)
    p.rate = p.rate_states = 0
    if dropout is not None:
        seeds, p.rate, p.rate_states = dropout
        require(seeds is not None and seeds.shape[0] == B, "seeds (B,)")
        require_rates(p.rate, p.rate_states)
    p.clocks[0].T = T
    p.clocks[0].B = B
    p.clocks[0].N = N
    p.clocks[1].N = 0

    cdef size_t order_size = whole_lines(B * sizeof(Py_ssize_t))
    cdef size_t values_size = whole_lines(N * width * sizeof(floating))
    cdef size_t targets_size = whole_lines(B * K * sizeof(floating))
    cdef char *batch = memory.batch.at_least(
        5 * order_size + whole_lines((T + 1) * sizeof(Py_ssize_t)) + values_size + targets_size
    )
    cdef const void *values = batch
    cdef floating *y = <floating *> (batch + values_size)
    cdef Py_ssize_t *order = <Py_ssize_t *> (batch + values_size + targets_size)
    cdef Py_ssize_t *lengths = <Py_ssize_t *> (<char *> order + order_size)
    cdef Py_ssize_t *labels = <Py_ssize_t *> (<char *> order + 2 * order_size)
    cdef double *sample_weights = <double *> (<char *> order + 3 * order_size)
    cdef uint64_t *packed_seeds = <uint64_t *> (<char *> order + 4 * order_size)
    cdef Py_ssize_t *offsets = <Py_ssize_t *> (<char *> order + 5 * order_size)
    begin(&p, weights, memory, &values, seeds is not None and p.rate_states > 0)
    p.clocks[0].lengths = lengths
    p.clocks[0].offsets = offsets
    p.clocks[0].order = order
    p.clocks[0].places = NULL
    p.dinputs = NULL
    p.gradients = &gradients[0]
    p.outputs = p.doutputs = NULL
    p.token_rows = NULL if tables is None else tables.make_room(&p)
    loss = _c.gruc_loss(targets.loss, labels, y, sample_weights, total, &targets.settings[0],
                        targets.settings.shape[0])
    with nogil:
        _c.gruc_layout(order, lengths, offsets, &source.c, &indices[0], B, T)
        if n_tokens > 0:
            wrong = _c.gruc_gather_tokens(<int32_t *> values, &source.c, &indices[0], order, offsets, B, n_tokens)
        else:
            wrong.sequence = -1
            _c.gruc_gather(<floating *> values, &source.c, &indices[0], order, offsets, mean_ptr, scale_ptr, B)
    require_tokens(wrong, n_tokens)
    with nogil:
        for b in range(B):
            sample_weights[b] = 1.0 if targets.weights is None else targets.weights[indices[order[b]]]
        if targets.loss == SOFTMAX:
            for b in range(B):
                labels[b] = targets.labels[indices[order[b]]]
        elif floating is double:
            gather_targets(y, targets.y_f64, indices, order)
        else:
            gather_targets(y, targets.y_f32, indices, order)
        if seeds is not None:
            for b in range(B):
                packed_seeds[b] = seeds[order[b]]
            _c.gruc_program_masks(&p, packed_seeds)
        result = _c.gruc_program_loss(&p, &loss)
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
