"""GRURegressor in skforecast's ForecasterRecursive: lags from the newest to the oldest, and turned round.

    pip install skforecast pmdarima statsmodels sktime
    python benchmarks/order_of_lags.py [--seeds 10]

The regressor's defaults, of differences (``differentiation=1``); series, test parts and MASE are those of
forecasting.py, with an origin at every step. One fit is on what is before the test part.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from forecasting_series import problems
from gruc import GRURegressor
from skforecast.recursive import ForecasterRecursive
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

LAGS = {
    "airpassengers": 24,
    "wineind": 24,
    "PBS": 24,
    "elnino": 24,
    "sunspots": 22,
    "macrodata unemp": 12,
    "macrodata realgdp": 12,
}


def mase(problem, regressor, lags):
    """MASE over all origins."""
    y, (first, *_) = pd.Series(problem.values), problem.origins
    forecaster = ForecasterRecursive(regressor, lags=lags, differentiation=1)
    forecaster.fit(y[:first])
    forecasts = [
        forecaster.predict(problem.horizon, last_window=y[origin - lags - 1 : origin])
        for origin in problem.origins
    ]
    return problem.mase(np.stack(forecasts))


def main():
    parser = argparse.ArgumentParser(description="Two orders of lags.")
    parser.add_argument("--seeds", type=int, default=10)
    seeds = range(parser.parse_args().seeds)
    warnings.simplefilter("ignore")
    known, _ = problems()
    print("| series | lags | steps ahead | newest first | oldest first |\n|---|---|---|---|---|")
    for name, lags in LAGS.items():
        for horizon in (1, known[name].horizon):
            problem = known[name]._replace(horizon=horizon, step=1)
            regressors = [GRURegressor(random_state=seed, n_jobs=1) for seed in seeds]
            as_they_come = [mase(problem, regressor, lags) for regressor in regressors]
            turned = [
                mase(problem, make_pipeline(FunctionTransformer(np.fliplr), regressor), lags)
                for regressor in regressors
            ]
            print(f"| {name} | {lags} | {horizon} | {np.mean(as_they_come):.3f} | {np.mean(turned):.3f} |")


if __name__ == "__main__":
    main()
