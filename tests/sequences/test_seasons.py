"""Seasons of series whose season is known, and of series that have none."""

import numpy as np
import pytest
from gruc.sequences import inner_season_of, season_length_of


def wave(period, n, noise=0.3, trend=0.0, seed=0):
    t = np.arange(n)
    rng = np.random.default_rng(seed)
    shape = np.sin(2 * np.pi * t / period) + 0.5 * np.cos(4 * np.pi * t / period)
    return shape + noise * rng.standard_normal(n) + trend * t


@pytest.mark.parametrize("period", [4, 7, 12, 24, 52])
@pytest.mark.parametrize("trend", [0.0, 0.5])
def test_season_of_a_wave(period, trend):
    found = season_length_of([wave(period, 8 * period, trend=trend)])
    assert abs(found - period) <= period // 50


def test_two_seasons():
    """The longer one, where it explains more than the shorter one."""
    t = np.arange(24 * 7 * 6)
    week = np.where(t // 24 % 7 < 5, 1.0, 0.3)
    y = week * (2 + np.sin(2 * np.pi * t / 24)) + 0.02 * np.random.default_rng(0).standard_normal(len(t))
    assert season_length_of([y]) == 168
    milder = y / np.where(week < 1, 0.5, 1.0)
    assert inner_season_of([milder], 168) == inner_season_of([milder, milder[:400]], 168) == 24


def test_no_season_within_a_season():
    y = np.tile(np.random.default_rng(0).standard_normal(24), 12)
    assert inner_season_of([y], 24) == 1
    assert inner_season_of([wave(12, 120)], 12) == 1
    assert inner_season_of([np.arange(20.0)], 1) == inner_season_of([np.ones(5)], 4) == 1


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_any_scale_and_level(scale):
    assert season_length_of([scale * (wave(12, 120) + 100)]) == 12


@pytest.mark.parametrize(
    "y",
    [np.zeros(50), np.full(50, 0.1), np.arange(100.0), np.ones(1), np.arange(3.0), np.ones(9)],
    ids=["zeros", "constant", "line", "one value", "three values", "nine values"],
)
def test_no_season(y):
    assert season_length_of([y]) == 1


def test_chance_is_seldom_taken_for_a_season():
    found = {"noise": 0, "walk": 0}
    for seed in range(100):
        noise = np.random.default_rng(seed).standard_normal(200)
        found["noise"] += season_length_of([noise]) != 1
        found["walk"] += season_length_of([noise.cumsum()]) != 1
    assert max(found.values()) <= 10


def test_a_season_that_slow_changes_hide():
    rng = np.random.default_rng(0)
    level = 2 * rng.standard_normal(80).cumsum()
    y = level + np.tile([5.0, -3.0, -4.0, 2.0], 20)
    assert season_length_of([y]) == 4
    assert season_length_of([level]) == 1


def test_few_long_waves_are_no_season():
    """Three of them, which are alike by chance, and four that are the same."""
    rng = np.random.default_rng(3)
    waves = np.repeat(np.sin(2 * np.pi * np.arange(12) / 4), 8)
    assert season_length_of([waves + 0.8 * rng.standard_normal(96)]) == 1
    assert season_length_of([np.tile(rng.standard_normal(24), 4) + 0.1 * rng.standard_normal(96)]) == 24


@pytest.mark.parametrize("weeks, difference, season", [(3.5, 3.0, 7), (3.5, 6.0, 49), (6, 3.0, 49)])
def test_weeks_of_days_are_few_or_many(weeks, difference, season):
    """A week must show more clearly where there are few of them."""
    n = int(49 * weeks)
    week = np.repeat([0, 0, 0, 0, 0, 1, 1], 7)
    noise = np.random.default_rng(4).standard_normal(n)
    y = np.resize([0, 8, 14, 17, 14, 8, 0], n) + difference * np.resize(week, n) + 2 * noise
    assert season_length_of([y]) == season


def test_common_season_of_many_series():
    """Each too noisy alone."""
    series = [wave(12, 60, noise=1.0, seed=seed) for seed in range(60)]
    assert season_length_of(series) == 12
    assert season_length_of([*series, np.ones(5), np.zeros(200)]) == 12


def test_real_series():
    datasets = pytest.importorskip("statsmodels.datasets")
    co2 = datasets.co2.load_pandas().data["co2"].interpolate().to_numpy()
    assert season_length_of([co2]) == 52
    elnino = datasets.elnino.load_pandas().data.iloc[:, 1:].to_numpy(float).ravel()
    assert season_length_of([elnino]) == 12
    sunspots = datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    assert season_length_of([sunspots]) in (10, 11)
    gdp = datasets.macrodata.load_pandas().data["realgdp"].to_numpy()
    assert season_length_of([gdp]) == 1
