"""ONNX graphs that are built node by node."""

import numpy as np

from ..sequences import Tokens
from .weights import unscaled_weights


class Graph:
    """Nodes and constants of a graph, in order.

    Parameters
    ----------
    onnx : module
        The package onnx.
    opset : int
        Version of the operators.
    """

    prefix = ""

    def __init__(self, onnx, opset):
        self.helper, self.numpy_helper, self.opset = onnx.helper, onnx.numpy_helper, opset
        self.nodes, self.constants = [], {}

    def body(self):
        """A graph for an attribute of the next node: with names of its own and the constants of this one."""
        body = Graph.__new__(Graph)
        vars(body).update(helper=self.helper, numpy_helper=self.numpy_helper, opset=self.opset)
        body.nodes, body.constants, body.prefix = [], self.constants, f"{self.prefix}body_{len(self.nodes)}_"
        return body

    def __call__(self, operation, *inputs, output=None, more_outputs=(), **attributes):
        """Add a node; return the name of its first output. Inputs are names, or arrays for constants."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        output = output or f"{self.prefix}{operation.lower()}_{len(self.nodes)}"
        outputs = [output, *(f"{output}_{name}" for name in more_outputs)]
        self.nodes.append(self.helper.make_node(operation, names, outputs, **attributes))
        return output

    def constant(self, value):
        """The name of a constant; equal constants are stored once."""
        array = np.array(value, order="C")
        key = array.dtype.str, array.shape, array.tobytes() if array.dtype != object else tuple(array.ravel())
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = self.numpy_helper.from_array(array, name)
        return self.constants[key].name

    def tensor_type(self, dtype):
        """ONNX's code of a NumPy dtype."""
        return self.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def cast(self, x, dtype, **output):
        """x as `dtype`."""
        return self("Cast", x, to=self.tensor_type(dtype), **output)

    def reduce(self, operation, x, axis, keepdims=1):
        """ReduceMax or ReduceMin, whose axes became an input in opset 18."""
        if self.opset < 18:
            return self(operation, x, axes=[axis], keepdims=keepdims)
        return self(operation, x, np.array([axis]), keepdims=keepdims)

    def size(self, x, axis):
        """Length of an axis of x, (1,) int64."""
        return self("Gather", self("Shape", x), np.array([axis]))

    def first_rows(self, x, n, **output):
        """The first n rows of x."""
        return self("Slice", x, np.array([0]), n, np.array([0]), **output)

    def columns(self, x, start, stop):
        """Columns of x (N, ...) from `start` up to `stop`."""
        return self("Slice", x, np.array([start]), np.array([stop]), np.array([1]))

    def as_column(self, x):
        """x (N,) as (N, 1)."""
        return self("Reshape", x, np.array([-1, 1]))


class NetworkGraph(Graph):
    """The graph of one model, all in float32.

    Parameters
    ----------
    onnx : module
    predictor : Predictor
    opset : int

    Attributes
    ----------
    config : dict
        Shape of the network.
    network : LaidOut
        Its operations.
    head : Operation
        The last of them.
    reads_tokens, answers_each_step : bool
        Whether a step is a token, and whether there is an answer for each.
    n_states : int
        Elements of the states of all layers.
    inputs, decoding
        Of the predictor.
    centre : ndarray of shape (n_features,) or None
        Mean of the features in float32, which `onnx_inputs.centred` subtracts.
    rest : ndarray or None
        What float32 loses of the mean, for the elements of a frame, where the first layer subtracts it: a
        convolution, which reads steps before the first as 0, or a cell whose bias stands elsewhere. None
        where it is folded into biases.
    weights : dict of str to ndarray
        By name, in torch's shapes; all other scaling is folded in.
    """

    dtype = np.dtype(np.float32)  # the only type of onnxruntime's GRU

    def __init__(self, onnx, predictor, opset):
        super().__init__(onnx, opset)
        self.config, self.inputs, self.decoding = predictor.config, predictor.inputs, predictor.decoding
        self.network, self._table = predictor.network.laid_out(), predictor.network.table
        self.float32, self.int64 = self.tensor_type(np.float32), self.tensor_type(np.int64)
        (self.head,) = (op for op in self.network.program.operations if op.y == self.network.outputs)
        self.reads_tokens = isinstance(self.inputs, Tokens)
        self.answers_each_step = predictor.network.answers_each_step
        self.n_states = predictor.network.states_width
        scaling = self.inputs.scaling
        self.centre = None if scaling is None else scaling.mean.astype(self.dtype)
        self.rest, taken = None, self.centre
        folds = not predictor.network.convolutions and predictor.network.cells[0].folds_shifts
        if scaling is not None and not folds:
            rest = (scaling.mean - self.centre).astype(self.dtype)
            self.rest = np.tile(rest, self.inputs.framing.length)
            taken = self.centre + rest.astype(np.float64)
        weights = unscaled_weights(predictor, taken)
        self.weights = {name: weight.astype(self.dtype) for name, weight in weights.items()}

    def number(self, value):
        """A constant of the graph's type."""
        return np.array(value, self.dtype)

    def convolution(self, operation):
        """Weights (H, D, k) and biases (H,) of a convolution, with its normalisation."""
        (name,) = self._table.names_from(operation.weights, 1)
        return self.weights[name], self.weights[name.replace("weight", "bias")]

    def parameters(self, operation, n):
        """Arrays of the n parameters of an operation, in torch's shapes."""
        return [self.weights[name] for name in self._table.names_from(operation.weights, n)]
