"""Speaker identification on Japanese Vowels: multivariate sequences of different lengths.

Nine speakers said /ae/; each utterance has 7 to 29 frames with 12 features. gruc accepts the utterances
as a list of arrays of different lengths.
"""

from gruc import GRUClassifier
from gruc.datasets import load_japanese_vowels
from sklearn.metrics import accuracy_score, confusion_matrix

X_train, y_train = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
lengths = [len(x) for x in X_train]
print(f"{len(X_train)} training utterances, {min(lengths)} to {max(lengths)} frames long")

model = GRUClassifier(random_state=0, verbose=True).fit(X_train, y_train)

predicted = model.predict(X_test)
print(f"\nAccuracy on {len(X_test)} test utterances: {accuracy_score(y_test, predicted):.3f}")

print("\ntrue speaker  predicted speaker")
print("             " + "".join(f"{j + 1:4}" for j in range(9)))
for i, row in enumerate(confusion_matrix(y_test, predicted)):
    print(f"{i + 1:12} " + "".join(f"{n or '.':>4}" for n in row))
