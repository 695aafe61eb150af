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
from sklearn.model_selection import train_test_split
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

draw = random.Random(0).sample
kinds = {"code": code - prose, "prose": prose, "data": data}
texts = [(text, kind) for kind, some in kinds.items() for text in draw(sorted(some), 700)]
X, X_test, y, y_test = train_test_split(*zip(*texts, strict=True), test_size=0.25, random_state=0)
print(f"{len(X)} lines to learn from, for example:", *X[:3], sep="\n  ")

baseline = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), LogisticRegression(C=10))
print(f"TF-IDF and logistic regression: {baseline.fit(X, y).score(X_test, y_test):.3f} of test lines")

network = GRUClassifier(
    (32,),
    embedding_dim=16,
    bidirectional=True,
    pooling="max",
    learning_rate="cosine",
    max_iter=20,
    random_state=0,
)
model = make_pipeline(TextSequencer(analyzer="char", lowercase=False, max_length=100), network).fit(X, y)
print(f"GRUClassifier: {model.score(X_test, y_test):.3f} of test lines")
for line in ("for i in range(10):", "Return the number of items, or None.", '"mu": 956,'):
    print(f"  {line:40} {model.predict([line])[0]}")
