"""C headers of models against the models, by every compiler at hand."""

import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import gruc
import numpy as np
import pytest
from c_programs import SANITIZE, WARNINGS, program_of
from gruc import GRUClassifier, GRURegressor
from gruc.outputs import Classes
from helpers import STRUCTURES, structure_id
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)

# ---- programs: models and sequences are in them, they print numbers

STREAMS = """
static void run_{p}(void)
{{
    static {p}_state state;
    float out[{P}_N_OUTPUTS];
    require(sizeof state.numbers == sizeof(float) * gruc_stream_size_flat_f32(&{p}_model));
    require(sizeof state.scratch == sizeof(float) * gruc_stream_scratch_flat_f32(&{p}_model));
    require(sizeof state == {state_bytes});
    for (size_t i = 0, at = 0; i < N; at += lengths[i++]) {{
        require({p}_predict(&state, x + at * {P}_N_FEATURES, lengths[i], out) == 0);
        print(out, {P}_N_OUTPUTS);
        {p}_init(&state);
        for (size_t t = 0; t < lengths[i]; t++) {{
            require({p}_step(&state, x + (at + t) * {P}_N_FEATURES, out) == 0);
            print(out, {P}_N_OUTPUTS);
        }}
        {class_of}
    }}
}}
"""
WHOLE = """
static void run_{p}(void)
{{
    static float work[{P}_WORK(LONGEST)];
    float out[{P}_N_OUTPUTS];
    require({P}_WORK(LONGEST) >= gruc_sequence_work_flat_f32(LONGEST, &{p}_model)); /* more, where frames lie apart */
    require({P}_WORK(LONGEST) <= gruc_sequence_work_flat_f32(LONGEST + FRAME_APART, &{p}_model));
    for (size_t i = 0, at = 0; i < N; at += lengths[i++]) {{
        require({p}_predict(work, x + at * {P}_N_FEATURES, lengths[i], out) == 0);
        print(out, {P}_N_OUTPUTS);
        {class_of}
    }}
}}
"""
PROGRAM = """
{includes}
#include <stdio.h>
#include <stdlib.h>

enum {{ N = {n}, LONGEST = {longest}, FRAME_APART = 40 }};
static const size_t lengths[N] = {{{lengths}}};
static const float x[] = {{{x}}};

static void require(int holds)
{{
    if (!holds) exit(1);
}}

static void print(const float *out, size_t n)
{{
    for (size_t j = 0; j < n; j++) printf("%.9g\\n", (double)out[j]);
}}
{functions}
int main(void)
{{
    {calls}
    return 0;
}}
"""


def program_text(models, X, folder, **settings):
    """A program of models by prefix, whose headers are written into `folder`."""
    functions = []
    for prefix, model in models.items():
        report = gruc.to_c(model, folder / f"{prefix}.h", prefix=prefix, **settings)
        body = WHOLE if model.bidirectional else STREAMS
        class_of = f'printf("%d\\n", (int){prefix}_class(out));' if tells_class(model) else ""
        functions.append(
            body.format(p=prefix, P=prefix.upper(), state_bytes=report.state_bytes, class_of=class_of)
        )
    return PROGRAM.format(
        includes="\n".join(f'#include "{prefix}.h"' for prefix in models),
        functions="\n".join(functions),
        calls="\n    ".join(f"run_{prefix}();" for prefix in models),
        n=len(X),
        longest=max(map(len, X)),
        lengths=", ".join(str(len(each)) for each in X),
        x=", ".join(f"{number:.9e}f" for each in X for number in each.ravel()),
    )


def told(model, X):
    """What a program prints of a model."""
    say = model.predict_proba if hasattr(model, "classes_") else model.predict
    numbers = []
    for x in X:
        so_far = [] if model.bidirectional else [x[: t + 1] for t in range(len(x))]
        says = np.asarray(say([x, *so_far]), float)
        numbers += [*says.ravel(), *([np.argmax(says[0])] if tells_class(model) else [])]
    return np.array(numbers)


