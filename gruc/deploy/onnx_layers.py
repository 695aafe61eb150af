"""Layers, readout and head of a network as nodes of an ONNX graph, over whole sequences."""

import numpy as np

from .onnx_inputs import framed
from .weights import swap_gates


def features(graph, x, lengths):
    """What the head reads (N, F), of X (N, T, D), already centred."""
    x, lengths = framed(graph, x, lengths)
    return readout(graph, layers(graph, x, lengths), lengths)


def layers(graph, x, lengths):
    """States (N, F, H) of the top layer, of frames x (N, F, D)."""
    x = graph("Transpose", x, perm=[1, 0, 2])
    for i, units in enumerate(graph.config["hidden_layer_sizes"]):
        directions = [gru(graph, x, f"l{i}", units)]
        if graph.config["bidirectional"]:
            backward = gru(graph, reversed_sequences(graph, x, lengths), f"l{i}_reverse", units)
            directions.append(reversed_sequences(graph, backward, lengths))
        x = directions[0] if len(directions) == 1 else graph("Concat", *directions, axis=2)
    return graph("Transpose", x, perm=[1, 0, 2])


def reversed_sequences(graph, x, lengths):
    """x (F, N, D) with the rows of each sequence in reverse order."""
    return graph("ReverseSequence", x, lengths, time_axis=0, batch_axis=1)


def gru(graph, x, suffix, units, *initial):
    """States (F, N, H) of one direction, from the first row on; `initial` is (1, N, H)."""
    W, R = (swap_gates(graph.weights[f"gru.weight_{kind}_{suffix}"])[np.newaxis] for kind in ("ih", "hh"))
    b = swap_gates(graph.weights[f"gru.bias_ih_{suffix}"])
    b_hh = graph.weights.get(f"gru.bias_hh_{suffix}")  # None if the reset gate comes before the product
    B = np.concatenate([b, np.zeros_like(b) if b_hh is None else swap_gates(b_hh)])[np.newaxis]
    if initial:
        initial = ("", *initial)  # no sequence_lens
    resets_after = int(b_hh is not None)
    states = graph("GRU", x, W, R, B, *initial, hidden_size=units, linear_before_reset=resets_after)
    return graph("Squeeze", states, np.array([1]))


def readout(graph, h, lengths):
    """What the head reads (N, F), of states h (N, F, H)."""
    pooling = graph.config["pooling"]
    if pooling == "last":
        end = graph.as_column(graph("Sub", lengths, np.array(1, np.int64)))
        last = graph("GatherND", h, end, batch_dims=1)
        if not graph.config["bidirectional"]:
            return last
        H = graph.config["hidden_layer_sizes"][-1]
        first = graph("Gather", h, np.array(0), axis=1)
        parts = [(last, 0, H), (first, H, 2 * H)]
        return graph("Concat", *(graph.columns(*part) for part in parts), axis=1)
    within = row_mask(graph, h, lengths)
    if pooling == "max":
        return graph.reduce("ReduceMax", graph("Where", within, h, graph.number(-np.inf)), 1, keepdims=0)
    if pooling == "mean":
        n = graph.as_column(graph.cast(lengths, graph.dtype))
        return graph("Div", masked_sum(graph, h, within), n)
    a = graph("Softmax", graph("Where", within, energies(graph, h), graph.number(-np.inf)), axis=1)
    return masked_sum(graph, graph("Mul", a, h), within)


def row_mask(graph, h, n_rows):
    """Which rows of h (N, F, H) are among the first `n_rows` (N,): (N, F, 1)."""
    most = graph("Gather", graph("Shape", h), np.array(1))
    rows = graph("Range", np.array(0), most, np.array(1))
    ends = graph("Reshape", n_rows, np.array([-1, 1, 1]))
    return graph("Less", graph("Reshape", rows, np.array([1, -1, 1])), ends)


def masked_sum(graph, h, mask):
    """Sum (N, H) over the rows of h (N, F, H) in the mask."""
    return graph("ReduceSum", graph("Where", mask, h, graph.number(0)), np.array([1]), keepdims=0)


def energies(graph, h):
    """Attention energies (N, F, 1) of the rows of h (N, F, H), before the softmax."""
    u = graph("MatMul", h, graph.weights["attention.weight"].T)
    u = graph("Tanh", graph("Add", u, graph.weights["attention.bias"]))
    return graph("MatMul", u, graph.weights["attention.v"].T)


def head(graph, features):
    """Outputs (N, K)."""
    return graph("Gemm", features, graph.weights["head.weight"], graph.weights["head.bias"], transB=1)
