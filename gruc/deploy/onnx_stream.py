"""Nodes of an ONNX graph that takes sequences block by block, with states in and out."""

import numpy as np

from ..network import KINDS
from ..sequences import LARGEST
from .onnx_fio import fio_states
from .onnx_inputs import (
    clipped_lengths,
    differ,
    gathered_frames,
    invalid_sequences,
    invalid_values,
    n_frames,
    n_full_frames,
    nan_where,
    row_mask,
)
from .onnx_layers import cell, conv, conv_input, dense, embedded, energies, masked_sum, steps_first


def states(graph):
    """Type and shape by name of the states that a stateful graph takes and returns: `to_onnx`."""
    k, n_features = graph.inputs.framing.length, graph.inputs.n_features
    states = {"state_h": (graph.float32, ["N", graph.n_states]), "state_steps": (graph.int64, ["N"])}
    if carried := sum(carried_elements(operation) for operation in graph.network.program.operations):
        states["state_conv"] = (graph.float32, ["N", carried])
    readouts = [each for each in graph.network.program.operations if each.kind in READOUTS]
    width = sum(each.D + (2 if each.kind == KINDS.ATTENTION else 0) for each in readouts)
    if width:
        states["state_readout"] = (graph.float32, ["N", width])
    if k > 1:
        states["state_frame"] = (graph.float32, ["N", k - 1, n_features])
    return states


def carried_elements(operation):
    """Size of what convolutions and pooling carry on: rows that are read again, or those not pooled yet."""
    if operation.kind == KINDS.CONV:
        return (operation.steps - 1) * operation.D
    return operation.D if operation.kind == KINDS.POOL else 0


def features_of_block(graph, x, lengths, before):
    """What the head reads after a block x (N, T, D), already centred, and the states after it by name.

    Of a model of tokens x is (N, T). The head reads (N, H), or (N, F, H) of a network that answers each of F
    frames. The frames that the block completes are computed at once, together with those it begins; the new
    states are those after the last full frame. Where the block is invalid, what the head reads is NaN and
    states stay as they were.
    """
    valid_lengths, steps = clipped_lengths(graph, lengths, 0, x), before["state_steps"]
    after = {"state_steps": graph("Add", steps, valid_lengths)}
    counts = RowCounts(
        graph,
        n_full_frames(graph, steps),
        n_full_frames(graph, after["state_steps"]),
        n_frames(graph, after["state_steps"]),
    )
    frames = x
    if tuple(graph.inputs.framing) != (1, 1):
        frames = _block_frames(graph, x, valid_lengths, before, counts, after)
    block = Block(graph, steps_first(graph, frames), before, counts)
    for operation in graph.network.program.operations:
        if operation.y != graph.network.outputs:
            OPERATIONS[operation.kind](graph, operation, block)
    after["state_h"] = block.full[0] if len(block.full) == 1 else graph("Concat", *block.full, axis=1)
    for name, parts in (("state_readout", block.readouts), ("state_conv", block.carried)):
        if parts:
            after[name] = parts[0] if len(parts) == 1 else graph("Concat", *parts, axis=1)
    invalid = _invalid(graph, x, lengths, valid_lengths, before)
    for name, state in before.items():
        shape = {"state_steps": [-1], "state_frame": [-1, 1, 1]}.get(name, [-1, 1])
        after[name] = graph("Where", graph("Reshape", invalid, np.array(shape)), state, after[name])
    value = graph.head.x
    if graph.answers_each_step:
        rows = graph("Transpose", block.rows[value], perm=[1, 0, 2])
        return nan_where(graph, invalid, rows, counts.new), after
    nothing_seen = graph("Less", after["state_steps"], np.array(1))
    features = block.rows.get(value) or block.last_state(graph, value)
    return nan_where(graph, graph("Or", invalid, graph.as_column(nothing_seen)), features), after


class RowCounts:
    """Numbers of rows (N,) of a clock; of the fastest, rows are frames.

    Parameters
    ----------
    graph : NetworkGraph
    full_before, full_after : str
        Full rows, which no later step changes, before and after the block.
    all_after : str
        All rows after it.

    Attributes
    ----------
    full, new : str
        Full rows, and all rows, that were not among the full ones before.
    """

    def __init__(self, graph, full_before, full_after, all_after):
        self.full_before, self.full_after, self.all_after = full_before, full_after, all_after
        self.full = graph("Sub", full_after, full_before)
        self.new = graph("Sub", all_after, full_before)

    def slower(self, graph, stride):
        """Numbers of rows that are made of `stride` of these."""
        stride = np.array(stride, np.int64)
        covered = graph("Div", graph("Add", self.all_after, stride - 1), stride)
        return RowCounts(
            graph, graph("Div", self.full_before, stride), graph("Div", self.full_after, stride), covered
        )


