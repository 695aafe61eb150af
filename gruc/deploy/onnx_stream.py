"""Nodes of an ONNX graph that takes sequences block by block, with states in and out."""

import numpy as np

from ..network import KINDS
from ..sequences import LARGEST
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
from .onnx_layers import cell, dense, embedded, energies, masked_sum, steps_first


def states(graph):
    """Type and shape by name of the states that a stateful graph takes and returns: `to_onnx`."""
    units = graph.config["hidden_layer_sizes"]
    k, n_features = graph.inputs.framing.length, graph.inputs.n_features
    states = {"state_h": (graph.float32, ["N", sum(units)]), "state_steps": (graph.int64, ["N"])}
    readouts = [each for each in graph.network.program.operations if each.kind in READOUTS]
    width = sum(each.D + (2 if each.kind == KINDS.ATTENTION else 0) for each in readouts)
    if width:
        states["state_readout"] = (graph.float32, ["N", width])
    if k > 1:
        states["state_frame"] = (graph.float32, ["N", k - 1, n_features])
    return states


def features_of_block(graph, x, lengths, before):
    """What the head reads after a block x (N, T, D), already centred, and the states after it by name.

    Of a model of tokens x is (N, T). The head reads (N, H), or (N, F, H) of a network that answers each of F
    frames. The frames that the block completes are computed at once, together with those it begins; the new
    states are those after the last full frame. Where the block is invalid, what the head reads is NaN and
    states stay as they were.
    """
    valid_lengths, steps = clipped_lengths(graph, lengths, 0, x), before["state_steps"]
    after = {"state_steps": graph("Add", steps, valid_lengths)}
    counts = FrameCounts(graph, steps, after["state_steps"])
    frames = x
    if tuple(graph.inputs.framing) != (1, 1):
        frames = _block_frames(graph, x, valid_lengths, before, counts, after)
    block = Block(graph, steps_first(graph, frames), before, counts)
    for operation in graph.network.program.operations:
        if operation.y != graph.network.outputs:
            OPERATIONS[operation.kind](graph, operation, block)
    after["state_h"] = block.full[0] if len(block.full) == 1 else graph("Concat", *block.full, axis=1)
    if block.readouts:
        kept = block.readouts
        after["state_readout"] = kept[0] if len(kept) == 1 else graph("Concat", *kept, axis=1)
    invalid = _invalid(graph, x, lengths, valid_lengths, before)
    for name, state in before.items():
        shape = {"state_steps": [-1], "state_frame": [-1, 1, 1]}.get(name, [-1, 1])
        after[name] = graph("Where", graph("Reshape", invalid, np.array(shape)), state, after[name])
    value = graph.head.x
    if graph.answers_each_step:
        rows = graph("Transpose", block.rows[value], perm=[1, 0, 2])
        return nan_where(graph, invalid, rows, counts.new), after
    nothing_seen = graph("Less", after["state_steps"], np.array(1))
    features = block.rows.get(value) or _state_after(graph, block.seen[value], counts.new)
    return nan_where(graph, graph("Or", invalid, graph.as_column(nothing_seen)), features), after


class FrameCounts:
    """Numbers of frames (N,) of a block.

    Attributes
    ----------
    full_before, full_after : str
        Full frames before and after it.
    all_after : str
        All frames after it.
    full, new : str
        Full frames, and all frames, that were not among the full ones before.
    """

    def __init__(self, graph, steps_before, steps_after):
        self.full_before = n_full_frames(graph, steps_before)
        self.full_after = n_full_frames(graph, steps_after)
        self.all_after = n_frames(graph, steps_after)
        self.full = graph("Sub", self.full_after, self.full_before)
        self.new = graph("Sub", self.all_after, self.full_before)


class Block:
    """The new frames of a block on their way through the network.

    Attributes
    ----------
    rows : dict of int to str
        Values of the program: (F, N, width) with rows for each frame, (N, width) with one for each sequence.
    seen : dict of int to str
        By value `last`, the states (N, 1 + F, H) of a cell from that before the block on.
    full : list of str
        States (N, H) of cells after the last full frame.
    readouts : list of str
        What readouts keep after the last full frame.
    """

    def __init__(self, graph, frames, before, counts):
        self.before, self.counts = before, counts
        self.rows, self.seen, self.full, self.readouts = {0: frames}, {}, [], []
        self._n_states = self._n_kept = 0

    def initial(self, graph, operation):
        """The next cell's state before the block, (1, N, H)."""
        start = self._n_states
        self._n_states += operation.H
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
    initial = block.initial(graph, operation)
    h = cell(graph, operation, block.rows[operation.x], initial)
    seen = graph("Transpose", graph("Concat", initial, h, axis=0), perm=[1, 0, 2])  # (N, 1 + F, H)
    block.full.append(_state_after(graph, seen, block.counts.full))
    block.rows[operation.y] = h
    block.seen[operation.last] = seen


def _readout(graph, operation, block):
    h = graph("Transpose", block.rows[operation.x], perm=[1, 0, 2])
    before = block.kept_before(graph, operation)
    block.rows[operation.y], kept = READOUTS[operation.kind](graph, operation, h, before, block.counts)
    block.readouts.append(kept)


def _copy(graph, operation, block):
    x = operation.x
    node = block.rows.get(x) or _state_after(graph, block.seen[x], block.counts.new)
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
        limit = graph.number(np.finfo(graph.dtype).max if name == "state_readout" else LARGEST[graph.dtype])
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
    KINDS.COPY: _copy,
    **dict.fromkeys(READOUTS, _readout),
}
