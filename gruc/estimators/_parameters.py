"""Parameters of the estimators: groups, and which groups each estimator has.

After a change run tools/signatures.py, which writes _parameters.pyi.
"""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Annotated, Any, Literal

from sklearn.utils._param_validation import Interval

from ..conventions.parameters import (
    ClosedFraction,
    Count,
    Fraction,
    Infinity,
    NonNegative,
    OpenFraction,
    Positive,
    PositiveFraction,
    RandomState,
    Verbose,
    parameter,
    parameters,
)
from ._forecast_groups import Forecasting, ForecastLoss, ForecastStopping

# beyond 40 the sigmoid is flat to within the precision of float64, so that the gate cannot learn
Bias = Annotated[float, Interval(Real, -40.0, 40.0, closed="both")]
# far beyond what fits into memory, and what the kernels can count
StepCount = Annotated[int, Interval(Integral, 1, 2**31 - 1, closed="both")]
Negative = Annotated[int, Interval(Integral, None, -1, closed="right")]


class Network:
    """The recurrent layers."""

    hidden_layer_sizes: Count | Sequence[int] = parameter(
        (64,), "Units of each GRU layer, the first layer first."
    )
    cell: Literal["gru", "fio"] = parameter(
        "gru",
        """What a unit is: "gru", or "fio" for one with forget, input and output gates and no reset
        gate, ``h = f * h_prev + i * c + o * c_prev`` with the candidate
        ``c = tanh(W_c [h_prev, x] * f + b_c)``, c_prev being that of the step before. It has 4 blocks
        of weights in place of 3, and its state is h and c_prev. Neither torch nor Keras has such a layer;
        `to_c` and `to_onnx` write its equations.""",
    )
    reset_after: bool = parameter(
        True,
        """Where the reset gate of a GRU acts: after the recurrent product, as in cuDNN, torch and Keras, or
        before it, as in [1]_. Of other cells without effect.""",
    )
    update_gate_bias_init: Bias | Literal["chrono"] = parameter(
        1.0,
        """Initial value of the bias of the update gates (of ``cell="fio"`` the forget gates), from -40 to
        40. The update gate is the fraction of the old state that is kept, so with larger values the
        network remembers for longer from the start: about ``1 + exp(b)`` frames. "chrono" draws the
        bias of each unit such that these times are uniform between 2 frames and the number of frames
        of the longest training sequence [7]_.""",
    )


class Directions:
    """Reading in both directions."""

    bidirectional: bool = parameter(
        False,
        """Whether each layer also reads a sequence from its last step to its first. Doubles the
        number of weights.""",
    )


class Readout:
    """One vector from the states of a sequence."""

    pooling: Literal["last", "mean", "max", "attention"] | list[str] | tuple[str, ...] = parameter(
        "last",
        """What the output layer sees of a sequence's states: the last of each direction; their
        mean, or the maximum of each unit, over the sequence's own steps; or a mean with learned
        weights (additive attention [5]_). A tuple of several: all of them, side by side; with
        `conv_channels` also "conv_mean" and "conv_max", of what the convolutions give.""",
    )


class Convolutions:
    """Convolutions before the recurrent layers."""

    conv_channels: Count | Sequence[int] = parameter(
        (),
        """Outputs of each convolution before the first GRU layer, the first one first; () for none. A
        convolution reads the last `conv_kernel_size` steps, never a later one, is normalised (batch
        normalisation, within parts of a mini-batch that do not depend on `n_jobs`) and rectified.""",
    )
    conv_kernel_size: Count | Sequence[int] = parameter(
        5, "Steps that each convolution reads: a number, or one for each."
    )


class ConvolutionPooling:
    """Fewer steps after each convolution."""

    conv_pool: Count | Sequence[int] = parameter(
        2,
        """Steps after each convolution that become one, of which the largest of each output is taken: a
        number, or one for each; 1 for none. A last step may be made of fewer.""",
    )


class Embedding:
    """Integer tokens as inputs."""

    embedding_dim: Count | None = parameter(
        None,
        """Width of the vectors of tokens. With it X is sequences of integer tokens, such as words or
        characters by number: a list of 1-D arrays of integers, or a 2-D array. Each token is looked up
        in a table of vectors, which is learned with the rest. None: X is real numbers.""",
    )
    n_tokens: Count | None = parameter(
        None,
        """Rows of that table: the size of the vocabulary, where there is one. None: the largest token of
        the first fit, or of the first call of `partial_fit`, plus 1. Tokens beyond are an error, in
        `predict` and `partial_fit`, too. Vectors of tokens that do not occur in that first fit or call
        start at 0.""",
    )
    embedding_weights: Sequence[float] | None = parameter(
        None,
        """Pretrained vectors (n_tokens, embedding_dim), from which the table starts, rows of special
        tokens included. They are copied.""",
    )
    train_embedding: bool = parameter(
        True, "Whether the table is learned; False leaves it as it starts, at no cost."
    )
    embedding_dropout: Fraction = parameter(
        0.0,
        """Fraction of the different tokens of a sequence that count as a vector of zeros in training, at
        all their places, drawn anew for each step; the vectors of the others are scaled up [6]_.""",
    )


