"""Time and memory until a first result, each statement in fresh processes.

    python benchmarks/startup.py gruc

Seconds and peak resident memory after an import, minus those of a Python process that imports nothing; the
median of seven alternating processes.
"""

import subprocess
import sys

import numpy as np
from side_by_side import arguments, report

STATEMENTS = {
    "numpy": "import numpy",
    "gruc.runtime": "import gruc.runtime",
    "gruc: GRUClassifier": "from gruc import GRUClassifier",
    "sklearn.neural_network": "from sklearn.neural_network import MLPClassifier",
    "onnxruntime": "import onnxruntime",
    "openvino": "import openvino",
    "jax": "import jax.numpy",
    "torch": "import torch",
    "keras (on jax)": "import os; os.environ['KERAS_BACKEND'] = 'jax'; import keras",
    "skorch": "import skorch",
}
# of /proc (Linux): ru_maxrss would begin at that of the process that started this one
PROGRAM = """
import time; start = time.perf_counter()
{}
took = time.perf_counter() - start
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(took, int(status["VmHWM"].split()[0]) / 1024)
"""


def main():
    arguments(["gruc"])
    measured = {name: [] for name in ["nothing", *STATEMENTS]}
    for _ in range(7):
        for name in list(measured):
            statement = STATEMENTS.get(name, "pass")
            result = subprocess.run(
                [sys.executable, "-c", PROGRAM.format(statement)], capture_output=True, text=True
            )
            if result.returncode == 0:
                measured[name].append([float(field) for field in result.stdout.split()[-2:]])
            else:
                measured.pop(name, None)
    base = np.median(measured.pop("nothing"), axis=0)
    for name, values in measured.items():
        seconds, megabytes = np.median(values, axis=0) - base
        report(table="start", statement=name, seconds=float(seconds), megabytes=float(megabytes))


if __name__ == "__main__":
    main()
