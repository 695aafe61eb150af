"""All speed programs of this directory, each library and number of threads in its own process.

    python benchmarks/speed.py [--real-time] [growth.py ...]

With names, only those programs run; the lines of the others are kept. On a machine with other work,
--real-time lets the programs run before it (chrt, on Linux, as root). Writes docs/benchmarks/speed.json
(every line the programs print), speed.md (tables) and speed.png (the figure). One thread is pinned to one
processor; thread pools of other libraries wait passively, so that they do not disturb the other's turn.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import date

import gruc
import numpy as np
from gruc import kernels
from side_by_side import HERE, commit, processor, versions

OUT = HERE.parent / "docs" / "benchmarks"
ALL = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
# gruc beside itself with products on tiles of bfloat16, where there are some: else it would be the same twice
ON_TILES = ["gruc high", "gruc medium"] if kernels.has_tiles() else []
PROGRAMS = {
    "training_steps.py": ["torch", "jax", "keras", "gruc with reset before", "gruc on one thread", *ON_TILES],
    "inference.py": ["onnxruntime", "openvino", "openvino by default", "torch", *ON_TILES],
    "fits.py": ["gruc", "torch", "keras", "skorch", "sktime"],
    "growth.py": ["gruc"],
    "startup.py": ["gruc"],
}
# Threads of onnxruntime spin for 0.04 s after a call, in the other's turn: on two processors neither is
# measured as it is alone. Without spinning, it is slower than on one thread.
ON_ONE_THREAD = [("startup.py", "gruc"), ("inference.py", "onnxruntime")]
PACKAGES = [
    "numpy", "scipy", "torch", "jax", "keras", "onnxruntime", "openvino", "skorch", "sktime", "aeon",
]  # fmt: skip


def run(program, peer, n_threads, before=()):
    """Lines of JSON that a program prints; what it cannot do is said, and left out."""
    environment = os.environ | {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(n_threads)}
    if n_threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    command = [*before, sys.executable, HERE / program, peer, "--threads", str(n_threads)]
    pin = (
        (lambda: os.sched_setaffinity(0, {0}))
        if n_threads == 1 and hasattr(os, "sched_setaffinity")
        else None
    )
    print(f"{program} {peer} on {n_threads}", file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=pin)
    if done.returncode != 0:
        print(f"  failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr, flush=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def geometric_mean(values):
    return float(np.exp(np.mean(np.log(values))))


def shape_of(line):
    return ", ".join(map(str, line["shape"]))


def compare(lines, table, peers, n_threads):
    """Rows of shape, gruc's time, and how many times as long each peer takes."""
    chosen = [x for x in lines if x["table"] == table and x["threads"] == n_threads and x["peer"] in peers]
    rows = {}
    for line in chosen:
        rows.setdefault(shape_of(line), {})[line["peer"]] = line
    return rows


def peers_table(lines, table, peers, n_threads, unit):
    rows = compare(lines, table, peers, n_threads)
    present = [peer for peer in peers if any(peer in row for row in rows.values())]
    share = " share of FMA peak |" if table == "training step" and n_threads == 1 else ""
    yield (
        f"| B, T, D, H | gruc, {unit} |{share} "
        + " | ".join(f"{peer}, times as long" for peer in present)
        + " |"
    )
    yield "|---" * (2 + bool(share) + len(present)) + "|"
    factor = 1 if unit == "ms" else 1000
    ratios = {peer: [] for peer in present}
    for shape, row in rows.items():
        some = list(row.values())
        own = np.median([x["gruc_ms"] for x in some]) * factor
        cells = [shape, f"{own:.2f}" if unit == "ms" else f"{own:.0f}"]
        if share:
            cells.append(f"{np.median([x['gflops'] / x['peak_gflops'] for x in some]):.0%}")
        for peer in present:
            ratio = row[peer]["peer_ms"] / row[peer]["gruc_ms"] if peer in row else float("nan")
            ratios[peer].append(ratio)
            cells.append(f"{ratio:.2f}")
        yield "| " + " | ".join(cells) + " |"
    means = [f"**{geometric_mean(ratios[peer]):.2f}**" for peer in present]
    yield "| geometric mean | |" + (" |" if share else "") + " " + " | ".join(means) + " |"


