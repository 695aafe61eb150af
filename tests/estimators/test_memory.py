"""A fit needs the workspace of one batch, independent of the number of sequences."""

import tracemalloc

import numpy as np
import pytest
from gruc import GRUClassifier

N_STEPS, N_FEATURES = 30, 4


def peak_of_fit(X, n, **settings):
    y = np.arange(n) % 2
    model = GRUClassifier(hidden_layer_sizes=(4,), batch_size=64, random_state=0, **settings)
    model.partial_fit(X[:64], y[:64], classes=[0, 1])
    tracemalloc.start()
    try:
        model.partial_fit(X, y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", ["array", "memmap", "list"])
def test_peak_does_not_grow_with_n(form, tmp_path):
    peaks = []
    for n in (1_000, 100_000):
        X = np.random.default_rng(0).standard_normal((n, N_STEPS, N_FEATURES)).astype("float32")
        if form == "memmap":
            mapped = np.memmap(tmp_path / "X", np.float32, "w+", shape=X.shape)
            mapped[:] = X
            X = mapped
        elif form == "list":
            X = list(X)
        peaks.append(peak_of_fit(X, n))
    # some numbers a sequence: labels, weights, lengths, the order of an epoch, where an array lies
    assert peaks[1] - peaks[0] < 100_000 * 200
    assert X[0].nbytes * 100_000 / 2 > 100_000 * 200, "the bound would not show a copy of X"


@pytest.mark.parametrize("form", ["array", "list", "list of uint8"])
def test_peak_of_tokens_does_not_grow_with_n(form):
    peaks = []
    for n in (1_000, 20_000):
        X = np.random.default_rng(0).integers(0, 30, (n, 150), dtype="uint8" if "uint8" in form else "int32")
        X = list(X) if "list" in form else X
        peaks.append(peak_of_fit(X, n, embedding_dim=3, n_tokens=30))
    assert peaks[1] - peaks[0] < 20_000 * (140 if "uint8" in form else 200)
    assert X[0].nbytes >= 150, "the bound would not show a copy of X"
