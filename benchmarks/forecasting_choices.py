"""How the defaults of GRUForecaster were chosen: forecasts of the training parts of forecasting_series.py.

    pip install statsmodels pmdarima sktime
    python benchmarks/forecasting_choices.py [choice ...]

The test part of each series is cut off. What is before it is forecast as the benchmark forecasts test parts,
in up to three parts of that size, each with a fit on what is before it. A choice is parameters of
GRUForecaster, or constants of gruc/training/linear_path.py, that differ from the defaults; constants are
tried without the network. Printed are the
geometric mean of MASE over that of the seasonal naive forecast, the share of parts where it is smaller, the
same mean over the parts of taylor alone, and the mean coverage of intervals of 80 and 95 %.
"""

import argparse
import contextlib
import time
import warnings

import numpy as np
from forecasting import LEVELS, covered
from forecasting_series import problems
from gruc import GRUForecaster
from gruc.training import linear_path

warnings.simplefilter("ignore")

ALONE = {"max_iter": 1, "learning_rate_init": 1e-9}  # no network to speak of
CHOICES = {
    "the defaults": ({}, {}),
    "learning_rate_init=0.001": ({"learning_rate_init": 0.001}, {}),
    "dropout=0.3": ({"dropout": 0.3}, {}),
    'loss="absolute_error"': ({"loss": "absolute_error"}, {}),
    "validation_fraction=0.2": ({"validation_fraction": 0.2}, {}),
    "n_iter_no_change=20": ({"n_iter_no_change": 20}, {}),
    "the linear path alone": (ALONE, {}),
    "the last season alone": (ALONE, {"DECAYS": (0.0,)}),
    "seasons weighted by powers of 0.7": (ALONE, {"DECAYS": (0.7,)}),
    "regressions on the whole window alone": (ALONE, {"PARTS": (1.0,)}),
    "a penalty of 5 windows": (ALONE, {"PENALTY": 5.0}),
    "a penalty of 100 windows": (ALONE, {"PENALTY": 100.0}),
    "two rounds of forecasts": (ALONE, {"N_FOLDS": 2}),
    "all rounds alike": (ALONE, {"OF_EARLIER": 1.0}),
    "all simple forecasts alike": (ALONE, {"SHARPNESS": 0}),
    "the best simple forecast alone": (ALONE, {"SHARPNESS": 100}),
}


def parts(name, problem):
    """Up to three parts before the test part: problems of their own."""
    for k in range(1, 4):
        values = problem.values[: len(problem.values) - k * problem.n_test]
        size = min(problem.n_test, len(values) // 3)
        known = len(values) - size
        if size < problem.horizon or known < 2 * (problem.season + problem.horizon) + 12:
            return
        yield name, problem._replace(values=values, n_test=size)


def measure(problem, parameters):
    """Log of MASE over that of the seasonal naive forecast, coverage of 80 and 95 %; one seed."""
    first, *_ = problem.origins
    model = GRUForecaster(random_state=0, n_jobs=1, **parameters)
    model.fit(problem.values[:first], fh=range(1, problem.horizon + 1))
    forecasts, inside = [], []
    for origin, actual in zip(problem.origins, problem.actual, strict=True):
        if origin > first:
            model.update(problem.values[origin - problem.step : origin], update_params=False)
        forecasts.append(model.predict())
        inside.append(covered(model.predict_quantiles(alpha=LEVELS).to_numpy(), actual))
    ratio = problem.mase(np.stack(forecasts)) / problem.mase(problem.naive)
    return np.log(ratio), *np.mean(inside, axis=0)


@contextlib.contextmanager
def constants(values):
    """Constants of the linear path for a while."""
    before = {name: getattr(linear_path, name) for name in values}
    try:
        for name, value in values.items():
            setattr(linear_path, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(linear_path, name, value)


def main():
    parser = argparse.ArgumentParser(description="Choices of defaults by forecasts within training parts.")
    parser.add_argument("choices", nargs="*", help="names of choices; default: all")
    known, missing = problems()
    for package, error in missing.items():
        print(f"without {package}: {error}")
    chosen = [part for name, problem in known.items() for part in parts(name, problem)]
    is_taylor = np.array([name == "taylor" for name, _ in chosen])
    print(f"{len(chosen)} parts of {len(known)} series\n")
    print("| choice | MASE over naive | better | taylor | 80 % | 95 % | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name in parser.parse_args().choices or CHOICES:
        parameters, changed = CHOICES[name]
        started = time.perf_counter()
        with constants(changed):
            results = np.array([measure(problem, parameters) for _, problem in chosen])
        ratios, *inside = results.T
        cells = [name, f"{np.exp(ratios.mean()):.3f}", f"{(ratios < 0).mean():.0%}"]
        cells += [f"{np.exp(ratios[is_taylor].mean()):.3f}", *(f"{share.mean():.1%}" for share in inside)]
        print(f"| {' | '.join(cells)} | {time.perf_counter() - started:.0f} |", flush=True)


if __name__ == "__main__":
    main()
