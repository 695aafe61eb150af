"""Constants of an exported C model: tables of weights and operations, the members of gruc_model."""

import re
from typing import NamedTuple

import numpy as np

from ..files.storage import Stored
from ..network import KINDS
from ..sequences import LARGEST, Tokens

# kernels of exported.h and its likes, by what matrices are stored as
KERNELS = {"float32": "flat", "float16": "half", "bfloat16": "bfloat", "int8": "int8"}
# bytes of the numbers that stay in read-only memory
SIZES = {"float": 4, "uint16_t": 2, "int8_t": 1}


class Matrix(NamedTuple):
    """A matrix as the kernels read it.

    Parameters
    ----------
    values : ndarray of shape (..., outputs)
        Or a table, (n_tokens, width). Of float32, float16 or int8; of bfloat16 their bits, uint16.
    scale : ndarray of shape (outputs,) or (n_tokens,), or None
        Of int8.
    exact : ndarray
        What the values mean, in the model's dtype.
    """

    values: np.ndarray
    scale: np.ndarray | None
    exact: np.ndarray

    @classmethod
    def of(cls, matrix, storage, name, is_table):
        """A matrix in this storage, one of `STORAGES`."""
        stored = Stored.of(matrix if is_table else matrix.T, storage, name)
        exact = stored.expanded(matrix.dtype)
        values, exact = (part if is_table else part.T for part in (stored.values, exact))
        return cls(values, stored.scale, exact)

    def times(self, factor):
        """The same, of int8, with each output multiplied by a number, (outputs,)."""
        return Matrix(self.values, (self.scale * factor).astype(np.float32), self.exact * factor)

    def columns(self, chosen):
        """Some of its outputs."""
        scale = None if self.scale is None else self.scale[chosen]
        return Matrix(self.values[:, chosen], scale, self.exact[:, chosen])


