"""Parameters of TextSequencer.

After a change run tools/signatures.py, which writes _parameters.pyi.
"""

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Annotated, Literal

from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt

from ..conventions.parameters import Count, parameter, parameters
from ..sequences.analyzers import TOKEN_PATTERN

Share = Annotated[float, Interval(RealNotInt, 0, 1, closed="both")]
CountOrShare = Annotated[int, Interval(Integral, 1, None, closed="left")] | Share
Range = Annotated[tuple[int, int], tuple]
Terms = Annotated[Iterable[str], HasMethods("__iter__")]
IntegerType = str | Annotated[type, type]


class Documents:
    """What X is."""

    input: Literal["content", "file", "filename"] = parameter(
        "content", "Whether X is the texts, files open for reading, or names of files."
    )
    encoding: str = parameter("utf-8", "Of texts that are bytes.")
    decode_error: Literal["strict", "ignore", "replace"] = parameter(
        "strict", "What becomes of bytes that are not of `encoding`, as in `bytes.decode`."
    )


class Preparation:
    """What becomes of a text before it is split."""

    strip_accents: Literal["ascii", "unicode"] | Callable[..., str] | None = parameter(
        None,
        """Takes accents and other marks off: "ascii" also leaves out characters that have no
        equivalent in ASCII. The number of characters may change.""",
    )
    lowercase: bool | Literal["auto"] = parameter(
        "auto",
        """Whether to convert to lower case. "auto" does, unless labels belong to tokens (the `y` of
        `fit` has for each text as many labels as the text has tokens) or the given `vocabulary`
        has terms in upper case. The number of characters stays.""",
    )
    preprocessor: Callable[..., str] | None = parameter(
        None, "Function from text to text, in the place of `strip_accents` and `lowercase`."
    )


class Tokens:
    """What the tokens of a text are."""

    analyzer: Literal["word", "char", "char_wb"] | Callable[..., list] | None = parameter(
        "word",
        """What is a token: words; characters, one token each (code points: an emoji may be several);
        "char_wb": characters within words, with a space before and after each word; or what a
        function returns for a text. None: X is sequences of str tokens already, which are
        taken as they are.""",
    )
    tokenizer: Callable[..., list] | None = parameter(
        None, 'Function from text to words, in the place of `token_pattern`. For analyzer="word".'
    )
    token_pattern: str | None = parameter(
        TOKEN_PATTERN,
        """Regular expression of a word; of its single group, if there is one. Unlike in
        CountVectorizer, words of one letter are tokens, and each punctuation mark is one. Marks
        that combine with letters are not ``\\w``, and so tokens of their own.""",
    )
    stop_words: Literal["english"] | Sequence[str] | None = parameter(
        None, """Words to leave out: scikit-learn's English ones, or a list. For analyzer="word"."""
    )
    ngram_range: Range = parameter(
        (1, 1),
        """Lengths of the shortest and the longest n-grams. At each position those that end there are
        tokens, the shortest first: with (1, 2), "a b c" is a, b, a b, c, b c.""",
    )


class Lengths:
    """From tokens to sequences."""

    max_length: Count | None = parameter(
        None, "Longest sequence, special tokens included; tokens that are too many are left out."
    )
    truncation: Literal["right", "left"] = parameter("right", "The end at which they are left out.")
    unknown: Literal["token", "skip"] = parameter(
        "token",
        """What becomes of tokens that are not in the vocabulary: each is "<unk>", or is left out. A
        text of which nothing is left is one "<unk>".""",
    )
    add_start: bool = parameter(False, 'Whether each sequence begins with the special token "<s>".')
    add_end: bool = parameter(False, 'Whether each sequence ends with the special token "</s>".')


class Selection:
    """Which tokens are in the vocabulary."""

    max_df: CountOrShare = parameter(
        1.0, "Terms that are in more texts than this number, or share, are unknown tokens."
    )
    min_df: CountOrShare = parameter(
        1, "Terms that are in fewer texts than this number, or share, are unknown tokens."
    )
    max_features: Count | None = parameter(
        None, "Number of terms; the most frequent are taken. Special tokens are not counted."
    )
    vocabulary: Terms | None = parameter(
        None,
        """Terms in their order, before which special tokens are put, or a mapping from terms to
        integers from 0 on, which has the special tokens in use. An estimator then needs its size as
        `n_tokens`, or `embedding_weights`, since X may lack terms. None: the terms of `fit`'s X.""",
    )


class Output:
    """What is returned."""

    dtype: IntegerType = parameter("int32", "Integer type of the sequences.")


TextParameters = parameters(Documents, Preparation, Tokens, Selection, Lengths, Output)
