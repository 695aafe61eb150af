"""The headers in other people's C programs: every width of vectors, every compiler at hand."""

from itertools import product

import numpy as np
import pytest
import reference
from c_programs import BUILDS, builds, program_of

COMPILERS = ["cc", "gcc", "clang", "aarch64-linux-gnu-gcc", "arm-linux-gnueabihf-gcc"]
D, H, LENGTHS = 3, 21, [5, 4, 4, 1, 1]
PREAMBLE = """
#include <stdio.h>
#include <stdlib.h>
#include "gruc/gruc.h"

static float *numbers(size_t n)
{
    float *x = malloc(n * sizeof(float));
    for (size_t i = 0; i < n; i++)
        if (scanf("%f", x + i) != 1) exit(2);
    return x;
}
"""
PROGRAM = (
    PREAMBLE
    + """
int main(void)
{
    enum { D = 3, H = 21, B = 5, T = 5, N = 15 };
    const ptrdiff_t offsets[] = {0, 5, 8, 11, 14, 15};
    int reset_before, reverse;
    if (scanf("%d %d", &reset_before, &reverse) != 2) return 2;
    float *x = numbers(N * D), *W_ihT = numbers(D * 3 * H), *W_hhT = numbers(H * 3 * H);
    float *b_ih = numbers(3 * H), *b_hh = numbers(3 * H), state[B * H] = {0};
    float *packed = malloc(gruc_gru_packed_size_f32(D, H) * sizeof(float));
    float *scratch = malloc(gruc_gru_infer_scratch_f32(N, B, H) * sizeof(float));
    gruc_gru_pack_f32(packed, W_ihT, W_hhT, b_ih, reset_before ? NULL : b_hh, D, H);
    gruc_gru_weights_f32 weights = gruc_gru_unpack_f32(packed, D, H, reset_before ? GRUC_GRU_RESET_BEFORE : GRUC_GRU);
    gruc_gru_infer_f32(NULL, 0, NULL, state, H, scratch, x, D, NULL, NULL, &weights, offsets, T, reverse, 0);
    for (int i = 0; i < B * H; i++) printf("%.9g\\n", (double)state[i]);
    return 0;
}
"""
)


@pytest.fixture(scope="module", autouse=True)
def kernel():
    """Not once for each of gruc's own instruction sets: the flags say which."""


@pytest.mark.parametrize("compiler, build", builds(*product(COMPILERS, BUILDS)))
def test_gru_against_the_oracle(tmp_path, compiler, build):
    program = program_of(PROGRAM, compiler, build, tmp_path)
    rng = np.random.default_rng(0)
    sequences = [rng.standard_normal((length, D)).astype("float32") for length in LENGTHS]
    weights = [
        (0.5 * rng.standard_normal(s)).astype("float32") for s in [(3 * H, D), (3 * H, H), 3 * H, 3 * H]
    ]
    rows = np.concatenate([[s[t] for s in sequences if len(s) > t] for t in range(max(LENGTHS))])
    numbers = [rows.ravel(), weights[0].T.ravel(), weights[1].T.ravel(), *weights[2:]]
    text = " ".join(f"{number:.9g}" for block in numbers for number in block)
    for reset_before, reverse in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        got = program(f"{reset_before} {reverse} {text}").reshape(len(LENGTHS), H)
        exact = [w.astype("float64") for w in weights]
        if reset_before:
            exact[3] = None
        for b, sequence in enumerate(sequences):
            states, _ = reference.gru_forward(sequence[::-1] if reverse else sequence, *exact)
            np.testing.assert_allclose(got[b], states[-1], rtol=0, atol=2e-6)


