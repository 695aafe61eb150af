"""Default parameters by cross-validation within training parts; test parts are not used.

    pip install -e '.[aeon]' sktime pmdarima statsmodels
    python benchmarks/defaults.py run LOG [--rows ...] [--problems ...] [--seeds ...]
    python benchmarks/defaults.py table LOG [--rows ...]

A row is a name and the parameters that differ from the defaults, one of `ROWS` or as JSON,
``'wide={"hidden_layer_sizes": [128]}'``; a column is one of sequence_problems.PROBLEMS, or "NAME@40", which
learns from 40 of its sequences. "run" adds a line of JSON to LOG for each row, problem and seed, and leaves
out those that it has; "table" prints the means: accuracy, R2 of regressions. A seed is the `random_state` of
the models and of the divisions (`sequence_problems.divisions`), which are the same for all rows. The last
columns of "table" compare each row with the first one on the divisions that both have: the mean difference
over the problems, and its standard error. Peers on the same divisions: rows "linear" and "nearest", of the
flattened series, and "minirocket", with ridge.
"""

import argparse
import json
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
from gruc import GRUClassifier, GRURegressor
from sequence_problems import PROBLEMS, divisions, is_regression, problem
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV, RidgeCV
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

ONE = {"n_estimators": 1}
FRAMES = ONE | {"conv_channels": [], "alpha": 0.0}
OVERLAPPING = ONE | {"conv_channels": [], "frame_length": 16, "hop_length": 4, "pooling": ["mean", "max"]}
SIZES = ONE | {"conv_channels": [32, 64, 64], "conv_kernel_size": [9, 5, 3]}
CONVOLUTIONS = SIZES | {
    "pooling": ["mean", "max"],
    "batch_size": 8,
    "learning_rate": "cosine",
    "learning_rate_init": 0.003,
    "max_iter": 100,
    "alpha": 0.0,
}
READ_BY_THE_HEAD = CONVOLUTIONS | {
    "pooling": ["mean", "max", "conv_mean", "conv_max"],
    "batch_size": 16,
}
ROWS = {
    "defaults": {},
    "one network": ONE,
    "three networks": {"n_estimators": 3},
    "five networks": {"n_estimators": 5},
    "no convolutions": FRAMES,
    "no convolutions, alpha of defaults": ONE | {"conv_channels": []},
    "no convolutions, alpha=1": FRAMES | {"alpha": 1.0},
    "overlapping frames": OVERLAPPING,
    "overlapping frames, last": OVERLAPPING | {"pooling": ["last", "mean", "max"]},
    "cosine": FRAMES | {"learning_rate": "cosine", "max_iter": 100},
    "convolutions": CONVOLUTIONS,
    "convolutions, both directions": CONVOLUTIONS | {"bidirectional": True},
    "read by the head": READ_BY_THE_HEAD,
    "read by the head, 0.002": READ_BY_THE_HEAD | {"learning_rate_init": 0.002},
    "read by the head, both directions": READ_BY_THE_HEAD | {"bidirectional": True},
    "read by the head, label_smoothing=0.1": READ_BY_THE_HEAD | {"label_smoothing": 0.1},
    "read by the head, alpha=0.3": READ_BY_THE_HEAD | {"learning_rate_init": 0.002, "alpha": 0.3},
    "kernels 9, 5, 3": SIZES,
    "both directions": SIZES | {"bidirectional": True},
    "label_smoothing=0.1": SIZES | {"label_smoothing": 0.1},
    "last too": SIZES | {"pooling": ["last", "mean", "max", "conv_mean", "conv_max"]},
    "max_iter=300": SIZES | {"max_iter": 300},
    "kernels 17, 9, 5": SIZES | {"conv_kernel_size": [17, 9, 5]},
    "conv_pool=3": SIZES | {"conv_pool": 3},
    "four convolutions": SIZES | {"conv_channels": [32, 64, 64, 64], "conv_kernel_size": [9, 5, 3, 3]},
    "alpha=1": ONE | {"alpha": 1.0},
}


def expected_calibration_error(y, probabilities, classes, n_bins=10):
    """Mean distance of confidence and accuracy over bins of confidence."""
    confidence = probabilities.max(axis=1)
    correct = classes[probabilities.argmax(axis=1)] == y
    place = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(place, confidence - correct, n_bins)
    return np.abs(gaps).sum() / len(y)


def flattened(X, n_steps):
    """One row a sequence, cut or its last step repeated to `n_steps`: what tables want."""
    rows = [np.asarray(x, float).reshape(len(x), -1)[:n_steps] for x in X]
    return np.array([np.pad(x, ((0, n_steps - len(x)), (0, 0)), "edge").ravel() for x in rows])


