"""Methods that `LanguagePredictor` and the fitted language model have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np

from .. import kernels
from ..outputs import Values
from .language_stream import LanguageStream
from .language_texts import TEXTS, Vocabulary
from .predictor import Predictor
from .stream import Stream

# elements of outputs that are made at a time
OUTPUTS_AT_ONCE = 1 << 20

# Tokens of a sample that there is memory for at first; then as many as are written already.
FIRST_PIECE = 4096


class LanguageMixin:
    """Mixin for what holds a fitted language model: how probable texts are, texts, and features of texts.

    Classes define ``_fitted_predictor()``, the `Predictor`, and ``_fitted_vocabulary()``, the `Vocabulary`.
    """

    _fitted_predictor: Callable[[], Predictor]
    _fitted_vocabulary: Callable[[], Vocabulary]

    # ---- how probable texts are

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log-likelihood per token, in nats.

        Parameters
        ----------
        X : str, list of str, or tokens, as in the fit
            As in `fit`. Several texts are read one after the other, each followed by the end token.
        y : None
            Ignored; present for compatibility with scikit-learn.

        Returns
        -------
        float
            Mean logarithm of the probability of each token given all previous ones. A character or word
            that is not in the vocabulary counts as "<unk>".
        """
        vocabulary = self._fitted_vocabulary()
        _, tokens = vocabulary.joined(X)
        return log_likelihood(self._fitted_predictor(), vocabulary, tokens) / len(tokens)

    def perplexity(self, X: Any) -> float:
        """Perplexity: the exponential of the negative `score`.

        Parameters
        ----------
        X : str, list of str, or tokens, as in the fit

        Returns
        -------
        float
            The number of equally probable tokens that would be as uncertain.
        """
        return math.exp(-self.score(X))

    def bits_per_character(self, X: Any) -> float:
        """Negative log-likelihood per character, in bits.

        Parameters
        ----------
        X : str or list of str

        Returns
        -------
        float
            The negative log-likelihood of all tokens, including end tokens, in bits, divided by the number of
            characters of X. It allows models with different tokens to be compared.

        Raises
        ------
        ValueError
            If X has no characters, such as integer tokens.
        """
        vocabulary = self._fitted_vocabulary()
        documents, tokens = vocabulary.joined(X)
        if documents.kind != TEXTS or documents.n_characters == 0:
            raise ValueError("X has no characters; use perplexity for tokens.")
        nats = -log_likelihood(self._fitted_predictor(), vocabulary, tokens)
        return nats / math.log(2) / documents.n_characters

    # ---- what it writes

    def sample(
        self,
        length: int,
        *,
        prefix: Any = "",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        repetition_penalty: float = 1.0,
        random_state: Any = None,
    ) -> Any:
        """Generate text token by token, each drawn from its distribution given the previous ones.

        Parameters
        ----------
        length : int
            Number of tokens to generate; fewer if the model generates an end token.
        prefix : str, or sequence of str or of int, default=""
            Beginning of the text, which is read and is not part of the result. "": no prefix.
        temperature : float, default=1.0
            Divisor of the logits: below 1, likely tokens become more likely. 0 always takes the most likely
            token.
        top_k : int or None, default=None
            Draw from this many of the most likely tokens only.
        top_p : float or None, default=None
            Draw from the smallest set of most likely tokens with at least this total probability (nucleus
            sampling, Holtzman et al. 2020).
        repetition_penalty : float, default=1.0
            Makes tokens of the prefix and generated tokens less likely: positive logits are divided by it,
            negative ones multiplied (Keskar et al. 2019). 1 has no effect.
        random_state : int, RandomState instance, Generator or None, default=None
            Pass an int for reproducible samples.

        Returns
        -------
        str, list of str, or ndarray of shape (n,), int32
            Text, with spaces between words, or tokens if the model was fitted on tokens. The unknown token
            is never drawn.

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of range, or the prefix cannot be read by the model.

        Examples
        --------
        >>> from gruc import GRULanguageModel
        >>> names = ["anna", "berta", "carla", "dora"] * 50
        >>> model = GRULanguageModel(hidden_layer_sizes=(16,), window=4, random_state=0).fit(names)
        >>> model.sample(20, prefix="ca", temperature=0)
        'rla'
        """
        _check_real("temperature", temperature, lambda v: v >= 0, "0 or larger")
        _check_real("top_p", 1.0 if top_p is None else top_p, lambda v: 0 < v <= 1, "above 0, and at most 1")
        _check_real("repetition_penalty", repetition_penalty, lambda v: v > 0, "larger than 0")
        _check_count("length", length, 0)
        _check_count("top_k", 1 if top_k is None else top_k, 1)
        vocabulary = self._fitted_vocabulary()
        marks = np.zeros(vocabulary.n_tokens, np.uint8)
        stream = Stream(_of_logits(self._fitted_predictor()))
        stream.step(vocabulary.end)
        if not hasattr(prefix, "__len__") or len(prefix):
            read = vocabulary.of_one(prefix, "prefix")
            if len(read):
                stream.step(read)
                marks[read] = kernels.inference.SEEN
        if vocabulary.encoder is not None:
            marks[vocabulary.unknown] |= kernels.inference.NEVER
        if not vocabulary.several:
            marks[vocabulary.end] |= kernels.inference.NEVER
        generator, written = _generator(random_state), [np.zeros(0, np.int32)]
        k = min(top_k or 0, vocabulary.n_tokens)
        sharpness = float(temperature), int(k), 1.0 if top_p is None else float(top_p)
        n = n_drawn = 0
        while n < length and n == n_drawn:  # piece by piece, for a text may end long before its length
            tokens = np.empty(min(length - n, max(n, FIRST_PIECE)), np.int32)
            uniforms = generator.random(len(tokens))
            n_written = stream.draw(
                tokens, uniforms, marks, vocabulary.end, sharpness, float(repetition_penalty)
            )
            written.append(tokens[:n_written])
            n, n_drawn = n + n_written, n_drawn + len(tokens)
        return vocabulary.text_of(np.concatenate(written))

    def stream(self) -> LanguageStream:  # type: ignore[override]
        """Open a stream for a text that arrives token by token.

        Returns
        -------
        LanguageStream
            Its ``step(token)`` reads a token, and returns the log-probabilities of the next one, an array
            (n_tokens_,).

        Examples
        --------
        >>> import numpy as np
        >>> from gruc import GRULanguageModel
        >>> model = GRULanguageModel(hidden_layer_sizes=(8,), random_state=0).fit("abcabcabcabc" * 100)
        >>> stream = model.stream()
        >>> log_probabilities = stream.step("a")
        >>> int(log_probabilities.argmax()) == model.vocabulary_["b"]
        True
        """
        return LanguageStream(Stream(_of_logits(self._fitted_predictor())), self._fitted_vocabulary())

    # ---- what it makes of texts

    def hidden_states(self, X: Any, layer: int = -1) -> Any:  # type: ignore[override]
        """Hidden states of a layer after each token.

        Parameters
        ----------
        X : str, list of str, or tokens, as in the fit
            As in `fit`; each text is read separately.
        layer : int, default=-1
            Index of the layer: 0 is the first, -1 the last.

        Returns
        -------
        ndarray of shape (n_tokens, n_units), or list of ndarray of shape (n_tokens_i, n_units)
            A list for several texts.

        Raises
        ------
        ValueError
            If there is no such layer, or a text has no tokens.
        """
        documents, texts = self._each_from_its_start(X)
        states = [part[1:] for part in self._fitted_predictor().hidden_states(texts, layer)]
        return states if documents.several else states[0]

    def gate_activations(self, X: Any, layer: int = -1) -> dict[str, Any]:  # type: ignore[override]
        """Gate activations of a layer at each token.

        Parameters
        ----------
        X : str, list of str, or tokens, as in the fit
            As in `hidden_states`.
        layer : int, default=-1
            Index of the layer: 0 is the first, -1 the last.

        Returns
        -------
        dict of "reset", "update", "candidate"
            Each as in `hidden_states`; "update" is the share of the old state that is kept. With
            ``cell="fio"`` "forget", "input", "output" and "candidate".
        """
        documents, texts = self._each_from_its_start(X)
        gates = {}
        for name, parts in self._fitted_predictor().gate_activations(texts, layer).items():
            parts = [part[1:] for part in parts]
            gates[name] = parts if documents.several else parts[0]
        return gates

    def _each_from_its_start(self, X):
        """`Documents` of X, and what is read of each: the end of another text, and its tokens."""
        vocabulary = self._fitted_vocabulary()
        documents, tokens = vocabulary.without_ends(X)
        for i, part in enumerate(tokens):
            if not len(part):
                raise ValueError(f"X{f'[{i}]' * documents.several} is a text without tokens.")
        start = np.array([vocabulary.end], np.int32)
        return documents, [np.concatenate([start, part]) for part in tokens]


