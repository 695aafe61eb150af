"""Encoder-decoders as two ONNX graphs: the encoder, and one step of the decoder."""

import numpy as np

from ..runtime import Translator
from .onnx_graph import Graph
from .weights import swap_gates


def translator_of(model):
    """The `Translator` of a fitted GRUSeq2Seq, or itself; None for other models."""
    found = getattr(model, "_predictor", model)
    return found if isinstance(found, Translator) else None


class TranslationGraph(Graph):
    """A graph with the weights of a translator, all in float32.

    Parameters
    ----------
    onnx : module
    translator : Translator
    opset : int
    """

    def __init__(self, onnx, translator, opset):
        super().__init__(onnx, opset)
        self.network = translator.network
        self.attention = translator.config["attention"]
        self.weights = {name: weight.astype(np.float32) for name, weight in translator.weights.items()}

    def gru(self, layer, x, initial=None, inputs=slice(None)):
        """States (T, N, H) of a `GRULayer` over x (T, N, D), and the weights' columns `inputs`."""
        W, R = (swap_gates(self.weights[name]) for name in (layer.weight_ih, layer.weight_hh))
        biases = [swap_gates(self.weights[layer.bias_ih])]
        biases.append(swap_gates(self.weights[layer.bias_hh]) if layer.bias_hh else np.zeros_like(biases[0]))
        arrays = [each[np.newaxis] for each in (W[:, inputs], R, np.concatenate(biases))]
        more = () if initial is None else ("", initial)  # no sequence_lens
        states = self(
            "GRU",
            x,
            *arrays,
            *more,
            hidden_size=layer.n_units,
            linear_before_reset=int(layer.bias_hh is not None),
        )
        return self("Squeeze", states, np.array([1]))

    def linear(self, x, weight, bias=None):
        """x W' + b of weights by name."""
        y = self("MatMul", x, self.weights[weight].T)
        return y if bias is None else self("Add", y, self.weights[bias])


def graph_of_encoder(onnx, translator, opset):
    """The encoder: inputs X (N, T) and lengths (N,); outputs memory (N, T, M) and the state of each layer."""
    graph = TranslationGraph(onnx, translator, opset)
    int64, float32 = graph.tensor_type(np.int64), graph.tensor_type(np.float32)
    info = graph.helper.make_tensor_value_info
    inputs = [info("X", int64, ["N", "T"]), info("lengths", int64, ["N"])]
    end = graph.as_column(graph("Sub", "lengths", np.array(1, np.int64)))
    x = graph("Gather", graph.weights[graph.network.source_embedding.weight], "X")
    x, outputs = graph("Transpose", x, perm=[1, 0, 2]), []
    for i, directions in enumerate(graph.network.encoder):
        states, ends = [], []
        for layer in directions:
            if layer.reverse:
                reversed_x = graph("ReverseSequence", x, "lengths", time_axis=0, batch_axis=1)
                h = graph.gru(layer, reversed_x)
                h = graph("ReverseSequence", h, "lengths", time_axis=0, batch_axis=1)
                ends.append(graph("Gather", h, np.array(0), axis=0))
            else:
                h = graph.gru(layer, x)
                ends.append(graph("GatherND", graph("Transpose", h, perm=[1, 0, 2]), end, batch_dims=1))
            states.append(h)
        x = graph("Concat", *states, axis=-1)
        graph("Concat", *ends, axis=-1, output=f"state_{i}")
        outputs.append(info(f"state_{i}", float32, ["N", sum(layer.n_units for layer in directions)]))
    if graph.network.attention.memory_width:
        memory = graph("Transpose", x, perm=[1, 0, 2])
        parts = [memory]
        if graph.attention == "additive":
            parts = [graph.linear(memory, "attention.key_weight", "attention.key_bias"), memory]
        graph("Concat", *parts, axis=-1, output="memory")
        outputs.insert(0, info("memory", float32, ["N", "T", graph.network.attention.memory_width]))
    return graph, inputs, outputs


def graph_of_step(onnx, translator, opset):
    """A step of the decoder: inputs token (N,), memory, lengths and states; outputs logits (N, K), states.

    With attention also its weights (N, T).
    """
    graph = TranslationGraph(onnx, translator, opset)
    int64, float32 = graph.tensor_type(np.int64), graph.tensor_type(np.float32)
    info, network = graph.helper.make_tensor_value_info, graph.network
    inputs, outputs = [info("token", int64, ["N"])], []
    if network.attention.memory_width:
        inputs.append(info("memory", float32, ["N", "T", network.attention.memory_width]))
        inputs.append(info("lengths", int64, ["N"]))
    x = graph("Gather", graph.weights[network.embedding.weight], "token")
    for i, (layer,) in enumerate(network.decoder):
        inputs.append(info(f"state_{i}", float32, ["N", layer.n_units]))
        attended = None
        if network.attention.attends_inside and i == 0:
            keys = graph("Slice", "memory", np.array([0]), np.array([layer.n_units]), np.array([2]))
            values = graph("Slice", "memory", np.array([layer.n_units]), np.array([2**31 - 1]), np.array([2]))
            query = graph.linear("state_0", "attention.query_weight")
            u = graph("Tanh", graph("Add", keys, graph("Unsqueeze", query, np.array([1]))))
            scores = graph("MatMul", u, graph.weights["attention.v"].T)
            attended = _attended(graph, graph("Squeeze", scores, np.array([2])), values)
            x = graph("Concat", x, attended, axis=-1)
        before = graph("Unsqueeze", f"state_{i}", np.array([0]))
        h = graph("Squeeze", graph.gru(layer, graph("Unsqueeze", x, np.array([0])), before), np.array([0]))
        graph("Identity", h, output=f"state_{i}_out")
        outputs.append(info(f"state_{i}_out", float32, ["N", layer.n_units]))
        x = h if attended is None else graph("Concat", attended, h, axis=-1)
    if network.attention.memory_width and not network.attention.attends_inside:
        query = x if graph.attention == "dot" else graph.linear(x, "attention.weight")
        scores = graph("MatMul", "memory", graph("Unsqueeze", query, np.array([2])))
        attended = _attended(graph, graph("Squeeze", scores, np.array([2])), "memory")
        x = graph("Concat", attended, x, axis=-1)
    graph(
        "Add", graph("MatMul", x, graph.weights["head.weight"].T), graph.weights["head.bias"], output="logits"
    )
    outputs.insert(0, info("logits", float32, ["N", translator.config["n_outputs"]]))
    if network.attention.memory_width:
        outputs.append(info("attention", float32, ["N", "T"]))
    return graph, inputs, outputs


def _attended(graph, scores, values):
    """The mean (N, F) of values (N, T, F), weighted by the softmax of scores (N, T) within the lengths."""
    n_steps = graph("Gather", graph("Shape", scores), np.array(1))
    steps = graph("Range", np.array(0), n_steps, np.array(1))
    within = graph("Less", graph("Unsqueeze", steps, np.array([0])), graph.as_column("lengths"))
    scores = graph("Where", within, scores, np.array(-np.inf, np.float32))
    weights = graph("Softmax", scores, axis=1, output="attention")
    # values beyond the end are numbers, and have weight 0
    sums = graph("MatMul", graph("Unsqueeze", weights, np.array([1])), values)
    return graph("Squeeze", sums, np.array([1]))
