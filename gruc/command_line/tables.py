"""Sequences in CSV, in long or wide form."""

import csv
import math
import sys
from array import array
from contextlib import contextmanager, nullcontext
from operator import itemgetter

import numpy as np

from .common import InputError, printable, progress
from .steps import StepParser, first_gap

# between two messages of progress
LINES_PER_MESSAGE = 100_000


@contextmanager
def opened_table(arguments):
    """The `Table` of a CSV; what is wrong with it is an `InputError` that names the line."""
    path = arguments.data
    separator = "\t" if arguments.separator in ("tab", "\\t") else arguments.separator
    if len(separator) != 1 or separator in '"\r\n' or separator == arguments.decimal:
        raise InputError(
            "--separator must be one character, but not a quotation mark, a line break or --decimal; "
            f"got {arguments.separator!r}."
        )
    with nullcontext(sys.stdin) if path == "-" else open(path, newline="", encoding="utf-8") as file:
        lines = csv.reader(file, delimiter=separator, strict=True)
        try:
            header = [name.strip() for name in next(lines, [])]
            if header:
                header[0] = header[0].removeprefix("\ufeff")  # written by spreadsheets
            yield Table(lines, path, header, arguments.decimal)
        except csv.Error as error:
            raise InputError(f"{path}, after line {lines.line_num}: {error}.") from None
        except UnicodeDecodeError as error:  # in a block of lines that are not read yet
            where = path if path == "-" else f"{path}, line {_first_line_not_utf8(path)}"
            raise InputError(f"{where}: it is not UTF-8 ({error.reason}).") from None


def _first_line_not_utf8(path):
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


def read_csv(arguments, fitted):
    """Names and sequences of a CSV in long form, or in wide form if the model was fitted on a table.

    Parameters
    ----------
    arguments : argparse.Namespace
        `data` is the path; `sequence`, `step`, `separator` and `decimal` say how to read it.
    fitted : dict
        Fitted attributes in the model file.

    Returns
    -------
    names : list
    X : list of ndarray
    """
    with opened_table(arguments) as table:
        sequence, step = arguments.sequence or "sequence", arguments.step or "step"
        if fitted.get("fitted_on_table") and arguments.step is None and step not in table.header:
            return table.read_wide(arguments.sequence, fitted)
        sequences, columns = table.read_long(sequence, step)
    if not sequences:
        raise InputError(f"{arguments.data} contains no sequences.")
    X = sorted_by_step(sequences, table)
    return list(sequences), _in_fitted_order(X, columns, fitted, arguments.data)


