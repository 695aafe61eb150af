"""Quantiles of any level by those of a few."""

import numpy as np
import pytest
from gruc.outputs import QuantileMaps, accumulated, nearest_to_median, normal_scores
from scipy import stats

LEVELS = (0.1, 0.4, 0.5, 0.9)


def maps(levels=LEVELS, least=0.01, seed=0):
    offsets = np.sort(np.random.default_rng(seed).standard_normal((3, 2, len(levels))), axis=2)
    offsets -= offsets[:, :, [nearest_to_median(levels)]]
    return QuantileMaps(offsets, levels, least), offsets


def test_normal_scores():
    np.testing.assert_allclose(normal_scores(LEVELS), stats.norm.ppf(LEVELS))
    assert [nearest_to_median(levels) for levels in (LEVELS, (0.9,), (0.1, 0.9), (0.2, 0.7))] == [2, 0, 0, 1]


def test_levels_of_the_network_are_its_quantiles():
    of, offsets = maps()
    scores = np.tile(normal_scores(LEVELS), (2, 1))
    np.testing.assert_allclose(of.values_at(scores), offsets, atol=1e-12)
    # of a normal distribution all levels are right
    normal = QuantileMaps(3 * normal_scores(LEVELS)[np.newaxis, np.newaxis], LEVELS, 0.01)
    asked = np.array([0.001, 0.05, 0.1, 0.3, 0.5, 0.7, 0.99])
    found = normal.values_at(normal_scores(asked)[np.newaxis])[0, 0]
    np.testing.assert_allclose(found, 3 * stats.norm.ppf(asked), atol=1e-12)


@pytest.mark.parametrize("levels", [LEVELS, (0.1, 0.9), (0.5, 0.6), (0.2, 0.5)])
def test_scores_are_the_inverse(levels):
    of, _ = maps(levels)
    for score in (-5.0, -1.3, -0.2, 0.0, 0.4, 2.0, 6.0):
        values = of.values_at(np.full((2, 1), score))[:, :, 0]
        np.testing.assert_allclose(of.scores_of(values), score, atol=1e-9)


def test_maps_rise_where_quantiles_are_equal():
    of = QuantileMaps(np.zeros((1, 1, 4)), LEVELS, 0.5)
    values = of.values_at(np.linspace(-3, 3, 50)[np.newaxis])[0, 0]
    np.testing.assert_allclose(np.diff(values), 0.5 * 6 / 49)


def test_errors_that_are_added():
    offsets = np.array([[[-3.0, 0, 1], [-4, 0, 1]]])
    np.testing.assert_allclose(accumulated(offsets), [[[-3, 0, 1], [-5, 0, 2**0.5]]])