def tells_class(model):
    return model._predictor.decoding.link in ("two", "classes")


def agree(numbers, models, X, rtol=1e-5, atol=2e-6):
    for prefix, model in models.items():
        expected = told(model, X)
        got, numbers = numbers[: expected.size], numbers[expected.size :]
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol, err_msg=prefix)
    assert len(numbers) == 0


# ---- models of every kind

X, y = vowels(3, 2)
X = [np.asarray(x, "float32") for x in X]
SHORT = [*X, X[0][:1], X[3][:2]]
LABELS = np.array(["ann", "bob", 'c"\\??/é'])


def fitted(settings, targets=None):
    kind = GRUClassifier if targets is None else GRURegressor
    return kind(**FAST | settings).fit(X, LABELS[y] if targets is None else targets)


@pytest.fixture(scope="module")
def models():
    """Models by prefix: every structure, frames, and everything that an output may be."""
    models = {"s_" + structure_id(s).replace("-", "_"): fitted(s) for s in STRUCTURES}
    for k, hop in [(2, 2), (4, 1), (3, 5), (9, 4), (40, 40)]:
        for pooling in ("last", "mean", "attention"):
            for both in (False, True):
                settings = dict(frame_length=k, hop_length=hop, pooling=pooling, bidirectional=both)
                models[f"frames_{k}_{hop}_{pooling}_{both:d}"] = fitted(settings)
    models |= {
        "plain": fitted(dict(standardize=False)),
        "doubles": fitted(dict(dtype="float64")),
        "wide": fitted(dict(hidden_layer_sizes=(37, 21))),
        "one_unit": fitted(dict(hidden_layer_sizes=(1,))),
        "one": fitted({}, y * 1.5),
        "two": fitted({}, np.stack([y, 100.0 - y], axis=1)),
        "both_ways": fitted(dict(bidirectional=True, pooling="mean"), y - 1e3),
        "counts": fitted(dict(loss="poisson"), y),
        "quantiles": fitted(dict(loss="quantile", quantile=[0.1, 0.5, 0.9]), np.stack([y, y * 2.0], axis=1)),
        "binary": GRUClassifier(**FAST).fit(X, y == 1),
        "labels": GRUClassifier(**FAST).fit(X, np.stack([y == 0, y > 0], axis=1).astype(int)),
    }
    return models


@pytest.mark.parametrize(
    "compiler, build",
    [
        ("cc", "baseline"),
        ("cc", "one number at a time"),
        ("cc", "avx2"),
        ("cc", "avx512"),
        ("clang", "baseline"),
        ("clang", "avx512"),
        ("g++", "baseline"),
        ("clang++", "avx2"),
        ("aarch64-linux-gnu-gcc", "baseline"),
        ("arm-linux-gnueabihf-gcc", "baseline"),
    ],
)
def test_every_model(models, compiler, build, tmp_path):
    program = program_of(program_text(models, SHORT, tmp_path), compiler, build, tmp_path)
    agree(program(""), models, SHORT)


@pytest.mark.parametrize(
    "compiler, build", [("cc", "one number at a time"), ("cc", "avx512"), ("clang", "baseline")]
)
def test_nothing_is_read_or_written_out_of_bounds(models, compiler, build, tmp_path):
    text = program_text(models, SHORT, tmp_path)
    agree(program_of(text, compiler, build, tmp_path, SANITIZE)(""), models, SHORT)


# ---- float16


@pytest.mark.parametrize(
    "compiler, build, more",
    [
        ("cc", "baseline", SANITIZE),
        ("cc", "one number at a time", SANITIZE),
        ("cc", "avx512", SANITIZE),
        ("clang", "avx2", ()),
        ("g++", "baseline", ()),
        ("aarch64-linux-gnu-gcc", "baseline", ()),
        ("arm-linux-gnueabihf-gcc", "baseline", ()),
        ("arm-linux-gnueabihf-gcc", "baseline", ("-mfp16-format=ieee",)),
    ],
)
def test_float16(models, compiler, build, more, tmp_path):
    some = [
        "after_5_forward_attention",
        "before_4x3_forward_max",
        "after_4x3_both_mean",
        "before_5_both_last",
    ]
    halves = {name: models[name] for name in [f"s_{name}" for name in some] + ["wide", "quantiles"]}
    text = program_text(halves, X, tmp_path, storage="float16").replace("_flat_f32", "_half_f32")
    rounded = {prefix: with_halves(model) for prefix, model in halves.items()}
    agree(program_of(text, compiler, build, tmp_path, more)(""), rounded, X)


