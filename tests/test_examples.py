"""Every example runs, and shows what it promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

# file: what its output must say, and the least of the number in it
PROMISES = {
    "japanese_vowels.py": (r"new utterances: (\S+)", 0.96),
    "digits_by_rows.py": (r"other half: (\S+)", 0.96),
    "next_number.py": (r"\[11, 12, 13, 14\] -> (\S+)", 14.8),
    "larger_than_memory.py": (r"crops of new utterances: (\S+)", 0.95),
    "tuning.py": (r"other half: (\S+)", 0.965),
    "tuning_optuna.py": (r"new utterances: (\S+)", 0.95),
    "pipeline_to_onnx.py": (r"new utterances: (\S+)", 0.96),
}


def run(name):
    done = subprocess.run([sys.executable, EXAMPLES / name], capture_output=True, text=True, check=True)
    assert done.stderr == ""  # no warnings either
    return done.stdout


@pytest.mark.parametrize("name", PROMISES)
def test_example(name):
    pattern, floor = PROMISES[name]
    assert float(re.search(pattern, run(name)).group(1)) >= floor


def test_sunspots_beat_the_naive_forecasts():
    output = run("next_number.py")
    errors = {line[2:24].strip(): float(line[24:]) for line in output.splitlines() if line.startswith("  ")}
    assert errors["GRURegressor"] < 0.8 * min(v for k, v in errors.items() if k != "GRURegressor")


def test_graphs_answer_as_their_pipelines():
    output = run("pipeline_to_onnx.py")
    assert [float(x) < 1e-5 for x in re.findall(r"predict_proba: (\S+)", output)] == [True, True]
    assert [float(x) for x in re.findall(r"same labels: (\S+)", output)] == [1, 1]


def test_every_example_is_tested():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PROMISES)
