"""matmul_precision from the estimator to files, streams and threads; the products are those of emulated tiles."""

import pickle

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRUForecaster, GRULanguageModel, GRURegressor, GRUSeq2Seq, GRUTagger, kernels
from gruc.runtime import Predictor
from gruc.training import step
from problems import tagged_vowels, vowels
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FAST = {"hidden_layer_sizes": (12,), "max_iter": 2, "random_state": 0}


@pytest.fixture(params=["high", "medium"])
def precision(request):
    return request.param


def test_without_tiles_it_changes_nothing(precision):
    kernels.use_tiles(None)
    try:
        X, y = vowels()
        exact = GRUClassifier(**FAST).fit(X, y)
        model = GRUClassifier(**FAST, matmul_precision=precision).fit(X, y)
        assert np.array_equal(model.predict_proba(X), exact.predict_proba(X))
        assert np.array_equal(model._training_state.parameters, exact._training_state.parameters)
    finally:
        kernels.select(kernels.selected())


def test_kernels_that_are_forced_have_no_tiles(emulated_tiles):
    assert kernels.has_tiles()
    before = kernels.selected()
    try:
        kernels.select("baseline")
        assert not kernels.has_tiles()
    finally:
        kernels.select(before)


@pytest.mark.parametrize("value", ["exact", "HIGH", None, 1])
def test_bad_words(value, tmp_path):
    X, y = vowels()
    with pytest.raises(ValueError, match="matmul_precision"):
        GRUClassifier(**FAST, matmul_precision=value).fit(X, y)
    model = GRUClassifier(**FAST).fit(X, y)
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="matmul_precision must be 'highest', 'high' or 'medium'; got"):
        Predictor.from_estimator(model).with_precision(value)
    if value is not None:
        with pytest.raises(ValueError, match="matmul_precision must be 'highest', 'high' or 'medium'; got"):
            gruc.runtime.load(tmp_path / "model", matmul_precision=value)


@pytest.mark.usefixtures("emulated_tiles")
class TestOnTiles:
    def test_predictions_differ_by_little(self, precision):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        exact = model.predict_proba(X)
        error = np.abs(model.set_params(matmul_precision=precision).predict_proba(X) - exact).max()
        assert 0 < error < {"high": 1e-5, "medium": 1e-2}[precision]

    @pytest.mark.parametrize("settings", [{}, {"reset_after": False, "hidden_layer_sizes": (12, 9)}])
    def test_streams_give_what_predict_gives(self, precision, settings):
        X, y = vowels()
        model = GRUClassifier(**FAST | settings, matmul_precision=precision).fit(X, y)
        stream, many = model.stream(), model.stream(3)
        for x in X[0]:
            probabilities = stream.step(x)
        assert np.array_equal(probabilities, model.predict_proba(X[:1])[0])
        shortest = min(len(x) for x in X[:3])
        for t in range(shortest):
            of_three = many.step(np.stack([x[t] for x in X[:3]]))
        assert np.array_equal(of_three, model.predict_proba([x[:shortest] for x in X[:3]]))

    def test_streams_of_taggers_and_language_models(self, precision):
        X, y = tagged_vowels()
        tagger = GRUTagger(**FAST, matmul_precision=precision).fit(X, y)
        stream = tagger.stream()
        answers = [stream.step(x) for x in X[0]]
        assert np.array_equal(answers, tagger.predict_proba(X[:1])[0])
        text = "A text that is read in windows, again. " * 30
        model = GRULanguageModel(
            hidden_layer_sizes=(20,), max_iter=1, random_state=0, matmul_precision=precision
        ).fit(text)
        states = model.hidden_states("again, a text")
        exact = model.set_params(matmul_precision="highest").hidden_states("again, a text")
        error = np.abs(np.asarray(states) - np.asarray(exact)).max()
        assert 0 < error < {"high": 1e-4, "medium": 1e-2}[precision]

    def test_fits_do_not_depend_on_threads(self, precision, monkeypatch):
        monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
        monkeypatch.setattr(step, "most_shards", lambda n_sequences: min(n_sequences, 3))
        X, y = vowels()
        fits = [
            GRUClassifier(**FAST, n_jobs=n_jobs, matmul_precision=precision).fit(X, y) for n_jobs in (1, 2)
        ]
        assert np.array_equal(*(model._training_state.parameters for model in fits))
        assert np.array_equal(*(model.predict_proba(X) for model in fits))

    def test_files_and_pickles(self, precision, tmp_path):
        X, y = vowels()
        model = GRUClassifier(**FAST, matmul_precision=precision).fit(X, y)
        expected = model.predict_proba(X)
        model.save(tmp_path / "model")
        predictor = gruc.runtime.load(tmp_path / "model")
        assert predictor.matmul_precision == precision
        for same in (
            predictor,
            gruc.load(tmp_path / "model"),
            *map(pickle.loads, map(pickle.dumps, (model, predictor))),
        ):
            assert np.array_equal(same.predict_proba(X), expected)
        exact = gruc.runtime.load(tmp_path / "model", matmul_precision="highest")
        assert not np.array_equal(exact.predict_proba(X), expected)
        assert np.array_equal(exact.with_precision(precision).predict_proba(X), expected)
        assert exact.with_precision("highest") is exact

    def test_files_of_other_models(self, precision, tmp_path):
        X, y = vowels()
        pipeline = make_pipeline(gruc.preprocessing.SequenceScaler(), GRURegressor(**FAST))
        pipeline.fit(X, np.arange(len(y)) % 5.0)
        series = np.sin(np.arange(80) / 3) + 0.1 * np.random.default_rng(0).standard_normal(80)
        forecaster = GRUForecaster(**FAST, lags=6, horizon=2).fit(series)
        text = ["one two", "two three", "three one two"] * 5
        translator = GRUSeq2Seq(**FAST).fit(text, [part[::-1] for part in text])
        path = tmp_path / "model"
        for model in (pipeline, forecaster, translator):
            gruc.save(model, path)
            exact, loaded = gruc.runtime.load(path), gruc.runtime.load(path, matmul_precision=precision)
            weights = [one.predictor if hasattr(one, "predictor") else one for one in (exact, loaded)]
            assert [one.matmul_precision for one in weights] == ["highest", precision]
        gruc.save(pipeline, path)
        loaded = gruc.runtime.load(path, matmul_precision=precision)
        assert not np.array_equal(loaded.predict(X), pipeline.predict(X))

    def test_going_on_with_another_precision(self, precision):
        X, y = vowels()
        model = GRUClassifier(**FAST).partial_fit(X, y)
        model.set_params(matmul_precision=precision).partial_fit(X, y)
        exact = GRUClassifier(**FAST).partial_fit(X, y).partial_fit(X, y)
        difference = np.abs(model._training_state.parameters - exact._training_state.parameters).max()
        assert 0 < difference < 1e-2

    def test_learning(self, precision):
        X, y = vowels()
        scores = []
        for value in ("highest", precision):
            model = GRUClassifier(
                (24,), max_iter=12, learning_rate_init=0.01, random_state=0, matmul_precision=value
            )
            scores.append(model.fit(X, y).score(X, y))
        assert scores[0] > 0.9
        assert abs(scores[0] - scores[1]) < 0.05
