"""Convolutions that are drawn and never trained, beside trained ones: cross-validation within training parts.

    pip install -e '.[aeon]' pmdarima
    python benchmarks/random_convolutions.py [--problems ...] [--seeds ...]

The convolutions of a "random" row are a network's as it begins, normalised by the statistics of X; what they
give is written once, and a GRU is fitted on it, so that no epoch costs a convolution. Prints a line of JSON
for each row, problem and seed, with accuracy over 5 folds, or 3 of problems with 100 sequences and more, and
the processor's seconds of a fit. Problems: sequence_problems.py.
"""

import argparse
import json
import time
import warnings

import numpy as np
from gruc import GRUClassifier
from gruc.network import KINDS
from sequence_problems import PROBLEMS, REGRESSIONS, problem
from sklearn.model_selection import StratifiedKFold

CONVOLUTIONS = dict(conv_channels=(32, 64, 64), conv_kernel_size=(9, 5, 3))
TRAINING = dict(
    n_estimators=1,
    pooling=("mean", "max"),
    bidirectional=True,
    learning_rate="cosine",
    learning_rate_init=0.003,
    max_iter=100,
)


class Trained:
    """Probabilities of a network whose convolutions are trained with it."""

    def __init__(self, seed, **settings):
        self.model = GRUClassifier(
            **CONVOLUTIONS, **TRAINING | settings, frame_length=1, random_state=seed, n_jobs=1
        )

    def fit(self, X, y):
        self.model.fit(X, y)

    def probabilities(self, X):
        return self.model.predict_proba(X)


class Random:
    """The same of a network behind convolutions that stay as they are drawn."""

    def __init__(self, seed):
        # an epoch takes the statistics
        begin = dict(n_estimators=1, max_iter=1, learning_rate_init=1e-30, batch_size=10**6)
        self.drawn = GRUClassifier((1,), **CONVOLUTIONS, **begin, pooling="last", random_state=seed, n_jobs=1)
        self.model = GRUClassifier(**TRAINING, frame_length=1, random_state=seed, n_jobs=1)

    def fit(self, X, y):
        self.drawn.fit(X, y)
        self.model.fit(self._rows(X), y)

    def probabilities(self, X):
        return self.model.predict_proba(self._rows(X))

    def _rows(self, X):
        """What the convolutions make of each sequence: not public, since no model ends there."""
        predictor, rows = self.drawn._fitted_predictor(), []
        network = predictor.network
        value = next(op.x for op in network.program().operations if op.kind == KINDS.GRU)

        def fill(packed, batch, places, initial):
            values = network._value(packed, batch, initial, value)
            lengths, offsets = network.row_layout(batch)
            for b, place in enumerate(places):
                rows.append((place, values[offsets[: lengths[b]] + b]))

        predictor.run(predictor.inputs.check(X, predictor.parameters.dtype), fill, None)
        return [row for _, row in sorted(rows, key=lambda each: each[0])]


class Several:
    """The mean of some models' probabilities."""

    def __init__(self, models):
        self.models = models

    def fit(self, X, y):
        for model in self.models:
            model.fit(X, y)

    def probabilities(self, X):
        return np.mean([model.probabilities(X) for model in self.models], axis=0)


ROWS = {
    "trained": Trained,
    "trained, 25 epochs": lambda seed: Trained(seed, max_iter=25),
    "random": Random,
    "four random": lambda seed: Several([Random(100 * seed + i) for i in range(4)]),
}


def result(make, X, y, seed):
    """Mean accuracy over the folds, and seconds of a fit."""
    folds = StratifiedKFold(5 if len(X) < 100 else 3, shuffle=True, random_state=0)
    scores, seconds = [], []
    for train, test in folds.split(np.zeros(len(X)), y):
        model = make(seed)
        start = time.process_time()
        model.fit([X[i] for i in train], y[train])
        seconds.append(time.process_time() - start)
        labels = np.unique(y)[model.probabilities([X[i] for i in test]).argmax(axis=1)]
        scores.append(np.mean(labels == y[test]))
    return {"score": round(float(np.mean(scores)), 4), "seconds": round(float(np.mean(seconds)), 2)}


def main():
    warnings.simplefilter("ignore")
    labelled = [name for name in PROBLEMS if name not in REGRESSIONS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="*", choices=labelled, default=labelled)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    given = parser.parse_args()
    for seed in given.seeds:
        for name in given.problems:
            X, y = problem(name)
            for row, make in ROWS.items():
                line = {"row": row, "problem": name, "seed": seed, **result(make, X, y, seed)}
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
