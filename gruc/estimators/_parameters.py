"""Parameters of the estimators: groups, and which groups each estimator has.

After a change run tools/signatures.py, which writes _parameters.pyi.
"""

from collections.abc import Callable, Sequence
from inspect import cleandoc
from numbers import Integral
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
from ._network_parameters import ConvolutionPooling, Convolutions, Directions, Network, Readout

# far beyond what fits into memory, and what the kernels can count
StepCount = Annotated[int, Interval(Integral, 1, 2**31 - 1, closed="both")]
Negative = Annotated[int, Interval(Integral, None, -1, closed="right")]


class Embedding:
    """Integer tokens as inputs."""

    embedding_dim: Count | None = parameter(
        None,
        """Dimension of the token embeddings. If given, X consists of sequences of integer tokens, such
        as words or characters: a list of 1-D integer arrays, or a 2-D integer array. Each token is
        looked up in an embedding table, which is trained with the rest of the network. None: X is
        numeric.""",
    )
    n_tokens: Count | None = parameter(
        None,
        """Number of rows of the embedding table: the size of the vocabulary. None: the largest token of
        the first fit, or of the first call of `partial_fit`, plus 1. Larger tokens are an error, also
        in `predict` and `partial_fit`. Vectors of tokens that do not occur in that first fit or call
        are initialised with zeros.""",
    )
    embedding_weights: Sequence[float] | None = parameter(
        None,
        """Pretrained vectors of shape (n_tokens, embedding_dim), including those of special tokens,
        with which the embedding table is initialised. They are copied.""",
    )
    train_embedding: bool = parameter(
        True, "Whether the embedding table is trained. False freezes it, which costs nothing."
    )
    embedding_dropout: Fraction = parameter(
        0.0,
        """Fraction of the distinct tokens of a sequence that are replaced by the zero vector in
        training, wherever they occur in it, drawn anew in each training step. The vectors of the others
        are scaled up [6]_.""",
    )


class Frames:
    """Several steps as one input."""

    frame_length: StepCount | Literal["auto"] = parameter(
        "auto",
        """Number of consecutive steps that form one input of the network. "auto" chooses it by the
        lengths of the training sequences. Frames begin at step 0. The last frame, and a sequence
        shorter than a frame, are completed by repeating the last step. With `embedding_dim` it is 1;
        with `conv_channels`, "auto" is 1.""",
    )
    hop_length: StepCount | None = parameter(
        None,
        """Number of steps between the beginnings of two frames; None for `frame_length`. With longer
        hops, the steps between two frames are not read.""",
    )


class Standardization:
    """Scaling of the features."""

    standardize: bool = parameter(
        True,
        """Whether to centre and scale features by their weighted mean and standard deviation over all
        training steps. Regressors also scale the targets (see `loss`). Tokens are not scaled. With
        `warm_start` and `partial_fit` the statistics are those of the first call, or with `partial_fit`
        of the first calls until they have seen ten sequences.""",
    )


class Dropout:
    """Dropout."""

    dropout: Fraction = parameter(
        0.0,
        """Fraction of the inputs of each layer, including the output layer, that are set to 0 in
        training, drawn anew for each step. The others are scaled up.""",
    )
    recurrent_dropout: Fraction = parameter(
        0.0,
        """Fraction of the hidden states entering the recurrent product that are set to 0 in training,
        with the same mask for all steps of a sequence [6]_.""",
    )


class Classification:
    """Classes as targets."""

    label_smoothing: Fraction = parameter(
        0.0,
        """Fraction of the probability of a label that is distributed uniformly over all classes. Binary
        and multilabel targets are moved towards 1/2 by this fraction.""",
    )
    class_weight: Literal["balanced"] | dict[Any, float] | None = parameter(
        None,
        """Weights of the classes, ``{label: weight}``; "balanced": inversely proportional to the class
        frequencies. They are multiplied by `sample_weight`, and also apply to validation.""",
    )


