"""Texts that arrive token by token at a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .language_texts import STR_TOKENS, Vocabulary

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import NDArray


class LanguageStream:
    """A text that arrives token by token; created by the method `stream` of a language model.

    Parameters
    ----------
    stream : Stream
        Stream of logits, at the beginning of a text.
    vocabulary : Vocabulary

    Attributes
    ----------
    stream : Stream
        The underlying stream, with `state`, `snapshot` and `restore`.
    log_probabilities : ndarray of shape (n_tokens,)
        Log-probabilities of the next token, in float64; at the beginning, those of the first token of a
        text.

    Examples
    --------
    >>> from gruc import GRULanguageModel
    >>> model = GRULanguageModel(hidden_layer_sizes=(8,), random_state=0).fit("abcabcabcabc" * 100)
    >>> stream = model.stream()
    >>> stream.step("ab").shape == (model.n_tokens_,)
    True
    """

    def __init__(self, stream, vocabulary):
        self.stream, self._vocabulary = stream, vocabulary
        self.reset()

    def step(self, token: Any) -> NDArray[np.float64]:
        """Read one or several tokens, and return the log-probabilities of the next token.

        Parameters
        ----------
        token : str, int or array of int
            A character, a word or a longer part of a text; for a model of str tokens, one of them. Token
            indices are accepted by all models.

        Returns
        -------
        log_probabilities : ndarray of shape (n_tokens,)
            Log-probabilities of all tokens, by index.

        Raises
        ------
        ValueError
            If a token is unknown, or a str contains no tokens.
        """
        if isinstance(token, (str, bytes)):
            if self._vocabulary.kind == STR_TOKENS:  # one of them, which may be that of the end
                token = self._vocabulary.encoder.encode_part([token])
            else:
                token = self._vocabulary.of_one(token, "token")
            if not len(token):
                raise ValueError("token is a text without tokens.")
        try:
            logits = self.stream.step(token)
        except ValueError as error:  # which is about "x"
            raise ValueError(str(error).replace("x ", "token ", 1)) from None
        self.log_probabilities = _log_softmax(logits)
        return self.log_probabilities.copy()

    def __getstate__(self):
        return vars(self) | {"_vocabulary": self._vocabulary.state()}

    def __setstate__(self, state):
        vars(self).update(state, _vocabulary=Vocabulary.of_state(state["_vocabulary"]))

    def reset(self) -> None:
        """Start a new text."""
        self.stream.reset()
        self.step(self._vocabulary.end)


def _log_softmax(logits):
    logits = logits - logits.max()
    return logits - np.log(np.exp(logits).sum())


LanguageStream.__module__ = "gruc.runtime"  # as Stream
__test__ = {"LanguageStream": LanguageStream}
