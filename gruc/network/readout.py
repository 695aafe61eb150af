"""Readouts: from the states of a sequence (N, F) to one vector (B, F).

Each sees a sequence's own steps only; equations: include/gruc/layers/readout.body.h.
"""

from .parameters import glorot_uniform
from .program import KINDS


class Last:
    """Where each direction ends: the forward one after the last step, the other after the first."""

    def __init__(self, n_features, prefix=""):
        self.n_features, self.prefix = n_features, prefix

    def entries(self):
        """Names and shapes for the parameter table."""
        return []

    def initialize(self, parameters, rng):
        """Start values."""

    def lay_out(self, builder, h, last, inputs=None):
        """Append the operation, if any; returns the features (B, F).

        They stand before what else cells carry on.
        """
        if builder.values[last].width == self.n_features:
            return last
        return builder.operation(KINDS.COPY, last, builder.per_sequence(h), D=self.n_features)


class Mean(Last):
    """The mean of the states over a sequence's steps."""

    def lay_out(self, builder, h, last, inputs=None):
        """Append the operation; returns the features (B, F)."""
        return builder.operation(KINDS.MEAN, h, builder.per_sequence(h))


class Max(Last):
    """The largest of each unit's states over a sequence's steps."""

    def lay_out(self, builder, h, last, inputs=None):
        """Append the operation; returns the features (B, F)."""
        return builder.operation(KINDS.MAX, h, builder.per_sequence(h))


class Attention(Last):
    """A mean of the states whose weights are learned (Bahdanau, Cho and Bengio 2015)."""

    def entries(self):
        """Names and shapes for the parameter table."""
        F = self.n_features
        shapes = {"weight": (F, F), "bias": (F,), "v": (F, 1)}
        return [(f"{self.prefix}attention.{name}", shape) for name, shape in shapes.items()]

    def initialize(self, parameters, rng):
        """Glorot uniform weights; bias zero."""
        F = self.n_features
        weight, bias, v = (parameters[name] for name, _ in self.entries())
        weight[:] = glorot_uniform(rng, (F, F)).T
        bias[:] = 0
        v[:] = glorot_uniform(rng, (1, F)).T

    def lay_out(self, builder, h, last, inputs=None):
        """Append the operation; returns the features (B, F)."""
        return builder.operation(
            KINDS.ATTENTION, h, builder.per_sequence(h), f"{self.prefix}attention.weight"
        )


class SideBySide:
    """Several readouts of the same states, or of the rows that the GRU layers read, in one vector.

    Parameters
    ----------
    names : list of str
        Of `READOUTS`, or of `OF_CONVOLUTIONS`.
    n_features : int
        Width of the states, F.
    n_inputs : int
        Width of what the convolutions give.
    prefix : str
        Of the parameters' names.
    """

    def __init__(self, names, n_features, n_inputs, prefix=""):
        self.reads_inputs = [name in OF_CONVOLUTIONS for name in names]
        self.parts = [
            READOUTS[OF_CONVOLUTIONS.get(name, name)](n_inputs if reads_inputs else n_features, prefix)
            for name, reads_inputs in zip(names, self.reads_inputs, strict=True)
        ]
        self.n_features = sum(part.n_features for part in self.parts)

    def entries(self):
        """Names and shapes for the parameter table."""
        return [entry for part in self.parts for entry in part.entries()]

    def initialize(self, parameters, rng):
        """Start values of each."""
        for part in self.parts:
            part.initialize(parameters, rng)

    def lay_out(self, builder, h, last, inputs):
        """Append the operations; returns the features (B, n). `inputs` is what the first layer reads."""
        read = [
            part.lay_out(builder, inputs if reads_inputs else h, last)
            for part, reads_inputs in zip(self.parts, self.reads_inputs, strict=True)
        ]
        return side_by_side(builder, read)


def side_by_side(builder, values):
    """Append copies of values (B, n), next to each other in one value, which is returned."""
    widths = [builder.values[x].width for x in values]
    y = builder.value(sum(widths), builder.values[values[0]].clock, per_step=False)
    column = 0
    for x, width in zip(values, widths, strict=True):
        builder.operation(KINDS.COPY, x, y, H=width, column=column)
        column += width
    return y


class EachStep(Last):
    """No readout: the head answers each step."""

    def lay_out(self, builder, h, last, inputs=None):
        """The states (N, F) themselves."""
        return h


def readout_of(pooling, n_features, n_inputs, prefix=""):
    """The readout that a network's `pooling` names, over states (N, n_features) of rows (N, n_inputs)."""
    if pooling is None:
        return EachStep(n_features)
    if isinstance(pooling, str):
        return READOUTS[pooling](n_features, prefix)
    return SideBySide(pooling, n_features, n_inputs, prefix)


READOUTS = {"last": Last, "mean": Mean, "max": Max, "attention": Attention}
# side by side with those: readouts of what the convolutions give
OF_CONVOLUTIONS = {"conv_mean": "mean", "conv_max": "max"}
