"""Networks that read one sequence and answer each step of another."""

from functools import partial
from typing import NamedTuple

import numpy as np

from .. import kernels
from .attention import ATTENTIONS
from .dense import DenseHead
from .embedding import Embedding
from .gru import CELLS, Cells, cell_config, lay_out_layer
from .parameters import ParameterTable
from .program import KINDS, ProgramBuilder


class LaidOutEncoder(NamedTuple):
    """The program of an encoder, and which of its values are what."""

    program: kernels.inference.Program
    lasts: list  # of each layer the value of its last states (B, F)
    memory: int  # the value that the decoder attends to (N, ...)


class PreparedWeights(NamedTuple):
    """Weights of an `EncoderDecoder` as its methods for inference read them."""

    encoder: kernels.inference.Weights
    step: kernels.inference.Weights
    whole: kernels.inference.Weights


class EncoderDecoder(Cells):
    """An encoder of a source sequence, and a decoder with a dense head over each step of a target sequence.

    Layer by layer the decoder starts from the last states of the encoder.

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
    attention : {"dot", "general", "additive"} or None
        How the decoder attends to the encoder's steps: see `network.attention`.
    reset_after : bool
        See `GRULayer`.
    cell : str
        A name of `CELLS`.

    Notes
    -----
    Parameters bear names like those of `GRUNetwork`: ``encoder.weight_ih_l0``, ... of the encoder,
    ``gru.weight_ih_l0``, ... of the decoder, ``source_embedding.weight`` and ``embedding.weight``.
    """

    answers_each_step = True

    def __init__(
        self, n_source_inputs, n_inputs, hidden_layer_sizes, n_outputs, bidirectional=False, embedding=None,
        attention="dot", reset_after=True, cell="gru",
    ):  # fmt: skip
        self.config = {
            "n_source_inputs": int(n_source_inputs),
            "n_inputs": int(n_inputs),
            "hidden_layer_sizes": [int(size) for size in hidden_layer_sizes],
            "n_outputs": int(n_outputs),
            "bidirectional": bool(bidirectional),
            "embedding": None if embedding is None else int(embedding),
            "attention": attention,
            **cell_config(reset_after, cell),
        }
        if ATTENTIONS[attention].attends_inside and cell != "gru":
            raise ValueError(
                f"attention={attention!r} is part of a GRU's step, and cell is {cell!r}. Set attention to "
                "'dot', 'general' or None, or leave cell 'gru'."
            )
        both_ways = (False, True)[: 1 + bidirectional]
        self.n_source_inputs, self.n_inputs = n_source_inputs, n_inputs
        self.source_embedding = self.embedding = None
        if embedding is not None:
            self.source_embedding = Embedding(n_source_inputs, embedding, "source_embedding")
            self.embedding = Embedding(n_inputs, embedding)
        self.encoder, self.decoder = [], []
        width, source_width = embedding or n_inputs, embedding or n_source_inputs
        top = self.config["hidden_layer_sizes"][-1] * len(both_ways)
        first = self.config["hidden_layer_sizes"][0] * len(both_ways)
        self.attention = ATTENTIONS[attention](top, first)
        if self.attention.attends_inside:
            width += top
        for index, n_units in enumerate(self.config["hidden_layer_sizes"]):
            self.encoder.append(
                [
                    CELLS[cell](index, source_width, n_units, reset_after, r, prefix="encoder")
                    for r in both_ways
                ]
            )
            source_width = n_units * len(both_ways)
            self.decoder.append([CELLS[cell](index, width, source_width, reset_after)])
            width = source_width + (top if index == 0 and self.attention.attends_inside else 0)
        self.head = DenseHead(
            width if self.attention.attends_inside else self.attention.n_features, n_outputs
        )
        tables = [part for part in (self.source_embedding, self.embedding) if part is not None]
        directions = [direction for layer in (*self.encoder, *self.decoder) for direction in layer]
        n_encoders = len(directions) - len(self.decoder)
        # keys and queries stand before the first layer of the decoder, whose operation has them all
        self.parts = [
            *directions[:n_encoders], self.attention, *directions[n_encoders:], self.head, *tables
        ]  # fmt: skip
        self.table = ParameterTable(
            [entry for part in self.parts for entry in part.entries()], [table.weight for table in tables]
        )
        self._programs = {}
        self.operations_per_row = sum(
            6 * d.n_blocks * d.n_units * (d.n_units + d.n_inputs) for d in directions
        )
        self.operations_per_row += 6 * self.head.n_inputs * n_outputs

    def __reduce__(self):
        """By its shape alone."""
        return partial(type(self), **self.config), ()

    def initialize(self, parameters, rng, tokens=None):
        """Start values into `parameters`, the named views of a flat buffer.

        Of the tables only the rows of `tokens`, index arrays of the source's and of the target's, are drawn,
        if they are given.
        """
        of_tables = {}
        if tokens is not None:
            of_tables = {self.source_embedding: tokens[0], self.embedding: tokens[1]}
        for part in self.parts:
            options = {"tokens": of_tables[part]} if part in of_tables else {}
            part.initialize(parameters, rng, **options)

    @property
    def cells(self):
        """Each direction of each layer, of the encoder and of the decoder."""
        return [direction for layer in (*self.encoder, *self.decoder) for direction in layer]

    # ---- programs

    def program(self, training=False, dropout=False, want_dx=False):
        """The network as a list of operations; its inputs are the source, then the target.

        With `want_dx`, which is for training, value 0, the source, has a gradient. Where there are tables of
        tokens, both inputs are then the vectors of tokens, and the parameters those before the tables.
        """
        return self._whole(training, dropout, want_dx)[0]

    def _whole(self, training=False, dropout=False, want_dx=False):
        key = training, dropout, want_dx
        if key not in self._programs:
            self._programs[key] = self._lay_out(*key)
        return self._programs[key]

    def _lay_out(self, training, dropout, want_dx):
        builder, n_parameters = ProgramBuilder(self.table, training, dropout), None
        if want_dx:
            width = self.config["embedding"]
            source = builder.input(width or self.n_source_inputs, clock=0, gradient=True)
            x = builder.input(width or self.n_inputs, clock=1)
            if self.embedding is not None:  # tables lie behind all others, that of the source first
                n_parameters = self.table.offset(self.source_embedding.weight)
        else:
            source = self._input(builder, self.n_source_inputs, self.source_embedding, clock=0)
            x = self._input(builder, self.n_inputs, self.embedding, clock=1)
            if self.embedding is not None:
                x = self.embedding.lay_out(builder, x)
                source = self.source_embedding.lay_out(builder, source)
        starts = []
        for layer in self.encoder:
            source, last = lay_out_layer(builder, layer, builder.dropout(source))
            start = builder.value(builder.values[last].width, clock=1, per_step=False)
            starts.append(builder.operation(KINDS.PERMUTE, last, start))
        memory = self.attention.lay_out_memory(builder, source)
        return self._lay_out_decoder(builder, x, memory, starts, n_parameters)

    def _lay_out_decoder(self, builder, x, memory, starts, n_parameters=None):
        """The program with the decoder, its output, and the place of the operation that attends, or None."""
        attends = None
        for layer, start in zip(self.decoder, starts, strict=True):
            x = builder.dropout(x)
            if self.attention.attends_inside and attends is None:
                attends = len(builder.operations)
                x = self.attention.lay_out_cell(builder, layer[0], x, memory, start)
            else:
                x, _ = lay_out_layer(builder, layer, x, start)
        n_before = len(builder.operations)
        x = self.attention.lay_out(builder, x, memory)
        if len(builder.operations) > n_before:
            attends = n_before
        output = self.head.lay_out(builder, builder.dropout(x))
        return builder.build(output, n_parameters), output, attends

    def laid_out_encoder(self):
        """The encoder alone, as a `LaidOutEncoder`."""
        if "encoder" not in self._programs:
            builder = ProgramBuilder(self.table)
            source, lasts = self._input(builder, self.n_source_inputs, self.source_embedding, clock=0), []
            if self.embedding is not None:
                source = self.source_embedding.lay_out(builder, source)
            for layer in self.encoder:
                source, last = lay_out_layer(builder, layer, source)
                lasts.append(last)
            memory = self.attention.lay_out_memory(builder, source)
            self._programs["encoder"] = LaidOutEncoder(builder.build(memory), lasts, memory)
        return self._programs["encoder"]

    def step_program(self):
        """One step of the decoder for any number of rows.

        Its inputs are tokens, what is attended to if anything is, and a state for each layer.
        """
        return self._step()[0]

    def _step(self):
        """The same, the values of the states after the step, and that of its output."""
        if "step" not in self._programs:
            builder = ProgramBuilder(self.table)
            x = self._input(builder, self.n_inputs, self.embedding, clock=1)
            memory = self.attention.memory_width and builder.input(self.attention.memory_width)
            starts = [builder.input(d.n_units * d.n_states, clock=1, per_step=False) for (d,) in self.decoder]
            if self.embedding is not None:
                x = self.embedding.lay_out(builder, x)
            program, output, _ = self._lay_out_decoder(builder, x, memory, starts)
            lasts = [op.last for start in starts for op in program.operations if op.x2 == start]
            self._programs["step"] = program, lasts, output
        return self._programs["step"]

    @staticmethod
    def _input(builder, n_inputs, embedding, clock):
        integers = embedding is not None
        return builder.input(1 if integers else n_inputs, clock, integers=integers)

    # ---- inference: batches are `PackedBatch`

    def prepare(self, parameters, matmul_precision="highest"):
        """Weights of a flat buffer as the other methods read them."""
        programs = self.laid_out_encoder().program, self.step_program(), self.program()
        parts = kernels.parts_of(matmul_precision, parameters.dtype)
        return PreparedWeights(
            *(kernels.inference.Weights(program, parameters, parts) for program in programs)
        )

    def search(self, weights, source, most, **options):
        """The decoder's answers to sources, a list of arrays of tokens in the order of the caller.

        Parameters
        ----------
        weights : PreparedWeights
        source : PackedBatch
        most : ndarray of shape (B,), intp
            Tokens of each answer, at most, in the order of the caller.
        **options : dict
            Further arguments of `kernels.inference.search`.
        """
        states, memory = self.encode(weights, source)
        inputs = [None, *([memory] if self.attention.memory_width else []), *states]
        clock = source.lengths, source.offsets, source.order
        return kernels.inference.search(weights.step, inputs, clock, most=most, **options)

    def encode(self, weights, source):
        """First states of the decoder's layers [(B, F), ...] in the caller's order, and the memory (N, F).

        Without attention the memory is None.
        """
        encoder = self.laid_out_encoder()
        dtype, values = weights.encoder.dtype, encoder.program.values
        memory, wanted = None, []
        lasts = [np.empty((len(source.lengths), values[last].width), dtype) for last in encoder.lasts]
        if self.attention.memory_width:
            memory = np.empty((len(source.values), self.attention.memory_width), dtype)
            wanted = [(encoder.memory, memory)]
        wanted += zip(encoder.lasts, lasts, strict=True)
        weights.encoder.infer([source.values], wanted, [], source.lengths, source.offsets)
        if len(source.order) == 1:
            return lasts, memory
        states = []
        for last in lasts:
            state = np.empty_like(last)
            state[source.order] = last
            states.append(state)
        return states, memory

    def with_own_answers(self, weights, source, given, own):
        """Given inputs of the decoder, some of them replaced by its own answers to the step before.

        Parameters
        ----------
        weights : PreparedWeights
        source : PackedBatch
        given : list of ndarray of shape (t_i,), int32
            In the order of the caller, as `own` and the result.
        own : list of ndarray of shape (t_i,), bool
            Which are replaced, by the most probable token after what was read so far; the first never is.

        Returns
        -------
        list of ndarray of shape (t_i,), int32
        """
        states, memory = self.encode(weights, source)
        lengths, n = np.array([len(tokens) for tokens in given]), len(given)
        tokens = np.zeros((n, lengths.max()), np.int32)
        wanted = np.zeros(tokens.shape, bool)
        for i, length in enumerate(lengths):
            tokens[i, :length], wanted[i, :length] = given[i], own[i]
        program = weights.step
        logits = np.empty((n, self.config["n_outputs"]), program.dtype)
        second = np.ones(n, np.intp), np.array([0, n], np.intp), np.arange(n)
        clock = source.lengths, source.offsets, source.order
        _, lasts, output = self._step()
        for t in range(int(np.flatnonzero(wanted.any(axis=0)).max(initial=0))):
            now = np.ascontiguousarray(tokens[:, t : t + 1])
            inputs = [now, *([memory] if self.attention.memory_width else []), *states]
            after = [np.empty_like(state) for state in states]
            program.infer(inputs, [*zip(lasts, after, strict=True), (output, logits)], [], *clock, second)
            states, replaced = after, wanted[:, t + 1]
            tokens[replaced, t + 1] = logits[replaced].argmax(axis=1)
        return [tokens[i, :length].copy() for i, length in enumerate(lengths)]

    def infer(self, weights, source, target):
        """Outputs (N, K) for the steps of given targets."""
        _, output, _ = self._whole()
        out = np.empty((len(target.values), self.config["n_outputs"]), weights.whole.dtype)
        self._infer(weights, source, target, [(output, out)], [])
        return out

    def attention_weights(self, weights, source, target):
        """How much each step of given targets attends to each step of its source, (N, T of the sources)."""
        out = np.empty((len(target.values), len(source.offsets) - 1), weights.whole.dtype)
        _, _, attends = self._whole()
        self._infer(weights, source, target, [], [(attends, out)])
        return out

    @staticmethod
    def _infer(weights, source, target, wanted, kept):
        second = target.lengths, target.offsets, target.order
        inputs = [source.values, target.values]
        weights.whole.infer(inputs, wanted, kept, source.lengths, source.offsets, source.order, second)
