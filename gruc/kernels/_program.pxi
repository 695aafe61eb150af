# ---- a network as a list of operations ----------------------------------------------------

# kinds of operations, and the readouts among them: program.h
cpdef enum:
    MEAN = _c.GRUC_MEAN
    MAX = _c.GRUC_MAX
    ATTENTION = _c.GRUC_ATTENTION
    GRU = _c.GRUC_GRU
    GRU_RESET_BEFORE = _c.GRUC_GRU_RESET_BEFORE
    FIO = _c.GRUC_FIO
    DENSE = _c.GRUC_DENSE
    DROPOUT = _c.GRUC_DROPOUT
    EMBED = _c.GRUC_EMBED
    PERMUTE = _c.GRUC_PERMUTE
    ATTEND = _c.GRUC_ATTEND
    ATTEND_GENERAL = _c.GRUC_ATTEND_GENERAL
    CONV = _c.GRUC_CONV
    POOL = _c.GRUC_POOL
    CONV_POOL = _c.GRUC_CONV_POOL
    EMBED_SHARED = _c.GRUC_EMBED_SHARED
    DENSE_TABLE = _c.GRUC_DENSE_TABLE
    COPY = _c.GRUC_COPY
    KEYS = _c.GRUC_KEYS
    GRU_ATTENDING = _c.GRUC_GRU_ATTENDING
    GRU_ATTENDING_RESET_BEFORE = _c.GRUC_GRU_ATTENDING_RESET_BEFORE
    DENSE_SAMPLED = _c.GRUC_DENSE_SAMPLED
    N_CLOCKS = _c.GRUC_N_CLOCKS


cdef inline bint looks_up(const _c.gruc_op *op) noexcept nogil:
    """Whether an operation reads integers: tokens, rows of its table."""
    return op.kind == _c.GRUC_EMBED or op.kind == _c.GRUC_EMBED_SHARED