class Block:
    """The new frames of a block on their way through the network.

    Attributes
    ----------
    rows : dict of int to str
        Values of the program: (F, N, width) with rows for each frame, or for those that pooling made one of,
        (N, width) with one for each sequence.
    seen : dict of int to (str, RowCounts)
        By value `last`, the states (N, 1 + F, H) of a cell from that before the block on, and numbers of
        its rows.
    full : list of str
        States (N, H) of cells after the last full frame.
    readouts : list of str
        What readouts keep after the last full frame.
    carried : list of str
        What convolutions and pooling keep, (N, `carried_elements`) each.
    """

    def __init__(self, graph, frames, before, counts):
        self.before, self._counts, self._strides = before, {1: counts}, graph.network.program.strides
        self._values = graph.network.program.values
        self.rows, self.seen, self.full, self.readouts, self.carried = {0: frames}, {}, [], [], []
        self._n_states = self._n_kept = self._n_carried = 0

    def counts(self, graph, value):
        """Numbers of rows of a value."""
        stride = self._strides[self._values[value].clock]
        if stride not in self._counts:
            self._counts[stride] = self._counts[1].slower(graph, stride)
        return self._counts[stride]

    def last_state(self, graph, value):
        """The state (N, H) after all rows, of a cell whose `last` is this value."""
        seen, counts = self.seen[value]
        return _state_after(graph, seen, counts.new)

    def carried_before(self, graph, operation):
        """What this convolution or pooling, the next one, has carried on, (N, `carried_elements`)."""
        start = self._n_carried
        self._n_carried += carried_elements(operation)
        return graph.columns(self.before["state_conv"], start, self._n_carried)

    def initial(self, graph, width):
        """The next cell's state before the block, (1, N, width)."""
        start = self._n_states
        self._n_states += width
        return graph("Unsqueeze", graph.columns(self.before["state_h"], start, self._n_states), np.array([0]))

    def kept_before(self, graph, operation):
        """What the next readout has kept before the block."""
        start = self._n_kept
        self._n_kept += operation.D + (2 if operation.kind == KINDS.ATTENTION else 0)
        return graph.columns(self.before["state_readout"], start, self._n_kept)


def _embed(graph, operation, block):
    block.rows[operation.y] = embedded(graph, operation, block.rows[operation.x])


def _dense(graph, operation, block):
    block.rows[operation.y] = dense(graph, operation, block.rows[operation.x])


def _cell(graph, operation, block):
    initial = block.initial(graph, operation.H)
    h = cell(graph, operation, block.rows[operation.x], initial)
    seen = graph("Transpose", graph("Concat", initial, h, axis=0), perm=[1, 0, 2])  # (N, 1 + F, H)
    counts = block.counts(graph, operation.x)
    block.full.append(_state_after(graph, seen, counts.full))
    block.rows[operation.y] = h
    block.seen[operation.last] = seen, counts


def _conv(graph, operation, block):
    """Behind the rows that it reads again, which are 0 before the first row."""
    k, x = operation.steps, conv_input(graph, operation, block.rows[operation.x])
    x = graph("Transpose", x, perm=[1, 0, 2])
    if k > 1:
        before = block.carried_before(graph, operation)
        x = graph("Concat", graph("Reshape", before, np.array([0, k - 1, operation.D])), x, axis=1)
        counts = block.counts(graph, operation.x)
        rows = graph("Add", graph.as_column(counts.full), np.arange(k - 1)[np.newaxis])
        rows = graph("GatherND", x, graph("Reshape", rows, np.array([0, -1, 1])), batch_dims=1)
        block.carried.append(graph("Reshape", rows, np.array([0, (k - 1) * operation.D])))
    y = conv(graph, operation, graph("Transpose", x, perm=[0, 2, 1]))
    block.rows[operation.y] = graph("Transpose", y, perm=[2, 0, 1])


