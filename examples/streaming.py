"""Who speaks, while the word is being said: a stream answers after every step, and stops when it is sure.

Run with `python examples/streaming.py`.
"""

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)

# trained on beginnings of all lengths, since that is what it will be asked about
beginnings = [
    (x[:k], label) for x, label in zip(X, y, strict=True) for k in (4, 8, 12, len(x)) if k <= len(x)
]
model = gruc.GRUClassifier(frame_length=1, random_state=0).fit(*zip(*beginnings, strict=True))

stream = model.stream()
print("how sure it must be   share heard   accuracy")
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

# several speakers at once, each at its own pace
streams = model.stream(3)
streams.step(np.stack([x[0] for x in X_test[:3]]))
streams.step(X_test[1][1:6][np.newaxis], rows=[1])
print("after 6 steps of the second:", model.classes_[streams.step(X_test[1][6:7], rows=[1]).argmax()])

# what is there already comes as a block: the answer after each of its steps, and the state to go on from
stream.reset()
sureness = stream.step(X_test[0][:8], every=True).max(axis=1)
print("how sure, step by step:", *(f"{p:.0%}" for p in sureness))
rest = model.predict_proba([X_test[0][8:]], initial_state=stream.state)
print("as sure as of the whole:", rest.max() == model.predict_proba(X_test[:1]).max())
