"""Whatever may be wrong with the file of a pipeline is a ModelFileError."""

import contextlib
import io

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, ModelFileError
from gruc.files.strings import strings_as_arrays
from gruc.preprocessing import SequenceScaler, TextSequencer
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import damaged, joined, split
from problems import vowels
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(3,), max_iter=1, random_state=0)


def written(model):
    file = io.BytesIO()
    gruc.save(model, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def of_texts():
    texts, y = ["one two", "two three.", "an end"], [0, 1, 1]
    return written(
        make_pipeline(TextSequencer(stop_words=["an"]), GRUClassifier(embedding_dim=2, **FAST)).fit(texts, y)
    )


@pytest.fixture(scope="module")
def of_numbers():
    return written(make_pipeline(SequenceScaler(), "passthrough", GRUClassifier(**FAST)).fit(*vowels()))


def refused(content, change, message, by_load_alone=False):
    """That the file is refused by both readers, or by gruc.load alone, after a change of its parts."""
    description, tensors = split(content)
    tensors = {name: array.copy() for name, array in tensors.items()}
    change(description, description["steps"], tensors)
    content = joined(description, tensors)
    for load in [gruc.load] if by_load_alone else [gruc.load, gruc.runtime.load]:
        with pytest.raises(ModelFileError, match=message):
            load(content)


def setting(*keys, to):
    """A change of one field of the description, under the steps."""

    def change(_, steps, tensors):
        place = steps
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return change


ANALYZER = (0, "description", "analyzer")
RULES = (0, "description", "rules")


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda d, s, t: d.update(more=1), r"fields that this version of gruc does not know: \['more'\]"),
        (lambda d, s, t: d.update(steps=[]), r"steps is \[\]"),
        (lambda d, s, t: d.update(steps={}), "steps is {}"),
        (lambda d, s, t: d.pop("verbose"), "verbose is missing"),
        (lambda d, s, t: s.pop(), "description is|missing|does not know"),
        (lambda d, s, t: s.insert(1, s[0]), "its name, 'textsequencer', is that of another"),
        (setting(0, "name", to=""), "name is ''"),
        (setting(0, "name", to=7), "name is 7"),
        (setting(0, "kind", to="GRUClassifier"), "kind is 'GRUClassifier'"),
        (setting(0, "kind", to=None), "tensors that it does not need"),
        (setting(0, "description", to=[]), r"description is \[\]"),
        (setting(1, "description", to=3), "description is 3"),
        (setting(1, "description", "kind", to="SequenceScaler"), "kind is 'SequenceScaler'"),
        (setting(0, "description", "dtype", to="int7"), "dtype is 'int7'"),
        (setting(0, "description", "has_stop_words", to=False), "stop_words are present but should not be"),
        (setting(*ANALYZER, "analyzer", to="line"), "analyzer is 'line'"),
        (setting(*ANALYZER, "analyzer", to=["word"]), r"analyzer is \['word'\]"),
        (setting(*ANALYZER, "encoding", to="klingon"), "encoding is 'klingon'"),
        (setting(*ANALYZER, "encoding", to="../x"), "encoding is '../x'"),
        (setting(*ANALYZER, "ngram_range", to=[2, 1]), "ngram_range is not in order"),
        (setting(*ANALYZER, "ngram_range", to=[0, 1]), r"ngram_range is \[0, 1\]"),
        (setting(*ANALYZER, "token_pattern", to="(("), "token_pattern is no regular expression"),
        (setting(*ANALYZER, "token_pattern", to=None), "token_pattern is no regular expression"),
        (setting(*ANALYZER, "token_pattern", to="(a)(b)"), "More than 1 capturing group"),
        (setting(*ANALYZER, "token_pattern", to="a" * 20_000), "token_pattern is 'aaa"),
        (setting(*ANALYZER, "preprocessor", to="os.system"), "preprocessor is 'os.system'"),
        (setting(*ANALYZER, "strip_accents", to="all"), "strip_accents is 'all'"),
        (setting(*RULES, "max_length", to=0), "max_length is 0"),
        (setting(*RULES, "add_end", to=True), "terms lacks </s>"),
        (setting(*RULES, "more", to=1), "does not know"),
        (lambda d, s, t: t.pop("0.terms.utf8"), "terms is not bytes and their offsets"),
        (lambda d, s, t: t.update({"0.terms.utf8": t["0.terms.utf8"].astype("f4")}), "terms is not bytes"),
        (lambda d, s, t: t["0.terms.offsets"].__setitem__(1, 900), "offsets that do not fit its bytes"),
        (lambda d, s, t: t["0.terms.offsets"].__setitem__(0, 1), "offsets that do not fit"),
        (lambda d, s, t: t["0.terms.utf8"].__setitem__(0, 255), "bytes that are not UTF-8"),
        (lambda d, s, t: t["0.terms.utf8"].__setitem__(slice(0, 5), list(b"<UNK>")), "terms lacks <unk>"),
        (lambda d, s, t: t.update(strings_as_arrays(["<unk>", "a", "a"], "0.terms")), "terms has a term twice"),
        (lambda d, s, t: t.update({"0.more": np.zeros(1)}), "unknown tensors"),
        (lambda d, s, t: t.update({"7.more": np.zeros(1)}), r"tensors of no step: \['7.more'\]"),
    ],
)  # fmt: skip
def test_texts(of_texts, change, message):
    refused(of_texts, change, message, by_load_alone="unknown tensors" in message)


