"""Networks that answer each step: taggers, language models, decoders."""

from .dense import DenseHead
from .embedding import Embedding
from .gru import GRULayer, lay_out_layer
from .parameters import ParameterTable
from .program import KINDS, ProgramBuilder


class StepNetwork:
    """Stacked GRU layers and a dense head over each step; with an encoder, a decoder beside it.

    Parameters
    ----------
    n_inputs : int
        Features of a step, or with `embedding` the number of tokens.
    hidden_layer_sizes : sequence of int
    n_outputs : int
    bidirectional : bool
        Whether each layer, or with `n_source_inputs` each layer of the encoder, reads both ways.
    embedding : int or None
        Width of the vectors of tokens; None where steps are features.
    n_source_inputs : int or None
        Features of a step of the encoder, or its number of tokens. With it the layers answer the steps of
        the second clock: layer by layer they start from the last states of an encoder of the same sizes,
        which reads the first clock, and the top one attends to the encoder's steps (Luong et al. 2015).
    """

    def __init__(
        self, n_inputs, hidden_layer_sizes, n_outputs, *, bidirectional=False, embedding=None,
        n_source_inputs=None, **cell,
    ):  # fmt: skip
        both_ways = (False, True)[: 1 + bidirectional]
        self.n_inputs = n_inputs
        self.n_source_inputs = n_source_inputs
        self.encoder, self.source_embedding = [], None
        if n_source_inputs is not None:
            self.source_embedding = self._embedding(n_source_inputs, embedding, "source_embedding")
            width = embedding or n_source_inputs
            self.encoder = self._layers(width, hidden_layer_sizes, both_ways, prefix="encoder", **cell)
            hidden_layer_sizes = [size * len(both_ways) for size in hidden_layer_sizes]
            both_ways = (False,)
        self.embedding = self._embedding(n_inputs, embedding, "embedding")
        self.layers = self._layers(embedding or n_inputs, hidden_layer_sizes, both_ways, **cell)
        width = self._width(self.layers[-1])
        self.head = DenseHead(2 * width if self.encoder else width, n_outputs)
        tables = [part for part in (self.source_embedding, self.embedding) if part is not None]
        directions = [direction for layer in (*self.encoder, *self.layers) for direction in layer]
        self.parts = [*directions, self.head, *tables]
        self.table = ParameterTable([entry for part in self.parts for entry in part.entries()])
        self._programs = {}
        self.operations_per_row = sum(18 * d.n_units * (d.n_units + d.n_inputs) for d in directions)
        self.operations_per_row += 6 * self.head.n_inputs * n_outputs

    @staticmethod
    def _embedding(n_tokens, width, name):
        return None if width is None else Embedding(n_tokens, width, name)

    @staticmethod
    def _layers(n_inputs, sizes, both_ways, **options):
        layers = []
        for index, n_units in enumerate(sizes):
            layers.append([GRULayer(index, n_inputs, n_units, reverse=r, **options) for r in both_ways])
            n_inputs = n_units * len(both_ways)
        return layers

    @staticmethod
    def _width(directions):
        return sum(direction.n_units for direction in directions)

    @property
    def states_width(self):
        """Units of all layers together: elements of the states that windows of a sequence carry."""
        return sum(self._width(layer) for layer in self.layers)

    def initialize(self, parameters, rng):
        """Start values into `parameters`, the named views of a flat buffer."""
        for part in self.parts:
            part.initialize(parameters, rng)

    def program(self, training=False, dropout=False, carried=False):
        """The network as a list of operations; with `carried`, layers start from states that are inputs."""
        key = training, dropout, carried
        if key not in self._programs:
            self._programs[key] = self._lay_out(*key)
        return self._programs[key]

    def _lay_out(self, training, dropout, carried):
        if carried and (self.encoder or any(len(layer) > 1 for layer in self.layers)):
            raise ValueError(
                "States are carried by networks of one direction without an encoder: a backward direction "
                "starts at the end of a sequence, and a decoder from its encoder's last state."
            )
        builder = ProgramBuilder(self.table, training, dropout)
        clock = 0
        if self.encoder:
            clock, source = 1, self._input(builder, self.n_source_inputs, self.source_embedding, 0)
        x = self._input(builder, self.n_inputs, self.embedding, clock)
        starts = [-1] * len(self.layers)
        if carried:
            starts = [builder.input(self._width(layer), clock, per_step=False) for layer in self.layers]
        if self.embedding:
            x = self.embedding.lay_out(builder, x)
        if self.encoder:
            if self.source_embedding:
                source = self.source_embedding.lay_out(builder, source)
            for i, layer in enumerate(self.encoder):
                source, last = lay_out_layer(builder, layer, builder.dropout(source))
                start = builder.value(self._width(layer), clock=1, per_step=False)
                starts[i] = builder.operation(KINDS.PERMUTE, last, start)
        for layer, start in zip(self.layers, starts, strict=True):
            x, _ = lay_out_layer(builder, layer, builder.dropout(x), start)
        if self.encoder:
            x = builder.operation(KINDS.ATTEND, x, builder.like(x, self.head.n_inputs), x2=source)
        return builder.build(self.head.lay_out(builder, builder.dropout(x)))

    @staticmethod
    def _input(builder, n_inputs, embedding, clock):
        integers = embedding is not None
        return builder.input(1 if integers else n_inputs, clock, integers=integers)