class ModelConstants:
    """Tables of a model and the members of its gruc_model.

    Parameters
    ----------
    predictor : Predictor
    prefix : str
        Of the names of all tables.
    weights : dict of str to ndarray or Matrix
        By name; matrices in `storage`.
    storage : str
        One of `STORAGES`.

    Attributes
    ----------
    tables : list of str
        Declarations.
    members : list of tuple
        Initialiser and name of each member of gruc_model (include/gruc/program/model.h).
    memory : dict
        Sizes of the memory that the model works with, from the same kernels that run it.
    n_bytes : int
        Of all tables of numbers.
    reads_tokens, answers_each_step : bool
        Whether a step is a token, and whether there is a prediction for each.
    """

    def __init__(self, predictor, prefix, weights, storage="float32"):
        self.predictor, self.prefix = predictor, prefix
        self.weights, self.storage = weights, storage
        self.tables, self._names = [], set()
        self.n_bytes = 0
        self.reads_tokens = isinstance(predictor.inputs, Tokens)
        self.answers_each_step = predictor.network.answers_each_step
        self.network = predictor.network.laid_out()
        self.memory = predictor.network.row_by_row_memory()
        # by kind of operation: its name in C, that of its kernels, and what declares its weights
        self._kinds = {
            KINDS.GRU: ("GRUC_GRU", "gru_kind", self._gru),
            KINDS.GRU_RESET_BEFORE: ("GRUC_GRU_RESET_BEFORE", "gru_before_kind", self._gru_reset_before),
            KINDS.FIO: ("GRUC_FIO", "fio_kind", self._fio),
            KINDS.MEAN: ("GRUC_MEAN", "mean_kind", self._no_weights),
            KINDS.MAX: ("GRUC_MAX", "max_kind", self._no_weights),
            KINDS.ATTENTION: ("GRUC_ATTENTION", "attention_kind", self._attention),
            KINDS.DENSE: ("GRUC_DENSE", "dense_kind", self._dense),
            KINDS.EMBED: ("GRUC_EMBED", "embed_kind", self._table_of_tokens),
            KINDS.EMBED_SHARED: ("GRUC_EMBED_SHARED", "embed_kind", self._table_of_tokens),
            KINDS.DENSE_TABLE: ("GRUC_DENSE_TABLE", "dense_table_kind", self._table_of_tokens),
            KINDS.CONV: ("GRUC_CONV", "conv_kind", self._conv),
            KINDS.POOL: ("GRUC_POOL", "pool_kind", self._no_weights),
            KINDS.COPY: ("GRUC_COPY", "copy_kind", self._no_weights),
        }
        weights_table = self._weights()  # declared first
        self.members = [
            (self._inputs(), "inputs"),
            (self._program(), "program"),
            (self._kinds_of_operations(), "kinds"),
            (weights_table, "weights"),
            (self._outputs(), "outputs"),
            (self._memory(), "memory"),
        ]

    # ---- members of gruc_model

    def _inputs(self):
        inputs, scaling = self.predictor.inputs, ["NULL"] * 3
        if inputs.scaling is not None:
            mean, scale = inputs.scaling
            scaling = [self._floats("mean", mean), "NULL", self._positive("scale", scale)]
            rest = mean - mean.astype(np.float32)  # what float32 loses of a mean
            if rest.any():
                scaling[1] = self._floats("mean_rest", rest)
        largest = float_literal(LARGEST[np.dtype(np.float32)], "{:.1e}")
        return _struct(inputs.n_features, *inputs.framing, *scaling, largest)

    def _program(self):
        program = self.network.program
        values = [_struct(*map(int, value)) for value in program.values]
        operations = [
            _struct(self._kinds[operation.kind][0], *map(int, operation._replace(weights=0)[1:]))
            for operation in program.operations
        ]
        values = self._table("gruc_value", "values", values, each=1)
        operations = self._table("gruc_op", "ops", operations, each=1)
        sizes = len(program.values), self.network.n_inputs, len(program.operations)
        strides = _struct(*program.strides) if len(program.strides) > 1 else "{0}"
        return _struct(*sizes, values, operations, self.network.outputs, strides)

    def _kinds_of_operations(self):
        operations = self.network.program.operations
        rows = [f"&{self.function(self._kinds[operation.kind][1])}" for operation in operations]
        return self._table("gruc_row_kind *const", "kinds", rows, each=1)

    def function(self, name):
        """The name of a function or table of exported.h."""
        return f"gruc_{name}_{KERNELS[self.storage]}_f32"

    def _weights(self):
        operations = self.network.program.operations
        # the last member is for batches, which programs do not predict
        rows = [_struct(*self._kinds[operation.kind][2](operation), "NULL") for operation in operations]
        return self._table("gruc_op_weights", "weights", rows, each=1)

    def _outputs(self):
        decoding, scaling = self.predictor.decoding, ["NULL"] * 2
        if decoding.scaling is not None:
            mean, scale = decoding.scaling
            scaling = [self._floats("target_mean", mean), self._positive("target_scale", scale)]
        return _struct(f"GRUC_{decoding.link.upper()}", decoding.n_outputs, decoding.n_quantiles, *scaling)

    def _memory(self):
        memory = self.memory
        states = self._table("size_t", "states", [str(place) for place in memory["states"]])
        rows = ["GRUC_NOWHERE" if place is None else str(place) for place in memory["rows"]]
        rows = self._table("size_t", "rows", rows)
        return _struct(memory["states_size"], memory["scratch_size"], memory["frame_rows"], states, rows)

    # ---- weights of an operation, in the order of gruc_op_weights

    def _named(self, operation, n):
        """Names and arrays of the operation's n parameters."""
        names = self.predictor.network.table.names_from(operation.weights, n)
        return [(name.removeprefix("gru.").replace(".", "_"), self.weights[name]) for name in names]

    def _gru(self, operation):
        (W_ih, W_hh, b_ih, b_hh), two_gates = self._named(operation, 4), 2 * operation.H
        bias = b_ih[1].copy()
        bias[:two_gates] += b_hh[1][:two_gates]
        return [
            self._floats(b_ih[0], bias),
            self._floats(f"{b_hh[0]}_n", b_hh[1][two_gates:]),
            self._matrix(*W_ih),
            self._matrix(*W_hh),
            "NULL",
        ]

    def _gru_reset_before(self, operation):
        (W_ih, W_hh, b_ih), two_gates = self._named(operation, 3), 2 * operation.H
        return [
            self._floats(*b_ih),
            "NULL",
            self._matrix(*W_ih),
            self._matrix(W_hh[0], W_hh[1].columns(slice(two_gates))),
            self._matrix(f"{W_hh[0]}_n", W_hh[1].columns(slice(two_gates, None))),
        ]

    def _fio(self, operation):
        (W_ih, W_hh, b), gates = self._named(operation, 3), 3 * operation.H
        # each in two blocks, that of the candidate behind the others
        blocks = slice(gates), slice(gates, None)
        return [
            self._floats(b[0], b[1][:gates]),
            self._floats(f"{b[0]}_c", b[1][gates:]),
            self._matrix(W_ih[0], *map(W_ih[1].columns, blocks)),
            self._matrix(W_hh[0], W_hh[1].columns(blocks[0])),
            self._matrix(f"{W_hh[0]}_c", W_hh[1].columns(blocks[1])),
        ]

    def _attention(self, operation):
        W, b, v = self._named(operation, 3)
        return [self._floats(*b), self._floats(*v), self._matrix(*W), "NULL", "NULL"]

    def _dense(self, operation):
        W, b = self._named(operation, 2)
        return [self._floats(*b), "NULL", self._matrix(*W), "NULL", "NULL"]

    def _table_of_tokens(self, operation):
        ((name, table),) = self._named(operation, 1)
        scale = "NULL" if table.scale is None else self._floats(f"{name}_scale", table.scale)
        return ["NULL", scale, self._array(name, table.values), "NULL", "NULL"]

    def _conv(self, operation):
        (W,) = self._named(operation, 1)
        (name,) = self.predictor.network.table.names_from(operation.weights, 1)
        bias = self.weights[name.replace("weight", "bias")]
        return [self._floats(W[0].replace("weight", "bias"), bias), "NULL", self._matrix(*W), "NULL", "NULL"]

    def _no_weights(self, operation):
        return ["NULL"] * 5

    # ---- tables

    def _matrix(self, name, *blocks):
        """Declare a `Matrix`, or several in a row; of int8 each with the scales of its columns before it."""
        if blocks[0].scale is None:
            return self._array(name, np.concatenate([block.values.ravel() for block in blocks]))
        name = f"gruc_{name}_of_{self.prefix}"
        if name not in self._names:
            self._names.add(name)
            members, lines = [], []
            for i, block in enumerate(blocks):
                scales, integers = _float32_literals(block.scale), block.values.ravel().tolist()
                number, beyond = str(i or ""), " + GRUC_BEYOND"
                if i < len(blocks) - 1:  # scales behind begin a word
                    integers, beyond = integers + [0] * (-len(integers) % 4), ""
                members.append(
                    f"float scale{number}[{len(scales)}]; int8_t values{number}[{len(integers)}{beyond}];"
                )
                lines.append(f"{{{_lines(scales)}}},\n    {{{_lines(list(map(str, integers)), 16)}}}")
                self.n_bytes += 4 * len(scales) + len(integers)
            kind, body = f"struct {{ {' '.join(members)} }}", ",\n    ".join(lines)
            self.tables.append(f"static const {kind} {name} GRUC_TABLE = {{\n    {body}}};")
        return f"&{name}"

    def _array(self, name, values):
        """Declare a matrix in its own order; the kernels may read beyond its end."""
        if values.dtype == np.int8:
            return self._table("int8_t", name, map(str, values.ravel().tolist()), each=16, beyond=True)
        if values.dtype.itemsize == 4:
            return self._table("float", name, _float32_literals(values), beyond=True)
        bits = np.ascontiguousarray(values).view(np.uint16).ravel()
        return self._table("uint16_t", name, [f"0x{each:04x}" for each in bits], beyond=True)

    def _floats(self, name, values):
        values = np.asarray(values).ravel()
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        if not np.isfinite(single).all():
            raise ValueError(f"{name} of the model contains {np.abs(values).max():g}, too large for float32.")
        return self._table("float", name, _float32_literals(single))

    def _positive(self, name, values):
        if values.min() < np.finfo(np.float32).smallest_normal:
            raise ValueError(f"{name} of the model contains {values.min():g}, too small for float32.")
        return self._floats(name, values)

    def _table(self, kind, name, literals, each=8, beyond=False):
        """Declare an array; return its name.

        The prefix comes last: with prefixes "speed" and "speed_target" all names differ, since the
        part before the first "_of_" is a name from this module.
        """
        name = f"gruc_{name}_of_{self.prefix}"
        if name in self._names:  # a table that two operations read
            return name
        self._names.add(name)
        literals = list(literals)
        size = f"{len(literals)} + GRUC_BEYOND" if beyond else len(literals)
        where = " GRUC_TABLE" if kind in SIZES else ""
        self.tables.append(table_text(kind, name, literals, each, where, size))
        self.n_bytes += len(literals) * SIZES.get(kind, 0)
        return name


