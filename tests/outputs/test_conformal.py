"""Quantiles by known errors."""

import numpy as np
import pytest
from gruc.outputs import Conformal
from gruc.outputs.conformal import student_over_normal
from scipy import stats


@pytest.mark.parametrize("n", [3, 5, 20, 1000])
def test_student(n):
    for level in (0.025, 0.1, 0.4, 0.9, 0.95, 0.975):
        expected = stats.t(n).ppf(level) / stats.norm.ppf(level)
        assert student_over_normal(level, n) == pytest.approx(expected, rel=0.02)


def test_offsets():
    errors = np.linspace(-1, 1, 2001)
    conformal = Conformal(np.array([1.0, 2.0, 3.0]), errors, 1e9)
    levels = np.array([0.1, 0.5, 0.95])
    np.testing.assert_allclose(
        conformal.offsets(levels, np.array([1, 3])), [[-0.8, 0, 0.9], [-2.4, 0, 2.7]], atol=1e-6
    )
    # in the second block the variance of the end of the first is added, in the third that of two
    np.testing.assert_allclose(
        conformal.offsets(levels[2:], np.array([4, 8]))[:, 0], [0.9 * 10**0.5, 0.9 * 22**0.5], rtol=1e-6
    )


def test_few_forecasts_widen():
    errors = np.linspace(-1, 2, 2001)
    few, many = (Conformal(np.ones(1), errors, n).offsets([0.1, 0.5, 0.9], [1])[0] for n in (2.0, 1e9))
    assert few[0] < many[0]
    assert few[1] == many[1] == pytest.approx(0.5)
    assert few[2] > many[2]


def test_levels_never_cross():
    errors = np.sort(np.random.default_rng(0).exponential(size=30))
    levels = np.linspace(0.001, 0.999, 999)
    for n in (1.0, 4.0, 100.0):
        offsets = Conformal(np.arange(1.0, 4.0), errors, n).offsets(levels, np.arange(1, 10))
        assert (np.diff(offsets, axis=1) >= 0).all()


def test_quantiles_of_a_network_are_corrected():
    """Errors that are twice as large as its quantiles say double the distance to them."""
    levels = (0.1, 0.5, 0.9)
    scores = 2 * stats.norm.ppf(np.linspace(0.0005, 0.9995, 2000))
    spread = np.array([np.sqrt(np.square(scores).mean())])
    conformal = Conformal(spread, scores / spread, 1e9, levels, 0.01)
    heads = np.array([[[-2.0, 0, 1]], [[-20, 0, 10]]])
    found = conformal.quantiles(np.array(levels), np.array([1]), np.ones((2, 1)), np.ones((2, 1)), heads)
    # beyond the outermost levels as between these and the median
    np.testing.assert_allclose(found[:, 0], [[-3, 1, 3], [-39, 1, 21]], rtol=0.01)


def adaptive(spread, n_recent=50, n=1e9):
    recent = np.random.default_rng(0).standard_normal((n_recent, len(spread)))
    conformal = Conformal(np.asarray(spread), np.sort(recent.ravel()), n)
    return conformal.adaptive(recent)


def test_adaptive_begins_as_split():
    conformal = adaptive([1.0, 2.0])
    levels, steps = np.array([0.03, 0.5, 0.9]), np.array([1, 2, 3])
    split = conformal._replace(recent=None, moved=None)
    np.testing.assert_allclose(conformal.offsets(levels, steps), split.offsets(levels, steps), atol=1e-12)


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_levels_follow_coverage(factor):
    """Each step by itself; what has moved is given up when the errors come back."""
    conformal = adaptive([1.0, 1.0])
    rng, levels, steps = np.random.default_rng(1), np.array([0.1, 0.9]), np.array([1, 2])
    inside = []
    for _ in range(400):
        errors = rng.standard_normal((2, 2)) * [factor, 1]
        low, high = conformal.offsets(levels, steps).T
        inside.append(((low <= errors) & (errors <= high)).mean(axis=0))
        conformal = conformal.adapted([errors])
    assert np.mean(inside[50:], axis=0) == pytest.approx([0.8, 0.8], abs=0.06)
    assert len(conformal.recent) == 500


