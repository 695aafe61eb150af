"""Programs over headers that `to_c` writes: models and sequences are in them, they print numbers."""

import io
import pickle

import gruc
import numpy as np
from gruc import GRUClassifier, GRURegressor
from problems import vowels

FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


STREAMS = """
static void run_{p}(void)
{{
    static {p}_state state;
    float out[{P}_N_OUTPUTS];
    size_t frame = {p}_model.inputs.frame_length * {p}_model.inputs.n_features;
    require(sizeof state.numbers == sizeof(float) * ({p}_model.memory.states_size + frame));
    require(sizeof state.scratch == sizeof(float) * {p}_model.memory.scratch_size);
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

# the end of a program, as a template
MAIN = """\
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

PROGRAM = (
    """
{includes}
#include <stdio.h>
#include <stdlib.h>

enum {{ N = {n}, LONGEST = {longest}, FRAME_APART = 40 }};
static const size_t lengths[N] = {{{lengths}}};
static const float x[] = {{{x}}};

"""
    + MAIN
)


def program_text(models, X, folder, **settings):
    """A program of models by prefix, whose headers are written into `folder`."""
    functions = []
    for prefix, model in models.items():
        report = gruc.to_c(model, folder / f"{prefix}.h", prefix=prefix, **settings)
        body = WHOLE if model.bidirectional else STREAMS
        class_of = f'printf("%d\\n", (int){prefix}_class(out));' if has_class(model) else ""
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


def expected_output(model, X):
    """What a program of the model prints."""
    predict = model.predict_proba if hasattr(model, "classes_") else model.predict
    numbers = []
    for x in X:
        so_far = [] if model.bidirectional else [x[: t + 1] for t in range(len(x))]
        values = np.asarray(predict([x, *so_far]), float)
        numbers += [*values.ravel(), *([np.argmax(values[0])] if has_class(model) else [])]
    return np.array(numbers)


def has_class(model):
    return model._predictor.decoding.link in ("two", "classes")


def agree(numbers, models, X, rtol=1e-5, atol=2e-6):
    for prefix, model in models.items():
        expected = expected_output(model, X)
        got, numbers = numbers[: expected.size], numbers[expected.size :]
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol, err_msg=prefix)
    assert len(numbers) == 0


X, y = vowels(3, 2)
X = [np.asarray(x, "float32") for x in X]
SHORT = [*X, X[0][:1], X[3][:2]]
LABELS = np.array(["ann", "bob", 'c"\\??/é'])


def fitted(settings, targets=None):
    kind = GRUClassifier if targets is None else GRURegressor
    return kind(**FAST | settings).fit(X, LABELS[y] if targets is None else targets)


def with_storage(model, storage):
    """The model as its file with such weights has it."""
    file = io.BytesIO()
    model.save(file, weights=storage)
    return gruc.load(file.getvalue())


def with_halves(model):
    """A copy of the model with its matrices rounded to float16."""
    return with_rounded(model, "float16")


def with_rounded(model, storage):
    """A copy of the model with its matrices rounded to float16 or bfloat16, normalisations being part of them."""
    copy = pickle.loads(pickle.dumps(model))
    predictor = copy._predictor
    views = predictor.network.table.views(predictor.parameters)
    convolutions = predictor.network.convolutions
    not_as_they_are = {name for layer in convolutions for name in (layer.weight, *layer.norm)}
    for name, weights in views.items():
        if "weight" in name and name not in not_as_they_are:
            weights[...] = rounded(weights, storage)
    for convolution in convolutions:  # what is rounded has the normalisation in it
        folded, factor = convolution.folded(views)[0], convolution.factor(views)
        views[convolution.weight][...] = rounded(folded, storage) / factor
    return copy


def rounded(matrix, storage):
    """Numbers of float16, or those of which float32 keeps the upper half, to even."""
    if storage == "float16":
        return matrix.astype("float16")
    mantissa, exponent = np.frexp(np.asarray(matrix, np.float64))
    return np.ldexp(np.rint(mantissa * 2.0**8), exponent - 8)
