"""Why a speaker was recognised: the frames and coefficients of an utterance that determine the prediction.

Nine speakers said /ae/; each utterance has 7 to 29 frames of 12 cepstral coefficients. Integrated gradients
divide the difference between the logit of the recognised speaker and that for the average frame between all
frames and coefficients. They are evaluated by the model's predictions after the numbers with the largest
attributions are replaced by the average.

Run with `python examples/why_this_speaker.py [PICTURE.png]`, which needs matplotlib.
"""

import sys

import numpy as np
from gruc import GRUClassifier
from gruc.datasets import load_japanese_vowels
from gruc.inspection import AttributionDisplay, attributions

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
model = GRUClassifier(max_iter=200, random_state=0).fit(X, y)
print(f"accuracy on {len(X_test)} test utterances: {model.score(X_test, y_test):.3f}")

told, gap = attributions(model, X_test, baseline="mean", return_gap=True)
print(f"attributions add up to the difference of logits, to within {np.abs(gap).max():.1e}\n")

utterance = 40
answer = model.predict(X_test)[utterance]
of_steps, of_coefficients = told[utterance].sum(axis=1), told[utterance].sum(axis=0)
print(f"utterance {utterance}, recognised as speaker {answer + 1}:")
for c in np.argsort(-of_coefficients)[:3]:
    print(f"  coefficient {c + 1:2} speaks for it with {of_coefficients[c]:5.2f}")
for c in np.argsort(of_coefficients)[:1]:
    print(f"  coefficient {c + 1:2} against it with   {of_coefficients[c]:5.2f}")
print(f"  frames that count most: {', '.join(map(str, np.sort(np.argsort(-of_steps)[:4])))}")

# What is replaced by the average of all frames: the tenth of the numbers with the largest attributions, or
# as many drawn at random.
mean, rng = np.concatenate(X).mean(axis=0), np.random.default_rng(0)
for name, rank in (
    ("the largest attributions", lambda a: a),
    ("the largest absolute values", lambda a: np.abs(a)),
    ("random numbers", lambda a: rng.random(a.shape)),
):
    replaced = []
    for x, attribution in zip(X_test, told, strict=True):
        order = rank(attribution)
        replaced.append(np.where(order >= np.quantile(order, 0.9), mean, x))
    changed = np.mean(model.predict(replaced) != model.predict(X_test))
    print(f"a tenth of the numbers, {name:28} replaced: {changed:6.1%} of the answers change")

if len(sys.argv) > 1:
    names = [f"c{i + 1}" for i in range(12)]
    display = AttributionDisplay.from_estimator(
        model, X_test, index=utterance, baseline="mean", feature_names=names
    )
    display.figure_.savefig(sys.argv[1], dpi=120)
