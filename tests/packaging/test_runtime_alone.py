"""The wheel where only NumPy and safetensors are installed."""

import subprocess

import gruc
import numpy as np
import pytest
from problems import vowels

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(900), pytest.mark.xdist_group("wheel")]


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A directory with model.gruc and X.npz, and the model's probabilities."""
    from gruc import GRUClassifier

    monkeypatch.chdir(tmp_path)
    X, y = vowels()
    model = GRUClassifier((6,), frame_length=2, max_iter=2, tol=0, random_state=0).partial_fit(X, y)
    model.save("model.gruc")
    np.savez("X.npz", **{f"s{i:02}": x for i, x in enumerate(X)})
    return model.predict_proba(X)


def answer(python, *arguments):
    """Standard output of a Python that sees neither the checkout nor this environment's packages."""
    done = subprocess.run([python, "-I", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_runtime_needs_numpy_and_safetensors_alone(light, saved):
    program = """
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import gruc.runtime
import numpy as np

assert gruc.__file__.startswith(sys.prefix)
assert not any(map(find_spec, ("scipy", "sklearn", "joblib", "threadpoolctl")))
with np.load("X.npz") as archive:
    X = [archive[name] for name in archive.files]
predictor = gruc.runtime.load("model.gruc")
proba = predictor.predict_proba(X)

streams = np.empty_like(proba)
for i, x in enumerate(X):
    stream = predictor.stream()
    for step in x:
        streams[i] = stream.step(step)

with ThreadPoolExecutor(8) as pool:
    parts = [slice(i % 24, i % 24 + 1 + i % 5) for i in range(400)]
    for part, got in zip(parts, pool.map(lambda part: predictor.predict_proba(X[part]), parts)):
        assert np.array_equal(got, proba[part])

np.savez("answers.npz", proba=proba, streams=streams, last=predictor.predict_proba(X[-1:]))
"""
    answer(light, "-c", program)
    with np.load("answers.npz") as answers:
        assert np.array_equal(answers["proba"], saved)
        assert np.array_equal(answers["streams"], saved)
        assert np.array_equal(answers["last"], saved[-1:])


def test_the_command_line_there(light, saved):
    def script(*arguments):
        command = [light.parent / "gruc", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    assert script("--version").stdout == f"gruc {gruc.__version__}\n"
    assert script("info", "model.gruc").stdout == answer(light, "-m", "gruc", "info", "model.gruc")
    done = script("info", "none.gruc")
    assert done.returncode == 1
    assert done.stderr.startswith("gruc: ")
    assert script("--help").stdout.startswith("usage: gruc ")
    assert "kind          GRUClassifier" in answer(light, "-m", "gruc", "info", "model.gruc")
    lines = answer(light, "-m", "gruc", "predict", "model.gruc", "X.npz", "--proba").splitlines()
    rows = np.array([line.split(",")[1:] for line in lines[1:]], "float32")
    assert np.array_equal(rows, saved)
    command = [light, "-I", "-m", "gruc", "export", "model.gruc", "model.onnx", "--to", "onnx"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("gruc: gruc.to_onnx needs scikit-learn and SciPy")


@pytest.mark.parametrize("name", ["GRUClassifier", "load", "to_onnx", "datasets", "preprocessing"])
def test_missing_dependencies_are_named(light, name):
    program = f"""
try:
    from gruc import {name}
except ImportError as error:
    print(error)
"""
    assert answer(light, "-c", program) == (
        f"gruc.{name} needs scikit-learn and SciPy: pip install scikit-learn. Without them gruc.runtime "
        "predicts with models that were saved.\n"
    )
