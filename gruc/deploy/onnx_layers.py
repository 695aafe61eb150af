"""The operations of a network as nodes of an ONNX graph, over whole sequences."""

import numpy as np

from ..network import KINDS
from .onnx_fio import fio_states
from .onnx_inputs import framed, known_tokens, row_mask
from .weights import swap_gates


def features(graph, x, lengths):
    """What the head reads of X (N, T, D), already centred, or tokens (N, T); and numbers of frames (N,).

    It is (N, H), or (N, F, H) of a network that answers each of F frames.
    """
    x, lengths = framed(graph, x, lengths)
    rows = Rows(graph, steps_first(graph, x), lengths)
    for operation in graph.network.program.operations:
        if operation.y != graph.network.outputs:
            OPERATIONS[operation.kind](graph, operation, rows)
    value = graph.head.x
    return rows.by_sequence(value) if graph.answers_each_step else rows[value], lengths


def steps_first(graph, x):
    """x (N, T, D) as (T, N, D), or tokens (N, T) as (T, N)."""
    return graph("Transpose", x, perm=[1, 0] if graph.reads_tokens else [1, 0, 2])


def head(graph, features):
    """The network's outputs (N, K), or (N, T, K)."""
    if graph.head.kind == KINDS.DENSE_TABLE:  # which has no bias
        (table,) = graph.parameters(graph.head, 1)
        return graph("MatMul", features, table.T)
    W, b = graph.parameters(graph.head, 2)
    if graph.answers_each_step:
        return graph("Add", graph("MatMul", features, W.T), b)
    return graph("Gemm", features, W, b, transB=1)


class Rows:
    """Nodes of a program's values: rows for each frame are (F, N, width), for each sequence (N, width).

    Parameters
    ----------
    graph : NetworkGraph
    x : str
        Value 0.
    lengths : str
        Frames of each sequence, (N,).
    """

    def __init__(self, graph, x, lengths):
        self.graph, self._lengths = graph, {0: lengths}  # by clock
        self._values = graph.network.program.values
        self._nodes, self._parts, self._ends = {0: x}, {}, {}

    def __getitem__(self, value):
        """The node of a value, its directions side by side."""
        if value not in self._nodes:
            parts = self._parts.get(value) or [self._end(*end) for end in self._ends[value]]
            self._nodes[value] = parts[0] if len(parts) == 1 else self.graph("Concat", *parts, axis=-1)
        return self._nodes[value]

    def __setitem__(self, value, node):
        self._nodes[value] = node

    def lengths(self, value):
        """Numbers of rows (N,) of the sequences, under the clock of a value."""
        return self._lengths[self._values[value].clock]

    def slow_down(self, operation):
        """Work out the numbers of rows under the clock of what pooling gives, once for all of that clock."""
        clock = self._values[operation.y].clock
        if clock not in self._lengths:
            covered = self.graph("Add", self.lengths(operation.x), np.array(operation.steps - 1, np.int64))
            self._lengths[clock] = self.graph("Div", covered, np.array(operation.steps, np.int64))

    def by_sequence(self, value):
        """A value with rows for each frame, as (N, F, width)."""
        return self.graph("Transpose", self[value], perm=[1, 0, 2])

    def add_columns(self, operation, node):
        """Columns (N, D) of a value, which stand beside those that were added before."""
        self._parts.setdefault(operation.y, []).append(node)

    def add_direction(self, operation, states):
        """States (F, N, H) of a cell, which stand beside those of the other direction."""
        self._parts.setdefault(operation.y, []).append(states)
        lengths = self.lengths(operation.y)
        self._ends.setdefault(operation.last, []).append((states, lengths, operation.reverse))

    def _end(self, states, lengths, reverse):
        """The state (N, H) after each sequence's last frame, in reverse its first."""
        graph = self.graph
        if reverse:
            return graph("Gather", states, np.array(0), axis=0)
        end = graph.as_column(graph("Sub", lengths, np.array(1, np.int64)))
        return graph("GatherND", graph("Transpose", states, perm=[1, 0, 2]), end, batch_dims=1)


def _cell(graph, operation, rows):
    x = rows[operation.x]
    if operation.reverse:
        x = _reversed_sequences(graph, x, rows.lengths(operation.x))
    states = cell(graph, operation, x)
    if operation.reverse:
        states = _reversed_sequences(graph, states, rows.lengths(operation.x))
    rows.add_direction(operation, states)


