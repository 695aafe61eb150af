"""Models at the command line: gruc info|predict|export, or python -m gruc."""

import argparse
import csv
import io
import json
import math
import os
import re
import sys
from array import array
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from operator import itemgetter

import numpy as np

try:
    from . import files
    from ._version import __version__
    from .files import model_file
    from .runtime.loading import Content
except ImportError as error:  # such as a checkout that was not built
    sys.exit(f"gruc: {error}")

# Sequences are predicted so many at a time, with a word of progress after each lot.
AT_ONCE = 256

# Of a long CSV one hears after so many lines.
LINES_A_WORD = 100_000


class InputError(ValueError):
    """Data that cannot be read; the message says where."""


def main(arguments=None):
    """Run a command; returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        given.command(given)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads us has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    # errors of files, models and data; and what is not installed
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(f"gruc: {printable(error)}", file=sys.stderr)
        return 1
    return 0


def parser():
    """What may be said on the command line."""
    parser = argparse.ArgumentParser(prog="gruc", description="Look at, use and export models of gruc's.")
    parser.add_argument("--version", action="version", version=f"gruc {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    info = commands.add_parser("info", help="what a model file holds")
    info.add_argument("model", help="a file that save() wrote, or - for standard input")
    info.add_argument("--json", action="store_true", help="as JSON")
    info.set_defaults(command=show)

    predict = commands.add_parser(
        "predict",
        help="predictions for sequences, as CSV",
        description="Predictions for sequences. CSV is in long form, with a header: the columns sequence and "
        "step, and a column a feature; a sequence's rows are put in the order of step, which is a number or "
        "a timestamp as ISO 8601 has it (one without a zone counts as UTC). For a model that was fitted on a "
        "2-D X it may be in wide form, too: a row a sequence and a column a step, with a column sequence, or "
        "one without a name, for names. An .npy holds X, an .npz one array X, or an array (n_steps, "
        "n_features) for each sequence, under its name.",
        epilog="In the CSV that is written, names and labels that a spreadsheet would take for a formula (=, "
        "+, -, @ first, and no number) have an apostrophe in front. On a terminal control characters are "
        "shown escaped.",
    )
    predict.add_argument("model", help="a file that save() wrote, or - for standard input")
    predict.add_argument("data", help="a .csv, .npy or .npz file, or - for CSV from standard input")
    predict.add_argument("--sequence", metavar="NAME", help="the column of CSV that names a row's sequence")
    predict.add_argument("--step", metavar="NAME", help="the column of CSV that orders a sequence's rows")
    predict.add_argument(
        "--separator", metavar="CHAR", default=",", help="between cells of the CSV that is read, or tab"
    )
    predict.add_argument(
        "--decimal",
        choices=[".", ","],
        default=".",
        help="what numbers of the CSV that is read have as point",
    )
    predict.add_argument("--proba", action="store_true", help="probabilities of the classes")
    predict.add_argument("--output", help="a file for the predictions; by default standard output")
    predict.set_defaults(command=tell)

    export = commands.add_parser("export", help="a model for other software")
    export.add_argument("model", help="a file that save() wrote, or - for standard input")
    export.add_argument("output", help="the file to write, or - for standard output")
    export.add_argument("--to", choices=sorted(EXPORTS), required=True, help="; ".join(EXPORTS_HELP))
    export.add_argument("--prefix", help="with --to c: what all names begin with; by default model")
    export.add_argument(
        "--float16", action="store_true", help="with --to c: weights take half the memory and have 11 bits"
    )
    export.set_defaults(command=export_to)
    return parser


# ---- files


def content_of(model):
    """A model file's `Content`, and its size in bytes; "-" is standard input."""
    if model == "-":
        data = sys.stdin.buffer.read()
        return model_file.built(data, Content.of_file, "standard input"), len(data)
    return model_file.built(model, Content.of_file), os.path.getsize(model)


def check_output(output, *inputs):
    """Refuse an output that is one of the files read, by whatever name or link."""
    for path, what in inputs:
        with suppress(OSError):  # what is not there is another's error
            if os.path.samefile(path, output) and os.path.isfile(path):
                raise InputError(f"{output} is the {what} itself; name another file for the output.")


