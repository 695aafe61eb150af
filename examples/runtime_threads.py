"""Several threads use one model at the same time.

Run with `python examples/runtime_threads.py`.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)

with tempfile.TemporaryDirectory() as folder:
    gruc.GRUClassifier(random_state=0).fit(X, y).save(Path(folder) / "speakers.gruc")
    predictor = gruc.runtime.load(Path(folder) / "speakers.gruc")

expected = predictor.predict_proba(X_test)
with ThreadPoolExecutor(8) as pool:
    start = time.perf_counter()
    answers = list(pool.map(lambda x: predictor.predict_proba([x])[0], X_test))
    taken = time.perf_counter() - start

print("8 threads, one utterance per call, identical results:", bool((np.stack(answers) == expected).all()))
print(f"{taken / len(X_test) * 1e6:.0f} us per utterance")
labels = predictor.classes[np.argmax(answers, axis=1)]
print(f"accuracy on test utterances: {np.mean(labels == y_test):.3f}")
