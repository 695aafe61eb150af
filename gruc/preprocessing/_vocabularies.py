"""Vocabularies as users give them, and what else `TextSequencer` checks."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np

from ..conventions.user_warnings import warn_user


def as_index(vocabulary, special):
    """A given vocabulary as a dict of str to int.

    Parameters
    ----------
    vocabulary : mapping of str to int, or iterable of str
        Special tokens that an iterable does not have are put before its terms.
    special : list of str
        Special tokens in use.
    """
    if isinstance(vocabulary, str):
        raise ValueError(f"vocabulary is the str {vocabulary!r:.60}; give its terms as a list.")
    is_mapping = isinstance(vocabulary, Mapping)
    terms = list(vocabulary) if not isinstance(vocabulary, set | frozenset) else sorted(vocabulary)
    if not terms:
        raise ValueError("empty vocabulary passed to fit")
    odd = next((term for term in terms if not isinstance(term, str)), None)
    if odd is not None:
        raise ValueError(f"vocabulary has the term {odd!r:.60}, which is not a str.")
    if is_mapping:
        _check_integers(vocabulary, special)
        return {str(term): int(token) for term, token in vocabulary.items()}
    given = set(terms)
    if len(given) < len(terms):
        seen = set()
        again = next(term for term in terms if term in seen or seen.add(term))
        raise ValueError(f"Duplicate term in vocabulary: {again!r}")
    terms = [term for term in special if term not in given] + terms
    return {str(term): token for token, term in enumerate(terms)}


def _check_integers(vocabulary, special):
    tokens = list(vocabulary.values())
    odd = next((token for token in tokens if not isinstance(token, Integral)), None)
    if odd is not None:
        raise ValueError(f"vocabulary maps a term to {odd!r:.60}; tokens are integers.")
    found = set(tokens)
    if len(found) != len(tokens):
        raise ValueError("Vocabulary contains repeated indices.")
    missing = next((token for token in range(len(tokens)) if token not in found), None)
    if missing is not None:
        raise ValueError(f"Vocabulary of size {len(tokens)} doesn't contain index {missing}.")
    absent = [term for term in special if term not in vocabulary]
    if absent:
        raise ValueError(
            f"vocabulary is a mapping without the special token {absent[0]!r}. Give it an integer of its own "
            "(and a row in embedding_weights, if you have such), or give the terms as a list: special tokens "
            "then come before them."
        )


def has_upper_case(index, special):
    """Whether terms of a vocabulary would not be found in texts in lower case."""
    return any(term != term.lower() for term in index if term not in special)


def warn_of_other_stop_words(analyzer):
    """Warn of stop words that are split, or changed, where they occur in texts, and so are not found."""
    stop_words = analyzer.stop_words
    if stop_words is None:
        return
    words = analyzer.tokenizer or analyzer.words
    others = sorted({token for word in stop_words for token in words(analyzer.prepare(word))} - stop_words)
    if others:
        warn_user(
            "Your stop_words may be inconsistent with your preprocessing. Tokenizing the stop words "
            f"generated tokens {others!r:.300} not in stop_words."
        )


def limits_of(min_df, max_df, n):
    """The least and the largest number of n documents, where shares are floats."""
    lowest = min_df if isinstance(min_df, Integral) else min_df * n
    highest = max_df if isinstance(max_df, Integral) else max_df * n
    if highest < lowest:
        raise ValueError("max_df corresponds to < documents than min_df")
    return lowest, highest


def labels_per_token(y):
    """Numbers of labels of each element of y; None if its elements are no sequences."""
    if hasattr(y, "to_list"):  # a Series
        y = y.to_list()
    if isinstance(y, np.ndarray) and y.dtype.kind in "biufc":  # several outputs, or several labels
        return None
    rows = list(y) if isinstance(y, (list, tuple, np.ndarray)) else []
    if not rows or not all(hasattr(row, "__len__") and not isinstance(row, (str, bytes)) for row in rows):
        return None
    return [len(row) for row in rows]


def decoded(X, names):
    """Arrays of the terms, by integer in `names`, of sequences of integers."""
    found = []
    for i, tokens in enumerate(X):
        tokens = np.asarray(tokens)
        if tokens.ndim != 1 or (len(tokens) and tokens.dtype.kind not in "iu"):
            raise ValueError(
                f"X[{i}] must be a 1-D array of integers; got shape {tokens.shape} of {tokens.dtype}."
            )
        tokens = tokens.astype(np.int64)
        bad = np.flatnonzero((tokens < 0) | (tokens >= len(names)))
        if len(bad):
            raise ValueError(
                f"X[{i}] has the token {tokens[bad[0]]} at step {bad[0]}; there are {len(names)} tokens."
            )
        found.append(names[tokens])
    return found
