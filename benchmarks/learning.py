"""Accuracy with default parameters, and the effect of the update gate's initial bias.

    pip install -e '.[aeon]' statsmodels
    python benchmarks/learning.py > docs/benchmarks/learning.md

Test parts with 5 seeds each; the adding problem (Hochreiter and Schmidhuber 1997) with T = 100 and 3 seeds,
and by frame length with T = 600 and 2 seeds; copying over 100 blanks with 8 seeds; finally cross-validation
within training parts only. The last two by `update_gate_bias_init`.
"""

import platform
import time
import warnings
from datetime import date

import gruc
import numpy as np
from aeon.datasets import load_basic_motions, load_gunpoint, load_italy_power_demand
from defaults import flattened, plain_models
from gruc import GRUClassifier, GRURegressor
from gruc.datasets import load_japanese_vowels
from gruc.sequences import from_channels_first
from sequence_problems import adding_problem
from sklearn.datasets import load_digits
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score, train_test_split
from statsmodels.datasets import sunspots

# The adding problem is about frames, and its targets have no noise.
OF_FRAMES = {"conv_channels": (), "alpha": 0.0}


def classification_sets():
    """Name -> ((X_train, y_train), (X_test, y_test))."""
    vowels = [load_japanese_vowels(subset=part, return_X_y=True) for part in ("train", "test")]
    digits = load_digits()
    halves = train_test_split(
        digits.images, digits.target, test_size=0.5, stratify=digits.target, random_state=0
    )
    sets = {"JapaneseVowels": vowels, "digits by rows": [halves[0::2], halves[1::2]]}
    for name, load in (
        ("BasicMotions", load_basic_motions),
        ("GunPoint", load_gunpoint),
        ("ItalyPowerDemand", load_italy_power_demand),
    ):
        parts = [load(split=part) for part in ("train", "test")]
        sets[name] = [(from_channels_first(X), y) for X, y in parts]
    return sets


def sunspot_windows():
    """Twenty years of sunspots, and the next."""
    rows = np.lib.stride_tricks.sliding_window_view(sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(), 21)
    return rows[:, :-1], rows[:, -1]


