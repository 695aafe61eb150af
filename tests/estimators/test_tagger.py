"""GRUTagger: a label for each step."""

import json
import pickle

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRUTagger
from gruc.estimators import _holdout
from gruc.preprocessing import SequenceScaler, TextSequencer
from gruc.runtime import Predictor
from gruc.training import step
from problems import bits_of, tagged_vowels
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, f1_score, log_loss, make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, check_cv, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)


def flat(y):
    return np.concatenate(list(y))


def same_answers(model, other, X):
    for method in ("predict", "predict_proba", "predict_log_proba"):
        for a, b in zip(getattr(model, method)(X), getattr(other, method)(X), strict=True):
            assert np.array_equal(a, b)


class TestValidation:
    def test_early_stopping(self):
        X, y = tagged_vowels(per_speaker=20)
        model = GRUTagger((8,), max_iter=200, early_stopping=True, validation_fraction=0.25, random_state=0)
        model.fit(X, y)
        assert model.n_iter_ < 200
        assert model.best_validation_score_ == max(model.validation_scores_)
        assert model.best_iter_ == 1 + np.argmax(model.validation_scores_)

    def test_a_set_of_the_users(self):
        X, y = tagged_vowels()
        weights = np.linspace(1, 2, 12)
        settings = FAST | dict(class_weight={0: 2.0, 1: 1.0, 2: 0.5})
        validation = dict(X_val=X[1::2], y_val=y[1::2], sample_weight_val=weights)
        model = GRUTagger(**settings).fit(X[::2], y[::2], **validation)
        of_steps = np.repeat(weights, [len(x) for x in X[1::2]])
        of_steps = of_steps * np.array([2.0, 1.0, 0.5])[flat(y[1::2])]
        right = flat(model.predict(X[1::2])) == flat(y[1::2])
        assert model.validation_scores_[-1] == pytest.approx(np.average(right, weights=of_steps))
        log_proba = flat(model.predict_log_proba(X[1::2]).tolist())
        losses = -log_proba[np.arange(len(log_proba)), flat(y[1::2])]
        expected = np.average(losses, weights=of_steps)
        assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-5)
        alone = GRUTagger(**settings).fit(X[::2], y[::2])
        assert bits_of(alone) == bits_of(model)

    @pytest.mark.parametrize("weights", [None, np.linspace(0, 2, 12)], ids=["alike", "weighted"])
    @pytest.mark.parametrize("scoring", [None, "loss"])
    def test_outputs_of_some_sequences_at_a_time(self, scoring, weights, monkeypatch):
        X, y = tagged_vowels()
        validation = dict(X_val=X[1::2], y_val=y[1::2], sample_weight_val=weights)
        whole = GRUTagger(**FAST, scoring=scoring, dtype="float64").fit(X, y, **validation)
        monkeypatch.setattr(_holdout, "OUTPUTS_AT_ONCE", 3 * 40)
        seen = []
        output_rows = Predictor.output_rows

        def seen_rows(predictor, sequences):
            seen.append(int(sequences.lengths.sum()))
            return output_rows(predictor, sequences)

        monkeypatch.setattr(Predictor, "output_rows", seen_rows)
        parts = GRUTagger(**FAST, scoring=scoring, dtype="float64").fit(X, y, **validation)
        assert sum(seen) == 3 * sum(len(x) for x in X[1::2])
        assert 20 < max(seen) <= 40
        assert parts.validation_loss_curve_ == pytest.approx(whole.validation_loss_curve_, rel=1e-12)
        assert parts.validation_scores_ == pytest.approx(whole.validation_scores_, rel=1e-12)

    @pytest.mark.parametrize("ragged", [False, True])
    def test_scoring_by_name(self, ragged):
        """scikit-learn's metrics are those of all steps, as its functions give them on concatenated steps."""
        rng = np.random.default_rng(0)
        lengths = rng.integers(2, 7, 40) if ragged else np.full(40, 6)
        X = [rng.standard_normal((n, 2)) for n in lengths]
        y = [(x[:, 0] > 0).astype(int) for x in X]
        if not ragged:
            X, y = np.array(X), np.array(y)
        weights = rng.integers(1, 4, 40).astype(float)
        settings = FAST | dict(tol=0)
        validation = dict(X_val=X, y_val=y, sample_weight_val=weights)
        rows, of_rows = np.concatenate(y), dict(sample_weight=np.repeat(weights, lengths))
        for scoring, expected in {
            "accuracy": lambda model: accuracy_score(rows, flat(model.predict(X)), **of_rows),
            "roc_auc": lambda model: roc_auc_score(rows, flat(model.predict_proba(X))[:, 1], **of_rows),
            "neg_log_loss": lambda model: -log_loss(rows, flat(model.predict_proba(X)), **of_rows),
        }.items():
            model = GRUTagger(**settings, scoring=scoring).fit(X, y, **validation)
            assert model.validation_scores_[-1] == pytest.approx(expected(model), abs=1e-6)

    def test_scoring(self):
        X, y = tagged_vowels()
        seen = []

        def steps_right(model, X, y, sample_weight=None):
            seen.append((len(X), len(y), sample_weight))
            return model.score(X, y)

        settings = FAST | dict(early_stopping=True)
        model = GRUTagger(**settings, scoring=steps_right).fit(X, y)
        assert model.validation_scores_ == GRUTagger(**settings).fit(X, y).validation_scores_
        assert seen == [(3, 3, None)] * 3
        loss = GRUTagger(**settings, scoring="loss").fit(X, y)
        assert loss.validation_scores_ == [-value for value in loss.validation_loss_curve_]


