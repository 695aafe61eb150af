"""What of a language model is explained: logits of the next token, by the tokens of a text before it."""

from typing import Any, NamedTuple

import numpy as np

from ..estimators import GRULanguageModel
from ..runtime import LanguagePredictor
from ..sequences.vocabulary import TextEncoder, TokenRules
from ._models import OpenedModel
from ._rows import Rows
from ._targets import Target
from ._texts import pieces_of


def is_language_model(model: Any) -> bool:
    """Whether this is a language model, as an estimator or as `gruc.runtime.load` returns it."""
    return isinstance(model, (GRULanguageModel, LanguagePredictor))


class OpenedLanguageModel(NamedTuple):
    """A fitted language model, and texts as its network reads them: after the token of an end.

    Parameters
    ----------
    model : OpenedModel
    vocabulary : Vocabulary
    documents : Documents
    """

    model: OpenedModel
    vocabulary: Any
    documents: Any

    @classmethod
    def of(cls, model, X):
        """A language model opened to look at what it says of X, each text read by itself."""
        vocabulary = model._fitted_vocabulary()
        documents, texts = model._each_from_its_start(X)
        predictor = model._fitted_predictor()
        sequences = predictor.inputs.check(texts, predictor.parameters.dtype)
        return cls(OpenedModel(predictor, sequences, None), vocabulary, documents)

    def rows(self, baseline):
        """Rows of the texts, and of their baseline."""
        return TextRows(self.model, baseline, self.documents.several)

    def target(self, given):
        """The output that is explained of each text."""
        lengths = self.model.predictor.inputs.lengths(self.model.sequences)
        return NextToken(self.model.predictor, given, lengths, self.vocabulary)

    def pieces(self, values):
        """The one text in pieces, each with its number; see `pieces_of`."""
        encoder = self.vocabulary.encoder
        if encoder is None:
            tokens = self.documents.texts[0]
            return [(f" {token} ", value) for token, value in zip(tokens, values, strict=True)]
        own = TextEncoder(encoder.analyzer, TokenRules(), encoder.index)  # which adds no end
        return pieces_of(own, self.documents.texts[0], values)

    def name_of_target(self, given):
        """What is explained of the one text, for titles."""
        if given is None:
            return "all steps"
        target = self.target(given)
        row = int(target.steps[0])
        if target.columns is None:
            token = int(np.argmax(self.model.predictor.outputs(self.model.sequences)[0][row]))
        else:
            token = int(target.columns[0])
        terms = (
            {}
            if self.vocabulary.encoder is None
            else {i: t for t, i in self.vocabulary.encoder.index.items()}
        )
        return f"next token {terms.get(token, token)!r} after step {row - 1}"


class TextRows(Rows):
    """Rows of texts; the first of each, which the model puts before it, is the same in the baseline.

    Parameters
    ----------
    opened : OpenedModel
    baseline : None or array
        As the user gives it.
    several : bool
        Whether X is a collection of texts, else one.
    """

    def __init__(self, opened, baseline, several):
        super().__init__(opened, baseline)
        self._several = several

    def packed(self, indices):
        """As of `Rows`."""
        batch, rows, base = super().packed(indices)
        first = np.arange(len(batch.lengths))  # packed rows lie step by step
        base = base.copy()
        base[first] = rows[first]
        return batch, rows, base

    def in_the_form_of_x(self, by_sequence):
        """Attributions of each text's own tokens; of one text without a list around it."""
        own = [attributed[1:] for attributed in by_sequence]
        return own if self._several else own[0]


class NextToken(Target):
    """Logits of the next token after steps of texts.

    Parameters
    ----------
    predictor : Predictor
    given : (step, token) or None
        As the user gives it.
    lengths : ndarray of shape (n,)
        Rows of each text, of which the first is not its own.
    vocabulary : Vocabulary
    """

    def __init__(self, predictor, given, lengths, vocabulary):
        if isinstance(given, tuple) and len(given) == 2:
            given = given[0], _as_integers(given[1], vocabulary)
        super().__init__(predictor, given, lengths - 1, "tokens")
        if self.steps is not None:
            self.steps = self.steps + 1

    def coefficients(self, outputs, batch, places):
        """As of `Target`; the answer before the first token of a text is no part of it."""
        coefficients = super().coefficients(outputs, batch, places)
        coefficients[: len(batch.lengths)] = 0
        return coefficients


def _as_integers(token, vocabulary):
    """Tokens given as str by their places in the vocabulary; anything else as it is."""
    given = np.asarray(token)
    if token is None or given.dtype.kind != "U":
        return token
    if vocabulary.encoder is None:
        raise ValueError(
            f"target has token {token!r}, but the model was fitted on integer tokens: give an integer from "
            f"0 to {vocabulary.n_tokens - 1}."
        )
    index = vocabulary.encoder.index
    for term in given.ravel().tolist():
        if term not in index:
            raise ValueError(
                f"target has token {term!r}, which is not in the vocabulary of the model; vocabulary_ lists "
                "its tokens."
            )
    return np.array([index[term] for term in given.ravel().tolist()]).reshape(given.shape)
