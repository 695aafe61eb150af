"""The headers in other people's C programs: every width of vectors, every compiler at hand."""

import os
import shutil
import subprocess

import gruc
import numpy as np
import pytest
import reference
from gruc import kernels

D, H, LENGTHS = 3, 21, [5, 4, 4, 1, 1]
PROGRAM = """
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
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
BUILDS = {
    "baseline": [],
    "one number at a time": ["-DGRUC_NO_VECTORS"],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"],
}


@pytest.fixture(scope="module", autouse=True)
def kernel():
    """Not once for each of gruc's own instruction sets: the flags say which."""


@pytest.mark.parametrize("reset_after, reverse", [(1, 0), (1, 1), (0, 0), (0, 1)])
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("compiler", ["cc", "gcc", "clang", "aarch64-linux-gnu-gcc"])
def test_gru_against_the_oracle(compiler, build, reset_after, reverse, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    if compiler != "cc" and os.path.realpath(shutil.which(compiler)) == os.path.realpath(
        shutil.which("cc") or ""
    ):
        pytest.skip(f"{compiler} is cc here")
    run = []
    if compiler.startswith("aarch64"):
        if build.startswith("avx"):
            pytest.skip("not an instruction set of this processor")
        if shutil.which("qemu-aarch64") is None:
            pytest.skip("no qemu-aarch64 to run it")
        run = ["qemu-aarch64"]
    elif build.startswith("avx") and build not in kernels.available():
        pytest.skip(f"this processor has no {build}")
    (tmp_path / "program.c").write_text(PROGRAM)
    static = ["-static"] if run else []
    command = [
        compiler,
        *STRICT,
        *BUILDS[build],
        *static,
        f"-I{gruc.get_include()}",
        "program.c",
        "-lm",
        "-o",
        "program",
    ]
    subprocess.run(command, cwd=tmp_path, check=True)

    rng = np.random.default_rng(0)
    sequences = [rng.standard_normal((length, D)).astype("float32") for length in LENGTHS]
    weights = [
        (0.5 * rng.standard_normal(s)).astype("float32") for s in [(3 * H, D), (3 * H, H), 3 * H, 3 * H]
    ]
    rows = np.concatenate([[s[t] for s in sequences if len(s) > t] for t in range(max(LENGTHS))])
    numbers = [rows.ravel(), weights[0].T.ravel(), weights[1].T.ravel(), *weights[2:]]
    text = f"{reset_after} {reverse} " + " ".join(f"{number:.9g}" for block in numbers for number in block)
    done = subprocess.run(
        [*run, tmp_path / "program"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    got = np.array(done.stdout.split(), float).reshape(len(LENGTHS), H)
    exact = [w.astype("float64") for w in weights]
    if not reset_after:
        exact[3] = None
    for b, sequence in enumerate(sequences):
        states, _ = reference.gru_forward(sequence[::-1] if reverse else sequence, *exact)
        np.testing.assert_allclose(got[b], states[-1], atol=2e-6)