class Table:
    """Lines of a CSV after its header, with messages for errors in them.

    Parameters
    ----------
    lines : csv.reader
    path : str
        For messages.
    header : list of str
    decimal : {".", ","}
    """

    def __init__(self, lines, path, header, decimal):
        self.lines, self.path, self.header = lines, path, header
        self.number = float if decimal == "." else lambda cell: float(cell.replace(decimal, "."))
        self.step = StepParser(self.number)
        self.keeps_blank_lines = False  # of a single column, whose empty cell is a blank line

    def read_long(self, sequence, step):
        """Sequences by name, each as its numbers, row after row, step first, and the lines of its rows.

        And the names of the features.
        """
        header = self.header
        if sequence not in header or step not in header or len(header) < 3:
            advice = " Other columns are given by --sequence and --step, another separator by --separator."
            for other in ";\t|":
                if other != self.lines.dialect.delimiter and other in "".join(header):
                    advice = f" Is it --separator {'tab' if other == chr(9) else repr(other)}?"
            raise InputError(
                f"{self.path}: the header is {','.join(header)!r}; expected {sequence},{step} and the "
                f"features.{advice}"
            )
        self.check_header()
        sequence_at, step_at = header.index(sequence), header.index(step)
        features = [i for i in range(len(header)) if i not in (sequence_at, step_at)]
        first, last = features[0], features[-1]
        contiguous = last - first == len(features) - 1
        cells = itemgetter(slice(first, last + 1)) if contiguous else itemgetter(*features)
        number, parse_step, sequences = self.number, self.step, {}
        for line in self:
            name = line[sequence_at].strip()
            numbers, line_numbers = sequences.setdefault(name, (array("d"), array("q")))
            try:
                numbers.append(parse_step(line[step_at]))
                numbers.extend(map(number, cells(line)))
            except ValueError as error:
                raise InputError(f"{self.path}, line {self.lines.line_num}: {error}.") from None
            line_numbers.append(self.lines.line_num)
        return sequences, [header[i] for i in features]

    def read_wide(self, sequence, fitted):
        """Names and sequences (n_steps, 1), one for each line, for a model that was fitted on a table."""
        header, path = self.header, self.path
        if sequence is not None and sequence not in header:
            raise InputError(f"{path} has no column {sequence!r}; its header is {','.join(header)!r}.")
        self.check_header()
        known, n_steps = fitted.get("feature_names_in_"), fitted.get("n_features_in_")
        known = list(map(str, known)) if isinstance(known, list) else None
        if sequence is None:  # a column of names, or the index as pandas writes it
            sequence = next(
                (name for name in ("sequence", "") if name in header and name not in (known or ())), None
            )
        columns = [name for name in header if name != sequence]
        if known is not None and sorted(columns) != sorted(known):
            raise InputError(f"{path} has the columns {columns}; the model was fitted on {known}.")
        if len(columns) != n_steps:
            raise InputError(
                f"{path}: the header is {','.join(header)!r}; expected sequence,step and the features, or "
                f"{n_steps} columns of steps, as in the fit, and optionally a column sequence with names."
            )
        if known is None and _is_numeric(columns):
            raise InputError(f"{path}: the first line is numbers, {','.join(header)}; expected column names.")
        columns_at = [header.index(name) for name in (known or columns)]
        names, X = [], []
        for line in self:
            try:
                X.append(np.array([[self.number(line[i])] for i in columns_at]))
            except ValueError as error:
                raise InputError(f"{path}, line {self.lines.line_num}: {error}.") from None
            names.append(len(names) if sequence is None else line[header.index(sequence)].strip())
        if not X:
            raise InputError(f"{path} contains no sequences.")
        return names, X

    def __iter__(self):
        """Lines that are not empty; all have as many fields as the header."""
        for n_lines, line in enumerate(self.lines):
            if not line and not (self.keeps_blank_lines and len(self.header) == 1):
                continue
            line = line or [""]
            if len(line) != len(self.header):
                raise InputError(
                    f"{self.path}, line {self.lines.line_num}: {len(line)} fields, the header has "
                    f"{len(self.header)}."
                )
            yield line
            if n_lines % LINES_PER_MESSAGE == LINES_PER_MESSAGE - 1:
                progress(f"{n_lines + 1} lines read")

    def check_header(self):
        """Refuse a header in which a name occurs twice, so that it is ambiguous."""
        for i, name in enumerate(self.header):
            if name in self.header[:i]:
                raise InputError(f"{self.path}: the header has the column {name!r} twice.")


def sorted_by_step(sequences, table):
    """Features (t, D) of each sequence in ascending order of steps; warns of gaps."""
    X, gaps = [], []
    for name, (numbers, line_numbers) in sequences.items():
        rows = np.frombuffer(numbers).reshape(len(line_numbers), -1)
        order = np.argsort(rows[:, 0], kind="stable")
        rows = rows[order]
        steps = rows[:, 0]
        for again in np.flatnonzero(np.diff(steps) == 0)[:1] + 1:
            raise InputError(
                f"{table.path}, line {line_numbers[order[again]]}: step {table.step.format(steps[again])} of "
                f"sequence {name} occurs twice."
            )
        gap = first_gap(steps)
        if gap is not None:
            before, after = map(table.step.format, steps[gap : gap + 2])
            gaps.append(f"{name}: {after} follows {before}")
        X.append(rows[:, 1:])
    if gaps:
        more = f", and from {len(gaps) - 1} more" if len(gaps) > 1 else ""
        print(
            f"gruc: {printable(table.path)}: steps seem to be missing from sequence "
            f"{printable(gaps[0])}{more}; rows are treated as consecutive steps.",
            file=sys.stderr,
        )
    return X


def _in_fitted_order(X, columns, fitted, path):
    """X with its features in the order of the fit, if their names were known there."""
    names = fitted.get("feature_names_in_")
    if not isinstance(names, list) or fitted.get("fitted_on_table"):
        return X
    if sorted(columns) != sorted(map(str, names)):
        raise InputError(f"{path} has the features {columns}; the model was fitted on {names}.")
    order = [columns.index(name) for name in names]
    return [x[:, order] for x in X]


def _is_numeric(header):
    """Whether a header is data, unlike column names that count from 0."""
    if header == [str(i) for i in range(len(header))]:
        return False
    try:
        return all(map(math.isfinite, map(float, header)))
    except ValueError:
        return False
