"""What a forecaster reads of series, by its parameters or by the series, and whether they are long enough."""

import numpy as np

from ..sequences import LARGEST, Lags, inner_season_of, season_length_of
from ..training import MOST_SEASONS

# Automatic lags are shortened until there are this many windows to learn from.
FEWEST_WINDOWS = 4
# Upper limit on past seasons for chunks of series: later chunks may be shorter than the first.
MOST_SEASONS_OF_CHUNKS = 3
# Lower limit on automatic lags, however short the horizon.
FEWEST_LAGS = 8


def lags_of(model, arrays, horizon, most_seasons=MOST_SEASONS):
    """The lags that the parameters ask for, or that the series show."""
    lengths = np.array([len(array) for array in arrays])
    season = season_length_of(arrays) if model.season_length is None else int(model.season_length)
    if horizon is None:
        horizon = season if model.horizon is None else int(model.horizon)
    shortest, median = int(lengths.min()), int(np.median(lengths))
    n_lags = model.lags
    if n_lags == "auto":
        # at least half of the series should have windows to learn from, and all have a context
        for_windows = median - season - 2 * horizon - 2 * FEWEST_WINDOWS
        inner = inner_season_of(arrays, season)
        wanted = max(horizon, FEWEST_LAGS, inner + 1 if inner > 1 else 1)
        n_lags = max(1, min(wanted, for_windows, shortest - season))
    n_seasons = 1
    if season > 1:
        n_seasons = max(1, min(most_seasons, (shortest - n_lags) // season))
    weights = (1.0,) + (0.0,) * (n_seasons - 1)
    return Lags(int(n_lags), season, horizon, model.scale, season_weights=weights)


def check_range(arrays, name_of):
    """Refuse values whose squares would overflow."""
    limit = LARGEST[np.dtype(np.float64)]
    for i, array in enumerate(arrays):
        largest = np.abs(array).max(initial=0.0)
        if largest > limit:
            raise ValueError(f"{name_of(i)} reaches {largest:.3g}, the limit is {limit:.0e}. Rescale it.")


def check_lengths(lags, arrays, name_of):
    """Refuse series that are shorter than a context."""
    for i, array in enumerate(arrays):
        if len(array) < lags.context:
            raise ValueError(
                f"{name_of(i)} has {len(array)} values; with lags={lags.lags} and season_length="
                f"{lags.season_length} a forecast needs {lags.context}. Leave it out, or set smaller lags or "
                "season_length (1: no season)."
            )


def refuse_short(lags, lengths):
    longest = int(lengths.max())
    raise ValueError(
        f"The longest series has {longest} values, too few to learn from: with lags={lags.lags}, "
        f"season_length={lags.season_length} and a horizon of {lags.horizon} steps "
        f"{lags.least_context + lags.horizon} are needed, and with early_stopping=True "
        f"{lags.least_context + 2 * lags.horizon}. Give longer series, or set a shorter horizon or smaller "
        "lags or season_length (1: no season)."
    )