def precision_tables(lines):
    """gruc with less exact products, and OpenVINO with its defaults, compared with gruc's defaults."""
    yield '## `matmul_precision`: time relative to gruc\'s with "highest" and the same threads\n'
    yield (
        "By default, OpenVINO predicts in bfloat16 where the processor supports it; the other tables "
        "have its float32.\n"
    )
    if not any(line.get("peer") in ("gruc high", "gruc medium") for line in lines):
        yield (
            'This processor has no tiles of bfloat16 (AMX), so that "high" and "medium" equal '
            '"highest" here, and their speed was not measured.\n'
        )
    for n_threads in sorted({1, ALL}):
        peers = ["openvino by default", "gruc high", "gruc medium"]
        if compare(lines, "inference", peers, n_threads):
            yield f"Prediction, {n_threads} thread{'s' * (n_threads > 1)}:\n"
            yield from peers_table(lines, "inference", peers, n_threads, "us")
            yield ""
        if compare(lines, "training step", peers[1:], n_threads):
            yield f"Training step, {n_threads} thread{'s' * (n_threads > 1)}:\n"
            yield from peers_table(lines, "training step", peers[1:], n_threads, "ms")
            yield ""


def report(lines, real_time=False):
    yield "# Speed\n"
    yield (
        f"{processor()}, {ALL} processors, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, {date.today()}; kernels: {kernels.selected()}. "
        f"gruc {gruc.__version__} of {commit()}, "
        + ", ".join(f"{name} {number}" for name, number in versions(*PACKAGES).items())
        + ".\n\nMade by `make bench` (benchmarks/speed.py): gruc and one other library in one process, "
        "alternating calls, medians, float32. The machine is shared: compare ratios, not times.\n"
    )
    if real_time:
        yield (
            "The programs had priority over all other work on the machine (`--real-time`), with which they "
            "still shared memory bandwidth and caches.\n"
        )
    yield (
        "![Training steps and predictions: time of other libraries divided by gruc's, one bar for each "
        "shape](speed.png)\n"
    )
    for n_threads in sorted({1, ALL}):
        title = "one thread, pinned" if n_threads == 1 else f"{n_threads} threads"
        yield f"## Training step, {title}\n"
        if n_threads == 1:
            yield (
                "`partial_fit` with its checks, standardization and clipping; the other libraries have the "
                "batch in their own arrays, and do not clip. Share: arithmetic of the matrix products as a "
                "fraction of the FMA peak of a core.\n"
            )
        yield from peers_table(lines, "training step", ["torch", "jax", "keras"], n_threads, "ms")
        yield ""
    yield "## Variants of the same step: time relative to gruc with the same threads\n"
    for n_threads, peer in [(1, "gruc with reset before"), (ALL, "gruc on one thread")]:
        yield from peers_table(lines, "training step", [peer], n_threads, "ms")
        yield ""
    for n_threads in sorted({1, ALL}):
        title = "one thread, pinned" if n_threads == 1 else f"{n_threads} threads"
        yield f"## Prediction with `Predictor`, {title}\n"
        yield from peers_table(lines, "inference", ["onnxruntime", "openvino", "torch"], n_threads, "us")
        yield ""
    yield from precision_tables(lines)
    yield "## Whole fits: 50 epochs, 64 units, batches of 16\n"
    yield "| set | threads | library | seconds | times gruc's | accuracy, mean of 3 |"
    yield "|---|---|---|---|---|---|"
    fits = [line for line in lines if line["table"] == "fit"]
    own = {(x["problem"], x["threads"]): x["seconds"] for x in fits if x["peer"] == "gruc"}
    for line in sorted(fits, key=lambda x: (x["problem"], x["threads"])):
        ratio = line["seconds"] / own[line["problem"], line["threads"]]
        cells = line["problem"], line["threads"], line["peer"], f"{line['seconds']:.2f}", f"{ratio:.1f}"
        yield f"| {' | '.join(map(str, cells))} | {line['accuracy']:.3f} |"
    yield "\n## Growth\n"
    yield "| change | threads | ratio of times | proportional |"
    yield "|---|---|---|---|"
    for line in lines:
        if line["table"] == "growth":
            cells = line["size"], line["threads"], f"{line['ratio']:.2f}", f"{line['in_proportion']:.2f}"
            yield f"| {' | '.join(map(str, cells))} |"
    yield "\n## Import in a fresh process, in addition to starting Python\n"
    yield "| import | seconds | MB resident |"
    yield "|---|---|---|"
    for line in lines:
        if line["table"] == "start":
            yield f"| {line['statement']} | {line['seconds']:.2f} | {line['megabytes']:.0f} |"


