"""Models at the command line: python -m gruc info|predict|export."""

import argparse
import csv
import io
import json
import math
import os
import re
import sys
from array import array
from contextlib import nullcontext

import numpy as np

try:
    from . import __version__, model_file, runtime
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
        print(f"gruc: {error}", file=sys.stderr)
        return 1
    return 0


def parser():
    """What may be said on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m gruc", description="Look at, use and export models of gruc's."
    )
    parser.add_argument("--version", action="version", version=f"gruc {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    info = commands.add_parser("info", help="what a model file holds")
    info.add_argument("model", help="a file that save() wrote")
    info.add_argument("--json", action="store_true", help="as JSON")
    info.set_defaults(command=show)

    predict = commands.add_parser(
        "predict",
        help="predictions for sequences, as CSV",
        description="Predictions for sequences. CSV is in long form, with a header: the columns sequence and "
        "step, then a column a feature; a sequence's rows are put in the order of step. An .npz holds one "
        "array X, or an array (n_steps, n_features) for each sequence, under its name.",
    )
    predict.add_argument("model")
    predict.add_argument("data", help="a .csv or .npz file, or - for CSV from standard input")
    predict.add_argument("--proba", action="store_true", help="probabilities of the classes")
    predict.add_argument("--output", help="a file for the predictions; by default standard output")
    predict.set_defaults(command=tell)

    export = commands.add_parser("export", help="a model for other software")
    export.add_argument("model")
    export.add_argument("output", help="the file to write")
    export.add_argument("--to", choices=sorted(EXPORTS), required=True, help="; ".join(EXPORTS_HELP))
    export.add_argument("--prefix", help="with --to c: what all names begin with; by default model")
    export.add_argument(
        "--float16", action="store_true", help="with --to c: weights take half the memory and have 11 bits"
    )
    export.set_defaults(command=export_to)
    return parser


# ---- info


def show(given):
    """Print what a file holds."""
    description, arrays = model_file.read(given.model)
    predictor = runtime.of_file(description, arrays, given.model)
    config, classes = predictor.config, predictor.classes
    facts = {
        "kind": description["kind"],
        "gruc": description["gruc_version"],
        "layers": " x ".join(map(str, config["hidden_layer_sizes"]))
        + (" in both directions" * config["bidirectional"]),
        "reset": "after the product" if config["reset_after"] else "before the product",
        "pooling": config["pooling"],
        "features": predictor.n_features_in,
        "frames": f"{predictor.framing.length} steps, {predictor.framing.hop} apart",
        "standardized": predictor.scaling is not None,
        "classes": None if classes is None else classes.tolist(),
        "outputs": config["n_outputs"],
        "dtype": predictor.parameters.dtype.name,
        "weights": int(predictor.parameters.size),
        "bytes": os.path.getsize(given.model),
    }
    fitted = description["fitted"]
    epochs, losses = fitted.get("n_iter_"), fitted.get("loss_curve_")
    if isinstance(epochs, int) and isinstance(losses, list) and losses and isinstance(losses[-1], float):
        facts |= {"epochs": epochs, "loss": losses[-1]}
    if given.json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        if value is not None:
            print(f"{name:14}{value}")


# ---- predict


def tell(given):
    """Print predictions."""
    description, arrays = model_file.read(given.model)
    predictor = runtime.of_file(description, arrays, given.model)
    if given.proba and predictor.classes is None:
        raise InputError(f"--proba is for classifiers; {given.model} is a regressor.")
    if given.data.endswith(".npz"):
        names, X = read_npz(given.data)
    else:
        names, X, columns = read_csv(given.data)
        X = in_order(X, columns, description["fitted"], given.data)
    file = io.StringIO() if given.output else sys.stdout
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
            writer.writerow(["sequence", *titles(predictor, given.proba, rows.shape[1])])
        writer.writerows([name, *row] for name, row in zip(names[part], rows, strict=True))
        if len(X) > AT_ONCE:
            done = min(start + AT_ONCE, len(X))
            progress(f"{done} of {len(X)} sequences", last=done == len(X))
    if given.output:  # all of it, or what was there before
        model_file.replace(given.output, file.getvalue().encode())


def titles(predictor, proba, n_columns):
    """Names of the columns of predictions."""
    if proba or predictor.multilabel:
        return [str(label) for label in predictor.classes]
    return ["prediction"] if n_columns == 1 else [f"prediction_{i}" for i in range(n_columns)]


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


def read_csv(path):
    """Names and arrays (n_steps, n_features) of the sequences of a CSV in long form; names of features."""
    with nullcontext(sys.stdin) if path == "-" else open(path, newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        try:
            sequences, columns = _sequences_of(lines, path)
        except (csv.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}, after line {lines.line_num}: {error}.") from None
    if not sequences:
        raise InputError(f"{path} holds no sequences.")
    X = []
    for name, (numbers, places) in sequences.items():
        table = np.frombuffer(numbers).reshape(len(places), -1)
        order = np.argsort(table[:, 0], kind="stable")
        table = table[order]
        for again in np.flatnonzero(np.diff(table[:, 0]) == 0)[:1] + 1:
            step, line_num = table[again, 0], places[order[again]]
            raise InputError(f"{path}, line {line_num}: step {step:g} of sequence {name} stands twice.")
        X.append(table[:, 1:])
    return list(sequences), X, columns


def _sequences_of(lines, path):
    """Of each sequence by name its numbers, line after line, step first, and where they stand."""
    header = [name.strip() for name in next(lines, [])]
    if header:
        header[0] = header[0].removeprefix("\ufeff")  # of spreadsheets
    if header[:2] != ["sequence", "step"] or len(header) < 3:
        raise InputError(
            f"{path}: the header is {','.join(header)!r}; expected sequence,step and the features."
        )
    sequences = {}
    for n_lines, line in enumerate(lines):
        if not line:
            continue
        if len(line) != len(header):
            raise InputError(
                f"{path}, line {lines.line_num}: {len(line)} fields, the header has {len(header)}."
            )
        numbers, places = sequences.setdefault(line[0].strip(), (array("d"), array("q")))
        try:
            numbers.extend(map(float, line[1:]))
        except ValueError as error:
            raise InputError(f"{path}, line {lines.line_num}: {error}.") from None
        if not math.isfinite(numbers[1 - len(line)]):
            raise InputError(f"{path}, line {lines.line_num}: step is {line[1].strip()}.")
        places.append(lines.line_num)
        if n_lines % LINES_A_WORD == LINES_A_WORD - 1:
            progress(f"{n_lines + 1} lines read")
    return sequences, header[2:]


def read_npz(path):
    """Names and sequences of an .npz: one array X, or one a sequence."""
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ValueError("it is a single array, an .npy")
        with archive:
            arrays = {name: archive[name] for name in archive.files}
    except OSError:
        raise
    except Exception as error:  # zip, header, dtype: NumPy has an error for each
        raise InputError(f"{path} is no .npz of arrays of numbers: {error}") from None
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
    predictor = runtime.load(given.model)
    if os.path.exists(given.output) and os.path.samefile(given.model, given.output):
        raise InputError(f"{given.output} is the model itself.")
    EXPORTS[given.to](predictor, given)


def to_c(predictor, given):
    """A C header, and a word on the memory that it wants."""
    from . import to_c

    prefix = "model" if given.prefix is None else given.prefix
    report = to_c(predictor, given.output, prefix, storage="float16" if given.float16 else "float32")
    state = f", {report.state_bytes} of memory for a stream" if report.state_bytes else ""
    print(f"{report.constant_bytes} bytes of constants{state}")


def to_torch(predictor, given):
    """A safetensors file of the state of a module with `gru` and `head`."""
    from safetensors.numpy import save

    from . import to_torch

    gru, head = to_torch(predictor)
    state = {f"gru.{name}": w for name, w in gru.items()} | {f"head.{name}": w for name, w in head.items()}
    model_file.replace(given.output, save({name: np.ascontiguousarray(w) for name, w in state.items()}))


def to_onnx(predictor, given):
    """An ONNX graph."""
    from . import to_onnx

    to_onnx(predictor, given.output)


EXPORTS = {"c": to_c, "onnx": to_onnx, "torch": to_torch}
EXPORTS_HELP = [
    "c: a header for include/gruc",
    "onnx: a graph with inputs X and lengths",
    "torch: a safetensors file with the state of torch.nn.GRU (gru.*) and Linear (head.*)",
]


if __name__ == "__main__":
    sys.exit(main())
