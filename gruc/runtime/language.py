"""LanguagePredictor: a fitted language model that scores texts, and writes them."""

from __future__ import annotations

from typing import Any

from .inner_predictor import InnerPredictorMixin
from .language_mixin import LanguageMixin
from .language_texts import Vocabulary
from .predictor import Predictor


class LanguagePredictor(InnerPredictorMixin, LanguageMixin):
    """Language model of a saved `GRULanguageModel`, for scoring and generation only.

    Returned by `gruc.runtime.load`; requires NumPy only. Methods can be called by several threads at once.

    Parameters
    ----------
    predictor : Predictor
        Predictor of a network that outputs a logit for each token at each step.
    vocabulary : Vocabulary

    Attributes
    ----------
    predictor : Predictor

    Examples
    --------
    >>> import gruc
    >>> model = gruc.GRULanguageModel(hidden_layer_sizes=(16,), window=8, max_iter=40, random_state=0)
    >>> model.fit("to be or not to be, " * 50).save("hamlet.gruc")
    >>> predictor = gruc.runtime.load("hamlet.gruc")
    >>> predictor.sample(5, prefix="to be or not ", temperature=0)
    'to be'
    """

    def __init__(self, predictor: Predictor, vocabulary: Any):
        self.predictor, self.vocabulary = predictor, vocabulary

    def __getstate__(self):
        """Plain values and arrays, so that a pickle names no private class."""
        return {"predictor": self.predictor, "vocabulary": self.vocabulary.state()}

    def __setstate__(self, state):
        self.__init__(state["predictor"], Vocabulary.of_state(state["vocabulary"]))

    def _fitted_predictor(self):
        return self.predictor

    def _fitted_vocabulary(self):
        return self.vocabulary


# what pickles name; doctest finds the class by the second line
LanguagePredictor.__module__ = "gruc.runtime"
__test__ = {"LanguagePredictor": LanguagePredictor}
