"""What a model costs on a microcontroller: read-only memory, RAM and instructions per step.

    python benchmarks/microcontroller.py > docs/benchmarks/microcontroller.md

A model of Japanese Vowels is fitted, exported by gruc.to_c, compiled by arm-none-eabi-gcc -O2 and run in
qemu-system-arm on the steps of a test utterance. Flash is the code and constants of a program that calls init
and step, as linked, including its share of the C library; RAM is the state and the maximum stack depth of a
step, determined by filling the stack with a pattern. Instructions are counted by qemu (-icount), for a step
without and with its result; a processor needs one or more cycles for each.
"""

import io
import subprocess
import sys
import tempfile
import warnings
from datetime import date
from pathlib import Path

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels
from sklearn.exceptions import ConvergenceWarning

sys.path.append(str(Path(__file__).parent.parent / "tools" / "cortex_m"))
import board

# With and without a convolution the same.
TRAINING = dict(pooling="last", learning_rate="adaptive", learning_rate_init=0.01, max_iter=300)
MODEL = """
#include "vowels.h"
static vowels_state state;
void begin(void);
int take(const float *x, float *out);
void begin(void) { vowels_init(&state); }
int take(const float *x, float *out) { return vowels_step(&state, x, out); }
"""
PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include <string.h>
enum {{ N = {n}, K = {k} }};
static const float x[N][12] = {{{x}}};
void begin(void);
int take(const float *x, float *out);

#define SYSTICK ((volatile uint32_t *)0xE000E010) /* control, reload, value, which counts down */
enum {{ BELOW = 4096 }};

/* bytes of stack that a step takes */
static uint32_t __attribute__((noinline)) stack_of_a_step(float *out)
{{
    volatile uint8_t *top = __builtin_frame_address(0), *bottom = top - BELOW;
    for (volatile uint8_t *p = bottom; p < top - 64; p++) *p = 0xA5;
    (void)take(x[0], out);
    volatile uint8_t *p = bottom;
    while (p < top && *p == 0xA5) p++;
    return (uint32_t)(top - p);
}}

int main(void)
{{
    static float out[K];
    begin();
    uint32_t stack = stack_of_a_step(out);
    SYSTICK[1] = 0xFFFFFF;
    SYSTICK[2] = 0;
    SYSTICK[0] = 5;
    while (SYSTICK[2] == 0) {{}}
    for (int with_result = 0; with_result < 2; with_result++) {{
        begin();
        uint32_t before = SYSTICK[2];
        for (int t = 0; t < N; t++)
            if (take(x[t], with_result ? out : NULL)) return 1;
        printf("%lu ", (unsigned long)(before - SYSTICK[2]));
    }}
    printf("%lu\\n", (unsigned long)stack);
    for (int j = 0; j < K; j++) printf("%.9g ", (double)out[j]);
    return 0;
}}
"""
# an empty program's, which is not the model's
NOTHING = """
void begin(void);
int take(const float *x, float *out);
void begin(void) {}
int take(const float *x, float *out) { return !x && !out; }
"""


def flash(elf):
    line = subprocess.run(["arm-none-eabi-size", elf], capture_output=True, text=True, check=True).stdout
    text, data = line.splitlines()[1].split()[:2]
    return int(text) + int(data)


def stored(model, storage):
    """The model with its weights as they are stored."""
    file = io.BytesIO()
    model.save(file, weights=storage)
    return gruc.load(file.getvalue())


def measured(model, X, processor, storage):
    """Flash, constants, RAM of the state, stack, instructions of a step without and with a result."""
    x = max(X, key=len)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        report = gruc.to_c(model, folder / "vowels.h", prefix="vowels", storage=storage)
        numbers = ", ".join("{" + ", ".join(f"{number:.9e}f" for number in step) + "}" for step in x)
        (folder / "main.c").write_text(PROGRAM.format(n=len(x), k=len(model.classes_), x=numbers))
        options = ["-O2", "-ffunction-sections", "-fdata-sections", "-mfp16-format=ieee"]
        main = board.compiled("main.c", processor, folder, options)
        sizes = {}
        for name, text in ("nothing", NOTHING), ("model", MODEL):
            (folder / f"{name}.c").write_text(text)
            program = board.compiled(f"{name}.c", processor, folder, options)
            told = board.told([main, program, "-Wl,--gc-sections"], processor, folder)
            sizes[name] = flash(folder / "program.elf")
    ticks, probabilities = (line.split() for line in told.splitlines())
    expected = stored(model, storage).predict_proba([x])[0]
    folded = model.conv_channels and storage.endswith("16")  # it rounds convolutions with their normalisation
    np.testing.assert_allclose(np.array(probabilities, float), expected, atol=1e-2 if folded else 1e-5)
    without, with_result = (int(n) * board.INSTRUCTIONS_A_TICK / len(x) for n in ticks[:2])
    return sizes["model"] - sizes["nothing"], report, int(ticks[2]), without, with_result


def main():
    version = subprocess.run([board.COMPILER, "--version"], capture_output=True, text=True, check=True).stdout
    emulator = subprocess.run(
        [board.EMULATOR, "--version"], capture_output=True, text=True, check=True
    ).stdout
    X, y = load_japanese_vowels(subset="train", return_X_y=True)
    X_new, y_new = load_japanese_vowels(subset="test", return_X_y=True)
    print("# On a microcontroller\n")
    print(f"gruc {gruc.__version__}, {date.today()}; {version.splitlines()[0]}, -O2;")
    print(f"{emulator.splitlines()[0]}.")
    print("Japanese Vowels, 12 features, 9 classes, one layer; generated by benchmarks/microcontroller.py.")
    print("A convolution has 16 outputs over 5 steps and is followed by max-pooling over 2 steps.\n")
    print("| processor | network | accuracy | weights | flash, bytes | constants | RAM: state ", end="")
    print("| stack |", end="")
    print(" instructions per step | with result |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for H, channels in ((16, ()), (16, (16,)), (16, (16, 16)), (32, ())):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = gruc.GRUClassifier(
                (H,), conv_channels=channels, frame_length=1, random_state=0, **TRAINING
            )
            model.fit(X, y)
        network = f"H {H}" + {0: "", 1: ", a convolution", 2: ", two convolutions"}[len(channels)]
        for storage in ("float32", "float16", "bfloat16", "int8"):
            accuracy = stored(model, storage).score(X_new, y_new)
            for processor in ("cortex-m4", "cortex-m7", "cortex-m3", "cortex-m0"):
                size, report, stack, without, with_result = measured(model, X_new, processor, storage)
                print(f"| {processor} | {network} | {accuracy:.3f} | {storage} | {size:,} | ", end="")
                print(f"{report.constant_bytes:,} | {report.state_bytes:,} | {stack} | ", end="")
                print(f"{without:,.0f} | {with_result:,.0f} |")


if __name__ == "__main__":
    main()
