"""How a decoder attends to the steps of its encoder; equations: include/gruc/layers/attend.body.h."""

from .parameters import glorot_uniform
from .program import KINDS


class NoAttention:
    """The decoder knows the last states of the encoder only (Cho et al. 2014).

    Parameters
    ----------
    n_units : int
        Width of a row of the encoder's top layer, and of the decoder's.

    Attributes
    ----------
    n_features : int
        Width of what the head reads.
    memory_width : int
        Width of a row of what is attended to; 0 for none.
    """

    memory_width = 0

    def __init__(self, n_units):
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
    weight = None

    def __init__(self, n_units):
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


ATTENTIONS = {None: NoAttention, "dot": DotAttention, "general": GeneralAttention}
