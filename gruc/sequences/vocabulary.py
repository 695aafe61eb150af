"""Tokens as integers: vocabularies, how they are counted, and sequences of tokens."""

from array import array
from collections import defaultdict
from itertools import islice, repeat
from typing import NamedTuple

import numpy as np

from .analyzers import analyzed

UNKNOWN, START, END = "<unk>", "<s>", "</s>"

# documents that are turned into integers at a time, so that not all tokens are in memory as strings
BLOCK = 4096

# up to this many characters a table of code points does not pay
FEW = 500

# what `encoded` gives terms that are not in the vocabulary
MISSING = -1


class TokenRules(NamedTuple):
    """How the tokens of a text become a sequence; the parameters are those of `TextSequencer`."""

    max_length: int | None = None
    truncation: str = "right"
    unknown: str = "token"
    add_start: bool = False
    add_end: bool = False

    @property
    def special(self):
        """Special tokens in use, in their order."""
        return [UNKNOWN] + [START] * self.add_start + [END] * self.add_end

    def check(self):
        """Refuse a `max_length` that leaves no room for a token of the text."""
        reserved = self.add_start + self.add_end
        if self.max_length is not None and self.max_length <= reserved:
            raise ValueError(
                f"max_length={self.max_length} leaves no room for tokens of a text: it counts the {reserved} "
                "of add_start and add_end, too."
            )

    def truncated(self, tokens):
        """Tokens of a text, a list or str, without those that are too many."""
        if self.max_length is None:
            return tokens
        room = self.max_length - self.add_start - self.add_end
        if len(tokens) <= room:
            return tokens
        return tokens[:room] if self.truncation == "right" else tokens[-room:]

    def sequences(self, flat, lengths, index, dtype):
        """Sequences, a list of arrays, of texts whose encoded tokens follow one another in `flat`.

        They are views of `flat` where it has this dtype already, and it is changed.
        """
        if self.unknown == "token":
            flat[flat == MISSING] = index[UNKNOWN]
            flat = flat.astype(dtype, copy=False)
        before = np.array([index[START]] if self.add_start else [], dtype)
        after = np.array([index[END]] if self.add_end else [], dtype)
        alone = np.array([index[UNKNOWN]], dtype)
        found, stop = [], 0
        for length in lengths:
            start, stop = stop, stop + length
            tokens = flat[start:stop]
            if self.unknown == "skip":
                tokens = tokens[tokens != MISSING].astype(dtype, copy=False)
            if len(before) or len(after):
                tokens = np.concatenate([before, tokens, after])
            found.append(tokens if len(tokens) else alone.copy())
        return found


