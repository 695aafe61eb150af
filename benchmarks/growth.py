"""How the training time of gruc grows with T, B, H and n, and with the spread of lengths.

    python benchmarks/growth.py gruc --threads 1

Pairs of problems, one with twice the size of the other in one dimension, or one with equal and one with
different lengths, are measured alternately. A ratio of 2 (for H: that of the products) means proportional
growth; for lengths, the ratio is the time per real step relative to that with equal lengths.
"""

import warnings

import numpy as np
from gruc import GRUClassifier
from side_by_side import arguments, report, take_turns

BASE = {"n": 256, "B": 64, "T": 60, "D": 8, "H": 64}


def call(n, B, T, D, H, n_threads, lengths=None):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, T, D)).astype(np.float32)
    if lengths is not None:
        X = [x[:length] for x, length in zip(X, lengths, strict=True)]
    y = rng.integers(0, 5, n)
    model = GRUClassifier(
        (H,), frame_length=1, batch_size=B, learning_rate_init=1e-3, random_state=0, n_jobs=n_threads
    )
    return lambda: model.partial_fit(X, y, classes=np.arange(5))


def main():
    warnings.filterwarnings("ignore")
    given = arguments(["gruc"])
    for size in ("n", "T", "B", "H"):
        double = BASE | {size: 2 * BASE[size]}
        if size == "B":  # one batch each
            base, double = BASE | {"n": 64}, double | {"n": 128}
        else:
            base = BASE
        once, twice = take_turns(
            [call(**base, n_threads=given.threads), call(**double, n_threads=given.threads)],
            given.seconds * 2,
        )
        H, D = BASE["H"], BASE["D"]
        report(
            table="growth",
            threads=given.threads,
            size=f"{size}: {base[size]} to {double[size]}",
            ratio=float(np.median(twice) / np.median(once)),
            in_proportion=2.0 if size != "H" else 2 * (6 * H + 2 * D) / (3 * H + 2 * D),
        )
    for B in (32, 128):
        n, T = 4 * B, 100
        lengths = np.random.default_rng(0).integers(1, T + 1, n)
        problem = dict(n=n, B=B, T=T, D=8, H=64, n_threads=given.threads)
        equal, spread = take_turns([call(**problem), call(**problem, lengths=lengths)], given.seconds * 2)
        report(
            table="growth",
            threads=given.threads,
            size=f"lengths from 1 to {T} instead of equal ones, B = {B}: time per step",
            ratio=float(np.median(spread) / lengths.sum() / (np.median(equal) / (n * T))),
            in_proportion=1.0,
        )


if __name__ == "__main__":
    main()
