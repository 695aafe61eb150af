"""Text of an exported C header, around the tables of the model."""

import re
import zlib
from typing import NamedTuple

from ..files.labels import labels_as_json
from .c_comment import comment
from .c_constants import float_literal, sequence_floats, stream_floats
from .c_language import language_declarations

EXPORT_FORMAT = 4  # GRUC_EXPORT_FORMAT of include/gruc/exported.h
# headers of gruc with the kernels, by what matrices are stored as
HEADERS = {
    "float32": "exported", "float16": "exported", "bfloat16": "exported_bfloat16", "int8": "exported_int8"
}  # fmt: skip
# C types of integer labels, each with the bounds between which labels fit, and its literals
INTEGER_TYPES = [
    (-(2**15), 2**15, "int", "{}"),
    (-(2**31), 2**31, "int32_t", "INT32_C({})"),
    (-(2**63), 2**63, "int64_t", "INT64_C({})"),
    (-1, 2**64, "uint64_t", "UINT64_C({})"),
]


def header_text(predictor, prefix, constants, report, *, characters=None, forecasts=None, language=None):
    """The whole header.

    `constants` are its ModelConstants, `report` its CExport, `characters` those of a model of texts,
    `forecasts` the ForecastFunctions of a forecaster, `language` the Vocabulary of a language model.
    """
    bidirectional = predictor.config["bidirectional"]
    functions = _sequence_functions if bidirectional else _stream_functions
    initializers = "\n".join(f"    {value}, /* {member} */" for value, member in constants.members)
    body = "\n\n".join([
        _macros(predictor, prefix, constants),
        *(_label_table(predictor, prefix) if language is None else []),
        *([] if characters is None else characters.declarations(prefix)),
        *constants.tables,
        f"static const gruc_model {prefix}_model = {{\n{initializers}\n}};",
        functions(prefix, constants),
        *([_class_function(prefix)] if predictor.decoding.link in ("two", "classes") else []),
        *([] if language is None else language_declarations(prefix, language, characters is not None)),
        *([] if forecasts is None else forecasts.declarations()),
    ])  # fmt: skip
    guard = f"GRUC_MODEL_{prefix}_{zlib.crc32(body.encode()):08x}"  # differs between models
    parts = [
        comment(predictor, prefix, constants, report, characters, forecasts, language),
        f"#ifndef {guard}\n#define {guard}",
        f'#include "gruc/{HEADERS[constants.storage]}.h"',
        f"#if GRUC_EXPORT_FORMAT != {EXPORT_FORMAT}",
        '#error "written for other headers of gruc: write it again with the gruc that these come from"',
        "#endif",
        f"#ifdef {prefix.upper()}_N_OUTPUTS",
        f'#error "{prefix.upper()}_N_OUTPUTS is already defined: give each model a prefix of its own, '
        'that differs in more than case"',
        "#endif",
        '#include "gruc/hide_macros.h"',
        body,
        '#include "gruc/restore_macros.h"',
        "#endif",
    ]
    return "\n\n".join(parts) + "\n"


def _macros(predictor, prefix, constants):
    config, upper = predictor.config, prefix.upper()
    reads = f"#define {upper}_N_FEATURES {predictor.n_features_in} /* of a step */"
    if constants.reads_tokens:
        reads = f"#define {upper}_N_TOKENS {predictor.inputs.n_tokens} /* a step is one of 0, 1, ... */"
    lines = [
        reads,
        f"#define {upper}_N_OUTPUTS {predictor.decoding.result_size} /* of a prediction */",
    ]
    if config["bidirectional"]:
        once, per_frame = sequence_floats(constants)
        length, hop = predictor.inputs.framing
        frames = "(n_steps)"
        if (length, hop) != (1, 1):
            frames = f"((n_steps) <= {length} ? 1 : 1 + ((n_steps) - {length} + {hop - 1}) / {hop})"
        if (stride := predictor.network.stride) > 1:
            frames = f"(({frames} + {stride - 1}) / {stride})"
        more = f" + {per_frame} * {frames}" if per_frame else ""
        lines.append(f"#define {upper}_WORK(n_steps) ({once}{more}) /* floats for n_steps steps */")
    else:
        n_states = predictor.network.states_width
        of_units = "units" if n_states == sum(config["hidden_layer_sizes"]) else "h and c_prev of the units"
        lines.append(f"#define {upper}_N_STATES {n_states} /* {of_units} of all layers */")
    return "\n".join(lines)


def _label_table(predictor, prefix):
    """The table of a classifier's labels, as a list; empty for a regressor."""
    if predictor.decoding.classes is None:
        return []
    labels = labels_as_json(predictor.decoding.classes)
    kind, values = labels["kind"], labels["values"]
    if kind == "string":
        c_type, literals = "char *const", [_string_literal(value) for value in values]
    elif kind == "float":
        c_type, literals = "double", [float_literal(value, "{!r}") for value in values]
    else:
        types = [each for low, high, *each in INTEGER_TYPES if low < min(values) and max(values) < high]
        if not types:
            raise ValueError(f"classes are {min(values)} to {max(values)}, which no integer type of C holds.")
        c_type, form = types[0]
        literals = [form.format(int(value)) for value in values]
    return [f"static const {c_type} {prefix}_classes[{len(values)}] = {{{', '.join(literals)}}};"]