def test_accuracy(sets):
    print(
        "| set | mean accuracy | min to max | epochs | s per fit | logistic regression | nearest neighbour |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, (train, test) in sets.items():
        scores, epochs, started = [], [], time.perf_counter()
        for seed in range(5):
            model = GRUClassifier(random_state=seed).fit(*train)
            scores.append(model.score(*test))
            epochs.append(model.n_iter_)
        seconds = (time.perf_counter() - started) / 5
        n_steps = max(map(len, train[0]))
        plain = [
            plain_model.fit(flattened(train[0], n_steps), train[1]).score(
                flattened(test[0], n_steps), test[1]
            )
            for plain_model in plain_models(GRUClassifier)
        ]
        print(
            f"| {name} | {np.mean(scores):.3f} | {min(scores):.3f} to {max(scores):.3f} | "
            f"{min(epochs)} to {max(epochs)} | {seconds:.2f} | {plain[0]:.3f} | {plain[1]:.3f} |",
            flush=True,
        )


def mean_squared_error(model, X, y):
    return f"{np.mean((model.predict(X) - y) ** 2):.1e}"


def adding_problems(n_steps, n_seeds):
    """Seed, 20,000 sequences to learn from and 2,000 others, n_seeds times."""
    for seed in range(n_seeds):
        rng = np.random.default_rng(seed)
        yield seed, adding_problem(20_000, n_steps, rng), adding_problem(2_000, n_steps, rng)


def adding_error():
    print("| seed | mean squared error on 2,000 test sequences | with bias 0 | s per fit |")
    print("|---|---|---|---|")
    for seed, train, test in adding_problems(100, 3):
        errors, started = [], time.perf_counter()
        for bias in (1.0, 0.0):
            model = GRURegressor(max_iter=10, update_gate_bias_init=bias, random_state=seed, **OF_FRAMES).fit(
                *train
            )
            errors.append(mean_squared_error(model, *test))
        seconds = (time.perf_counter() - started) / 2
        print(f"| {seed} | {' | '.join(errors)} | {seconds:.0f} |", flush=True)


def adding_error_by_frames():
    """Two single steps out of 600 must be found, within frames where these are longer than a step."""
    n_seeds = 2
    seeds = " | ".join(f"seed {seed}" for seed in range(n_seeds))
    print(f"| frame_length | update_gate_bias_init | {seeds} |")
    print("|---" * (n_seeds + 2) + "|")
    for frame_length, bias in (("auto", 1.0), (4, 1.0), (1, 1.0), ("auto", "chrono"), (1, "chrono")):
        errors = []
        for seed, train, test in adding_problems(600, n_seeds):
            model = GRURegressor(
                frame_length=frame_length,
                max_iter=10,
                update_gate_bias_init=bias,
                random_state=seed,
                **OF_FRAMES,
            )
            errors.append(mean_squared_error(model.fit(*train), *test))
        name = f'"auto" ({model.frame_length_})' if frame_length == "auto" else frame_length
        print(f"| {name} | {bias} | {' | '.join(errors)} |", flush=True)


def copying_problem(n, n_blanks, rng):
    """Ten symbols out of eight, blanks, and a sign to answer; the label is the first symbol."""
    symbols = rng.integers(0, 8, (n, 10))
    X = np.zeros((n, 10 + n_blanks + 1, 9), "float32")
    X[np.arange(n)[:, np.newaxis], np.arange(10), symbols] = 1
    X[:, -1, 8] = 1
    return X, symbols[:, 0]


def copying_accuracy():
    print("| update_gate_bias_init | learned | test accuracy | epochs, seeds 0 to 7 |")
    print("|---|---|---|---|")
    for bias in (0.0, 1.0, 2.0, 4.0, "chrono"):
        scores, epochs = [], []
        for seed in range(8):
            rng = np.random.default_rng(seed)
            train, test = copying_problem(2_000, 100, rng), copying_problem(500, 100, rng)
            model = GRUClassifier(frame_length=1, max_iter=50, update_gate_bias_init=bias, random_state=seed)
            scores.append(model.fit(*train).score(*test))
            low = np.flatnonzero(np.array(model.loss_curve_) < 0.1)
            epochs.append(str(low[0] + 1) if len(low) else "-")
        learned = sum(score > 0.9 for score in scores)
        print(
            f"| {bias} | {learned} of 8 | {min(scores):.2f} to {max(scores):.2f} | {', '.join(epochs)} |",
            flush=True,
        )


def update_gate_bias(sets):
    """Cross-validated score by `update_gate_bias_init`."""
    names = [*sets, "sunspots (R2)"]
    print(f"| update_gate_bias_init | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    for bias in (0.0, 1.0, 2.0, 4.0, "chrono"):
        row = []
        for name in names:
            scores = [cross_validated(sets, name, seed, bias) for seed in range(8)]
            row.append(f"{np.mean(scores):.3f} +- {np.std(scores) / np.sqrt(len(scores)):.3f}")
        print(f"| {bias} | {' | '.join(row)} |", flush=True)


def cross_validated(sets, name, seed, bias):
    settings = {"update_gate_bias_init": bias, "random_state": seed}
    if name in sets:
        X, y = sets[name][0]
        folds = StratifiedKFold(4, shuffle=True, random_state=seed)
        return cross_val_score(GRUClassifier(**settings), X, y, cv=folds).mean()
    X, y = sunspot_windows()
    return cross_val_score(GRURegressor(**settings), X, y, cv=KFold(5)).mean()


def main():
    warnings.filterwarnings("ignore")
    sets = classification_sets()
    print("# Accuracy and long memory\n")
    print(
        f"gruc {gruc.__version__}, {date.today()}, {platform.machine()}; generated by "
        "benchmarks/learning.py. "
        "Times were measured on a shared, noisy machine.\n"
    )
    print("## Test accuracy, default parameters, seeds 0 to 4\n")
    test_accuracy(sets)
    print("\n## Adding problem, T = 100, 20,000 training sequences, ten epochs (`max_iter=10`)\n")
    adding_error()
    print("\n## Adding problem, T = 600, by frame length\n")
    print("Mean squared error on 2,000 test sequences after ten epochs on 20,000 (`max_iter=10`).\n")
    adding_error_by_frames()
    print("\n## Copying over 100 blanks, `frame_length=1`\n")
    print(
        "Ten symbols of eight kinds, 100 blanks and a cue; the label is the first symbol. 2,000 training "
        "and 500 test sequences, `max_iter=50`; guessing has an accuracy of 0.125. Learned: an accuracy "
        "above 0.9. Epochs: the first with a training loss below 0.1, or - if there is none.\n"
    )
    copying_accuracy()
    print("\n## Initial bias of the update gate: 4-fold (sunspots: 5-fold) cross-validation\n")
    print("Within training parts, default parameters, mean and standard error over seeds 0 to 7.\n")
    update_gate_bias(sets)


if __name__ == "__main__":
    main()
