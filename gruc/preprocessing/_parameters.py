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
        "content", "Whether X contains texts, open files, or names of files."
    )
    encoding: str = parameter("utf-8", "Encoding of texts that are bytes.")
    decode_error: Literal["strict", "ignore", "replace"] = parameter(
        "strict", "How bytes that cannot be decoded are handled, as in `bytes.decode`."
    )


class Preparation:
    """What becomes of a text before it is split."""

    strip_accents: Literal["ascii", "unicode"] | Callable[..., str] | None = parameter(
        None,
        """Whether to remove accents and other marks. "ascii" also removes characters that have no
        equivalent in ASCII. The number of characters may change.""",
    )
    lowercase: bool | Literal["auto"] = parameter(
        "auto",
        """Whether to convert texts to lower case. "auto": unless each token has a label (`y` of `fit` has as
        many labels for each text as the text has tokens), or the given `vocabulary` has terms in upper
        case. The number of characters does not change.""",
    )
    preprocessor: Callable[..., str] | None = parameter(
        None, "Function from text to text that replaces `strip_accents` and `lowercase`."
    )


class Tokens:
    """What the tokens of a text are."""

    analyzer: Literal["word", "char", "char_wb"] | Callable[..., list] | None = parameter(
        "word",
        """Tokens of a text: words; characters (Unicode code points: an emoji may be several); "char_wb":
        characters within words, with a space before and after each word; or the result of a callable.
        None: X consists of sequences of str tokens already.""",
    )
    tokenizer: Callable[..., list] | None = parameter(
        None, 'Function from text to words that replaces `token_pattern`. For ``analyzer="word"``.'
    )
    token_pattern: str | None = parameter(
        TOKEN_PATTERN,
        """Regular expression of a token, or of its single group, if there is one. Unlike in
        CountVectorizer, one-letter words and punctuation marks are tokens. Combining marks are not
        ``\\w``, and so are tokens of their own.""",
    )
    stop_words: Literal["english"] | Sequence[str] | None = parameter(
        None, """Words to remove: scikit-learn's English stop words, or a list. For ``analyzer="word"``."""
    )
    ngram_range: Range = parameter(
        (1, 1),
        """Lengths of the shortest and the longest n-grams. At each position, the n-grams that end there are
        tokens, the shortest first: with (1, 2), "a b c" becomes a, b, a b, c, b c.""",
    )


class Lengths:
    """From tokens to sequences."""

    max_length: Count | None = parameter(
        None, "Maximum length of a sequence, including special tokens. Longer ones are truncated."
    )
    truncation: Literal["right", "left"] = parameter("right", "The end at which sequences are truncated.")
    unknown: Literal["token", "skip"] = parameter(
        "token",
        """Whether tokens that are not in the vocabulary become "<unk>" or are removed. A text without any
        remaining token becomes one "<unk>".""",
    )
    add_start: bool = parameter(False, 'Whether each sequence begins with the special token "<s>".')
    add_end: bool = parameter(False, 'Whether each sequence ends with the special token "</s>".')


class Selection:
    """Which tokens are in the vocabulary."""

    max_df: CountOrShare = parameter(
        1.0, "Terms that occur in more texts than this number or fraction become unknown tokens."
    )
    min_df: CountOrShare = parameter(
        1, "Terms that occur in fewer texts than this number or fraction become unknown tokens."
    )
    max_features: Count | None = parameter(
        None, "Maximum number of terms, without special tokens. The most frequent terms are kept."
    )
    vocabulary: Terms | None = parameter(
        None,
        """Terms in order, which follow the special tokens, or a mapping from terms to consecutive integers
        from 0, which includes the special tokens. Set `n_tokens` or `embedding_weights` of the estimator
        then, since X may lack terms. None: the terms of X passed to `fit`.""",
    )


class Output:
    """What is returned."""

    dtype: IntegerType = parameter("int32", "Integer type of the sequences.")


TextParameters = parameters(Documents, Preparation, Tokens, Selection, Lengths, Output)
