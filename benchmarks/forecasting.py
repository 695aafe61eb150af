"""GRUForecaster at its defaults, the seasonal naive forecast and other libraries on series of packages.

    pip install statsmodels pmdarima sktime statsforecast neuralforecast
    OMP_NUM_THREADS=1 python benchmarks/forecasting.py [--seeds 5] [--peers FILE] [series ...]
    OMP_NUM_THREADS=1 python benchmarks/forecasting.py --networks [--seeds 5] [taylor] [made]

Each series ends in a test part. From several origins, forecasts are made of as many steps as the horizon,
with one fit on what is before the test part and `update` without learning in between. MASE is the mean
absolute error over that of the seasonal naive forecast within the training part. Coverage is that of
central intervals of 80 and 95 %. Seconds are of processor time. Series of packages that are not installed
are left out, and so are columns. forecasting_peers.py says how the others are run; their figures are kept in
FILE, if one is named.

With --networks, fits on taylor and on 1,000 made series are timed in turn with those of neuralforecast: gruc,
NHITS, gruc, GRU.
"""

import argparse
import json
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import forecasting_peers as peers
import numpy as np
from forecasting_series import HORIZON, SEASON, made_series, mean_mase, problems
from gruc import GRUForecaster

warnings.simplefilter("ignore")


def measure(problem, seed):
    """MASE of gruc, coverage of 80 and 95 %, seconds."""
    y, horizon = problem.values, problem.horizon
    first, *_ = problem.origins
    started = time.process_time()
    model = GRUForecaster(random_state=seed, n_jobs=1).fit(y[:first], fh=range(1, horizon + 1))
    forecasts, inside = [], []
    for origin, actual in zip(problem.origins, problem.actual, strict=True):
        if origin > first:
            model.update(y[origin - problem.step : origin], update_params=False)
        forecasts.append(model.predict())
        inside.append(covered(model.predict_quantiles(alpha=LEVELS).to_numpy(), actual))
    seconds = time.process_time() - started
    return problem.mase(np.stack(forecasts)), *np.mean(inside, axis=0), seconds


LEVELS = [0.025, 0.1, 0.9, 0.975]


def covered(bounds, actual):
    """Shares of the values that are in intervals of 80 and 95 %."""
    is_above, is_below = bounds[..., :2] <= actual[..., None], actual[..., None] <= bounds[..., :1:-1]
    return (is_above & is_below).reshape(-1, 2).mean(axis=0)[::-1]


def measure_many(made, seed):
    """Mean MASE, coverage of 80 and 95 %, seconds; one fit of all series, one origin."""
    started = time.process_time()
    model = GRUForecaster(random_state=seed, n_jobs=1)
    model.fit([y[:-HORIZON] for y in made], fh=range(1, HORIZON + 1))
    forecasts = model.predict()
    seconds = time.process_time() - started
    bounds = model.predict_quantiles(alpha=LEVELS).to_numpy().reshape(len(made), HORIZON, 4)
    actual = np.stack([y[-HORIZON:] for y in made])
    return mean_mase(made, forecasts), *covered(bounds, actual), seconds


def beside(known, path):
    """MASE of AutoETS and MSTL by series, measured now or read from a file."""
    found = json.loads(path.read_text()) if path and path.exists() else {}
    for name, problem in known.items():
        of_series = found.setdefault(name, {})
        for peer, function in (("AutoETS", peers.auto_ets), ("MSTL", peers.mstl)):
            if peer not in of_series and find_spec("statsforecast"):
                forecasts, seconds = peers.timed(function, problem)
                of_series[peer] = problem.mase(forecasts), seconds
                if path:
                    path.write_text(json.dumps(found))
    return {name: {peer: mase for peer, (mase, _) in found[name].items()} for name in known}


