"""What GRUTagger takes and gives: forms of X and y, and what is refused."""

import numpy as np
import pytest
from gruc import GRUTagger
from problems import bits_of, tagged_vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)


class TestForms:
    def test_labels_of_any_kind(self):
        X, y = tagged_vowels()
        model = GRUTagger(**FAST).fit(X, y)
        expected = model.predict_proba(X)
        names = np.array(["adverb", "noun", "verb"])
        for labels, classes in (
            ([names[part] for part in y], names),
            ([names[part].tolist() for part in y], names),
            ([names[part].astype(object) for part in y], names),
            ([part.astype("int8") for part in y], np.arange(3)),
            ([10.0 * part for part in y], 10.0 * np.arange(3)),
        ):
            other = GRUTagger(**FAST).fit(X, labels)
            assert other.classes_.tolist() == classes.tolist()
            for a, b in zip(other.predict_proba(X), expected, strict=True):
                assert np.array_equal(a, b)
            predicted = other.predict(X)
            assert predicted[0].dtype == other.classes_.dtype
            assert [part.tolist() for part in predicted] == [
                classes[part].tolist() for part in model.predict(X)
            ]

    def test_two_classes_have_one_logit(self):
        X, y = tagged_vowels()
        for labels in ([part > 0 for part in y], [np.where(part > 0, "yes", "no") for part in y]):
            model = GRUTagger(**FAST).fit(X, labels)
            assert (model.n_outputs_, model.out_activation_) == (1, "logistic")
            proba = model.predict_proba(X)[3]
            assert proba.shape == (len(X[3]), 2)
            assert model.predict(X)[3].tolist() == model.classes_[(proba[:, 1] > 0.5).astype(int)].tolist()

    def test_collections(self):
        X, y = tagged_vowels()
        model = GRUTagger(**FAST).fit(X, y)
        as_objects = np.empty(len(y), dtype=object)
        as_objects[:] = y
        for labels in ([part.tolist() for part in y], tuple(y), as_objects):
            assert bits_of(GRUTagger(**FAST).fit(X, labels)) == bits_of(model)

    def test_an_array_X(self):
        X, y = tagged_vowels()
        cube, labels = np.stack([x[:7] for x in X]), np.stack([part[:7] for part in y])
        model = GRUTagger(**FAST).fit(cube, labels)
        assert model.predict(cube).shape == (len(X), 7)
        assert model.predict_proba(cube).shape == (len(X), 7, 3)
        assert bits_of(GRUTagger(**FAST).fit(list(cube), list(labels))) == bits_of(model)
        assert bits_of(GRUTagger(**FAST).fit(cube, labels.astype(str).astype(object))) == bits_of(model)
        assert model.score(cube, labels) == (model.predict(cube) == labels).mean()
        table = GRUTagger(**FAST).fit(cube[:, :, 0], labels)
        assert table.n_features_in_ == 7
        assert table.predict(cube[:, :, 0]).shape == (len(X), 7)

    def test_each_step_is_a_frame(self):
        X, y = tagged_vowels()
        model = GRUTagger(**FAST).fit(X, y)
        assert (model.frame_length_, model.hop_length_) == (1, 1)
        states = model.hidden_states(X)
        assert [len(part) for part in states] == [len(x) for x in X]
        head = model.weights_["head.weight"], model.weights_["head.bias"]
        logits = states[0] @ head[0].T + head[1]
        assert np.array_equal(logits.argmax(axis=1), model.predict(X)[0])

    def test_one_direction_sees_nothing_of_what_comes(self):
        X, y = tagged_vowels()
        for bidirectional in (False, True):
            model = GRUTagger(**FAST, bidirectional=bidirectional).fit(X, y)
            whole, part = model.predict_proba(X[:1])[0], model.predict_proba([X[0][:5]])[0]
            assert np.array_equal(whole[:5], part) != bidirectional

    def test_initial_states(self):
        X, y = tagged_vowels()
        model = GRUTagger(**FAST).fit(X, y)
        states = np.stack([part[3] for part in model.hidden_states(X)])[:, np.newaxis]
        rest = model.predict_proba([x[4:] for x in X], initial_state=states)
        for a, b in zip(rest, model.predict_proba(X), strict=True):
            assert np.array_equal(a, b[4:])


