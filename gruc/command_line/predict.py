"""gruc predict: predictions for sequences in a file, as CSV."""

import csv
import io
import re
import sys
from contextlib import contextmanager

import numpy as np

from ..runtime import ForecastPredictor, LanguagePredictor, PipelinePredictor, Translator
from ..runtime.symbols import TextSymbols
from ..sequences import Tokens
from .common import InputError, check_output, printable, progress, read_model, write
from .forecasts import Forecasts
from .tables import read_csv
from .texts import read_texts, read_tokens

# sequences that are predicted together, between two messages of progress
BATCH_SIZE = 256


def predict(arguments):
    """Write predictions for the sequences of a file."""
    if arguments.output is not None:
        check_output(arguments.output, (arguments.model, "model"), (arguments.data or "", "data"))
    if arguments.model == arguments.data == "-":
        raise InputError("Only one of model and data can come from standard input.")
    content, _ = read_model(arguments.model)
    predictor = content.predictor
    if isinstance(predictor, ForecastPredictor):
        _forecast(arguments, content)
        return
    if isinstance(predictor, LanguagePredictor):
        raise InputError(f"{arguments.model} is a language model: gruc sample lets it write texts.")
    if arguments.data is None:
        raise InputError("data is missing: a .csv, .npy or .npz file, or - for standard input.")
    if arguments.steps is not None or arguments.coverage is not None or arguments.new:
        raise InputError(
            f"--steps, --coverage and --new are for forecasters; {arguments.model} is not a forecaster."
        )
    if isinstance(predictor, Translator):
        _translate(arguments, predictor)
        return
    last = getattr(predictor, "predictor", predictor)
    if arguments.proba and last.decoding.classes is None:
        raise InputError(f"--proba is for classifiers; {arguments.model} is a regressor.")
    names, X = read_data(arguments, content)
    method = predictor.predict_proba if arguments.proba else predictor.predict
    with _opened_output(arguments) as (writer, shown):
        columns = None
        for some, answers in _in_batches(arguments, names, X, method):
            keys, rows = _lines(some, answers, last.network.answers_each_step)
            if columns is None:
                columns = _column_names(last.decoding, arguments.proba, rows.shape[1])
                writer.writerow([shown(name) for name in [*("sequence", "step")[: len(keys[0])], *columns]])
            if rows.dtype.kind in "OSTU":
                rows = [[shown(label) for label in row] for row in rows]
            writer.writerows(
                [shown(name), *step, *row] for (name, *step), row in zip(keys, rows, strict=True)
            )


def _in_batches(arguments, names, X, method):
    """Yield the names of some sequences and what `method` predicts for them, and show progress."""
    for start in range(0, len(X), BATCH_SIZE):
        batch = slice(start, start + BATCH_SIZE)
        try:
            answers = method(X[batch])
        except ValueError as error:
            raise InputError(f"{arguments.data}: {_with_names(str(error), names[batch])}") from None
        yield names[batch], answers
        if len(X) > BATCH_SIZE:
            done = min(start + BATCH_SIZE, len(X))
            progress(f"{done} of {len(X)} sequences", last=done == len(X))


@contextmanager
def _opened_output(arguments):
    """A writer of CSV, and how it shows text; a file is written completely, or the old one stays."""
    file = io.StringIO() if arguments.output is not None else sys.stdout
    escaped = printable if file.isatty() else str
    yield csv.writer(file, lineterminator="\n"), lambda text: escaped(_not_a_formula(text))
    if arguments.output is not None:
        write(arguments.output, file.getvalue().encode())


