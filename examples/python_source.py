"""Syntax highlighting of Python source: a label for every character, learned from the standard library.

The labels are the kinds of token that the tokenize module distinguishes. Models read the characters of
functions and methods; no test module is in the training set. The baseline is
logistic regression on each character and the five on either side of it.

Run with `python examples/python_source.py [MOST_PIECES]`.
"""

import ast
import inspect
import io
import keyword
import sys
import time
import tokenize
from importlib import import_module

import numpy as np
from gruc import GRUTagger
from gruc.preprocessing import TextSequencer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

TRAINING = [
    "argparse", "calendar", "cmd", "configparser", "contextlib", "copy", "csv", "dataclasses", "difflib",
    "enum", "fileinput", "fractions", "ftplib", "functools", "gzip", "heapq", "imaplib", "inspect", "locale",
    "optparse", "pathlib", "pickle", "platform", "pprint", "shelve",
]  # fmt: skip
TEST = ["colorsys", "getopt", "glob", "mailbox", "queue", "statistics", "textwrap", "timeit"]
KINDS = {
    tokenize.NUMBER: "number",
    tokenize.STRING: "string",
    tokenize.COMMENT: "comment",
    tokenize.OP: "operator",
    # of Python 3.12 and later
    **{number: "string" for number, name in tokenize.tok_name.items() if name.startswith("FSTRING")},
}


def pieces(module, longest=1500):
    """Functions, methods and other statements of a module, as texts, with a label for each character."""
    source = inspect.getsource(import_module(module))
    starts = np.cumsum([0, *map(len, io.StringIO(source))])  # of lines
    labels = np.full(len(source), "space", object)
    for kind, text, (row, column), (end_row, end_column), _ in tokenize.generate_tokens(
        io.StringIO(source).readline
    ):
        name = "keyword" if keyword.iskeyword(text) else KINDS.get(kind, "name")
        if text.strip():
            labels[starts[row - 1] + column : starts[end_row - 1] + end_column] = name
    for node in ast.parse(source).body:
        parts = node.body if isinstance(node, ast.ClassDef) else [node]
        for part in parts:
            where = slice(starts[part.lineno - 1], starts[part.end_lineno])
            if where.stop - where.start <= longest:
                yield source[where], labels[where]


def read(modules, most=None):
    """Pieces of several modules: texts and labels."""
    found = [piece for module in modules for piece in pieces(module)]
    order = np.random.default_rng(0).permutation(len(found))[:most]
    texts, labels = zip(*(found[i] for i in order), strict=True)
    return list(texts), list(labels)


def windows(texts, width=5):
    """Each character with those around it, (n_characters, 2 * width + 1)."""
    padded = ["\0" * width + text + "\0" * width for text in texts]
    return np.array(
        [list(text[i : i + 2 * width + 1]) for text in padded for i in range(len(text) - 2 * width)]
    )


X, y = read(TRAINING, int(sys.argv[1]) if len(sys.argv) > 1 else None)
X_test, y_test = read(TEST)
true = np.concatenate(y_test)
print(
    f"{len(X)} pieces of {len(TRAINING)} modules, {sum(map(len, X))} characters; test: {len(true)} characters"
)

baseline = make_pipeline(
    OneHotEncoder(handle_unknown="ignore"),
    SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=5, tol=None, random_state=0),
).fit(windows(X), np.concatenate(y))
print(f"logistic regression, by character: {baseline.score(windows(X_test), true):.3f}")

start = time.perf_counter()
tagger = GRUTagger(
    (64,), embedding_dim=32, bidirectional=True, learning_rate="cosine", learning_rate_init=4e-3, max_iter=8,
    batch_size=16, random_state=0,
)  # fmt: skip
model = make_pipeline(TextSequencer(analyzer="char", lowercase=False), tagger).fit(X, y)
print(f"GRUTagger, by character: {model.score(X_test, y_test):.3f} ({time.perf_counter() - start:.0f} s)")

found = np.concatenate(model.predict(X_test))
for kind in np.unique(true):
    print(f"  {kind:8} {np.mean(found[true == kind] == kind):.3f} of {np.sum(true == kind)}")
code = 'if n != 1:  # "many"\n    print(f"{n} words", end="")\n'
(kinds,) = model.predict([code])
print(code + "".join({"space": " ", "name": "n"}.get(kind, kind[0]) for kind in kinds))
