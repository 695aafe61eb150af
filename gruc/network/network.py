"""Stacked, optionally bidirectional GRU layers between an optional embedding and a dense head."""

import math
from functools import partial

import numpy as np

from .. import kernels
from .body import Body
from .conv import check_pooling
from .dense import DenseHead, TableHead
from .embedding import Embedding
from .gru import Cells, cell_config
from .layout import LaidOut, ProgramOptions
from .parameters import ParameterTable
from .program import KINDS, ProgramBuilder
from .readout import side_by_side


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
    **options
        `tied` (bool), whether the outputs are scores of the tokens by the same table, see `TableHead`; or
        `by_table` (bool), whether they are scores by a table of their own; `n_estimators` (int), how many
        such networks stand side by side, whose outputs are averaged.

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
        convolutions=(), cell="gru", **options,
    ):  # fmt: skip
        tied, by_table = options.pop("tied", False), options.pop("by_table", False)
        self.n_estimators = int(options.pop("n_estimators", 1))
        if options:
            raise TypeError(f"unexpected arguments: {', '.join(options)}")
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
        if self.n_estimators > 1:
            self._check_averaged()
            self.config["n_estimators"] = self.n_estimators
        prefixes = [f"estimators.{k}." for k in range(self.n_estimators)] if self.n_estimators > 1 else [""]
        self.bodies = [Body(self.named_config, prefix) for prefix in prefixes]
        self.embedding = self.bodies[0].embedding
        self.convolutions = [layer for body in self.bodies for layer in body.convolutions]
        self.layers = [directions for body in self.bodies for directions in body.layers]
        self.cells = [cell for body in self.bodies for cell in body.cells]
        n_inputs = sum(body.readout.n_features for body in self.bodies)
        of_outputs = Embedding(n_outputs, n_inputs, "head") if by_table else self.embedding
        has_table = tied or by_table
        self.head = TableHead(n_inputs, of_outputs) if has_table else DenseHead(n_inputs, n_outputs)
        self._parts = [*(part for body in self.bodies for part in body.parts), self.head]
        if by_table:
            self._parts.append(of_outputs)
        if self.embedding is not None:
            self._parts += [body.embedding for body in self.bodies]
        tables = [part.weight for part in self._parts if isinstance(part, Embedding)]
        self.table = ParameterTable([entry for part in self._parts for entry in part.entries()], tables)
        self._programs, self._estimator = {}, None
        self.operations_per_row = self._count_operations()

    def _check_averaged(self):
        """Refuse several networks side by side that have no outputs to average."""
        if self.config["pooling"] is None or {"tied", "by_table"} & set(self.config):
            raise ValueError("n_estimators is for networks with one prediction for each sequence.")

    def _count_operations(self):
        """Operations of a training step for each row of X."""
        body = self.bodies[0]
        n, of_layers = body.operations_per_row()
        if "attention" in self.readouts:
            of_layers += 2 * 3 * self.widths[-1] ** 2
        if self.config["pooling"] is None:
            n_scored = self.config["n_features"] if "tied" in self.config else self.head.n_inputs
            of_layers += 2 * 3 * n_scored * self.head.n_outputs
        return self.n_estimators * (of_layers if not self.convolutions else n + of_layers / self.stride)

    @property
    def stride(self):
        """Rows of X that make one row of the GRU layers."""
        return math.prod(convolution.pool for convolution in self.bodies[0].convolutions)

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

    def __reduce__(self):
        """By its shape alone."""
        return partial(type(self), **self.config), ()

    def initialize(self, parameters, rng, tokens=None):
        """Start values into `parameters`, the named views of a flat buffer.

        Of a table only the rows of `tokens`, an index array, are drawn, if they are given.
        """
        for part in self._parts:
            is_looked_up = any(part is body.embedding for body in self.bodies)
            options = {"tokens": tokens} if is_looked_up else {}
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

        Inputs are the rows of X or tokens (with `want_dx` the vectors of tokens, of each network side by
        side its own), then for inference, or if they are carried, the states that each layer starts from
        (B, F).
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
        n, n_layers = self.n_estimators, len(self.config["hidden_layer_sizes"])
        if looks_up:
            inputs = [builder.input(1, integers=True)] * n
        else:  # the vectors of a token differ from network to network, features do not
            n_inputs = 1 if self.embedding is None else n
            inputs = [
                builder.input(self.config["n_features"], gradient=options.want_dx) for _ in range(n_inputs)
            ] * (n // n_inputs)
        starts_from_inputs = options.carried or not options.training
        initial = [
            builder.input(width, per_step=False) if starts_from_inputs else -1 for width in self.state_widths
        ]
        read, layers = [], []
        for k, (body, x) in enumerate(zip(self.bodies, inputs, strict=True)):
            if looks_up:
                x = body.embedding.lay_out(builder, x, options.frozen, "tied" in self.config)
            states = initial[k * n_layers : (k + 1) * n_layers]
            features, of_body = body.lay_out(builder, x, states, options)
            read.append(features)
            layers += of_body
        features = read[0] if n == 1 else side_by_side(builder, read)
        sampled = {"sampled": True} if options.sampled else {}
        outputs = self.head.lay_out(builder, features, **sampled)
        n_parameters = self.table.size
        if self.embedding is not None and not looks_up and "tied" not in self.config:
            n_parameters = self.table.offset(self.embedding.weight)  # tables lie behind all others
        return LaidOut(builder.build(outputs, n_parameters), builder.n_inputs, layers, features, outputs)

    # ---- several networks side by side

    @property
    def estimator(self):
        """The network of which `n_estimators` stand side by side: this one, if it stands alone."""
        if self.n_estimators == 1:
            return self
        if self._estimator is None:
            self._estimator = self.of_several(1)
        return self._estimator

    def of_several(self, n_estimators):
        """The network of which `n_estimators` such networks are parts, side by side."""
        return GRUNetwork(**self.config | {"n_estimators": n_estimators})

    def joined(self, buffers):
        """The parameters of the networks side by side, from a flat buffer of each.

        Their outputs are the means of those of the networks: weights of the head are divided by
        `n_estimators`, and its biases are means.
        """
        if self.n_estimators == 1:
            return buffers[0]
        flat, n = np.empty(self.table.size, buffers[0].dtype), self.n_estimators
        views, parts = self.table.views(flat), list(map(self.estimator.table.views, buffers))
        for k, part in enumerate(parts):
            for name in part.keys() - {"head.weight", "head.bias"}:
                views[f"estimators.{k}.{name}"][:] = part[name]
        views["head.weight"][:] = np.concatenate([part["head.weight"] for part in parts]) / n
        views["head.bias"][:] = np.mean([part["head.bias"] for part in parts], axis=0)
        return flat

    def separated(self, flat):
        """A flat buffer of each of the networks side by side whose parameters are `flat`.

        The inverse of `joined`, except that all heads have the mean of the biases.
        """
        if self.n_estimators == 1:
            return [flat]
        views, table, n = self.table.views(flat), self.estimator.table, self.n_estimators
        buffers = []
        for k, weight in enumerate(np.split(views["head.weight"], n)):
            buffers.append(np.empty(table.size, flat.dtype))
            part = table.views(buffers[-1])
            part.pop("head.weight")[:] = weight * n
            part.pop("head.bias")[:] = views["head.bias"]
            for name, view in part.items():
                view[:] = views[f"estimators.{k}.{name}"]
        return buffers

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
        """Weights (N,) of the steps in the mean that the head sees, of a network with pooling "attention".

        Of several networks side by side, the mean of their weights.
        """
        operations = self.program().operations
        places = [i for i, op in enumerate(operations) if op.kind == KINDS.ATTENTION]
        kept = np.empty((len(places), self.row_layout(batch)[1][-1]), weights.dtype)
        self._call(weights, batch, initial, [], list(zip(places, kept, strict=True)))
        return kept[0] if len(places) == 1 else kept.mean(axis=0)

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
