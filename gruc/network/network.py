"""Stacked, optionally bidirectional GRU layers, a readout and a dense head."""

import numpy as np

from .gru import GRULayer
from .head import DenseHead
from .parameters import ParameterTable
from .readout import READOUTS


class GRUNetwork:
    """The shape of a network; its numbers lie in flat buffers outside.

    Parameters
    ----------
    n_features : int
        Inputs of the first layer, D.
    hidden_layer_sizes : sequence of int
        Units of each layer, H.
    bidirectional : bool
        Whether each layer also reads from the last step to the first.
    reset_after : bool
        See `GRULayer`.
    pooling : {"last", "mean"}
        Readout over the top layer's states.
    n_outputs : int
        Outputs of the head, K.

    Notes
    -----
    Parameters bear torch's names: ``gru.weight_ih_l0`` (3H, D),
    ``gru.weight_hh_l0`` (3H, H), ``gru.bias_ih_l0``, ``gru.bias_hh_l0`` (3H,)
    with gate blocks r, z, n; suffix ``_reverse`` for the other direction; then
    ``head.weight`` (K, F), ``head.bias`` (K,).
    """

    def __init__(self, n_features, hidden_layer_sizes, bidirectional, reset_after, pooling, n_outputs):
        self.config = {
            "n_features": int(n_features),
            "hidden_layer_sizes": [int(size) for size in hidden_layer_sizes],
            "bidirectional": bool(bidirectional),
            "reset_after": bool(reset_after),
            "pooling": pooling,
            "n_outputs": int(n_outputs),
        }
        self.layers = []  # one list of directions a layer
        n_inputs = n_features
        for index, n_units in enumerate(self.config["hidden_layer_sizes"]):
            directions = (False, True) if bidirectional else (False,)
            self.layers.append(
                [GRULayer(index, n_inputs, n_units, reset_after, reverse) for reverse in directions]
            )
            n_inputs = n_units * len(directions)
        self.readout = READOUTS[pooling]
        self.head = DenseHead(n_inputs, n_outputs)
        parts = [layer for directions in self.layers for layer in directions] + [self.head]
        self.table = ParameterTable([entry for part in parts for entry in part.entries()])
        self._parts = parts

    def initialize(self, parameters, rng):
        """Start values into `parameters`, the named views of a flat buffer."""
        for part in self._parts:
            part.initialize(parameters, rng)

    # ---- training

    def forward(self, parameters, batch, workspace):
        """Outputs (B, K) of a packed batch; what `backward` needs stays in `workspace`."""
        N, B = len(batch.values), len(batch.lengths)
        x = batch.values
        for index, directions in enumerate(self.layers):
            h = workspace.rows(f"h_{index}", N, self._width(index))
            for layer, columns in self._columns(directions):
                layer.forward(h[:, columns], x, parameters, batch, workspace)
            x = h
        features = workspace.sequences("features", B, self.head.n_inputs)
        self.readout.forward(features, x, batch, self.layers[-1][0].n_units)
        outputs = workspace.sequences("outputs", B, self.head.n_outputs)
        self.head.forward(outputs, features, parameters)
        return outputs

    def backward(self, parameters, gradients, doutputs, batch, workspace, want_dx=False):
        """Fill `gradients` from doutputs (B, K), after `forward` of the same batch.

        Returns the gradient of ``batch.values`` with `want_dx`, else None.
        """
        N, B = len(batch.values), len(batch.lengths)
        features = workspace.sequences("features", B, self.head.n_inputs)
        dfeatures = workspace.sequences("dfeatures", B, self.head.n_inputs)
        self.head.backward(dfeatures, doutputs, features, parameters, gradients)
        dh = workspace.rows(f"dh_{len(self.layers) - 1}", N, self.head.n_inputs)
        self.readout.backward(dh, dfeatures, batch, self.layers[-1][0].n_units)
        for index in reversed(range(len(self.layers))):
            if index > 0:
                x = workspace.rows(f"h_{index - 1}", N, self._width(index - 1))
                dx = workspace.rows(f"dh_{index - 1}", N, self._width(index - 1))
            else:
                x = batch.values
                dx = workspace.rows("dx", N, x.shape[1]) if want_dx else None
            for layer, columns in self._columns(self.layers[index]):
                layer.backward(
                    dh[:, columns],
                    dx,
                    x,
                    parameters,
                    gradients,
                    batch,
                    workspace,
                    add_to_dx=layer.reverse,
                )
            dh = dx
        return dx

    # ---- inference

    def prepare(self, parameters):
        """Weights as `infer` wants them."""
        return [part.prepare(parameters) for part in self._parts]

    def infer(self, prepared, batch):
        """Outputs (B, K) of a packed batch; the numbers of a row depend on that row only."""
        N, B = len(batch.values), len(batch.lengths)
        weights = iter(prepared)
        x = batch.values
        for index, directions in enumerate(self.layers):
            top = index == len(self.layers) - 1
            h = None
            if not top or self.readout.needs_states:
                h = np.empty((N, self._width(index)), x.dtype)
            states = []
            for layer, columns in self._columns(directions):
                state = np.zeros((B, layer.n_units), x.dtype)
                layer.infer(state, None if h is None else h[:, columns], x, next(weights), batch)
                states.append(state)
            x = h
        return self.head.infer(self.readout.infer(states, x, batch), next(weights))

    def _width(self, index):
        return sum(layer.n_units for layer in self.layers[index])

    @staticmethod
    def _columns(directions):
        """Each direction of a layer with its columns of the layer's output."""
        start = 0
        for layer in directions:
            yield layer, slice(start, start + layer.n_units)
            start += layer.n_units