def log_likelihood(predictor, vocabulary, tokens):
    """Log-likelihood, in nats, of an array of tokens (n,), which begins a text."""
    total, states = 0.0, None
    packed, dtype = predictor._prepared(), predictor.parameters.dtype
    read = np.concatenate([[vocabulary.end], tokens[:-1]]).astype(np.int32)
    n_rows = max(OUTPUTS_AT_ONCE // vocabulary.n_tokens, 1)
    for start in range(0, len(tokens), n_rows):
        sequences = predictor.inputs.check([read[start : start + n_rows]], dtype)
        batch = predictor.inputs.gather(sequences, np.array([0]), dtype)
        outputs, states = predictor.network.infer_onwards(packed, batch, states)
        of_tokens = predictor.decoding.log_probabilities(outputs)
        wanted = tokens[start : start + n_rows]
        total += float(of_tokens[np.arange(len(wanted)), wanted].sum(dtype=np.float64))
    return total


def _of_logits(predictor):
    """The same predictor, whose streams give logits."""
    predictor._prepared()  # so that both share the packed weights
    logits = object.__new__(Predictor)
    vars(logits).update(vars(predictor), decoding=Values(predictor.config["n_outputs"]))
    return logits


def _generator(random_state):
    """What uniform numbers are drawn from."""
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(np.iinfo(np.int32).max)
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise type(error)(
            "random_state must be an integer from 0 on, a RandomState, a Generator or None; "
            f"got {random_state!r}."
        ) from None


def _check_real(name, value, is_valid, what):
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number; got {value!r}.")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite; got {value!r}.")
    if not is_valid(value):
        raise ValueError(f"{name} must be {what}; got {value!r}.")


def _check_count(name, value, least):
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer; got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be {least} or larger; got {value!r}.")
