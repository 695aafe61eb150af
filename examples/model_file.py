"""Save a fitted model, load it in a process without scikit-learn, and continue training.

Run with `python examples/model_file.py`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)

READER = """
import sys
import gruc.runtime
import numpy as np

predictor = gruc.runtime.load("speakers.gruc")
X = [x for x in np.load("new.npz").values()]
np.save("probabilities.npy", predictor.predict_proba(X))
assert "sklearn" not in sys.modules and "scipy" not in sys.modules
"""

with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    model = gruc.GRUClassifier(random_state=0).fit(X, y)
    model.save(folder / "speakers.gruc")
    np.savez(folder / "new.npz", *X_test)
    print(f"{(folder / 'speakers.gruc').stat().st_size:,} bytes")

    subprocess.run([sys.executable, "-c", READER], cwd=folder, check=True)
    there = np.load(folder / "probabilities.npy")
    print("identical without scikit-learn:", bool((there == model.predict_proba(X_test)).all()))
    print(f"accuracy on test utterances: {np.mean(model.classes_[there.argmax(axis=1)] == y_test):.3f}")

    again = gruc.load(folder / "speakers.gruc")
    again.set_params(learning_rate_init=1e-4)  # the state of the optimiser is not kept: a small step
    for _ in range(3):
        again.partial_fit(X, y)
    print("loss of the last epochs:", " ".join(f"{loss:.5f}" for loss in again.loss_curve_[-5:]))