def characters(texts):
    """Code points of all texts, one after another, (n,) uint32, and the number of each text's."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(joined, np.dtype("<u4")), [len(text) for text in texts]


def token_lists(analyzer, rules, documents, first=0):
    """Yield the truncated tokens of each document: a str of characters, or a list of str.

    The first document is called X[first] in errors.
    """
    if analyzer.is_by_character:
        prepare = analyzer.prepare
        for text in analyzed(lambda document: prepare(analyzer.decode(document)), documents, first):
            yield rules.truncated(text)
        return
    are_given = analyzer.analyzer is None or analyzer.custom() is not None
    for i, tokens in enumerate(analyzed(analyzer, documents, first), first):
        tokens = rules.truncated(list(tokens) if are_given else tokens)
        if are_given and not all(isinstance(token, str) for token in tokens):
            at, odd = next((t, token) for t, token in enumerate(tokens) if not isinstance(token, str))
            raise ValueError(f"X[{i}] has a token that is not a str: {odd!r:.60} at {at}.")
        yield tokens


def counted(analyzer, rules, documents):
    """All tokens of documents, as places in the list of their different terms.

    Returns
    -------
    terms : list of str
        Sorted.
    flat : ndarray of shape (n_tokens,), int32
        Places in `terms` of the tokens of all documents, one after another.
    lengths : list of int
        Number of tokens of each document.
    """
    tokens = token_lists(analyzer, rules, documents)
    if analyzer.is_by_character:
        return _counted_characters(tokens)
    places = defaultdict(int)
    places.default_factory = places.__len__
    flat, lengths = array("i"), []
    for part in tokens:
        flat.extend(map(places.__getitem__, part))
        lengths.append(len(part))
    places.default_factory = None  # it refers to `places`: a circle, whose memory would not be free at once
    terms = sorted(places)
    rank = np.empty(len(terms), np.int32)
    rank[[places[term] for term in terms]] = np.arange(len(terms), dtype=np.int32)
    return list(map(str, terms)), rank[np.frombuffer(flat, np.int32)], lengths


def _counted_characters(texts):
    seen, parts, lengths = np.zeros(1, bool), [], []
    while block := list(islice(texts, BLOCK)):
        codes, lengths_in_block = characters(block)
        if len(codes) and codes.max() >= len(seen):
            seen = np.concatenate([seen, np.zeros(int(codes.max()) + 1 - len(seen), bool)])
        seen[codes] = True
        parts.append(codes)
        lengths += lengths_in_block
    rank = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    for i, codes in enumerate(parts):
        parts[i] = rank[codes]
    return list(map(chr, np.flatnonzero(seen).tolist())), np.concatenate(parts), lengths


def selected(flat, lengths, n_terms, limits, max_features):
    """Which terms are in enough and not too many documents, and frequent enough, (n_terms,) bool.

    Parameters
    ----------
    flat, lengths
        As `counted` returns them.
    n_terms : int
    limits : tuple of int
        The least and the largest number of documents.
    max_features : int or None
        The number of terms kept; of equally frequent ones the first in sorted order.
    """
    lowest, highest = limits
    kept = np.ones(n_terms, bool)
    if lowest > 1 or highest < len(lengths):
        n_documents, stop = np.zeros(n_terms, np.int64), 0
        for length in lengths:
            start, stop = stop, stop + length
            n_documents[np.unique(flat[start:stop])] += 1
        kept = (n_documents >= lowest) & (n_documents <= highest)
    if max_features is not None and kept.sum() > max_features:
        frequency = np.where(kept, np.bincount(flat, minlength=n_terms), -1)
        kept = np.zeros(n_terms, bool)
        kept[np.argsort(-frequency, kind="stable")[:max_features]] = True
    return kept


class Lookup:
    """Tokens as integers by a vocabulary.

    Parameters
    ----------
    index : dict of str to int
    """

    def __init__(self, index):
        self._index = index
        self._by_character = None

    def encoded(self, analyzer, rules, documents, first=0):
        """Integers of the tokens of all documents, one after another, int32, and their numbers.

        Terms that are not in the vocabulary are MISSING. The first document is called X[first] in errors.
        """
        tokens = token_lists(analyzer, rules, documents, first)
        if analyzer.is_by_character:
            tokens = list(tokens)
            if sum(map(len, tokens)) > FEW:
                codes, lengths = characters(tokens)
                return self._table(codes)[codes], lengths
        flat, lengths, get = array("i"), [], self._index.get
        for part in tokens:
            flat.extend(map(get, part, repeat(MISSING)))
            lengths.append(len(part))
        return np.frombuffer(flat, np.int32), lengths

    def _table(self, codes):
        """Integers by code point, up to the largest of `codes`."""
        if self._by_character is None:
            terms = [term for term in self._index if len(term) == 1]
            tokens = np.fromiter((self._index[term] for term in terms), np.int32, len(terms))
            self._by_character = characters(terms)[0], tokens
        known, tokens = self._by_character
        table = np.full(int(codes.max(initial=0)) + 1, MISSING, np.int32)
        inside = known < len(table)
        table[known[inside]] = tokens[inside]
        return table


class TextEncoder:
    """Texts as sequences of integer tokens.

    Parameters
    ----------
    analyzer : Analyzer
    rules : TokenRules
    index : dict of str to int
        The vocabulary; special tokens in use are in it.
    dtype : dtype
        Integer type of the sequences.
    """

    def __init__(self, analyzer, rules, index, dtype=np.int32):
        self.analyzer, self.rules, self.index, self.dtype = analyzer, rules, index, np.dtype(dtype)
        self._lookup = Lookup(index)
        self._before = [index[START]] if rules.add_start else []
        self._after = [index[END]] if rules.add_end else []

    def encode(self, documents):
        """List of 1-D arrays, one for each document of a list."""
        if len(documents) == 1:
            (tokens,) = token_lists(self.analyzer, self.rules, documents)
            if len(tokens) <= FEW:
                return [self._encoded_alone(tokens)]
        found = []
        for first in range(0, len(documents), BLOCK):
            block = documents[first : first + BLOCK]
            flat, lengths = self._lookup.encoded(self.analyzer, self.rules, block, first)
            found += self.rules.sequences(flat, lengths, self.index, self.dtype)
        return found

    def _encoded_alone(self, tokens):
        """The sequence of a few tokens, str, without the arrays that pay for many."""
        index, keeps_unknown = self.index, self.rules.unknown == "token"
        found = list(map(index.get, tokens, repeat(index[UNKNOWN] if keeps_unknown else MISSING)))
        if not keeps_unknown:
            found = [token for token in found if token != MISSING]
        return np.array(self._before + found + self._after or [index[UNKNOWN]], self.dtype)

    def encode_part(self, document, place=0):
        """Tokens of a part of a document, 1-D: without special tokens of its ends.

        It is called X[place] in errors.
        """
        flat, _ = self._lookup.encoded(self.analyzer, TokenRules(), [document], place)
        if self.rules.unknown == "skip":
            flat = flat[flat != MISSING]
        return np.where(flat == MISSING, self.index[UNKNOWN], flat)


def terms_in_order(index):
    """Terms of a vocabulary by their integers, a list."""
    return sorted(index, key=index.__getitem__)
