"""GRUForecaster beside the seasonal naive forecast, at its defaults, on series of packages.

    pip install statsmodels pmdarima sktime
    python benchmarks/forecasting.py [--seeds 5] [series ...]

Each series ends in a test part. From several origins, forecasts are made of as many steps as the horizon,
with one fit on what is before the test part and `update` without learning in between. MASE is the mean
absolute error over that of the seasonal naive forecast within the training part. Coverage is that of
central intervals of 80 and 95 %. Series of packages that are not installed are left out.
"""

import argparse
import time
import warnings

import numpy as np
from gruc import GRUForecaster

warnings.simplefilter("ignore")


def of_statsmodels():
    """name: (values, season, horizon, steps of the test part, steps between origins)."""
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


def of_pmdarima():
    """The same of pmdarima."""
    from pmdarima import datasets

    return {
        "taylor": (datasets.load_taylor()[:4032], 336, 48, 336, 48),
        "airpassengers": (datasets.load_airpassengers(), 12, 12, 36, 1),
        "lynx": (datasets.load_lynx(), 10, 10, 30, 1),
        "wineind": (datasets.load_wineind(), 12, 12, 36, 1),
        "woolyrnq": (datasets.load_woolyrnq(), 4, 4, 24, 1),
        "austres": (datasets.load_austres(), 4, 4, 20, 1),
    }


def of_sktime():
    """The same of sktime."""
    from sktime import datasets

    return {
        "shampoo": (datasets.load_shampoo_sales(), 12, 6, 12, 1),
        "PBS": (datasets.load_PBS_dataset(), 12, 12, 48, 1),
        "solar": (datasets.load_solar(api_version=None), 48, 48, 336, 24),
    }


def measure(values, season, horizon, n_test, step, seed):
    """MASE of gruc and of the seasonal naive forecast, coverage of 80 and 95 %, seconds."""
    y = np.asarray(values, np.float64)
    n_known = len(y) - n_test
    started = time.perf_counter()
    model = GRUForecaster(random_state=seed, n_jobs=1).fit(y[:n_known], fh=range(1, horizon + 1))
    errors, naive_errors, inside = [], [], []
    for origin in range(n_known, len(y) - horizon + 1, step):
        if origin > n_known:
            model.update(y[origin - step : origin], update_params=False)
        actual = y[origin : origin + horizon]
        ahead = np.arange(horizon)
        errors.append(np.abs(model.predict() - actual))
        naive_errors.append(np.abs(y[origin + ahead % season - season] - actual))
        bounds = model.predict_quantiles(alpha=[0.025, 0.1, 0.9, 0.975]).to_numpy()
        above, below = bounds[:, :2] <= actual[:, None], actual[:, None] <= bounds[:, :1:-1]
        inside.append((above & below).mean(axis=0)[::-1])
    unit = np.abs(y[season:n_known] - y[: n_known - season]).mean()
    seconds = time.perf_counter() - started
    return np.mean(errors) / unit, np.mean(naive_errors) / unit, *np.mean(inside, axis=0), seconds


def main():
    parser = argparse.ArgumentParser(description="Forecasts of gruc beside the seasonal naive forecast.")
    parser.add_argument("series", nargs="*", help="names of series; default: all")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    problems = {}
    for source in (of_pmdarima, of_statsmodels, of_sktime):
        try:
            problems |= source()
        except ImportError as error:
            print(f"without {source.__name__[3:]}: {error}")
    print("| series | steps | horizon | seasonal naive | gruc | its seeds | 80 % | 95 % | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    ratios, covered = [], []
    for name in arguments.series or problems:
        values, season, horizon, n_test, step = problems[name]
        results = np.array(
            [measure(values, season, horizon, n_test, step, seed) for seed in range(arguments.seeds)]
        )
        mase, naive, inside_80, inside_95, seconds = results.mean(axis=0)
        ratios.append(mase / naive)
        covered.append((inside_80, inside_95))
        print(
            f"| {name} | {len(values)} | {horizon} | {naive:.3f} | {mase:.3f} | {results[:, 0].min():.3f} to "
            f"{results[:, 0].max():.3f} | {inside_80:.0%} | {inside_95:.0%} | {seconds:.1f} |",
            flush=True,
        )
    inside_80, inside_95 = np.mean(covered, axis=0)
    print(f"\ngeometric mean of gruc over seasonal naive: {np.exp(np.mean(np.log(ratios))):.3f}; ", end="")
    print(f"mean coverage {inside_80:.1%} and {inside_95:.1%}")


if __name__ == "__main__":
    main()