def _string_literal(text):
    """A literal of a string in UTF-8, with all but a few plain characters in octal."""
    plain = re.compile(rb"[A-Za-z0-9 _.,:;+-]")
    data = text.encode()
    return '"' + "".join(chr(b) if plain.match(bytes([b])) else f"\\{b:03o}" for b in data) + '"'


class _Steps(NamedTuple):
    """How functions of a header take the steps of a sequence."""

    one: str  # declares a step
    several: str  # and several
    place: str  # how step t of several is passed on
    refused: str  # the condition that a step, %s, is not taken
    all_of_them: str  # all steps, in words
    wrong: str  # what is refused, in words


def _steps(prefix, constants):
    upper = prefix.upper()
    if constants.reads_tokens:
        return _Steps(
            one="int32_t token",
            several="const int32_t *tokens",
            place="tokens[t]",
            refused=f"%s < 0 || %s >= {upper}_N_TOKENS",
            all_of_them="tokens[n_steps]",
            wrong=f"a token is negative or not below {upper}_N_TOKENS",
        )
    return _Steps(
        one="const float *x",
        several="const float *x",
        place=f"x + t * {upper}_N_FEATURES",
        refused=f"{constants.function('misfit')}(%s, &{prefix}_model.inputs) < {upper}_N_FEATURES",
        all_of_them=f"x[n_steps][{upper}_N_FEATURES]",
        wrong="x contains NaN or a value that is too large",
    )


def _stream_functions(prefix, constants):
    upper, steps = prefix.upper(), _steps(prefix, constants)
    step = constants.function("stream_token" if constants.reads_tokens else "stream_step")
    result = constants.function("stream_result")
    state, scratch = stream_floats(constants)
    name = steps.one.split()[-1].lstrip("*")
    memory = "&state->n_steps, state->numbers, state->scratch"
    now = f"state->n_steps, state->numbers, state->scratch, &{prefix}_model"
    if constants.answers_each_step:
        so_far, whole = "its prediction", f"each step of {steps.all_of_them}, out[n_steps][{upper}_N_OUTPUTS]"
        told = f"        {result}(out + t * {upper}_N_OUTPUTS, {now});\n    }}"
    else:
        so_far, whole = "the prediction for the sequence so far", f"a whole sequence {steps.all_of_them}"
        told = f"    }}\n    {result}(out, {now});"
    taken = "" if constants.reads_tokens else f" x[{upper}_N_FEATURES]"
    return f"""\
typedef struct {{
    uint64_t n_steps;
    float numbers[{state}], scratch[{scratch}];
}} {prefix}_state;

/* Begins a sequence. */
GRUC_STATIC void {prefix}_init({prefix}_state *state)
{{
    state->n_steps = 0;
    memset(state->numbers, 0, sizeof state->numbers);
}}

/* Takes one step{taken} and, unless out is NULL, writes {so_far} to it.
 * Returns 0; or 1 if {steps.wrong}, and then nothing has changed. */
GRUC_STATIC int {prefix}_step({prefix}_state *state, {steps.one}, float *out)
{{
    if ({steps.refused.replace("%s", name)}) return 1;
    {step}({memory}, {name}, &{prefix}_model);
    if (out) {result}(out, {now});
    return 0;
}}

/* Predicts for {whole}, after which steps may follow.
 * Returns 0; or 1 if n_steps is 0 or {steps.wrong}, and then nothing has changed. */
GRUC_STATIC int {prefix}_predict({prefix}_state *state, {steps.several}, size_t n_steps, float *out)
{{
    for (size_t t = 0; t < n_steps; t++)
        if ({steps.refused.replace("%s", steps.place)}) return 1;
    if (n_steps == 0) return 1;
    {prefix}_init(state);
    for (size_t t = 0; t < n_steps; t++) {{
        {step}({memory}, {steps.place}, &{prefix}_model);
{told}
    return 0;
}}"""


def _sequence_functions(prefix, constants):
    upper, steps = prefix.upper(), _steps(prefix, constants)
    name = steps.several.split("*")[-1]
    whole = f"a whole sequence {steps.all_of_them}"
    if constants.answers_each_step:
        whole = f"each step of {steps.all_of_them}, out[n_steps][{upper}_N_OUTPUTS]"
    return f"""\
/* Predicts for {whole}, which the model also reads from its end.
 * work is {upper}_WORK(n_steps) floats. Returns 0; or 1 if n_steps is 0 or {steps.wrong},
 * and then out is unchanged. */
GRUC_STATIC int {prefix}_predict(float *work, {steps.several}, size_t n_steps, float *out)
{{
    for (size_t t = 0; t < n_steps; t++)
        if ({steps.refused.replace("%s", steps.place)}) return 1;
    if (n_steps == 0) return 1;
    {constants.function("sequence_result")}(out, work, {name}, n_steps, &{prefix}_model);
    return 0;
}}"""


def _class_function(prefix):
    upper = prefix.upper()
    return f"""\
/* Index into {prefix}_classes of the most probable class */
GRUC_STATIC size_t {prefix}_class(const float *out)
{{
    size_t best = 0;
    for (size_t j = 1; j < {upper}_N_OUTPUTS; j++)
        if (out[j] > out[best]) best = j;
    return best;
}}"""
