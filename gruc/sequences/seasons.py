"""The season of a series, found in the series itself."""

import numpy as np

# Least relative reduction in the mean square of differences at a lag for it to count as a season,
LEAST_GAIN = 0.2
# and at twice that lag.
SECOND_GAIN = 0.1
# Where the longest series has fewer seasons than FEW_SEASONS, the reduction must be at least GAIN_OF_FEW.
FEW_SEASONS, GAIN_OF_FEW = 5, 0.6
# Limits for differenced values, tried where slow changes hide a season in the values themselves.
CLEAR_GAIN, CLEAR_SECOND_GAIN = 0.45, 0.35
# A shorter season is preferred unless a longer one reduces the mean square by this factor.
PREFERENCE = 2.0
# Lags within this relative distance are the same season, of which the best lag is taken,
WIDTH = 1 / 8
# or a length that clocks and calendars have, if it is NEARLY the same and its mean square within TOLERANCE.
CALENDAR, NEARLY, TOLERANCE = (24, 48, 52, 96, 144, 168, 288, 336, 365), 1 / 16, 0.15
# Seven seasons, as a week of days, are preferred if their mean square is less by this factor,
PREFERENCE_OF_MULTIPLES = 1.15
# or by this one where the longest series has fewer than FEW_SEASONS of them.
PREFERENCE_OF_FEW_MULTIPLES = 1.5
# A season common to many series is found from at most this many of them.
MOST_SERIES = 100


def season_length_of(series):
    """The season that series have in common, in steps; 1 if none is found.

    It is found in their values, or else in the differences of these. A season is a lag at which the mean
    square of the differences ``x[t] - x[t - lag]``, which is ``2 * variance * (1 - autocorrelation)``, has a
    minimum well below that of smaller lags, once more at twice the lag. Linear trends are removed before.

    Parameters
    ----------
    series : list of ndarray of shape (t_i,)

    Returns
    -------
    int
        At most a third of the longest series.
    """
    chosen = series[:: -(-len(series) // MOST_SERIES)]
    season = _season_of(chosen, LEAST_GAIN, SECOND_GAIN)
    if season > 1:
        return season
    return _season_of([np.diff(values) for values in chosen], CLEAR_GAIN, CLEAR_SECOND_GAIN)


def inner_season_of(series, season_length):
    """The season within a season, as a day within a week; 1 if none is found.

    It divides the season, and is a lag at which the mean square of differences has a clear minimum.

    Parameters
    ----------
    series : list of ndarray of shape (t_i,)
    season_length : int

    Returns
    -------
    int
        At most half of the season.
    """
    squares, _ = _common_squares(series[:: -(-len(series) // MOST_SERIES)], season_length // 2 + 1)
    before = np.cumsum(squares) / np.arange(1, len(squares) + 1)
    found = [
        lag
        for lag in range(2, len(squares))
        if season_length % lag == 0
        and squares[lag - 1] <= min(squares[lag - 2], squares[lag])
        and squares[lag - 1] < (1 - CLEAR_GAIN) * before[lag - 1]
    ]
    return min(found, key=lambda lag: squares[lag - 1], default=1)


def _season_of(chosen, least_gain, second_gain):
    """The season of series, if values a season apart, and two, are alike by so much."""
    most = max(map(len, chosen)) // 3
    squares, n_steps = _common_squares(chosen, 2 * most) if most >= 3 else ((), 0)
    if len(squares) < 6:
        return 1
    # by chance, the largest of so many autocorrelations of noise comes near sqrt(2 log(lag) / n_steps)
    lags = np.arange(1, len(squares) + 1)
    least_gain = np.maximum(least_gain, (1 + np.sqrt(2 * np.log(lags))) / np.sqrt(n_steps))
    is_long = lags * FEW_SEASONS > max(map(len, chosen))
    least_gain[is_long] = np.maximum(least_gain[is_long], GAIN_OF_FEW)
    return _season_of_squares(squares, least_gain, second_gain, max(map(len, chosen)))


def _common_squares(chosen, most):
    """Mean squares of differences at lags 1 to `most`, or as many as there are, and steps that tell them."""
    total, count, n_steps = np.zeros(most), np.zeros(most), 0
    for values in chosen:
        squares = _mean_squares_of_differences(values, min(most, len(values) * 2 // 3))
        size = squares.mean() if len(squares) else 0.0
        if size > 0:  # a constant series tells nothing
            total[: len(squares)] += squares / size
            count[: len(squares)] += 1
            n_steps += len(values)
    known = int(np.searchsorted(-count, 0))  # lags that some series has
    return total[:known] / count[:known], n_steps


def _season_of_squares(squares, least_gain, second_gain, n_longest):
    """The season by the mean squares of differences at lags 1, 2, ..."""
    lags = np.arange(1, len(squares) + 1)
    before = np.cumsum(squares) / lags  # the mean over all lags up to each
    candidates = []
    for lag in range(2, len(squares) // 2 + 1):
        square = squares[lag - 1]
        is_least = square <= squares[lag - 2] and square <= squares[lag]
        if is_least and square < (1 - least_gain[lag - 1]) * before[lag - 1]:
            reach = max(1, int(WIDTH * lag))
            second = squares[2 * lag - 1 - reach : 2 * lag + reach].min()
            if second < (1 - second_gain) * before[2 * lag - 1]:
                candidates.append(lag)
    if not candidates:
        return 1
    least = min(squares[lag - 1] for lag in candidates)
    first = next(lag for lag in candidates if squares[lag - 1] <= PREFERENCE * least)
    near = [lag for lag in candidates if lag <= (1 + WIDTH) * first]
    season = min(near, key=lambda lag: squares[lag - 1] if lag >= first else np.inf)
    is_few = 7 * season > n_longest // FEW_SEASONS
    preference = PREFERENCE_OF_FEW_MULTIPLES if is_few else PREFERENCE_OF_MULTIPLES
    longer = [
        lag
        for lag in candidates
        if lag == 7 * season and preference * squares[lag - 1] <= squares[season - 1]
    ]
    season = min(longer, key=lambda lag: squares[lag - 1], default=season)
    known = [
        lag
        for lag in CALENDAR
        if abs(lag - season) <= NEARLY * season
        and lag <= len(squares) // 2
        and squares[lag - 1] <= (1 + TOLERANCE) * squares[season - 1]
    ]
    return min(known, key=lambda lag: abs(lag - season), default=season)


def _mean_squares_of_differences(values, n_lags):
    """Mean of ``(x[t] - x[t - lag]) ** 2`` over t for lags 1 to n_lags, by FFT; x is `values` detrended."""
    n = len(values)
    time = np.arange(n) - (n - 1) / 2
    x = values - values.mean()
    x = x / max(np.abs(x).max(), np.finfo(np.float64).tiny)
    x -= time * (time @ x) / max(time @ time, 1.0)
    if np.abs(x).max() < 1e-12:  # rounding errors of a constant or a straight line
        x[:] = 0
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(x, size)
    products = np.fft.irfft(spectrum * spectrum.conj(), size)[1 : n_lags + 1]  # sums of x[t] x[t - lag]
    squares = np.concatenate([[0.0], np.cumsum(x * x)])
    lags = np.arange(1, n_lags + 1)
    sums = squares[n] - squares[lags] + squares[n - lags] - 2 * products
    return np.maximum(sums, 1e-12 * squares[n]) / (n - lags)  # the FFT has rounding errors
