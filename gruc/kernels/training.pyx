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
from gruc.kernels._tiles cimport gruc_tile_kernels
from gruc.kernels.inference cimport Program, Source, Task, has_rows, require_scaling, require_tokens
from libc.stdint cimport int32_t, uint64_t
from libc.string cimport memcpy, memset

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
cdef _c.gruc_operation on_tiles[2][_c.GRUC_N_KINDS]  # of float32, with 1 part, then with 2
cdef bint has_tiles = False
cdef Py_ssize_t blas_largest = 0  # side of a matrix; 0 without BLAS


def use(int isa, provider=None, tiles=None):
    """Call the kernels of this instruction set from now on, and for cells those of `blas.provider()`.

    For products on tiles, those of `tiles.provider()`.
    """
    global operations_f32, operations_f64, blas_largest, has_tiles
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
    has_tiles = tiles is not None
    if has_tiles:
        put_on_tiles(<const gruc_tile_kernels *> PyCapsule_GetPointer(tiles, "gruc_tile_kernels"))


cdef void put_on_tiles(const gruc_tile_kernels *kernels) noexcept:
    """Tables as those of float32, but for cells."""
    cdef int parts, kind
    for parts in range(2):
        memcpy(
            on_tiles[parts], _c.gruc_operations(<float *> NULL), _c.GRUC_N_KINDS * sizeof(_c.gruc_operation)
        )
        for kind in (_c.GRUC_GRU, _c.GRUC_GRU_RESET_BEFORE):
            on_tiles[parts][kind] = kernels.training[parts]


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
    MOST_CLOCKS = 8   # GRUC_N_CLOCKS


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
    parts : {0, 1, 2}
        With 1 or 2, products of GRU cells are made on tiles, of numbers that so many of bfloat16 stand for:
        of parameters of float32, with the kernels that `use` was given.
    """

    cdef readonly Program program
    cdef readonly object parameters
    cdef const void *flat
    cdef Block block
    cdef char *packed
    cdef bint is_double
    cdef readonly Py_ssize_t packed_size  # elements
    cdef readonly int parts

    def __init__(self, Program program not None, parameters not None, int parts=0):
        self.program = program
        self.is_double = parameters.dtype == np.float64
        require(parts == 0 or (parts in (1, 2) and has_tiles and not self.is_double), "tiles, and float32")
        self.parts = parts
        self.block = Block()
        self.pack(parameters)

    cdef size_t element(self) noexcept nogil:
        return sizeof(double) if self.is_double else sizeof(float)

    cdef const _c.gruc_operation *operations(self) noexcept nogil:
        if self.parts > 0:
            return &on_tiles[self.parts - 1][0]
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

    def release(self):
        """Let go of the parameters; until `pack` there are none."""
        self.parameters = None
        self.flat = NULL


cdef bint has_dropout(Program program):
    """Whether an operation multiplies by masks, which seeds must fill."""
    cdef size_t i
    for i in range(program.c.n_ops):
        if program.c.ops[i].kind == _c.GRUC_DROPOUT:
            return True
    return False


cdef int require_loss(Program program) except -1:
    """Raise unless the program ends in a dense layer, of weights or of a table: only these feed a loss."""
    cdef const _c.gruc_op *last = &program.c.ops[program.c.n_ops - 1]
    cdef bint is_dense = last.kind in (_c.GRUC_DENSE, _c.GRUC_DENSE_TABLE, _c.GRUC_DENSE_SAMPLED)
    require(is_dense and last.y == program.c.output, "a program that ends in a dense layer")
    return 0


cdef const void *flat_buffer(const floating[::1] parameters, Py_ssize_t size) except NULL:
    require(parameters.shape[0] == size, "parameters (program.n_parameters,)")
    return &parameters[0]


cdef void *new_flat_buffer(gradients, Py_ssize_t size, bint is_double) except NULL:
    cdef float[::1] as_float
    cdef double[::1] as_double
    require(gradients.dtype == (np.float64 if is_double else np.float32), "gradients of the weights' type")
    require(gradients.shape == (size,), "gradients (program.n_dense,)")
    if is_double:
        as_double = gradients
        return &as_double[0]
    as_float = gradients
    return &as_float[0]


include "_tables.pxi"


# ---- a pass ------------------------------------------------------------------------

cdef int begin(
    _c.gruc_pass *p, Weights weights, Memory memory, bint drop_states,
) except -1:
    """A pass whose clocks are set: weights, places and workspace."""
    cdef size_t size = lay_out(p, weights, memory.places, drop_states)
    p.workspace = memory.workspace.at_least(size * p.element)
    return 0


cdef size_t lay_out(_c.gruc_pass *p, Weights weights, Block memory, bint drop_states) except 0:
    """A pass whose clocks are set: weights and places; returns the elements of its workspace."""
    cdef _c.gruc_program *program = &weights.program.c
    cdef size_t values = whole_lines(program.n_values * sizeof(_c.gruc_value_place))
    cdef char *places = memory.at_least(values + program.n_ops * sizeof(_c.gruc_op_place))
    require(weights.flat != NULL, "weights that hold parameters")
    p.program = program
    p.operations = weights.operations()
    p.element = weights.element()
    p.parameters = weights.flat
    p.packed = weights.packed
    p.values = <_c.gruc_value_place *> places
    p.ops = <_c.gruc_op_place *> (places + values)
    p.drop_states = drop_states
    require_blas_sizes(p)
    return max(<size_t> 1, _c.gruc_program_places(p))


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


cdef int require_rates(double rate, double rate_states, double rate_tokens) except -1:
    require(0 <= rate < 1 and 0 <= rate_states < 1 and 0 <= rate_tokens < 1, "rates of dropout in [0, 1)")
    return 0


include "_pass.pxi"
include "_states.pxi"
include "_targets.pxi"
include "_gather.pxi"
include "_shard.pxi"
include "_candidates.pxi"
include "_losses.pxi"
include "_flat.pxi"
include "_rows.pxi"

use(*_in_use())
