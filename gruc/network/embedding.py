"""An embedding: each token is a row of a table, which lies behind all other parameters."""

from .program import KINDS


class Embedding:
    """Vectors of `width` elements for `n_tokens` tokens.

    Parameters
    ----------
    n_tokens, width : int
    name : str
        Of the table among the parameters.
    """

    def __init__(self, n_tokens, width, name="embedding"):
        self.n_tokens = n_tokens
        self.width = width
        self.weight = f"{name}.weight"

    def entries(self):
        """Names and shapes for the parameter table."""
        return [(self.weight, (self.n_tokens, self.width))]

    def initialize(self, parameters, rng, tokens=None):
        """Normal; the rows of `tokens`, an index array, only, if they are given.

        A tenth of torch's standard deviation: a step of Adam moves each number by about the learning rate, so
        that vectors of rare tokens, which few steps see, would otherwise stay what they were drawn as.
        """
        table = parameters[self.weight]
        rows = slice(None) if tokens is None else tokens
        table[rows] = 0.1 * rng.standard_normal(table[rows].shape)

    def lay_out(self, builder, tokens, frozen=False, shared=False):
        """Append the operation; returns the vectors (N, width) of tokens (N,).

        A `frozen` table has no gradient; a `shared` one is read by another operation, too.
        """
        y = builder.like(tokens, self.width, gradient=not frozen)
        kind = KINDS.EMBED_SHARED if shared else KINDS.EMBED
        return builder.operation(kind, tokens, y, self.weight, D=self.n_tokens)
