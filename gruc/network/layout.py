"""Which program of a network is wanted, and what is where in it."""

from typing import NamedTuple

from .. import kernels


class ProgramOptions(NamedTuple):
    """What a program of a network is for; the default is inference.

    Parameters
    ----------
    training : bool
        Whether gradients will be wanted.
    dropout : bool
        Whether inputs of layers and of the head are dropped out.
    want_dx : bool
        Whether the gradient of the inputs will be wanted. In a network of tokens the inputs are then the
        vectors of tokens, (N, D), and the table is no part of the program, unless a tied head reads it.
    carried : bool
        Whether layers start from states that are inputs, as they do in inference, also in training.
    frozen : bool
        Whether the table of tokens has no gradient.
    constant : bool
        Whether convolutions are normalised by the constants of inference in training, too; there is then
        no gradient of what the normalisation learns.
    sampled : bool
        Whether the loss is over some tokens only, of a network whose head is a table.
    """

    training: bool = False
    dropout: bool = False
    want_dx: bool = False
    carried: bool = False
    frozen: bool = False
    constant: bool = False
    sampled: bool = False


class LaidOut(NamedTuple):
    """A program, and which of its values and operations are what."""

    program: kernels.inference.Program
    n_inputs: int
    layers: list  # of each layer the value of its states (N, F), and the places of its operations
    features: int
    outputs: int
