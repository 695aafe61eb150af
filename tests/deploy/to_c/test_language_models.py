"""Exported C of language models: probabilities of what comes next, and texts that programs write."""

import gruc
import numpy as np
import pytest
from c_programs import builds, program_of
from gruc import GRULanguageModel

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TEXT = "what a day, what a day! 你好，你好。 " * 30
FAST = dict(hidden_layer_sizes=(9,), embedding_dim=5, window=8, batch_size=4, max_iter=4, random_state=0)
MODELS = {
    "plain": (dict(FAST), TEXT),
    "tied": (FAST | {"tie_weights": True}, TEXT),
    "tied, as wide": (FAST | {"tie_weights": True, "embedding_dim": 9}, TEXT),
    "tied, two layers": (FAST | {"tie_weights": True, "hidden_layer_sizes": (6, 17)}, TEXT),
    "several texts": (dict(FAST), TEXT.split(" ")),
}
# prints the logarithms of probabilities along a text, what is likeliest after it, and what is drawn
PROGRAM = """
#include "m.h"
#include <math.h>
#include <stdio.h>

static const uint32_t text[] = {%(text)s};
static const float uniforms[] = {%(uniforms)s};

int main(void)
{
    static m_state state;
    float out[M_N_OUTPUTS];
    int32_t token = M_END;
    m_init(&state);
    for (size_t t = 0;; t++) {
        if (m_step(&state, token, out)) return 1;
        for (size_t j = 0; j < M_N_OUTPUTS; j++) printf("%%.9g\\n", log((double)out[j]));
        if (t == sizeof text / sizeof *text) break;
        token = m_token(text[t]);
    }
    for (int i = 0; i < 30; i++) {
        token = (int32_t)m_class(out);
        printf("%%lu\\n", (unsigned long)m_character(token));
        if (m_step(&state, token, out)) return 1;
    }
    m_init(&state);
    if (m_step(&state, M_END, out)) return 1;
    for (size_t i = 0; i < sizeof uniforms / sizeof *uniforms; i++) {
        token = m_draw(out, uniforms[i]);
        printf("%%lu\\n", (unsigned long)m_character(token));
        if (token == M_END) break;
        if (m_step(&state, token, out)) return 1;
    }
    return 0;
}
"""


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "compiler, build, more",
    builds(
        ("cc", "baseline", ()),
        ("cc", "avx2", ()),
        ("cc", "one number at a time", ()),
        ("cc", "baseline", ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")),
    ),
)
def test_log_probabilities_and_samples(name, compiler, build, more, tmp_path):
    settings, X = MODELS[name]
    model, text = GRULanguageModel(**settings).fit(X), "what 你们"
    assert gruc.to_c(model, tmp_path / "m.h", prefix="m").state_bytes < 1000
    uniforms = np.random.default_rng(3).random(60).astype(np.float32)
    source = PROGRAM % {
        "text": ", ".join(str(ord(character)) for character in text),
        "uniforms": ", ".join(f"{uniform:.9e}f" for uniform in uniforms),
    }
    numbers = program_of(source, compiler, build, tmp_path, more)("")
    stream = model.stream()
    expected = [stream.log_probabilities, *(stream.step(character) for character in text)]
    told, written = np.split(numbers, [np.size(expected)])
    np.testing.assert_allclose(told, np.concatenate(expected), rtol=0, atol=1e-4)
    likeliest = model.sample(30, prefix=text, temperature=0)
    if "\0" not in likeliest and name != "several texts":  # whose greedy text ends
        assert "".join(map(chr, written[:30].astype(int))) == likeliest
    drawn = "".join(map(chr, written[30:].astype(int))).rstrip("\0")
    assert drawn == model.sample(60, random_state=FixedNumbers(uniforms))


class FixedNumbers(np.random.Generator):
    """A generator that gives these numbers."""

    def __init__(self, numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = numbers

    def random(self, n):
        return self.numbers[:n].astype(np.float64)


def test_float16_and_words(tmp_path):
    """Words have no characters; the header has the end and what draws."""
    model = GRULanguageModel(**FAST | {"tie_weights": True}, analyzer="word").fit(TEXT)
    report = gruc.to_c(model, tmp_path / "m.h", prefix="m", storage="float16")
    halves = sum(weight.size for name, weight in model.weights_.items() if ".weight" in name)
    assert report.constant_bytes < 2 * halves + 4 * 200  # the table is stored once
    text = (tmp_path / "m.h").read_text()
    assert "#define M_END 1 " in text
    assert "m_draw(" in text
    assert "m_token(" not in text


def test_predictors_of_files_give_the_same_header(tmp_path):
    model = GRULanguageModel(**FAST).fit(TEXT)
    model.save(tmp_path / "m.gruc")
    gruc.to_c(model, tmp_path / "a.h", prefix="m")
    gruc.to_c(gruc.runtime.load(tmp_path / "m.gruc"), tmp_path / "b.h", prefix="m")
    assert (tmp_path / "a.h").read_text() == (tmp_path / "b.h").read_text()
