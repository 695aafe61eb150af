"""Pipelines of gruc's steps in one file."""

import io
import json
import pickle
import subprocess
import sys

import gruc
import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTagger, ModelFileError
from gruc.preprocessing import SequenceScaler, TextSequencer, load_word_vectors
from problems import vowels
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

TEXTS = ["Good.", "very  GOOD", "not good!", "不太好 \N{THUMBS DOWN SIGN}", "", "é e\u0301 a\ud800"] * 4
LABELS = ["yes", "yes", "no", "no", "no", "yes"] * 4
NEW = ["good 不", "unheard of", "", "Good. " * 50]
FAST = dict(hidden_layer_sizes=(5,), max_iter=2, random_state=0)


def of_texts(*, model=None, **settings):
    model = GRUClassifier(embedding_dim=3, **FAST) if model is None else model
    return make_pipeline(TextSequencer(**settings), model)


def written(model):
    file = io.BytesIO()
    gruc.save(model, file)
    return file.getvalue()


SETTINGS = [
    {},
    {"analyzer": "char"},
    {"analyzer": "char", "ngram_range": (1, 3), "max_features": 20},
    {"analyzer": "char_wb", "ngram_range": (2, 3), "lowercase": False},
    {"stop_words": "english", "strip_accents": "unicode"},
    {"stop_words": ["very", "a"], "ngram_range": (1, 2), "min_df": 2},
    {"stop_words": [], "strip_accents": "ascii", "dtype": "int64"},
    {"token_pattern": r"(\w)\w*", "max_df": 0.9},
    {"max_length": 4, "truncation": "left", "add_start": True, "add_end": True, "unknown": "skip"},
    {"vocabulary": ["good", "not"], "lowercase": True},
    {"vocabulary": {"good": 0, "<unk>": 1, "Good": 2}},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_texts(settings):
    pipeline = of_texts(**settings).fit(TEXTS, LABELS)
    content = written(pipeline)
    expected = pipeline.predict_proba(TEXTS + NEW)
    again, predictor = gruc.load(content), gruc.runtime.load(content)
    for other in (again, predictor, pickle.loads(pickle.dumps(predictor)), predictor.with_n_jobs(2)):
        assert np.array_equal(other.predict_proba(TEXTS + NEW), expected)
    for other in (again, predictor):
        assert np.array_equal(other.predict(NEW), pipeline.predict(NEW))
        assert np.array_equal(other.predict_log_proba(NEW), pipeline.predict_log_proba(NEW))
    assert [step for step, _ in again.steps] == [step for step, _ in pipeline.steps]
    one, two = pipeline[0], again[0]
    kept = {"vocabulary", "stop_words"}
    assert {k: v for k, v in one.get_params().items() if k not in kept} == {
        k: v for k, v in two.get_params().items() if k not in kept
    }
    assert (one.vocabulary_, one.n_tokens_, one.lowercase_) == (
        two.vocabulary_,
        two.n_tokens_,
        two.lowercase_,
    )
    assert type(one.vocabulary) is type(two.vocabulary)
    # and it can be fitted again
    assert again.fit(TEXTS, LABELS)[0].vocabulary_ == one.vocabulary_
    assert np.array_equal(again.predict_proba(NEW), pipeline.predict_proba(NEW))
    assert written(again) == content


def test_tokens_that_are_given():
    X = [["New York", ""], ["a"], []] * 4
    pipeline = of_texts(analyzer=None, model=GRURegressor(embedding_dim=2, **FAST)).fit(X, np.arange(12.0))
    content = written(pipeline)
    for other in (gruc.load(content), gruc.runtime.load(content)):
        assert np.array_equal(other.predict([*X, ["b"]]), pipeline.predict([*X, ["b"]]))


@pytest.mark.parametrize("form", ["list", "cube", "table", "frame", "named frames"])
@pytest.mark.parametrize("settings", [{}, {"with_mean": False}, {"with_std": False}])
def test_numbers(form, settings):
    X, y = vowels()
    if form == "cube":
        X = np.stack([x[:5] for x in X])
    elif form in ("table", "frame"):
        X = np.stack([x[:5, 0] for x in X])
        X = pd.DataFrame(X, columns=list("abcde")) if form == "frame" else X
    elif form == "named frames":
        X = [pd.DataFrame(x, columns=[f"f{i}" for i in range(x.shape[1])]) for x in X]
    pipeline = make_pipeline(SequenceScaler(**settings), "passthrough", None, GRUClassifier(**FAST)).fit(X, y)
    content = written(pipeline)
    again, predictor = gruc.load(content), gruc.runtime.load(content)
    for other in (again, predictor):
        assert np.array_equal(other.predict_proba(X), pipeline.predict_proba(X))
    one, two = vars(pipeline[0]), vars(again[0])
    assert set(one) == set(two)
    for name, value in one.items():
        np.testing.assert_equal(two[name], value)
    # its statistics go on
    for scaler in (pipeline[0], again[0]):
        scaler.partial_fit(X)
    np.testing.assert_equal(vars(again[0]), vars(pipeline[0]))


def test_extreme_numbers():
    X = [np.full((3, 2), 1e-160) * np.arange(1, 4)[:, np.newaxis], np.full((2, 2), 1e-160)]
    pipeline = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, [0, 1])
    assert pipeline[0]._moments[3] is not None
    again = gruc.load(written(pipeline))
    assert np.array_equal(again.predict_proba(X), pipeline.predict_proba(X))
    np.testing.assert_equal(vars(again[0].partial_fit(X)), vars(pipeline[0].partial_fit(X)))