def with_halves(model):
    """A copy of the model with its matrices rounded to float16."""
    copy = pickle.loads(pickle.dumps(model))
    predictor = copy._predictor
    for name, weights in predictor.network.table.views(predictor.parameters).items():
        if "weight" in name:
            weights[...] = weights.astype("float16")
    return copy


def test_loss_of_accuracy_is_told(tmp_path):
    X, y = vowels(9, 30)
    model = GRUClassifier((16,), frame_length=1, max_iter=5, random_state=0).fit(X, y)
    full = gruc.to_c(model, tmp_path / "full.h", X=X)
    assert full.weight_error == 0
    assert full.largest_change == full.changed == 0  # nothing is lost
    assert gruc.to_c(model, tmp_path / "full.h")[3:] == (None, None)
    half = gruc.to_c(model, tmp_path / "half.h", storage="float16", X=X)
    n_matrix = 12 * 48 + 16 * 48 + 16 * 9
    assert full.constant_bytes - half.constant_bytes == 2 * n_matrix
    assert 2.0**-13 < half.weight_error <= 2.0**-11
    rounded = with_halves(model)
    change = np.abs(rounded.predict_proba(X) - model.predict_proba(X)).max()
    assert half.largest_change == pytest.approx(change, rel=1e-5)
    assert half.changed == np.mean(rounded.predict(X) != model.predict(X))
    text = (tmp_path / "half.h").read_text()
    assert f"up to {half.largest_change:.1e}" in text
    assert f"{half.changed:.2%}" in text

    forecast = GRURegressor(**FAST).fit(X, 1000.0 * y)
    told = gruc.to_c(forecast, tmp_path / "half.h", storage="float16", X=X)
    change = np.abs(with_halves(forecast).predict(X) - forecast.predict(X)).max()
    assert told.largest_change == pytest.approx(change, rel=1e-3)  # rounding to float32 comes to it
    assert told.changed is None


# ---- microcontrollers

sys.path += [str(Path(__file__).parents[2] / "tools" / "cortex_m"), str(Path(__file__).parents[2] / "tools")]
import board  # noqa: E402
import hidden_macros  # noqa: E402


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


# ---- what a program is told


@pytest.mark.parametrize(
    "labels, declared",
    [
        ([3, -7], "const int m_classes[2] = {-7, 3}"),
        ([3, 40000], "const int32_t m_classes[2] = {INT32_C(3), INT32_C(40000)}"),
        ([2**63, 3], "const uint64_t m_classes[2] = {UINT64_C(3), UINT64_C(9223372036854775808)}"),
        ([2**40, -1], "const int64_t m_classes[2] = {INT64_C(-1), INT64_C(1099511627776)}"),
        ([0.5, 2.0], "const double m_classes[2] = {0.5, 2.0}"),
        ([True, False], "const int m_classes[2] = {0, 1}"),
        (["a\n", "ü"], 'const char *const m_classes[2] = {"a\\012", "\\303\\274"}'),
    ],
)
def test_classes(labels, declared, tmp_path):
    X, y = vowels(2, 2)
    labels = np.array(labels, "uint64" if 2**63 in labels else None)
    if labels.dtype.kind == "f":  # scikit-learn takes floats that are no integers for targets
        model = GRUClassifier(**FAST).fit(X, y)
        model = gruc.runtime.Predictor.from_estimator(model)
        model.decoding = Classes(labels)
    else:
        model = GRUClassifier(**FAST).fit(X, labels[y])
    gruc.to_c(model, tmp_path / "m.h", "m")
    assert declared in (tmp_path / "m.h").read_text()


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
    told = program_of(BAD_INPUT, "cc", "baseline", tmp_path, ["-O0"])("")
    label = model.predict([np.zeros((2, 12))])[0]
    assert told.tolist() == [float(label), float(np.flatnonzero(model.classes_ == label)[0])]


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


