"""Covariates: rows against the equations, step by step; tables are not multiplied."""

import itertools

import numpy as np
import pytest
from gruc.sequences import Covariates, Lags, LagWindows, Series, Table, origins_of

CASES = list(itertools.product([1, 3, 5], [1, 4], [1, 4, 7]))


def problem(lags, ahead=(True, False, True), shared=False):
    """Two series of 30 and 41 steps, the first column of whose table is the row's number."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(n).cumsum() for n in (30, 41)]
    values = rng.standard_normal((41 if shared else 71, len(ahead)))
    values[:, 0] = np.arange(len(values))
    table = Table.of(values, [5, 0] if shared else [0, 30], ahead)
    covariates = Covariates((table,), np.array([[1.0, 5.0], [3.0, 5.0]]))
    series = Series.of(arrays, [lags.moments(array) for array in arrays])
    lengths = np.array([30, 41]) - (6 if shared else 0)
    origins = origins_of(lengths, series.starts, np.full(2, lags.context), lengths - lags.horizon)
    return covariates, series, origins


def by_hand(covariates, i, origin, lags):
    """Rows of the window of series i before its step `origin`."""
    table, rows = covariates.tables[0], []
    x = (table.values - table.mean) * table.factor
    m, H, L = lags.season_length, lags.horizon, lags.lags
    for t in range(origin - L, origin):
        place = table.first[i] + t
        row = list(x[place])
        for reach in range(H, 0, -L):
            later = x[place + reach, table.ahead]
            row += list(later)
            if m > 1:
                row += list(later - x[place + reach - m * -(-reach // m), table.ahead])
        rows.append([*row, *((covariates.static[i] - covariates.mean) * covariates.factor)])
    return rows


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("n_lags, season, horizon", CASES)
def test_rows(n_lags, season, horizon, shared):
    lags = Lags(n_lags, season, horizon)
    covariates, series, (of, origins) = problem(lags, shared=shared)
    covariates = covariates.scaled(np.array([30, 30]))
    windows = LagWindows(series, lags, of, origins, covariates)
    plain = LagWindows(series, lags, of, origins)
    chosen = np.arange(len(of))[::3]
    rows = windows.read(chosen).rows
    assert rows.shape[2] == windows.n_features == lags.width + covariates.width(lags)
    np.testing.assert_array_equal(rows[:, :, : lags.width], plain.read(chosen).rows)
    for b, k in enumerate(chosen):
        expected = by_hand(covariates, of[k], origins[k] - series.starts[of[k]], lags)
        np.testing.assert_allclose(rows[b, :, lags.width :], expected, rtol=1e-12, atol=1e-12)


def test_every_step_of_the_horizon_is_in_the_window():
    for n_lags, season, horizon in CASES:
        lags = Lags(n_lags, season, horizon)
        covariates, series, (of, origins) = problem(lags, ahead=(True,))
        read = LagWindows(series, lags, of, origins, covariates._replace(static=None)).read(np.array([0]))
        seen = set(read.rows[0, :, lags.width :].ravel())
        assert seen >= set(range(origins[0], origins[0] + horizon))
        assert max(seen) < origins[0] + horizon


def test_past_only_columns_end_with_the_window():
    lags = Lags(4, 3, 5)
    covariates, series, (of, origins) = problem(lags, ahead=(False,))
    read = LagWindows(series, lags, of, origins, covariates._replace(static=None)).read(np.array([0]))
    assert read.rows[0, :, lags.width].tolist() == list(range(origins[0] - 4, origins[0]))
    assert read.rows.shape[2] == lags.width + 1


def test_scaled_by_what_is_learned_from():
    covariates, _, _ = problem(Lags(3, 1, 2))
    learned = np.array([20, 7])
    table = covariates.scaled(learned).tables[0]
    rows = np.concatenate([table.values[:20], table.values[30:37]])
    np.testing.assert_allclose(table.mean, rows.mean(axis=0))
    np.testing.assert_allclose(table.factor, 1 / rows.std(axis=0))
    # rows that two series share count once
    shared = problem(Lags(3, 1, 2), shared=True)[0].scaled(learned).tables[0]
    np.testing.assert_allclose(shared.mean, shared.values[:25].mean(axis=0))
    static = covariates.scaled(learned)
    assert static.mean.tolist() == [2, 5]
    assert static.factor.tolist() == [1, 0]
    again = covariates.scaled_as(static)
    assert np.array_equal(again.tables[0].factor, table.factor)
    assert again.factor.tolist() == [1, 0]


@pytest.mark.parametrize("level", [0.0, 1e12, 1e149])
def test_a_constant_column_says_nothing_later_either(level):
    values = np.full((40, 1), level)
    values[30:] += max(1.0, level / 100)
    table = Table.of(values, [0]).scaled(np.array([30]))
    assert table.factor.tolist() == [0]
    assert not table.read(np.array([0]), np.array([28]), Lags(2, 1, 5), 2).any()


def test_far_values_stay_finite():
    values = np.arange(40.0)[:, np.newaxis]
    values[35] = 1e150
    table = Table.of(values, [0]).scaled(np.array([30]))
    read = table.read(np.array([0]), np.array([34]), Lags(2, 1, 1), 2)
    assert np.abs(read).max() == 1e6


@pytest.mark.parametrize("shared", [False, True])
def test_parts_and_what_follows(shared):
    """The same rows, whether tables are whole or in parts; shared rows are there once."""
    lags = Lags(3, 2, 4)
    covariates, _, _ = problem(lags, shared=shared)
    begin = np.array([8, 8])
    expected = covariates.scaled(np.array([30, 30])).read(np.array([0, 1]), begin, lags, 3)
    scaled = covariates.scaled(np.array([30, 30]))
    starts, stops = np.array([4, 5]), np.array([20, 22])
    part = scaled.parts(starts, stops)
    assert len(part.tables[0].values) == 33
    np.testing.assert_array_equal(part.read(np.array([0, 1]), begin - starts, lags, 3), expected)
    joined = scaled.parts(starts, begin).followed_by(
        0, begin - starts, covariates.moved(begin), np.array([7, 9])
    )
    np.testing.assert_array_equal(joined.read(np.array([0, 1]), begin - starts, lags, 3), expected)
    windows = scaled.of_series(np.array([1, 0, 1]), np.array([8, 8, 8]))
    by_window = windows.read(np.arange(3), np.zeros(3, int), lags, 3)
    np.testing.assert_array_equal(by_window, expected[[1, 0, 1]])
    one = Table.of(np.arange(41.0)[:, np.newaxis], [3, 3])
    assert len(one.parts(np.array([2, 2]), np.array([9, 9])).values) == 7


def test_lengthened_by_the_last_step():
    table = Table.of(np.arange(10.0)[:, np.newaxis], [6, 0]).lengthened(3, 5)
    by_series = [table.values[first : first + 5, 0].tolist() for first in table.first]
    assert by_series == [[6, 7, 8, 8, 8], [0, 1, 2, 2, 2]]


def test_plain_values():
    covariates = problem(Lags(3, 1, 2))[0].scaled(np.array([30, 41]))
    again = Covariates.of_plain(covariates.as_plain())
    read = [part.read(np.array([1]), np.array([4]), Lags(3, 1, 2), 3) for part in (covariates, again)]
    assert np.array_equal(*read)