def draw(lines, path):
    """How many times as long peers take, step by step, both numbers of threads."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(11, 7), sharex="row", layout="constrained")
    kinds = [
        ("training step", ["torch", "jax", "keras"]),
        ("inference", ["onnxruntime", "openvino", "torch"]),
    ]
    colours = {
        "torch": "#c44e52",
        "jax": "#4c72b0",
        "keras": "#8172b3",
        "onnxruntime": "#55a868",
        "openvino": "#ccb974",
    }
    for row, (table, peers) in enumerate(kinds):
        for ax, n_threads in zip(axes[row], sorted({1, ALL}), strict=False):
            rows = compare(lines, table, peers, n_threads)
            present = [peer for peer in peers if any(peer in each for each in rows.values())]
            height = 0.8 / max(1, len(present))
            for k, peer in enumerate(present):
                ratios = [
                    each[peer]["peer_ms"] / each[peer]["gruc_ms"] for each in rows.values() if peer in each
                ]
                where = [i + k * height for i, each in enumerate(rows.values()) if peer in each]
                ax.barh(where, ratios, height, label=peer, color=colours[peer])
            ax.set_yticks(np.arange(len(rows)) + 0.4 - height / 2, rows)
            ax.invert_yaxis()
            ax.set_xscale("log")
            ax.axvline(1, color="black", linewidth=0.8)
            ticks = [1, 2, 5, 10, 20, 50]
            ax.set_xticks(ticks, [f"{tick}x" for tick in ticks])
            ax.minorticks_off()
            ax.set_title(f"{table}, {n_threads} thread{'s' if n_threads > 1 else ''}", fontsize=10)
            ax.spines[["top", "right"]].set_visible(False)
        axes[row][0].set_ylabel("B, T, D, H")
        axes[row][0].legend(frameon=False, fontsize=8, loc="lower right")
    figure.suptitle("Time of a peer over gruc's (right of 1x: gruc is faster)")
    figure.savefig(path, dpi=110)


def main(programs, real_time):
    saved = OUT / "speed.json"
    before = ["chrt", "--rr", "1"] if real_time else []
    lines = []
    if set(programs) < set(PROGRAMS):
        lines = json.loads(saved.read_text())["lines"]
    for program in programs:
        new = []
        for peer in PROGRAMS[program]:
            for n_threads in sorted({1, ALL}):
                if n_threads == 1 or (program, peer) not in ON_ONE_THREAD:
                    new += run(program, peer, n_threads, before)
        tables = {line["table"] for line in new}
        lines = [line for line in lines if line["table"] not in tables] + new
    write(lines, real_time)


def write(lines, real_time):
    """The files of docs/benchmarks."""
    OUT.mkdir(parents=True, exist_ok=True)
    header = {"processor": processor(), "date": str(date.today()), "gruc": commit(), "real_time": real_time}
    header["versions"] = versions(*PACKAGES)
    (OUT / "speed.json").write_text(json.dumps({"run": header, "lines": lines}, indent=1) + "\n")
    (OUT / "speed.md").write_text("\n".join(report(lines, real_time)) + "\n")
    draw(lines, OUT / "speed.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("programs", nargs="*", help="of this directory; all, if none is named")
    parser.add_argument("--real-time", action="store_true", help="run before all other work of the machine")
    given = parser.parse_args()
    main(given.programs or list(PROGRAMS), given.real_time)