class Regression:
    """Real values as targets."""

    loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] = parameter(
        "squared_error",
        """Loss function: "squared_error" (half the squared error), "absolute_error", "huber",
        "quantile", or "poisson" for counts and rates, where the network predicts the logarithm. With
        `standardize`, targets are centred and scaled, and predictions scaled back: by mean and standard
        deviation for "squared_error", by median and interquartile range for "absolute_error", "huber"
        and "quantile", which are robust to outliers, and not at all for "poisson".""",
    )
    quantile: OpenFraction | Sequence[float] = parameter(
        0.5, 'Quantile predicted with ``loss="quantile"``, or several in increasing order, for an interval.'
    )
    delta: Positive = parameter(
        0.25,
        """Residual at which the Huber loss changes from quadratic to linear. With `standardize` it is
        in units of the interquartile range of the target divided by 1.35, a robust standard deviation.
        Unlike `epsilon` of HuberRegressor it does not refer to the scale of the residuals, which are
        smaller: with 1.35, a network fits gross outliers.""",
    )


class Training:
    """Steps of the optimiser over mini-batches."""

    solver: Literal["adam", "adamw", "sgd", "rmsprop"] = parameter(
        "adam",
        """Optimiser: Adam [2]_, AdamW [4]_, stochastic gradient descent with momentum, or RMSprop, with
        torch's update rules.""",
    )
    alpha: NonNegative = parameter(
        0.0,
        """Strength of the penalty on weights (not on biases). As in MLPClassifier without
        `sample_weight`, it is divided by the number of targets in a batch: sequences, or steps if each
        step has a target. With "adamw" it is the decoupled weight decay. In an embedding table it acts,
        as momentum does, only on the tokens of the current step.""",
    )
    l1_ratio: ClosedFraction = parameter(
        0.0,
        """Share of the L1 term ``alpha * sum(abs(w))`` in the penalty; the rest is the L2 term
        ``alpha / 2 * sum(w**2)``. Must be 0 with "adamw".""",
    )
    batch_size: Count | Literal["auto"] = parameter(
        "auto",
        """Number of sequences in a mini-batch, at most all of them; "auto" is a 64th of the training
        sequences, but at least 8 and at most 128; with convolutions, `GRUClassifier` and `GRURegressor`
        take at least 16.""",
    )
    learning_rate: Literal["constant", "invscaling", "adaptive", "exponential", "step", "cosine"] = parameter(
        "adaptive",
        """Learning rate schedule, for every solver. It starts from `learning_rate_init`:

        - "constant";
        - "invscaling": divided by ``(sequences seen + 1) ** power_t``;
        - "adaptive": divided by 5 whenever training would stop because of `n_iter_no_change`, down to
          1e-6 (`partial_fit`, which never stops, keeps it constant);
        - "exponential": multiplied by ``decay_rate ** (epoch / decay_steps)``;
        - "step": multiplied by ``decay_rate ** (epoch // decay_steps)``;
        - "cosine": half a cosine, down to 0 at `max_iter`. Such a fit is meant to end there, so that
          there is no ConvergenceWarning.

        Each `fit`, and the first `partial_fit`, restarts the schedule; further calls of `partial_fit`
        continue it.""",
    )
    learning_rate_init: Positive = parameter(0.01, "Initial learning rate.")
    power_t: NonNegative = parameter(0.5, 'Exponent of the "invscaling" schedule.')
    decay_rate: PositiveFraction = parameter(0.5, 'Factor of the "exponential" and "step" schedules.')
    decay_steps: Positive = parameter(20, "Number of epochs after which `decay_rate` has been applied once.")
    warmup: NonNegative = parameter(
        0, "Number of epochs over which the learning rate increases linearly from 0."
    )
    max_iter: Count = parameter(300, "Maximum number of epochs (passes over the data).")
    max_grad_norm: Positive | None = parameter(
        1.0,
        """Maximum norm of the gradient; larger gradients are scaled down to it [3]_. None: no clipping.
        The limit grows with the weights of the sequences in a batch (docs/math.md).""",
    )
    shuffle: bool = parameter(True, "Whether to shuffle the sequences before each epoch.")
    random_state: RandomState = parameter(
        None,
        """Determines the initial weights, shuffling and dropout. Pass an int for reproducible results.
        If a RandomState is given, one seed is drawn from it.""",
    )
    beta_1: Fraction = parameter(0.9, "Decay rate of the first moments of Adam and AdamW [2]_.")
    beta_2: Fraction = parameter(0.999, "Decay rate of the second moments of Adam and AdamW.")
    epsilon: Positive = parameter(
        1e-8, "Added to denominators of Adam, AdamW and RMSprop for numerical stability."
    )
    momentum: Fraction = parameter(0.9, 'Momentum of the solver "sgd".')
    nesterovs_momentum: bool = parameter(True, "Whether to use Nesterov's momentum.")
    rho: Fraction = parameter(0.99, "Decay rate of the mean squared gradients of RMSprop.")


