"""How a decoder attends to the steps of its encoder; equations: include/gruc/layers/attend.body.h."""

from .parameters import glorot_uniform
from .program import KINDS


class NoAttention:
    """The decoder knows the last states of the encoder only (Cho et al. 2014).

    Parameters
    ----------
    n_units : int
        Width of a row of the encoder's top layer, and of the decoder's.
    n_queries : int
        Width of a row of the decoder's first layer.

    Attributes
    ----------
    n_features : int
        Width of what the head reads.
    memory_width : int
        Width of a row of what is attended to; 0 for none.
    """

    memory_width = 0
    attends_inside = False  # a step of the decoder, else after it

    def __init__(self, n_units, n_queries=None):
        self.n_units = self.n_features = n_units

    def entries(self):
        """Names and shapes for the parameter table."""
        return []

    def initialize(self, parameters, rng):
        """Start values."""

    def lay_out_memory(self, builder, source):
        """Append the operations, if any, by which the encoder's states become what is attended to."""
        return source

    def lay_out(self, builder, x, memory):
        """Append the operation, if any; returns what the head reads of the decoder's states x."""
        return x


class DotAttention(NoAttention):
    """Scores of steps are products of states (Luong, Pham and Manning 2015, "dot")."""

    kind = KINDS.ATTEND
    weight: str | None = None

    def __init__(self, n_units, n_queries=None):
        super().__init__(n_units)
        self.memory_width, self.n_features = n_units, 2 * n_units

    def lay_out(self, builder, x, memory):
        """Append the operation; the head reads the mean of the source's states beside the decoder's."""
        y = builder.like(x, self.n_features)
        return builder.operation(self.kind, x, y, self.weight, x2=memory)


class GeneralAttention(DotAttention):
    """The same after a product with a matrix that is learned ("general")."""

    kind = KINDS.ATTEND_GENERAL
    weight = "attention.weight"

    def entries(self):
        """Names and shapes for the parameter table."""
        return [(self.weight, (self.n_units, self.n_units))]

    def initialize(self, parameters, rng):
        """Glorot uniform weights."""
        parameters[self.weight][:] = glorot_uniform(rng, (self.n_units, self.n_units)).T


class AdditiveAttention(NoAttention):
    """Inside the step of the decoder's first layer (Bahdanau, Cho and Bengio 2015).

    Parameters
    ----------
    n_units : int
        Width of a row of the encoder's top layer.
    n_queries : int
        Units of the decoder's first layer, and of its keys.
    """

    attends_inside = True

    def __init__(self, n_units, n_queries):
        super().__init__(n_units)
        self.n_queries, self.memory_width, self.n_features = (
            n_queries,
            n_units + n_queries,
            n_units + n_queries,
        )

    def entries(self):
        """Names and shapes for the parameter table; those of the cell follow."""
        F, H = self.n_units, self.n_queries
        return [
            ("attention.key_weight", (F, H)),
            ("attention.key_bias", (H,)),
            ("attention.query_weight", (H, H)),
            ("attention.v", (H, 1)),
        ]

    def initialize(self, parameters, rng):
        """Glorot uniform weights; bias zero."""
        F, H = self.n_units, self.n_queries
        parameters["attention.key_weight"][:] = glorot_uniform(rng, (H, F)).T
        parameters["attention.key_bias"][:] = 0
        parameters["attention.query_weight"][:] = glorot_uniform(rng, (H, H)).T
        parameters["attention.v"][:] = glorot_uniform(rng, (1, H)).T

    def lay_out_memory(self, builder, source):
        """Append the operation: keys of the encoder's states, and these behind."""
        return builder.operation(
            KINDS.KEYS, source, builder.like(source, self.memory_width), "attention.key_weight"
        )

    def lay_out_cell(self, builder, cell, x, memory, start):
        """Append the decoder's first layer; returns what is attended to beside its states."""
        resets_before = cell.bias_hh is None
        kind = KINDS.GRU_ATTENDING_RESET_BEFORE if resets_before else KINDS.GRU_ATTENDING
        y = builder.like(x, self.memory_width)
        last = builder.value(self.n_queries, builder.values[x].clock, per_step=False)
        if builder.values[start].gradient >= 0:
            builder.share_gradient(start, last)
        return builder.operation(
            kind, x, y, "attention.query_weight",
            x2=start, x3=memory, last=last, H=self.n_queries, column=self.n_units,
        )  # fmt: skip


ATTENTIONS = {
    None: NoAttention,
    "dot": DotAttention,
    "general": GeneralAttention,
    "additive": AdditiveAttention,
}
