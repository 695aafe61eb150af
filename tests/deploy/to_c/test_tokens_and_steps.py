"""Exported C of models that read tokens, or answer each step."""

import gruc
import numpy as np
import pytest
from c_programs import SANITIZE, builds, program_of
from exported_steps import KERNELS, agree, program_text, with_halves, with_storage
from gruc import GRUTagger
from gruc.sequences import Framing, Numbers
from random_models import N_TOKENS, every_kind, random_predictor, random_sequences_for


@pytest.fixture(scope="module")
def predictors():
    return every_kind()


@pytest.mark.parametrize(
    "compiler, build",
    builds(
        ("cc", "baseline"),
        ("cc", "one number at a time"),
        ("cc", "avx2"),
        ("cc", "avx512"),
        ("clang", "baseline"),
        ("g++", "baseline"),
        ("aarch64-linux-gnu-gcc", "baseline"),
        ("arm-linux-gnueabihf-gcc", "baseline"),
    ),
)
def test_every_model(predictors, compiler, build, tmp_path):
    agree(program_of(program_text(predictors, tmp_path), compiler, build, tmp_path)(""), predictors)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("both", [False, True])
def test_a_tagger(both, tmp_path):
    X = random_sequences_for(random_predictor())
    settings = dict(bidirectional=both, embedding_dim=3, n_tokens=N_TOKENS, max_iter=3, random_state=0)
    model = GRUTagger((5,), **settings).fit(X, [np.array(["odd", "even", "none"])[x % 3] for x in X])
    predictors = {"tags": model._predictor}
    agree(program_of(program_text(predictors, tmp_path), "cc", "baseline", tmp_path)(""), predictors)
    assert 'tags_classes[3] = {"even", "none", "odd"}' in (tmp_path / "tags.h").read_text()


@pytest.mark.compilers
@pytest.mark.parametrize("storage", KERNELS)
@pytest.mark.parametrize("build", ["one number at a time", "avx512"])
def test_nothing_is_read_or_written_out_of_bounds(predictors, build, storage, tmp_path):
    text = program_text(predictors, tmp_path, storage=storage).replace("_flat_f32", KERNELS[storage])
    numbers = program_of(text, "cc", build, tmp_path, SANITIZE)("")
    if storage == "float32":
        agree(numbers, predictors)


@pytest.mark.parametrize(
    "compiler, build", builds(("cc", "baseline"), ("cc", "one number at a time"), ("cc", "avx512"))
)
@pytest.mark.parametrize("storage", ["float16", "bfloat16", "int8"])
def test_narrow_weights(compiler, build, storage, tmp_path):
    predictors = {
        "one": random_predictor(None), "both": random_predictor("mean", both=True),
        "wide": random_predictor("attention", sizes=(37,), width=19),
    }  # fmt: skip
    text = program_text(predictors, tmp_path, storage=storage).replace("_flat_f32", KERNELS[storage])
    numbers = program_of(text, compiler, build, tmp_path)("")
    agree(numbers, {prefix: with_storage(predictor, storage) for prefix, predictor in predictors.items()})


@pytest.mark.parametrize("pooling", ["max", None])
def test_report_of_float16(pooling, tmp_path):
    predictor = random_predictor(pooling)
    X = random_sequences_for(predictor, lengths=[30] * 20)
    report = gruc.to_c(predictor, tmp_path / "m.h", storage="float16", X=X)
    pairs = zip(with_halves(predictor).predict_proba(X), predictor.predict_proba(X), strict=True)
    assert report.largest_change == max(np.abs(after - before).max() for after, before in pairs) > 0
    pairs = zip(with_halves(predictor).predict(X), predictor.predict(X), strict=True)
    assert report.changed == np.mean([np.mean(after != before) for after, before in pairs])
    full = gruc.to_c(predictor, tmp_path / "m.h")
    matrices = [weight.size for name, weight in predictor.weights.items() if "weight" in name]
    assert N_TOKENS * 3 in matrices
    assert full.constant_bytes - report.constant_bytes == 2 * sum(matrices)


BAD_TOKENS = """
#include "m.h"
#include "both.h"
int main(void)
{
    m_state state, before;
    static float work[BOTH_WORK(2)];
    float out[2 * M_N_OUTPUTS] = {7, 7};
    int32_t tokens[2] = {M_N_TOKENS - 1, 0};
    const int32_t bad[] = {-1, M_N_TOKENS, INT32_MAX, INT32_MIN};
    memset(&state, 0, sizeof state);
    m_init(&state);
    if (m_step(&state, 3, NULL)) return 1;
    before = state;
    for (int i = 0; i < 4; i++) {
        tokens[1] = bad[i];
        if (m_step(&state, bad[i], out) != 1) return 2;
        if (m_predict(&state, tokens, 2, out) != 1) return 3;
        if (both_predict(work, tokens, 2, out) != 1) return 4;
    }
    if (m_predict(&state, tokens, 0, out) != 1 || both_predict(work, tokens, 0, out) != 1) return 5;
    if (memcmp(&state, &before, sizeof state) || out[0] != 7) return 6;
    return m_predict(&state, tokens, 1, out) || both_predict(work, tokens, 1, out) || state.n_steps != 1;
}
"""


@pytest.mark.parametrize("pooling", ["mean", None])
def test_tokens_that_a_model_does_not_have(pooling, tmp_path):
    gruc.to_c(random_predictor(pooling), tmp_path / "m.h", "m")
    gruc.to_c(random_predictor(pooling, both=True), tmp_path / "both.h", "both")
    program_of(BAD_TOKENS, "cc", "baseline", tmp_path, ["-O0"])("")  # exits with 0


def test_frames_that_are_answered_one_by_one(tmp_path):
    inputs = Numbers(1, None, Framing(3, 2))
    predictor = random_predictor(None, tokens=False, inputs=inputs)
    with pytest.raises(ValueError, match="predicts each frame of several steps, .*frame_length=1"):
        gruc.to_c(predictor, tmp_path / "m.h")
    assert not list(tmp_path.iterdir())