def write(output, content):
    """Write bytes to a file, all of it or, of a regular file, nothing; "-" is standard output."""
    if output != "-":
        files.write(output, content, "output")
        return
    sys.stdout.flush()
    files.write(getattr(sys.stdout, "buffer", sys.stdout), content)


# ---- info


def show(given):
    """Print what a file holds."""
    content, size = content_of(given.model)
    predictor, fitted = content.predictor, content.fitted
    config, classes = predictor.config, predictor.classes
    facts = {
        "kind": content.kind,
        "gruc": content.gruc_version,
        "layers": " x ".join(map(str, config["hidden_layer_sizes"]))
        + (" in both directions" * config["bidirectional"]),
        "reset": "after the product" if config["reset_after"] else "before the product",
        "pooling": config["pooling"],
        "features": predictor.n_features_in,
        "frames": f"{predictor.inputs.framing.length} steps, {predictor.inputs.framing.hop} apart",
        "standardized": predictor.inputs.scaling is not None,
        "classes": None if classes is None else classes.tolist(),
        "outputs": config["n_outputs"],
        "dtype": predictor.parameters.dtype.name,
        "weights": int(predictor.parameters.size),
        "bytes": size,
    }
    if fitted["loss_curve_"]:
        facts |= {"epochs": fitted["n_iter_"], "loss": fitted["loss_curve_"][-1]}
    if given.json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        if value is not None:
            print(f"{name:14}{printable(value)}")


