"""TextSequencer in scikit-learn's tools, before gruc's estimators."""

import itertools

import numpy as np
import pandas as pd
import pytest
import sklearn
from gruc import GRUClassifier, GRUTagger, GRUTransformer
from gruc.preprocessing import TextSequencer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def opinions():
    """Texts for and against, which have the same words in another order."""
    texts, y = [], []
    for subject, plus, minus in itertools.product(
        ["The film", "The plot"], ["good", "fine"], ["bad", "dull"]
    ):
        texts += [f"{subject} is {plus}, not {minus}.", f"{subject} is {minus}, not {plus}."] * 2
        y += ["for", "against"] * 2
    return texts, y


TEXTS, Y = opinions()


def model(**settings):
    gru = GRUClassifier((8,), embedding_dim=4, max_iter=40, random_state=0)
    return make_pipeline(TextSequencer(**settings), gru)


def test_order_is_seen():
    counting = make_pipeline(TfidfVectorizer(), LogisticRegression())
    assert cross_val_score(counting, TEXTS, Y, cv=2).max() <= 0.5
    assert cross_val_score(model(), TEXTS, Y, cv=2).min() == 1.0
    assert cross_val_score(model(analyzer="char"), TEXTS, Y, cv=2).min() > 0.9


def test_searches():
    grid = {"textsequencer__analyzer": ["char", "word"], "gruclassifier__embedding_dim": [2, 3]}
    search = GridSearchCV(model(), grid, cv=2).fit(TEXTS, Y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ == 1.0


@pytest.mark.parametrize("form", [np.array, pd.Series, tuple])
def test_cross_validation(form):
    proba = cross_val_predict(model(), form(TEXTS), form(Y), cv=2, method="predict_proba")
    assert proba.shape == (len(TEXTS), 2)
    assert (np.array(["against", "for"])[proba.argmax(axis=1)] == np.array(Y)).all()


def test_features_for_other_models():
    encoder = GRUTransformer(GRUClassifier((8,), embedding_dim=4, max_iter=40, random_state=0))
    pipeline = make_pipeline(TextSequencer(), encoder, LogisticRegression())
    assert cross_val_score(pipeline, TEXTS, Y, cv=2).min() == 1.0


@pytest.mark.parametrize("Ensemble", [VotingClassifier, StackingClassifier])
def test_beside_other_models(Ensemble):
    members = [("gru", model()), ("counts", make_pipeline(TfidfVectorizer(), LogisticRegression()))]
    settings = {"voting": "soft"} if Ensemble is VotingClassifier else {"cv": 2}
    assert Ensemble(members, **settings).fit(TEXTS, Y).score(TEXTS, Y) == 1.0


def test_validation_texts():
    if not hasattr(Pipeline([("a", None)]), "transform_input"):
        pytest.skip("not in this version of scikit-learn")
    with sklearn.config_context(enable_metadata_routing=True):
        gru = GRUClassifier((4,), embedding_dim=2, max_iter=3).set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("text", TextSequencer()), ("gru", gru)], transform_input=["X_val"])
        pipeline.fit(TEXTS, Y, X_val=["The end is good."], y_val=["for"])
    assert len(pipeline[-1].validation_scores_) == 3


def test_labels_of_tokens():
    analyzer = TextSequencer(lowercase=False).build_analyzer()
    labels = [np.array([token.isalpha() for token in analyzer(text)]) for text in TEXTS]
    tagger = GRUTagger((4,), embedding_dim=4, max_iter=60, random_state=0)
    pipeline = make_pipeline(TextSequencer(), tagger)
    assert cross_val_score(pipeline, TEXTS, labels, cv=2).min() > 0.95
    assert pipeline.fit(TEXTS, labels)[0].lowercase_ is False


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"analyzer": "char", "lowercase": False, "add_end": True},
        {"analyzer": "char", "ngram_range": (1, 2), "add_start": True, "max_length": 6},
        {"analyzer": "char", "add_start": True, "add_end": True, "unknown": "skip", "truncation": "left", "max_length": 5},
        {"unknown": "skip", "add_start": True, "add_end": True, "max_length": 4},
        {"unknown": "skip"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_a_text_alone_has_the_tokens_that_it_has_beside_others(settings, dtype):
    sequencer = TextSequencer(dtype=dtype, **settings).fit(["a bad cab", "a dead cad"])
    texts = ["a bead", "", "xyz", "a\U0001f600b", "cad cab bad dead a", "Bad cab " * 100]
    together = sequencer.transform(texts)
    for text, tokens in zip(texts, together, strict=True):
        (alone,) = sequencer.transform([text])
        np.testing.assert_array_equal(alone, tokens)
        assert alone.dtype == tokens.dtype == dtype
