"""Heads: from a readout (B, F), or states (N, F), to logits or outputs (B, K) or (N, K)."""

from .parameters import glorot_uniform
from .program import KINDS


class TableHead:
    """A head that scores each token by its vector in a table.

    The table may be that of the inputs (Press and Wolf 2017).

    Features (N, F) become as wide as a vector, if they are not, by a projection with a bias. The scores
    have no bias of their own.

    Parameters
    ----------
    n_inputs : int
    embedding : Embedding
        The table.
    """

    def __init__(self, n_inputs, embedding):
        self.n_inputs, self.n_outputs = n_inputs, embedding.n_tokens
        self.embedding = embedding
        self.is_projected = n_inputs != embedding.width

    def entries(self):
        """Names and shapes for the parameter table; the table has its own."""
        if not self.is_projected:
            return []
        width = self.embedding.width
        return [("projection.weight", (self.n_inputs, width)), ("projection.bias", (width,))]

    def initialize(self, parameters, rng):
        """Glorot uniform weights; biases zero."""
        if self.is_projected:
            shape = (self.embedding.width, self.n_inputs)
            parameters["projection.weight"][:] = glorot_uniform(rng, shape).T
            parameters["projection.bias"][:] = 0

    def lay_out(self, builder, x, sampled=False):
        """Append the operations; returns the outputs. `sampled`: for a loss over some tokens only."""
        kind = KINDS.DENSE_SAMPLED if sampled else KINDS.DENSE_TABLE
        if self.is_projected:
            x = builder.operation(KINDS.DENSE, x, builder.like(x, self.embedding.width), "projection.weight")
        return builder.operation(kind, x, builder.like(x, self.n_outputs), self.embedding.weight)


class DenseHead:
    """K outputs over F features."""

    def __init__(self, n_inputs, n_outputs):
        self.n_inputs = n_inputs
        self.n_outputs = n_outputs

    def entries(self):
        """Names and shapes for the parameter table."""
        return [("head.weight", (self.n_inputs, self.n_outputs)), ("head.bias", (self.n_outputs,))]

    def initialize(self, parameters, rng):
        """Glorot uniform weights; biases zero."""
        parameters["head.weight"][:] = glorot_uniform(rng, (self.n_outputs, self.n_inputs)).T
        parameters["head.bias"][:] = 0

    def lay_out(self, builder, x):
        """Append the operation; returns its outputs."""
        return builder.operation(KINDS.DENSE, x, builder.like(x, self.n_outputs), "head.weight")
