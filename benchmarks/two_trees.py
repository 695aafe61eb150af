"""Two versions of gruc side by side: training steps, predictions, streams, memory and start-up.

    python benchmarks/two_trees.py BEFORE AFTER --rounds 15

BEFORE and AFTER are checkouts whose extensions are built in place. Each runs in a process of its own; the
two take turns of a fraction of a second, on one thread. The table gives the fastest call of each (the machine
may be shared) and their ratio, AFTER / BEFORE, followed by geometric means.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time

TRAINING = [
    (16, 30, 12, 64),
    (32, 100, 8, 64),
    (32, 100, 8, 128),
    (32, 10, 64, 128),
    (128, 100, 32, 128),
    (256, 50, 16, 32),
    (64, 200, 4, 48),
    (64, 60, 40, 256),
    (8, 10, 4, 16),
    (1, 1, 4, 16),
]
PREDICTION = [
    (1, 100, 8, 64),
    (1, 100, 64, 256),
    (32, 100, 8, 64),
    (32, 100, 8, 128),
    (256, 100, 32, 128),
    (1, 1, 4, 16),
]
STREAMS = [8, 16, 64, 128]  # units; 12 features
STRUCTURES = {  # of a training step and a prediction of (32, 30, 12, 32)
    "mean, two layers": dict(hidden_layer_sizes=(32, 32), pooling="mean"),
    "max, both directions": dict(bidirectional=True, pooling="max"),
    "attention": dict(pooling="attention"),
    "reset before": dict(reset_after=False),
    "dropout": dict(dropout=0.2, recurrent_dropout=0.2),
    "float64": dict(dtype="float64"),
}
SECONDS = 0.15  # of a turn


def model_of(B, T, D, H, **parameters):
    """A model after one step of training, and its data."""
    import numpy as np
    from gruc import GRUClassifier

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((B, T, D)).astype(np.float32), rng.integers(0, 9, B)
    settings = dict(hidden_layer_sizes=(H,), frame_length=1, batch_size=max(B, 1), random_state=0, n_jobs=1)
    model = GRUClassifier(**settings | parameters)
    return model.partial_fit(X, y, classes=np.arange(9)), X, y


def cases():
    """Name and function without arguments of everything that is timed."""
    import numpy as np

    for shape in TRAINING:
        model, X, y = model_of(*shape)
        yield f"training step {shape}", lambda model=model, X=X, y=y: model.partial_fit(X, y)
    for shape in PREDICTION:
        model, X, _ = model_of(*shape)
        yield f"prediction {shape}", lambda model=model, X=X: model._predictor.predict_proba(X)
    for H in STREAMS:
        model, X, _ = model_of(4, 20, 12, H)
        stream, x, block = model.stream(), X[0, 0].astype(np.float64), np.tile(X[0], (10, 1))
        yield f"stream, step, {H} units", lambda stream=stream, x=x: stream.step(x)
        yield f"stream, block of 200, {H} units", lambda stream=stream, block=block: stream.step(block)
    for name, parameters in STRUCTURES.items():
        model, X, y = model_of(32, 30, 12, 32, **parameters)
        yield f"training step, {name}", lambda model=model, X=X, y=y: model.partial_fit(X, y)
        yield f"prediction, {name}", lambda model=model, X=X: model._predictor.predict_proba(X)


def serve():
    """In a process of one of the trees: time the case whose number is read, until there are no more."""
    import warnings

    warnings.filterwarnings("ignore")
    functions = dict(cases())
    print(json.dumps(list(functions)), flush=True)
    for line in sys.stdin:
        function = list(functions.values())[int(line)]
        fastest, end = math.inf, time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            started = time.perf_counter()
            function()
            fastest = min(fastest, time.perf_counter() - started)
        print(fastest, flush=True)


def environment(tree):
    return {**os.environ, "PYTHONPATH": os.path.abspath(tree), "OMP_NUM_THREADS": "1"}


def start_up(tree):
    """Seconds, in a fresh process, from NumPy to gruc.runtime and to gruc's estimators."""
    program = (
        "import sys, time, numpy; start = time.perf_counter(); import gruc.runtime; "
        "runtime = time.perf_counter(); from gruc import GRUClassifier; "
        "print(runtime - start, time.perf_counter() - runtime)"
    )
    output = subprocess.check_output([sys.executable, "-c", program], env=environment(tree), text=True)
    return [float(number) for number in output.split()]


def growth(tree):
    """Megabytes of resident memory that a fit of 20,000 sequences adds at its peak (Linux)."""
    program = """
import numpy as np
from gruc import GRUClassifier

def megabytes(key):
    return int(next(line for line in open("/proc/self/status") if line.startswith(key)).split()[1]) / 1024

X = np.random.default_rng(0).standard_normal((20000, 50, 4)).astype(np.float32)
y = np.arange(20000) % 2
GRUClassifier((16,), n_jobs=1).partial_fit(X[:64], y[:64], classes=[0, 1])
open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
before = megabytes("VmRSS")
GRUClassifier((16,), batch_size=64, n_jobs=1).partial_fit(X, y)
print(megabytes("VmHWM") - before)
"""
    return float(subprocess.check_output([sys.executable, "-c", program], env=environment(tree), text=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="cases whose names contain this")
    given = parser.parse_args()
    trees = given.before, given.after
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            env=environment(tree),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for tree in trees
    ]
    names = [json.loads(process.stdout.readline()) for process in processes][0]
    ratios = {}
    for number, name in enumerate(names):
        if given.only not in name:
            continue
        fastest = [math.inf, math.inf]
        for turn in range(given.rounds):
            for i in (0, 1) if turn % 2 else (1, 0):
                processes[i].stdin.write(f"{number}\n")
                processes[i].stdin.flush()
                fastest[i] = min(fastest[i], float(processes[i].stdout.readline()))
        before, after = fastest
        print(f"| {name} | {before * 1e6:.2f} us | {after * 1e6:.2f} us | {after / before:.3f} |", flush=True)
        ratios.setdefault(name.split(",")[0].split(" (")[0], []).append(after / before)
    for kind, of_kind in ratios.items():
        print(f"| {kind}: geometric mean | | | {math.exp(sum(map(math.log, of_kind)) / len(of_kind)):.3f} |")
    for process in processes:
        process.stdin.close()
        process.wait()
    starts = [[start_up(tree) for tree in trees] for _ in range(given.rounds)]
    for part, what in enumerate(("gruc.runtime after NumPy", "GRUClassifier after gruc.runtime")):
        before, after = (min(pair[i][part] for pair in starts) for i in (0, 1))
        print(f"| import of {what} | {before * 1e3:.1f} ms | {after * 1e3:.1f} ms | {after / before:.3f} |")
    before, after = (min(growth(tree) for _ in range(3)) for tree in trees)
    print(f"| memory that a fit adds | {before:.1f} MB | {after:.1f} MB | |")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["--serve"] else main()