def _pool(graph, operation, block):
    """The largest of each `steps` rows, some of which may lie before the block; none is below 0."""
    p, before = operation.steps, block.carried_before(graph, operation)
    of_x, of_y = block.counts(graph, operation.x), block.counts(graph, operation.y)
    begun = graph("Sub", of_x.full_before, graph("Mul", of_y.full_before, np.array(p, np.int64)))
    h = graph("Transpose", block.rows[operation.x], perm=[1, 0, 2])

    def grouped(n_rows, places):
        """The first n_rows (N,) rows of h at these places (N, F) of the first row's group on, else 0."""
        rows = graph("Where", row_mask(graph, h, n_rows), h, graph.number(0))
        rows = graph("Pad", rows, np.array([0, 1, 0, 0, 1, 0]))
        places = graph("Sub", places, graph("Sub", graph.as_column(begun), np.array(1, np.int64)))
        places = graph("Max", places, np.array(0, np.int64))
        last = graph("Add", graph.size(h, 1), np.array(1, np.int64))
        places = graph("Min", places, last)
        return graph("GatherND", rows, graph("Reshape", places, np.array([0, -1, 1])), batch_dims=1)

    zero, one = np.array(0, np.int64), np.array(1, np.int64)
    n_groups = graph("Max", graph.reduce("ReduceMax", of_y.new, 0, keepdims=0), one)
    all_places = graph("Range", zero, graph("Mul", n_groups, np.array(p, np.int64)), one)
    places = graph(
        "Add", graph("Mul", graph.as_column(begun), zero), graph("Reshape", all_places, np.array([1, -1]))
    )
    y = graph("Reshape", grouped(of_x.new, places), np.array([0, -1, p, operation.D]))
    y = graph.reduce("ReduceMax", y, 2, keepdims=0)
    first = graph("Slice", y, np.array([0]), np.array([1]), np.array([1]))
    first = graph("Max", first, graph("Unsqueeze", before, np.array([1])))
    others = graph("Slice", y, np.array([1]), np.array([2**31]), np.array([1]))
    y = graph("Concat", first, others, axis=1)
    block.rows[operation.y] = graph("Transpose", y, perm=[1, 0, 2])
    # of the full rows, those of the last group, which is not full
    start = graph("Mul", graph.as_column(of_y.full), np.array(p, np.int64))
    rows = grouped(of_x.full, graph("Add", start, np.arange(p)[np.newaxis]))
    kept = graph.reduce("ReduceMax", rows, 1, keepdims=0)
    same_group = graph("Equal", graph.as_column(of_y.full), zero)
    block.carried.append(graph("Where", same_group, graph("Max", kept, before), kept))


def _fio(graph, operation, block):
    initial = block.initial(graph, 2 * operation.H)
    h, c = fio_states(graph, operation, block.rows[operation.x], graph("Squeeze", initial, np.array([0])))
    states = graph("Concat", initial, graph("Concat", h, c, axis=2), axis=0)
    seen = graph("Transpose", states, perm=[1, 0, 2])  # (N, 1 + F, 2H)
    counts = block.counts(graph, operation.x)
    block.full.append(_state_after(graph, seen, counts.full))
    block.rows[operation.y] = h
    block.seen[operation.last] = seen, counts


def _readout(graph, operation, block):
    h = graph("Transpose", block.rows[operation.x], perm=[1, 0, 2])
    before, counts = block.kept_before(graph, operation), block.counts(graph, operation.x)
    block.rows[operation.y], kept = READOUTS[operation.kind](graph, operation, h, before, counts)
    block.readouts.append(kept)


def _copy(graph, operation, block):
    node = block.rows.get(operation.x) or block.last_state(graph, operation.x)
    if graph.network.program.values[operation.x].width > operation.D:
        node = graph.columns(node, 0, operation.D)
    before = block.rows.get(operation.y)
    block.rows[operation.y] = node if before is None else graph("Concat", before, node, axis=1)


def _block_frames(graph, x, lengths, before, counts, after):
    """The new frames of a block; sets the last steps among the states after it."""
    k, hop = graph.inputs.framing
    # step `state_steps` is the first of x, and k - 1 others come before it
    first = graph("Sub", graph("Mul", counts.full_before, np.array(hop, np.int64)), before["state_steps"])
    if k > 1:
        x = graph("Concat", before["state_frame"], x, axis=1)
        first = graph("Add", first, np.array(k - 1))
        steps = graph("Add", graph.as_column(lengths), np.arange(k - 1)[np.newaxis])
        after["state_frame"] = graph(
            "GatherND", x, graph("Reshape", steps, np.array([0, -1, 1])), batch_dims=1
        )
    last = graph("Max", graph("Add", lengths, np.array(k - 2)), np.array(0, np.int64))
    return gathered_frames(graph, x, first, last, counts.new)