cdef class Program:
    """Values and operations that gruc.network lays out, as the kernels walk them (program.h).

    Parameters
    ----------
    values : list of (clock, per_step, integers, gradient, width)
        Members of `gruc_value`; the first `n_inputs` are filled by the caller.
    ops : list of (kind, x, x2, y, last, reverse, D, H, column, weights, steps, x3)
        Members of `gruc_op`.
    n_inputs : int
    output : int
        The value that is the answer.
    n_parameters : int
        Length of the flat buffer in which weights lie.
    strides : sequence of int
        For each clock the steps of clock 0 that make one of its steps; 1 for clock 0, and for one that the
        caller lays out.

    Attributes
    ----------
    n_clocks : int
        Clocks that the caller lays out, 1 or 2; the others follow clock 0.
    n_dense : int
        Parameters before the tables of embeddings, which come last.
    """

    def __cinit__(self, values, ops, Py_ssize_t n_inputs, int output, Py_ssize_t n_parameters,
                  strides=(1,)):
        cdef Py_ssize_t i
        cdef _c.gruc_value value
        cdef _c.gruc_op op
        self.n_parameters = n_parameters
        self.values, self.operations, self.strides = tuple(values), tuple(ops), tuple(strides)
        self.value_table = <_c.gruc_value *> PyMem_RawCalloc(len(values), sizeof(_c.gruc_value))
        self.op_table = <_c.gruc_op *> PyMem_RawCalloc(len(ops), sizeof(_c.gruc_op))
        if self.value_table == NULL or self.op_table == NULL:
            raise MemoryError()
        self.c.values = self.value_table
        self.c.ops = self.op_table
        self.c.n_values = len(values)
        self.c.n_inputs = n_inputs
        self.c.n_ops = len(ops)
        self.c.output = output
        require(0 < n_inputs < len(values) and 0 <= output < len(values), "inputs and an output among values")
        require(len(ops) > 0, "operations")
        require(0 < len(strides) <= N_CLOCKS and strides[0] == 1 and min(strides) > 0, "strides of few clocks")
        for i in range(len(strides)):
            self.c.strides[i] = strides[i] if strides[i] > 1 else 0
        for i in range(len(values)):
            value.clock, value.per_step, value.integers, value.gradient, value.width = values[i]
            require(0 <= value.clock < N_CLOCKS and value.width > 0, "values with a clock and a width")
            require(value.clock <= 1 or self.c.strides[value.clock] > 0, "at most two clocks that are laid out")
            require(i >= n_inputs or self.c.strides[value.clock] == 0, "inputs of clocks that are laid out")
            require(-1 <= value.gradient < <int> len(values), "gradients in the memory of a value")
            self.value_table[i] = value
            if self.c.strides[value.clock] == 0 and value.clock >= self.n_clocks:
                self.n_clocks = value.clock + 1
        self.written = [i < n_inputs for i in range(len(values))]
        for i in range(len(ops)):
            (op.kind, op.x, op.x2, op.y, op.last, op.reverse, op.D, op.H, op.column, op.weights,
             op.steps, op.x3) = ops[i]
            self.op_table[i] = op
            self.check(&self.op_table[i])
        require(self.written[output], "an output that is written")
        self.n_dense = n_parameters
        for i in range(len(ops)):
            if has_rows(&self.c, &self.op_table[i]):
                self.n_dense = min(self.n_dense, <Py_ssize_t> self.op_table[i].weights)
        for i in range(len(ops)):
            op = self.op_table[i]
            require(has_rows(&self.c, &op) or <Py_ssize_t> (op.weights + _c.gruc_op_size(&op)) <= self.n_dense,
                    "tables behind all other parameters")

    def __dealloc__(self):
        PyMem_RawFree(self.value_table)
        PyMem_RawFree(self.op_table)

    cdef int check(self, const _c.gruc_op *op) except -1:
        """An operation whose values are there, and as wide as it has them."""
        cdef int n = <int> self.c.n_values
        cdef const _c.gruc_value *x
        cdef const _c.gruc_value *y
        require(0 < op.kind < _c.GRUC_N_KINDS, "kinds of operations")
        require(0 <= op.x < n and -1 <= op.x2 < n and -1 <= op.last < n, "values that are read")
        require(-1 <= op.x3 < n and (op.x3 < 0 or self.written[op.x3]), "values that are read")
        require(<int> self.c.n_inputs <= op.y < n, "values that are written")
        x, y = &self.value_table[op.x], &self.value_table[op.y]
        require(looks_up(op) or op.D == x.width or (op.kind == COPY and op.D < x.width), "the width that is read")
        require(looks_up(op) == bool(x.integers), "integers where they are looked up")
        require(op.weights + _c.gruc_op_size(op) <= <size_t> self.n_parameters, "weights in the flat buffer")
        require(not looks_up(op) or op.D < 2**31, "tokens of 32 bits")
        require(op.D > 0 and op.H > 0 and op.column + op.H <= y.width, "widths")
        require(self.written[op.x] and (op.x2 < 0 or self.written[op.x2]), "values that are written before")
        if op.kind == GRU or op.kind == GRU_RESET_BEFORE or op.kind == FIO:
            require(x.per_step and y.per_step and x.clock == y.clock, "cells from steps to steps")
            require(op.last >= <int> self.c.n_inputs, "last states")
            self.check_state(op.last, y, op.kind)
            if op.x2 >= 0:
                self.check_state(op.x2, y, op.kind)
                require(self.value_table[op.x2].gradient in (-1, self.value_table[op.last].gradient),
                        "the gradient of a first state where that of the last one is")
            self.written[op.last] = True
        elif op.kind == MEAN or op.kind == MAX or op.kind == ATTENTION:
            require(x.per_step and not y.per_step and x.clock == y.clock, "readouts from steps to sequences")
            require(x.width == y.width == op.H, "readouts as wide as what they read")
        elif op.kind == POOL:
            require(x.per_step and y.per_step and op.D == op.H == y.width and op.steps > 1, "steps to steps")
            require(self.c.strides[y.clock] == _c.gruc_stride(&self.c, x.clock) * op.steps, "a slower clock")
            require(x.clock == 0 or self.c.strides[x.clock] > 0, "a clock that follows clock 0")
        elif op.kind == CONV_POOL:
            require(x.per_step and y.per_step and op.steps > 0 and op.H == y.width, "convolutions of steps")
            require(self.c.strides[y.clock] > _c.gruc_stride(&self.c, x.clock)
                    and self.c.strides[y.clock] % _c.gruc_stride(&self.c, x.clock) == 0, "a slower clock")
            require(x.clock == 0 or self.c.strides[x.clock] > 0, "a clock that follows clock 0")
        elif op.kind == COPY:
            require(x.per_step == y.per_step and x.clock == y.clock and op.D == op.H, "columns for each row")
        elif op.kind == GRU_ATTENDING or op.kind == GRU_ATTENDING_RESET_BEFORE:
            require(x.per_step and y.per_step and x.clock == y.clock and not op.reverse, "cells from steps to steps")
            require(op.x2 >= 0 and op.x3 >= 0 and op.last >= <int> self.c.n_inputs, "states and rows to attend to")
            require(self.value_table[op.x3].per_step and self.value_table[op.x3].width == op.column + op.H,
                    "keyed rows")
            require(y.width == op.column + op.H, "whole rows that are written")
            for place in (op.x2, op.last):
                require(not self.value_table[place].per_step and self.value_table[place].clock == y.clock
                        and self.value_table[place].width == op.H, "states, one for each sequence")
            require(self.value_table[op.x2].gradient in (-1, self.value_table[op.last].gradient),
                    "the gradient of a first state where that of the last one is")
            self.written[op.last] = True
        elif op.kind == PERMUTE:
            require(not x.per_step and not y.per_step and op.D == op.H == y.width, "rows of sequences")
        elif op.kind == ATTEND or op.kind == ATTEND_GENERAL:
            require(op.x2 >= 0 and self.value_table[op.x2].per_step and x.per_step and y.per_step,
                    "attention of steps to steps")
            require(x.clock == y.clock and self.value_table[op.x2].width == x.width, "rows of one width")
            require(x.gradient >= 0 or self.value_table[op.x2].gradient < 0, "no gradient of the source alone")
            require(op.H == y.width and (op.H == op.D or op.H == 2 * op.D), "whole rows that are written")
        else:
            require(op.kind != CONV or (x.per_step and op.steps > 0), "convolutions of steps")
            require(x.per_step == y.per_step and x.clock == y.clock, "a row for each row that is read")
            require(op.kind != KEYS or op.H > op.D, "keys")
            require(op.H == y.width and (op.kind != DROPOUT or op.D == op.H), "whole rows that are written")
        self.written[op.y] = True
        return 0

    cdef int check_state(self, int place, const _c.gruc_value *y, int kind) except -1:
        cdef const _c.gruc_value *state = &self.value_table[place]
        require(not state.per_step and state.width == y.width * _c.gruc_shape_of(kind).states,
                "states, one for each sequence")
        require(state.clock == y.clock or (state.clock == 0 and self.c.strides[y.clock] > 0), "the same sequences")
        return 0
