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
