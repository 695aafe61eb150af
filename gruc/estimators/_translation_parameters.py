"""Parameters of GRUSeq2Seq; `_parameters.py` says more."""

from typing import Annotated, Any, Literal

from sklearn.utils._param_validation import HasMethods

from ..conventions.parameters import (
    ClosedFraction,
    Count,
    Infinity,
    NonNegative,
    OpenFraction,
    parameter,
    parameters,
)
from ._network_parameters import Network
from ._parameters import Dropout, Execution, Training

Sequencer = Annotated[Any, HasMethods(["fit", "transform"])]


class Translation:
    """Sequences in, sequences out."""

    source: Sequencer | None = parameter(
        None,
        """`TextSequencer` for X, which is cloned. None:
        ``TextSequencer(analyzer="char", lowercase=False, add_end=True)`` for texts, the same with
        ``analyzer=None`` for sequences of str tokens, and none for integer tokens.""",
    )
    target: Sequencer | None = parameter(
        None,
        """The same for y. It must have ``add_end=True``, because the end token completes an output
        sequence. With ``add_start=True`` the first input of the decoder is the start token, otherwise
        the end token.""",
    )
    embedding_dim: Count = parameter(64, "Dimension of the token embeddings of X and of y.")
    attention: Literal["dot", "general", "additive"] | None = parameter(
        "general",
        """How the decoder attends to the states of the encoder: by dot products with its own states
        ("dot"), by the same after multiplication with a learned matrix ("general") [8]_, or by a
        network with one hidden layer, which is evaluated before the state of the decoder is updated
        ("additive") [5]_. None: the decoder only starts from the last states of the encoder [1]_.""",
    )
    bidirectional_encoder: bool = parameter(
        True,
        """Whether the encoder also reads a sequence backwards. The layers of the decoder have as many
        units as both directions together.""",
    )
    scheduled_sampling: ClosedFraction = parameter(
        0.0,
        """Probability with which the decoder reads, in training, its own most probable token instead of
        the correct one [9]_. It increases linearly from 0 in the first epoch to this value in epoch
        `max_iter`; in `partial_fit` it is constant. Requires an additional forward pass.""",
    )
    max_target_length: Count | None = parameter(
        None,
        """Maximum number of tokens of an output sequence, without the end token. Longer sequences are
        an error in `fit`, and `predict` stops there. None: one and a half times the longest of the
        first fit.""",
    )


class TranslationStopping:
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
        """Whether to stop training when the score on held-out pairs stops improving, and to restore the
        weights of the best epoch. Of several epochs with the same score, the one with the lowest
        validation loss is taken. The held-out pairs are `X_val` and `y_val` of `fit` or else a fraction
        of the training data.""",
    )
    validation_fraction: OpenFraction = parameter(
        0.1, "Fraction of the training pairs that `early_stopping` holds out if no `X_val` is given."
    )
    scoring: Literal["loss"] | None = parameter(
        None,
        """Validation score: None for the exact match rate, as in the method `score`, or "loss" for the
        negative loss, which needs no decoding.""",
    )


TranslationParameters = parameters(
    Network,
    Translation,
    Dropout,
    Training,
    TranslationStopping,
    Execution,
    positional=["hidden_layer_sizes"],
    hidden_layer_sizes=(128,),
    learning_rate="cosine",
    learning_rate_init=0.003,
    max_iter=30,
)
