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
from ._parameters import Dropout, Execution, Network, Training

Sequencer = Annotated[Any, HasMethods(["fit", "transform"])]


class Translation:
    """Sequences in, sequences out."""

    source: Sequencer | None = parameter(
        None,
        """A `TextSequencer` for X, which is cloned. None: for texts ``TextSequencer(analyzer="char",
        lowercase=False, add_end=True)``, for sequences of str tokens the same with ``analyzer=None``; integer
        tokens need none.""",
    )
    target: Sequencer | None = parameter(
        None,
        """The same for y. It must have ``add_end=True``, for the end is what completes an answer. With
        ``add_start=True`` the decoder begins after the start, else after the end.""",
    )
    embedding_dim: Count = parameter(64, "Width of the vectors of tokens, of X and of y.")
    attention: Literal["dot", "general", "additive"] | None = parameter(
        "general",
        """How the decoder attends to the states of the encoder: by products with its own states ("dot"),
        after a product with a matrix that is learned ("general") [2]_, or in each step before its state is
        known, by a network of one layer ("additive") [3]_. None: it knows the last states of the encoder
        only [1]_.""",
    )
    bidirectional_encoder: bool = parameter(
        True,
        """Whether the encoder reads a sequence from its last token to its first, too. The layers of the
        decoder are as wide as both directions together.""",
    )
    scheduled_sampling: ClosedFraction = parameter(
        0.0,
        """Probability with which the decoder reads, in training, its own most probable token in place of the
        right one [4]_. It rises in equal steps from 0 in the first epoch to this in the last of `max_iter`;
        in `partial_fit` it is this. Costs another pass forward.""",
    )
    max_target_length: Count | None = parameter(
        None,
        """Most tokens of an answer, without the end. Longer ones are an error in `fit`, and `predict` stops
        there. None: one and a half times the longest of the first fit.""",
    )


class TranslationStopping:
    """The end of training, and validation."""

    tol: NonNegative = parameter(
        1e-4,
        """Training stops when the loss has not fallen by `tol` below its best for `n_iter_no_change` epochs;
        with `early_stopping` when the validation score has not risen by `tol`, nor the validation loss fallen
        by `tol` at a score equal to the best.""",
    )
    n_iter_no_change: Count | Infinity = parameter(10, "Number of epochs that training waits for; see `tol`.")
    early_stopping: bool = parameter(
        False,
        """Whether the score on held-out pairs decides when to stop, and the weights of the best epoch are
        taken; of several epochs with the same score, those of the one with the least validation loss. The
        pairs are the `X_val` and `y_val` of `fit`, or else a fraction of the training data.""",
    )
    validation_fraction: OpenFraction = parameter(
        0.1, "Fraction of the training pairs that `early_stopping` holds out where there is no `X_val`."
    )
    scoring: Literal["loss"] | None = parameter(
        None,
        """The validation score: None for the fraction of answers that are right as a whole, as in `score`, or
        "loss" for the negative loss, which takes no search.""",
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
