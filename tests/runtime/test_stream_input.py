"""What streams refuse."""

import numpy as np
import pytest
from gruc import GRUClassifier
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


class TestRefused:
    def test_bidirectional(self):
        X, y = vowels()
        with pytest.raises(ValueError, match="A bidirectional model .* Fit one with bidirectional=False"):
            GRUClassifier(**FAST, bidirectional=True).fit(X, y).stream()

    @pytest.mark.parametrize("n", [0, -1, 2.0, True, "2"])
    def test_number_of_streams(self, n):
        X, y = vowels()
        with pytest.raises(ValueError, match="n must be a positive integer or None"):
            GRUClassifier(**FAST).fit(X, y).stream(n)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
    def test_values_that_are_not_finite(self, bad):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        stream = model.stream(2)
        stream.step(np.stack([X[0][0], X[1][0]]))
        before = stream.snapshot()
        x = np.stack([X[0][1:4], X[1][1:4]])
        x[1, 2, 5] = bad
        with pytest.raises(ValueError, match="x holds .* in feature 5"):
            stream.step(x)
        assert stream.snapshot() == before

    @pytest.mark.parametrize("shape", [(), (0,), (11,), (1, 0), (2, 11), (0, 12), (1, 2, 12)])
    def test_shapes(self, shape):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        with pytest.raises(ValueError, match=r"x has shape .*; expected \(12,\) or \(n_steps, 12\)"):
            model.stream().step(np.zeros(shape))

    @pytest.mark.parametrize("shape", [(12,), (2, 12), (3, 0), (3, 11), (3, 0, 12), (3, 1, 1, 12)])
    def test_shapes_of_many(self, shape):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        with pytest.raises(ValueError, match="for each of 3 streams"):
            model.stream(3).step(np.zeros(shape))

    def test_rows(self):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        streams = model.stream(3)
        for rows, message in [
            ([3], "from 0 to 2"), ([-1], "from 0 to 2"), ([0, 0], "a stream twice"), ([0.5], "list of integers"),
            ([], "list of integers"), (1, "list of integers"),
        ]:  # fmt: skip
            with pytest.raises(ValueError, match=message):
                streams.step(np.zeros((max(1, np.size(rows)), 12)), rows)
        with pytest.raises(ValueError, match="this is one stream"):
            model.stream().step(np.zeros(12), [0])
        with pytest.raises(ValueError, match="from 0 to 2"):
            streams.reset([5])


@pytest.mark.parametrize(
    "x", [["1"] * 12, np.full(12, 1j), np.zeros(12, "datetime64[s]"), np.ma.masked_all(12), None]
)
def test_values_that_are_not_numbers(x):
    X, y = vowels()
    stream = GRUClassifier((6,), max_iter=2, random_state=0).fit(X, y).stream()
    with pytest.raises((TypeError, ValueError), match=r"\bx (is|has|holds)"):
        stream.step(x)
