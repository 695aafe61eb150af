"""Texts by kind: lines of code, of prose and of data, all from the standard library.

The baseline is logistic regression on TF-IDF of up to three characters.

Run with `python examples/text_by_kind.py`.
"""

import html.entities
import inspect
import mimetypes
import random
import sysconfig
from importlib import import_module

from gruc import GRUClassifier
from gruc.preprocessing import TextSequencer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

MODULES = [
    "argparse",
    "ast",
    "calendar",
    "collections",
    "csv",
    "datetime",
    "decimal",
    "difflib",
    "email",
    "enum",
]


def lines(texts):
    """Lines of three characters or more, each once."""
    return {line.strip() for text in texts for line in text.splitlines() if len(line.strip()) > 2}


modules = [import_module(name) for name in MODULES]
parts = modules + [part for module in modules for part in vars(module).values()]
prose = lines(
    inspect.getdoc(part) or ""
    for part in parts
    if inspect.ismodule(part) or inspect.isclass(part) or inspect.isfunction(part)
)
code = {line for line in lines(map(inspect.getsource, modules)) if not line.startswith("#")}
data = lines(f"{extension},{kind}" for extension, kind in mimetypes.types_map.items())
data |= lines(f'"{name}": {ord(text[0])},' for name, text in html.entities.html5.items())
data |= lines(f"{name} = {value}" for name, value in sysconfig.get_config_vars().items())

draw = random.Random(0)
kinds = {"code": code - prose, "prose": prose, "data": data}
texts = [(text, kind) for kind, some in kinds.items() for text in draw.sample(sorted(some), 700)]
X, y = zip(*draw.sample(texts, len(texts)), strict=True)
print(f"{len(X)} lines, for example:", *X[:3], sep="\n  ")
print("accuracy, the mean of five folds")

baseline = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), LogisticRegression(C=10))
print(f"  TF-IDF and logistic regression {cross_val_score(baseline, X, y).mean():.3f}")

network = GRUClassifier(
    (32,), embedding_dim=32, bidirectional=True, pooling="max", dropout=0.3, learning_rate="cosine",
    max_iter=20, random_state=0,
)  # fmt: skip
model = make_pipeline(TextSequencer(analyzer="char", lowercase=False, max_length=100), network)
print(f"  GRUClassifier                  {cross_val_score(model, X, y).mean():.3f}")
model.fit(X, y)
for line in ("for i in range(10):", "Return the number of items, or None.", '"mu": 956,'):
    print(f"  {line:40} {model.predict([line])[0]}")