def test_large_energies_of_attention(tmp_path):
    """Beyond 88 exp of float32 is infinite: weights are relative to the largest energy."""
    model = GRUClassifier(**FAST, pooling="attention").fit(X, y)
    predictor = model._predictor
    predictor.network.table.views(predictor.parameters)["attention.v"][:] *= 300
    predictor._packed = None
    models = {"energies": model}
    agree(
        program_of(program_text(models, X, tmp_path), "cc", "baseline", tmp_path, ["-O0"])(""),
        models,
        X,
        atol=1e-4,
    )


def test_fast_math_is_refused(tmp_path):
    gruc.to_c(GRUClassifier(**FAST).fit(X, y), tmp_path / "m.h", "m")
    (tmp_path / "m.c").write_text('#include "m.h"\n')
    command = ["cc", "-ffast-math", f"-I{gruc.get_include()}", "-c", "m.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "compile without -ffast-math" in done.stderr


REFERENCE = 0.42604989  # three steps of 0.7 through one unit, all weights and biases 0.3


@pytest.fixture(scope="module")
def delicate():
    """Sequences, and models by prefix whose numbers a compiler that reorders arithmetic would spoil."""
    X, y = vowels(3, 2)
    far = [np.asarray(np.float32(1e4 * x + 1e7), "float32") for x in X]  # float32 has 7 digits
    models = {"far": GRUClassifier(**FAST, pooling="attention").fit(far, y)}
    return far, models


@pytest.mark.parametrize(
    "compiler, build, flags",
    [
        ("cc", "baseline", "-O3 -funsafe-math-optimizations"),
        ("cc", "one number at a time", "-O2 -fassociative-math -fno-signed-zeros -fno-trapping-math"),
        ("cc", "avx2", "-O3 -funsafe-math-optimizations -std=gnu11"),
        ("cc", "baseline", "-O2 -ffinite-math-only -freciprocal-math"),
        ("clang", "baseline", "-O3 -funsafe-math-optimizations"),
        ("clang", "one number at a time", "-O2 -ffinite-math-only"),
    ],
)
def test_flags_that_let_a_compiler_reorder_arithmetic(delicate, compiler, build, flags, tmp_path):
    X, models = delicate
    one = GRURegressor((1,), frame_length=1, standardize=False, max_iter=1, random_state=0)
    one.fit([np.ones((3, 1))] * 2, [0.0, 1.0])
    one._predictor.parameters[:] = 0.3
    one._predictor.decoding.scaling = one._predictor._packed = None
    gruc.to_c(one, tmp_path / "one.h", "one")
    text = program_text(models, X, tmp_path).replace("int main(void)\n{", ONE)
    numbers = program_of('#include "one.h"\n' + text, compiler, build, tmp_path, flags.split())("")
    assert numbers[0] == pytest.approx(REFERENCE, abs=2e-7)
    agree(numbers[1:], models, X)


ONE = """int main(void)
{
    static one_state state;
    const float steps[] = {0.7f, 0.7f, 0.7f};
    float out, bad[] = {0.7f, 0.0f, 0.7f};
    require(one_predict(&state, steps, 3, &out) == 0);
    print(&out, 1);
    const uint32_t not_a_number = 0x7fc00000u, infinity = 0x7f800000u;
    memcpy(bad + 1, &not_a_number, 4);
    require(one_predict(&state, bad, 3, &out) == 1);
    memcpy(bad + 1, &infinity, 4);
    require(one_predict(&state, bad, 3, &out) == 1);
"""


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


# ---- other people's programs


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A model, and the folder of its headers: m.h, both.h for both directions."""
    folder = tmp_path_factory.mktemp("small")
    model = GRUClassifier(**FAST, pooling="attention").fit(X, LABELS[y])
    gruc.to_c(model, folder / "m.h", "m")
    gruc.to_c(
        GRURegressor(**FAST, bidirectional=True).fit(X, y), folder / "both.h", "both", storage="float16"
    )
    return model, folder


def compiles(text, folder, compiler="cc", *flags):
    """What the compiler says of a program; "" where it has nothing to say."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    language = "c++" if compiler.endswith("++") else "c"
    command = [
        compiler,
        "-x",
        language,
        "-fsyntax-only",
        *WARNINGS,
        *flags,
        f"-I{gruc.get_include()}",
        "-I.",
        "-",
    ]
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True).stderr


