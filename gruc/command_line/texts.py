"""Texts in CSV: a column, and optionally one with their names."""

import csv

import numpy as np

from ..sequences.tokens import MOST_TOKENS
from .common import InputError
from .tables import opened_table, read_csv

# of characters in a cell; the csv module's own limit is 131,072
LONGEST_TEXT = 2**31 - 1


def read_texts(arguments):
    """Names and texts of a CSV, two lists.

    Parameters
    ----------
    arguments : argparse.Namespace
        `data` is the path; `text` and `sequence` name columns; `separator` says how to read it.
    """
    limit = csv.field_size_limit(LONGEST_TEXT)
    try:
        with opened_table(arguments) as table:
            names, texts = _names_and_texts(arguments, table)
    finally:
        csv.field_size_limit(limit)
    if not texts:
        raise InputError(f"{arguments.data} contains no texts.")
    return names, texts


def _names_and_texts(arguments, table):
    names, texts = [], []
    header, path = table.header, arguments.data
    table.check_header()
    table.keeps_blank_lines = True
    if arguments.sequence is not None and arguments.sequence not in header:
        raise InputError(f"{path} has no column {arguments.sequence!r}; its header is {','.join(header)!r}.")
    sequence = arguments.sequence or ("sequence" if "sequence" in header else None)
    at = header.index(_text_column(arguments.text, [name for name in header if name != sequence], path))
    known = set()
    for line in table:
        name = len(names) if sequence is None else line[header.index(sequence)].strip()
        if name in known:
            raise InputError(f"{path}, line {table.lines.line_num}: sequence {name} occurs twice.")
        known.add(name)
        names.append(name)
        texts.append(line[at])
    return names, texts


def _text_column(given, columns, path):
    """The name of the column of texts."""
    if given is not None:
        if given not in columns:
            raise InputError(f"{path} has no column {given!r} of texts; it has {','.join(columns)!r}.")
        return given
    if "text" in columns:
        return "text"
    raise InputError(
        f"{path} has no column text; name the one with the texts by --text. Its first line is "
        f"{','.join(columns)!r:.100}, which must be the names of columns."
    )


def read_tokens(arguments, fitted):
    """Names and sequences of integer tokens of a CSV of numbers."""
    names, X = read_csv(arguments, fitted)
    for i, x in enumerate(X):
        if x.shape[1] != 1:
            raise InputError(f"{arguments.data} has {x.shape[1]} features; the model reads one, tokens.")
        odd = np.flatnonzero(~((x[:, 0] == np.trunc(x[:, 0])) & (np.abs(x[:, 0]) < MOST_TOKENS)))
        if len(odd):
            raise InputError(
                f"{arguments.data}: sequence {names[i]} has {x[odd[0], 0]:g}; tokens are whole numbers below "
                f"{MOST_TOKENS}."
            )
        X[i] = x[:, 0].astype(np.int64)
    return names, X
