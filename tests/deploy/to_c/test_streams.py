"""Streams of exported C: bad input, many steps, silence, states."""

import re
import shutil

import gruc
import numpy as np
import pytest
from c_programs import builds, program_of
from gruc import GRUClassifier, GRURegressor
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


BAD_INPUT = """
#include "m.h"
#include <stdio.h>
int main(void)
{
    m_state state, before;
    float out[M_N_OUTPUTS] = {7, 7}, x[2 * M_N_FEATURES] = {0}, good[2 * M_N_FEATURES] = {0};
    memset(&state, 0, sizeof state);
    m_init(&state);
    if (m_step(&state, x, NULL)) return 1;
    before = state;
    const float bad[] = {NAN, INFINITY, -INFINITY, 1e38f};
    for (int i = 0; i < 4; i++) {
        x[M_N_FEATURES + 3] = bad[i];
        if (m_step(&state, x + M_N_FEATURES, out) != 1) return 2;
        if (m_predict(&state, x, 2, out) != 1) return 3;
    }
    if (m_predict(&state, x, 0, out) != 1) return 4;
    if (memcmp(&state, &before, sizeof state) || out[0] != 7) return 5;
    if (m_predict(&state, good, 2, out) || state.n_steps != 2) return 6;
    printf("%s %d\\n", m_classes[m_class(out)], (int)m_class(out));
    return 0;
}
"""


def test_bad_input_changes_nothing(tmp_path):
    X, y = vowels(2, 4)
    model = GRUClassifier(**FAST | dict(max_iter=20)).fit(X, np.array(["10", "20"])[y])
    gruc.to_c(model, tmp_path / "m.h", "m")
    printed = program_of(BAD_INPUT, "cc", "baseline", tmp_path, ["-O0"])("")
    label = model.predict([np.zeros((2, 12))])[0]
    assert printed.tolist() == [float(label), float(np.flatnonzero(model.classes_ == label)[0])]


WHOLE_BAD_INPUT = """
#include "m.h"
int main(void)
{
    static float work[M_WORK(2)];
    float out[M_N_OUTPUTS] = {7, 7}, x[2 * M_N_FEATURES] = {0};
    if (m_predict(work, x, 0, out) != 1) return 1;
    x[2 * M_N_FEATURES - 1] = NAN;
    if (m_predict(work, x, 2, out) != 1 || out[0] != 7) return 2;
    return m_predict(work, x, 1, out);
}
"""


def test_bad_input_of_whole_sequences(tmp_path):
    X, y = vowels(2, 4)
    gruc.to_c(GRUClassifier(**FAST, frame_length=1, bidirectional=True).fit(X, y), tmp_path / "m.h", "m")
    program_of(WHOLE_BAD_INPUT, "cc", "baseline", tmp_path, ["-O0"])("")  # exits with 0


def test_a_stream_of_many_steps(tmp_path):
    """Steps are counted in 64 bits, on machines of 32 too."""
    text = """
#include "gruc/exported.h"
#include <stdio.h>
int main(void)
{
    const uint64_t n = (uint64_t)5 << 32;
    printf("%d\\n", (int)(gruc_n_frames(n + 8, 4, 3) - gruc_n_full_frames(n, 4, 3)));
    return 0;
}
"""
    n = 5 << 32
    expected = (1 + -(-(n + 4) // 3)) - (1 + (n - 4) // 3)
    for compiler in ("cc", "arm-linux-gnueabihf-gcc"):
        if shutil.which(compiler):
            assert program_of(text, compiler, "baseline", tmp_path)("") == expected


SILENCE = """
#include "m.h"
#include <stdio.h>
int main(void)
{
    static m_state state;
    const float click = 1, silent = 0, tiny = 1e-40f;
    float out[M_N_OUTPUTS];
    int subnormal = 0;
    m_init(&state);
    m_step(&state, &click, NULL);
    for (int t = 0; t < 3000; t++) {
        m_step(&state, t % 2 ? &silent : &tiny, out);
        for (size_t j = 0; j < sizeof state.numbers / sizeof(float); j++)
            subnormal += fpclassify(state.numbers[j]) == FP_SUBNORMAL;
    }
    printf("%d %.9g\\n", subnormal, (double)out[0]);
    for (int j = 0; j < M_N_STATES; j++) printf("%.9g\\n", (double)state.numbers[j]);
    return 0;
}
"""


@pytest.mark.parametrize("build", builds("baseline", "one number at a time", "avx512"))
def test_silence(build, tmp_path):
    rng = np.random.default_rng(0)
    clicks = [rng.standard_normal((5, 1)) for _ in range(8)]
    model = GRURegressor((5, 9), pooling="mean", frame_length=1, standardize=False, random_state=0)
    model.partial_fit(clicks, rng.standard_normal(8))
    views = model._predictor.network.table.views(model._predictor.parameters)
    for name, weights in views.items():
        weights.ravel()[:1] = 1e-41  # subnormal weights too
        if "bias" in name:
            weights[:] = 0
    model._predictor._packed = None
    gruc.to_c(model, tmp_path / "m.h", "m")
    assert not re.search(r"e-(3[89]|4\d)f", (tmp_path / "m.h").read_text())
    subnormal, printed, *states = program_of(SILENCE, "cc", build, tmp_path)("")
    assert subnormal == 0
    assert not np.any(states)
    x = np.zeros((3001, 1))
    x[0] = 1
    np.testing.assert_allclose(printed, model.predict([x])[0], rtol=1e-5)


STATES = """
#include "m.h"
#include <stdio.h>
int main(void)
{
    static m_state first, second;
    float out[M_N_OUTPUTS], x[20 * M_N_FEATURES];
    int n = 0;
    while (n < 20 * M_N_FEATURES && scanf("%f", x + n) == 1) n++;
    m_init(&first);
    for (int t = 0; t < 8; t++) m_step(&first, x + t * M_N_FEATURES, NULL);
    m_init(&second);
    memcpy(second.numbers, first.numbers, M_N_STATES * sizeof(float));
    for (int t = 8; t < 20; t++) m_step(&second, x + t * M_N_FEATURES, out);
    for (int j = 0; j < M_N_STATES; j++) printf("%.9g\\n", first.numbers[j]);
    for (int j = 0; j < M_N_OUTPUTS; j++) printf("%.9g\\n", out[j]);
    return 0;
}
"""


@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_states_are_read_and_written(pooling, tmp_path):
    X, y = vowels()
    settings = FAST | dict(hidden_layer_sizes=(5, 3), pooling=pooling, frame_length=2)
    model = GRUClassifier(**settings).fit(X, y)
    gruc.to_c(model, tmp_path / "m.h", "m")
    x = X[0][:20].astype("float32")
    printed = program_of(STATES, "cc", "baseline", tmp_path, ["-O0"])(" ".join(f"{v:.9g}" for v in x.ravel()))
    stream = model.stream()
    stream.step(x[:8])
    states = np.concatenate(stream.state)
    np.testing.assert_allclose(printed[: len(states)], states, rtol=0, atol=1e-5)
    expected = model.predict_proba([x[8:]], initial_state=stream.state)[0]
    np.testing.assert_allclose(printed[len(states) :], expected, rtol=0, atol=1e-5)
