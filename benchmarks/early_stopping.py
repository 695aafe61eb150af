"""How early stopping should choose its epoch: by the accuracy on held-out sequences or by their loss.

    python benchmarks/early_stopping.py

Prints a table in Markdown: mean and minimum over seeds of the test accuracy, and epochs. "none" trains on all
sequences and stops by the training loss. The data sets are Japanese Vowels with all nine speakers and with
two of them, and scikit-learn's digits, read row by row, with 300 and 900 training images.
"""

import argparse
import os
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from gruc import GRUClassifier
from gruc.datasets import load_japanese_vowels
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

WAYS = {
    "none": {},
    "accuracy (`scoring=None`)": {"early_stopping": True},
    '`scoring="loss"`': {"early_stopping": True, "scoring": "loss"},
}


def vowels(n_speakers):
    """(X, y, X_test, y_test) of the first speakers."""
    parts = []
    for subset in ("train", "test"):
        X, y = load_japanese_vowels(subset=subset, return_X_y=True)
        chosen = np.flatnonzero(y < n_speakers)
        parts += [[X[i] for i in chosen], y[chosen]]
    return parts


def digits(n):
    """(X, y, X_test, y_test): n images to learn from, each row a step."""
    images = load_digits()
    split = train_test_split(
        images.images, images.target, train_size=n, stratify=images.target, random_state=0
    )
    return split[0], split[2], split[1], split[3]


SETS = {
    "Japanese Vowels": lambda: vowels(9),
    "two speakers": lambda: vowels(2),
    "digits, 300": lambda: digits(300),
    "digits, 900": lambda: digits(900),
}


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| set | chosen by | test accuracy | lowest | epochs | best epoch | s per fit |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.sets:
        X, y, X_test, y_test = SETS[name]()
        for way, settings in WAYS.items():
            started = time.perf_counter()
            models = [
                GRUClassifier(random_state=seed, **settings).fit(X, y) for seed in range(arguments.seeds)
            ]
            seconds = (time.perf_counter() - started) / len(models)
            scores = [model.score(X_test, y_test) for model in models]
            epochs, best = (
                np.mean([getattr(model, of) for model in models]) for of in ("n_iter_", "best_iter_")
            )
            print(
                f"| {name} | {way} | {np.mean(scores):.4f} | {min(scores):.4f} | {epochs:.0f} | {best:.0f} "
                f"| {seconds:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
