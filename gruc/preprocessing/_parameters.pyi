"""Written by tools/signatures.py from _parameters.py; changes belong there."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

class Documents:
    input: Literal["content", "file", "filename"]
    encoding: str
    decode_error: Literal["strict", "ignore", "replace"]

class Preparation:
    strip_accents: Literal["ascii", "unicode"] | Callable[..., str] | None
    lowercase: bool | Literal["auto"]
    preprocessor: Callable[..., str] | None

class Tokens:
    analyzer: Literal["word", "char", "char_wb"] | Callable[..., list] | None
    tokenizer: Callable[..., list] | None
    token_pattern: str | None
    stop_words: Literal["english"] | Sequence[str] | None
    ngram_range: tuple[int, int]

class Selection:
    max_df: int | float
    min_df: int | float
    max_features: int | None
    vocabulary: Iterable[str] | None

class Lengths:
    max_length: int | None
    truncation: Literal["right", "left"]
    unknown: Literal["token", "skip"]
    add_start: bool
    add_end: bool

class Output:
    dtype: str | type

class TextParameters(Documents, Preparation, Tokens, Selection, Lengths, Output):
    def __init__(
        self,
        *,
        input: Literal["content", "file", "filename"] = "content",
        encoding: str = "utf-8",
        decode_error: Literal["strict", "ignore", "replace"] = "strict",
        strip_accents: Literal["ascii", "unicode"] | Callable[..., str] | None = None,
        lowercase: bool | Literal["auto"] = "auto",
        preprocessor: Callable[..., str] | None = None,
        analyzer: Literal["word", "char", "char_wb"] | Callable[..., list] | None = "word",
        tokenizer: Callable[..., list] | None = None,
        token_pattern: str | None = "\\w+|[^\\w\\s]",
        stop_words: Literal["english"] | Sequence[str] | None = None,
        ngram_range: tuple[int, int] = (1, 1),
        max_df: int | float = 1.0,
        min_df: int | float = 1,
        max_features: int | None = None,
        vocabulary: Iterable[str] | None = None,
        max_length: int | None = None,
        truncation: Literal["right", "left"] = "right",
        unknown: Literal["token", "skip"] = "token",
        add_start: bool = False,
        add_end: bool = False,
        dtype: str | type = "int32",
    ) -> None: ...
