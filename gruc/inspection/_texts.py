"""Tokens as parts of the text that they came from, coloured by numbers."""

import html

import numpy as np

from ..sequences.analyzers import Analyzer, ngrams_in_order
from ..sequences.vocabulary import END, START, UNKNOWN


def pieces_of(encoder, document, values):
    """A text in pieces, each with its number, or None where no token covers it.

    The number of an n-gram is divided equally between its characters or words.

    Parameters
    ----------
    encoder : TextEncoder
    document : str, bytes or sequence of str
        As the encoder takes it.
    values : ndarray of shape (n_tokens,)
        A number for each of its tokens.

    Returns
    -------
    list of (str, float or None)
    """
    rules, values = encoder.rules, list(map(float, values))
    before = [(START, values.pop(0))] if rules.add_start else []
    after = [(END, values.pop())] if rules.add_end else []
    units, spans = _units(encoder.analyzer, document)
    join = "" if encoder.analyzer.analyzer == "char" else " "
    spans = rules.truncated(spans)
    if rules.unknown == "skip":
        spans = [span for span in spans if join.join(units[i] for i in span) in encoder.index]
    if not spans:  # nothing of the text is left, which an unknown token stands for
        return [*before, *((UNKNOWN, value) for value in values), *after]
    of_units = np.full(len(units), np.nan)
    for span, value in zip(spans, values, strict=True):
        of_units[span] = np.nan_to_num(of_units[span]) + value / len(span)
    return [*before, *_in_their_text(encoder.analyzer, document, units, of_units), *after]


def _units(analyzer, document):
    """Characters or words of a text, and which of them each token consists of."""
    kind, lengths = analyzer.analyzer, tuple(analyzer.ngram_range)
    if kind not in ("char", "word"):
        units = list(analyzer(document))
        return units, [[i] for i in range(len(units))]
    one_by_one = vars(analyzer) | {"ngram_range": (1, 1)}
    units = list(Analyzer(**{name: one_by_one[name] for name in analyzer.__getstate__()})(document))
    return units, ngrams_in_order(list(range(len(units))), lengths)


def _in_their_text(analyzer, document, units, values):
    """The units in their order, with what stands between them in the text."""
    values = [None if np.isnan(value) else float(value) for value in values]
    if analyzer.analyzer not in ("char", "word", "char_wb"):
        separated = [
            piece for unit, value in zip(units, values, strict=True) for piece in ((unit, value), (" ", None))
        ]
        return separated[:-1]
    shown = analyzer.decode(document)
    text = analyzer.prepare(shown)
    if len(shown) != len(text):  # characters do not correspond
        shown = text
    pieces, place = [], 0
    for unit, value in zip(units, values, strict=True):
        start = text.find(unit, place)
        if start < 0:
            pieces += [(unit, value)]
            continue
        if start > place:
            pieces.append((shown[place:start], None))
        place = start + len(unit)
        pieces.append((shown[start:place], value))
    return [*pieces, (shown[place:], None)] if place < len(shown) else pieces


def tokens_of(opened, one):
    """The tokens of a collection of one text, as they stand in pictures; None for series."""
    if not opened.holds_tokens:
        return None
    tokens = opened.sequences.tokens(0)
    if opened.encoder is None:
        return [str(token) for token in tokens]
    document = one.iloc[0] if hasattr(one, "iloc") else one[0]
    lengths = tuple(opened.encoder.analyzer.ngram_range)
    if lengths != (1, 1):  # tokens overlap: as they are in the vocabulary
        terms = {token: term for term, token in opened.encoder.index.items()}
        return [terms[token] for token in tokens.tolist()]
    pieces = pieces_of(opened.encoder, document, np.zeros(len(tokens)))
    return [text for text, value in pieces if value is not None]


# ---- colours: blue for negative numbers, white for 0, red for positive ones

NEGATIVE, ZERO, POSITIVE = np.array([[67, 147, 195], [255, 255, 255], [214, 96, 77]])


def colour(value, largest):
    """Red, green and blue, 0 to 255, of a number between -largest and largest."""
    share = min(1.0, abs(value) / largest) if largest > 0 else 0.0
    end = POSITIVE if value > 0 else NEGATIVE
    return tuple(int(c) for c in np.rint(ZERO + share * (end - ZERO)))


def largest_of(pieces):
    """The largest absolute number of pieces."""
    return max((abs(value) for _, value in pieces if value is not None), default=0.0)


def as_ansi(pieces):
    """Pieces with backgrounds in 24-bit colours of a terminal."""
    largest, parts = largest_of(pieces), []
    for text, value in pieces:
        if value is None:
            parts.append(text)
            continue
        red, green, blue = colour(value, largest)
        parts.append(f"\x1b[30;48;2;{red};{green};{blue}m{text}\x1b[0m")
    return "".join(parts)


def as_html(pieces, title):
    """Pieces with coloured backgrounds, whose numbers show under the pointer."""
    largest = largest_of(pieces)
    parts = [
        '<div style="font-family:sans-serif;line-height:1.9;max-width:52em;color:#222;background:#fff;'
        'padding:0.5em 0.8em">'
    ]
    if title:
        parts.append(f'<div style="font-size:85%;color:#666;margin-bottom:0.2em">{html.escape(title)}</div>')
    parts.append('<div style="white-space:pre-wrap;font-size:110%">')
    for text, value in pieces:
        text = html.escape(text)
        if value is None:
            parts.append(text)
            continue
        red, green, blue = colour(value, largest)
        parts.append(
            f'<span title="{value:+.3g}" style="background:rgb({red},{green},{blue});padding:0.15em 0.02em;'
            f'border-radius:0.15em">{text}</span>'
        )
    parts.append("</div>")
    low, high = (f"rgb{colour(end, 1.0)}" for end in (-1.0, 1.0))
    parts.append(
        '<div style="font-size:75%;color:#666;margin-top:0.4em">'
        f'<span style="display:inline-block;width:8em;height:0.8em;margin:0 0.5em;vertical-align:middle;'
        f'background:linear-gradient(to right,{low},#fff,{high})"></span>'
        f"{-largest:+.2g} to {largest:+.2g}</div></div>"
    )
    return "".join(parts)