def peer(name, has_values, n_steps, n_features):
    """A pipeline that takes sequences."""
    if name == "minirocket":
        from aeon.transformations.collection.convolution_based import MiniRocket

        head = RidgeCV if has_values else RidgeClassifierCV
        to_cube = FunctionTransformer(
            lambda X: flattened(X, n_steps).reshape(len(X), n_steps, n_features).transpose(0, 2, 1)
        )
        rocket = MiniRocket(random_state=0, n_jobs=1)
        return make_pipeline(to_cube, rocket, StandardScaler(), head(np.logspace(-3, 3, 10)))
    models = {
        "linear": [LogisticRegression(max_iter=2000), RidgeCV(np.logspace(-3, 3, 13))],
        "nearest": [KNeighborsClassifier(1), KNeighborsRegressor(1)],
    }
    flat = FunctionTransformer(lambda X: flattened(X, n_steps))
    return make_pipeline(flat, StandardScaler(), models[name][has_values])


PEERS = "linear", "nearest", "minirocket"


def result(row, settings, name, seed):
    """Scores and seconds of the fits, means over the divisions."""
    X, y = problem(name)
    has_values = is_regression(name)
    found = defaultdict(list)
    for train, test in divisions(name, seed):
        if row in PEERS:
            n_steps = max(len(X[i]) for i in train)
            model = peer(row, has_values, n_steps, 1 if X[0].ndim == 1 else X[0].shape[1])
        else:
            model = (GRURegressor if has_values else GRUClassifier)(random_state=seed, n_jobs=1, **settings)
        start = time.process_time()
        model.fit(_as_given(X[train]), y[train])
        found["seconds"].append(time.process_time() - start)
        X_test = _as_given(X[test])
        if has_values:
            found["score"].append(r2_score(y[test], model.predict(X_test)))
            continue
        found["score"].append(accuracy_score(y[test], model.predict(X_test)))
        if hasattr(model, "predict_proba"):
            probabilities = model.predict_proba(X_test).astype(float)
            probabilities /= probabilities.sum(axis=1, keepdims=True)
            found["log_loss"].append(log_loss(y[test], probabilities, labels=model.classes_))
            found["ece"].append(expected_calibration_error(y[test], probabilities, model.classes_))
    return {key: round(float(np.mean(values)), 4) for key, values in found.items()}


def _as_given(X):
    return list(X) if X.dtype == object else X


def rows_of(names):
    """(name, settings) of the rows asked for."""
    for name in names:
        title, _, settings = name.partition("={")
        yield (title, json.loads("{" + settings)) if settings else (name, ROWS.get(name, {}))


def logged(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run(path, rows, problems, seeds):
    warnings.filterwarnings("ignore")
    done = {(line["row"], line["problem"], line["seed"]) for line in logged(path)}
    for row, settings in rows:
        for seed in seeds:
            for name in problems:
                if (row, name, seed) in done:
                    continue
                line = {"row": row, "problem": name, "seed": seed, **result(row, settings, name, seed)}
                with path.open("a") as log:
                    print(json.dumps(line | {"settings": settings}), file=log)


def table(path, rows, measure):
    """A line for each row, a column for each problem that all rows printed have."""
    found = defaultdict(lambda: defaultdict(dict))  # row, problem, seed
    seconds = defaultdict(list)
    for line in logged(path):
        if measure in line:
            found[line["row"]][line["problem"]][line["seed"]] = line[measure]
            seconds[line["row"]].append(line["seconds"])
    rows = [row for row in rows or found if row in found]
    shared = [name for name in found[rows[0]] if all(name in found[row] for row in rows)]
    kinds = [[name for name in shared if is_regression(name) is has_values] for has_values in (False, True)]
    print("| row | " + " | ".join(shared) + " | more labels than the first | more values | longest fit, s |")
    print("|---" * (len(shared) + 4) + "|")
    for row in rows:
        cells = [f"{np.mean(list(found[row][name].values())):.3f}" for name in shared]
        cells += [_compared(found[row], found[rows[0]], names) for names in kinds]
        print(f"| {row} | " + " | ".join(cells) + f" | {max(seconds[row]):.1f} |")


def _compared(scores, first, names):
    """Mean difference of two rows over problems, and its standard error."""
    differences = []
    for name in names:
        seeds = scores[name].keys() & first[name].keys()
        if seeds:
            differences.append(np.mean([scores[name][seed] - first[name][seed] for seed in seeds]))
    if not differences:
        return ""
    error = f" ({np.std(differences, ddof=1) / len(differences) ** 0.5:.3f})" if len(differences) > 1 else ""
    return f"{np.mean(differences):+.3f}{error}"


def problem_name(name):
    """A problem of the command line."""
    base, at, n_learned = name.partition("@")
    if base not in PROBLEMS or (at and not n_learned.isdigit()):
        raise argparse.ArgumentTypeError(
            f"{name!r} is none of {', '.join(PROBLEMS)}, nor one of them @ a number"
        )
    return name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["run", "table"])
    parser.add_argument("log", type=Path)
    parser.add_argument("--rows", nargs="*")
    parser.add_argument("--problems", nargs="*", type=problem_name, default=list(PROBLEMS))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--measure", default="score", choices=["score", "log_loss", "ece", "seconds"])
    given = parser.parse_args()
    if given.task == "run":
        run(given.log, list(rows_of(given.rows or [*ROWS, *PEERS])), given.problems, given.seeds)
    else:
        table(given.log, given.rows, given.measure)


if __name__ == "__main__":
    main()