@pytest.mark.parametrize("compiler", ["cc", "clang", "g++"])
def test_macros_of_a_program(small, compiler):
    """Whatever it has defined, the headers are as they were, and so are its macros."""
    _, folder = small
    for name, text in hidden_macros.contents().items():
        written = (hidden_macros.INCLUDE / name).read_text()
        assert written == text, f"{name} is out of date: python tools/hidden_macros.py"
    names = re.findall(r"#undef (\w+)", hidden_macros.contents()["hide_macros.h"])
    assert {"N", "H", "K", "T", "ROWS", "LANES", "real", "vec", "stored", "outside", "state", "x"} <= {*names}
    generated = (folder / "m.h").read_text() + (folder / "both.h").read_text()
    own = r"(m|both|M|BOTH)_\w+$|gruc_\w+|GRUC_\w+"
    assert {n for n in hidden_macros.names_in(generated) if not re.match(own, n)} <= {*names}
    text = '#include <stdio.h>\n#include "gruc/base/portability.h"\n'
    text += "".join(f"#define {name} 4711 +\n" for name in names)
    text += '#include "m.h"\n#include "both.h"\n#include "gruc/gruc.h"\n'
    text += "".join(f"#if {name} 1 != 4712\n#error {name}\n#endif\n#undef {name}\n" for name in names)
    assert compiles(text + "int main(void) { return 0; }\n", folder, compiler) == ""


@pytest.mark.parametrize(
    "compiler, standards",
    [
        ("cc", "c99 gnu11 c2x"),
        ("clang", "c99 c17"),
        ("g++", "c++11 c++20"),
        ("clang++", "c++17"),
    ],
)
def test_standards(small, compiler, standards):
    """No warning under any, twice included, and with macros of the C library as it likes them."""
    text = '#include "m.h"\n#include "both.h"\n#include "m.h"\nint main(void) { return 0; }\n'
    for standard in standards.split():
        assert compiles(text, small[1], compiler, f"-std={standard}") == "", standard


def test_any_two_prefixes_go_together(tmp_path):
    """Names that are made of one are never those of another."""
    models = {
        "speed": GRURegressor(**FAST, pooling="attention").fit(X, y * 1.5),
        "speed_target": GRURegressor(**FAST, pooling="attention").fit(X, 7.0 - y),
        "speed_target_mean": fitted({}),
        "speed_step": fitted({}),
        "speed_of_speed": fitted(dict(hidden_layer_sizes=(3, 2))),
        "N": fitted({}),
        "mean_of": fitted({}),
    }
    agree(program_of(program_text(models, X, tmp_path), "cc", "baseline", tmp_path, ["-O0"])(""), models, X)


def test_what_does_not_fit_is_an_error_of_the_compiler(small, tmp_path):
    model, folder = small
    gruc.to_c(model, tmp_path / "upper.h", "M")
    other = GRUClassifier(**FAST | dict(random_state=1)).fit(X, LABELS[y])
    gruc.to_c(other, tmp_path / "other.h", "m")
    for name in ("upper.h", "other.h"):
        told = compiles(f'#include "{folder / "m.h"}"\n#include "{name}"\n', tmp_path)
        assert '"M_N_FEATURES is already defined: give each model a prefix of its own' in told
    # headers of format 1 say so themselves
    text = (folder / "m.h").read_text()
    (tmp_path / "old.h").write_text(text.replace("GRUC_EXPORT_FORMAT != 2", "GRUC_EXPORT_FORMAT != 1"))
    assert "written for other headers of gruc" in compiles('#include "old.h"\n', tmp_path)


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


