"""Networks that read one sequence and answer each step of another."""

from .dense import DenseHead
from .embedding import Embedding
from .gru import GRULayer, lay_out_layer
from .parameters import ParameterTable
from .program import KINDS, ProgramBuilder


class EncoderDecoder:
    """An encoder of a source sequence, and a decoder with a dense head over each step of a target sequence.

    Layer by layer the decoder starts from the last states of the encoder, and its top layer attends to the
    encoder's steps (Luong et al. 2015).

    Parameters
    ----------
    n_source_inputs, n_inputs : int
        Features of a step of the source and of the target, or with `embedding` their numbers of tokens.
    hidden_layer_sizes : sequence of int
        Units of each layer, of the encoder in each direction; the decoder's are as wide as both together.
    n_outputs : int
    bidirectional : bool
        Whether the encoder reads both ways.
    embedding : int or None
        Width of the vectors of tokens; None where steps are features.
    **cell
        Further arguments of each `GRULayer`.
    """

    def __init__(
        self, n_source_inputs, n_inputs, hidden_layer_sizes, n_outputs, bidirectional=False, embedding=None,
        **cell,
    ):  # fmt: skip
        both_ways = (False, True)[: 1 + bidirectional]
        self.n_source_inputs, self.n_inputs = n_source_inputs, n_inputs
        self.source_embedding = self.embedding = None
        if embedding is not None:
            self.source_embedding = Embedding(n_source_inputs, embedding, "source_embedding")
            self.embedding = Embedding(n_inputs, embedding)
        self.encoder, self.decoder = [], []
        width, source_width = embedding or n_inputs, embedding or n_source_inputs
        for index, n_units in enumerate(hidden_layer_sizes):
            self.encoder.append(
                [
                    GRULayer(index, source_width, n_units, reverse=r, prefix="encoder", **cell)
                    for r in both_ways
                ]
            )
            source_width = n_units * len(both_ways)
            self.decoder.append([GRULayer(index, width, source_width, **cell)])
            width = source_width
        self.head = DenseHead(2 * width, n_outputs)
        tables = [part for part in (self.source_embedding, self.embedding) if part is not None]
        directions = [direction for layer in (*self.encoder, *self.decoder) for direction in layer]
        self.parts = [*directions, self.head, *tables]
        self.table = ParameterTable(
            [entry for part in self.parts for entry in part.entries()], [table.weight for table in tables]
        )
        self._programs = {}
        self.operations_per_row = sum(18 * d.n_units * (d.n_units + d.n_inputs) for d in directions)
        self.operations_per_row += 6 * self.head.n_inputs * n_outputs

    def initialize(self, parameters, rng):
        """Start values into `parameters`, the named views of a flat buffer."""
        for part in self.parts:
            part.initialize(parameters, rng)

    def program(self, training=False, dropout=False):
        """The network as a list of operations; its inputs are the source, then the target."""
        key = training, dropout
        if key not in self._programs:
            self._programs[key] = self._lay_out(*key)
        return self._programs[key]

    def _lay_out(self, training, dropout):
        builder = ProgramBuilder(self.table, training, dropout)
        source = self._input(builder, self.n_source_inputs, self.source_embedding, clock=0)
        x = self._input(builder, self.n_inputs, self.embedding, clock=1)
        if self.embedding is not None:
            x = self.embedding.lay_out(builder, x)
            source = self.source_embedding.lay_out(builder, source)
        starts = []
        for layer in self.encoder:
            source, last = lay_out_layer(builder, layer, builder.dropout(source))
            width = sum(direction.n_units for direction in layer)
            start = builder.value(width, clock=1, per_step=False)
            starts.append(builder.operation(KINDS.PERMUTE, last, start))
        for layer, start in zip(self.decoder, starts, strict=True):
            x, _ = lay_out_layer(builder, layer, builder.dropout(x), start)
        x = builder.operation(KINDS.ATTEND, x, builder.like(x, self.head.n_inputs), x2=source)
        return builder.build(self.head.lay_out(builder, builder.dropout(x)))

    @staticmethod
    def _input(builder, n_inputs, embedding, clock):
        integers = embedding is not None
        return builder.input(1 if integers else n_inputs, clock, integers=integers)
