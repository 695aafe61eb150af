"""The series that forecasts are measured on: those of packages, and 1,000 made of parts of them."""

from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """A series, or several, and what is to be forecast.

    Parameters
    ----------
    values : ndarray of shape (n_steps,)
    season, horizon : int
    n_test : int
        Steps of the test part, the last.
    step : int
        Steps between origins.
    """

    values: np.ndarray
    season: int
    horizon: int
    n_test: int
    step: int

    @property
    def origins(self):
        """Numbers of values that are known where forecasts are made."""
        n = len(self.values)
        return range(n - self.n_test, n - self.horizon + 1, self.step)

    @property
    def actual(self):
        """What came, (n_origins, horizon)."""
        return np.stack([self.values[origin : origin + self.horizon] for origin in self.origins])

    @property
    def naive(self):
        """The seasonal naive forecasts, (n_origins, horizon)."""
        places = np.arange(self.horizon) % self.season - self.season
        return np.stack([self.values[origin + places] for origin in self.origins])

    def mase(self, forecasts):
        """Mean absolute error over that of the seasonal naive forecast within the training part."""
        known = self.values[: -self.n_test]
        return (
            np.abs(forecasts - self.actual).mean()
            / np.abs(known[self.season :] - known[: -self.season]).mean()
        )


def of_pmdarima():
    """Problems by name."""
    from pmdarima import datasets

    return {
        "taylor": (datasets.load_taylor()[:4032], 336, 48, 336, 48),
        "airpassengers": (datasets.load_airpassengers(), 12, 12, 36, 1),
        "lynx": (datasets.load_lynx(), 10, 10, 30, 1),
        "wineind": (datasets.load_wineind(), 12, 12, 36, 1),
        "woolyrnq": (datasets.load_woolyrnq(), 4, 4, 24, 1),
        "austres": (datasets.load_austres(), 4, 4, 20, 1),
    }


def of_statsmodels():
    """Problems by name."""
    from statsmodels import datasets

    macro = datasets.macrodata.load_pandas().data
    return {
        "sunspots": (datasets.sunspots.load_pandas().data["SUNACTIVITY"], 11, 11, 44, 1),
        "co2": (datasets.co2.load_pandas().data["co2"].interpolate(), 52, 52, 208, 13),
        "elnino": (datasets.elnino.load_pandas().data.iloc[:, 1:].to_numpy().ravel(), 12, 12, 96, 1),
        **{
            f"macrodata {name}": (macro[name], 4, 8, 32, 1)
            for name in ("realgdp", "unemp", "infl", "tbilrate")
        },
    }


def of_sktime():
    """Problems by name; the airline and lynx of sktime and aeon are those of pmdarima."""
    from sktime import datasets

    consumption, others = datasets.load_uschange()
    return {
        "shampoo": (datasets.load_shampoo_sales(), 12, 6, 12, 1),
        "PBS": (datasets.load_PBS_dataset(), 12, 12, 48, 1),
        "solar": (datasets.load_solar(api_version=None), 48, 48, 96, 12),
        "uschange consumption": (consumption, 4, 8, 32, 1),
        **{f"uschange {name.lower()}": (others[name], 4, 8, 32, 1) for name in others},
    }


def problems():
    """All problems by name, and what is missing: names of packages and errors."""
    found, missing = {}, {}
    for source in (of_pmdarima, of_statsmodels, of_sktime):
        try:
            found |= source()
        except ImportError as error:
            missing[source.__name__[3:]] = error
    return {
        name: Problem(np.asarray(values, np.float64), *rest) for name, (values, *rest) in found.items()
    }, missing


# ---- series made of parts of those: as if of months, a season of 12 steps, 24 to be forecast
SEASON = 12
HORIZON = 24


def _parts(problem):
    """Trend, season (12,) and rest of the training part of a series, each of unit variance.

    Seasons of another length become 12 steps long by interpolation.
    """
    known = problem.values[: -problem.n_test]
    season = 48 if problem.season == 336 else problem.season  # of the days of a week
    n = len(known) * SEASON // season
    x = np.interp(np.arange(n) * season / SEASON, np.arange(len(known)), known)
    padded = np.pad(x, SEASON // 2, mode="reflect", reflect_type="odd")
    trend = np.convolve(padded, np.r_[0.5, np.ones(SEASON - 1), 0.5] / SEASON, mode="valid")
    rest = x - trend
    pattern = np.array([rest[place::SEASON].mean() for place in range(SEASON)])
    rest = rest - np.resize(pattern, n)
    return [(part - part.mean()) / part.std() for part in (trend, pattern, rest)]


def _window(part, n, draw):
    """A window of a part, stretched where it is shorter than n steps."""
    length = min(n, int(len(part) * draw.uniform(0.5, 1)))
    start = draw.integers(len(part) - length + 1)
    return np.interp(np.linspace(0, length - 1, n), np.arange(length), part[start : start + length])


def made_series(n_series=1000, seed=0):
    """Series (n_steps,) of 144 to 264 steps, the last 24 of which are the test part.

    Each has the trend of a window of one series, the season of another and the rest of a third, in shares
    that are drawn, as are its level and its variation.
    """
    parts = [_parts(problem) for problem in problems()[0].values() if len(problem.values) > 3 * SEASON]
    draw, made = np.random.default_rng(seed), []
    for _ in range(n_series):
        n = int(draw.integers(5, 11)) * 2 * SEASON + HORIZON
        trend, season, rest = (parts[i][k] for k, i in enumerate(draw.integers(len(parts), size=3)))
        shares = draw.dirichlet([2, 2, 1])
        x = shares[0] * _window(trend, n, draw)
        x += shares[1] * np.resize(np.roll(season, draw.integers(SEASON)), n)
        x += shares[2] * rest[(draw.integers(len(rest)) + np.arange(n)) % len(rest)]
        made.append(10 ** draw.uniform(1, 4) * (1 + draw.uniform(0.05, 0.25) * x))
    return made


def mean_mase(made, forecasts):
    """Mean of MASE over series that are forecast once."""
    ratios = []
    for y, forecast in zip(made, forecasts, strict=True):
        known = y[:-HORIZON]
        ratios.append(
            np.abs(forecast - y[-HORIZON:]).mean() / np.abs(known[SEASON:] - known[:-SEASON]).mean()
        )
    return np.mean(ratios)
