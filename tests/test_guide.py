"""The code of the pages of docs/ runs, block after block."""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import gruc
import numpy as np
import pytest
from c_programs import program_of
from sklearn.base import clone

DOCS = Path(__file__).parent.parent / "docs"
GUIDE = DOCS / "guide.md"
PAGE = DOCS / "notebook_to_microcontroller.md"


def run_blocks_of(path, optional=()):
    """Names that the code of a page leaves; blocks with libraries that are optional, and missing, are left out."""
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 1
    names = {}
    missing = [library for library in optional if not find_spec(library)]
    for block in blocks:
        if any(f"from {library}" in block or f"adapters.{library}" in block for library in missing):
            continue
        exec(compile(block, path.name, "exec"), names)
    return names


@pytest.mark.examples
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_guide(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(GUIDE)
    assert names["interval"].predict(names["X_test"]).shape == (370, 3)
    assert names["pipeline"].score(names["X_test"], names["y_test"]) > 0.93
    assert names["model"].t_ == 270
    X_test, y_test, rows = names["X_test"], names["y_test"], names["test_rows"]
    by_step = [[part[t] for part in names["right"]] for t in (0, 3, 6)]
    assert 0.4 < np.mean(by_step[0]) < np.mean(by_step[1]) < np.mean(by_step[2])
    assert names["tagging"].score(X_test, names["tags_test"]) > 0.9
    assert names["tagging"].best_params_ == {"bidirectional": True}
    assert names["framed"].feature_names_in_.tolist() == [f"c{i}" for i in range(12)]
    assert names["framed"].score(X_test, y_test) > 0.9
    assert all(np.array_equal(x, z) for x, z in zip(names["sequences"], names["X"], strict=True))
    # ways round tools that take tables only
    for name in ("bagging", "self_training"):
        assert names[name].score(rows, y_test) > 0.9
    assert names["pairs"].score(rows[y_test < 3], y_test[y_test < 3]) > 0.9
    cube_test = names["cube_test"]
    plain = clone(names["gru"]).fit(names["cube"], names["y"])
    assert np.array_equal(names["reshaping"].predict(cube_test.reshape(370, -1)), plain.predict(cube_test))
    assert names["importance"].importances_mean.shape == (12,)
    assert names["importance"].importances_mean.max() > 0.1
    assert names["ensemble"].score(names["encoder"].transform(X_test), y_test) > 0.9


@pytest.mark.examples
def test_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(DOCS / "text.md")
    assert names["model"].predict(["31/12/1999", "January 01, 2000"]).tolist() == ["British", "in words"]
    (labels,) = names["tagger"].predict(["January 01, 2000"])
    assert "".join(labels) == "mmmmmmm dd, yyyy"
    assert names["stream"].step("1").shape == names["one_way"].classes_.shape
    texts = ["The music is great, not dull.", "The music is not great, but dull."]
    for name in ("reviewer", "pretrained"):
        assert names[name].predict(texts).tolist() == ["for", "against"]


@pytest.mark.examples
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_migration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(DOCS / "migration.md")
    X_test = names["X_test"]
    assert names["model"].n_iter_ == 30
    assert names["model"].score(X_test, names["y_test"]) > 0.93
    assert (names["copy"].predict(X_test) == names["model"].predict(X_test)).all()


@pytest.mark.examples
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_troubleshooting(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(DOCS / "troubleshooting.md")
    assert names["search"].best_score_ > 0.9
    assert len(names["model"].loss_curve_) == len(names["model"].validation_loss_curve_) == 40


@pytest.mark.examples
def test_translation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(DOCS / "translation.md")
    model = names["model"]
    assert model.predict(["31/12/1999", "January 01, 2000"]).tolist() == ["1999-12-31", "2000-01-01"]
    assert model.score(names["X"][2_000:], names["y"][2_000:]) > 0.9
    assert names["reader"].predict(["two seven two"])[0].tolist() == [2, 1, 2]
    assert names["weights"].shape == (11, 13)
    assert names["small"].n_iter_ == 3


@pytest.mark.examples
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_inspection(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib").use("Agg")
    pytest.importorskip("statsmodels")
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(DOCS / "inspection.md")
    assert abs(names["slopes"].sum() - 1) < 1e-6
    values, x = names["values"][40], names["X_test"][40]
    assert values.shape == x.shape
    assert names["dates"].predict(["24/12/1999"]) == ["British"]
    assert "\x1b[0m" in capsys.readouterr().out
    page = (DOCS / "inspection.md").read_text()
    for line in str(names["model"].summary()).splitlines():
        assert f"    {line}".rstrip() in page.splitlines()
    assert names["importances"].shape == (12,)


@pytest.mark.examples
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_forecasting(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(DOCS / "forecasting.md", optional=("sktime", "skforecast"))
    assert names["forecaster"].season_length_ == 12
    assert str(names["two_years"].index[0].date()) == "2002-01-01"
    assert names["error"] < 0.6 * names["error_of_last_value"]
    assert names["by_origin"].mean() < 1  # of a season of six, and a trend
    assert names["errors"]["with columns"] < 0.9 * names["errors"]["alone"]
    started = names["started"]
    assert started.cutoff_ == names["co2"].index[-1]
    updated = started.update(names["two_years"].iloc[:3], update_params=False)
    assert np.array_equal(updated.predict(), names["year_ahead"])  # of the stream
    if find_spec("sktime"):
        assert names["results"]["test_MeanAbsolutePercentageError"].mean() < 0.1
        assert len(names["reduced"].predict(fh=[1, 2])) == 2


@pytest.mark.examples
def test_deployment(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("skl2onnx")
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(PAGE)
    probabilities = names["model"].predict_proba(names["X"][:1])[0]
    assert (names["probabilities"] == probabilities).all()
    assert abs(names["outputs"]["probabilities"][0] - probabilities).max() < 1e-5
    np.testing.assert_allclose(names["forecasts"][0], names["forecaster"].predict(), atol=1e-4)
    assert names["copy"].n_iter_ == 1
    assert [node.name for node in names["whole"].graph.output] == ["label", "probabilities"]
    # the block of C is of the header that the Python above it wrote
    include, body = re.search(
        r"^```c\n(.*?)\n\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    ).groups()
    text = f"#include <stdio.h>\n{include}\nint main(void)\n{{\nfloat x[VOWELS_N_FEATURES] = {{0}};\n{body}return 0;\n}}\n"
    printed = program_of(text, "cc", "baseline", tmp_path)("")
    assert printed.tolist() == names["model"].predict([[[0.0] * 12]]).tolist()


def test_guide_names_every_parameter():
    from gruc import GRUClassifier, GRURegressor

    text = GUIDE.read_text()
    # those that MLPClassifier has, with the meaning they have there
    known = {"batch_size", "max_iter", "shuffle", "random_state", "verbose", "warm_start"}
    known |= {"beta_1", "beta_2", "epsilon"}
    parameters = set(GRUClassifier().get_params()) | set(GRURegressor().get_params())
    own = {"reset_after", "standardize", "dtype"}  # in the class's own documentation
    assert {name for name in parameters - known - own if not re.search(rf"\b{name}\b", text)} == set()


@pytest.mark.examples
def test_generation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_blocks_of(DOCS / "generation.md")
    assert names["model"].bits_per_character("the dog sat on the mat.") < 0.8
    assert {names["of_names"].sample(20, random_state=seed) for seed in range(5)} & set(names["names"])
    assert names["states"].shape == (11, 48)
    assert names["tied"].bits_per_character("the cat sat on the log.") < 0.8
    (program,) = re.findall(
        r"^```c\n(.*?)^```", (DOCS / "generation.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "program.c").write_text(program)
    command = [
        "cc",
        "-std=c99",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Werror",
        f"-I{gruc.get_include()}",
    ]
    subprocess.run([*command, "program.c", "-lm", "-o", "program"], cwd=tmp_path, check=True)
    written = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout
    assert len(written) == 60
    assert set(written.split(" ")[1:-1]) & {"the", "cat", "dog", "sat", "on", "mat.", "log."}
