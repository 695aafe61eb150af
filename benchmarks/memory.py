"""Memory that a fit needs beside the user's X: it must not grow with n.

    python benchmarks/memory.py > docs/benchmarks/memory.md

Each line is a process of its own: X (n, 50, 4) float32 is made, or mapped from a
file, then peak resident memory is read before and after one epoch of fit. X
counts as the user's: touched in full before, so that it is in the first reading;
a mapped X is the file's pages, which the kernel may drop, and is taken off.
"""

import platform
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import gruc
import numpy as np

N_STEPS, N_FEATURES = 50, 4


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mb(kind):
    """Resident memory by kind: RssAnon is the process's own, RssFile mapped files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) / 1024
    raise SystemExit("this benchmark reads /proc")


def measure(form, n, path):
    from gruc import GRUClassifier

    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    if form == "array":
        X = rng.standard_normal((n, N_STEPS, N_FEATURES), dtype=np.float32)
    elif form == "list":
        X = [rng.standard_normal((N_STEPS, N_FEATURES), dtype=np.float32) for _ in range(n)]
    else:
        X = np.memmap(path, np.float32, "r", shape=(n, N_STEPS, N_FEATURES))
    # a first fit loads what is loaded once: SciPy, BLAS, scikit-learn
    model = GRUClassifier(hidden_layer_sizes=(16,), batch_size=64, max_iter=1, tol=0, random_state=0)
    model.partial_fit(X[:64], y[:64], classes=[0, 1])
    before, peak_before, mapped_before = resident_mb("RssAnon"), peak_mb(), resident_mb("RssFile")
    model.partial_fit(X, y)
    grown = peak_mb() - max(peak_before, before + mapped_before)
    if form == "memmap":
        grown -= resident_mb("RssFile") - mapped_before
    print(f"{before:.0f} {max(grown, 0):.1f}")


def main():
    print("# Memory of a fit\n")
    print(
        f"gruc {gruc.__version__}, {date.today()}, {platform.machine()}; made by benchmarks/memory.py.\n\n"
        f"X is (n, {N_STEPS}, {N_FEATURES}) float32; `hidden_layer_sizes=(16,)`, `batch_size=64`, one epoch. "
        "Growth is peak resident memory over what the process, X in it, held before.\n"
    )
    print("| X | n | X, MB | process before, MB | growth in fit, MB |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.bin"
        with path.open("wb") as file:
            for _ in range(100):
                rows = np.random.default_rng(0).standard_normal((1000, N_STEPS, N_FEATURES), dtype=np.float32)
                file.write(rows.tobytes())
        for form in ("array", "list", "memmap"):
            for n in (1_000, 100_000):
                command = [sys.executable, __file__, form, str(n), path]
                before, grown = subprocess.run(
                    command, capture_output=True, text=True, check=True
                ).stdout.split()
                size = n * N_STEPS * N_FEATURES * 4 / 2**20
                print(f"| {form} | {n:,} | {size:.1f} | {before} | {grown} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    else:
        main()
