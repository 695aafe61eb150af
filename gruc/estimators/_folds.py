"""Folds of a backtest: which steps are known, and which are forecast from there."""

from typing import NamedTuple

import numpy as np

from ..runtime.forecast_input import check_reach
from ..sequences import KnownValues, season_length_of
from ._forecast_lags import lags_of

# Number of folds where no cv is given; short series get fewer.
MOST_FOLDS = 5


class Fold(NamedTuple):
    """Steps start to stop are known, and the steps `ahead`, 1 being the one at stop, are forecast.

    Folds compare by where forecasts begin: the smaller is the earlier.
    """

    stop: int
    start: int
    ahead: tuple


def folds_of(model, series, cv, steps):
    """The folds of a backtest, checked.

    Parameters
    ----------
    model : GRUForecaster
    series : TimeSeries
        The shortest of them has the steps that are meant; all end with these.
    cv : cross-validation generator, iterable of pairs or None
    steps : ndarray of int, rising, or None
        Steps that are forecast; None: all that `cv` gives.

    Returns
    -------
    list of Fold
    """
    n = min(map(len, series.values))
    if cv is None:
        pairs = _last_pairs(model, series, n, None if steps is None else int(steps[-1]))
    else:
        pairs = _pairs(cv, n)
    folds = []
    for i, (known, later) in enumerate(pairs):
        start, stop, later = _span(known, later, n, f"cv, split {i},")
        ahead = later - stop + 1
        chosen = ahead if steps is None else ahead[np.isin(ahead, steps)]
        if not len(chosen):
            raise ValueError(f"cv gives steps that fh has none of: {steps.tolist()} and {ahead}.")
        folds.append(Fold(stop, start, tuple(chosen.tolist())))
    if not folds:
        raise ValueError("cv gives no split. Give at least one pair of steps known and steps to forecast.")
    return folds


def horizon_of(model, fold, steps):
    """Steps that a network fitted at this fold forecasts at once, and those to fit with, or None."""
    if steps is None and model.horizon is not None:
        return int(model.horizon), None
    return fold.ahead[-1], np.array(fold.ahead)


def check_reaches(model, given, folds, steps, refit):
    """Refuse forecasts beyond the horizon, where there are columns that are not known there."""
    first = min(folds)
    for fold in folds:
        horizon, _ = horizon_of(model, fold if refit else first, steps)
        check_reach(given, model.strategy, fold.ahead[-1], horizon)


def _pairs(cv, n):
    """The pairs that cv gives for n steps."""
    if isinstance(cv, (str, type)) or not (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        raise TypeError(
            f"cv is {cv!r}. Give a splitter such as TimeSeriesSplit(5, test_size=12), or pairs of the steps "
            "known and the steps to forecast, such as [(range(60), range(60, 64))]."
        )
    return cv.split(np.arange(n)) if hasattr(cv, "split") else _unpacked(cv)


def _unpacked(cv):
    for i, pair in enumerate(cv):
        try:
            known, later = pair
        except (TypeError, ValueError):
            raise TypeError(
                f"cv, split {i}, is not a pair of known steps and steps to forecast. Give cv as a list "
                "of pairs, such as [(range(60), range(60, 64))]."
            ) from None
        yield known, later


def _span(known, later, n, where):
    """First of the steps known, the one after the last, and the steps to forecast as an array."""
    known, later = _places(known, where), _places(later, where)
    if not (np.diff(known) == 1).all() or later[0] <= known[-1] or (np.diff(later) < 1).any():
        raise ValueError(
            f"{where} must give consecutive steps, and later ones to forecast, in order of time, as "
            f"TimeSeriesSplit does; it gives {known} and {later}."
        )
    if known[0] < 0 or later[-1] >= n:
        outside = known[0] if known[0] < 0 else later[-1]
        raise ValueError(
            f"{where} contains step {outside}, but y has {n}, from 0 to {n - 1} (of several series those of "
            "the shortest count). Give steps of y."
        )
    return int(known[0]), int(known[-1]) + 1, later


def _places(steps, where):
    """Places in y as an array."""
    array = np.asarray(steps)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{where} must give two sequences of integers, places in y; got {steps!r}.")
    if not array.size:
        raise ValueError(f"{where} has no steps known, or none to forecast. Give at least one of each.")
    return array.astype(np.intp)


def _last_pairs(model, series, n, horizon):
    """Folds one after the other at the end of n steps, as many as leave enough to fit to before them."""
    most, season = MOST_FOLDS, None
    if horizon is None:
        horizon = model.horizon if model.horizon is not None else model.season_length
    if horizon is None:
        # found by values that no forecast reaches
        n_before = n - n // 3
        known = _known_before(model, series, n, n_before)
        horizon = season = 1 if known is None else season_length_of(known)
        most = min(most, (n - n_before) // horizon)
    horizon = int(horizon)
    for n_folds in range(most, 0, -1):
        if _is_enough(model, _known_before(model, series, n, n - n_folds * horizon), horizon):
            stops = range(n - n_folds * horizon, n, horizon)
            return [(np.arange(stop), np.arange(stop, stop + horizon)) for stop in stops]
    found = "" if season is None else " (the season found)"
    raise ValueError(
        f"y has {n} steps, too few to forecast the last {horizon}{found} by a fit to those before. Give "
        "longer series, a shorter fh or horizon, smaller lags or season_length, or cv."
    )


def _known_before(model, series, n, stop):
    """The series before this step, differenced as the model asks for; None if one is too short for that."""
    parts = [values[: max(len(values) - n + stop, 0)] for values in series.values]
    order = int(model.difference)
    return KnownValues.of(parts, order).recent if min(map(len, parts)) > order else None


def _is_enough(model, arrays, horizon):
    """Whether a fit to these values can learn a horizon, and measure forecasts where it has to."""
    if arrays is None:
        return False
    lags, lengths = lags_of(model, arrays, horizon), [len(array) for array in arrays]
    n_horizons = 2 if model.early_stopping or model.calibration is not None else 1
    return min(lengths) >= lags.context and max(lengths) >= lags.least_context + n_horizons * horizon
