"""Cost of a step while the input is silent, compared with a step of noise.

    python benchmarks/silence.py > docs/benchmarks/silence.md

A click is followed by zeros: the states of a network without biases, except that of the update gate, decay
into the subnormal numbers, which are slow, unless they are flushed to 0 before. Times are the minimum of
several runs, alternating silence and noise: of a prediction for one long sequence, of a stream that receives
it as a block, and of the C code written by gruc.to_c, compiled by cc -O2 for the oldest x86-64 or arm64, with
one step per call.
"""

import os
import platform
import subprocess
import tempfile
import warnings
from datetime import date
from functools import partial
from pathlib import Path

import gruc
import numpy as np
from gruc import kernels
from side_by_side import take_turns
from sklearn.exceptions import ConvergenceWarning

N_STEPS = 20_000
PROGRAM = """
#define _POSIX_C_SOURCE 199309L
#include "m.h"
#include <stdio.h>
#include <time.h>
static float x[{n}];
static double now(void)
{{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}}
int main(void)
{{
    static m_state state;
    float out[1];
    double best[2] = {{1e30, 1e30}};
    for (int run = 0; run < 20; run++) {{
        for (size_t t = 0; t < {n}; t++)
            x[t] = run % 2 ? (float)((t * 7919) % 1000) * 2e-5f - 0.01f : (t == 0);
        m_init(&state);
        double start = now();
        for (size_t t = 0; t < {n}; t++) m_step(&state, x + t, out);
        double taken = (now() - start) / {n};
        if (taken < best[run % 2]) best[run % 2] = taken;
    }}
    printf("%g %g\\n", best[0], best[1]);
    return 0;
}}
"""


def fading(H, dtype):
    """A regressor of one feature whose states fade in silence."""
    rng = np.random.default_rng(0)
    model = gruc.GRURegressor(
        (H,), dtype=dtype, frame_length=1, standardize=False, max_iter=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit([rng.standard_normal((5, 1)) for _ in range(8)], rng.standard_normal(8))
    views = model._predictor.network.table.views(model._predictor.parameters)
    views["gru.bias_hh_l0"][:] = 0
    views["gru.bias_ih_l0"][:] = np.repeat([0, 1, 0], H)
    model._predictor._packed = None
    return model


def exported(model):
    """Nanoseconds a step of silence, and of noise, in C."""
    with tempfile.TemporaryDirectory() as folder:
        gruc.to_c(model, Path(folder) / "m.h", "m")
        (Path(folder) / "program.c").write_text(PROGRAM.format(n=N_STEPS))
        command = [os.environ.get("CC", "cc"), "-O2", "-std=c99", f"-I{gruc.get_include()}", "program.c"]
        subprocess.run([*command, "-lm", "-o", "program"], cwd=folder, check=True)
        told = subprocess.run([Path(folder) / "program"], capture_output=True, text=True, check=True).stdout
    return [float(number) for number in told.split()]


def main():
    print("# Cost of a silent step\n")
    print(
        f"gruc {gruc.__version__}, {date.today()}, {platform.machine()}, {kernels.selected()}; "
        "made by benchmarks/silence.py.\n"
    )
    print("Nanoseconds per step: silence after a click / noise.\n")
    print("| units | dtype | predict | stream, a block | exported C |\n|---|---|---|---|---|")
    silence = np.zeros((N_STEPS, 1))
    silence[0] = 1
    noise = np.random.default_rng(0).normal(0, 0.01, silence.shape)
    for dtype in ("float32", "float64"):
        for H in (8, 32, 128):
            model = fading(H, dtype)
            calls = [partial(model.predict, [x]) for x in (silence, noise)]
            calls += [partial(model.stream().step, x) for x in (silence, noise)]
            best = [1e9 * times.min() / N_STEPS for times in take_turns(calls, 2)]
            best += exported(model) if dtype == "float32" else []
            pairs = [f"{best[i]:,.0f} / {best[i + 1]:,.0f}" for i in range(0, len(best), 2)]
            print(f"| {H} | {dtype} | {' | '.join(pairs)} |{' |' * (len(pairs) == 2)}", flush=True)


if __name__ == "__main__":
    main()
