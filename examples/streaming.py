"""Speaker identification on a stream: it answers after every step and stops as soon as it is confident.

Run with `python examples/streaming.py`.
"""

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)

# train on beginnings of different lengths, since these are what the stream will see
beginnings = [
    (x[:k], label) for x, label in zip(X, y, strict=True) for k in (4, 8, 12, len(x)) if k <= len(x)
]
model = gruc.GRUClassifier(frame_length=1, random_state=0).fit(*zip(*beginnings, strict=True))

stream = model.stream()
print("required confidence   share heard   accuracy")
for enough in (0.8, 0.95, 0.99, 1.1):
    heard, right = [], []
    for x, speaker in zip(X_test, y_test, strict=True):
        stream.reset()
        for n_steps, step in enumerate(x, start=1):  # noqa: B007
            probabilities = stream.step(step)
            if probabilities.max() > enough:
                break
        heard.append(n_steps / len(x))
        right.append(model.classes_[probabilities.argmax()] == speaker)
    name = f"{enough:.2f}" if enough < 1 else "hears all"
    print(f"{name:>19} {np.mean(heard):13.2f} {np.mean(right):10.3f}")

# several speakers at once, each advanced independently
streams = model.stream(3)
streams.step(np.stack([x[0] for x in X_test[:3]]))
streams.step(X_test[1][1:6][np.newaxis], rows=[1])
print("after 6 steps of the second:", model.classes_[streams.step(X_test[1][6:7], rows=[1]).argmax()])

# a block of steps: the answer after each of them, and the state to continue from
stream.reset()
sureness = stream.step(X_test[0][:8], every=True).max(axis=1)
print("confidence after each step:", *(f"{p:.0%}" for p in sureness))
rest = model.predict_proba([X_test[0][8:]], initial_state=stream.state)
print("same as for the whole utterance:", rest.max() == model.predict_proba(X_test[:1]).max())