def test_more_terms_than_rows(of_texts):
    def change(_, steps, tensors):
        more = np.frombuffer(b"zzz", np.uint8)
        tensors["0.terms.utf8"] = np.concatenate([tensors["0.terms.utf8"], more])
        offsets = tensors["0.terms.offsets"]
        tensors["0.terms.offsets"] = np.append(offsets, offsets[-1] + 3)

    refused(of_texts, change, "its vocabulary does not fit its network")


@pytest.mark.parametrize(
    "change, message",
    [
        (setting(0, "description", "fitted", to={}), "n_features_in_ is missing"),
        (setting(0, "description", "fitted", "n_features_in_", to=3), "scaling is not two arrays of 3 float64"),
        (setting(0, "description", "fitted", "feature_names_in_", to=["a"]), "names of features are not as many"),
        (setting(0, "description", "fitted", "fitted_on_table", to=True), "scaling is not two arrays of 1 float64"),
        (lambda d, s, t: [t.pop("0.scaling.mean"), t.pop("0.scaling.scale")], "scaling is missing"),
        (lambda d, s, t: t["0.scaling.scale"].fill(0), "scaling is not positive"),
        (lambda d, s, t: t.update({"1.more": np.zeros(1)}), "tensors that it does not need"),
    ],
)  # fmt: skip
def test_numbers(of_numbers, change, message):
    refused(of_numbers, change, message)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda d, s, t: t.pop("0.moments.mean"), "moments.mean is not 12 float64"),
        (lambda d, s, t: t.update({"0.moments.squares": np.zeros(3)}), "moments.squares is not 12 float64"),
        (lambda d, s, t: t.update({"0.more": np.zeros(3)}), r"unknown tensors, \['more'\]"),
        (setting(0, "parameters", "weight", to=0), "weight is 0"),
        (setting(0, "parameters", "with_mean", to=1), "with_mean is 1"),
    ],
)
def test_what_only_training_needs(of_numbers, change, message):
    refused(of_numbers, change, message, by_load_alone=True)


def test_parameters_of_texts(of_texts):
    refused(of_texts, setting(0, "parameters", "min_df", to="x"), "min_df", by_load_alone=True)
    refused(of_texts, setting(0, "parameters", "lowercase", to=[1]), "lowercase is", by_load_alone=True)
    refused(of_texts, setting(0, "parameters", "more", to=1), "does not know", by_load_alone=True)


def test_steps_that_do_not_fit_one_another(of_texts, of_numbers):
    (description, tensors), (other, more) = split(of_texts), split(of_numbers)
    texts_first = {**other, "steps": [description["steps"][0], *other["steps"][1:]]}
    arrays = {k: v for k, v in tensors.items() if k.startswith("0.")}
    arrays |= {k: v for k, v in more.items() if not k.startswith("0.")}
    with pytest.raises(ModelFileError, match="its vocabulary does not fit its network"):
        gruc.runtime.load(joined(texts_first, arrays))
    numbers_first = {**description, "steps": [other["steps"][0], description["steps"][1]]}
    arrays = {k: v for k, v in more.items() if k.startswith("0.")}
    arrays |= {k: v for k, v in tensors.items() if not k.startswith("0.")}
    with pytest.raises(ModelFileError, match="its steps have different numbers of features"):
        gruc.runtime.load(joined(numbers_first, arrays))


def is_refused_or_predicts(content, X):
    """A ModelFileError of both readers, or models that predict; in gruc.load's, more may be damaged."""
    try:
        predictor = gruc.runtime.load(content)
    except ModelFileError:
        with pytest.raises(ModelFileError):
            gruc.load(content)
        return
    models = [predictor]
    with contextlib.suppress(ModelFileError):
        models.append(gruc.load(content))
    for model in models:
        try:
            with np.errstate(all="ignore"):
                assert len(model.predict(X)) == len(X)
        except ValueError as error:  # scales that are numbers, but not the model's; another kind of texts
            if not any(
                part in str(error) for part in ("too large to compute with", "analyzer=None", "read()")
            ):
                raise


TEXTS = ["one two", "", "unheard"]


@given(data=st.data())
def test_whatever_is_damaged(of_texts, of_numbers, data):
    is_refused_or_predicts(damaged(of_texts, data), TEXTS)
    is_refused_or_predicts(damaged(of_numbers, data), vowels()[0])


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@settings(max_examples=10_000)
@given(data=st.data())
def test_whatever_is_damaged_for_long(of_texts, of_numbers, data):
    is_refused_or_predicts(damaged(of_texts, data), TEXTS)
    is_refused_or_predicts(damaged(of_numbers, data), vowels()[0])


def test_any_byte_that_is_changed(of_texts):
    rng = np.random.default_rng(0)
    for place in rng.choice(len(of_texts), 300, replace=False):
        content = bytearray(of_texts)
        content[place] ^= 1 << rng.integers(8)
        for load in (gruc.load, gruc.runtime.load):
            with pytest.raises(ModelFileError):
                load(bytes(content))


def test_any_end_that_is_missing(of_texts):
    for size in range(0, len(of_texts), 97):
        with pytest.raises(ModelFileError):
            gruc.runtime.load(of_texts[:size])
