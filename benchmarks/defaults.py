"""Default parameters by cross-validation within training parts; test parts are not used.

    pip install -e '.[aeon]' statsmodels
    python benchmarks/defaults.py [--rows ...] [--problems ...] [--seeds ...]

docs/benchmarks/defaults.md combines four of its tables.

Each row is one change of the defaults and each column a problem: the mean of repeated stratified 5-fold
cross-validation (accuracy; R2 for regressors). For comparison: two baselines on the flattened series,
logistic or ridge regression and the nearest neighbour.
"""

import argparse
import platform
import time
import warnings
from datetime import date
from functools import cache

import gruc
import numpy as np
from gruc import GRUClassifier, GRURegressor
from gruc.datasets import load_japanese_vowels
from gruc.sequences import from_channels_first
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

OF_AEON = [
    "ACSF1",
    "ArrowHead",
    "BasicMotions",
    "GunPoint",
    "ItalyPowerDemand",
    "OSULeaf",
    "PickupGestureWiimoteZ",
]

# name of a row: parameters that differ from the defaults
CHANGES = {
    "defaults": {},
    "frame_length=1": {"frame_length": 1},
    "frame_length=2": {"frame_length": 2},
    "frame_length=4": {"frame_length": 4},
    "frame_length=8": {"frame_length": 8},
    "frame_length=16": {"frame_length": 16},
    "frame_length=8, hop_length=4": {"frame_length": 8, "hop_length": 4},
    "n_iter_no_change=20": {"n_iter_no_change": 20},
    "learning_rate_init=0.005": {"learning_rate_init": 0.005},
    "learning_rate_init=0.005, n_iter_no_change=20": {"learning_rate_init": 0.005, "n_iter_no_change": 20},
    "learning_rate_init=0.003, n_iter_no_change=20": {"learning_rate_init": 0.003, "n_iter_no_change": 20},
    "learning_rate_init=0.005, cosine, max_iter=100": {
        "learning_rate_init": 0.005,
        "learning_rate": "cosine",
        "max_iter": 100,
    },
    "learning_rate_init=0.005, warmup=5": {"learning_rate_init": 0.005, "warmup": 5},
    "learning_rate_init=0.02": {"learning_rate_init": 0.02},
    "learning_rate=cosine, max_iter=100": {"learning_rate": "cosine", "max_iter": 100},
    "learning_rate=constant": {"learning_rate": "constant"},
    "learning_rate=constant, n_iter_no_change=20": {"learning_rate": "constant", "n_iter_no_change": 20},
    "pooling=mean": {"pooling": "mean"},
    "bidirectional": {"bidirectional": True},
    "hidden_layer_sizes=(128,)": {"hidden_layer_sizes": (128,)},
    "alpha=0.1": {"alpha": 0.1},
    "max_grad_norm=5": {"max_grad_norm": 5.0},
    "batch_size=8": {"batch_size": 8},
    "dropout=0.1": {"dropout": 0.1},
    "dropout=0.3": {"dropout": 0.3},
    "recurrent_dropout=0.1": {"recurrent_dropout": 0.1},
    "recurrent_dropout=0.3": {"recurrent_dropout": 0.3},
    "pooling=max": {"pooling": "max"},
    "pooling=attention": {"pooling": "attention"},
}


@cache
def problem(name):
    """X and y of a training part, and the estimator for it."""
    if name == "JapaneseVowels":
        return *load_japanese_vowels(subset="train", return_X_y=True), GRUClassifier
    if name == "digits":
        digits = load_digits()
        X, _, y, _ = train_test_split(
            digits.images, digits.target, test_size=0.5, stratify=digits.target, random_state=0
        )
        return X, y, GRUClassifier
    if name == "sunspots":
        from statsmodels.datasets import sunspots

        series = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()[:240]
        rows = np.lib.stride_tricks.sliding_window_view(series, 33)
        return rows[:, :-1], rows[:, -1], GRURegressor
    if name == "CO2":  # the level of next week over that of this one, from two years of weeks
        from statsmodels.datasets import co2

        series = co2.load_pandas().data["co2"].interpolate().to_numpy()[:1200]
        rows = np.lib.stride_tricks.sliding_window_view(series, 106)[::3]
        return rows[:, :-2] - rows[:, -2:-1], rows[:, -1] - rows[:, -2], GRURegressor
    from aeon.datasets import load_classification

    X, y = load_classification(name, split="train")
    return from_channels_first(X), y, GRUClassifier


