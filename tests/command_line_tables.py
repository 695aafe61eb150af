"""Tables for the command line, and what it prints of them."""

import csv
import io

import numpy as np
from gruc import GRUClassifier
from gruc.__main__ import main

FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


def table(text):
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


class Terminal(io.StringIO):
    def isatty(self):
        return True


def write(path, rows, separator=","):
    path.write_text("\n".join(separator.join(map(str, row)) for row in rows) + "\n")


def predicted(capsys, arguments):
    """Rows of predictions, and what is written to standard error."""
    code = main(arguments)
    output = capsys.readouterr()
    assert code == 0, output.err
    return table(output.out)[1], output.err


def univariate(path, n_steps=9):
    """A classifier of one feature, and the sequences that it was fitted on."""
    X = np.random.default_rng(0).random((6, n_steps))
    GRUClassifier(**FAST).fit(X[:, :, None], np.arange(6) % 2).save(path)
    return X
