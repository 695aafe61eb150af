"""Exported C of pipelines that read texts: code points in, predictions out."""

import gruc
import numpy as np
import pytest
from c_programs import builds, program_of
from gruc import GRUClassifier, GRUTagger
from gruc.preprocessing import SequenceScaler, TextSequencer
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TEXTS = ["Not here", "noch nicht", "还没有。", "не здесь", "pas ici 🙂", "еще нет", "这里", "Hier"]
LANGUAGES = ["en", "de", "zh", "ru", "fr", "ru", "zh", "de"]
# upper case and characters that no text of the fit has
ASKED = ["NICHT HIER", "НЕТ здесь?", "没有", "🙂🙃", "ß€ ICI", "\U0010ffff", "a"]
PROGRAM = """
#include "m.h"
#include <stdio.h>
int main(void)
{
    static const uint32_t texts[] = {%(texts)s};
    static const size_t lengths[] = {%(lengths)s};
    const uint32_t *text = texts;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; text += lengths[i++]) {
        static m_state state;
        float out[M_N_OUTPUTS];
        m_init(&state);
        %(start)s
        for (size_t t = 0; t < lengths[i]; t++) {
            int32_t token = m_token(text[t]);
            printf("%%d\\n", (int)token);
            if (token >= 0 && m_step(&state, token, out)) return 1;
        }
        %(end)s
        for (size_t j = 0; j < M_N_OUTPUTS; j++) printf("%%.9g\\n", (double)out[j]);
    }
    return 0;
}
"""


def pipeline(last=None, **settings):
    last = last or GRUClassifier((5,), embedding_dim=3, max_iter=3, random_state=0)
    return make_pipeline(TextSequencer(analyzer="char", **settings), last)


def program(model, texts, folder):
    gruc.to_c(model, folder / "m.h", prefix="m")
    sequencer = model[0]
    take = "if (m_step(&state, M_%s, out)) return 1;"
    return PROGRAM % {
        "texts": ", ".join(str(ord(character)) for character in "".join(texts)),
        "lengths": ", ".join(str(len(text)) for text in texts),
        "start": take % "START" if sequencer.add_start else "",
        "end": take % "END" if sequencer.add_end else "",
    }


def expected(model, texts):
    """Tokens without those of start and end, -1 for characters that are left out; then probabilities."""
    sequencer, numbers = model[0], []
    for text, probabilities in zip(texts, model.predict_proba(texts), strict=True):
        for character in text:
            lower = sequencer.build_analyzer()(character)[0]
            missing = -1 if sequencer.unknown == "skip" else sequencer.vocabulary_["<unk>"]
            numbers.append(sequencer.vocabulary_.get(lower, missing))
        numbers += probabilities.tolist()
    return numbers


@pytest.mark.parametrize(
    "settings",
    [{}, {"lowercase": False}, {"unknown": "skip", "add_start": True}, {"add_start": True, "add_end": True}],
    ids=str,
)
@pytest.mark.parametrize(
    "compiler, build", builds(("cc", "baseline"), ("arm-linux-gnueabihf-gcc", "baseline"))
)
def test_predictions_of_texts(compiler, build, settings, tmp_path):
    model = pipeline(**settings).fit(TEXTS, LANGUAGES)
    numbers = program_of(program(model, ASKED, tmp_path), compiler, build, tmp_path)("")
    assert np.allclose(numbers, expected(model, ASKED), rtol=1e-5, atol=2e-6)
    gruc.save(model, tmp_path / "m.gruc")
    gruc.to_c(gruc.runtime.load(tmp_path / "m.gruc"), tmp_path / "again.h", prefix="m")
    assert (tmp_path / "again.h").read_text() == (tmp_path / "m.h").read_text()


def test_report_counts_the_characters(tmp_path):
    model = pipeline(lowercase=False).fit(TEXTS, LANGUAGES)
    report = gruc.to_c(model, tmp_path / "m.h", storage="float16", X=TEXTS)
    alone = gruc.to_c(model[-1], tmp_path / "m.h", storage="float16", X=model[0].transform(TEXTS))
    n_characters = len(set("".join(TEXTS)))
    assert report == alone._replace(constant_bytes=alone.constant_bytes + 6 * n_characters)


def test_taggers_read_texts_too(tmp_path):
    tags = [["v" if c in "aeiouеи" else "c" for c in text] for text in TEXTS]
    model = pipeline(GRUTagger((5,), embedding_dim=3, max_iter=3, random_state=0)).fit(TEXTS, tags)
    assert model[0].lowercase_ is False
    gruc.to_c(model, tmp_path / "m.h", prefix="m")
    header = (tmp_path / "m.h").read_text()
    assert "m_token(uint32_t character)" in header
    assert "0x8fd8" in header
    assert "0x7684" not in header


@pytest.mark.parametrize(
    "settings, named",
    [
        ({"ngram_range": (1, 2)}, "ngram_range"),
        ({"strip_accents": "unicode"}, "strip_accents"),
        ({"max_length": 5}, "max_length"),
        ({"preprocessor": str.upper}, "preprocessor"),
    ],
    ids=str,
)
def test_what_characters_alone_do_not_decide_is_refused(settings, named, tmp_path):
    model = pipeline(**settings).fit(TEXTS, LANGUAGES)
    with pytest.raises(ValueError, match=f"which {named} of the TextSequencer changes"):
        gruc.to_c(model, tmp_path / "m.h")
    words = make_pipeline(TextSequencer(), GRUClassifier((5,), embedding_dim=3, max_iter=3)).fit(
        TEXTS, LANGUAGES
    )
    with pytest.raises(ValueError, match="which analyzer of the TextSequencer changes"):
        gruc.to_c(words, tmp_path / "m.h")
    assert not (tmp_path / "m.h").exists()


def test_pipelines_of_numbers_are_exported_by_their_last_step(tmp_path):
    X, y = np.random.default_rng(0).standard_normal((8, 5, 2)), [0, 1] * 4
    model = make_pipeline(SequenceScaler(), GRUClassifier((3,), max_iter=1, random_state=0)).fit(X, y)
    with pytest.raises(TypeError, match=r"Pass its last step, model\[-1\]"):
        gruc.to_c(model, tmp_path / "m.h")
