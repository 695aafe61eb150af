"""Models as ONNX graphs, for onnxruntime, OpenVINO and others.

Inputs are X (N, T, D), padded with anything, and lengths (N,); T and N may be any from 1 on. No
node is told the lengths but by indices and masks: OpenVINO ignores GRU's sequence_lens where
shapes are dynamic. `skl2onnx.py` makes pipelines of the same parts.
"""

from typing import Any

import numpy as np

from .. import __version__, model_file
from .frameworks import predictor_of, swapped, unscaled_weights

__all__ = ["to_onnx"]

OPSET = 18
IR_VERSION = 8  # of the ONNX release of that opset: older runtimes read it too


def to_onnx(model: Any, path: Any = None) -> Any:
    """A graph that predicts as the model does.

    Parameters
    ----------
    model : fitted GRUClassifier or GRURegressor, or Predictor
    path : str or path-like, default=None
        A file to write it to.

    Returns
    -------
    onnx.ModelProto
        Inputs ``X`` (N, T, n_features), float32, and ``lengths`` (N,), int64, from 1 to T; N is 1 or
        more. What stands in X beyond a sequence's length does not matter. NaN within it, which
        `predict` refuses, or a length of 0 makes the sequence's results NaN, and its label means
        nothing. Outputs ``label`` (N,)
        and ``probabilities`` (N, n_classes) of a classifier, of one of several labels ``label``
        (N, n_classes) of 0 and 1; ``variable`` (N, n_outputs) of a regressor, with several
        quantiles (N, n_targets, n_quantiles).

    Raises
    ------
    ImportError
        The package onnx is not installed.
    TypeError
        Not a fitted model of gruc's.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> graph = gruc.to_onnx(gruc.GRUClassifier(random_state=0).partial_fit(X, y))
    >>> [node.name for node in graph.graph.output]
    ['label', 'probabilities']
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError("to_onnx makes its graph with the package onnx: pip install onnx.") from error
    predictor, helper = predictor_of(model), onnx.helper
    graph = NetworkGraph(onnx, predictor)
    features = graph.features(graph.centred("X", graph.dtype), "lengths")
    ends = graph("Reshape", graph.cast("lengths", graph.dtype), np.array([-1, 1]))
    outputs = graph.finished(graph.headed(graph.marked(features, "X", ends)))
    inputs = [
        helper.make_tensor_value_info("X", graph.float32, ["N", "T", predictor.n_features_in]),
        helper.make_tensor_value_info("lengths", graph.int64, ["N"]),
    ]
    proto = helper.make_model(
        helper.make_graph(graph.nodes, "gruc", inputs, outputs, list(graph.constants.values())),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="gruc",
        producer_version=__version__,
    )
    onnx.checker.check_model(proto, full_check=True)
    if path is not None:
        model_file.replace(path, proto.SerializeToString())
    return proto


class Graph:
    """Nodes and constants, as they come."""

    def __init__(self, onnx):
        self.helper, self.numpy_helper = onnx.helper, onnx.numpy_helper
        self.nodes, self.constants = [], {}

    def __call__(self, operation, *inputs, output=None, more_outputs=(), **attributes):
        """Add a node; the name of its first output. Inputs are names, or arrays for constants."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        output = output or f"{operation.lower()}_{len(self.nodes)}"
        outputs = [output, *(f"{output}_{name}" for name in more_outputs)]
        self.nodes.append(self.helper.make_node(operation, names, outputs, **attributes))
        return output

    def constant(self, value):
        """The name of a constant, each stored once."""
        array = np.array(value, order="C")
        key = array.dtype.str, array.shape, array.tobytes() if array.dtype != object else tuple(array.ravel())
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = self.numpy_helper.from_array(array, name)
        return self.constants[key].name

    def kind(self, dtype):
        """ONNX's number of a NumPy type."""
        return self.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def cast(self, x, dtype, **output):
        return self("Cast", x, to=self.kind(dtype), **output)


