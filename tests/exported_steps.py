"""Programs over headers of `random_models`, which `to_c` writes: they print the answers for some sequences."""

import gruc
import numpy as np
from exported_c import MAIN
from gruc.files.storage import Stored
from gruc.sequences import Tokens
from random_models import random_sequences_for

STREAM = """
static void run_{p}(const {type} *x, size_t n_steps)
{{
    static {p}_state state;
    static float out[LONGEST * {P}_N_OUTPUTS];
    require(sizeof state == {state_bytes});
    {p}_init(&state);
    for (size_t t = 0; t < n_steps; t++) {{
        require({p}_step(&state, {step}, out) == 0);
        print(out, {P}_N_OUTPUTS);
    }}
    require({p}_predict(&state, x, n_steps, out) == 0);
    require(state.n_steps == n_steps);
    print(out, {n_answers} * {P}_N_OUTPUTS);
}}
"""
WHOLE = """
static void run_{p}(const {type} *x, size_t n_steps)
{{
    static float work[{P}_WORK(LONGEST)], out[LONGEST * {P}_N_OUTPUTS];
    require({P}_WORK(LONGEST) == gruc_sequence_work_flat_f32(LONGEST, &{p}_model));
    require({p}_predict(work, x, n_steps, out) == 0);
    print(out, {n_answers} * {P}_N_OUTPUTS);
}}
"""
PROGRAM = (
    """
{includes}
#include <stdio.h>
#include <stdlib.h>
enum {{ LONGEST = {longest} }};
"""
    + MAIN
)


def program_text(predictors, folder, **settings):
    """A program that prints the answers of predictors by prefix, whose headers are written into `folder`."""
    functions, calls, longest = [], [], 0
    for prefix, predictor in predictors.items():
        report = gruc.to_c(predictor, folder / f"{prefix}.h", prefix=prefix, **settings)
        tokens = isinstance(predictor.inputs, Tokens)
        functions.append(
            (WHOLE if predictor.config["bidirectional"] else STREAM).format(
                p=prefix,
                P=prefix.upper(),
                type="int32_t" if tokens else "float",
                step="x[t]" if tokens else f"x + t * {prefix.upper()}_N_FEATURES",
                state_bytes=report.state_bytes,
                n_answers="n_steps" if predictor.config["pooling"] is None else "1",
            )
        )
        for i, x in enumerate(random_sequences_for(predictor)):
            name = f"x{i}_of_{prefix}"
            numbers = ", ".join(str(token) if tokens else f"{token:.9e}f" for token in x.ravel())
            functions.append(f"static const {'int32_t' if tokens else 'float'} {name}[] = {{{numbers}}};")
            calls.append(f"run_{prefix}({name}, {len(x)});")
            longest = max(longest, len(x))
    return PROGRAM.format(
        includes="\n".join(f'#include "{prefix}.h"' for prefix in predictors),
        functions="\n".join(functions),
        calls="\n    ".join(calls),
        longest=longest,
    )


def expected_output(predictor):
    """What a program of the predictor prints."""
    predict = predictor.predict if predictor.classes is None else predictor.predict_proba
    numbers = []
    for x in random_sequences_for(predictor):
        last = np.ravel(predict([x])[0])
        so_far = last
        if predictor.config["pooling"] is not None:
            so_far = np.ravel(predict([x[: t + 1] for t in range(len(x))]))
        numbers += [last] if predictor.config["bidirectional"] else [so_far, last]
    return np.concatenate(numbers)


def agree(numbers, predictors, rtol=1e-5, atol=2e-6):
    for prefix, predictor in predictors.items():
        expected = expected_output(predictor)
        got, numbers = numbers[: len(expected)], numbers[len(expected) :]
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol, err_msg=prefix)
    assert len(numbers) == 0


def with_halves(predictor):
    """The predictor with its matrices rounded to float16."""
    return with_storage(predictor, "float16")


def with_storage(predictor, storage):
    """The predictor with its matrices rounded as a file has them."""
    return predictor.with_weights({
        name: Stored.of(weight, storage, name).expanded(weight.dtype) if "weight" in name else weight
        for name, weight in predictor.weights.items()
    })  # fmt: skip


# what names of kernels have in place of "flat"
KERNELS = {"float32": "_flat_f32", "float16": "_half_f32", "bfloat16": "_bfloat_f32", "int8": "_int8_f32"}
