"""Exported C on emulated microcontrollers."""

import re
import shutil
import subprocess
import sys

import exported_steps
import gruc
import numpy as np
import pytest
from exported_c import SHORT, X, agree, program_text, with_halves, with_storage
from installs import ROOT
from random_models import random_predictor

sys.path.append(str(ROOT / "tools" / "cortex_m"))
import board

pytestmark = [
    pytest.mark.compilers,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.mark.parametrize("processor", board.PROCESSORS)
def test_on_a_microcontroller(models, processor, tmp_path):
    if board.missing():
        pytest.skip(f"no {' and no '.join(board.missing())}")
    some = ["s_after_5_forward_last", "s_before_4x3_forward_attention", "s_after_4x3_both_max", "frames_4_1_mean_0",
            "frames_3_5_attention_1", "wide", "counts", "two", "quantiles", "binary", "labels"]  # fmt: skip
    some = {name: models[name] for name in some}
    few = SHORT[-3:]
    (tmp_path / "main.c").write_text(program_text(some, few, tmp_path))
    program = board.compiled("main.c", processor, tmp_path)
    numbers = np.array(board.told([program], processor, tmp_path).split(), float)
    agree(numbers, some, few)
    halves = {prefix: model for prefix, model in some.items() if prefix in ("wide", "s_after_4x3_both_max")}
    text = program_text(halves, few, tmp_path, storage="float16").replace("_flat_f32", "_half_f32")
    (tmp_path / "main.c").write_text(text)
    for options in (["-Os"], ["-O2", "-mfp16-format=ieee"]):
        program = board.compiled("main.c", processor, tmp_path, options)
        numbers = np.array(board.told([program], processor, tmp_path).split(), float)
        agree(numbers, {prefix: with_halves(model) for prefix, model in halves.items()}, few)
    for storage in ("bfloat16", "int8"):
        text = program_text(halves, few, tmp_path, storage=storage)
        (tmp_path / "main.c").write_text(text.replace("_flat_f32", exported_steps.KERNELS[storage]))
        program = board.compiled("main.c", processor, tmp_path, ["-Os"])
        numbers = np.array(board.told([program], processor, tmp_path).split(), float)
        agree(numbers, {prefix: with_storage(model, storage) for prefix, model in halves.items()}, few)


@pytest.mark.parametrize("processor", board.PROCESSORS)
def test_tokens_and_steps_on_a_microcontroller(processor, tmp_path):
    if board.missing():
        pytest.skip(f"no {' and no '.join(board.missing())}")
    some = {
        "words": random_predictor("mean", sizes=(4, 3)), "tags": random_predictor(None),
        "both": random_predictor(None, both=True), "numbers": random_predictor(None, tokens=False),
    }  # fmt: skip
    for storage, kernels in exported_steps.KERNELS.items():
        expected = {prefix: exported_steps.with_storage(model, storage) for prefix, model in some.items()}
        text = exported_steps.program_text(some, tmp_path, storage=storage).replace("_flat_f32", kernels)
        (tmp_path / "main.c").write_text(text)
        program = board.compiled("main.c", processor, tmp_path)
        exported_steps.agree(np.array(board.told([program], processor, tmp_path).split(), float), expected)


AVR = """
#include "m.h"
#include "both.h"
#include "words.h"
#include "integers.h"
#include "halves.h"
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdio.h>
static int put(char c, FILE *file)
{
    (void)file;
    while (!(UCSR0A & _BV(UDRE0))) {}
    UDR0 = (uint8_t)c;
    return 0;
}
static FILE to_user = FDEV_SETUP_STREAM(put, NULL, _FDEV_SETUP_WRITE);
static const float x[] = {%s};
static void print(const float *numbers, int n)
{
    for (; n > 0; n--, numbers++) {
        uint32_t bits;
        memcpy(&bits, numbers, sizeof bits);
        printf("=%%08lx\\n", (unsigned long)bits);
    }
}
int main(void)
{
    static m_state state;
    static float out[M_N_OUTPUTS], work[BOTH_WORK(3)];
    UCSR0B = _BV(TXEN0);
    stdout = &to_user;
    m_predict(&state, x, 3, out);
    print(out, M_N_OUTPUTS);
    both_predict(work, x, 3, out);
    print(out, BOTH_N_OUTPUTS);
    static words_state of_words;
    static integers_state of_integers;
    static halves_state of_halves;
    static float tags[3 * WORDS_N_OUTPUTS];
    const int32_t tokens[] = {10, 0, 3};
    words_predict(&of_words, tokens, 3, tags);
    print(tags, 3 * WORDS_N_OUTPUTS);
    integers_predict(&of_integers, tokens, 3, tags);
    print(tags, 3 * INTEGERS_N_OUTPUTS);
    halves_predict(&of_halves, tokens, 3, tags);
    print(tags, 3 * HALVES_N_OUTPUTS);
    cli();
    sleep_mode();
    return 0;
}
"""


def test_on_an_avr(small, tmp_path):
    """Tables stay in flash; otherwise constants are copied into RAM, of which there are 8 kB."""
    for program in ("avr-gcc", "avr-nm", "simavr"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}")
    model, folder = small
    x = X[0][:3]
    words = random_predictor(None, width=7)
    storages = {"words": "float16", "integers": "int8", "halves": "bfloat16"}
    for prefix, storage in storages.items():
        gruc.to_c(words, tmp_path / f"{prefix}.h", prefix, storage=storage)
    (tmp_path / "program.c").write_text(AVR % ", ".join(f"{number:.9e}f" for number in x.ravel()))
    flags = [
        "-mmcu=atmega2560",
        "-std=gnu99",
        "-Os",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{gruc.get_include()}",
    ]
    subprocess.run(
        ["avr-gcc", *flags, f"-I{folder}", "program.c", "-lm", "-o", "program.elf"], cwd=tmp_path, check=True
    )
    names = subprocess.run(
        ["avr-nm", "program.elf"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    in_ram = re.findall(r" [dDbB] gruc_(\w+)_of_", names.stdout)
    # small: no numbers of the model
    assert {*in_ram} <= {"values", "ops", "kinds", "weights", "states", "rows"}
    done = subprocess.run(
        ["simavr", "-m", "atmega2560", "-f", "16000000", "program.elf"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    numbers = re.findall("=([0-9a-f]{8})", done.stdout + done.stderr)
    got = np.array([int(number, 16) for number in numbers], "uint32").view("float32")
    K = len(model.classes_)
    tags = [
        exported_steps.with_storage(words, storage).predict_proba([[10, 0, 3]])[0]
        for storage in storages.values()
    ]
    np.testing.assert_allclose(got[:K], model.predict_proba([x])[0], rtol=1e-5)
    assert np.isfinite(got[K])
    np.testing.assert_allclose(got[K + 1 :], np.concatenate(tags).ravel(), rtol=1e-5)