def cell(graph, operation, x, *initial):
    """States (F, N, H) of x (F, N, D), from the first row on; `initial` is (1, N, H)."""
    if operation.kind == KINDS.FIO:
        return fio_states(graph, operation, x)[0]
    resets_after = operation.kind == KINDS.GRU
    W, R, *biases = map(swap_gates, graph.parameters(operation, 4 if resets_after else 3))
    B = np.concatenate(biases if resets_after else [*biases, np.zeros_like(biases[0])])
    if initial:
        initial = ("", *initial)  # no sequence_lens
    states = graph(
        "GRU", x, *(each[np.newaxis] for each in (W, R, B)), *initial,
        hidden_size=operation.H, linear_before_reset=int(resets_after),
    )  # fmt: skip
    return graph("Squeeze", states, np.array([1]))


def _reversed_sequences(graph, x, lengths):
    """x (F, N, D) with the rows of each sequence in reverse order."""
    return graph("ReverseSequence", x, lengths, time_axis=0, batch_axis=1)


def _mean(graph, operation, rows):
    h = rows.by_sequence(operation.x)
    n = graph.as_column(graph.cast(rows.lengths(operation.x), graph.dtype))
    rows[operation.y] = graph("Div", masked_sum(graph, h, row_mask(graph, h, rows.lengths(operation.x))), n)


def _max(graph, operation, rows):
    h = rows.by_sequence(operation.x)
    within = graph("Where", row_mask(graph, h, rows.lengths(operation.x)), h, graph.number(-np.inf))
    rows[operation.y] = graph.reduce("ReduceMax", within, 1, keepdims=0)


def _attention(graph, operation, rows):
    h = rows.by_sequence(operation.x)
    mask = row_mask(graph, h, rows.lengths(operation.x))
    energy = graph("Where", mask, energies(graph, operation, h), graph.number(-np.inf))
    a = graph("Softmax", energy, axis=1)
    rows[operation.y] = masked_sum(graph, graph("Mul", a, h), mask)


def _embed(graph, operation, rows):
    rows[operation.y] = embedded(graph, operation, rows[operation.x])


def embedded(graph, operation, tokens):
    """Vectors (F, N, D) of tokens (F, N)."""
    (table,) = graph.parameters(operation, 1)
    return graph("Gather", table, known_tokens(graph, tokens))


def _dense(graph, operation, rows):
    rows[operation.y] = dense(graph, operation, rows[operation.x])


def dense(graph, operation, x):
    """A layer before the head, over rows x (F, N, D) for each frame."""
    W, b = graph.parameters(operation, 2)
    return graph("Add", graph("MatMul", x, W.T), b)


def _conv(graph, operation, rows):
    x = conv_input(graph, operation, rows[operation.x])
    x = graph("Transpose", x, perm=[1, 2, 0])  # (N, D, F)
    y = conv(graph, operation, x, operation.steps - 1)
    rows[operation.y] = graph("Transpose", y, perm=[2, 0, 1])


def conv_input(graph, operation, x):
    """Rows x of which a step before the first is 0."""
    return graph("Sub", x, graph.rest) if operation.x == 0 and graph.rest is not None else x


def conv(graph, operation, x, n_before=0):
    """What a convolution makes of x (N, D, F), `n_before` zeros before its first row."""
    W, b = graph.convolution(operation)
    return graph("Relu", graph("Conv", x, W, b, kernel_shape=[operation.steps], pads=[n_before, 0]))


def _pool(graph, operation, rows):
    """The largest of each `steps` rows that a sequence has; none of a convolution is below 0."""
    h, p = rows.by_sequence(operation.x), operation.steps
    h = graph("Where", row_mask(graph, h, rows.lengths(operation.x)), h, graph.number(0))
    h = graph("Transpose", h, perm=[0, 2, 1])
    y = graph("MaxPool", h, kernel_shape=[p], strides=[p], pads=[0, p - 1])
    rows[operation.y] = graph("Transpose", y, perm=[2, 0, 1])
    rows.slow_down(operation)


def _copy(graph, operation, rows):
    rows.add_columns(operation, rows[operation.x])


OPERATIONS = {
    KINDS.EMBED: _embed,
    KINDS.EMBED_SHARED: _embed,
    KINDS.DENSE: _dense,
    KINDS.GRU: _cell,
    KINDS.GRU_RESET_BEFORE: _cell,
    KINDS.FIO: _cell,
    KINDS.MEAN: _mean,
    KINDS.MAX: _max,
    KINDS.ATTENTION: _attention,
    KINDS.CONV: _conv,
    KINDS.POOL: _pool,
    KINDS.COPY: _copy,
}


def masked_sum(graph, h, mask):
    """Sum (N, H) over the rows of h (N, F, H) in the mask."""
    return graph("ReduceSum", graph("Where", mask, h, graph.number(0)), np.array([1]), keepdims=0)


def energies(graph, operation, h):
    """Attention energies (N, F, 1) of the rows of h (N, F, H), before the softmax."""
    W, b, v = graph.parameters(operation, 3)
    u = graph("Tanh", graph("Add", graph("MatMul", h, W.T), b))
    return graph("MatMul", u, v.T)