def table_text(kind, name, literals, each=8, where=" GRUC_TABLE", size=None):
    """Declaration of a constant array of `size` elements, by default as many as there are literals."""
    size = len(literals) if size is None else size
    return f"static const {kind} {name}[{size}]{where} = {{\n    {_lines(literals, each)}}};"


def _lines(literals, each=8):
    """Literals as lines of `each`."""
    lines = [", ".join(literals[i : i + each]) for i in range(0, len(literals), each)]
    return ",\n    ".join(lines)


def stream_floats(constants):
    """Floats of a stream's state, and of its scratch."""
    kept = 0 if constants.reads_tokens else constants.predictor.config["n_features"]
    return constants.memory["states_size"] + kept, constants.memory["scratch_size"]


def stream_bytes(constants):
    """Bytes of a stream's struct, which begins with a count of 8 bytes and is a multiple of 8."""
    return 8 + -(-4 * sum(stream_floats(constants)) // 8) * 8


def sequence_floats(constants):
    """Floats of a bidirectional model's scratch, and those for each frame."""
    return constants.memory["scratch_size"], constants.memory["frame_rows"]


def _struct(*members):
    """An initialiser."""
    return f"{{{', '.join(map(str, members))}}}"


def float_literal(value, form="{:.9g}"):
    """A number as a C literal of type double: 1.0, not 1."""
    text = form.format(value)
    return text if re.search("[.e]", text) else text + ".0"


def _float32_literals(values):
    """Literals that are exactly these numbers of float32; 0 for subnormal ones, which are slow."""
    values = np.where(np.abs(values) < np.finfo(np.float32).smallest_normal, 0, values)
    return [float_literal(value) + "f" for value in values.ravel().tolist()]