class NetworkGraph(Graph):
    """A graph of one model, part by part: `centred`, `features`, `headed`, `finished`."""

    def __init__(self, onnx, predictor):
        super().__init__(onnx)
        self.predictor = predictor
        self.dtype = np.dtype(np.float32)  # onnxruntime's GRU knows no other
        self.float32, self.int64 = self.kind(np.float32), self.kind(np.int64)
        self.centre = None if predictor.scaling is None else predictor.scaling.mean.astype(self.dtype)
        weights = unscaled_weights(predictor, self.centre)
        self.weights = {name: weight.astype(self.dtype) for name, weight in weights.items()}

    def centred(self, x, dtype):
        """X (N, T, D) of this type, less its rounded mean, as float32.

        In a bias alone the mean would cost the digits by which it is larger than the deviations.
        """
        if self.centre is not None:
            x = self("Sub", x, self.centre.astype(dtype))
        return x if dtype == self.dtype else self.cast(x, self.dtype)

    def features(self, x, lengths):
        """What the head sees (N, F), of X (N, T, D) from `centred`."""
        x, lengths = self.framed(x, lengths)
        return self.readout(self.layers(x, lengths), lengths)

    def steps_of(self, x):
        """1, 2, ... T (T,) of x (N, T, ...), in float32, exact up to 2^24 steps."""
        # not int64: OpenVINO 2026.4 goes astray where lengths are worked out in it
        n_steps = self.cast(self("Gather", self("Shape", x), np.array(1)), self.dtype)
        return self("Range", self.number(1), self("Add", n_steps, self.number(1)), self.number(1))

    def marked(self, features, x, lengths):
        """Features (N, F), but NaN where x (N, T, D) has NaN within a sequence, or that has no step.

        Lengths (N, 1), float32. Onnxruntime's GRU makes a number of NaN, and what is missing would
        not be seen.
        """
        is_nan = self("ReduceMax", self.cast(self("IsNaN", x), self.dtype), np.array([2]), keepdims=0)
        alive = self.cast(self("LessOrEqual", self.steps_of(x), lengths), self.dtype)
        missing = self.cast(self("ReduceMax", self("Mul", is_nan, alive), np.array([1])), bool)  # (N, 1)
        missing = self("Or", missing, self("Less", lengths, self.number(1)))
        return self("Where", missing, self.number(np.nan), features)

    def framed(self, x, lengths):
        """Frames (N, F, k D) and how many each sequence has (N,): sequences/packing.py."""
        k, hop = self.predictor.framing
        if (k, hop) == (1, 1):
            return x, lengths
        zero, one, hop_, over = (np.array(value, np.int64) for value in (0, 1, hop, hop - 1 - k))
        to_cover = self("Max", self("Div", self("Add", lengths, over), hop_), zero)
        to_begin = self("Div", self("Sub", lengths, one), hop_)
        n_frames = self("Add", self("Min", to_cover, to_begin), one)
        most = self("ReduceMax", n_frames, np.array([0]), keepdims=0)
        frames = self("Range", zero, most, one)
        starts = self("Reshape", self("Mul", frames, hop_), np.array([1, -1, 1]))
        places = self("Add", starts, np.arange(k).reshape(1, 1, k))  # (1, F, k)
        last = self("Reshape", self("Sub", lengths, one), np.array([-1, 1, 1]))
        places = self("Reshape", self("Min", places, last), np.array([0, -1, 1]))  # (N, F k, 1)
        steps = self("GatherND", x, places, batch_dims=1)
        width = k * self.predictor.n_features_in
        return self("Reshape", steps, np.array([0, -1, width])), n_frames

    def layers(self, x, lengths):
        """States (N, F, H) of the top layer."""
        config = self.predictor.config
        x = self("Transpose", x, perm=[1, 0, 2])
        for i, units in enumerate(config["hidden_layer_sizes"]):
            ways = [self.gru(x, f"l{i}", units)]
            if config["bidirectional"]:
                backwards = self.gru(self.reverse(x, lengths), f"l{i}_reverse", units)
                ways.append(self.reverse(backwards, lengths))
            x = ways[0] if len(ways) == 1 else self("Concat", *ways, axis=2)
        return self("Transpose", x, perm=[1, 0, 2])

    def reverse(self, x, lengths):
        return self("ReverseSequence", x, lengths, time_axis=0, batch_axis=1)

    def gru(self, x, suffix, units):
        """States (F, N, H) of a direction that reads from the first row on."""
        W, R = (swapped(self.weights[f"gru.weight_{kind}_{suffix}"])[np.newaxis] for kind in ("ih", "hh"))
        b = swapped(self.weights[f"gru.bias_ih_{suffix}"])
        after = self.predictor.config["reset_after"]
        b_hh = swapped(self.weights[f"gru.bias_hh_{suffix}"]) if after else np.zeros_like(b)
        B = np.concatenate([b, b_hh])[np.newaxis]
        states = self("GRU", x, W, R, B, hidden_size=units, linear_before_reset=int(after))
        return self("Squeeze", states, np.array([1]))

    def readout(self, h, lengths):
        """What the head sees (N, H)."""
        config = self.predictor.config
        if config["pooling"] == "last":
            place = self("Reshape", self("Sub", lengths, np.array(1, np.int64)), np.array([-1, 1]))
            last = self("GatherND", h, place, batch_dims=1)
            if not config["bidirectional"]:
                return last
            H = config["hidden_layer_sizes"][-1]
            first = self("Gather", h, np.array(0), axis=1)
            ways = [(last, 0, H), (first, H, 2 * H)]
            return self("Concat", *(self.columns(*way) for way in ways), axis=1)
        n_steps = self("Gather", self("Shape", h), np.array(1))
        steps = self("Range", np.array(0), n_steps, np.array(1))
        steps, ends = (
            self("Reshape", steps, np.array([1, -1, 1])),
            self("Reshape", lengths, np.array([-1, 1, 1])),
        )
        alive = self("Less", steps, ends)  # (N, F, 1)
        axis = np.array([1])
        if config["pooling"] == "max":
            return self("ReduceMax", self("Where", alive, h, self.number(-np.inf)), axis, keepdims=0)
        if config["pooling"] == "mean":
            total = self("ReduceSum", self("Where", alive, h, self.number(0)), axis, keepdims=0)
            n = self("Reshape", self.cast(lengths, self.dtype), np.array([-1, 1]))
            return self("Div", total, n)
        u = self("MatMul", h, self.weights["attention.weight"].T)
        u = self("Tanh", self("Add", u, self.weights["attention.bias"]))
        e = self("MatMul", u, self.weights["attention.v"].T)
        a = self("Softmax", self("Where", alive, e, self.number(-np.inf)), axis=1)
        return self("ReduceSum", self("Where", alive, self("Mul", a, h), self.number(0)), axis, keepdims=0)

    def number(self, value):
        return np.array(value, self.dtype)

    def columns(self, x, start, stop):
        return self("Slice", x, np.array([start]), np.array([stop]), np.array([1]))

    def headed(self, features):
        """Outputs (N, K)."""
        return self("Gemm", features, self.weights["head.weight"], self.weights["head.bias"], transB=1)

    def finished(self, outputs):
        """The graph's outputs: "variable", or "label" and "probabilities"."""
        predictor, info = self.predictor, self.helper.make_tensor_value_info
        kind, int64 = self.float32, self.int64
        classes, K, Q = predictor.classes, predictor.config["n_outputs"], predictor.n_quantiles
        if classes is None:
            if predictor.log_link:
                outputs = self("Exp", outputs)
            shape = ["N", K]
            if Q > 1:  # in order
                shape = ["N", K // Q, Q]
                outputs = self("Reshape", outputs, np.array([0, K // Q, Q]))
                outputs = self(
                    "TopK", outputs, np.array([Q]), axis=-1, largest=0, sorted=1, more_outputs=["places"]
                )
            self("Identity", outputs, output="variable")
            return [info("variable", kind, shape)]
        if predictor.multilabel:
            self("Sigmoid", outputs, output="probabilities")
            self.cast(self("Greater", outputs, self.number(0)), np.int64, output="label")
            return [info("label", int64, ["N", K]), info("probabilities", kind, ["N", K])]
        if K == 1:
            self("Sigmoid", self("Concat", self("Neg", outputs), outputs, axis=1), output="probabilities")
        else:
            self("Softmax", outputs, output="probabilities", axis=1)
        places = self("ArgMax", "probabilities", axis=1, keepdims=0)
        if classes.dtype.kind in "iub":
            labels, of_labels = classes.astype(np.int64), int64
        elif classes.dtype.kind == "f":
            labels, of_labels = classes.astype(self.dtype), kind
        else:
            labels = classes.astype(object)
            of_labels = self.kind(object)
        self("Gather", labels, places, output="label")
        return [info("label", of_labels, ["N"]), info("probabilities", kind, ["N", max(K, 2)])]
