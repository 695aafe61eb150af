"""The command line: arguments, and the commands info, predict, sample and export."""

import argparse
import os
import sys

from .._version import __version__
from ..files.storage import STORAGES
from .common import printable

EXPORTS = {
    "c": "a header for include/gruc",
    "onnx": "a graph with inputs X and lengths (for an encoder-decoder two, whose files end in .encoder.onnx "
    "and .step.onnx)",
    "torch": "a safetensors file with the states of torch.nn.GRU (gru.*), Linear (head.*), Embedding "
    "(embedding.*) and convolutions (conv.*, norm.*, scale.*); of several networks under estimators.0 "
    "and so on",
}


def main(arguments=None):
    """Run a command; return the exit code."""
    arguments = parser().parse_args(arguments)
    try:
        run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    # errors in files, models and data, and missing packages
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(f"gruc: {printable(error)}", file=sys.stderr)
        return 1
    return 0


def run(arguments):
    """Run the command in its module, which is imported now."""
    match arguments.command:
        case "info":
            from .info import info

            info(arguments)
        case "predict":
            from .predict import predict

            predict(arguments)
        case "sample":
            from .sample import sample

            sample(arguments)
        case "export":
            from .export import export

            export(arguments)


def parser():
    """The parser of the command line."""
    parser = argparse.ArgumentParser(prog="gruc", description="Inspect, use and export gruc models.")
    parser.add_argument("--version", action="version", version=f"gruc {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    for add in (_add_info, _add_predict, _add_sample, _add_export):
        add(commands)
    return parser


def _add_info(commands):
    info = commands.add_parser("info", help="describe a model file")
    info.add_argument("model", help="a file written by save(), or - for standard input")
    info.add_argument("--json", action="store_true", help="print JSON")


def _add_predict(commands):
    predict = commands.add_parser(
        "predict",
        help="predict for sequences and write CSV",
        description="Predict for sequences. CSV files are in long form with a header: the columns "
        "sequence and step, and one column per feature. The rows of a sequence are sorted by step, a "
        "number or an ISO 8601 timestamp (without a time zone: UTC). For a model that was fitted on a "
        "2-D X, CSV files may also be in wide form: one row per sequence and one column per step, with "
        "names in a column sequence or in an unnamed column. An .npy file contains X; an .npz file "
        "contains one array X, or one named array (n_steps, n_features) per sequence. For a pipeline "
        "or an encoder-decoder that reads texts, CSV files have a column of texts and optionally a column "
        "sequence with names. "
        "Models that predict each step write one row per step, numbered from 0. A forecaster knows its "
        "series and needs no data. A CSV file contains values that follow the known ones, with one "
        "column per series or in long form, and the forecasts follow these; --step names the column of "
        "times.",
        epilog="In the CSV output, names and labels that a spreadsheet would interpret as a formula "
        "(beginning with =, +, - or @, and not a number) are preceded by an apostrophe. On a terminal, "
        "control characters are escaped.",
    )
    predict.add_argument("model", help="a file written by save(), or - for standard input")
    predict.add_argument(
        "data",
        nargs="?",
        help="a .csv, .npy or .npz file, or - for CSV from standard input; not needed by a forecaster",
    )
    predict.add_argument("--sequence", metavar="NAME", help="the CSV column with the name of the sequence")
    predict.add_argument("--text", metavar="NAME", help="the CSV column of texts; default: text")
    predict.add_argument("--step", metavar="NAME", help="the CSV column by which rows are sorted")
    predict.add_argument(
        "--separator", metavar="CHAR", default=",", help="separator of the CSV input, or tab"
    )
    predict.add_argument("--decimal", choices=[".", ","], default=".", help="decimal point of the CSV input")
    predict.add_argument("--proba", action="store_true", help="predict class probabilities")
    predict.add_argument(
        "--steps", type=int, metavar="N", help="forecasters: number of steps; default: as in the fit"
    )
    predict.add_argument(
        "--coverage", type=float, metavar="SHARE", help="forecasters: coverage of intervals, such as 0.9"
    )
    predict.add_argument(
        "--new", action="store_true", help="forecasters: the CSV contains new series, from their beginning"
    )
    predict.add_argument("--output", help="a file for the predictions; default: standard output")


def _add_sample(commands):
    sample = commands.add_parser("sample", help="generate text with a language model")
    sample.add_argument("model", help="a file written by save(), or - for standard input")
    sample.add_argument(
        "--length", type=int, default=500, metavar="N", help="maximum number of tokens; default: 500"
    )
    sample.add_argument("--prefix", default="", metavar="TEXT", help="beginning of the text; not printed")
    sample.add_argument(
        "--temperature",
        type=float,
        default=1.0,
        metavar="T",
        help="below 1: more likely tokens; 0: always the most likely",
    )
    sample.add_argument("--top-k", type=int, metavar="K", help="draw from the K most likely tokens only")
    sample.add_argument(
        "--top-p", type=float, metavar="P", help="draw from the most likely tokens with total probability P"
    )
    sample.add_argument("--seed", type=int, metavar="N", help="random seed, for reproducible text")


def _add_export(commands):
    export = commands.add_parser("export", help="convert a model for other software")
    export.add_argument("model", help="a file written by save(), or - for standard input")
    export.add_argument("output", help="the file to write, or - for standard output")
    kinds = "; ".join(f"{kind}: {what}" for kind, what in EXPORTS.items())
    export.add_argument("--to", choices=list(EXPORTS), required=True, help=kinds)
    export.add_argument("--prefix", help="with --to c: the prefix of all names; default: model")
    export.add_argument("--float16", action="store_true", help="with --to c: the same as --storage float16")
    export.add_argument(
        "--storage", choices=STORAGES, help="with --to c: storage format of the weights; default: float32"
    )
    export.add_argument(
        "--alpha",
        type=float,
        nargs="+",
        metavar="LEVEL",
        help="with --to c or onnx: levels of quantiles that a forecaster also computes, such as 0.1 0.9",
    )
