"""Groups of parameters that say what the network is; see `_parameters.py`."""

from collections.abc import Sequence
from numbers import Real
from typing import Annotated, Literal

from sklearn.utils._param_validation import Interval

from ..conventions.parameters import Count, parameter

# beyond 40 the sigmoid is flat to within the precision of float64, so that the gate cannot learn
Bias = Annotated[float, Interval(Real, -40.0, 40.0, closed="both")]


class Network:
    """The recurrent layers."""

    hidden_layer_sizes: Count | Sequence[int] = parameter(
        (64,), "Number of units of each GRU layer, from the first layer to the last."
    )
    cell: Literal["gru", "fio"] = parameter(
        "gru",
        """Type of the recurrent units. "fio" units have forget, input and output gates instead of
        update and reset gates: ``h = f * h_prev + i * c + o * c_prev`` with the candidate
        ``c = tanh(W_c [h_prev, x] * f + b_c)``, where c_prev is the candidate of the previous step.
        They have 4 blocks of weights instead of 3, and their state consists of h and c_prev. torch and
        Keras have no such layer.""",
    )
    reset_after: bool = parameter(
        True,
        """Whether the reset gate of a GRU is applied after the recurrent product, as in cuDNN, torch
        and Keras, or before it, as in [1]_. Has no effect on other cells.""",
    )
    update_gate_bias_init: Bias | Literal["chrono"] = parameter(
        1.0,
        """Initial bias b of the update gates (with ``cell="fio"``, of the forget gates), between -40
        and 40. The update gate is the fraction of the old state that is kept, so with a larger bias the
        untrained network remembers for longer: about ``1 + exp(b)`` frames. "chrono" draws the bias of
        each unit such that these time scales are uniform between 2 frames and the number of frames of
        the longest training sequence [7]_.""",
    )


class Directions:
    """Reading in both directions."""

    bidirectional: bool = parameter(
        False,
        """Whether each layer also reads a sequence backwards, from its last step to its first. Doubles
        the number of weights.""",
    )


class Readout:
    """One vector from the states of a sequence."""

    pooling: Literal["last", "mean", "max", "attention"] | list[str] | tuple[str, ...] = parameter(
        "last",
        """How the hidden states of a sequence are summarised for the output layer: the last state of
        each direction; the mean, or the maximum of each unit, over the steps of the sequence; or a
        weighted mean with learned weights (additive attention [5]_). A tuple concatenates several of
        them. With `conv_channels` it may also contain "conv_mean" and "conv_max", the mean and the
        maximum of the outputs of the convolutions.""",
    )


class Convolutions:
    """Convolutions before the recurrent layers."""

    conv_channels: Count | Sequence[int] = parameter(
        (),
        """Number of output channels of each convolution before the first GRU layer, from the first
        convolution to the last; () for none. Convolutions are causal: each reads the last
        `conv_kernel_size` steps. It is followed by batch normalisation (whose statistics are those of
        parts of a mini-batch, which do not depend on `n_jobs`) and ReLU.""",
    )
    conv_kernel_size: Count | Sequence[int] = parameter(
        5, "Number of steps that each convolution reads: an int, or one per convolution; at most 4096."
    )


class ConvolutionPooling:
    """Fewer steps after each convolution."""

    conv_pool: Count | Sequence[int] = parameter(
        2,
        """Window and stride of the max-pooling after each convolution, in steps: an int, or one per
        convolution; 1 for no pooling. The last window may be shorter.""",
    )