class TestGoingOn:
    def test_partial_fit(self):
        X, y = tagged_vowels()
        settings = FAST | dict(learning_rate="constant", shuffle=False, batch_size=8, standardize=False)
        model = GRUTagger(**settings)
        for _ in range(3):
            model.partial_fit(X, y)
        assert bits_of(model) == bits_of(GRUTagger(**settings).fit(X, y))

    def test_classes_that_come_later(self):
        X, y = tagged_vowels()
        model = GRUTagger(**FAST).partial_fit(X[:8], y[:8], classes=[0, 1, 2])
        assert flat(y[:8]).max() == 1
        model.partial_fit(X, y)
        assert model.classes_.tolist() == [0, 1, 2]
        model = GRUTagger(**FAST).partial_fit(X[:8], y[:8])
        before = bits_of(model)
        with pytest.raises(ValueError, match="labels that are not among the classes"):
            model.partial_fit(X, y)
        assert bits_of(model) == before

    def test_warm_start(self):
        X, y = tagged_vowels()
        model = GRUTagger(**FAST, warm_start=True).fit(X, y)
        first = model.loss_curve_[0]
        model.fit(X, y)
        assert model.n_iter_ == 6
        assert model.loss_curve_[3] < first


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"bidirectional": True, "hidden_layer_sizes": (6, 5)},
        {"dropout": 0.3, "recurrent_dropout": 0.2},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
def test_the_same_bits_for_any_number_of_threads(settings, monkeypatch):
    monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
    X, y = tagged_vowels(9, 12)
    models = [GRUTagger(**FAST | settings | dict(batch_size=64, n_jobs=n)).fit(X, y) for n in (1, 2, 3)]
    assert len({str(bits_of(model)) for model in models}) == 1
    for model in models[1:]:
        same_answers(model, models[0], X)


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"bidirectional": True, "hidden_layer_sizes": (6, 5)}, {"dtype": "float64", "standardize": False},
        {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    ],
    ids=str,
)  # fmt: skip
def test_files_and_pickles(settings, tmp_path):
    X, y = tagged_vowels()
    names = np.array(["one", "two", "three"])
    settings = FAST | settings
    if "class_weight" in settings:
        settings["class_weight"] = dict(zip(names.tolist(), settings["class_weight"].values(), strict=True))
    model = GRUTagger(**settings).fit(X, [names[part] for part in y])
    path = tmp_path / "tagger.gruc"
    model.save(path)
    loaded = gruc.load(path)
    assert loaded.get_params() == model.get_params()
    for other in (loaded, gruc.runtime.load(path), pickle.loads(pickle.dumps(model))):
        same_answers(model, other, X)
    loaded.partial_fit(X, [names[part] for part in y])
    assert loaded.n_iter_ == 4


def test_a_file_of_one_kind_is_not_taken_for_another(tmp_path):
    X, y = tagged_vowels()
    path = tmp_path / "model.gruc"
    for model, name, other in (
        (GRUTagger(**FAST).fit(X, y), b"GRUTagger", b"GRUClassifier"),
        (
            GRUClassifier(**FAST, frame_length=1).fit(X, [part[0] for part in y]),
            b"GRUClassifier",
            b"GRUTagger",
        ),
    ):
        model.save(path)
        content = path.read_bytes()
        assert content.count(name) == 1
        changed = content.replace(name, other)
        length = int.from_bytes(content[:8], "little") + len(other) - len(name)
        path.write_bytes(length.to_bytes(8, "little") + changed[8:])
        with pytest.raises(gruc.ModelFileError):
            gruc.load(path)


