"""Language identification of dates and names of months, countries and languages, in 20 languages.

The texts are Babel's; those that are the same in several languages are left out. The baseline is logistic
regression on TF-IDF of up to three characters within words.

Needs `pip install babel`. Run with `python examples/languages.py [MOST_TEXTS]`.
"""

import datetime
import sys
import time

import numpy as np
from gruc import GRUClassifier
from gruc.preprocessing import TextSequencer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

try:
    import babel
    import babel.dates
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install babel") from None

LANGUAGES = "cs da de en es et fi fr hr hu it lt lv nl pl pt ro sk sl sv"
rng = np.random.default_rng(0)
days = [datetime.date(1950, 1, 1) + datetime.timedelta(int(n)) for n in rng.integers(0, 30_000, 100)]


def texts_of(language):
    """Dates and names in a language."""
    locale = babel.Locale(language)
    texts = {babel.dates.format_date(day, style, locale) for day in days for style in ("full", "long")}
    for names in (locale.territories, locale.languages, locale.months["format"]["wide"]):
        texts.update(names.values())
    return texts


languages_of = {}
for language in LANGUAGES.split():
    for text in texts_of(language):
        languages_of.setdefault(text, []).append(language)
X = sorted(text for text, languages in languages_of.items() if len(languages) == 1)
X = rng.permutation(X)[: int(sys.argv[1]) if len(sys.argv) > 1 else None].tolist()
y = [languages_of[text][0] for text in X]
X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
print(f"{len(X)} texts to learn from, such as: {'; '.join(X[:4])}")

features = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
baseline = make_pipeline(features, LogisticRegression(C=100, max_iter=1000)).fit(X, y)
print(f"accuracy on {len(X_test)} test texts")
print(f"  logistic regression    {baseline.score(X_test, y_test):.3f}")

start = time.perf_counter()
sequencer = TextSequencer(analyzer="char", ngram_range=(1, 3), add_start=True, add_end=True)
settings = dict(
    embedding_dim=64, bidirectional=True, pooling="max", embedding_dropout=0.6, dropout=0.2, solver="adamw",
    alpha=0.3, learning_rate="cosine", max_iter=30,
)  # fmt: skip
networks = [(f"seed {seed}", GRUClassifier(random_state=seed, **settings)) for seed in range(3)]
model = make_pipeline(sequencer, VotingClassifier(networks, voting="soft")).fit(X, y)
print(f"  three of GRUClassifier {model.score(X_test, y_test):.3f} ({time.perf_counter() - start:.0f} s)")

for text in ("Saksamaa", "Tyskland", "Vokietija", "Allemagne"):
    probabilities = model.predict_proba([text])[0]
    best = np.argsort(-probabilities)[:3]
    print(f"  {text}: {', '.join(f'{model.classes_[i]} {probabilities[i]:.2f}' for i in best)}")
