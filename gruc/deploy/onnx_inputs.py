"""X and lengths as nodes of an ONNX graph: centring, padding, invalid values, frames."""

import numpy as np

from ..sequences import LARGEST


def centred(graph, x, dtype):
    """X (N, T, D) of this type, less its rounded mean, as float32.

    If the mean were folded into a bias alone, digits would be lost: as many as those by which it
    exceeds the standard deviation.
    """
    if graph.centre is not None:
        x = graph("Sub", x, graph.centre.astype(dtype))
    return x if dtype == graph.dtype else graph.cast(x, graph.dtype)


def missing_rows_and_steps(graph, x):
    """How many rows and steps must be added to x (N, T, ...) for it to have one of each, (2,)."""
    sizes = graph("Slice", graph("Shape", x), np.array([0]), np.array([2]))
    return graph("Max", graph("Sub", np.array([1, 1]), sizes), np.array([0]))


def padded_if_empty(graph, x, rank, missing, value=None, steps=False):
    """X (N, ...) with one row if N is 0; if `steps`, X (N, T, ...) with one step if T is 0.

    Onnxruntime's GRU ends the whole process for empty input. Padding is 0, or `value`.
    """
    n_axes = 2 if steps else 1
    if not steps:
        missing = graph("Slice", missing, np.array([0]), np.array([1]))
    after = [np.zeros(rank - n_axes, np.int64)] if rank > n_axes else []
    pads = graph("Concat", np.zeros(rank, np.int64), missing, *after, axis=0)
    return graph("Pad", x, pads) if value is None else graph("Pad", x, pads, value)


def clipped_lengths(graph, lengths, least, x):
    """Lengths between `least` and the number of steps of x (N, T, D)."""
    return graph("Max", graph("Min", lengths, graph.size(x, 1)), np.array(least, np.int64))


def differ(graph, first, second):
    """Whether two counts (N,) differ, (N, 1)."""
    return graph.as_column(graph("Not", graph("Equal", first, second)))


def step_numbers(graph, x):
    """1, 2, ... T (T,) of x (N, T, ...), in float32, exact up to 2^24 steps."""
    # not int64: OpenVINO 2026.4 gives wrong results where lengths are computed in it
    n_steps = graph.cast(graph("Gather", graph("Shape", x), np.array(1)), graph.dtype)
    return graph("Range", graph.number(1), graph("Add", n_steps, graph.number(1)), graph.number(1))


def invalid_values(graph, x, limit):
    """1 where x is NaN, infinite or larger than `limit`, else 0."""
    return graph.cast(graph("Not", graph("LessOrEqual", graph("Abs", x), limit)), graph.dtype)


def invalid_sequences(graph, x, lengths):
    """Whether `predict` would refuse x (N, T, D), already centred, within its lengths (N, 1) float32: (N, 1).

    Or tokens x (N, T) of int64. Onnxruntime's GRU returns ordinary numbers for NaN and infinity.
    """
    steps = _invalid_tokens(graph, x) if graph.reads_tokens else _invalid_steps(graph, x)
    within = graph.cast(graph("LessOrEqual", step_numbers(graph, x), lengths), graph.dtype)
    return graph.cast(graph.reduce("ReduceMax", graph("Mul", steps, within), 1), bool)


def _invalid_tokens(graph, x):
    """1 for tokens (N, T) that the model does not have, else 0."""
    return graph.cast(graph("Not", graph("Equal", x, known_tokens(graph, x))), graph.dtype)


def known_tokens(graph, x):
    """Tokens x, or the nearest that the model has."""
    largest = np.array(graph.inputs.n_tokens - 1, np.int64)
    return graph("Max", graph("Min", x, largest), np.array(0, np.int64))


def _invalid_steps(graph, x):
    """1 for steps (N, T) of x (N, T, D) that hold NaN or too large values, else 0."""
    limit, scaling = graph.number(LARGEST[graph.dtype]), graph.inputs.scaling
    if scaling is not None:
        largest = float(np.finfo(graph.dtype).max)
        limit = np.minimum(LARGEST[graph.dtype] * scaling.scale, largest).astype(graph.dtype)
    return graph.reduce("ReduceMax", invalid_values(graph, x, limit), 2, keepdims=0)


def nan_where(graph, invalid, features, n_frames=None):
    """Features (N, F), but NaN where `invalid` (N, 1).

    Of a network that answers each step, features (N, T, F), which are NaN from frame `n_frames` (N,) on, too.
    """
    if graph.answers_each_step:
        invalid = graph("Reshape", invalid, np.array([-1, 1, 1]))
        invalid = graph("Or", invalid, graph("Not", row_mask(graph, features, n_frames)))
    return graph("Where", invalid, graph.number(np.nan), features)


def row_mask(graph, h, n_rows):
    """Which rows of h (N, F, H) are among the first `n_rows` (N,): (N, F, 1)."""
    most = graph("Gather", graph("Shape", h), np.array(1))
    rows = graph("Range", np.array(0), most, np.array(1))
    ends = graph("Reshape", n_rows, np.array([-1, 1, 1]))
    return graph("Less", graph("Reshape", rows, np.array([1, -1, 1])), ends)


# ---- frames: include/gruc/base/framing.h


def n_frames(graph, n_steps):
    """Number of frames of sequences of `n_steps` (N,) steps."""
    k, hop = graph.inputs.framing
    one, hop_, over = (np.array(value, np.int64) for value in (1, hop, hop - 1 - k))
    to_cover = graph("Max", graph("Div", graph("Add", n_steps, over), hop_), np.array(0, np.int64))
    to_begin = graph("Div", graph("Sub", n_steps, one), hop_)
    return graph("Add", graph("Min", to_cover, to_begin), one)


def n_full_frames(graph, n_steps):
    """Number of these frames that end within the sequence."""
    k, hop = graph.inputs.framing
    reached = graph("Max", graph("Add", n_steps, np.array(hop - k)), np.array(0, np.int64))
    return graph("Div", reached, np.array(hop, np.int64))


def framed(graph, x, lengths):
    """Frames (N, F, k D), and the number of frames of each sequence (N,): sequences/packing.py."""
    if tuple(graph.inputs.framing) == (1, 1):
        return x, lengths
    counts = n_frames(graph, lengths)
    last = graph("Sub", lengths, np.array(1, np.int64))
    return gathered_frames(graph, x, None, last, counts), counts


def gathered_frames(graph, x, first, last, counts):
    """Frames (N, F, k D) of x (N, T, D), from step `first` (N,) on, none beyond step `last` (N,).

    `first` is None for 0. F is the largest of `counts` (N,), but at least 1.
    """
    k, hop = graph.inputs.framing
    zero, one = np.array(0, np.int64), np.array(1, np.int64)
    most = graph("Max", graph.reduce("ReduceMax", counts, 0, keepdims=0), one)
    starts = graph("Mul", graph("Range", zero, most, one), np.array(hop, np.int64))
    steps = graph("Add", graph("Reshape", starts, np.array([1, -1, 1])), np.arange(k).reshape(1, 1, k))
    if first is not None:
        steps = graph("Add", steps, graph("Reshape", first, np.array([-1, 1, 1])))
    steps = graph("Min", steps, graph("Reshape", last, np.array([-1, 1, 1])))
    rows = graph("GatherND", x, graph("Reshape", steps, np.array([0, -1, 1])), batch_dims=1)
    return graph("Reshape", rows, np.array([0, -1, k * graph.inputs.n_features]))