def _forecast(arguments, content):
    """Write forecasts."""
    if arguments.proba or arguments.text is not None:
        raise InputError(f"--proba and --text are not for forecasters, and {arguments.model} is one.")
    try:
        header, rows = Forecasts(arguments, content).table()
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{arguments.data or arguments.model}: {error}") from None
    with _opened_output(arguments) as (writer, shown):
        writer.writerow(header)
        writer.writerows([shown(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)


def _translate(arguments, translator):
    """Write output sequences: texts, or tokens with spaces between them."""
    if arguments.proba:
        raise InputError(f"--proba is for classifiers; {arguments.model} predicts sequences.")
    source = translator.source
    if isinstance(source, TextSymbols):
        names, X = _read_texts(arguments, source.encoder)
    else:
        _refuse_text(arguments)
        names, X = _read_arrays_or(read_tokens, arguments, {})
    with _opened_output(arguments) as (writer, shown):
        writer.writerow(["sequence", "prediction"])
        for some, answers in _in_batches(arguments, names, X, translator.predict):
            for name, answer in zip(some, answers, strict=True):
                text = answer if isinstance(answer, str) else " ".join(map(str, answer))
                writer.writerow([shown(name), shown(text)])


def _lines(names, answers, each_step):
    """Sequence, and step if each has an answer, of each line of the output; and the columns after these."""
    if each_step:
        keys = [(name, step) for name, rows in zip(names, answers, strict=True) for step in range(len(rows))]
        answers = np.concatenate(list(answers))
    else:
        keys = [(name,) for name in names]
    return keys, answers.reshape(len(answers), -1)


def read_data(arguments, content):
    """Names and X of the file that is given, as the model reads them."""
    predictor = content.predictor
    is_pipeline = isinstance(predictor, PipelinePredictor)
    if is_pipeline and predictor.reads_texts:
        return _read_texts(arguments, predictor.steps[0].encoder)
    _refuse_text(arguments)
    reads_tokens = not is_pipeline and isinstance(predictor.inputs, Tokens)
    return _read_arrays_or(read_tokens if reads_tokens else read_csv, arguments, content.fitted)


def _read_texts(arguments, encoder):
    """Names and texts of a CSV, for a model that reads them by this `TextEncoder`."""
    if encoder.analyzer.analyzer is None:
        raise InputError(f"{arguments.model} reads sequences of str tokens, which no file here can hold.")
    if arguments.data.endswith((".npy", ".npz")):
        raise InputError(f"{arguments.model} reads texts: give a CSV with a column of them.")
    return read_texts(arguments)


def _refuse_text(arguments):
    if arguments.text is not None:
        raise InputError(f"--text is for models that read texts; {arguments.model} does not.")


def _read_arrays_or(read, arguments, fitted):
    """Names and sequences of an .npy or .npz file, or of a CSV as `read` reads it."""
    if arguments.data.endswith((".npy", ".npz")):
        return read_arrays(arguments.data)
    return read(arguments, fitted)


def _column_names(decoding, proba, n_columns):
    """Names of the columns of predictions."""
    if proba or decoding.multilabel:
        return [str(label) for label in decoding.classes]
    return ["prediction"] if n_columns == 1 else [f"prediction_{i}" for i in range(n_columns)]


def _not_a_formula(cell):
    """A cell of CSV; text that a spreadsheet would evaluate is preceded by an apostrophe."""
    if not isinstance(cell, str) or len(cell) < 2 or cell[0] not in "=+-@\t\r":
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell


def _with_names(message, names):
    """A message about X[i] with the name of the sequence instead."""
    return re.sub(r"\bX\[(\d+)\]", lambda found: f"sequence {names[int(found[1])]}", message)


def read_arrays(path):
    """Names and sequences of an .npy file, which is X, or of an .npz: one array X, or one per sequence."""
    kind = path[-4:]
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            if kind == ".npz":
                raise ValueError("it is a single array, an .npy")
            arrays = {"X": archive}
        else:
            with archive:
                arrays = {name: archive[name] for name in archive.files}
    except OSError:
        raise
    except Exception as error:  # zip, header, dtype: NumPy raises a different error for each
        raise InputError(f"{path} is not an {kind} file of numeric arrays: {error}") from None
    if not arrays:
        raise InputError(f"{path} contains no arrays.")
    if list(arrays) == ["X"]:
        X = arrays["X"]
        if X.ndim == 0:
            raise InputError(f"{path}: X is a single number.")
        return list(range(len(X))), X
    return list(arrays), list(arrays.values())
