"""Easy floors of what is learned; the figures are made by benchmarks/learning.py."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.datasets import load_japanese_vowels
from gruc.sequences import from_channels_first
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def test_japanese_vowels():
    train, test = (load_japanese_vowels(subset=part, return_X_y=True) for part in ("train", "test"))
    assert GRUClassifier(random_state=0).fit(*train).score(*test) >= 0.95


@pytest.mark.parametrize("structure", [{"reset_after": False}, {"bidirectional": True, "pooling": "mean"}])
def test_japanese_vowels_by_other_structures(structure):
    train, test = (load_japanese_vowels(subset=part, return_X_y=True) for part in ("train", "test"))
    model = GRUClassifier(random_state=0, hidden_layer_sizes=(32, 32), dtype="float64", **structure)
    assert model.fit(*train).score(*test) >= 0.93


def test_digits_by_rows():
    digits = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        digits.images, digits.target, test_size=0.5, stratify=digits.target, random_state=0
    )
    assert GRUClassifier(random_state=0).fit(X_train, y_train).score(X_test, y_test) >= 0.95


def test_basic_motions():
    datasets = pytest.importorskip("aeon.datasets")
    (X, y), (X_test, y_test) = (datasets.load_basic_motions(split=part) for part in ("train", "test"))
    model = GRUClassifier(random_state=0).fit(from_channels_first(X), y)
    assert model.score(from_channels_first(X_test), y_test) >= 0.95


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_remembers_over_forty_steps():
    """The adding problem, whose answer lies in two marked steps; guessing the mean costs 1/6."""
    rng = np.random.default_rng(0)
    n, n_steps = 4000, 40
    values, marks, rows = rng.random((n, n_steps)), np.zeros((n, n_steps)), np.arange(n)
    first, second = rng.integers(0, n_steps // 2, n), rng.integers(n_steps // 2, n_steps, n)
    marks[rows, first] = marks[rows, second] = 1
    X, y = np.stack([values, marks], axis=2), values[rows, first] + values[rows, second]
    model = GRURegressor(hidden_layer_sizes=(32,), batch_size=32, max_iter=10, random_state=0)
    model.fit(X[:3500], y[:3500])
    assert np.mean((model.predict(X[3500:]) - y[3500:]) ** 2) < 5e-3