def test_an_estimator_alone(tmp_path):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    gruc.save(model, tmp_path / "a.gruc")
    model.save(tmp_path / "b.gruc")
    assert (tmp_path / "a.gruc").read_bytes() == (tmp_path / "b.gruc").read_bytes()
    assert isinstance(gruc.runtime.load(tmp_path / "a.gruc"), gruc.runtime.Predictor)
    alone = make_pipeline(model)
    gruc.save(alone, tmp_path / "c.gruc")
    again = gruc.load(tmp_path / "c.gruc")
    assert isinstance(again, Pipeline)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))


def test_names_and_verbosity():
    steps = [("text", TextSequencer()), ("2.model", GRUClassifier(embedding_dim=2, **FAST))]
    again = gruc.load(written(Pipeline(steps, verbose=True).fit(TEXTS, LABELS)))
    assert list(again.named_steps) == ["text", "2.model"]
    assert again.verbose is True


def test_tables_of_strings_are_tensors():
    texts = [f"word{i} wort{i}" for i in range(5000)]
    content = written(of_texts().fit(texts, np.arange(5000) % 2))
    n = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + n])
    assert n < 8000
    assert header["0.terms.utf8"]["dtype"] == "U8"
    assert header["0.terms.offsets"] == {
        "dtype": "I64",
        "shape": [10_002],
        "data_offsets": header["0.terms.offsets"]["data_offsets"],
    }
    assert "word17" not in header["__metadata__"]["gruc"]


@pytest.mark.parametrize(
    "name, settings",
    [
        ("analyzer", {"analyzer": str.split}),
        ("tokenizer", {"tokenizer": str.split}),
        ("preprocessor", {"preprocessor": str.lower}),
        ("strip_accents", {"strip_accents": str.strip}),
    ],
)
def test_functions_are_refused_by_name(name, settings, tmp_path):
    pipeline = of_texts(**settings).fit(TEXTS[:3], LABELS[:3])
    with pytest.raises(TypeError, match=f"functions of your own: {name} of step 'textsequencer' is <method"):
        gruc.save(pipeline, tmp_path / "a.gruc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "pipeline, message",
    [
        (make_pipeline(StandardScaler(), GRUClassifier(**FAST)), "Step 'standardscaler' is a StandardScaler; a mod"),
        (make_pipeline(LogisticRegression()), "The last step, 'logisticregression', is a LogisticRegression; a"),
        (make_pipeline(SequenceScaler()), "The last step, 'sequencescaler', is a SequenceScaler"),
        (make_pipeline(GRUClassifier(**FAST), memory="cache"), "cannot hold memory of the pipeline"),
        (make_pipeline(GRUClassifier(**FAST), transform_input=["X_val"]), "cannot hold transform_input of"),
    ],
)  # fmt: skip
def test_other_pipelines_are_refused(pipeline, message):
    X, y = np.random.default_rng(0).normal(size=(6, 4)), [0, 1] * 3
    if "cannot hold" not in message:
        pipeline.fit(X, y)
    with pytest.raises(TypeError, match=message):
        gruc.save(pipeline, io.BytesIO())


def test_other_models_are_refused():
    class Mine(Pipeline):
        pass

    with pytest.raises(TypeError, match="model is a Mine; a model file holds scikit-learn's own Pipeline"):
        gruc.save(Mine([("a", GRUClassifier())]), io.BytesIO())
    with pytest.raises(TypeError, match="model is a TextSequencer; a model file holds a GRUClassifier"):
        gruc.save(TextSequencer().fit(TEXTS), io.BytesIO())
    for pipeline in (of_texts(), make_pipeline(SequenceScaler(), GRUClassifier())):
        with pytest.raises(NotFittedError):
            gruc.save(pipeline, io.BytesIO())
    fitted = TextSequencer().fit(TEXTS)
    with pytest.raises(NotFittedError):
        gruc.save(Pipeline([("a", fitted), ("b", GRUClassifier())]), io.BytesIO())
    with pytest.raises(TypeError, match="text mode"):
        gruc.save(of_texts().fit(TEXTS, LABELS), io.StringIO())