@pytest.mark.parametrize("change", [{"framing": [1, 2]}, {"multilabel": True}], ids=str)
def test_files_with_what_each_step_has_not(change, tmp_path):
    X, y = tagged_vowels()
    path = tmp_path / "tagger.gruc"
    GRUTagger(**FAST).fit(X, y).save(path)
    content = path.read_bytes()
    n = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + n])
    description = json.loads(header["__metadata__"]["gruc"])
    description["predictor"].update(change)
    header["__metadata__"] = {"gruc": json.dumps(description)}
    text = json.dumps(header).encode()
    with pytest.raises(gruc.ModelFileError, match="its predictor is of another kind"):
        gruc.load(len(text).to_bytes(8, "little") + text + content[8 + n :])


class TestSklearn:
    def test_splits_do_not_look_at_y(self):
        model = GRUTagger()
        assert not is_classifier(model)
        assert not is_regressor(model)
        _, y = tagged_vowels()
        assert isinstance(check_cv(3, y, classifier=is_classifier(model)), KFold)

    def test_cross_validation(self):
        X, y = tagged_vowels()
        cv = KFold(3, shuffle=True, random_state=0)
        scores = cross_val_score(GRUTagger(**FAST), X, y, cv=cv)
        predicted = cross_val_predict(GRUTagger(**FAST), X, y, cv=cv)
        for (fit, held_out), score in zip(cv.split(X), scores, strict=True):
            model = GRUTagger(**FAST).fit([X[i] for i in fit], [y[i] for i in fit])
            assert score == model.score([X[i] for i in held_out], [y[i] for i in held_out])
            expected = model.predict([X[i] for i in held_out])
            assert [predicted[i].tolist() for i in held_out] == [part.tolist() for part in expected]
        cube, labels = np.stack([x[:7] for x in X]), np.stack([part[:7] for part in y])
        assert cross_val_predict(GRUTagger(**FAST), cube, labels, cv=cv).shape == labels.shape

    def test_a_search_by_another_metric(self):
        X, y = tagged_vowels()

        def f1_over_steps(y, predicted):
            return f1_score(flat(y), flat(predicted), average="macro")

        pipeline = make_pipeline(SequenceScaler(), GRUTagger(**FAST, standardize=False))
        grid, cv = {"grutagger__max_iter": [1, 20]}, KFold(3, shuffle=True, random_state=0)
        search = GridSearchCV(pipeline, grid, scoring=make_scorer(f1_over_steps), cv=cv).fit(X, y)
        assert search.best_params_ == {"grutagger__max_iter": 20}
        assert search.best_score_ > search.cv_results_["mean_test_score"].min()
        assert search.score(X, y) == f1_over_steps(y, search.predict(X))
        search = GridSearchCV(pipeline, grid, cv=cv).fit(X, y)
        assert search.score(X, y) == search.best_estimator_.score(X, y)

    def test_texts(self):
        """Whether each character of a line is within a word."""
        lines = [line for line in GRUTagger.__doc__.splitlines() if line.strip()]
        labels = [["word" if c.isalnum() else "gap" for c in line] for line in lines]
        tagger = GRUTagger((8,), embedding_dim=4, batch_size=4, max_iter=8, tol=0, random_state=0)
        pipeline = make_pipeline(TextSequencer(analyzer="char", lowercase=False), tagger)
        cv = KFold(3, shuffle=True, random_state=0)
        assert cross_val_score(pipeline, lines, labels, cv=cv).min() > 0.95
        predicted = cross_val_predict(pipeline, lines, labels, cv=cv)
        assert [len(part) for part in predicted] == [len(line) for line in lines]
        grid = {"textsequencer__min_df": [1, 0.9]}  # of which the second leaves the gap alone
        search = GridSearchCV(pipeline, grid, cv=cv).fit(lines, labels)
        assert search.best_params_ == {"textsequencer__min_df": 1}
        assert search.score(lines, labels) == search.best_estimator_.score(lines, labels)
        pipeline.set_params(textsequencer__max_length=5)
        with pytest.raises(ValueError, match=r"y\[0\] has \d+ labels, but X\[0\] has 5 steps"):
            pipeline.fit(lines, labels)

    def test_callbacks(self):
        callback = pytest.importorskip("sklearn.callback")
        X, y = tagged_vowels()
        scorer = make_scorer(lambda y, predicted: np.mean(flat(y) == flat(predicted)))
        monitor = callback.ScoringMonitor(scoring={"steps": scorer})
        model = GRUTagger(**FAST).set_callbacks(monitor).fit(X, y)
        epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
        assert len(epochs) == 3
        assert epochs[-1]["steps"] == pytest.approx(model.score(X, y))

    def test_clone_and_repr(self):
        model = GRUTagger((3, 4), bidirectional=True, class_weight="balanced")
        assert clone(model).get_params() == model.get_params()
        words = "GRUTagger(bidirectional=True, class_weight='balanced', hidden_layer_sizes=(3, 4))"
        assert " ".join(repr(model).split()) == words