def table_of_series(known, n_seeds, path):
    """Print a line for each series, and means."""
    of_peers = beside(known, path)
    head = ["series", "steps", "horizon", "seasonal naive", "AutoETS", "MSTL", "gruc", "its seeds"]
    head += ["80 %", "95 %", "seconds"]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    table, inside = {"naive": [], "AutoETS": [], "MSTL": [], "gruc": []}, []
    for name, problem in known.items():
        results = np.array([measure(problem, seed) for seed in range(n_seeds)])
        mase, *coverage, seconds = results.mean(axis=0)
        line = {"naive": problem.mase(problem.naive), "AutoETS": np.nan, "MSTL": np.nan, "gruc": mase}
        line |= of_peers[name]
        for column, value in line.items():
            table[column].append(value)
        inside.append(coverage)
        figures = [f"{line[column]:.3f}" for column in table]
        seeds = f"{results[:, 0].min():.3f} to {results[:, 0].max():.3f}"
        shares = [f"{share:.0%}" for share in coverage]
        cells = [name, len(problem.values), problem.horizon, *figures, seeds, *shares, f"{seconds:.1f}"]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    print("\nmean MASE:", ", ".join(f"{name} {np.mean(values):.3f}" for name, values in table.items()))
    own = table.pop("gruc")
    ratios = {name: np.exp(np.mean(np.log(np.divide(own, values)))) for name, values in table.items()}
    print(
        "geometric mean of gruc's over", ", ".join(f"{name}'s {ratio:.3f}" for name, ratio in ratios.items())
    )
    print("mean coverage {:.1%} and {:.1%}".format(*np.mean(inside, axis=0)))


def table_of_networks(taylor, chosen, n_rounds):
    """Print MASE and seconds of networks, which are fitted in turn."""
    made = made_series()
    tasks = {
        "taylor": (
            lambda seed: measure(taylor, seed),
            lambda seed: of_peer(peers.nhits, taylor, taylor.mase, seed),
            lambda seed: of_peer(peers.gru, taylor, taylor.mase, seed),
        ),
        "made": (
            lambda seed: measure_many(made, seed),
            lambda seed: of_peer(peers.nhits_of_many, made, lambda f: mean_mase(made, f), seed),
            lambda seed: of_peer(peers.gru_of_many, made, lambda f: mean_mase(made, f), seed),
        ),
    }
    naive = mean_mase(made, [np.resize(y[-HORIZON - SEASON : -HORIZON], HORIZON) for y in made])
    print(f"seasonal naive: taylor {taylor.mase(taylor.naive):.3f}, made {naive:.3f}\n")
    print("| data | round | gruc | 80 % | 95 % | seconds | again | NHITS | seconds | GRU | seconds |")
    print(f"|{'---|' * 11}")
    for data in chosen or tasks:
        own, nhits, gru = tasks[data]
        for seed in range(n_rounds):
            mase, *coverage, seconds = own(seed)
            of_nhits = nhits(seed + 1)
            again = own(seed)[-1]
            cells = [data, seed, f"{mase:.3f}", *(f"{share:.0%}" for share in coverage)]
            cells += [f"{seconds:.1f}", f"{again:.1f}"]
            for error, seconds in (of_nhits, gru(seed + 1)):
                cells += [f"{error:.3f}", f"{seconds:.1f}"]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


def of_peer(function, data, error, seed):
    """MASE and seconds."""
    forecasts, seconds = peers.timed(function, data, seed=seed)
    return error(forecasts), seconds


def main():
    parser = argparse.ArgumentParser(description="Forecasts of gruc beside those of other libraries.")
    parser.add_argument("series", nargs="*", help="names of series; default: all")
    parser.add_argument("--seeds", type=int, default=5, help="of each fit of a network")
    parser.add_argument("--peers", type=Path, metavar="FILE", help="where figures of the others are kept")
    parser.add_argument("--networks", action="store_true", help="time networks in turn")
    arguments = parser.parse_args()
    known, missing = problems()
    for package, error in missing.items():
        print(f"without {package}: {error}")
    if arguments.networks:
        table_of_networks(known["taylor"], arguments.series, arguments.seeds)
    else:
        chosen = {name: known[name] for name in arguments.series or known}
        table_of_series(chosen, arguments.seeds, arguments.peers)


if __name__ == "__main__":
    main()
