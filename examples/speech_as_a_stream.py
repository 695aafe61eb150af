"""Speech as a stream: accuracy as a function of the fraction of an utterance that was heard.

A GRUTagger learns who speaks from every frame of Japanese Vowels, so that it can be asked after every frame.
It is compared with a GRUClassifier of whole utterances, and logistic regression on the mean of the frames.

Run with `python examples/speech_as_a_stream.py [PICTURE.png]` (a picture needs `pip install matplotlib`).
"""

import sys

import numpy as np
from gruc import GRUClassifier, GRUTagger
from gruc.datasets import load_japanese_vowels
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)

tagger = GRUTagger((64,), dropout=0.2, random_state=0).fit(
    X, [np.full(len(x), label) for x, label in zip(X, y, strict=True)]
)
classifier = GRUClassifier((64,), frame_length=1, random_state=0).fit(X, y)
beginnings = [
    (x[:k].mean(axis=0), label) for x, label in zip(X, y, strict=True) for k in range(1, len(x) + 1)
]
of_means = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(
    *zip(*beginnings, strict=True)
)


def answers(model, x):
    """Labels after each frame."""
    if model is of_means:
        return model.predict(np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, np.newaxis])
    stream = model.stream()
    return model.classes_[[stream.step(frame).argmax() for frame in x]]


heard = np.arange(0.1, 1.01, 0.1)
models = {
    "GRUTagger": tagger,
    "GRUClassifier": classifier,
    "mean and logistic regression": of_means,
}
curves = {}
for name, model in models.items():
    right = [answers(model, x) == label for x, label in zip(X_test, y_test, strict=True)]
    curves[name] = [np.mean([r[int(np.ceil(share * len(r) - 1e-9)) - 1] for r in right]) for share in heard]

print("accuracy on test utterances, when so much of them was heard:")
print(" " * 30 + "".join(f"{share:6.0%}" for share in heard))
for name, curve in curves.items():
    print(f"{name:30}" + "".join(f"{value:6.2f}" for value in curve))

if len(sys.argv) > 1:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for name, curve in curves.items():
        ax.plot(heard, curve, marker="o", label=name)
    ax.set(xlabel="share of the utterance heard", ylabel="accuracy on test utterances")
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(sys.argv[1], dpi=110)
