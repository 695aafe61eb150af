"""A text classifier in a C program: is a line of a Python file code or prose?

Bytes are tokens: each one of a line is looked up in a table of 256 vectors, in Python as in C. The model is
trained on lines of the standard library, exported as a header and compiled with cc; the program reads lines
byte by byte.

Run with `python examples/lines_in_c.py`; needs a C compiler.
"""

import ast
import email
import json
import logging
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import gruc
import numpy as np
from sklearn.model_selection import train_test_split

compiler = os.environ.get("CC", "cc")
if shutil.which(compiler) is None:
    raise SystemExit(f"{compiler} was not found. This example needs a C compiler, such as gcc.")


def labelled_lines(path):
    """Lines of a Python file without indentation, each once; and whether it stands in a docstring."""
    text = path.read_text()
    prose = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            prose.update(range(node.body[0].lineno + 1, node.body[0].end_lineno))
    return {line.strip(): i in prose for i, line in enumerate(text.splitlines(), 1) if len(line.strip()) > 10}


lines = {}
for package in (email, json, logging, unittest):
    for path in sorted(Path(package.__file__).parent.glob("*.py")):
        lines |= labelled_lines(path)
texts = [line.encode() for line in lines]
kinds = np.where(list(lines.values()), "prose", "code")
train, test, y, y_test = train_test_split(texts, kinds, random_state=0, stratify=kinds)

PROGRAM = """
#include "kind.h"
#include <stdio.h>

/* prints for each line of standard input which kind it is, and how probable that is */
int main(void)
{
    static kind_state state;
    float probabilities[KIND_N_OUTPUTS];
    int byte;
    kind_init(&state);
    while ((byte = getchar()) != EOF) {
        if (byte != '\\n') {
            if (kind_step(&state, byte, NULL)) return 1; /* probabilities are wanted at the end only */
            continue;
        }
        if (kind_step(&state, ' ', probabilities)) return 1;
        size_t best = kind_class(probabilities);
        printf("%s %.9g\\n", kind_classes[best], (double)probabilities[best]);
        kind_init(&state);
    }
    return 0;
}
"""

# bytes are integers: a line is an array of tokens as it stands, here with a space for its end
X, X_test = ([np.frombuffer(line + b" ", np.uint8) for line in part] for part in (train, test))
model = gruc.GRUClassifier(
    (24,), embedding_dim=8, n_tokens=256, early_stopping=True, n_iter_no_change=3, random_state=0
).fit(X, y)
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    (folder / "main.c").write_text(PROGRAM)
    for storage in ("float32", "float16"):
        report = gruc.to_c(model, folder / "kind.h", prefix="kind", storage=storage, X=X)
        command = [compiler, "-std=c99", "-O2", f"-I{gruc.get_include()}", "main.c", "-lm"]
        subprocess.run([*command, "-o", "kind"], cwd=folder, check=True)
        told = subprocess.run(
            [folder / "kind"], input=b"\n".join([*test, b""]), capture_output=True, check=True
        ).stdout
        predicted, best = zip(*(line.split() for line in told.decode().splitlines()), strict=True)
        print(f"{storage}: {report.constant_bytes:,} bytes of constants, {report.state_bytes:,} of state")
        difference = np.abs(np.array(best, float) - model.predict_proba(X_test).max(axis=1)).max()
        print(f"  largest difference from predict_proba: {difference:.1e}")
        print(f"  accuracy on {len(test)} other lines: {np.mean(np.array(predicted) == y_test):.3f}")
print(f"always the commoner kind: {max(np.mean(y_test == kind) for kind in ('code', 'prose')):.3f}")
