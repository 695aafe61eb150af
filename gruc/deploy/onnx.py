"""Models as ONNX graphs, for onnxruntime, OpenVINO and others.

Inputs are X (N, T, D), padded with anything, and lengths (N,). No node is told the lengths but by
indices and masks: OpenVINO ignores GRU's sequence_lens where shapes are dynamic. `skl2onnx.py`
makes pipelines of the same parts.
"""

from numbers import Integral
from typing import Any

import numpy as np

from .. import files
from .._version import __version__
from ..sequences import LARGEST
from .weights import as_predictor, swap_gates, unscaled_weights

__all__ = ["to_onnx"]

OPSET = 18
OLDEST_OPSET = 13


def to_onnx(model: Any, path: Any = None, *, opset: int = OPSET, stateful: bool = False) -> Any:
    """A graph that predicts as the model does.

    Parameters
    ----------
    model : fitted GRUClassifier or GRURegressor, or Predictor
    path : str or path-like, default=None
        A file to write it to.
    opset : int, default=18
        Version of ONNX's operators, from 13 to the newest that the installed package onnx has.
        Older runtimes read graphs of older versions only.
    stateful : bool, default=False
        Whether the graph takes what it has seen so far as inputs and returns it as outputs, so that
        a sequence can come block by block; see the notes.

    Returns
    -------
    onnx.ModelProto
        Inputs ``X`` (N, T, n_features), float32, and ``lengths`` (N,), int64, from 1 to T. What stands
        in X beyond a sequence's length does not matter. What `predict` refuses (NaN, infinity or
        numbers too large within the length, a length of 0) makes the sequence's results NaN, and
        its label means nothing. Outputs ``label`` (N,) and ``probabilities`` (N, n_classes) of a
        classifier, of one of several labels ``label`` (N, n_classes) of 0 and 1; ``variable``
        (N, n_outputs) of a regressor, with several quantiles (N, n_targets, n_quantiles). Labels
        are strings; or int64 for whole numbers, floats too, and booleans; or else uint64 or float64.

    Raises
    ------
    ImportError
        The package onnx is not installed.
    TypeError
        Not a fitted model of gruc's, or labels of a kind that ONNX does not have.
    ValueError
        `opset` is out of range, labels have no exact form in ONNX, or `stateful` is asked of a
        bidirectional model, which reads a sequence from its end too.

    Notes
    -----
    With ``stateful=True`` there are more inputs, all zeros for a sequence that begins, and as many
    outputs with ``_out`` after the names, which are the inputs for the next block:

    ``state_h`` (N, H), float32
        States of the layers, one layer after the other, after the last full frame; H is the sum
        of `hidden_layer_sizes`. An initial state may be given here.
    ``state_steps`` (N,), int64
        Steps taken in so far.
    ``state_readout`` (N, R), float32, unless `pooling` is "last"
        What the readout has taken in.
    ``state_frame`` (N, frame_length - 1, n_features), float32, if a frame has several steps
        The last steps, centred.

    The results are those of the sequence so far, as `Stream.step` gives them. A length may be 0 here:
    that sequence stays where it is, and so does one whose block holds NaN or infinity.

    Some runtimes compute with fewer digits than the graph says. OpenVINO uses bfloat16 by default where
    the processor has it, which has changed probabilities by up to 0.04; compile with
    ``{"INFERENCE_PRECISION_HINT": "f32"}``. Its int64 has the range of int32, also in labels.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
    >>> graph = gruc.to_onnx(model)
    >>> [node.name for node in graph.graph.output]
    ['label', 'probabilities']
    >>> [node.name for node in gruc.to_onnx(model, stateful=True).graph.input]
    ['X', 'lengths', 'state_h', 'state_steps', 'state_frame']
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError("to_onnx makes its graph with the package onnx: pip install onnx.") from error
    predictor, helper = as_predictor(model), onnx.helper
    if not isinstance(opset, Integral) or isinstance(opset, bool):
        raise TypeError(f"opset must be an integer; got {opset!r}.")
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST_OPSET <= opset <= newest:
        raise ValueError(
            f"opset must be from {OLDEST_OPSET} to {newest}, the newest of the installed onnx "
            f"{onnx.__version__}; got {opset}."
        )
    if stateful and predictor.config["bidirectional"]:
        raise ValueError(
            "A bidirectional model reads each sequence from its end too and cannot go on block by block; "
            "stateful=True needs a model with bidirectional=False."
        )
    graph = NetworkGraph(onnx, predictor, int(opset))
    n, lacking = graph.size("X", 0), graph.lacking("X")
    x = graph.centred(graph.never_empty("X", 3, lacking, steps=True), graph.dtype)
    lengths = graph.never_empty("lengths", 1, lacking)
    states, state_outputs = {}, []
    if stateful:
        states = graph.states()
        before = {name: graph.never_empty(name, len(shape), lacking) for name, (_, shape) in states.items()}
        features, after = graph.streamed(x, lengths, before)
        for name, (kind, shape) in states.items():
            graph.first_rows(after[name], n, output=f"{name}_out")
            state_outputs.append(helper.make_tensor_value_info(f"{name}_out", kind, shape))
    else:
        inside = graph.clipped(lengths, 1, x)
        ends = graph("Reshape", graph.cast(inside, graph.dtype), np.array([-1, 1]))
        missing = graph("Or", graph.missing(x, ends), graph.differ(lengths, inside))
        features = graph.marked(graph.features(x, inside), missing)
    outputs = graph.finished(graph.headed(graph.first_rows(features, n)))
    inputs = [
        helper.make_tensor_value_info("X", graph.float32, ["N", "T", predictor.n_features_in]),
        helper.make_tensor_value_info("lengths", graph.int64, ["N"]),
        *(helper.make_tensor_value_info(name, *of_state) for name, of_state in states.items()),
    ]
    constants = list(graph.constants.values())
    imports = [helper.make_opsetid("", int(opset))]
    proto = helper.make_model(
        helper.make_graph(graph.nodes, "gruc", inputs, outputs + state_outputs, constants),
        opset_imports=imports,
        ir_version=helper.find_min_ir_version_for(imports),  # runtimes of that time read it too
        producer_name="gruc",
        producer_version=__version__,
    )
    onnx.checker.check_model(proto, full_check=True)
    if path is not None:
        files.write(path, proto.SerializeToString())
    return proto


def exact_labels(classes):
    """Labels (n_classes,) as an array that ONNX has a type for.

    Raises
    ------
    TypeError, ValueError
        There is none that holds each of them exactly.
    """
    kind = classes.dtype.kind
    if kind in "iub":
        return classes.astype(np.uint64 if classes.max() > np.iinfo(np.int64).max else np.int64)
    if kind == "f":
        labels = classes.astype(np.float64)
        if not np.array_equal(labels, classes):
            raise ValueError(f"Labels of {classes.dtype} do not all fit float64, the widest type of ONNX.")
        if (np.abs(labels) < 2.0**63).all() and np.array_equal(labels, np.rint(labels)):
            return labels.astype(np.int64)  # OpenVINO computes with float64 in float32
        return labels
    values = classes.tolist()
    if kind not in "UO" or not all(isinstance(value, str) for value in values):
        raise TypeError(
            "An ONNX graph holds labels that are integers, floats, booleans or strings; these are "
            f"{classes.dtype if kind not in 'UO' else sorted({type(v).__name__ for v in values})}. Fit the "
            "model with labels of such a type, for example those of a LabelEncoder."
        )
    for value in values:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"The label {value!r} has no form in UTF-8, as ONNX keeps strings.") from None
    return classes.astype(object)


class Graph:
    """Nodes and constants, as they come."""

    def __init__(self, onnx, opset):
        self.helper, self.numpy_helper, self.opset = onnx.helper, onnx.numpy_helper, opset
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

    def reduce(self, operation, x, axis, keepdims=1):
        """ReduceMax or ReduceMin, whose axes became an input with opset 18."""
        if self.opset < 18:
            return self(operation, x, axes=[axis], keepdims=keepdims)
        return self(operation, x, np.array([axis]), keepdims=keepdims)

    def size(self, x, axis):
        """Length of an axis of x, (1,) int64."""
        return self("Gather", self("Shape", x), np.array([axis]))


class NetworkGraph(Graph):
    """A graph of one model, part by part: `centred`, `features`, `headed`, `finished`."""

    def __init__(self, onnx, predictor, opset):
        super().__init__(onnx, opset)
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

    def lacking(self, x):
        """How many rows and steps x (N, T, D) lacks to have one of each (2,)."""
        sizes = self("Slice", self("Shape", x), np.array([0]), np.array([2]))
        return self("Max", self("Sub", np.array([1, 1]), sizes), np.array([0]))

    def never_empty(self, x, rank, lacking, value=None, steps=False):
        """X (N, ...) with a row more if N is 0, with `steps` X (N, T, D) with a step more if T is 0.

        Onnxruntime's GRU ends the whole process if it is given nothing. What is added is 0, or `value`.
        """
        n_axes = 2 if steps else 1
        if not steps:
            lacking = self("Slice", lacking, np.array([0]), np.array([1]))
        after = [np.zeros(rank - n_axes, np.int64)] if rank > n_axes else []
        pads = self("Concat", np.zeros(rank, np.int64), lacking, *after, axis=0)
        return self("Pad", x, pads) if value is None else self("Pad", x, pads, value)

    def first_rows(self, x, n, **output):
        """The first n rows of x."""
        return self("Slice", x, np.array([0]), n, np.array([0]), **output)

    def clipped(self, lengths, least, x):
        """Lengths between `least` and the steps of x (N, T, D)."""
        return self("Max", self("Min", lengths, self.size(x, 1)), np.array(least, np.int64))

    def differ(self, one, other):
        """Whether two counts differ (N, 1), (N,) each."""
        return self("Reshape", self("Not", self("Equal", one, other)), np.array([-1, 1]))

    def features(self, x, lengths):
        """What the head sees (N, F), of X (N, T, D) from `centred`."""
        x, lengths = self.framed(x, lengths)
        return self.readout(self.layers(x, lengths), lengths)

    def steps_of(self, x):
        """1, 2, ... T (T,) of x (N, T, ...), in float32, exact up to 2^24 steps."""
        # not int64: OpenVINO 2026.4 goes astray where lengths are worked out in it
        n_steps = self.cast(self("Gather", self("Shape", x), np.array(1)), self.dtype)
        return self("Range", self.number(1), self("Add", n_steps, self.number(1)), self.number(1))

    def misfits(self, x, limit):
        """1 where x is NaN, infinite or larger than `limit`, else 0."""
        return self.cast(self("Not", self("LessOrEqual", self("Abs", x), limit)), self.dtype)

    def missing(self, x, lengths):
        """Whether x (N, T, D) from `centred` has within its length what `predict` refuses: (N, 1).

        Lengths (N, 1), float32. Onnxruntime's GRU makes numbers of NaN and infinity that look like any
        other.
        """
        limit = self.number(LARGEST[self.dtype])
        if self.predictor.scaling is not None:
            largest = float(np.finfo(self.dtype).max)
            limit = np.minimum(LARGEST[self.dtype] * self.predictor.scaling.scale, largest).astype(self.dtype)
        of_steps = self.reduce("ReduceMax", self.misfits(x, limit), 2, keepdims=0)
        alive = self.cast(self("LessOrEqual", self.steps_of(x), lengths), self.dtype)
        return self.cast(self.reduce("ReduceMax", self("Mul", of_steps, alive), 1), bool)

    def marked(self, features, missing):
        """Features (N, F), but NaN where `missing` (N, 1)."""
        return self("Where", missing, self.number(np.nan), features)

    def n_frames(self, n_steps):
        """Frames of sequences of so many steps: framing.h."""
        k, hop = self.predictor.framing
        one, hop_, over = (np.array(value, np.int64) for value in (1, hop, hop - 1 - k))
        to_cover = self("Max", self("Div", self("Add", n_steps, over), hop_), np.array(0, np.int64))
        to_begin = self("Div", self("Sub", n_steps, one), hop_)
        return self("Add", self("Min", to_cover, to_begin), one)

    def n_full_frames(self, n_steps):
        """Those of them that end within the sequence."""
        k, hop = self.predictor.framing
        reached = self("Max", self("Add", n_steps, np.array(hop - k)), np.array(0, np.int64))
        return self("Div", reached, np.array(hop, np.int64))

    def framed(self, x, lengths):
        """Frames (N, F, k D) and how many each sequence has (N,): sequences/packing.py."""
        if tuple(self.predictor.framing) == (1, 1):
            return x, lengths
        n_frames = self.n_frames(lengths)
        return self.frames(x, None, self("Sub", lengths, np.array(1, np.int64)), n_frames), n_frames

    def frames(self, x, first, last, n_frames):
        """Frames (N, F, k D) of x (N, T, D): the first one begins at step `first`, none goes beyond `last`.

        (N,) each; `first` None for 0. F is the largest of `n_frames`, but at least 1.
        """
        k, hop = self.predictor.framing
        zero, one = np.array(0, np.int64), np.array(1, np.int64)
        most = self("Max", self.reduce("ReduceMax", n_frames, 0, keepdims=0), one)
        starts = self("Mul", self("Range", zero, most, one), np.array(hop, np.int64))
        places = self("Add", self("Reshape", starts, np.array([1, -1, 1])), np.arange(k).reshape(1, 1, k))
        if first is not None:
            places = self("Add", places, self("Reshape", first, np.array([-1, 1, 1])))
        places = self("Min", places, self("Reshape", last, np.array([-1, 1, 1])))
        steps = self("GatherND", x, self("Reshape", places, np.array([0, -1, 1])), batch_dims=1)
        return self("Reshape", steps, np.array([0, -1, k * self.predictor.n_features_in]))

    # ---- block by block

    def states(self):
        """Type and shape by name of what a stateful graph takes and returns: `to_onnx`."""
        config, (k, _) = self.predictor.config, self.predictor.framing
        units = config["hidden_layer_sizes"]
        states = {
            "state_h": (self.float32, ["N", sum(units)]),
            "state_steps": (self.int64, ["N"]),
        }
        if config["pooling"] != "last":
            width = units[-1] + (2 if config["pooling"] == "attention" else 0)
            states["state_readout"] = (self.float32, ["N", width])
        if k > 1:
            states["state_frame"] = (self.float32, ["N", k - 1, self.predictor.n_features_in])
        return states

    def streamed(self, x, lengths, before):
        """Features (N, F) after a block x (N, T, D) from `centred`, and the states after it by name.

        The frames that a block fills are computed at once, with one more for those that it begins;
        states go on from the last full one.
        """
        k, hop = self.predictor.framing
        inside, steps = self.clipped(lengths, 0, x), before["state_steps"]
        after = {"state_steps": self("Add", steps, inside)}
        n_before, n_after = self.n_full_frames(steps), self.n_full_frames(after["state_steps"])
        n_so_far = self.n_frames(after["state_steps"])
        n_full, n_new = self("Sub", n_after, n_before), self("Sub", n_so_far, n_before)
        frames = x
        if (k, hop) != (1, 1):
            # the step `steps` is the first of x, before which there are k - 1 others
            first = self("Sub", self("Mul", n_before, np.array(hop, np.int64)), steps)
            if k > 1:
                x_and_before = self("Concat", before["state_frame"], x, axis=1)
                first = self("Add", first, np.array(k - 1))
                places = self("Add", self("Reshape", inside, np.array([-1, 1])), np.arange(k - 1)[np.newaxis])
                places = self("Reshape", places, np.array([0, -1, 1]))
                after["state_frame"] = self("GatherND", x_and_before, places, batch_dims=1)
            else:
                x_and_before = x
            last = self("Max", self("Add", inside, np.array(k - 2)), np.array(0, np.int64))
            frames = self.frames(x_and_before, first, last, n_new)
        top, seen, ends, start = self("Transpose", frames, perm=[1, 0, 2]), None, [], 0
        for i, units in enumerate(self.predictor.config["hidden_layer_sizes"]):
            initial = self("Unsqueeze", self.columns(before["state_h"], start, start + units), np.array([0]))
            top = self.gru(top, f"l{i}", units, initial)
            seen = self("Transpose", self("Concat", initial, top, axis=0), perm=[1, 0, 2])  # (N, 1 + F, H)
            ends.append(self.after_frames(seen, n_full))
            start += units
        after["state_h"] = ends[0] if len(ends) == 1 else self("Concat", *ends, axis=1)
        if self.predictor.config["pooling"] == "last":
            features = self.after_frames(seen, n_new)
        else:
            features, after["state_readout"] = self.running_readout(
                self("Transpose", top, perm=[1, 0, 2]), before["state_readout"],
                n_before, n_full, n_new, n_after, n_so_far,
            )  # fmt: skip
        ends = self("Reshape", self.cast(inside, self.dtype), np.array([-1, 1]))
        refused = self("Or", self.missing(x, ends), self.differ(lengths, inside))
        for name in set(before) - {"state_steps"}:
            flat = self("Reshape", before[name], np.array([0, -1]))
            limit = self.number(np.finfo(self.dtype).max if name == "state_readout" else LARGEST[self.dtype])
            refused = self(
                "Or", refused, self.cast(self.reduce("ReduceMax", self.misfits(flat, limit), 1), bool)
            )
        refused = self("Or", refused, self("Reshape", self("Less", steps, np.array(0)), np.array([-1, 1])))
        for name, state in before.items():  # as it was
            shape = {"state_steps": [-1], "state_frame": [-1, 1, 1]}.get(name, [-1, 1])
            after[name] = self("Where", self("Reshape", refused, np.array(shape)), state, after[name])
        nothing = self("Less", after["state_steps"], np.array(1))
        return self.marked(features, self("Or", refused, self("Reshape", nothing, np.array([-1, 1])))), after

    def after_frames(self, seen, n_frames):
        """States (N, H) after so many frames (N,); `seen` (N, 1 + F, H) begins with those after none."""
        return self("GatherND", seen, self("Reshape", n_frames, np.array([-1, 1])), batch_dims=1)

    def running_readout(self, h, before, n_before, n_full, n_new, n_after, n_so_far):
        """Readout of all frames so far, and what to keep of the full ones: running_readout.body.h.

        States h (N, F, H) of new frames; counts (N,) of full frames before, new full ones, new ones,
        full ones after, all.
        """
        pooling = self.predictor.config["pooling"]
        begun = self("Greater", self("Reshape", n_before, np.array([-1, 1])), np.array(0))
        alive_full, alive = self.alive(h, n_full), self.alive(h, n_new)
        if pooling == "mean":
            kept, total = (self("Add", before, self.sum_of(h, each)) for each in (alive_full, alive))
            n = self.cast(self("Reshape", n_so_far, np.array([-1, 1])), self.dtype)
            return self("Div", total, n), kept
        lowest = self.number(np.finfo(self.dtype).min)
        if pooling == "max":
            largest = self("Where", begun, before, lowest)
            kept, features = (
                self("Max", largest, self.reduce("ReduceMax", self("Where", each, h, lowest), 1, keepdims=0))
                for each in (alive_full, alive)
            )
            ended = self("Greater", self("Reshape", n_after, np.array([-1, 1])), np.array(0))
            return features, self("Where", ended, kept, self.number(0))
        H = self.predictor.config["hidden_layer_sizes"][-1]
        parts = [self.columns(before, *way) for way in ((0, H), (H, H + 1), (H + 1, H + 2))]
        sums, total, largest = (self("Where", begun, part, self.number(0)) for part in parts)
        largest = self("Where", begun, largest, lowest)
        energies = self.energies(h)
        kept = []
        for each in (alive_full, alive):
            e = self("Where", each, energies, lowest)
            peak = self("Max", largest, self.reduce("ReduceMax", e, 1, keepdims=0))  # (N, 1)
            share = self("Exp", self("Sub", largest, peak))
            a = self("Exp", self("Sub", e, self("Reshape", peak, np.array([-1, 1, 1]))))
            kept.append((
                self("Add", self("Mul", share, sums), self.sum_of(self("Mul", a, h), each)),
                self("Add", self("Mul", share, total), self.sum_of(a, each)),
                peak,
            ))  # fmt: skip
        return self("Div", *kept[1][:2]), self("Concat", *kept[0], axis=1)

    def alive(self, h, n_frames):
        """Which rows of h (N, F, H) are among the first n_frames (N,): (N, F, 1)."""
        n_rows = self("Gather", self("Shape", h), np.array(1))
        rows = self("Range", np.array(0), n_rows, np.array(1))
        ends = self("Reshape", n_frames, np.array([-1, 1, 1]))
        return self("Less", self("Reshape", rows, np.array([1, -1, 1])), ends)

    def sum_of(self, h, alive):
        """Sum (N, H) over the rows of h (N, F, H) that are alive."""
        return self("ReduceSum", self("Where", alive, h, self.number(0)), np.array([1]), keepdims=0)

    # ---- all at once

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

    def gru(self, x, suffix, units, *initial):
        """States (F, N, H) of a direction that reads from the first row on; `initial` is (1, N, H)."""
        W, R = (swap_gates(self.weights[f"gru.weight_{kind}_{suffix}"])[np.newaxis] for kind in ("ih", "hh"))
        b = swap_gates(self.weights[f"gru.bias_ih_{suffix}"])
        after = self.predictor.config["reset_after"]
        b_hh = swap_gates(self.weights[f"gru.bias_hh_{suffix}"]) if after else np.zeros_like(b)
        B = np.concatenate([b, b_hh])[np.newaxis]
        if initial:
            initial = ("", *initial)  # no sequence_lens
        states = self("GRU", x, W, R, B, *initial, hidden_size=units, linear_before_reset=int(after))
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
        alive = self.alive(h, lengths)
        if config["pooling"] == "max":
            return self.reduce("ReduceMax", self("Where", alive, h, self.number(-np.inf)), 1, keepdims=0)
        if config["pooling"] == "mean":
            n = self("Reshape", self.cast(lengths, self.dtype), np.array([-1, 1]))
            return self("Div", self.sum_of(h, alive), n)
        a = self("Softmax", self("Where", alive, self.energies(h), self.number(-np.inf)), axis=1)
        return self.sum_of(self("Mul", a, h), alive)

    def energies(self, h):
        """Of each row of h (N, F, H), before the softmax: (N, F, 1)."""
        u = self("MatMul", h, self.weights["attention.weight"].T)
        u = self("Tanh", self("Add", u, self.weights["attention.bias"]))
        return self("MatMul", u, self.weights["attention.v"].T)

    def number(self, value):
        return np.array(value, self.dtype)

    def columns(self, x, start, stop):
        return self("Slice", x, np.array([start]), np.array([stop]), np.array([1]))

    def headed(self, features):
        """Outputs (N, K)."""
        return self("Gemm", features, self.weights["head.weight"], self.weights["head.bias"], transB=1)

    def finished(self, outputs, labels_of=exact_labels):
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
        labels = labels_of(classes)
        self("Gather", labels, places, output="label")
        return [info("label", self.kind(labels.dtype), ["N"]), info("probabilities", kind, ["N", max(K, 2)])]