def test_parameters_that_no_fit_takes_are_refused():
    pipeline = of_texts().fit(TEXTS, LABELS).set_params(textsequencer__min_df="many")
    with pytest.raises(ValueError, match="No file was written.*min_df"):
        gruc.save(pipeline, io.BytesIO())


def test_with_numpy_alone(tmp_path):
    """Where neither scikit-learn nor SciPy can be imported."""
    pipeline = of_texts(stop_words="english", ngram_range=(1, 2)).fit(TEXTS, LABELS)
    gruc.save(pipeline, tmp_path / "model.gruc")
    program = """
import json, sys
for name in ("sklearn", "scipy", "pandas"):
    sys.modules[name] = None
import gruc
predictor = gruc.runtime.load(sys.argv[1])
print(json.dumps(predictor.predict_proba(json.loads(sys.argv[2])).tolist()))
"""
    result = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "model.gruc", json.dumps(NEW)],
        capture_output=True,
        text=True,
        check=True,
    )
    np.testing.assert_array_equal(json.loads(result.stdout), pipeline.predict_proba(NEW))


def test_errors_of_predictors_name_the_text():
    predictor = gruc.runtime.load(written(of_texts().fit(TEXTS, LABELS)))
    with pytest.raises(ValueError, match=r"X\[1\] is None, a text that is missing"):
        predictor.predict(["a", None])
    with pytest.raises(ValueError, match="string object received"):
        predictor.predict("a")
    assert predictor.classes.tolist() == ["no", "yes"]
    assert not predictor.multilabel
    assert predictor.reads_texts
    X, y = vowels()
    predictor = gruc.runtime.load(written(make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, y)))
    assert not predictor.reads_texts
    with pytest.raises(ValueError, match="X has 3 features per step, but the model was fitted with 12"):
        predictor.predict([np.zeros((2, 3))])
    with pytest.raises(ValueError, match=r"X\[0\].*NaN"):
        predictor.predict([np.full((2, 12), np.nan)])


def test_states():
    pipeline = of_texts().fit(TEXTS, LABELS)
    predictor = gruc.runtime.load(written(pipeline))
    state = np.full((1, 5), 0.5)
    expected = pipeline[-1].predict_proba(pipeline[0].transform(NEW), initial_state=state)
    assert np.array_equal(predictor.predict_proba(NEW, initial_state=state), expected)
    assert not np.array_equal(predictor.predict_proba(NEW), expected)


def test_a_later_version_says_so():
    content = written(of_texts().fit(TEXTS, LABELS)).replace(b'\\"format\\": 1', b'\\"format\\": 9')
    with pytest.raises(ModelFileError, match="has format 9"):
        gruc.load(content)


def test_labels_of_tokens():
    texts = ["Ab c", "D", "a\u0130"] * 4
    y = [[character.isupper() for character in text] for text in texts]
    pipeline = of_texts(analyzer="char", model=GRUTagger(embedding_dim=3, **FAST)).fit(texts, y)
    assert not pipeline[0].lowercase_
    content, expected = written(pipeline), pipeline.predict_proba(["aB", "", "xYz"])
    for other in (gruc.load(content), gruc.runtime.load(content)):
        got = other.predict_proba(["aB", "", "xYz"])
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match=r"y\[1\]|sequence 1"):
        of_texts(analyzer="char", model=GRUTagger(embedding_dim=3, **FAST)).fit(["ab", "ab"], [[0, 1], [0]])


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("settings", [{}, {"add_start": True}, {"add_start": True, "add_end": True}])
def test_vectors_of_words(settings, train):
    """From a file of vectors to a saved pipeline: each word has its own vector all the way."""
    vectors_of = {"good": [1, 0.5], "bad": [-1, 0.5], "film": [0, -0.5]}
    lines = "".join(f"{word} {a} {b}\n" for word, (a, b) in vectors_of.items()).encode()
    texts, y = ["good film", "bad film", "a good one", "a bad one"] * 3, [1, 0] * 6
    terms = TextSequencer(**settings).fit(texts).vocabulary_
    for given in (terms, None):
        vocabulary, vectors = load_word_vectors(io.BytesIO(lines), given, **settings)
        weights = dict(embedding_dim=2, embedding_weights=vectors, train_embedding=train, **FAST)
        pipeline = of_texts(vocabulary=vocabulary, model=GRUClassifier(**weights), **settings).fit(texts, y)
        content = written(pipeline)
        again = gruc.load(content)
        for model in (pipeline, again):
            table = model[-1].weights_["embedding.weight"]
            assert len(table) == model[0].n_tokens_ == len(vectors)
            for word, vector in vectors_of.items():
                distance = np.abs(table[model[0].vocabulary_[word]] - vector).max()
                assert distance == 0 if not train else 0 < distance < 0.2
        assert np.array_equal(again[-1].embedding_weights, vectors)
        for other in (again, gruc.runtime.load(content)):
            assert np.array_equal(other.predict_proba(texts), pipeline.predict_proba(texts))