class Frames:
    """Several steps as one input."""

    frame_length: StepCount | Literal["auto"] = parameter(
        "auto",
        """Number of consecutive steps that become one input of the network; "auto" chooses by the
        lengths of the training sequences. Frames begin at step 0. The last frame, and a sequence
        shorter than a frame, is completed by repeating the last step. With `embedding_dim` it is 1, and
        "auto" is 1 with `conv_channels`.""",
    )
    hop_length: StepCount | None = parameter(
        None,
        """Steps from the beginning of a frame to that of the next; None for `frame_length`. With
        longer hops the steps between two frames are not read.""",
    )


class Standardization:
    """Scaling of the features."""

    standardize: bool = parameter(
        True,
        """Whether features are centred and scaled by their weighted mean and standard deviation
        over all training steps, and targets likewise by a regressor (see `loss`); tokens are not. With
        `warm_start` the statistics are those of the first call; with `partial_fit` too, or of the
        first calls until they have seen ten sequences.""",
    )


class Dropout:
    """Dropout."""

    dropout: Fraction = parameter(
        0.0,
        """Fraction of the elements entering each layer, and the output layer, that are set to 0
        in training, drawn anew for each step; the others are scaled up.""",
    )
    recurrent_dropout: Fraction = parameter(
        0.0,
        """The same for the states where they enter the recurrent product, with one draw for all
        steps of a sequence [6]_.""",
    )


class Classification:
    """Classes as targets."""

    label_smoothing: Fraction = parameter(
        0.0,
        """Fraction of a label's weight that is spread over all classes; labels of two classes, and
        of several at once, are moved towards 1/2 by it.""",
    )
    class_weight: Literal["balanced"] | dict[Any, float] | None = parameter(
        None,
        """Weights of classes, ``{label: weight}``; "balanced": inversely proportional to their
        frequencies. Multiplied with `sample_weight`, in validation, too.""",
    )


class Regression:
    """Real values as targets."""

    loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] = parameter(
        "squared_error",
        """"squared_error" (half of it), "absolute_error", "huber", "quantile", or "poisson" for
        counts and rates, whose logarithm the network then gives. With `standardize` targets are
        scaled, and predictions scaled back, but not for "poisson"; by median and interquartile
        range for "absolute_error", "huber" and "quantile", which bear outliers.""",
    )
    quantile: OpenFraction | Sequence[float] = parameter(
        0.5, 'What "quantile" predicts; several at once, in rising order, give an interval.'
    )
    delta: Positive = parameter(
        0.25,
        """Where "huber" goes from the square to the line. With `standardize` in robust standard
        deviations of the target: its interquartile range over 1.35. Unlike HuberRegressor's
        `epsilon` it does not refer to the residuals, which are smaller: with 1.35 a network
        fits gross outliers.""",
    )


class Training:
    """Steps of the optimiser over mini-batches."""

    solver: Literal["adam", "adamw", "sgd", "rmsprop"] = parameter(
        "adam",
        """Optimiser: Adam [2]_; AdamW [4]_; gradient descent with momentum; RMSprop. All as in
        torch.""",
    )
    alpha: NonNegative = parameter(
        0.0,
        """Penalty on weights, not on biases, divided by the number of targets in a batch (sequences,
        or steps if each has one), as in MLPClassifier without `sample_weight`. Under "adamw" the
        decoupled decay instead. Of vectors of tokens it acts, as momentum does, on those that a step
        sees.""",
    )
    l1_ratio: ClosedFraction = parameter(
        0.0,
        """Fraction of ``alpha * sum(abs(w))`` in the penalty; the rest is
        ``alpha / 2 * sum(w**2)``. Must be 0 under "adamw".""",
    )
    batch_size: Count | Literal["auto"] = parameter(
        "auto",
        """Sequences in a mini-batch, at most all of them; "auto" is a 64th of the training
        sequences, but 8 at least and 128 at most.""",
    )
    learning_rate: Literal["constant", "invscaling", "adaptive", "exponential", "step", "cosine"] = parameter(
        "adaptive",
        """How the learning rate changes from `learning_rate_init`, for any solver:

        - "constant";
        - "invscaling": divided by ``(sequences seen + 1) ** power_t``;
        - "adaptive": divided by 5 whenever training would stop by `n_iter_no_change`, until
          it is 1e-6 (`partial_fit`, which does not stop, keeps it);
        - "exponential": times ``decay_rate ** (epoch / decay_steps)``;
        - "step": times ``decay_rate ** (epoch // decay_steps)``;
        - "cosine": half a cosine down to 0 at `max_iter`.

        Each fit begins anew; so does a first `partial_fit`, and others go on.""",
    )
    learning_rate_init: Positive = parameter(0.01, "Initial learning rate.")
    power_t: NonNegative = parameter(0.5, 'Exponent of "invscaling".')
    decay_rate: PositiveFraction = parameter(0.5, 'Factor of "exponential" and "step".')
    decay_steps: Positive = parameter(20, 'Epochs over which `decay_rate` acts in "exponential" and "step".')
    warmup: NonNegative = parameter(0, "Epochs over which the learning rate rises in equal steps from 0.")
    max_iter: Count = parameter(300, "Maximum number of epochs (passes over the data).")
    max_grad_norm: Positive | None = parameter(
        1.0,
        """Gradients of larger norm are scaled down to it [3]_; None: never. The limit grows with the
        weights of the sequences in a batch (docs/math.md).""",
    )
    shuffle: bool = parameter(True, "Whether each epoch takes the sequences in a new random order.")
    random_state: RandomState = parameter(
        None, "Initial weights, shuffling and dropout. From a RandomState one seed is drawn."
    )
    beta_1: Fraction = parameter(0.9, "Decay of Adam's and AdamW's first moments [2]_.")
    beta_2: Fraction = parameter(0.999, "Decay of Adam's and AdamW's second moments.")
    epsilon: Positive = parameter(1e-8, "Guard against division by zero of Adam, AdamW and RMSprop.")
    momentum: Fraction = parameter(0.9, 'Momentum of "sgd".')
    nesterovs_momentum: bool = parameter(True, "Whether the momentum is Nesterov's.")
    rho: Fraction = parameter(0.99, "Decay of RMSprop's mean square of gradients.")


