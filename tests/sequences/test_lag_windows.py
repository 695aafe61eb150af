"""Windows of series: rows, targets and forecasts against the equations, step by step."""

import itertools

import numpy as np
import pytest
from gruc.sequences import Lags, LagWindows, Numbers, Series, origins_of
from gruc.sequences.lag_windows import _products

CASES = list(itertools.product([1, 3], [1, 4, 12], [1, 4, 7], ["window", "series", None], [1, 2]))
WEIGHTS = {1: (1.0,), 2: (0.75, 0.25)}


def problem(lags, linear=None):
    """Two series, and all origins within them that leave a horizon."""
    rng = np.random.default_rng(0)
    arrays = [50 + 5 * rng.standard_normal(n).cumsum() for n in (36, 47)]
    series = Series.of(arrays, [lags.moments(array) for array in arrays])
    lengths = np.array([36, 47])
    first = np.full(2, lags.context)
    places = origins_of(lengths, series.starts, first, lengths - lags.horizon)
    return arrays, LagWindows(series, lags, *places, linear=linear)


def by_hand(array, origin, lags, linear):
    """Rows, targets and base forecast of one window, as lag_windows.py defines them."""
    m, H = lags.season_length, lags.horizon
    window = array[origin - lags.lags : origin]
    least = 0.1 * np.sqrt(np.mean((array[m:] - array[:-m]) ** 2))
    centre, scale = {
        "window": (window.mean(), max(window.std(), least)),
        "series": (array.mean(), array.std()),
        None: (0.0, 1.0),
    }[lags.scale]

    def seasonal(t, n):
        """By the last seasons before t, of which the n-th is the first that is known."""
        return sum(weight * array[t - (n + k) * m] for k, weight in enumerate(lags.season_weights))

    rows = []
    for t in range(origin - lags.lags, origin):
        row = [(array[t] - centre) / scale, (array[t] - seasonal(t, 1)) / (scale * lags.unit)]
        if H % m:
            row.append((seasonal(t + H, -(-H // m)) - centre) / scale)
        rows.append(row)
    base = np.array([seasonal(origin + h, -(-(h + 1) // m)) for h in range(H)])
    if linear is not None:
        base += scale * lags.unit * np.ravel(rows) @ linear
    return rows, (array[origin : origin + H] - base) / (scale * lags.unit * lags.remainder), base


@pytest.mark.parametrize("n_lags, season, horizon, scale, n_seasons", CASES)
def test_rows_and_targets(n_lags, season, horizon, scale, n_seasons):
    lags = Lags(n_lags, season, horizon, scale, 0.7, WEIGHTS[n_seasons], 0.6)
    linear = None
    if n_seasons == 2:
        linear = np.random.default_rng(1).standard_normal((n_lags * lags.width, horizon))
    arrays, windows = problem(lags, linear)
    chosen = np.arange(len(windows))[::3]
    read = windows.read(chosen)
    assert read.rows.shape == (len(chosen), n_lags, lags.width)
    targets = windows.targets(chosen, read)
    for b, i in enumerate(chosen):
        array, origin = arrays[windows.of[i]], windows.origins[i] - windows.series.starts[windows.of[i]]
        rows, target, base = by_hand(array, origin, lags, linear)
        np.testing.assert_allclose(read.rows[b], rows, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(targets[b], target, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(read.base[b], base, rtol=1e-12)
    truth = [
        arrays[windows.of[i]][windows.origins[i] - windows.series.starts[windows.of[i]] :] for i in chosen
    ]
    np.testing.assert_allclose(windows.forecasts(targets, read), [t[:horizon] for t in truth], rtol=1e-12)


def test_a_window_does_not_depend_on_its_company():
    lags = Lags(5, 4, 3, season_weights=(0.5, 0.3, 0.2))
    linear = np.random.default_rng(1).standard_normal((5 * lags.width, 3))
    _, windows = problem(lags, linear)
    together = windows.read(slice(None)).base
    alone = [windows.read(np.array([i])).base[0] for i in range(len(windows))]
    np.testing.assert_array_equal(together, alone)


def test_equal_seasons_have_exactly_their_mean():
    lags = Lags(2, 3, 3, season_weights=(0.5, 0.3, 0.2))
    array = np.tile([0.1, 0.7, 1e9 / 3], 5)
    windows = LagWindows(Series.of([array], [(0.0, 0.0)]), lags, np.zeros(1, int), np.array([12]))
    read = windows.read(np.array([0]))
    assert read.base[0].tolist() == array[:3].tolist()
    assert (read.rows[0, :, 1] == 0).all()


@pytest.mark.parametrize("n_seasons, kept", [(2, []), (3, [0, 2]), (4, [0])])
def test_values_that_all_seasons_have_are_forecast_as_they_are(n_seasons, kept):
    lags = Lags(2, 3, 3, season_weights=(1 / n_seasons,) * n_seasons, unit=2.0, remainder=0.5)
    array = np.tile([0.1, 0.7, 1e9 / 3], 5) + np.arange(15) * np.tile([0, 1, 0], 5)
    array[2] = 0.0  # in the fourth season before the origin, the first of its series
    linear = np.ones((4, 3))
    windows = LagWindows(
        Series.of([array], [(0.0, 0.0)]), lags, np.zeros(1, int), np.array([12]), linear=linear
    )
    read = windows.read(np.array([0]))
    forecasts = windows.forecasts(np.full((1, 3), 5.0), read)[0]
    assert [h for h in range(3) if forecasts[h] == array[h + 9]] == kept
    season = np.mean([array[12 - 3 * k :][:3] for k in range(1, n_seasons + 1)], axis=0)
    expected = season + read.scale[0] * (2 * read.rows[0].sum() + 5)
    expected[kept] = array[9:12][kept]
    np.testing.assert_allclose(forecasts, expected, rtol=1e-12)


def test_unknown_seasons_do_not_keep_values():
    lags = Lags(1, 2, 2, season_weights=(0.4, 0.3, 0.2, 0.1))
    array = np.tile([3.0, 4.0], 6) + np.repeat([0.0, 1.0], [11, 1])
    windows = LagWindows(Series.of([array[:9]], [(0.0, 1.0)]), lags, np.zeros(4, int), np.array([3, 5, 7, 9]))
    read = windows.read(np.arange(4))
    assert (read.changing == 0).tolist() == [[False] * 2, [False, True], [True] * 2, [True] * 2]


def test_all_origins_once():
    lags = Lags(3, 4, 2)
    arrays, windows = problem(lags)
    pairs = list(zip(windows.of, windows.origins - windows.series.starts[windows.of], strict=True))
    assert pairs == [(i, o) for i, n in enumerate((36, 47)) for o in range(7, n - 1)]


def test_origins_of_series_without_any():
    of, origins = origins_of(np.array([3, 9]), np.array([0, 3]), np.array([5, 5]), np.array([1, 7]))
    assert of.tolist() == [1, 1, 1]
    assert origins.tolist() == [8, 9, 10]


def test_kernels_read_the_rows():
    lags = Lags(3, 4, 7)
    _, windows = problem(lags)
    inputs = Numbers(lags.width)
    assert inputs.check(windows, np.float64) is windows
    packed = inputs.gather(windows, np.array([5, 2]), np.float64)
    expected = windows.read(np.array([5, 2])).rows.swapaxes(0, 1).reshape(-1, lags.width)
    np.testing.assert_array_equal(packed.values, expected)


def test_one_series_is_not_copied():
    array = np.arange(30.0)
    assert Series.of([array], [(0.0, 1.0)]).values is array


def test_a_large_level_costs_no_digits():
    lags = Lags(6, 4, 4)
    noise = np.random.default_rng(0).standard_normal(40).round(3)

    def rows_at(level):
        series = Series.of([noise + level], [lags.moments(noise)])
        return LagWindows(series, lags, np.zeros(1, int), np.array([30])).read(np.array([0])).rows

    np.testing.assert_allclose(rows_at(2.0**40), rows_at(0.0), atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 7.0, 1e12, 0.1])
def test_constant_windows_are_forecast_constant(value):
    lags = Lags(3, 2, 2)
    array = np.full(12, value)
    windows = LagWindows(Series.of([array], [lags.moments(array)]), lags, np.zeros(1, int), np.array([9]))
    read = windows.read(np.array([0]))
    np.testing.assert_allclose(read.rows, 0, atol=1e-15)
    assert (windows.targets(np.array([0]), read) == 0).all()
    assert windows.forecasts(np.array([[3.0, -2.0]], np.float32), read).tolist() == [[value, value]]


@pytest.mark.parametrize("horizon", [1, 2, 7, 48])
@pytest.mark.parametrize("n_columns", [1, 16, 673])
def test_the_linear_path_of_a_row_does_not_depend_on_the_others(horizon, n_columns):
    rng = np.random.default_rng(0)
    matrix, rows = rng.standard_normal((n_columns, horizon)), rng.standard_normal((300, n_columns))
    together = _products(rows, matrix)
    np.testing.assert_allclose(together, rows @ matrix, rtol=0, atol=1e-12)
    for n in (1, 2, 3, 8, 100):
        parts = [_products(rows[i : i + n], matrix) for i in range(0, 300, n)]
        assert np.array_equal(np.concatenate(parts), together)
