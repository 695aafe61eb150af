"""C headers of models against the models, by every compiler at hand."""

import gruc
import pytest
from c_programs import SANITIZE, builds, program_of
from exported_c import SHORT, X, agree, fitted, program_text, with_halves, with_rounded, with_storage, y
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
        "fio_5_both_attention",
    ]
    some = [f"s_{name}" for name in some] + ["wide", "quantiles", "conv_pooled_0", "conv_by_three_1"]
    halves = {name: models[name] for name in some}
    text = program_text(halves, X, tmp_path, storage="float16").replace("_flat_f32", "_half_f32")
    rounded = {prefix: with_halves(model) for prefix, model in halves.items()}
    agree(program_of(text, compiler, build, tmp_path, more)(""), rounded, X)


NARROW = [
    "s_after_5_forward_attention", "s_before_4x3_forward_max", "s_after_4x3_both_mean", "s_before_5_both_last", "wide",
    "quantiles", "labels", "doubles", "conv_pooled_0", "conv_by_three_1", "frames_3_5_mean_0", "one_unit",
    "s_fio_5_both_attention", "s_fio_4x3_forward_mean", "several_0", "conv_several_0", "conv_several_1",
]  # fmt: skip


@pytest.mark.parametrize("storage", ["int8", "bfloat16"])
@pytest.mark.parametrize(
    "compiler, build, more",
    builds(
        ("cc", "baseline", SANITIZE),
        ("cc", "one number at a time", SANITIZE),
        ("cc", "avx2", SANITIZE),
        ("cc", "avx512", SANITIZE),
        ("clang", "baseline", ()),
        ("clang", "avx2", ()),
        ("g++", "baseline", ()),
        ("clang++", "avx512", ()),
        ("aarch64-linux-gnu-gcc", "baseline", ()),
        ("arm-linux-gnueabihf-gcc", "baseline", ()),
    ),
)
def test_narrow_weights(models, compiler, build, more, storage, tmp_path):
    """As `gruc.load` has the weights of a file in which they are stored so."""
    some = {name: models[name] for name in NARROW}
    text = program_text(some, X, tmp_path, storage=storage)
    text = text.replace("_flat_f32", "_int8_f32" if storage == "int8" else "_bfloat_f32")
    rounded = {prefix: with_storage(model, storage) for prefix, model in some.items()}
    if storage == "bfloat16":  # what is rounded has the normalisation in it
        some = {name: model for name, model in some.items() if name.startswith("conv")}
        rounded |= {name: with_rounded(model, storage) for name, model in some.items()}
    agree(program_of(text, compiler, build, tmp_path, more)(""), rounded, X, rtol=2e-5, atol=4e-6)


@pytest.mark.parametrize("storage", ["int8", "bfloat16", "float16"])
def test_headers_of_stored_models(models, storage, tmp_path):
    """What a file has rounded is written as it is."""
    for name in ("wide", "s_before_5_both_last"):
        whole = gruc.to_c(models[name], tmp_path / "whole.h", storage=storage)
        again = gruc.to_c(with_storage(models[name], storage), tmp_path / "again.h", storage=storage)
        assert (
            again.weight_error == 0 < whole.weight_error < {"int8": 4e-3, "bfloat16": 4e-3}.get(storage, 5e-4)
        )
        first, second = ((tmp_path / f"{part}.h").read_text() for part in ("whole", "again"))
        body = first.index("#ifndef"), second.index("#ifndef")
        different = zip(first[body[0] :].splitlines(), second[body[1] :].splitlines(), strict=True)
        assert all(a == b or "GRUC_MODEL_" in a for a, b in different)


def test_storages_in_one_program(models, tmp_path):
    """And in one with exported.h alone before."""
    text = ""
    for prefix, storage in (("b", "bfloat16"), ("i", "int8"), ("f", "float32"), ("h", "float16")):
        gruc.to_c(models["wide"], tmp_path / f"{prefix}.h", prefix, storage=storage)
        text += f'#include "{prefix}.h"\n'
    text = f'#include "gruc/exported.h"\n{text}#include <stdio.h>\nint main(void)\n{{\n'
    x = X[0].ravel()
    text += f"    const float x[] = {{{', '.join(f'{number:.9e}f' for number in x)}}};\n"
    for prefix in "bifh":
        P = prefix.upper()
        text += (
            f"    static {prefix}_state of_{prefix};\n    float {prefix}[{P}_N_OUTPUTS];\n"
            f"    {prefix}_predict(&of_{prefix}, x, {len(X[0])}, {prefix});\n"
            f'    printf("%.9g\\n", (double){prefix}[0]);\n'
        )
    numbers = program_of(text + "    return 0;\n}\n", "cc", "baseline", tmp_path)("")
    for number, storage in zip(numbers, ("bfloat16", "int8", "float32", "float16"), strict=True):
        expected = with_storage(models["wide"], storage).predict_proba(X[:1])[0, 0]
        assert number == pytest.approx(expected, rel=2e-5)


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