PROBLEMS = ["JapaneseVowels", "digits", *OF_AEON, "sunspots", "CO2"]


def folds(estimator, seed):
    split = KFold if estimator is GRURegressor else StratifiedKFold
    return split(5, shuffle=True, random_state=seed)


def score(name, changes, seed):
    """Mean score over the folds of one seed, and seconds of a fit."""
    warnings.filterwarnings("ignore")
    X, y, estimator = problem(name)
    start = time.perf_counter()
    model = estimator(random_state=seed, n_jobs=1, **changes)
    scores = cross_val_score(model, X, y, cv=folds(estimator, seed), error_score="raise")
    return scores.mean(), (time.perf_counter() - start) / 5


def flattened(X, n_steps):
    """One row a sequence, cut or its last step repeated to `n_steps`: what tables want."""
    rows = [np.asarray(x, float).reshape(len(x), -1)[:n_steps] for x in X]
    return np.array([np.pad(x, ((0, n_steps - len(x)), (0, 0)), "edge").ravel() for x in rows])


def plain_models(estimator):
    """Linear model and nearest neighbour, for flattened sequences."""
    linear, nearest = (
        (RidgeCV(np.logspace(-3, 3, 13)), KNeighborsRegressor(1))
        if estimator is GRURegressor
        else (LogisticRegression(max_iter=2000), KNeighborsClassifier(1))
    )
    return [make_pipeline(StandardScaler(), model) for model in (linear, nearest)]


def baselines(name, seed):
    warnings.filterwarnings("ignore")
    X, y, estimator = problem(name)
    flat = flattened(X, max(map(len, X)))
    return [
        cross_val_score(model, flat, y, cv=folds(estimator, seed)).mean() for model in plain_models(estimator)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="*", default=list(CHANGES))
    parser.add_argument("--problems", nargs="*", default=PROBLEMS)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1])
    given = parser.parse_args()
    print("# Default parameters\n")
    print(
        f"gruc {gruc.__version__}, {date.today()}, {platform.machine()}; generated by "
        "benchmarks/defaults.py: "
        f"5-fold cross-validation within training parts, mean of seeds {given.seeds}; accuracy, R2 for "
        "sunspots and CO2.\n"
    )
    print("| parameters | " + " | ".join(given.problems) + " | mean | s per fit |")
    print("|---" * (len(given.problems) + 3) + "|")
    for name in given.problems:  # imports are not for threads
        problem(name)
    run = Parallel(n_jobs=2, backend="threading")  # which gruc leaves free
    for row in given.rows:
        found = run(
            delayed(score)(name, CHANGES[row], seed) for name in given.problems for seed in given.seeds
        )
        scores, seconds = np.array(found).reshape(len(given.problems), len(given.seeds), 2).mean(axis=1).T
        cells = " | ".join(f"{value:.3f}" for value in scores)
        print(f"| {row} | {cells} | {scores.mean():.4f} | {seconds.mean():.2f} |", flush=True)
    found = run(delayed(baselines)(name, seed) for name in given.problems for seed in given.seeds)
    means = np.array(found).reshape(len(given.problems), len(given.seeds), 2).mean(axis=1).T
    for title, scores in zip(("linear on the flattened series", "1-nearest-neighbour"), means, strict=True):
        print(f"| {title} | " + " | ".join(f"{v:.3f}" for v in scores) + f" | {scores.mean():.4f} | |")


if __name__ == "__main__":
    main()