STREAM = (
    PREAMBLE
    + """
int main(void)
{
    enum { D = 2, FRAME = 3, HOP = 2, H = 21, K = 4, T = 8 };
    const int readouts[] = {0, GRUC_MEAN, GRUC_MAX, GRUC_ATTENTION};
    int readout;
    if (scanf("%d", &readout) != 1) return 2;
    /* parameters of all operations, one after the other */
    enum { GRU = FRAME * D * 3 * H + H * 3 * H + 6 * H, ATTENTION = H * H + 2 * H };
    float *parameters = numbers(GRU + ATTENTION + H * K + K), *x = numbers(T * D);
    const gruc_value values[] = {
        {0, 1, 0, -1, FRAME * D}, {0, 1, 0, -1, H}, {0, 0, 0, -1, H}, {0, 0, 0, -1, H}, {0, 0, 0, -1, K}};
    gruc_op ops[] = {
        {GRUC_GRU, 0, -1, 1, 2, 0, FRAME * D, H, 0, 0, 0, -1},
        {readouts[readout], 1, -1, 3, -1, 0, H, H, 0, GRU, 0, -1},
        {GRUC_DENSE, 3, -1, 4, -1, 0, H, K, 0, GRU + ATTENTION, 0, -1}};
    gruc_program program = {5, 1, 3, values, ops, 4, {0}};
    if (readout == 0) { /* the head reads the last state itself */
        ops[1] = ops[2];
        ops[1].x = 2;
        program.n_ops = 2;
    }
    gruc_op_weights weights[3] = {{0}};
    float *packed = malloc(gruc_infer_packed_size(&program, gruc_infer_kinds_f32) * sizeof(float));
    gruc_infer_pack(weights, packed, parameters, &program, gruc_infer_kinds_f32, sizeof(float));

    const double mean[] = {0.5, -1}, scale[] = {2, 0.5};
    size_t states[3], rows[5];
    gruc_model model = {0};
    model.inputs.n_features = D;
    model.inputs.frame_length = FRAME;
    model.inputs.hop_length = HOP;
    model.inputs.mean = mean;
    model.inputs.scale = scale;
    model.program = program;
    const gruc_row_kind *kinds[3];
    for (size_t i = 0; i < program.n_ops; i++) kinds[i] = gruc_row_kinds_f32[ops[i].kind];
    model.kinds = kinds;
    model.weights = weights;
    model.outputs.link = GRUC_CLASSES;
    model.outputs.n_outputs = K;
    model.outputs.n_quantiles = 1;
    gruc_stream_memory(&model.memory, states, rows, &program);

    uint64_t n_steps = 0;
    float *stream = calloc(model.memory.states_size + FRAME * D, sizeof(float));
    float *scratch = malloc(model.memory.scratch_size * sizeof(float));
    for (int t = 0; t < T; t++) {
        double step[D], out[K];
        for (int j = 0; j < D; j++) step[j] = (double)x[t * D + j];
        gruc_stream_step_f32(&n_steps, stream, scratch, step, &model);
        gruc_stream_result_f32(out, n_steps, stream, scratch, &model);
        for (int k = 0; k < K; k++) printf("%.9g\\n", out[k]);
    }
    return 0;
}
"""
)


@pytest.mark.parametrize("compiler, build", builds(*product(COMPILERS, BUILDS)))
def test_streams_against_the_oracle(tmp_path, compiler, build):
    program = program_of(STREAM, compiler, build, tmp_path)
    rng = np.random.default_rng(0)
    D, k, hop, H, K, T = 2, 3, 2, 21, 4, 8
    shapes = {
        "gru.weight_ih_l0": (3 * H, k * D), "gru.weight_hh_l0": (3 * H, H), "gru.bias_ih_l0": (3 * H,),
        "gru.bias_hh_l0": (3 * H,), "attention.weight": (H, H), "attention.bias": (H,), "attention.v": (1, H),
        "head.weight": (K, H), "head.bias": (K,),
    }  # fmt: skip
    weights = {name: (0.5 * rng.standard_normal(s)).astype("float32") for name, s in shapes.items()}
    x = rng.standard_normal((T, D)).astype("float32")
    blocks = [weight.T.ravel() for weight in weights.values()] + [x.ravel()]
    text = " ".join(f"{number:.9g}" for block in blocks for number in block)
    exact = {name: weight.astype("float64") for name, weight in weights.items()}
    scaled = (x - np.array([0.5, -1])) / np.array([2, 0.5])
    for readout, pooling in enumerate(["last", "mean", "max", "attention"]):
        got = program(f"{readout} {text}")
        config = {"hidden_layer_sizes": [H], "bidirectional": False, "pooling": pooling}
        for t in range(T):
            so_far = scaled[: t + 1]
            n_frames = 1 + max(0, -(-(len(so_far) - k) // hop))
            places = np.minimum(hop * np.arange(n_frames)[:, None] + np.arange(k), t)
            logits, _ = reference.network_forward(so_far[places].reshape(n_frames, -1), exact, config)
            expected = np.exp(logits - logits.max())
            np.testing.assert_allclose(got[t * K : (t + 1) * K], expected / expected.sum(), rtol=0, atol=2e-6)


DIVISION = """
#include <stdio.h>
#include <stdlib.h>
#include "gruc/gruc.h"

int main(void)
{
    char word[2][32];
    while (scanf("%31s %31s", word[0], word[1]) == 2) {
        uint64_t n = strtoull(word[0], NULL, 10);
        uint32_t d = (uint32_t)strtoull(word[1], NULL, 10), rest;
        size_t left;
        int wrong = gruc_long_division(n, d, &rest) != n / d || rest != n % d;
        wrong |= gruc_quotient(n, d, &left) != n / d || left != n % d;
        printf("%d\\n", wrong);
    }
    return 0;
}
"""


@pytest.mark.parametrize("compiler", builds(*COMPILERS))
def test_division_without_the_library(tmp_path, compiler):
    program = program_of(DIVISION, compiler, "baseline", tmp_path)
    rng = np.random.default_rng(0)
    ns = [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1, *(int(2**b) for b in rng.uniform(0, 63, 200))]
    ds = [1, 2, 3, 7, 2**31 - 1, 2**31, 2**32 - 1]
    wrong = program(" ".join(f"{n} {d}" for n in ns for d in ds))
    assert wrong.shape == (len(ns) * len(ds),)
    assert not wrong.any()