class Stopping:
    """The end of training, and validation."""

    tol: NonNegative = parameter(
        1e-4,
        """Tolerance of the stopping criterion. Training stops when the training loss has not improved
        on its best value by at least `tol` for `n_iter_no_change` epochs. With `early_stopping`, it
        stops when the validation score has not improved by `tol`, nor, at a score equal to the best,
        the validation loss.""",
    )
    n_iter_no_change: Count | Infinity = parameter(10, "Epochs without improvement, see `tol`.")
    early_stopping: bool = parameter(
        False,
        """Whether to stop training when the score on held-out sequences stops improving, and to restore
        the weights of the best epoch; of several epochs with the same score, the one with the lowest
        validation loss. The held-out sequences are `X_val` of `fit` or else a fraction of the training
        data, stratified by class. Each fit draws it anew, but fits that continue with `warm_start`
        hold out the same sequences of the same data.""",
    )
    validation_fraction: OpenFraction = parameter(
        0.1, "Fraction of the training sequences that `early_stopping` holds out if no `X_val` is given."
    )
    scoring: str | Callable[..., float] | None = parameter(
        None,
        """Validation score: None for that of the method `score`, "loss" for the negative loss, the name
        of a scikit-learn scorer, or a callable scorer.""",
    )


class Execution:
    """How a fit runs."""

    warm_start: bool = parameter(False, "Whether `fit` continues from the weights of the previous fit.")
    dtype: Literal["float32", "float64"] = parameter("float32", "Data type of weights and computations.")
    matmul_precision: Literal["highest", "high", "medium"] = parameter(
        "highest",
        """Minimum precision of the matrix products of GRU layers. "highest" multiplies in `dtype`; "high"
        represents each float32 number as the sum of two bfloat16 numbers, about 16 bits; "medium" rounds
        to bfloat16. Sums, states, gates and weights stay in float32. On processors without AMX, or with
        ``dtype="float64"``, all three are the same.""",
    )
    n_jobs: Count | Negative | None = parameter(
        None,
        """Number of threads of `fit` and of predictions. -1 means all processors, -2 all but one, and
        so on. Unlike in scikit-learn, None means as many threads as are allowed by the processors
        available to the process, ``OMP_NUM_THREADS``, joblib and threadpoolctl. Neither the model nor
        its predictions depend on it.""",
    )
    verbose: Verbose = parameter(
        False,
        """Whether to print one line per epoch: the loss, the validation loss and score if there are
        any, the learning rate and the time.""",
    )


def _or_auto(group: type, name: str, text: str) -> Any:
    """A parameter of a group with the default "auto", which a text explains."""
    return parameter("auto", f"{cleandoc(vars(group)[name].description)}\n{cleandoc(text)}")


