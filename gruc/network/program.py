"""Programs: networks as lists of values and operations, which the kernels walk.

The structs stand in include/gruc/program/program.h, member by member. Each layer of this room
appends its operations; where their parameters lie in the flat buffer, the table of parameters says.
"""

from typing import NamedTuple

from .. import kernels

KINDS = kernels.inference  # GRU, DENSE, ...: the enum of program.h


class Value(NamedTuple):
    """Rows that operations read and write: `gruc_value`."""

    clock: int
    per_step: bool
    integers: bool
    gradient: int
    width: int


class Operation(NamedTuple):
    """What is computed from one value to another: `gruc_op`."""

    kind: int
    x: int
    x2: int
    y: int
    last: int
    reverse: bool
    D: int
    H: int
    column: int
    weights: int
    steps: int
    x3: int


class ProgramBuilder:
    """Collects values and operations; methods return the index of the value that is written.

    Parameters
    ----------
    table : ParameterTable
        Where parameters lie.
    training : bool
        Whether gradients will be wanted.
    dropout : bool
        Whether `dropout` adds an operation.
    """

    def __init__(self, table, training=False, dropout=False):
        self.table = table
        self.training = training
        self.with_dropout = dropout
        self.values = []
        self.operations = []
        self.strides = [1]
        self._slower = {}  # clocks by the clock before and the steps that make one of theirs
        self.n_inputs = 0

    def input(self, width, clock=0, per_step=True, integers=False, gradient=False):
        """A value that the caller fills, before all others."""
        assert not self.operations, "inputs come first"
        if clock == len(self.strides):
            self.strides.append(1)
        self.n_inputs += 1
        return self.value(width, clock, per_step, integers, gradient and self.training)

    def value(self, width, clock=0, per_step=True, integers=False, gradient=True):
        """A value, with memory for its gradient or without."""
        place = len(self.values)
        self.values.append(Value(clock, per_step, integers, place if gradient else -1, width))
        return place

    def like(self, x, width, gradient=True):
        """A value with a row for each row of x."""
        return self.value(width, self.values[x].clock, self.values[x].per_step, gradient=gradient)

    def slower(self, x, steps, width=None):
        """A value with a row for each `steps` steps of x, under a slower clock, as wide as x or `width`."""
        key = self.values[x].clock, steps
        if key not in self._slower:
            self.strides.append(self.strides[key[0]] * steps)
            self._slower[key] = len(self.strides) - 1
        return self.value(width or self.values[x].width, self._slower[key])

    def per_sequence(self, x):
        """A value with a row for each sequence of x, as wide as x."""
        return self.value(self.values[x].width, self.values[x].clock, per_step=False)

    def operation(self, kind, x, y, first_parameter=None, **members):
        """Append an operation over all columns of x; `first_parameter` names where its weights begin."""
        defaults = dict(
            x2=-1,
            last=-1,
            reverse=False,
            D=self.values[x].width,
            H=self.values[y].width,
            column=0,
            weights=0 if first_parameter is None else self.table.offset(first_parameter),
            steps=0,
            x3=-1,
        )
        self.operations.append(Operation(kind=kind, x=x, y=y, **(defaults | members)))
        return y

    def dropout(self, x):
        """Dropout in place, for a value that nothing else reads; x itself without dropout."""
        if not self.with_dropout:
            return x
        y = self.like(x, self.values[x].width)
        self.share_gradient(y, x)
        return self.operation(KINDS.DROPOUT, x, y)

    def share_gradient(self, value, other):
        """Let the gradient of a value take the memory of another's, which is not needed at the same time."""
        self.values[value] = self.values[value]._replace(gradient=self.values[other].gradient)

    def build(self, output, n_parameters=None):
        """The program whose answer is the value `output`, over all parameters or the first `n_parameters`."""
        size = self.table.size if n_parameters is None else n_parameters
        return kernels.inference.Program(
            self.values, self.operations, self.n_inputs, output, size, self.strides
        )
