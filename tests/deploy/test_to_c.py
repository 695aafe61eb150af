"""C headers of models against the models, by every compiler at hand."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import gruc
import numpy as np
import pytest
from c_programs import SANITIZE, program_of
from gruc import GRUClassifier, GRURegressor
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
    return model._predictor.link in ("two", "classes")


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

sys.path.append(str(Path(__file__).parents[2] / "tools" / "cortex_m"))
import board  # noqa: E402


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
        model.classes = labels
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
    told = program_of(BAD_INPUT, "cc", "baseline", tmp_path)("")
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
    program_of(WHOLE_BAD_INPUT, "cc", "baseline", tmp_path)("")  # exits with 0


def test_large_energies_of_attention(tmp_path):
    """Beyond 88 exp of float32 is infinite: weights are relative to the largest energy."""
    model = GRUClassifier(**FAST, pooling="attention").fit(X, y)
    predictor = model._predictor
    predictor.network.table.views(predictor.parameters)["attention.v"][:] *= 300
    predictor._packed = None
    models = {"energies": model}
    agree(program_of(program_text(models, X, tmp_path), "cc", "baseline", tmp_path)(""), models, X, atol=1e-4)


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
        ("cc", "baseline", "-O2"),
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
    one._predictor.target_scaling = one._predictor._packed = None
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


# ---- refusals


def test_refusals(tmp_path):
    X, y = vowels(2, 4)
    model, path = GRUClassifier(**FAST).fit(X, y), tmp_path / "m.h"
    with pytest.raises(TypeError, match="expected a fitted GRUClassifier or GRURegressor"):
        gruc.to_c(GRUClassifier(), path)
    for prefix in ("", "2x", "a-b", "é", "gruc", "Gruc_exported", None, "a\n"):
        with pytest.raises(ValueError, match="prefix must be a name of C"):
            gruc.to_c(model, path, prefix)
    with pytest.raises(ValueError, match="storage must be 'float32' or 'float16'; got 'int8'"):
        gruc.to_c(model, path, storage="int8")
    large = pickle.loads(pickle.dumps(model))
    large._predictor.parameters[0] = 1e5
    with pytest.raises(ValueError, match="gru.weight_ih_l0 holds 100000, float16 ends at 65504"):
        gruc.to_c(large, path, storage="float16")
    large._predictor.parameters[0] = -1e5
    with pytest.raises(ValueError, match="gru.weight_ih_l0 holds 100000"):
        gruc.to_c(large, path, storage="float16")
    gruc.to_c(large, path)  # float32 holds it
    path.unlink()
    tiny = GRUClassifier(**FAST, dtype="float64").fit([1e-40 * x for x in X], y)
    with pytest.raises(ValueError, match=r"scale of the model holds .*, too small for float32"):
        gruc.to_c(tiny, path)
    wide = GRUClassifier(**FAST, dtype="float64").fit([1e45 * x for x in X], y)
    with pytest.raises(ValueError, match=r"mean of the model holds .*, float32 cannot"):
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
    told = program_of(STATES, "cc", "baseline", tmp_path)(" ".join(f"{v:.9g}" for v in x.ravel()))
    stream = model.stream()
    stream.step(x[:8])
    states = np.concatenate(stream.state)
    np.testing.assert_allclose(told[: len(states)], states, rtol=0, atol=1e-5)
    expected = model.predict_proba([x[8:]], initial_state=stream.state)[0]
    np.testing.assert_allclose(told[len(states) :], expected, rtol=0, atol=1e-5)