@pytest.mark.parametrize("build", ["baseline", "one number at a time", "avx512"])
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
    subnormal, told, *states = program_of(SILENCE, "cc", build, tmp_path)("")
    assert subnormal == 0
    assert not np.any(states)
    x = np.zeros((3001, 1))
    x[0] = 1
    np.testing.assert_allclose(told, model.predict([x])[0], rtol=1e-5)


AVR = """
#include "m.h"
#include "both.h"
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
    cli();
    sleep_mode();
    return 0;
}
"""


def test_on_an_avr(small, tmp_path):
    """Tables stay in flash: constants would else be copied into RAM, of which there are 8 kB."""
    for program in ("avr-gcc", "avr-nm", "simavr"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}")
    model, folder = small
    x = X[0][:3]
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
    assert {*in_ram} <= {"units", "layers"}
    done = subprocess.run(
        ["simavr", "-m", "atmega2560", "-f", "16000000", "program.elf"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    numbers = re.findall("=([0-9a-f]{8})", done.stdout + done.stderr)
    got = np.array([int(number, 16) for number in numbers], "uint32").view("float32")
    np.testing.assert_allclose(got[:-1], model.predict_proba([x])[0], rtol=1e-5)
    assert np.isfinite(got[-1])


# ---- refusals


def test_refusals(tmp_path):
    X, y = vowels(2, 4)
    model, path = GRUClassifier(**FAST).fit(X, y), tmp_path / "m.h"
    with pytest.raises(TypeError, match="expected a fitted GRUClassifier or GRURegressor"):
        gruc.to_c(GRUClassifier(), path)
    for prefix in ("", "2x", "a-b", "é", "gruc", "Gruc_exported", None, "a\n"):
        with pytest.raises(ValueError, match="prefix must be a C identifier"):
            gruc.to_c(model, path, prefix)
    with pytest.raises(ValueError, match="storage must be 'float32' or 'float16'; got 'int8'"):
        gruc.to_c(model, path, storage="int8")
    large = pickle.loads(pickle.dumps(model))
    large._predictor.parameters[0] = 1e5
    with pytest.raises(ValueError, match="gru.weight_ih_l0 contains 100000, above 65504"):
        gruc.to_c(large, path, storage="float16")
    large._predictor.parameters[0] = -1e5
    with pytest.raises(ValueError, match="gru.weight_ih_l0 contains 100000"):
        gruc.to_c(large, path, storage="float16")
    gruc.to_c(large, path)  # float32 holds it
    path.unlink()
    tiny = GRUClassifier(**FAST, dtype="float64").fit([1e-40 * x for x in X], y)
    with pytest.raises(ValueError, match=r"scale of the model contains .*, too small for float32"):
        gruc.to_c(tiny, path)
    wide = GRUClassifier(**FAST, dtype="float64").fit([1e45 * x for x in X], y)
    with pytest.raises(ValueError, match=r"mean of the model contains .*, too large for float32"):
        gruc.to_c(wide, path)
    with pytest.raises(FileNotFoundError):
        gruc.to_c(model, tmp_path / "nowhere" / "m.h")
    assert list(tmp_path.iterdir()) == []  # nothing half-written


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
    told = program_of(STATES, "cc", "baseline", tmp_path, ["-O0"])(" ".join(f"{v:.9g}" for v in x.ravel()))
    stream = model.stream()
    stream.step(x[:8])
    states = np.concatenate(stream.state)
    np.testing.assert_allclose(told[: len(states)], states, rtol=0, atol=1e-5)
    expected = model.predict_proba([x[8:]], initial_state=stream.state)[0]
    np.testing.assert_allclose(told[len(states) :], expected, rtol=0, atol=1e-5)
