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
from ._network_parameters import Network
from ._parameters import Dropout, Execution, Training


class LanguageTokens:
    """What texts are read as."""

    analyzer: Literal["char", "word"] = parameter(
        "char",
        """Tokens of a text: characters, including whitespace, or words and punctuation marks as in
        `TextSequencer`, without the whitespace between them. Has no effect on sequences of str
        tokens.""",
    )
    lowercase: bool = parameter(False, "Whether to convert texts to lower case first.")
    min_frequency: Count = parameter(
        1,
        """Characters or words that occur less often in the texts of the first fit are replaced by
        "<unk>", one token for all of them, so that its probability is learned.""",
    )
    max_features: Count | None = parameter(
        None,
        """Maximum number of characters or words in the vocabulary. The most frequent ones are kept; the
        others become "<unk>".""",
    )
    vocabulary: Sequence[str] | dict | None = parameter(
        None,
        """Characters or words of the vocabulary (of a mapping, its keys). None: those of the first fit.
        Needed with `partial_fit` if later texts contain others.""",
    )
    n_tokens: Count | None = parameter(
        None,
        """Size of the vocabulary if X consists of integer tokens. None: the largest token of the first
        fit, plus 1. The model has one additional token, the end of a sequence.""",
    )


class LanguageEmbedding:
    """Vectors of tokens."""

    embedding_dim: Count = parameter(64, "Dimension of the token embeddings.")
    embedding_dropout: Fraction = parameter(
        0.0,
        """Fraction of the distinct tokens of a window that are replaced by the zero vector in training,
        wherever they occur in it, drawn anew in each training step. The vectors of the others are
        scaled up [6]_.""",
    )
    tie_weights: bool = parameter(
        False,
        """Whether the output layer shares its weights with the embedding table [8]_. If the last GRU
        layer does not have `embedding_dim` units, a linear layer is inserted before the output layer.
        Saves weights with large vocabularies.""",
    )
    n_negatives: Count | None = parameter(
        None,
        """Number of negative samples: in each training step, the softmax is computed over the tokens of
        the mini-batch and this many randomly drawn ones, instead of all tokens (sampled softmax [9]_).
        Saves time with vocabularies of tens of thousands of tokens. The output layer then has no bias.
        None: all tokens. Scores and samples always use all tokens.""",
    )


class Windows:
    """How a text is read in training."""

    window: Count = parameter(
        64,
        """Number of tokens over which gradients are backpropagated. The text is read in windows of this
        length; each window starts with the final states of the previous one [5]_.""",
    )
    batch_size: Count | Literal["auto"] = parameter(
        "auto",
        """Number of parts of equal length into which the text is divided; they are read in parallel.
        Fewer if the parts would be shorter than a window. "auto": as many as leave 64 windows to each
        part, but at least 8 and at most 32.""",
    )


class LanguageStopping:
    """The end of training, and validation."""

    tol: NonNegative = parameter(
        1e-4,
        """Tolerance of the stopping criterion. Training stops when the training loss, or with
        `early_stopping` the loss on the held-out text, has not improved on its best value by at least
        `tol` for `n_iter_no_change` epochs.""",
    )
    n_iter_no_change: Count | Infinity = parameter(10, "Epochs without improvement, see `tol`.")
    early_stopping: bool = parameter(
        False,
        """Whether to stop training when the score on a held-out text stops improving, and to restore
        the weights of the best epoch. The held-out text is `X_val` of `fit` or else the last part of
        X.""",
    )
    validation_fraction: OpenFraction = parameter(
        0.1,
        """Fraction of the tokens, at the end of X, that `early_stopping` holds out if no `X_val` is
        given. Of a list of texts, whole texts are held out.""",
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