def printable(text):
    """Text for a terminal, without characters that would steer it."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in str(text)
    )


# ---- predict


def tell(given):
    """Print predictions."""
    if given.output is not None:
        check_output(given.output, (given.model, "model"), (given.data, "data"))
    if given.model == given.data == "-":
        raise InputError("Only one of model and data can come from standard input.")
    content, _ = content_of(given.model)
    predictor = content.predictor
    if given.proba and predictor.classes is None:
        raise InputError(f"--proba is for classifiers; {given.model} is a regressor.")
    if given.data.endswith((".npy", ".npz")):
        names, X = read_arrays(given.data)
    else:
        names, X = read_csv(given, content.fitted)
    file = io.StringIO() if given.output is not None else sys.stdout
    shown = printable if file.isatty() else str
    say = predictor.predict_proba if given.proba else predictor.predict
    writer = csv.writer(file, lineterminator="\n")
    for start in range(0, len(X), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        try:
            rows = np.asarray(say(X[part]))
        except ValueError as error:
            raise InputError(f"{given.data}: {with_names(str(error), names[part])}") from None
        rows = rows.reshape(len(rows), -1)
        if start == 0:
            header = ["sequence", *titles(predictor, given.proba, rows.shape[1])]
            writer.writerow([shown(no_formula(title)) for title in header])
        if rows.dtype.kind in "OSTU":
            rows = [[shown(no_formula(label)) for label in row] for row in rows]
        writer.writerows([shown(no_formula(name)), *row] for name, row in zip(names[part], rows, strict=True))
        if len(X) > AT_ONCE:
            done = min(start + AT_ONCE, len(X))
            progress(f"{done} of {len(X)} sequences", last=done == len(X))
    if given.output is not None:  # all of it, or what was there before
        write(given.output, file.getvalue().encode())


def titles(predictor, proba, n_columns):
    """Names of the columns of predictions."""
    if proba or predictor.multilabel:
        return [str(label) for label in predictor.classes]
    return ["prediction"] if n_columns == 1 else [f"prediction_{i}" for i in range(n_columns)]


def no_formula(cell):
    """A cell of CSV that spreadsheets take for what it is; text that they would compute is marked."""
    if not isinstance(cell, str) or len(cell) < 2 or cell[0] not in "=+-@\t\r":
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell


def in_order(X, columns, fitted, path):
    """X with its features in the order of the fit, where that knew their names."""
    names = fitted.get("feature_names_in_")
    if not isinstance(names, list) or fitted.get("fitted_on_table"):
        return X
    if sorted(columns) != sorted(map(str, names)):
        raise InputError(f"{path} has the features {columns}; the model was fitted on {names}.")
    places = [columns.index(name) for name in names]
    return [x[:, places] for x in X]


def with_names(message, names):
    """A message about X[i] in the words of who knows the sequences by name."""
    return re.sub(r"\bX\[(\d+)\]", lambda found: f"sequence {names[int(found[1])]}", message)


def progress(what, last=False):
    """A word for a person who waits."""
    if sys.stderr.isatty():
        print(f"\r{what}", end="\n" if last else " ", file=sys.stderr, flush=True)


def read_csv(given, fitted):
    """Names and sequences of a CSV in long form, or in wide form where the model was fitted on such.

    Parameters
    ----------
    given : argparse.Namespace
        Its `data` is the path; `sequence`, `step`, `separator` and `decimal` say how to read it.
    fitted : dict
        What a model file knows of the fit.
    """
    path = given.data
    separator = "\t" if given.separator in ("tab", "\\t") else given.separator
    if len(separator) != 1 or separator in '"\r\n' or separator == given.decimal:
        raise InputError(
            "--separator must be one character, none of the quotation mark, ends of lines and --decimal; "
            f"got {given.separator!r}."
        )
    with nullcontext(sys.stdin) if path == "-" else open(path, newline="", encoding="utf-8") as file:
        lines = csv.reader(file, delimiter=separator)
        try:
            header = [name.strip() for name in next(lines, [])]
            if header:
                header[0] = header[0].removeprefix("\ufeff")  # of spreadsheets
            table = Table(lines, path, header, given.decimal)
            sequence, step = given.sequence or "sequence", given.step or "step"
            if fitted.get("fitted_on_table") and given.step is None and step not in header:
                return table.wide(given.sequence, fitted)
            sequences, columns = table.long(sequence, step, separator)
        except (csv.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}, after line {lines.line_num}: {error}.") from None
    if not sequences:
        raise InputError(f"{path} holds no sequences.")
    names, X, gaps = list(sequences), [], []
    for name, (numbers, places) in sequences.items():
        rows = np.frombuffer(numbers).reshape(len(places), -1)
        order = np.argsort(rows[:, 0], kind="stable")
        rows = rows[order]
        steps = rows[:, 0]
        for again in np.flatnonzero(np.diff(steps) == 0)[:1] + 1:
            raise InputError(
                f"{path}, line {places[order[again]]}: step {table.shown(steps[again])} of sequence {name} "
                "stands twice."
            )
        gap = gap_of(steps)
        if gap is not None:
            gaps.append(f"{name}: after {table.shown(steps[gap])} comes {table.shown(steps[gap + 1])}")
        X.append(rows[:, 1:])
    if gaps:
        more = f", and of {len(gaps) - 1} more" if len(gaps) > 1 else ""
        print(
            f"gruc: {printable(path)}: steps seem to be missing of sequence {printable(gaps[0])}{more}; rows "
            "are taken as if each followed the one before.",
            file=sys.stderr,
        )
    return names, in_order(X, columns, fitted, path)


def gap_of(steps):
    """Place of the step before the first gap in rising steps (t,), or None.

    Whole numbers have a gap where they do not all lie equally far apart. Other steps, which may
    be times of measurements that came as they came, have one where they lie a whole number of times the
    smallest distance apart, that is the distance of half of them at least.
    """
    distances = np.diff(steps)
    if len(distances) < 2:
        return None
    smallest = distances.min()
    times = distances / smallest
    wider = np.flatnonzero(np.abs(times - 1) > 1e-6)
    if len(wider) == 0:
        return None
    whole = (steps == np.rint(steps)).all() and np.abs(steps).max() < FIRST_TIMESTAMP
    regular = (np.abs(times - np.rint(times)) < 1e-6).all() and 2 * len(wider) <= len(distances)
    return int(wider[0]) if whole or regular else None


# Whole numbers of this size are times, as seconds or microseconds since 1970, and no counts of steps.
FIRST_TIMESTAMP = 1e9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Table:
    """Lines of a CSV after its header, and what to say of them in errors."""

    def __init__(self, lines, path, header, decimal):
        self.lines, self.path, self.header = lines, path, header
        self.number = float if decimal == "." else lambda cell: float(cell.replace(decimal, "."))
        self.zone = None  # of the first timestamp; False where steps are numbers

    def long(self, sequence, step, separator):
        """Of each sequence by name its numbers, line after line, step first, and their lines; features."""
        header = self.header
        if sequence not in header or step not in header or len(header) < 3:
            advice = " Name other columns by --sequence and --step, and what is between cells by --separator."
            for other in ";\t|":
                if other != separator and other in "".join(header):
                    advice = f" Is it --separator {'tab' if other == chr(9) else repr(other)}?"
            raise InputError(
                f"{self.path}: the header is {','.join(header)!r}; expected {sequence},{step} and the "
                f"features.{advice}"
            )
        self.refuse_twice()
        of_sequence, of_step = header.index(sequence), header.index(step)
        features = [i for i in range(len(header)) if i not in (of_sequence, of_step)]
        first, last = features[0], features[-1]
        together = last - first == len(features) - 1
        cells = itemgetter(slice(first, last + 1)) if together else itemgetter(*features)
        number, place_of_step, sequences = self.number, self.step, {}
        for line in self:
            name = line[of_sequence].strip()
            numbers, places = sequences.setdefault(name, (array("d"), array("q")))
            try:
                numbers.append(place_of_step(line[of_step]))
                numbers.extend(map(number, cells(line)))
            except ValueError as error:
                raise InputError(f"{self.path}, line {self.lines.line_num}: {error}.") from None
            places.append(self.lines.line_num)
        return sequences, [header[i] for i in features]

    def wide(self, sequence, fitted):
        """Names and sequences (n_steps, 1), a line each, of a model that was fitted on such a table."""
        header, path = self.header, self.path
        if sequence is not None and sequence not in header:
            raise InputError(f"{path} has no column {sequence!r}; its header is {','.join(header)!r}.")
        self.refuse_twice()
        known, n_steps = fitted.get("feature_names_in_"), fitted.get("n_features_in_")
        known = list(map(str, known)) if isinstance(known, list) else None
        if sequence is None:  # a column of names, and that of an index as pandas writes it
            sequence = next(
                (name for name in ("sequence", "") if name in header and name not in (known or ())), None
            )
        columns = [name for name in header if name != sequence]
        if known is not None and sorted(columns) != sorted(known):
            raise InputError(f"{path} has the columns {columns}; the model was fitted on {known}.")
        if len(columns) != n_steps:
            raise InputError(
                f"{path}: the header is {','.join(header)!r}; expected sequence,step and the features, or "
                f"{n_steps} columns of steps, as the model was fitted on, and names in a column sequence."
            )
        if known is None and is_row_of_numbers(columns):
            raise InputError(
                f"{path}: the first line is numbers, {','.join(header)}; expected names of columns."
            )
        places = [header.index(name) for name in (known or columns)]
        names, X = [], []
        for line in self:
            try:
                X.append(np.array([[self.number(line[i])] for i in places]))
            except ValueError as error:
                raise InputError(f"{path}, line {self.lines.line_num}: {error}.") from None
            names.append(len(names) if sequence is None else line[header.index(sequence)].strip())
        if not X:
            raise InputError(f"{path} holds no sequences.")
        return names, X

    def __iter__(self):
        """Lines that hold something, which have as many cells as the header."""
        for n_lines, line in enumerate(self.lines):
            if not line:
                continue
            if len(line) != len(self.header):
                raise InputError(
                    f"{self.path}, line {self.lines.line_num}: {len(line)} fields, the header has "
                    f"{len(self.header)}."
                )
            yield line
            if n_lines % LINES_A_WORD == LINES_A_WORD - 1:
                progress(f"{n_lines + 1} lines read")

    def refuse_twice(self):
        """Refuse a header that has a name twice: which column is meant cannot be told."""
        for i, name in enumerate(self.header):
            if name in self.header[:i]:
                raise InputError(f"{self.path}: the header has the column {name!r} twice.")

    def step(self, cell):
        """A step as a number; of a timestamp the microseconds since 1970."""
        cell = cell.strip()
        if not self.zone:  # numbers so far, or the first step
            try:
                value = self.number(cell)
            except ValueError:
                if self.zone is False:
                    raise
            else:
                if not math.isfinite(value):
                    raise ValueError(f"step is {cell}")
                self.zone = False
                return value
        try:
            time = datetime.fromisoformat(cell)
        except ValueError:
            raise ValueError(
                f"step {cell!r} is neither a number nor a timestamp like 2026-01-31T12:00:00"
            ) from None
        zone = "none" if time.tzinfo is None else "some"
        if (self.zone or zone) != zone:
            raise ValueError(
                f"step {cell!r} has {'no' if zone == 'none' else 'a'} time zone, unlike those before"
            )
        self.zone = zone
        return (time.replace(tzinfo=time.tzinfo or UTC) - EPOCH) / timedelta(microseconds=1)

    def shown(self, step):
        """A step as it was given, or nearly."""
        if not self.zone:
            return f"{step:.15g}"  # seconds since 1970 in full
        time = EPOCH + timedelta(microseconds=step)
        return (time.replace(tzinfo=None) if self.zone == "none" else time).isoformat()


def is_row_of_numbers(header):
    """Whether a header is data, which names of columns that count from 0 are not."""
    if header == [str(i) for i in range(len(header))]:
        return False
    try:
        return all(map(math.isfinite, map(float, header)))
    except ValueError:
        return False


def read_arrays(path):
    """Names and sequences of an .npy, which is X; of an .npz: one array X, or one a sequence."""
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
    except Exception as error:  # zip, header, dtype: NumPy has an error for each
        raise InputError(f"{path} is no {kind} of arrays of numbers: {error}") from None
    if not arrays:
        raise InputError(f"{path} holds no arrays.")
    if list(arrays) == ["X"]:
        X = arrays["X"]
        if X.ndim == 0:
            raise InputError(f"{path}: X is a single number.")
        return list(range(len(X))), X
    return list(arrays), list(arrays.values())


# ---- export


def export_to(given):
    """Write a model for other software."""
    if given.to != "c" and (given.prefix is not None or given.float16):
        raise InputError(f"--prefix and --float16 are for --to c, not {given.to}.")
    check_output(given.output, (given.model, "model"))
    predictor = content_of(given.model)[0].predictor
    EXPORTS[given.to](predictor, given)


def to_c(predictor, given):
    """A C header, and a word on the memory that it wants."""
    from . import to_c

    prefix = "model" if given.prefix is None else given.prefix
    header = io.BytesIO()
    report = to_c(predictor, header, prefix, storage="float16" if given.float16 else "float32")
    write(given.output, header.getvalue())
    state = f", {report.state_bytes} of memory for a stream" if report.state_bytes else ""
    to_stdout = given.output == "-" or files.descriptor_of(given.output) == 1
    print(f"{report.constant_bytes} bytes of constants{state}", file=sys.stderr if to_stdout else sys.stdout)


def to_torch(predictor, given):
    """A safetensors file of the state of a module with `gru` and `head`."""
    from safetensors.numpy import save

    from . import to_torch

    gru, head = to_torch(predictor)
    state = {f"gru.{name}": w for name, w in gru.items()} | {f"head.{name}": w for name, w in head.items()}
    write(given.output, save({name: np.ascontiguousarray(w) for name, w in state.items()}))


def to_onnx(predictor, given):
    """An ONNX graph."""
    from . import to_onnx

    write(given.output, to_onnx(predictor).SerializeToString())


EXPORTS = {"c": to_c, "onnx": to_onnx, "torch": to_torch}
EXPORTS_HELP = [
    "c: a header for include/gruc",
    "onnx: a graph with inputs X and lengths",
    "torch: a safetensors file with the state of torch.nn.GRU (gru.*) and Linear (head.*)",
]


if __name__ == "__main__":
    sys.exit(main())