class TestBadInput:
    X = [np.ones((3, 2)), np.ones((2, 2))]
    Y = [[0, 1, 0], [1, 1]]

    @pytest.mark.parametrize(
        "y, message",
        [
            ([[0, 1, 0], [1, 1, 0]], r"y\[1\] has 3 labels, but X\[1\] has 2 steps"),
            ([[0, 1], [1, 1]], r"y\[0\] has 2 labels, but X\[0\] has 3 steps"),
            ([[0, 1, 0]], "inconsistent numbers of samples"),
            (None, "requires y to be passed"),
            ([0, 1], r"y\[0\] is '0'; expected 3 labels, one for each step.*use GRUClassifier"),
            (np.array([0, 1]), r"y\[0\] is '0'; expected 3 labels"),
            (["BIO", "BI"], r"y\[0\] is 'BIO'; expected 3 labels"),
            ([np.ones((3, 2), int), np.ones((2, 2), int)], r"y\[0\] has 2 dimensions"),
            ([[[0], [1, 2], [0]], [1, 1]], r"y\[0\] has 3 dimensions"),
            ([["a", None, "b"], ["a", "a"]], r"y\[0\] contains None at step 1; each step needs a label"),
            ([[0, 1, 0], [1, None]], r"y\[1\] contains None at step 1"),
            ([[0, 1, 0], None], "element 1 is missing"),
            ([[0, 1, 0], [np.nan, 1]], r"y\[1\] contains nan at step 0"),
            ([["a", "b", 1], ["a", "b"]], "all text or all numbers, but y holds both"),
            ([["a", "b", "c"], [0, 1]], "all text or all numbers, but y holds both"),
            ([[0.5, 1.5, 0.2], [0.1, 0.3]], "Unknown label type: continuous"),
            ([[1, 1, 1], [1, 1]], "1 class only"),
        ],
    )  # fmt: skip
    def test_of_y(self, y, message):
        model = GRUTagger(**FAST)
        with pytest.raises(ValueError, match=message):
            model.fit(self.X, y)
        assert not hasattr(model, "classes_")

    @pytest.mark.parametrize(
        "y_val, message",
        [
            ([[0, 1, 0], [1]], r"y_val\[1\] has 1 labels, but X_val\[1\] has 2 steps"),
            ([[0, 1, 0], [1, 2]], "y_val holds labels that are not among the classes"),
            ([[0, 1, 0], [1, None]], r"y_val\[1\] contains None at step 1"),
            (None, "X_val is given, but not y_val"),
        ],
    )
    def test_of_y_val(self, y_val, message):
        with pytest.raises(ValueError, match=message):
            GRUTagger(**FAST).fit(self.X, self.Y, X_val=self.X, y_val=y_val)

    def test_missing_labels_of_pandas(self):
        pd = pytest.importorskip("pandas")
        with pytest.raises(ValueError, match=r"y\[1\] contains (<NA>|nan) at step 0"):
            GRUTagger(**FAST).fit(self.X, [[0, 1, 0], pd.Series([None, 1], dtype="Int64")])
        series = [pd.Series(["a", "b", "a"], dtype="category"), pd.Series(["b", "b"], dtype="string")]
        assert GRUTagger(**FAST).fit(self.X, series).classes_.tolist() == ["a", "b"]

    def test_of_score(self):
        model = GRUTagger(**FAST).fit(self.X, self.Y)
        with pytest.raises(ValueError, match=r"y\[1\] has 1 labels, but X\[1\] has 2 steps"):
            model.score(self.X, [[0, 1, 0], [1]])

    def test_parameters_of_others(self):
        for name, message in (
            ("pooling", "a parameter of GRUClassifier, which makes one prediction per sequence"),
            ("frame_length", "here each step is an input"),
            ("quantile", "a parameter of GRUStepRegressor"),
            ("n_estimators", "'n_estimators'. n_estimators is a parameter of GRUClassifier"),
        ):
            with pytest.raises(TypeError, match=message):
                GRUTagger(**{name: 1})


def test_a_weight_for_each_step_is_refused():
    X, y = tagged_vowels()
    with pytest.raises(ValueError, match=r"sample_weight has several weights .* one for each sequence"):
        GRUTagger(**FAST).fit(X, y, sample_weight=[np.ones(len(x)) for x in X])
