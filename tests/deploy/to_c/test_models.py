"""C headers of models against the models, by every compiler at hand."""

import pytest
from c_programs import SANITIZE, builds, program_of
from exported_c import SHORT, X, agree, fitted, program_text, with_halves, y
from gruc import GRUClassifier, GRURegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.mark.parametrize(
    "compiler, build",
    builds(
        ("cc", "baseline"),
        ("cc", "one number at a time"),
        ("cc", "avx2"),
        ("cc", "avx512"),
        ("clang", "baseline"),
        ("clang", "avx512"),
        ("g++", "baseline"),
        ("clang++", "avx2"),
        ("aarch64-linux-gnu-gcc", "baseline"),
        ("arm-linux-gnueabihf-gcc", "baseline"),
    ),
)
def test_every_model(models, compiler, build, tmp_path):
    program = program_of(program_text(models, SHORT, tmp_path), compiler, build, tmp_path)
    agree(program(""), models, SHORT)


@pytest.mark.compilers
@pytest.mark.parametrize(
    "compiler, build", [("cc", "one number at a time"), ("cc", "avx512"), ("clang", "baseline")]
)
def test_nothing_is_read_or_written_out_of_bounds(models, compiler, build, tmp_path):
    text = program_text(models, SHORT, tmp_path)
    agree(program_of(text, compiler, build, tmp_path, SANITIZE)(""), models, SHORT)


@pytest.mark.parametrize(
    "compiler, build, more",
    builds(
        ("cc", "baseline", SANITIZE),
        ("cc", "one number at a time", SANITIZE),
        ("cc", "avx512", SANITIZE),
        ("clang", "avx2", ()),
        ("g++", "baseline", ()),
        ("aarch64-linux-gnu-gcc", "baseline", ()),
        ("arm-linux-gnueabihf-gcc", "baseline", ()),
        ("arm-linux-gnueabihf-gcc", "baseline", ("-mfp16-format=ieee",)),
    ),
)
def test_float16(models, compiler, build, more, tmp_path):
    some = [
        "after_5_forward_attention",
        "before_4x3_forward_max",
        "after_4x3_both_mean",
        "before_5_both_last",
    ]
    some = [f"s_{name}" for name in some] + ["wide", "quantiles", "conv_pooled_0", "conv_by_three_1"]
    halves = {name: models[name] for name in some}
    text = program_text(halves, X, tmp_path, storage="float16").replace("_flat_f32", "_half_f32")
    rounded = {prefix: with_halves(model) for prefix, model in halves.items()}
    agree(program_of(text, compiler, build, tmp_path, more)(""), rounded, X)


def test_large_energies_of_attention(tmp_path):
    """Beyond 88 exp of float32 is infinite: weights are relative to the largest energy."""
    model = GRUClassifier(**FAST, pooling="attention").fit(X, y)
    predictor = model._predictor
    predictor.network.table.views(predictor.parameters)["attention.v"][:] *= 300
    predictor._packed = None
    models = {"energies": model}
    agree(
        program_of(program_text(models, X, tmp_path), "cc", "baseline", tmp_path, ["-O0"])(""),
        models,
        X,
        atol=1e-4,
    )


def test_any_two_prefixes_go_together(tmp_path):
    """Names that are made of one are never those of another."""
    models = {
        "speed": GRURegressor(**FAST, pooling="attention").fit(X, y * 1.5),
        "speed_target": GRURegressor(**FAST, pooling="attention").fit(X, 7.0 - y),
        "speed_target_mean": fitted({}),
        "speed_step": fitted({}),
        "speed_of_speed": fitted(dict(hidden_layer_sizes=(3, 2))),
        "N": fitted({}),
        "mean_of": fitted({}),
    }
    agree(program_of(program_text(models, X, tmp_path), "cc", "baseline", tmp_path, ["-O0"])(""), models, X)