def _state_after(graph, seen, n_frames):
    """States (N, H) after `n_frames` (N,); `seen` (N, 1 + F, H) begins with those before the first."""
    return graph("GatherND", seen, graph.as_column(n_frames), batch_dims=1)


def _invalid(graph, x, lengths, valid_lengths, before):
    """Whether a block, its length or a state that was given is invalid, (N, 1)."""
    ends = graph.as_column(graph.cast(valid_lengths, graph.dtype))
    invalid = graph("Or", invalid_sequences(graph, x, ends), differ(graph, lengths, valid_lengths))
    for name in sorted(set(before) - {"state_steps"}):
        flat = graph("Reshape", before[name], np.array([0, -1]))
        bounded = name in ("state_h", "state_frame")
        limit = graph.number(LARGEST[graph.dtype] if bounded else np.finfo(graph.dtype).max)
        values = invalid_values(graph, flat, limit)
        invalid = graph("Or", invalid, graph.cast(graph.reduce("ReduceMax", values, 1), bool))
    return graph("Or", invalid, graph.as_column(graph("Less", before["state_steps"], np.array(0))))


# ---- readouts: what the head reads after all frames so far, and what to keep of the full ones, of states
# h (N, F, H) of new frames: include/gruc/layers/running_readout.body.h


def _mean(graph, operation, h, before, counts):
    masks = [row_mask(graph, h, n) for n in (counts.full, counts.new)]
    kept, total = (graph("Add", before, masked_sum(graph, h, mask)) for mask in masks)
    return graph("Div", total, graph.as_column(graph.cast(counts.all_after, graph.dtype))), kept


def _max(graph, operation, h, before, counts):
    begun = graph("Greater", graph.as_column(counts.full_before), np.array(0))
    masks = [row_mask(graph, h, n) for n in (counts.full, counts.new)]
    lowest = graph.number(np.finfo(graph.dtype).min)
    largest = graph("Where", begun, before, lowest)
    kept, features = (
        graph("Max", largest, graph.reduce("ReduceMax", graph("Where", mask, h, lowest), 1, keepdims=0))
        for mask in masks
    )
    any_full = graph("Greater", graph.as_column(counts.full_after), np.array(0))
    return features, graph("Where", any_full, kept, graph.number(0))


def _attention(graph, operation, h, before, counts):
    """Sums weighted by exp(energy - largest energy), the total of these weights, the largest energy."""
    begun = graph("Greater", graph.as_column(counts.full_before), np.array(0))
    masks = [row_mask(graph, h, n) for n in (counts.full, counts.new)]
    lowest = graph.number(np.finfo(graph.dtype).min)
    H = operation.D
    parts = [graph.columns(before, *part) for part in ((0, H), (H, H + 1), (H + 1, H + 2))]
    sums, total, largest = (graph("Where", begun, part, graph.number(0)) for part in parts)
    largest = graph("Where", begun, largest, lowest)
    energy = energies(graph, operation, h)
    kept = []
    for mask in masks:
        e = graph("Where", mask, energy, lowest)
        peak = graph("Max", largest, graph.reduce("ReduceMax", e, 1, keepdims=0))  # (N, 1)
        share = graph("Exp", graph("Sub", largest, peak))
        a = graph("Exp", graph("Sub", e, graph("Reshape", peak, np.array([-1, 1, 1]))))
        kept.append((
            graph("Add", graph("Mul", share, sums), masked_sum(graph, graph("Mul", a, h), mask)),
            graph("Add", graph("Mul", share, total), masked_sum(graph, a, mask)),
            peak,
        ))  # fmt: skip
    return graph("Div", *kept[1][:2]), graph("Concat", *kept[0], axis=1)


READOUTS = {KINDS.MEAN: _mean, KINDS.MAX: _max, KINDS.ATTENTION: _attention}
OPERATIONS = {
    KINDS.EMBED: _embed,
    KINDS.EMBED_SHARED: _embed,
    KINDS.DENSE: _dense,
    KINDS.GRU: _cell,
    KINDS.GRU_RESET_BEFORE: _cell,
    KINDS.FIO: _fio,
    KINDS.CONV: _conv,
    KINDS.POOL: _pool,
    KINDS.COPY: _copy,
    **dict.fromkeys(READOUTS, _readout),
}