def test_one_round_by_hand():
    from gruc.outputs.conformal import FOLLOWED, RATE

    conformal = adaptive([2.0], n=30.0)
    errors = np.array([[-0.5], [4.0]])  # standardized -0.25 and 2
    after = conformal.adapted([errors])
    # those that are given: wider than the quantiles of the errors, as of few forecasts
    median = np.median(conformal.recent)
    widening = [student_over_normal(level, 30) for level in FOLLOWED]
    bounds = median + (np.quantile(conformal.recent, FOLLOWED) - median) * widening
    below = ((bounds >= -0.25).astype(float) + (bounds >= 2)) / 2
    np.testing.assert_allclose(after.moved[:, 0], np.clip(FOLLOWED + RATE * (FOLLOWED - below), 0, 1))
    assert after.recent[-2:, 0].tolist() == [-0.25, 2]
    assert after.errors.tolist() == sorted(after.recent[:, 0])
    assert len(after.recent) == 52
    assert after.n == pytest.approx(30 + 2 * 1.6)


def test_errors_become_more():
    """Up to 500, as do the independent forecasts; where the fit left more, as many as these."""
    rounds = [np.full((3, 4), float(i)) for i in range(400)]
    few = adaptive([1.0] * 4, n_recent=5, n=2.0).adapted(rounds)
    assert few.recent.shape == (500, 4)
    assert few.recent[-4:, 0].tolist() == [398, 399, 399, 399]
    assert few.n == pytest.approx(2 + 1.6 * 495 / 4)
    assert len(few.errors) == 2000
    many = adaptive([1.0] * 4, n_recent=700, n=300.0).adapted(rounds[:10])
    assert many.recent.shape == (700, 4)
    assert many.n == 300


def test_rounds_at_once_are_rounds_one_by_one():
    rng, conformal = np.random.default_rng(0), adaptive([1.0, 2.0], n_recent=3, n=2.0)
    rounds = list(rng.standard_normal((40, 2, 2)))
    at_once, one_by_one = conformal.adapted(rounds), conformal
    for errors in rounds:
        one_by_one = one_by_one.adapted([errors])
    assert all(np.array_equal(a, b) for a, b in zip(at_once, one_by_one, strict=True))


def test_levels_beyond_all_errors():
    """The distance to the median doubles with each 0.05."""
    from gruc.outputs.conformal import quantiles_beyond

    levels = np.array([[-0.25, -0.05, 0.0], [1.0, 1.05, 1.1]])
    expected = [[1 - 32, -1, 0], [3, 5, 9]]
    np.testing.assert_allclose(quantiles_beyond(np.array([0.0, 1.0, 3.0]), levels), expected)


def test_values_that_fall_out_widen_beyond_all_errors():
    """Errors that always exceed those known; the bound goes on past the largest, then comes back."""
    conformal = adaptive([1.0], n_recent=20)
    largest = conformal.errors[-1]
    for factor in (3.0, 10.0, 30.0, 100.0):
        conformal = conformal.adapted([np.array([[factor]])])
    moved = conformal._replace(errors=np.array([-largest, 0.0, largest]))
    assert moved.offsets([0.995], [1])[0, 0] > 1.5 * largest
    conformal = conformal.adapted([np.zeros((1, 1))] * 600)
    assert conformal.offsets([0.9], [1])[0, 0] < 0.1


def test_adapted_levels_never_cross():
    conformal = adaptive([1.0])
    moved = np.random.default_rng(3).random(conformal.moved.shape)
    levels = np.linspace(0.01, 0.99, 99)
    assert (np.diff(conformal._replace(moved=moved).offsets(levels, np.array([1]))[0]) >= 0).all()
