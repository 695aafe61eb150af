"""Stacked, optionally bidirectional GRU layers between an optional embedding and a dense head."""

import math
from functools import partial

import numpy as np

from .. import kernels
from .conv import Convolution, check_pooling
from .dense import DenseHead, TableHead
from .embedding import Embedding
from .gru import CELLS, Cells, cell_config, lay_out_layer
from .layout import LaidOut, ProgramOptions
from .parameters import ParameterTable
from .program import KINDS, ProgramBuilder
from .readout import readout_of


class GRUNetwork(Cells):
    """The shape of a network; its numbers lie in flat buffers outside.

    Parameters
    ----------
    n_features : int
        Inputs of the first layer, D: features of a row, or elements of the vector of a token.
    hidden_layer_sizes : sequence of int
        Units of each layer, H.
    bidirectional : bool
        Whether each layer also reads from the last step to the first.
    reset_after : bool
        See `GRULayer`.
    pooling : {"last", "mean", "max", "attention"}, list of these or None
        Readout over the top layer's states, or several side by side, where "conv_mean" and "conv_max" are
        readouts of what the convolutions give. None: the head answers each step, there are K outputs a row.
    n_outputs : int
        Outputs of the head, K.
    n_tokens : int or None
        Rows of the table of vectors; X are integer tokens then. None: X are rows of features.
    convolutions : sequence of (n_outputs, kernel_size, pool)
        See `Convolution`; one after the other, before the first GRU layer.
    cell : str
        A name of `CELLS`.
    **scores : bool
        `tied`, whether the outputs are scores of the tokens by the same table, see `TableHead`; or
        `by_table`, whether they are scores by a table of their own.

    Notes
    -----
    Parameters bear torch's names: ``gru.weight_ih_l0`` (D, 3H),
    ``gru.weight_hh_l0`` (H, 3H), ``gru.bias_ih_l0``, ``gru.bias_hh_l0`` (3H,)
    with gate blocks r, z, n (of other cells their own, and one bias); suffix ``_reverse`` for the
    other direction; then, for attention, ``attention.weight`` (F, F), ``attention.bias`` (F,),
    ``attention.v`` (F, 1); before all of them those of convolutions, ``conv.0.weight`` (k, D, H), and of
    their normalisations, ``norm.0.weight`` (H,) and so on, as torch's BatchNorm1d has them;
    then ``head.weight`` (F, K), ``head.bias`` (K,); then ``embedding.weight`` (n_tokens, D); of
    a tied head ``projection.weight`` (F, D), ``projection.bias`` (D,) or nothing. Matrices
    lie (inputs, outputs), the transposes of torch's, but the table lies as torch's.
    """

    def __init__(
        self, n_features, hidden_layer_sizes, bidirectional, reset_after, pooling, n_outputs, n_tokens=None,
        convolutions=(), cell="gru", **scores,
    ):  # fmt: skip
        tied, by_table = scores.pop("tied", False), scores.pop("by_table", False)
        if scores:
            raise TypeError(f"unexpected arguments: {', '.join(scores)}")
        self.config = {
            "n_features": int(n_features),
            "hidden_layer_sizes": [int(size) for size in hidden_layer_sizes],
            "bidirectional": bool(bidirectional),
            **cell_config(reset_after, cell),
            "pooling": pooling if pooling is None or isinstance(pooling, str) else list(pooling),
            "n_outputs": int(n_outputs),
        }
        if n_tokens is not None:
            self.config["n_tokens"] = int(n_tokens)
        if convolutions:
            self.config["convolutions"] = [[int(size) for size in sizes] for sizes in convolutions]
            check_pooling([pool for *_, pool in self.config["convolutions"]])
        self.config |= {name: True for name, has in {"tied": tied, "by_table": by_table}.items() if has}
        self.embedding = None if n_tokens is None else Embedding(n_tokens, n_features)
        n_inputs = n_features
        self.convolutions = []
        for index, (n_units, *sizes) in enumerate(self.config.get("convolutions", ())):
            self.convolutions.append(Convolution(index, n_inputs, n_units, *sizes))
            n_inputs = n_units
        n_read = n_inputs
        self.layers = []  # one list of directions a layer
        for index, n_units in enumerate(self.config["hidden_layer_sizes"]):
            directions = (False, True) if bidirectional else (False,)
            self.layers.append(
                [CELLS[cell](index, n_inputs, n_units, reset_after, reverse) for reverse in directions]
            )
            n_inputs = n_units * len(directions)
        self.readout = readout_of(pooling, n_inputs, n_read)
        n_inputs = self.readout.n_features
        of_outputs = Embedding(n_outputs, n_inputs, "head") if by_table else self.embedding
        has_table = tied or by_table
        self.head = TableHead(n_inputs, of_outputs) if has_table else DenseHead(n_inputs, n_outputs)
        self._parts = [*self.convolutions, *self.cells, self.readout, self.head]
        if by_table:
            self._parts.append(of_outputs)
        if self.embedding is not None:
            self._parts.append(self.embedding)
        tables = [part.weight for part in self._parts if isinstance(part, Embedding)]
        self.table = ParameterTable([entry for part in self._parts for entry in part.entries()], tables)
        self._programs = {}
        self.operations_per_row = self._count_operations()

    def _count_operations(self):
        """Operations of a training step for each row of X.

        Three products each: forward, back, and gradients of weights; X has a gradient if it is tokens.
        """
        n, stride = 0, 1
        for convolution in self.convolutions:
            products = 3 if convolution is not self.convolutions[0] or self.embedding else 2
            size = convolution.kernel_size * convolution.n_inputs * convolution.n_outputs
            n += 2 * products * size / stride
            stride *= convolution.pool
        of_layers = sum(
            2
            * layer.n_blocks
            * layer.n_units
            * (
                3 * layer.n_units
                + (3 if index or self.convolutions or self.embedding else 2) * layer.n_inputs
            )
            for index, directions in enumerate(self.layers)
            for layer in directions
        )
        if "attention" in self.readouts:
            of_layers += 2 * 3 * self.widths[-1] ** 2
        if self.config["pooling"] is None:
            n_scored = self.config["n_features"] if "tied" in self.config else self.head.n_inputs
            of_layers += 2 * 3 * n_scored * self.head.n_outputs
        return of_layers if not self.convolutions else n + of_layers / stride

    @property
    def stride(self):
        """Rows of X that make one row of the GRU layers."""
        return math.prod(convolution.pool for convolution in self.convolutions)

    def row_layout(self, batch):
        """Lengths (B,) and offsets of the rows of the GRU layers, packed as those of the batch."""
        if self.stride == 1:
            return batch.lengths, batch.offsets
        alive = np.diff(batch.offsets)[:: self.stride]
        return -(-batch.lengths // self.stride), np.concatenate([[0], np.cumsum(alive)])

    @property
    def readouts(self):
        """Names of the readouts, side by side; none of a network that answers each step."""
        pooling = self.config["pooling"]
        return [] if pooling is None else [pooling] if isinstance(pooling, str) else pooling

    @property
    def cells(self):
        """Each direction of each layer, in the order of the parameters."""
        return [layer for directions in self.layers for layer in directions]

    def __reduce__(self):
        """By its shape alone."""
        return partial(type(self), **self.config), ()

    def initialize(self, parameters, rng, tokens=None):
        """Start values into `parameters`, the named views of a flat buffer.

        Of a table only the rows of `tokens`, an index array, are drawn, if they are given.
        """
        for part in self._parts:
            options = {"tokens": tokens} if part is self.embedding else {}
            part.initialize(parameters, rng, **options)

    @property
    def answers_each_step(self):
        """Whether there are outputs for each row, (N, K), instead of one for each sequence, (B, K)."""
        return self.config["pooling"] is None

    def program(self, **options):
        """The network as a list of operations.

        Parameters
        ----------
        **options
            See `ProgramOptions`.

        Returns
        -------
        kernels.inference.Program
            The same object for the same options.
        """
        return self.laid_out(**options).program

    def laid_out(self, **options):
        """The same with the places of values and operations in it.

        Inputs are the rows of X or tokens, then for inference, or if they are carried, the states that
        each layer starts from (B, F).
        """
        options = ProgramOptions(**options)
        if options not in self._programs:
            self._programs[options] = self._lay_out(options)
        return self._programs[options]

    def _lay_out(self, options):
        if options.carried and self.config["bidirectional"]:
            raise ValueError("A backward direction starts at a sequence's end: it has no state to carry.")
        if options.carried and self.convolutions:
            raise ValueError("A convolution starts from the steps before: windows carry states only.")
        builder = ProgramBuilder(self.table, options.training, options.dropout)
        looks_up = self.embedding is not None and not options.want_dx
        if looks_up:
            x = builder.input(1, integers=True)
        else:
            x = builder.input(self.config["n_features"], gradient=options.want_dx)
        starts_from_inputs = options.carried or not options.training
        initial = [
            builder.input(width, per_step=False) if starts_from_inputs else -1 for width in self.state_widths
        ]
        if looks_up:
            x = self.embedding.lay_out(builder, x, options.frozen, "tied" in self.config)
        for convolution in self.convolutions:
            x = convolution.lay_out(builder, x, options.constant and options.training)
        x = read = builder.dropout(x)
        layers = []
        for directions, state0 in zip(self.layers, initial, strict=True):
            x = builder.dropout(x) if layers else x
            first = len(builder.operations)
            x, last = lay_out_layer(builder, directions, x, state0)
            layers.append((x, range(first, len(builder.operations))))
        features = builder.dropout(self.readout.lay_out(builder, x, last, read))
        sampled = {"sampled": True} if options.sampled else {}
        outputs = self.head.lay_out(builder, features, **sampled)
        n_parameters = self.table.size
        if self.embedding is not None and not looks_up and "tied" not in self.config:
            n_parameters = self.table.offset(self.embedding.weight)  # tables lie behind all others
        return LaidOut(builder.build(outputs, n_parameters), builder.n_inputs, layers, features, outputs)

    # ---- inference: one call for a batch (include/gruc/program/infer.h)

    def prepare(self, parameters, matmul_precision="highest"):
        """Weights of a flat buffer as the other methods, and streams, read them."""
        parts = kernels.parts_of(matmul_precision, parameters.dtype)
        return kernels.inference.Weights(self.program(), parameters, parts)

    def row_by_row_memory(self):
        """Memory of a model that runs row by row: a stream, or a whole sequence if it is bidirectional.

        Returns
        -------
        dict
            See `kernels.inference.memory_of`.
        """
        return kernels.inference.memory_of(self.program(), self.config["bidirectional"])

    @property
    def widths(self):
        """Units of each layer, both directions counted."""
        return [sum(direction.n_units for direction in directions) for directions in self.layers]

    @property
    def state_widths(self):
        """Elements of the state of each layer: h of all its units, then what else its cells carry on."""
        return [sum(d.n_units * d.n_states for d in directions) for directions in self.layers]

    @property
    def states_width(self):
        """Elements of the states that windows of a sequence carry, of all layers together."""
        return sum(self.state_widths)

    # `initial` is the state of each layer before the first step, [(B, F), ...]; None for zeros

    def infer(self, weights, batch, initial=None):
        """Outputs of a packed batch: (B, K), or (N, K) of a network that answers each step.

        They depend on that sequence only.
        """
        return self._value(weights, batch, initial, self.laid_out().outputs)

    def infer_onwards(self, weights, batch, initial=None):
        """Outputs of a packed batch, and the states of all layers after it, [(B, F), ...]."""
        laid_out = self.laid_out()
        program, B = laid_out.program, len(batch.lengths)
        n_rows = len(batch.values) if self.answers_each_step else B
        outputs = np.empty((n_rows, self.config["n_outputs"]), weights.dtype)
        lasts = [program.operations[places[0]].last for _, places in laid_out.layers]
        states = [np.empty((B, width), weights.dtype) for width in self.state_widths]
        wanted = [(laid_out.outputs, outputs), *zip(lasts, states, strict=True)]
        self._call(weights, batch, initial, wanted, [])
        return outputs, states

    def features(self, weights, batch, initial=None):
        """What the head sees, (B, F), or (N, F) in a network that answers each step."""
        return self._value(weights, batch, initial, self.laid_out().features)

    def states(self, weights, batch, layer, initial=None):
        """States (N, F) of a layer, its directions side by side."""
        return self._value(weights, batch, initial, self.laid_out().layers[layer][0])

    def gates(self, weights, batch, layer, initial=None):
        """Gates and candidate of a layer, as `gate_names`, (N, F) each, its directions side by side."""
        operations, n_rows = self.laid_out().layers[layer][1], self.row_layout(batch)[1][-1]
        kept = [np.empty((n_rows, d.n_slots, d.n_units), weights.dtype) for d in self.layers[layer]]
        flat = [gates.reshape(n_rows, -1) for gates in kept]
        self._call(weights, batch, initial, [], list(zip(operations, flat, strict=True)))
        slots = self.layers[layer][0].gates.values()
        return [np.concatenate([gates[:, slot] for gates in kept], axis=1) for slot in slots]

    @property
    def gate_names(self):
        """Of the gates and the candidate of its cells."""
        return list(self.layers[0][0].gates)

    def attention(self, weights, batch, initial=None):
        """Weights (N,) of the steps in the mean that the head sees, of a network with pooling "attention"."""
        operations = self.program().operations
        place = next(i for i, op in enumerate(operations) if op.kind == KINDS.ATTENTION)
        kept = np.empty(self.row_layout(batch)[1][-1], weights.dtype)
        self._call(weights, batch, initial, [], [(place, kept)])
        return kept

    def _value(self, weights, batch, initial, value):
        """A value of the program, a row for each step or for each sequence."""
        _, per_step, _, _, width = self.program().values[value]
        n_rows = self.row_layout(batch)[1][-1] if per_step else len(batch.lengths)
        out = np.empty((n_rows, width), weights.dtype)
        self._call(weights, batch, initial, [(value, out)], [])
        return out

    def _call(self, weights, batch, initial, wanted, kept):
        inputs = [batch.values, *([None] * len(self.layers) if initial is None else initial)]
        weights.infer(inputs, wanted, kept, batch.lengths, batch.offsets)
