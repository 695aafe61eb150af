"""Megabytes on disk and time to the first prediction: gruc's runtime and other ways to run a GRU.

    pip install onnx && python benchmarks/sizes.py > docs/benchmarks/sizes.md

pip installs each into its own environment, with its dependencies. There, alternating fresh processes predict
the same sequence with the same weights, timed from the import of NumPy to the probabilities, which are
compared. The start of Python itself is not included.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import warnings
from datetime import date
from pathlib import Path

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels
from side_by_side import HERE, processor

ROUNDS = 21
# name: what pip installs, lot by lot, and the program from `x` (T, D) to `probabilities`
CONTENDERS = {
    "NumPy alone": (["numpy"], "probabilities = [x[0]]"),
    "gruc's runtime": (
        ["numpy safetensors", "--no-deps {wheel}"],
        """
import gruc.runtime
probabilities = gruc.runtime.load("model.gruc").predict_proba([x])
""",
    ),
    "gruc with scikit-learn": (
        ["{wheel}"],
        """
import gruc
probabilities = gruc.load("model.gruc").predict_proba([x])
""",
    ),
    "onnxruntime": (
        ["onnxruntime"],
        """
import onnxruntime
session = onnxruntime.InferenceSession("model.onnx")
inputs = {"X": x[np.newaxis], "lengths": np.array([len(x)])}
(probabilities,) = session.run(["probabilities"], inputs)
""",
    ),
    "torch, its CPU build": (
        ["numpy torch==2.13.0+cpu"],
        """
import torch
with np.load("torch.npz") as weights:
    state = {name: torch.from_numpy(weights[name]) for name in weights.files}
model = torch.nn.ModuleDict({"gru": torch.nn.GRU(12, 64), "head": torch.nn.Linear(64, 9)})
model.load_state_dict(state)
with torch.inference_mode():
    _, last = model["gru"](torch.from_numpy(x))
    probabilities = torch.softmax(model["head"](last), 1).numpy()
""",
    ),
    "TensorFlow, its CPU build": (
        ["tensorflow-cpu==2.21.0"],
        """
import tensorflow as tf
layers = tf.keras.layers
model = tf.keras.Sequential([layers.Input((None, 12)), layers.GRU(64), layers.Dense(9, "softmax")])
with np.load("keras.npz") as weights:
    model.set_weights([weights[name] for name in weights.files])
probabilities = model(x[np.newaxis]).numpy()
""",
    ),
}
PROGRAM = """
import time; start = time.perf_counter()
import numpy as np
numpy_there = time.perf_counter()
x = np.fromfile("x.float32", np.float32).reshape(-1, 12)
{}
end = time.perf_counter()
import json
print(json.dumps([end - start, end - numpy_there, probabilities[0].tolist()]))
"""


def write_model(folder):
    """The same model for each, in `folder`; its probabilities of the sequence in x.float32."""
    X, y = load_japanese_vowels(return_X_y=True)
    model = gruc.GRUClassifier((64,), frame_length=1, random_state=0).fit(X, y)
    model.save(folder / "model.gruc")
    gruc.to_onnx(model, folder / "model.onnx")
    gru, head = gruc.to_torch(model)
    np.savez(
        folder / "torch.npz",
        **{f"gru.{name}": weight for name, weight in gru.items()},
        **{f"head.{name}": weight for name, weight in head.items()},
    )
    np.savez(folder / "keras.npz", *gruc.to_keras(model))
    x = X[0].astype(np.float32)
    x.tofile(folder / "x.float32")
    return model.predict_proba([x])[0]


def install(requirements, folder):
    """Python of a new environment, megabytes of its packages, and their versions."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]
    command = [*pip, "install", "--quiet", "--constraint", HERE / "peers.txt"]
    for lot in requirements:
        subprocess.run([*command, *lot.split()], check=True, stdout=sys.stderr)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file()) / 2**20
    listed = subprocess.run([*pip, "list", "--format=json"], capture_output=True, text=True, check=True)
    return python, size, {entry["name"]: entry["version"] for entry in json.loads(listed.stdout)}


def first_prediction(python, program, folder):
    """Milliseconds, those after NumPy was imported, and the probabilities."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [python, "-I", "-c", PROGRAM.format(program)]
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    whole, beyond, probabilities = json.loads(done.stdout.splitlines()[-1])
    return whole * 1e3, beyond * 1e3, probabilities


def main():
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        expected = write_model(folder)
        wheel_of = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder]
        subprocess.run([*wheel_of, HERE.parent], check=True, stdout=sys.stderr)
        (wheel,) = folder.glob("*.whl")
        installed, times = {}, {name: [] for name in CONTENDERS}
        for name, (requirements, _) in CONTENDERS.items():
            requirements = [requirement.format(wheel=wheel) for requirement in requirements]
            installed[name] = install(requirements, folder / name)
        for turn in range(ROUNDS + 1):
            for name, (_, program) in CONTENDERS.items():
                *took, probabilities = first_prediction(installed[name][0], program, folder)
                if name != "NumPy alone" and np.abs(probabilities - expected).max() > 1e-5:
                    raise SystemExit(f"{name} predicts {probabilities}, gruc {expected}")
                if turn:  # the first brings files into memory
                    times[name].append(took)
    write(installed, times)


def write(installed, times):
    versions = {}
    for _, _, found in installed.values():
        versions |= found
    shown = [
        "numpy", "safetensors", "scikit-learn", "scipy", "onnxruntime", "torch", "tensorflow_cpu", "keras",
    ]  # fmt: skip
    print("# Sizes and cold start\n")
    print(
        f"{processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, {date.today()}; gruc {gruc.__version__}, "
        + ", ".join(f"{name} {versions[name]}" for name in shown if name in versions)
        + ".\n\nMade by benchmarks/sizes.py. Installed: files of the package and its "
        "dependencies, installed by pip in an empty environment. Cold start: from importing NumPy to the "
        "probabilities of one sequence of Japanese Vowels by a GRU of 64 units, in a fresh process, with "
        f"files in the disk cache; medians of {ROUNDS} alternating runs. The machine is shared: "
        "compare rows of this table only.\n"
    )
    print("| | packages | installed, MB | cold start, ms | after NumPy, ms | fastest after NumPy, ms |")
    print("|---|---|---|---|---|---|")
    for name, (_, size, found) in installed.items():
        cold, after = np.median(times[name], axis=0)
        _, fastest = np.min(times[name], axis=0)
        print(f"| {name} | {len(found)} | {size:.0f} | {cold:.0f} | {after:.0f} | {fastest:.0f} |")


if __name__ == "__main__":
    main()