class Stopping:
    """The end of training, and validation."""

    tol: NonNegative = parameter(
        1e-4,
        """Training stops when the loss has not fallen by `tol` below its best for
        `n_iter_no_change` epochs; with `early_stopping` when the validation score has not
        risen by `tol`, nor the validation loss fallen by `tol` at a score equal to the best.""",
    )
    n_iter_no_change: Count | Infinity = parameter(10, "Number of epochs that training waits for; see `tol`.")
    early_stopping: bool = parameter(
        False,
        """Whether the score on held-out sequences decides when to stop, and the weights of the
        best epoch are taken; of several epochs with the same score, those of the one with the
        least validation loss. The sequences are the `X_val` of `fit`, or else a fraction of the
        training data, classes in their proportions. Each fit draws it anew, but fits that go on
        with `warm_start` hold out the same sequences of the same data.""",
    )
    validation_fraction: OpenFraction = parameter(
        0.1, "Fraction of the training sequences that `early_stopping` holds out where there is no `X_val`."
    )
    scoring: str | Callable[..., float] | None = parameter(
        None,
        """The validation score: None for that of `score`, "loss" for the negative loss, or a scorer
        of scikit-learn's.""",
    )


class Execution:
    """How a fit runs."""

    warm_start: bool = parameter(False, "Whether `fit` goes on from the weights of the last fit.")
    dtype: Literal["float32", "float64"] = parameter("float32", "Precision of weights and arithmetic.")
    matmul_precision: Literal["highest", "high", "medium"] = parameter(
        "highest",
        """Precision of the matrix products of GRU layers in fits and predictions, at least: "highest"
        multiplies in `dtype`; "high" takes each float32 number as the sum of two of bfloat16, some
        16 bits; "medium" rounds to bfloat16. Sums, states, gates and weights stay in float32. On
        processors without AMX, or with ``dtype="float64"``, all three are the same.""",
    )
    n_jobs: Count | Negative | None = parameter(
        None,
        """Threads of fit, and of the predictions after it; negative: all processors but
        ``-n_jobs - 1``. Unlike in scikit-learn, None means as many as are allowed:
        processors of this process, ``OMP_NUM_THREADS``, joblib's and threadpoolctl's
        limits. Neither the model nor its predictions depend on it.""",
    )
    verbose: Verbose = parameter(
        False,
        """Whether to print a line an epoch: loss, validation loss and score where there are any,
        learning rate, time.""",
    )


ClassifierParameters = parameters(
    Network,
    Directions,
    Readout,
    Convolutions,
    ConvolutionPooling,
    Embedding,
    Frames,
    Standardization,
    Dropout,
    Classification,
    Training,
    Stopping,
    Execution,
    positional=["hidden_layer_sizes"],
)
RegressorParameters = parameters(
    Network,
    Directions,
    Readout,
    Convolutions,
    ConvolutionPooling,
    Embedding,
    Frames,
    Standardization,
    Dropout,
    Regression,
    Training,
    Stopping,
    Execution,
    positional=["hidden_layer_sizes"],
)
ForecasterParameters = parameters(
    Network,
    Directions,
    Readout,
    Forecasting,
    Dropout,
    ForecastLoss,
    Training,
    ForecastStopping,
    Execution,
    positional=["hidden_layer_sizes"],
    hidden_layer_sizes=(32,),
    alpha=0.1,
    learning_rate="constant",
    learning_rate_init=0.003,
    max_iter=300,
)
