"""Headlines: the name of a function from the first sentence of its docstring, character by character.

The pairs are those of the standard library. The baseline copies the longest word of the sentence. Similarity
is the share of characters that two names have in common in the same order (difflib's ratio). From a few
thousand diverse pairs, a network learns what names look like, and often a word of each.

Run with `python examples/headlines.py [EPOCHS]`.
"""

import ast
import difflib
import random
import re
import sys
import sysconfig
from pathlib import Path

import numpy as np
from gruc import GRUSeq2Seq

pairs = {}
for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("**/*.py")):
    if "site-packages" in path.parts or "test" in str(path):
        continue
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        continue
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
        sentence = re.split(r"(?<=[.!?])\s|\n\n", " ".join(text.split()) if text else "")[0]
        if 10 <= len(sentence) <= 100 and not node.name.startswith("__"):
            pairs.setdefault(sentence, node.name.strip("_"))
X, y = zip(*random.Random(0).sample(sorted(pairs.items()), len(pairs)), strict=True)
n = len(X) * 9 // 10


def similarity(found):
    ratios = [difflib.SequenceMatcher(None, a, b).ratio() for a, b in zip(found, y[n:], strict=True)]
    return f"{np.mean(ratios):.3f}, exact {np.mean([a == b for a, b in zip(found, y[n:], strict=True)]):.3f}"


longest = [max(re.findall(r"\w+", text.lower()) or [""], key=len) for text in X[n:]]
model = GRUSeq2Seq(
    hidden_layer_sizes=(96,), embedding_dim=32, dropout=0.3, max_target_length=60, random_state=0,
    max_iter=int(sys.argv[1]) if len(sys.argv) > 1 else 12,
).fit(X[:n], y[:n])  # fmt: skip
print(f"{n} docstrings to learn from; similarity of names on {len(X) - n} others:")
print(f"  longest word {similarity(longest)}")
found = model.predict(X[n:], beam_size=5)
print(f"  GRUSeq2Seq   {similarity(found)}")
for text, name, right in zip(X[n : n + 8], found, y[n:], strict=False):
    print(f"  {text[:60]:60} {name} ({right})")
