"""Stacked, optionally bidirectional GRU layers, a readout and a dense head."""

import numpy as np

from .. import kernels
from .gru import BlasGRULayer, GRULayer
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
    Parameters bear torch's names: ``gru.weight_ih_l0`` (D, 3H),
    ``gru.weight_hh_l0`` (H, 3H), ``gru.bias_ih_l0``, ``gru.bias_hh_l0`` (3H,)
    with gate blocks r, z, n; suffix ``_reverse`` for the other direction; then
    ``head.weight`` (F, K), ``head.bias`` (K,). Matrices lie (inputs, outputs), the
    transposes of torch's.
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
        layer = BlasGRULayer if kernels.selected() == "blas" else GRULayer
        self.layers = []  # one list of directions a layer
        n_inputs = n_features
        for index, n_units in enumerate(self.config["hidden_layer_sizes"]):
            directions = (False, True) if bidirectional else (False,)
            self.layers.append(
                [layer(index, n_inputs, n_units, reset_after, reverse) for reverse in directions]
            )
            n_inputs = n_units * len(directions)
        self.readout = READOUTS[pooling]
        self.head = DenseHead(n_inputs, n_outputs)
        parts = [layer for directions in self.layers for layer in directions] + [self.head]
        self.table = ParameterTable([entry for part in parts for entry in part.entries()])
        self._parts = parts
        # forward, back, and gradients of weights: three products each, but no gradient of X
        self.operations_per_row = sum(
            2 * 3 * layer.n_units * (3 * layer.n_units + (3 if index else 2) * layer.n_inputs)
            for index, directions in enumerate(self.layers)
            for layer in directions
        )

    def __reduce__(self):
        """By its shape: which kernels train it is a matter of the process."""
        return type(self), tuple(self.config.values())

    def initialize(self, parameters, rng):
        """Start values into `parameters`, the named views of a flat buffer."""
        for part in self._parts:
            part.initialize(parameters, rng)

    # ---- training

    def pack(self, parameters, old=None, want_dx=False):
        """Weights as `forward` and `backward` want them, packed once a step of the optimiser.

        Parameters
        ----------
        parameters : dict of arrays
        old : the result of an earlier call, or None
            Whose memory is used again.
        want_dx : bool
            Whether `backward` will be asked for the gradient of ``batch.values``.
        """
        old = old or [None] * len(self._parts)
        first = self.layers[0]
        return [
            part.pack(parameters, want_dx or part not in first, buffers)
            for part, buffers in zip(self._parts, old, strict=True)
        ]

    def forward(self, weights, batch, workspace):
        """Outputs (B, K) of a packed batch; what `backward` needs stays in `workspace`."""
        N, B = len(batch.values), len(batch.lengths)
        each = iter(weights)
        x = batch.values
        for index, directions in enumerate(self.layers):
            h = workspace.array(f"h_{index}", N, self._width(index))
            ends = workspace.array(f"ends_{index}", B, self._width(index))
            for layer, columns in self._columns(directions):
                layer.forward(h[:, columns], ends[:, columns], x, next(each), batch, workspace)
            x = h
        features = self.readout.forward(ends, x, batch, workspace)
        outputs = workspace.array("outputs", B, self.head.n_outputs)
        self.head.forward(outputs, features, next(each), workspace)
        workspace.features = features
        return outputs

    def backward(self, weights, gradients, doutputs, batch, workspace, want_dx=False):
        """Fill `gradients` from doutputs (B, K), after `forward` of the same batch.

        Returns the gradient of ``batch.values`` with `want_dx`, else None.
        """
        N, B = len(batch.values), len(batch.lengths)
        each = iter(reversed(weights))
        dfeatures = workspace.array("dfeatures", B, self.head.n_inputs)
        self.head.backward(dfeatures, doutputs, workspace.features, next(each), gradients, workspace)
        dends, dh = self.readout.backward(dfeatures, batch, workspace)
        for index in reversed(range(len(self.layers))):
            h = workspace.array(f"h_{index}", N, self._width(index))
            if dends is None:
                dends = workspace.array(f"dends_{index}", B, self._width(index))
                dends.fill(0)
            if index > 0:
                x = workspace.array(f"h_{index - 1}", N, self._width(index - 1))
                dx = workspace.array(f"dh_{index - 1}", N, self._width(index - 1))
            else:
                x = batch.values
                dx = workspace.array("dx", N, x.shape[1]) if want_dx else None
            # the last direction first: `weights` is read from its end
            for i, (layer, columns) in enumerate(reversed(list(self._columns(self.layers[index])))):
                layer.backward(
                    dends[:, columns],
                    None if dh is None else dh[:, columns],
                    dx,
                    x,
                    h[:, columns],
                    next(each),
                    gradients,
                    batch,
                    workspace,
                    add_to_dx=i > 0,
                )
            dends, dh = None, dx
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
            ends = []
            for layer, columns in self._columns(directions):
                state = np.zeros((B, layer.n_units), x.dtype)
                layer.infer(state, None if h is None else h[:, columns], x, next(weights), batch)
                ends.append(state)
            x = h
        ends = ends[0] if len(ends) == 1 else np.concatenate(ends, axis=1)
        return self.head.infer(self.readout.infer(ends, x, batch), next(weights))

    def _width(self, index):
        return sum(layer.n_units for layer in self.layers[index])

    @staticmethod
    def _columns(directions):
        """Each direction of a layer with its columns of the layer's output."""
        start = 0
        for layer in directions:
            yield layer, slice(start, start + layer.n_units)
            start += layer.n_units
