"""Texts that arrive token by token at a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .language_texts import STR_TOKENS, Vocabulary

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import NDArray


class LanguageStream:
    """A text that arrives token by token; made by the method `stream` of a language model.

    Parameters
    ----------
    stream : Stream
        Of logits. It begins here.
    vocabulary : Vocabulary

    Attributes
    ----------
    stream : Stream
        It has `state`, `snapshot` and `restore`.
    log_probabilities : ndarray of shape (n_tokens,)
        Logarithms of the probabilities of the token that comes next, in float64; at the beginning of the
        first token of a text.
    """

    def __init__(self, stream, vocabulary):
        self.stream, self._vocabulary = stream, vocabulary
        self.reset()

    def step(self, token: Any) -> NDArray[np.float64]:
        """Read a token, or several, and return the log-probabilities of what comes next.

        Parameters
        ----------
        token : str, int or array of int
            Of a model of texts a character or a word, or a longer part of a text; of a model of str tokens
            one of them. Tokens by their number will do, too.

        Returns
        -------
        log_probabilities : ndarray of shape (n_tokens,)
            Of all tokens, by their number.

        Raises
        ------
        ValueError
            Tokens that the model does not have, or a str without tokens.
        """
        if isinstance(token, (str, bytes)):
            one = [token] if self._vocabulary.kind == STR_TOKENS else token
            token = self._vocabulary.of_one(one, "token")
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
        """Begin a new text."""
        self.stream.reset()
        self.step(self._vocabulary.end)


def _log_softmax(logits):
    logits = logits - logits.max()
    return logits - np.log(np.exp(logits).sum())


LanguageStream.__module__ = "gruc.runtime"  # as Stream