class Automatic:
    """What is chosen by the lengths of the sequences: `_automatic.py` has the values."""

    pooling: Literal["auto", "last", "mean", "max", "attention"] | list[str] | tuple[str, ...] = _or_auto(
        Readout,
        "pooling",
        """
        "auto" is "last" without convolutions. With them it is ("mean", "max"), in GRUClassifier also
        "conv_mean" and "conv_max", and "last" if there are fewer than 100 sequences whose lengths
        differ.""",
    )
    conv_channels: Literal["auto"] | Count | Sequence[int] = _or_auto(
        Convolutions,
        "conv_channels",
        """
        "auto" is (32, 64, 64) for sequences of 48 steps and more, by the median, and () for shorter
        ones, for tokens, and where `frame_length` or `hop_length` is set. For 15 such long sequences or
        more, with no more than 30,000 steps all together, `fit` chooses one of the two by 3-fold
        cross-validation, unless `conv_kernel_size` or `pooling` is set, y is multilabel, or a class has
        a single sequence.""",
    )
    conv_kernel_size: Literal["auto"] | Count | Sequence[int] = _or_auto(
        Convolutions,
        "conv_kernel_size",
        """
        If `conv_channels` is "auto", "auto" is (17, 9, 5) for fewer than 100 sequences of one length,
        and (9, 5, 3) for others; else 5.""",
    )
    learning_rate: Literal["auto", "constant", "invscaling", "adaptive", "exponential", "step", "cosine"] = (
        _or_auto(
            Training,
            "learning_rate",
            '"auto" is "cosine" in `fit` with convolutions, else "adaptive".',
        )
    )
    learning_rate_init: Positive | Literal["auto"] = _or_auto(
        Training, "learning_rate_init", '"auto" is 0.002 with convolutions, else 0.01.'
    )
    max_iter: Count | Literal["auto"] = _or_auto(
        Training,
        "max_iter",
        """
        "auto" is 300; with convolutions 100, or fewer where an epoch has more than 50 batches, but
        20 at least.""",
    )


class Averaging:
    """Several networks."""

    n_estimators: Count | Literal["auto"] = parameter(
        "auto",
        """Number of networks that are trained with different initial weights, mini-batches and dropout
        masks. Their outputs, before softmax, sigmoid or exp, are averaged. Several networks are usually
        more accurate and better calibrated than one; the time of training and prediction and the size of
        the model are multiplied by their number. "auto" is 3 if `conv_channels` is "auto" and the sequences
        have 48 steps or more, by the median, and no more than 30,000 all together; otherwise, for tokens,
        where `frame_length` or `hop_length` is set, and in `partial_fit`, it is 1.""",
    )


class AutomaticPenalty:
    """What a regressor chooses by the number of sequences."""

    alpha: NonNegative | Literal["auto"] = _or_auto(
        Training,
        "alpha",
        """
        "auto" is ``0.3 * min(1, 150 / n_sequences) ** 2``, but 0 in `partial_fit`, with "adamw", with
        losses other than the squared error, for tokens, and without `standardize`.""",
    )


CHOSEN = [f"Training.{name}" for name in ("learning_rate", "learning_rate_init", "max_iter")]
CHOSEN_BY_REGRESSORS = [*CHOSEN, "Training.alpha"]
ClassifierParameters = parameters(
    Network,
    Directions,
    Automatic,
    ConvolutionPooling,
    Averaging,
    Embedding,
    Frames,
    Standardization,
    Dropout,
    Classification,
    Training,
    Stopping,
    Execution,
    positional=["hidden_layer_sizes"],
    without=CHOSEN,
)
RegressorParameters = parameters(
    Network,
    Directions,
    Automatic,
    ConvolutionPooling,
    Averaging,
    Embedding,
    Frames,
    Standardization,
    Dropout,
    Regression,
    AutomaticPenalty,
    Training,
    Stopping,
    Execution,
    positional=["hidden_layer_sizes"],
    without=CHOSEN_BY_REGRESSORS,
)
