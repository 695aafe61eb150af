"""Parameters of GRULanguageModel, with the groups that it alone has; `_parameters.py` says more."""

from collections.abc import Sequence
from typing import Literal

from ..conventions.parameters import (
    Count,
    Fraction,
    Infinity,
    NonNegative,
    OpenFraction,
    parameter,
    parameters,
)
from ._parameters import Dropout, Execution, Network, Training


class LanguageTokens:
    """What texts are read as."""

    analyzer: Literal["char", "word"] = parameter(
        "char",
        """Tokens of texts: characters, whitespace included; or words and punctuation marks, as
        `TextSequencer` finds them, without the whitespace between them. Sequences of str are tokens
        already.""",
    )
    lowercase: bool = parameter(False, "Whether texts are converted to lower case before.")
    min_frequency: Count = parameter(
        1,
        """Characters or words that occur less often in the texts of the first fit become "<unk>", one
        token for all of them, whose probability is then learned, too.""",
    )
    max_features: Count | None = parameter(
        None,
        'Number of characters or words that are kept, the most frequent ones; the others become "<unk>".',
    )
    vocabulary: Sequence[str] | dict | None = parameter(
        None,
        """The characters or words, instead of those found in the first fit; of a mapping the keys. Needed
        with `partial_fit` where later texts have others.""",
    )
    n_tokens: Count | None = parameter(
        None,
        """Size of the vocabulary where X is integer tokens; None: the largest token of the first fit, plus
        1. The model has one token more, the end of a sequence.""",
    )


class LanguageEmbedding:
    """Vectors of tokens."""

    embedding_dim: Count = parameter(64, "Width of the vectors of tokens, which are learned with the rest.")
    embedding_dropout: Fraction = parameter(
        0.0,
        """Fraction of the different tokens of a window that count as a vector of zeros in training, at all
        their places, drawn anew for each step; the vectors of the others are scaled up [6]_.""",
    )
    tie_weights: bool = parameter(
        False,
        """Whether the output layer scores tokens by the same vectors that they are read as [8]_. Where the
        last layer is not `embedding_dim` wide, a linear layer comes between. Saves weights where there are
        many tokens.""",
    )
    n_negatives: Count | None = parameter(
        None,
        """Tokens that are drawn for each step of training, beside those that the step reads: the probability
        of these is learned against them, instead of against all tokens [9]_. Saves time where there are tens
        of thousands. The output layer then has no bias. None: all tokens. Scores and samples are always of
        all.""",
    )


class Windows:
    """How a text is read in training."""

    window: Count = parameter(
        64,
        """Tokens that gradients go back, at most. The text is read in windows of so many tokens; each begins
        with the states that the window before it has left [1]_.""",
    )
    batch_size: Count | Literal["auto"] = parameter(
        "auto",
        """Places at which the text is read at once: it is divided into so many parts of equal length, which
        are read side by side; fewer where they would be shorter than a window. "auto": as many as leave 64
        windows to each, but 8 at least and 32 at most.""",
    )


class LanguageStopping:
    """The end of training, and validation."""

    tol: NonNegative = parameter(
        1e-4,
        """Training stops when the loss, or with `early_stopping` the loss on the held-out text, has not
        fallen by `tol` below its best for `n_iter_no_change` epochs.""",
    )
    n_iter_no_change: Count | Infinity = parameter(10, "Number of epochs that training waits for; see `tol`.")
    early_stopping: bool = parameter(
        False,
        """Whether the score on a held-out text decides when to stop, and the weights of the best epoch are
        taken. It is the `X_val` of `fit`, or else the last part of X.""",
    )
    validation_fraction: OpenFraction = parameter(
        0.1,
        """Fraction of the tokens, the last ones, that `early_stopping` holds out where there is no `X_val`;
        of several texts whole ones.""",
    )


LanguageParameters = parameters(
    LanguageTokens,
    LanguageEmbedding,
    Network,
    Windows,
    Dropout,
    Training,
    LanguageStopping,
    Execution,
    without=["Training.batch_size", "Training.shuffle"],
    hidden_layer_sizes=(128,),
    learning_rate="cosine",
    learning_rate_init=0.005,
    max_iter=20,
)
