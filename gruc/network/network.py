"""Stacked, optionally bidirectional GRU layers, a readout and a dense head."""

from typing import NamedTuple

import numpy as np

from .. import kernels
from .gru import GRULayer
from .head import DenseHead
from .parameters import ParameterTable
from .readout import READOUTS
from .workspace import aligned_empty


class PackedWeights(NamedTuple):
    """A flat buffer of weights, and the same laid out for the kernels of training."""

    parameters: np.ndarray
    packed: np.ndarray
    want_dx: bool


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
    pooling : {"last", "mean", "max", "attention"}
        Readout over the top layer's states.
    n_outputs : int
        Outputs of the head, K.

    Notes
    -----
    Parameters bear torch's names: ``gru.weight_ih_l0`` (D, 3H),
    ``gru.weight_hh_l0`` (H, 3H), ``gru.bias_ih_l0``, ``gru.bias_hh_l0`` (3H,)
    with gate blocks r, z, n; suffix ``_reverse`` for the other direction; then, for
    attention, ``attention.weight`` (F, F), ``attention.bias`` (F,), ``attention.v`` (F, 1);
    then ``head.weight`` (F, K), ``head.bias`` (K,). Matrices lie (inputs, outputs), the
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
        self.layers = []  # one list of directions a layer
        n_inputs = n_features
        for index, n_units in enumerate(self.config["hidden_layer_sizes"]):
            directions = (False, True) if bidirectional else (False,)
            self.layers.append(
                [GRULayer(index, n_inputs, n_units, reset_after, reverse) for reverse in directions]
            )
            n_inputs = n_units * len(directions)
        self.readout = READOUTS[pooling](n_inputs)
        self.head = DenseHead(n_inputs, n_outputs)
        self._parts = [*self._layers(), self.readout, self.head]
        self.table = ParameterTable([entry for part in self._parts for entry in part.entries()])
        self._shape = None
        # forward, back, and gradients of weights: three products each, but no gradient of X
        self.operations_per_row = sum(
            2 * 3 * layer.n_units * (3 * layer.n_units + (3 if index else 2) * layer.n_inputs)
            for index, directions in enumerate(self.layers)
            for layer in directions
        )
        if pooling == "attention":
            self.operations_per_row += 2 * 3 * n_inputs**2

    def _layers(self):
        """Each direction of each layer, in the order of the parameters."""
        return [layer for directions in self.layers for layer in directions]

    def __reduce__(self):
        """By its shape alone."""
        return type(self), tuple(self.config.values())

    def initialize(self, parameters, rng):
        """Start values into `parameters`, the named views of a flat buffer."""
        for part in self._parts:
            part.initialize(parameters, rng)

    def set_update_gate_bias(self, parameters, bias):
        """Start every layer's update gate at this bias instead of that of `initialize`."""
        for layer in self._layers():
            layer.set_update_gate_bias(parameters, bias)

    def draw_update_gate_bias(self, parameters, n_rows, rng):
        """Chrono initialisation (Tallec and Ollivier 2018) for sequences of up to `n_rows` rows.

        A unit with an update gate of constant z forgets over about 1 / (1 - z) rows, which for
        z = sigmoid(b) is 1 + exp(b). With ``b = log(u)``, u uniform over 1 to n_rows - 1, the
        units' memories are spread evenly over the lengths that there are.
        """
        longest = max(n_rows - 1, 1)
        for layer in self._layers():
            layer.set_update_gate_bias(parameters, np.log(rng.uniform(1, longest, layer.n_units)))

    # ---- training: one call of a kernel each (include/gruc/training/network.body.h)

    def pack(self, parameters, old=None, want_dx=False):
        """Weights as the other methods want them, packed once a step of the optimiser.

        Parameters
        ----------
        parameters : ndarray of shape (table.size,)
        old : PackedWeights or None
            The result of an earlier call, whose memory is used again.
        want_dx : bool
            Whether `backward` shall return the gradient of ``batch.values``.
        """
        if old is None:
            size = self._kernel_shape().packed_size(want_dx, parameters.dtype == np.float64)
            old = PackedWeights(parameters, aligned_empty(size, parameters.dtype), want_dx)
        kernels.training.pack(old.packed, parameters, self._kernel_shape(), want_dx)
        return old._replace(parameters=parameters)

    def forward(self, weights, batch, workspace, dropout=None):
        """Outputs (B, K) of a packed batch; what `backward` needs stays in `workspace`."""
        outputs = workspace.array("outputs", len(batch.lengths), self.head.n_outputs)
        arguments = self._arguments(weights, batch, workspace)
        kernels.training.forward(outputs, *arguments, weights.want_dx, dropout)
        return outputs

    def backward(self, weights, gradients, doutputs, batch, workspace, dropout=None):
        """Fill `gradients` (table.size,) from doutputs (B, K), after `forward` of the same batch.

        Returns the gradient of ``batch.values`` where `pack` was told so, else None.
        """
        dx = workspace.array("dx", *batch.values.shape) if weights.want_dx else None
        arguments = self._arguments(weights, batch, workspace)
        kernels.training.backward(gradients, dx, doutputs, *arguments, weights.want_dx, dropout)
        return dx

    def dropout_masks(self, batch, seeds, rate, recurrent_rate):
        """What `forward` and `backward` take as dropout; masks by seeds (B,) of uint64, in packed order."""
        N, B, dtype = len(batch.values), len(batch.lengths), batch.values.dtype
        shape = self._kernel_shape()
        masks = aligned_empty(shape.dropout_size(N, B, dtype == np.float64), dtype)
        kernels.training.fill_masks(masks, seeds, batch.lengths, batch.offsets, rate, recurrent_rate, shape)
        return masks

    def loss_and_gradient(
        self,
        weights,
        gradients,
        loss,
        settings,
        source,
        indices,
        scaling,
        targets,
        of_sequences,
        total,
        memory,
        dropout=(None, 0.0, 0.0),
    ):
        """Weighted sum of the losses of some sequences; fills `gradients` with those of the sum / `total`.

        Gathers the sequences too: what a shard of a training step is.

        Parameters
        ----------
        weights : PackedWeights
            Packed without `want_dx`.
        gradients : ndarray of shape (table.size,)
        loss, settings : int, ndarray of float64
            A constant of `kernels.training`, and what it asks for: `training.losses.Loss`.
        source : kernels.inference.Source
            Of n sequences.
        indices : ndarray of shape (B,), intp
            Which of them.
        scaling : (mean, scale) or None
            Of features.
        targets : ndarray of shape (n,) or (n, K)
            Labels for SOFTMAX, else numbers of the weights' type.
        of_sequences : ndarray of shape (n,), float64, or None
            Weights of sequences; None for ones.
        total : float
            What the sum is divided by: in training the number of sequences of the whole batch.
        memory : kernels.training.Memory
            Of the thread that calls.
        dropout : (seeds, rate, recurrent_rate)
            A seed of masks for each of the sequences, (B,) of uint64, or None for no dropout;
            rates for what enters layers and head, and for states that enter W_hh.
        """
        labels, y = (targets, None) if loss == kernels.training.SOFTMAX else (None, targets)
        return kernels.training.loss_and_gradient(
            gradients, memory, source, indices, *(scaling or (None, None)), loss, settings, labels, y,
            of_sequences, total, weights.parameters, weights.packed, self._kernel_shape(), *dropout,
        )  # fmt: skip

    def _arguments(self, weights, batch, workspace):
        shape, double = self._kernel_shape(), weights.parameters.dtype == np.float64
        room = workspace.array("network", shape.workspace_size(len(batch.values), len(batch.lengths), double))
        return (
            room,
            batch.values,
            batch.lengths,
            batch.offsets,
            weights.parameters,
            weights.packed,
            shape,
        )

    def _kernel_shape(self):
        if self._shape is None:
            units = np.array(self.config["hidden_layer_sizes"], np.intp)
            readout = getattr(kernels.training, self.config["pooling"].upper())
            self._shape = kernels.training.Shape(
                self.config["n_features"], units, self.config["bidirectional"], self.config["reset_after"],
                readout, self.head.n_outputs,
            )  # fmt: skip
        return self._shape

    # ---- inference

    def prepare(self, parameters):
        """Weights as `infer` wants them."""
        return [part.prepare(parameters) for part in self._parts]

    @property
    def widths(self):
        """Numbers in the state of each layer, both directions counted."""
        return [self._width(index) for index in range(len(self.layers))]

    # `initial` is the state of each layer before the first step, [(B, F), ...]; None for zeros

    def infer(self, prepared, batch, initial=None):
        """Outputs (B, K) of a packed batch; the numbers of a row depend on that row only."""
        return self.head.infer(self.features(prepared, batch, initial), prepared[-1])

    def features(self, prepared, batch, initial=None):
        """What the head sees, (B, F)."""
        h, ends, _ = self._run(prepared, batch, len(self.layers), self.readout.needs_states, initial)
        return self.readout.infer(ends, h, batch, prepared[-2])

    def states(self, prepared, batch, layer, initial=None):
        """States (N, F) of a layer, its directions side by side."""
        return self._run(prepared, batch, layer + 1, True, initial)[0]

    def gates(self, prepared, batch, layer, initial=None):
        """Gates r, z and candidate n of a layer, (N, F) each, its directions side by side."""
        _, _, gates = self._run(prepared, batch, layer + 1, True, initial, want_gates=True)
        of_directions = [of_direction.reshape(len(of_direction), 4, -1) for of_direction in gates]
        return [np.concatenate([part[:, gate] for part in of_directions], axis=1) for gate in range(3)]

    def _run(self, prepared, batch, n_layers, want_states, initial, want_gates=False):
        """States (N, F) of the top of `n_layers`, or None; where they end (B, F); gates by direction."""
        N, B = len(batch.values), len(batch.lengths)
        weights = iter(prepared)
        x = batch.values
        for index, directions in enumerate(self.layers[:n_layers]):
            top = index == n_layers - 1
            h = None
            if not top or want_states:
                h = np.empty((N, self._width(index)), x.dtype)
            ends, gates = [], []
            for layer, columns in self._columns(directions):
                if initial is None:
                    ends.append(np.zeros((B, layer.n_units), x.dtype))
                else:
                    ends.append(np.array(initial[index][:, columns], order="C"))
                gates.append(np.empty((N, 4 * layer.n_units), x.dtype) if top and want_gates else None)
                h_direction = None if h is None else h[:, columns]
                layer.infer(ends[-1], h_direction, x, next(weights), batch, gates[-1])
            x = h
        return h, ends[0] if len(ends) == 1 else np.concatenate(ends, axis=1), gates

    def _width(self, index):
        return sum(layer.n_units for layer in self.layers[index])

    @staticmethod
    def _columns(directions):
        """Each direction of a layer with its columns of the layer's output."""
        start = 0
        for layer in directions:
            yield layer, slice(start, start + layer.n_units)
            start += layer.n_units
