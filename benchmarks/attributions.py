"""Attributions of a planted motif, and what they cost, beside shap's KernelExplainer and captum.

A sequence of noise contains one motif or the same motif backwards, at a random place of one feature; a
model tells which. An attribution is right if its mass lies on the motif: the table shows the share of the
sum of absolute attributions there, over sequences that are told right, and how often the step and feature
with the largest attribution is part of it.

    python benchmarks/attributions.py quality --models 50     # ten minutes on an idle core
    python benchmarks/attributions.py speed

Run with OMP_NUM_THREADS=1. Peers: pip install shap captum torch; those that are not installed are left out.
"""

import argparse
import json
import time
import warnings
from functools import partial

import numpy as np
from gruc import GRUClassifier, to_torch
from gruc.inspection import attributions
from gruc.runtime import Predictor
from side_by_side import take_turns

try:
    import shap
except ModuleNotFoundError:
    shap = None
try:
    import captum.attr
    import torch
except ModuleNotFoundError:
    captum = None

T, D, FEATURE = 30, 3, 1
MOTIF = np.array([2.0, -1.0, 1.5, 0.5, -2.0, 1.0])
# sequences, steps, features, units of the layers, whether both directions
PROBLEMS = [
    (1, 50, 12, (64,), False), (32, 50, 12, (64,), False), (256, 50, 12, (64,), False),
    (32, 100, 12, (128,), False), (32, 50, 12, (64, 64), True), (4, 1000, 4, (64,), False),
]  # fmt: skip
METHODS = ("gradient", "gradient_x_input", "integrated_gradients", "occlusion")


def planted(n, rng):
    """Sequences of noise with a motif in one feature, where it begins, and whether it runs forwards."""
    X, y = rng.standard_normal((n, T, D)), rng.integers(0, 2, n)
    places = rng.integers(0, T - len(MOTIF) + 1, n)
    for x, label, place in zip(X, y, places, strict=True):
        x[place : place + len(MOTIF), FEATURE] = MOTIF if label else MOTIF[::-1]
    return X, y, places


def by_shap(predictor, X, labels, n_samples):
    """What shap tells of the logit of each sequence's class, against a background of zeros."""

    def logit(flat):
        return predictor.outputs(flat.reshape(-1, T, D))[:, 0]

    explainer = shap.KernelExplainer(logit, np.zeros((1, T * D)))
    told = explainer.shap_values(X.reshape(len(X), -1), nsamples=n_samples, silent=True)
    return (2 * labels - 1)[:, np.newaxis, np.newaxis] * told.reshape(X.shape)


def quality(n_models, n_explained):
    """Shares of the mass on the motif, and seconds a sequence, of each method."""
    shares, hits, seconds, scores = {}, {}, {}, []
    for seed in range(n_models):
        rng = np.random.default_rng(seed)
        (X, y, _), (X_test, y_test, places) = planted(1500, rng), planted(300, rng)
        model = GRUClassifier(
            (24,), frame_length=1, pooling="mean", learning_rate_init=5e-3, max_iter=25,
            n_iter_no_change=np.inf, random_state=seed,
        ).fit(X, y)  # fmt: skip
        right = model.predict(X_test) == y_test
        scores.append(right.mean())
        chosen = np.flatnonzero(right)[:n_explained]
        predictor, labels = Predictor.from_estimator(model), y_test[chosen]
        ways = {
            method: partial(attributions, predictor, X_test[chosen], method=method, target=labels)
            for method in METHODS
        }
        if shap is not None:
            for n_samples in (500, 2228):  # the second is shap's own choice, 2 T D + 2048
                ways[f"KernelExplainer, {n_samples} samples"] = partial(
                    by_shap, predictor, X_test[chosen], labels, n_samples
                )
        for name, explain in ways.items():
            start = time.perf_counter()
            told = np.abs(explain())
            seconds.setdefault(name, []).append((time.perf_counter() - start) / len(chosen))
            for i, mass in zip(chosen, told, strict=True):
                inside = mass[places[i] : places[i] + len(MOTIF), FEATURE]
                shares.setdefault(name, []).append(inside.sum() / mass.sum())
                hits.setdefault(name, []).append(inside.max() == mass.max())
        print(json.dumps({"seed": seed, "accuracy": scores[-1]}), flush=True)
    print(f"\n{n_models} models, {n_explained} sequences each")
    print(f"accuracy {np.mean(scores):.3f}, at least {min(scores):.3f}")
    print(f"share of the motif in all steps and features: {len(MOTIF) / T / D:.3f}\n")
    print("| method | share of the mass on the motif | largest is on the motif | milliseconds a sequence |")
    print("|---|---|---|---|")
    for name in shares:
        by_model = np.mean(np.reshape(shares[name], (n_models, -1)), axis=1)
        print(
            f"| {name} | {by_model.mean():.3f} ± {by_model.std():.3f} | {np.mean(hits[name]):.1%} | "
            f"{1e3 * np.median(seconds[name]):,.2f} |"
        )


class TorchNetwork:
    """torch's nn.GRU and nn.Linear with the weights of a model, for captum."""

    def __init__(self, model, n_features):
        gru, head = ({k: torch.tensor(v) for k, v in part.items()} for part in to_torch(model))
        sizes = model.hidden_layer_sizes
        self.gru = torch.nn.GRU(
            n_features, sizes[0], len(sizes), bidirectional=model.bidirectional, batch_first=True
        )
        self.head = torch.nn.Linear(*head["weight"].shape[::-1])
        self.gru.load_state_dict(gru)
        self.head.load_state_dict(head)

    def __call__(self, x):
        _, last = self.gru(x)
        return self.head(torch.cat(list(last[-(1 + self.gru.bidirectional) :]), dim=1))


def speed(seconds):
    """Milliseconds of a gradient, and of integrated gradients of 64 nodes, in alternating calls."""
    heads = (
        "sequences",
        "steps",
        "features",
        "units",
        "gradient",
        "integrated, 64",
        "of a gradient",
        "captum",
    )
    print("| " + " | ".join(heads) + " |")
    print("|---" * len(heads) + "|")
    for n, steps, features, units, both in PROBLEMS:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n, steps, features)).astype(np.float32)
        model = GRUClassifier(units, frame_length=1, bidirectional=both, random_state=0)
        model.partial_fit(
            X[: max(n, 4)].repeat(4 if n < 4 else 1, axis=0), np.resize(np.arange(3), max(n, 4))
        )
        calls = [
            partial(attributions, model, X, method=method, target=1)
            for method in ("gradient", "integrated_gradients")
        ]
        if captum is not None:
            torch.set_num_threads(1)
            integrated = captum.attr.IntegratedGradients(TorchNetwork(model, features))
            options = {"target": 1, "n_steps": 64, "method": "gausslegendre"}
            calls.append(partial(integrated.attribute, torch.tensor(X), **options))
        medians = [1e3 * np.median(taken) for taken in take_turns(calls, seconds)]
        layers = " x ".join(map(str, units)) + (", both directions" if both else "")
        peer = f"{medians[2]:,.1f}" if captum is not None else ""
        print(
            f"| {n} | {steps} | {features} | {layers} | {medians[0]:,.2f} | {medians[1]:,.1f} | "
            f"{medians[1] / medians[0]:.1f} | {peer} |",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["quality", "speed"])
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--explained", type=int, default=4, help="sequences of each model")
    parser.add_argument("--seconds", type=float, default=8.0, help="about so long for each line of the speed")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.what == "quality":
        quality(arguments.models, arguments.explained)
    else:
        speed(arguments.seconds)
