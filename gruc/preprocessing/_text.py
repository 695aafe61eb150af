"""TextSequencer: CountVectorizer for networks that read tokens in their order."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from ..conventions.parameter_names import ParameterNamesMixin
from ..conventions.parameters import fit_context
from ..conventions.pickles import VersionedPickleMixin
from ..conventions.transactions import all_or_nothing
from ..conventions.user_warnings import warn_user
from ..sequences.analyzers import Analyzer, as_documents
from ..sequences.vocabulary import (
    END,
    MISSING,
    START,
    TextEncoder,
    TokenRules,
    counted,
    selected,
    terms_in_order,
    token_lists,
)
from ._parameters import TextParameters
from ._vocabularies import (
    as_index,
    decoded,
    has_upper_case,
    labels_per_token,
    limits_of,
    warn_of_other_stop_words,
)


class TextSequencer(
    TextParameters,
    ParameterNamesMixin,
    VersionedPickleMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,  # type: ignore[call-arg]
):
    """Convert texts to sequences of integer tokens, for estimators with `embedding_dim`.

    The counterpart of `sklearn.feature_extraction.text.CountVectorizer` for sequence models, with the same
    parameters where they apply. Tokens keep their order, and by default each word, punctuation mark or
    character is a token.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Terms and their tokens: "<unk>" is 0 (unless a given mapping differs), followed by "<s>" and "</s>" if
        they are in use, and by all terms in sorted order. A term of a text that equals one of them is that
        token, too.
    n_tokens_ : int
        Number of tokens, as `n_tokens` of the estimators: the largest token plus 1.
    lowercase_ : bool
        Whether texts are converted to lower case.

    See Also
    --------
    load_word_vectors : Word vectors for `embedding_weights`, and their vocabulary.

    Notes
    -----
    Terms are counted after `max_length` has been applied, so that each of them occurs in the result of
    `fit_transform`. Characters are Unicode code points. To make texts equal that are composed differently
    ("é" as one code point or two), use ``preprocessor=partial(unicodedata.normalize, "NFC")``.

    Examples
    --------
    >>> from gruc.preprocessing import TextSequencer
    >>> texts = ["To be, or not to be.", "Be!"]
    >>> sequencer = TextSequencer().fit(texts)
    >>> sequencer.get_feature_names_out().tolist()
    ['<unk>', '!', ',', '.', 'be', 'not', 'or', 'to']
    >>> sequencer.transform(["To be? Not I!"])
    [array([7, 4, 0, 5, 0, 1], dtype=int32)]

    A classifier of texts:

    >>> from gruc import GRUClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> X, y = ["aab", "abb", "bba", "baa"] * 8, ["a first", "a first", "b first", "b first"] * 8
    >>> model = make_pipeline(
    ...     TextSequencer(analyzer="char"), GRUClassifier((8,), embedding_dim=4, random_state=0)
    ... )
    >>> model.fit(X, y).predict(["ababab"]).tolist()
    ['a first']
    """

    _parameters_elsewhere = {"binary": "a parameter of CountVectorizer; tokens are not counted here"}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = self.vocabulary is None
        return tags

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing: sequences are always lists of arrays, which a DataFrame cannot hold.

        Parameters
        ----------
        transform : {"default"} or None, default=None

        Returns
        -------
        self : TextSequencer

        Raises
        ------
        ValueError
            If another container is requested.
        """
        if transform not in (None, "default"):
            raise ValueError(
                f"TextSequencer returns a list of arrays, which transform={transform!r} cannot hold. In "
                "a pipeline call set_output of the step that it is meant for."
            )
        return self

    def fit(self, X: Iterable, y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str or bytes
            Texts; with ``analyzer=None`` sequences of str tokens; for files see `input`.
        y : array-like or None, default=None
            Only used by ``lowercase="auto"``.

        Returns
        -------
        self : TextSequencer

        Raises
        ------
        ValueError
            If X is a single text or contains other objects than texts, parameters contradict each other, or
            no term remains.
        """
        self.fit_transform(X, y)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Iterable, y: Any = None) -> list[NDArray[Any]]:
        """Learn the vocabulary, and return the sequences.

        Parameters
        ----------
        X : iterable of str or bytes
            Texts; with ``analyzer=None`` sequences of str tokens; for files see `input`.
        y : array-like or None, default=None
            Only used by ``lowercase="auto"``.

        Returns
        -------
        list of ndarray of shape (n_steps_i,)
        """
        dtype, rules, documents = self._dtype(), self._rules(), as_documents(X)
        given = None if self.vocabulary is None else as_index(self.vocabulary, rules.special)
        self._warn_of_unused()
        with all_or_nothing(self) as attempt:
            attempt.lowercase_ = self._lowercases(documents, y, rules, given)
            analyzer = attempt._analyzer()
            warn_of_other_stop_words(analyzer)
            if given is None:
                index, flat, lengths = self._learned(analyzer, rules, documents)
                sequences = rules.sequences(flat, lengths, index, dtype)
            else:
                index = given
                sequences = TextEncoder(analyzer, rules, index, dtype).encode(documents)
            attempt.vocabulary_, attempt.n_tokens_ = index, len(index)
            _check_fits(len(index), dtype)
        return sequences

    def transform(self, X: Iterable) -> list[NDArray[Any]]:
        """Transform texts to sequences of tokens.

        Parameters
        ----------
        X : iterable of str or bytes
            As in `fit`.

        Returns
        -------
        list of ndarray of shape (n_steps_i,)

        Raises
        ------
        ValueError
            If X is a single text or contains other objects than texts.
        NotFittedError
            If neither `fit` was called nor `vocabulary` given.
        """
        return self._encoder().encode(as_documents(X))

    def inverse_transform(self, X: Iterable) -> list[NDArray[Any]]:
        """Transform sequences of tokens back to terms, including special tokens.

        Parameters
        ----------
        X : list of arrays of int of shape (n_steps_i,), or an array (n_sequences, n_steps)

        Returns
        -------
        list of ndarray of str of shape (n_steps_i,)
            Of characters, ``"".join`` makes a text.

        Raises
        ------
        ValueError
            If a token is not in the vocabulary.
        """
        return decoded(X, self.get_feature_names_out())

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Terms in the order of their tokens, including special tokens.

        Parameters
        ----------
        input_features : None
            Ignored; present for compatibility with pipelines.

        Returns
        -------
        ndarray of str objects of shape (n_tokens_,)
        """
        return np.array(terms_in_order(self._index()), dtype=object)

    def build_analyzer(self) -> Analyzer:
        """Return a function that splits a document into tokens.

        Returns
        -------
        callable
            Before `fit`, ``lowercase="auto"`` is True.
        """
        return self._analyzer()

    # ---- from parameters to what computes

    def _analyzer(self, lowercase=None):
        if lowercase is None:
            lowercase = self.lowercase if self.lowercase != "auto" else getattr(self, "lowercase_", True)
        lengths = self.ngram_range
        if len(lengths) != 2 or not 1 <= lengths[0] <= lengths[1]:
            raise ValueError(
                f"ngram_range={lengths!r} is invalid: it must be two integers, the first at least 1 and not "
                "larger than the second."
            )
        if self.token_pattern is None and self.tokenizer is None and self.analyzer == "word":
            raise ValueError('token_pattern is None, so analyzer="word" needs a tokenizer.')
        return Analyzer(
            analyzer=self.analyzer,
            input=self.input,
            encoding=self.encoding,
            decode_error=self.decode_error,
            strip_accents=self.strip_accents,
            lowercase=bool(lowercase),
            preprocessor=self.preprocessor,
            tokenizer=self.tokenizer,
            stop_words=self._stop_words(),
            token_pattern=self.token_pattern,
            ngram_range=tuple(lengths),
        )

    def _stop_words(self):
        if self.stop_words is None or self.analyzer != "word":
            return None
        return frozenset(ENGLISH_STOP_WORDS if isinstance(self.stop_words, str) else self.stop_words)

    def _rules(self):
        rules = TokenRules(self.max_length, self.truncation, self.unknown, self.add_start, self.add_end)
        rules.check()
        return rules

    def _dtype(self):
        try:
            dtype = np.dtype(self.dtype)
        except TypeError:
            dtype = None
        if dtype is None or dtype.kind not in "iu":
            raise ValueError(f"dtype must be an integer type; got {self.dtype!r}.")
        return dtype

    def _encoder(self):
        """The `TextEncoder` of what was fitted, or of the given vocabulary."""
        return TextEncoder(self._analyzer(), self._rules(), self._index(), self._dtype())

    def _index(self):
        if hasattr(self, "vocabulary_"):
            for name, term in (("add_start", START), ("add_end", END)):
                if getattr(self, name) and term not in self.vocabulary_:
                    raise ValueError(
                        f"{name} was set after fit, and the vocabulary has no {term!r}; fit again."
                    )
            return self.vocabulary_
        if self.vocabulary is None:
            raise NotFittedError("This TextSequencer has no vocabulary yet: call fit, or give one.")
        return as_index(self.vocabulary, self._rules().special)

    # ---- fit

    def _lowercases(self, documents, y, rules, given):
        """Whether texts are converted to lower case."""
        if self.lowercase != "auto":
            if self.lowercase and given is not None and has_upper_case(given, rules.special):
                warn_user(
                    "Upper case characters found in vocabulary while 'lowercase' is True. These entries will "
                    "not be matched with any documents"
                )
            return bool(self.lowercase)
        if given is not None and has_upper_case(given, rules.special):
            return False
        if self.input != "content":  # files can be read once
            return True
        lengths = labels_per_token(y)
        if lengths is None or len(lengths) != len(documents):
            return True
        tokens = token_lists(self._analyzer(lowercase=False), TokenRules(), documents)
        return any(len(part) != length for part, length in zip(tokens, lengths, strict=True))

    def _learned(self, analyzer, rules, documents):
        """The vocabulary of documents, and all their tokens, one after another, and the numbers of them."""
        limits = limits_of(self.min_df, self.max_df, len(documents))
        terms, flat, lengths = counted(analyzer, rules, documents)
        if not terms:
            raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
        kept = selected(flat, lengths, len(terms), limits, self.max_features)
        if not kept.any():
            raise ValueError("After pruning, no terms remain. Try a lower min_df or a higher max_df.")
        index = {term: token for token, term in enumerate(rules.special)}
        tokens = np.empty(len(terms), np.int32)
        for i, term in enumerate(terms):
            tokens[i] = index.setdefault(term, len(index)) if kept[i] else index.get(term, MISSING)
        return index, tokens[flat], lengths

    def _warn_of_unused(self):
        """Warn of parameters that were set and have no effect beside others, as CountVectorizer does."""
        causes = {}
        if self.analyzer != "word":
            causes |= dict.fromkeys(("tokenizer", "stop_words", "token_pattern"), "analyzer")
        elif self.tokenizer is not None:
            causes["token_pattern"] = "tokenizer"
        if self.analyzer is None or callable(self.analyzer):
            names = ("preprocessor", "strip_accents", "lowercase", "ngram_range")
            causes |= dict.fromkeys(names, "analyzer")
        elif self.preprocessor is not None:
            causes |= dict.fromkeys(("strip_accents", "lowercase"), "preprocessor")
        if self.vocabulary is not None:
            causes |= dict.fromkeys(("min_df", "max_df", "max_features"), "vocabulary")
        for part in self._declared:
            value = getattr(self, part.name)
            if part.name in causes and value is not None and value != part.default:
                cause = causes[part.name]
                warn_user(f"The parameter {part.name!r} will not be used, because of {cause!r} as given.")


def _check_fits(n_tokens, dtype):
    if n_tokens - 1 > np.iinfo(dtype).max:
        raise ValueError(f"{n_tokens} tokens do not fit into dtype={dtype.name}.")


# the module that pickles name; doctest finds the class by the second line
TextSequencer.__module__ = "gruc.preprocessing"
__test__ = {"TextSequencer": TextSequencer}
