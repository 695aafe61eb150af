"""Stacked, optionally bidirectional GRU layers, a readout and a dense head."""

import numpy as np

from .. import kernels
from .dense import DenseHead
from .gru import GRULayer, lay_out_layer
from .parameters import ParameterTable
from .program import ProgramBuilder
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
        self._programs = {}
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

    def program(self, training=False, dropout=False, want_dx=False):
        """The network as a list of operations.

        Parameters
        ----------
        training : bool
            Whether gradients will be wanted.
        dropout : bool
            Whether inputs of layers and of the head are dropped out.
        want_dx : bool
            Whether the gradient of the inputs will be wanted.

        Returns
        -------
        kernels.inference.Program
            The same object for the same arguments.
        """
        key = training, dropout, want_dx
        if key not in self._programs:
            self._programs[key] = self._lay_out(*key)
        return self._programs[key]

    def pass_over(self, parameters, batch, want_dx=False, dropout=None):
        """A packed batch ready to go forward, and back from any gradient of the outputs.

        Parameters
        ----------
        parameters : ndarray of shape (table.size,)
        batch : PackedBatch
            Of the type of the parameters.
        want_dx : bool
            Whether `backward` works out the gradient of ``batch.values``: that of value 0.
        dropout : (seeds, rate, rate_states) or None
            A seed of masks for each sequence in packed order, (B,) of uint64; rates of inputs and of
            states where they enter W_hh.

        Returns
        -------
        kernels.training.Pass
        """
        program = self.program(training=True, dropout=dropout is not None, want_dx=want_dx)
        weights = kernels.training.Weights(program, parameters)
        clock = batch.lengths, batch.offsets, batch.order
        return kernels.training.Pass(weights, [batch.values], [clock], *(dropout or ()))

    def _lay_out(self, training, dropout, want_dx):
        builder = ProgramBuilder(self.table, training, dropout)
        x = builder.input(self.config["n_features"], gradient=want_dx)
        for directions in self.layers:
            x, last = lay_out_layer(builder, directions, builder.dropout(x))
        features = builder.dropout(self.readout.lay_out(builder, x, last))
        return builder.build(self.head.lay_out(builder, features))

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
