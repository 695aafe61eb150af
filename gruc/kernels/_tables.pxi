# Gradients of tables of which a batch sees some rows. Part of training.pyx.

cdef Py_ssize_t n_tokens_of(Program program, int value) except -1:
    """Rows of the table in which the tokens of a value are looked up."""
    cdef size_t i
    for i in range(program.c.n_ops):
        if program.c.values[program.c.ops[i].x].integers and program.c.ops[i].x == value:
            return program.c.ops[i].D
    require(False, "a program that looks tokens up")


cdef class TableGradients:
    """Gradients of the rows of a program's tables that some sequences have seen.

    The memory is kept for the next ones, and grows with the largest batch.

    Parameters
    ----------
    weights : Weights
        Of the program.

    Attributes
    ----------
    tables : list of int
        The operation of each table: of one that a loss over some tokens shares, the one that looks them up.
    """

    cdef Program program
    cdef object dtype
    cdef readonly list tables
    cdef list tokens  # for each operation: an array with room, or None without a table
    cdef list rows
    cdef Block token_rows  # (n_ops,)

    def __init__(self, Weights weights not None):
        cdef size_t i
        cdef const _c.gruc_op *op
        cdef bint is_table, is_sampled
        self.program = weights.program
        self.dtype = np.dtype(np.float64 if weights.is_double else np.float32)
        self.token_rows = Block()
        self.tokens, self.rows, self.tables = [], [], []
        for i in range(self.program.c.n_ops):
            op = &self.program.c.ops[i]
            is_table, is_sampled = has_rows(&self.program.c, op), op.kind == _c.GRUC_DENSE_SAMPLED
            self.tokens.append(np.empty(0, np.int32) if is_table else None)
            self.rows.append(np.empty((0, op.D if is_sampled else op.H), self.dtype) if is_table else None)
            if is_table and not (is_sampled and self.is_shared(op)):
                self.tables.append(i)

    cdef bint is_shared(self, const _c.gruc_op *sampled):
        """Whether the table of a loss over some tokens is one that is looked up, and learned there."""
        cdef size_t i
        cdef const _c.gruc_op *op
        for i in range(self.program.c.n_ops):
            op = &self.program.c.ops[i]
            if op.kind == _c.GRUC_EMBED_SHARED and op.weights == sampled.weights:
                return self.program.c.values[op.y].gradient >= 0
        return False

    cdef bint fits(self, Weights weights):
        """Whether these are gradients of the program and type of the weights."""
        return self.program is weights.program and (self.dtype == np.float64) == weights.is_double

    cdef _c.gruc_token_rows *table(self) except NULL:
        return <_c.gruc_token_rows *> self.token_rows.at_least(
            self.program.c.n_ops * sizeof(_c.gruc_token_rows))

    cdef int make_room_for(self, Py_ssize_t op, Py_ssize_t n) except -1:
        """Room for n rows of an operation's table."""
        cdef _c.gruc_token_rows *table = self.table()
        if len(self.tokens[op]) < n:
            self.tokens[op] = np.empty(n, np.int32)
            self.rows[op] = np.empty((n, self.rows[op].shape[1]), self.dtype)
        table[op].n = 0
        table[op].tokens = <int32_t *> <size_t> self.tokens[op].ctypes.data
        table[op].rows = <void *> <size_t> self.rows[op].ctypes.data
        return 0

    cdef _c.gruc_token_rows *make_room(self, const _c.gruc_pass *p) except NULL:
        """Room for all rows of a pass."""
        cdef Py_ssize_t i, n
        for i in range(len(self.tokens)):
            if self.tokens[i] is None:
                continue
            n = 0 if p.program.ops[i].kind == _c.GRUC_EMBED else p.n_candidates
            if p.program.ops[i].kind != _c.GRUC_DENSE_SAMPLED:
                n += _c.gruc_rows(&p.program.values[p.program.ops[i].y], p.clocks)
            self.make_room_for(i, n)
        return self.table()

    def arrays(self):
        """For each table the tokens seen, (n,) in rising order, and their gradients (n, D): views."""
        cdef _c.gruc_token_rows *table = self.table()
        return [(self.tokens[i][:table[i].n], self.rows[i][:table[i].n]) for i in self.tables]

    def merge(self, parts not None, Memory memory not None):
        """Become the sum of a batch's shards, a list of TableGradients, in their order."""
        cdef Py_ssize_t i, j, n, D
        cdef TableGradients part
        cdef Block tables = Block()
        cdef _c.gruc_token_rows *of_parts = <_c.gruc_token_rows *> tables.at_least(
            len(parts) * sizeof(_c.gruc_token_rows))
        for i in self.tables:
            n, D = 0, self.rows[i].shape[1]
            for j in range(len(parts)):
                part = parts[j]
                require(part.program is self.program and part.dtype == self.dtype, "shards of one program")
                of_parts[j] = part.table()[i]
                n += of_parts[j].n
            self.make_room_for(i, n)
            if self.dtype == np.float64:
                merge_rows(<double *> NULL, &self.table()[i], of_parts, len(parts), n, D, memory.workspace)
            else:
                merge_rows(<float *> NULL, &self.table()[i], of_parts, len(parts), n, D, memory.workspace)


cdef int merge_rows(
    const floating *of_type, _c.gruc_token_rows *out, const _c.gruc_token_rows *parts, Py_ssize_t n_parts,
    Py_ssize_t n, Py_ssize_t D, Block workspace,
) except -1:
    cdef floating *scratch = <floating *> workspace.at_least(
        _c.gruc_embed_scratch(of_type, n) * sizeof(floating))
    with nogil:
        _c.gruc_embed_merge(of_type, out, scratch, parts, n_parts, D)
    return 0
