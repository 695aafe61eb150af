"""A directory with models and data, in which a test runs."""

import csv
import shutil

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import vowels

FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A directory with a classifier, a regressor and data."""
    made = tmp_path_factory.mktemp("made")
    X, y = vowels()
    GRUClassifier(**FAST).fit(X, np.array(["ann", "bob", "c,y"])[y]).save(made / "c.gruc")
    GRURegressor(**FAST).fit(X, y * 1.5).save(made / "r.gruc")
    with open(made / "x.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sequence", "step", *[f"c{i}" for i in range(12)]])
        rows = [(f"s{i}", t, *row) for i, x in enumerate(X) for t, row in enumerate(x.tolist())]
        first = rows[: len(X[0])]
        np.random.default_rng(0).shuffle(first)  # steps in any order
        assert first != rows[: len(X[0])]
        writer.writerows(first + rows[len(X[0]) :])
    np.savez(made / "x.npz", **{f"s{i}": x for i, x in enumerate(X)})
    np.savez(made / "cube.npz", X=np.stack([x[:7] for x in X]))
    return made


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A copy of that directory, in which the test runs."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
