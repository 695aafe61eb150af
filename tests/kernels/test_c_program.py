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
    int reset_after, reverse;
    if (scanf("%d %d", &reset_after, &reverse) != 2) return 2;
    float *x = numbers(N * D), *W_ihT = numbers(D * 3 * H), *W_hhT = numbers(H * 3 * H);
    float *b_ih = numbers(3 * H), *b_hh = numbers(3 * H), state[B * H] = {0};
    float *packed = malloc(gruc_gru_packed_size_f32(D, H) * sizeof(float));
    float *scratch = malloc(gruc_gru_infer_scratch_f32(N, B, H) * sizeof(float));
    gruc_gru_pack_f32(packed, W_ihT, W_hhT, b_ih, reset_after ? b_hh : NULL, D, H);
    gruc_gru_infer_f32(NULL, 0, NULL, state, scratch, x, D, packed, offsets, T, D, H, reset_after, reverse);
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
    for reset_after, reverse in [(1, 0), (1, 1), (0, 0), (0, 1)]:
        got = program(f"{reset_after} {reverse} {text}").reshape(len(LENGTHS), H)
        exact = [w.astype("float64") for w in weights]
        if not reset_after:
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
    int readout;
    if (scanf("%d", &readout) != 1) return 2;
    float *W_ihT = numbers(FRAME * D * 3 * H), *W_hhT = numbers(H * 3 * H), *b_ih = numbers(3 * H);
    float *b_hh = numbers(3 * H), *W_aT = numbers(H * H), *b_a = numbers(H), *v = numbers(H);
    float *W = numbers(H * K), *b = numbers(K), *x = numbers(T * D);

    float *layer = malloc(gruc_gru_packed_size_f32(FRAME * D, H) * sizeof(float));
    float *attention = malloc(gruc_panel_size_f32(H, H) * sizeof(float));
    float *head = malloc(gruc_panel_size_f32(K, H) * sizeof(float));
    gruc_gru_pack_f32(layer, W_ihT, W_hhT, b_ih, b_hh, FRAME * D, H);
    gruc_pack_f32(attention, W_aT, H, H, 1, H);
    gruc_pack_f32(head, W, K, H, 1, K);

    const ptrdiff_t units[] = {H};
    const double mean[] = {0.5, -1}, scale[] = {2, 0.5};
    const gruc_layer layers[] = {gruc_gru_layer_f32(layer, FRAME * D, H, 1)};
    gruc_model model = {0};
    model.n_features = D;
    model.n_outputs = K;
    model.n_layers = 1;
    model.units = units;
    model.reset_after = 1;
    model.readout = readout;
    model.link = GRUC_CLASSES;
    model.frame_length = FRAME;
    model.hop_length = HOP;
    model.mean = mean;
    model.scale = scale;
    model.n_quantiles = 1;
    model.layers = layers;
    model.attention = attention;
    model.attention_b = b_a;
    model.attention_v = v;
    model.head = head;
    model.head_b = b;

    uint64_t n_steps = 0;
    float *stream = calloc(gruc_stream_size_f32(&model), sizeof(float));
    float *scratch = malloc(gruc_stream_scratch_f32(&model) * sizeof(float));
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
