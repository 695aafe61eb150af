"""Test parts: gruc with default parameters beside other libraries, five seeds.

    pip install -e '.[aeon]' sktime
    python benchmarks/accuracy.py LOG

It adds a line of JSON for each set, model and seed that LOG lacks, and prints the table.

Parameters are chosen by defaults.py, within training parts; this is looked at afterwards. Nothing is
downloaded. Peers: MiniRocket (aeon) with scikit-learn's RidgeClassifierCV, or RidgeCV; aeon's QUANT, or of
real values RocketRegressor; logistic or ridge regression on the flattened series. Where lengths differ, they
get series to which the last step is repeated.
"""

import argparse
import json
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
from defaults import expected_calibration_error, flattened, logged, peer
from gruc import GRUClassifier, GRURegressor
from gruc.datasets import load_japanese_vowels
from gruc.sequences import from_channels_first
from sequence_problems import rare_wave
from sklearn.base import is_regressor
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, precision_score, recall_score
from sklearn.model_selection import train_test_split

LABELS = [
    "ItalyPowerDemand",
    "JapaneseVowels",
    "BasicMotions",
    "GunPoint",
    "digits",
    "ArrowHead",
    "PickupGestureWiimoteZ",
    "OSULeaf",
]
VALUES = ["Covid3Month", "CardanoSentiment", "Tecator"]
SEEDS = range(5)


def parts(name):
    """(X, y) of the training and of the test part."""
    if name == "digits":
        X, y = load_digits().images, load_digits().target
        X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
        return (X, y), (X_test, y_test)
    return [part(name, split) for split in ("train", "test")]


def part(name, split):
    if name == "JapaneseVowels":
        return load_japanese_vowels(subset=split, return_X_y=True)
    if name == "Tecator":
        from sktime.datasets import load_tecator

        X, y = load_tecator(split=split, return_type="numpy3d")
        return from_channels_first(X), np.asarray(y, float)
    from aeon import datasets

    load = datasets.load_regression if name in VALUES else datasets.load_classification
    X, y = load(name, split=split)
    return from_channels_first(X), y


def models(name, seed, X):
    """The models of a set by name; those without a seed for the first one only."""
    is_real = name in VALUES
    yield "gruc", (GRURegressor if is_real else GRUClassifier)(random_state=seed, n_jobs=1)
    if seed == 0:
        n_steps, n_features = max(map(len, X)), 1 if np.ndim(X[0]) == 1 else np.shape(X[0])[1]
        yield "linear", peer("linear", is_real, n_steps, n_features)
        yield "MiniRocket", peer("minirocket", is_real, n_steps, n_features)
        yield "RocketRegressor" if is_real else "QUANT", OfAeon(is_real, n_steps, n_features)


class OfAeon:
    """aeon's QUANT or RocketRegressor, for sequences as gruc takes them."""

    def __init__(self, is_real, *shape):
        from aeon.classification.interval_based import QUANTClassifier
        from aeon.regression.convolution_based import RocketRegressor

        self.model, self.shape = (RocketRegressor if is_real else QUANTClassifier)(random_state=0), shape

    def fit(self, X, y):
        self.model.fit(self._cube(X), np.asarray(y))

    def score(self, X, y):
        return self.model.score(self._cube(X), np.asarray(y))

    def _cube(self, X):
        n_steps, n_features = self.shape
        return flattened(X, n_steps).reshape(len(X), n_steps, n_features).transpose(0, 2, 1)


def measured(model, train, test):
    start = time.process_time()
    model.fit(*train)
    line = {"seconds": time.process_time() - start, "score": float(model.score(*test))}
    if hasattr(model, "predict_proba") and not is_regressor(model):
        probabilities = model.predict_proba(test[0]).astype(float)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        line["log_loss"] = float(log_loss(test[1], probabilities, labels=model.classes_))
        line["ece"] = float(expected_calibration_error(np.asarray(test[1]), probabilities, model.classes_))
    return line


def run(path, names):
    warnings.filterwarnings("ignore")
    done = {(line["problem"], line["seed"], line["row"]) for line in logged(path)}
    for name in names:
        train, test = parts(name)
        for seed in SEEDS:
            for row, model in models(name, seed, train[0]):
                if (name, seed, row) not in done:
                    line = {"problem": name, "seed": seed, "row": row, **measured(model, train, test)}
                    with path.open("a") as log:
                        print(json.dumps(line), file=log)


def table(path):
    found = defaultdict(lambda: defaultdict(list))
    for line in logged(path):
        for measure in ("score", "seconds", "log_loss", "ece"):
            if measure in line:
                found[line["problem"], measure][line["row"]].append(line[measure])
    for title, names, rows in [
        ("accuracy", LABELS, ["gruc", "MiniRocket", "QUANT", "linear"]),
        ("R2", VALUES, ["gruc", "RocketRegressor", "MiniRocket", "linear"]),
    ]:
        print(f"| {title} | " + " | ".join(rows) + " | gruc: worst of the seeds | seconds a fit |")
        print("|---" * (len(rows) + 3) + "|")
        for name in names:
            means = [np.mean(found[name, "score"][row]) for row in rows]
            worst, seconds = min(found[name, "score"]["gruc"]), np.mean(found[name, "seconds"]["gruc"])
            print(f"| {name} | " + " | ".join(f"{v:.3f}" for v in [*means, worst]) + f" | {seconds:.1f} |")
    print("\n| | log-loss: gruc | linear | calibration error: gruc | linear |\n|---|---|---|---|---|")
    for name in LABELS:
        cells = [
            np.mean(found[name, measure][row])
            for measure in ("log_loss", "ece")
            for row in ("gruc", "linear")
        ]
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in cells) + " |")


def rare_table():
    """A class that one of 50 sequences belongs to: 1000 to learn from, 4000 to test on."""
    print("\n| steps | seed | recall | precision | log-loss: gruc | linear |\n|---" + "|---" * 5 + "|")
    for n_steps in (24, 60, 150):
        for seed in (0, 1):
            X, y = rare_wave(1000, n_steps, seed)
            X_test, y_test = rare_wave(4000, n_steps, 100 + seed)
            model = GRUClassifier(random_state=seed, n_jobs=1).fit(X, y)
            linear = LogisticRegression(max_iter=1000).fit(X, y)
            predicted = model.predict(X_test)
            losses = [log_loss(y_test, each.predict_proba(X_test).astype(float)) for each in (model, linear)]
            cells = [recall_score(y_test, predicted), precision_score(y_test, predicted), *losses]
            print(f"| {n_steps} | {seed} | " + " | ".join(f"{value:.3f}" for value in cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--sets", nargs="*", choices=[*LABELS, *VALUES], default=[*LABELS, *VALUES])
    given = parser.parse_args()
    run(given.log, given.sets)
    table(given.log)
    rare_table()


if __name__ == "__main__":
    main()
