"""GRUSeq2Seq: texts, tokens and integers in and out, fits that go on, what is refused."""

import pickle

import gruc
import numpy as np
import pytest
from gruc import GRUSeq2Seq
from gruc.preprocessing import TextSequencer
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict

FAST = dict(hidden_layer_sizes=(16,), embedding_dim=8, batch_size=16, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def backwards(n=400, seed=0):
    """Numbers, and their digits backwards."""
    rng = np.random.default_rng(seed)
    X = [str(number) for number in rng.integers(0, 100_000, n)]
    return X, [text[::-1] for text in X]


def bits(model):
    return {name: weight.tobytes() for name, weight in model.weights_.items()}


@pytest.fixture(scope="module")
def fitted():
    X, y = backwards()
    return GRUSeq2Seq(**FAST, max_iter=30).fit(X, y)


def test_it_learns(fitted):
    X, y = backwards(200, seed=1)
    assert fitted.score(X, y) > 0.9
    assert (fitted.predict(X) == np.array(y)).mean() == fitted.score(X, y)
    assert fitted.predict(X, beam_size=3).shape == (200,)
    weights = [0.0] * 100 + [1.0] * 100
    assert fitted.score(X, y, sample_weight=weights) == fitted.score(X[100:], y[100:])


@pytest.mark.parametrize("attention", [None, "dot", "general", "additive"])
@pytest.mark.parametrize("layers", [(12,), (9, 7)])
def test_texts_tokens_and_integers_give_the_same(attention, layers):
    X, y = backwards(60)
    model = GRUSeq2Seq(**FAST | dict(hidden_layer_sizes=layers), attention=attention, max_iter=3)
    texts = model.fit(X, y).predict(X[:10])
    assert all(isinstance(text, str) for text in texts)
    model.fit([list(text) for text in X], [list(text) for text in y])
    tokens = model.predict([list(text) for text in X[:10]])
    assert ["".join(part) for part in tokens] == texts.tolist()
    # without the unknown token the integers are others, and so is what is drawn for them
    integers = [np.array(list(map(int, text))) for text in X]
    model.fit(integers, [part[::-1] for part in integers])
    answers = model.predict(integers[:10], beam_size=2)
    assert answers.dtype == object
    assert all(part.dtype == np.int64 for part in answers)
    assert max(part.max(initial=0) for part in answers) < 10


def test_words_to_characters():
    X = ["three seven", "seven", "three three", "seven three"] * 10
    y = ["37", "7", "33", "73"] * 10
    source = TextSequencer(analyzer="word", add_end=True)
    model = GRUSeq2Seq(**FAST, source=source, max_iter=60).fit(X, y)
    assert model.predict(["Seven three"]).tolist() == ["73"]
    assert not hasattr(source, "vocabulary_")
    assert list(model.source_.get_feature_names_out()) == ["<unk>", "</s>", "seven", "three"]
    back = GRUSeq2Seq(**FAST, target=TextSequencer(add_start=True, add_end=True), max_iter=60).fit(y, X)
    assert back.predict(["37", "7"]).tolist() == ["three seven", "seven"]


def test_answers_may_be_empty():
    X, y = ["a", "b", "ab", "ba"] * 10, ["", "b", "b", "b"] * 10
    model = GRUSeq2Seq(**FAST, max_iter=60).fit(X, y)
    assert model.predict(["a", "b", "a"]).tolist() == ["", "b", ""]
    integers = [[0], [1], [0, 1], [1, 0]] * 10
    model.fit(integers, [[], [1], [1], [1]] * 10)
    assert [part.tolist() for part in model.predict([[0], [1]])] == [[], [1]]


def test_an_answer_has_at_most_max_target_length_tokens():
    X, y = backwards(50)
    model = GRUSeq2Seq(**FAST, max_target_length=7, max_iter=1).fit(X, y)
    assert model.max_target_length_ == 7
    assert max(map(len, model.predict(X))) <= 7
    assert GRUSeq2Seq(**FAST, max_iter=1).fit(X, y).max_target_length_ == max(map(len, y)) * 3 // 2


def test_memory_is_that_of_the_answers_not_of_max_target_length():
    """So that a length that nobody thought about is no error, and costs nothing."""
    X, y = backwards()
    settings = FAST | dict(max_iter=30)
    model = GRUSeq2Seq(**settings, max_target_length=10**30).fit(X, y)
    expected = GRUSeq2Seq(**settings, max_target_length=1000).fit(X, y)
    assert model.max_target_length_ == 10**30
    for beam_size in (1, 3):
        answers = model.predict(X[:50], beam_size)
        assert answers.tolist() == expected.predict(X[:50], beam_size).tolist()
    assert model.predict(X[:1]).tolist() == answers[:1].tolist()
    assert [w.shape[0] for w in model.attention_weights(X[:3])] == [len(a) + 1 for a in model.predict(X[:3])]


def test_attention_weights(fitted):
    X = ["12", "98765", "4"]
    answers = fitted.predict(X)
    for text, answer, weights in zip(X, answers, fitted.attention_weights(X), strict=True):
        assert weights.shape == (len(answer) + 1, len(text) + 1)
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    alone = fitted.attention_weights(X[:1])[0]
    assert (alone == fitted.attention_weights(X)[0]).all()
    X, y = backwards(30)
    with pytest.raises(ValueError, match="attention is None"):
        GRUSeq2Seq(**FAST, attention=None, max_iter=1).fit(X, y).attention_weights(X)


def test_a_fit_has_the_same_bits_for_every_n_jobs(monkeypatch):
    from gruc.training import step

    monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
    X, y = backwards(200)
    fits = [
        GRUSeq2Seq(
            **FAST | dict(batch_size=64), max_iter=3, dropout=0.1, scheduled_sampling=0.5,
            early_stopping=True, n_jobs=n_jobs,
        ).fit(X, y)
        for n_jobs in (1, 2, 3)
    ]  # fmt: skip
    assert bits(fits[0]) == bits(fits[1]) == bits(fits[2])
    curves = [(fit.loss_curve_, fit.validation_loss_curve_, fit.validation_scores_) for fit in fits]
    assert curves[0] == curves[1] == curves[2]
    assert fits[0].predict(X, 3).tolist() == fits[2].predict(X, 3).tolist()


def test_early_stopping_takes_the_best_epoch():
    X, y = backwards(300)
    held_out = backwards(100, seed=2)
    for scoring in (None, "loss"):
        settings = FAST | dict(max_iter=12, learning_rate_init=0.03, scoring=scoring, early_stopping=True)
        model = GRUSeq2Seq(**settings).fit(X, y, X_val=held_out[0], y_val=held_out[1])
        assert model.best_validation_score_ == max(model.validation_scores_)
        assert model.validation_scores_[model.best_iter_ - 1] == model.best_validation_score_
        if scoring is None:
            assert model.score(*held_out) == model.best_validation_score_
        else:
            assert model.best_validation_score_ == -min(model.validation_loss_curve_)
    split = GRUSeq2Seq(**FAST, max_iter=3, early_stopping=True, validation_fraction=0.2).fit(X, y)
    assert len(split.validation_scores_) == 3


def test_validation_loss_is_that_of_the_outputs_for_the_right_tokens():
    X, y = backwards(40)
    settings = FAST | dict(batch_size=40, max_iter=1, dtype="float64", solver="sgd", learning_rate_init=1e-12)
    model = GRUSeq2Seq(**settings, learning_rate="constant")
    model.fit(X, y, X_val=X, y_val=y)
    assert model.validation_loss_curve_[0] == pytest.approx(model.loss_curve_[0], rel=1e-9)


def test_weights_count_pairs_as_often():
    X, y = backwards(30)
    weights = np.arange(30) % 3
    settings = FAST | dict(max_iter=2, dtype="float64", shuffle=False, batch_size=1000, solver="sgd")
    weighted = GRUSeq2Seq(**settings).fit(X, y, sample_weight=weights)
    again = [i for i in range(30) for _ in range(weights[i])]
    repeated = GRUSeq2Seq(**settings).fit([X[i] for i in again], [y[i] for i in again])
    for name, weight in weighted.weights_.items():
        if name.endswith("embedding.weight"):  # tokens that do not occur would be others
            continue
        np.testing.assert_allclose(weight, repeated.weights_[name], rtol=0, atol=1e-9)


def test_partial_fit_and_warm_start_go_on():
    X, y = backwards(100)
    model = GRUSeq2Seq(**FAST)
    for _ in range(15):
        model.partial_fit(X, y)
    assert model.n_iter_ == 15
    assert model.loss_curve_[-1] < 0.7 * model.loss_curve_[0]
    vocabulary = model.source_.vocabulary_
    before = bits(model)
    with pytest.raises(ValueError, match=r"y\[0\] has 40 tokens, and max_target_length is 7"):
        model.partial_fit(["1"], ["2" * 40])
    assert bits(model) == before
    model.partial_fit(["abc1"], ["1"])
    assert model.source_.vocabulary_ is vocabulary
    model.set_params(warm_start=True, max_iter=1).fit(X, y)
    assert model.n_iter_ == 17
    with pytest.raises(ValueError, match="embedding_dim is 3, but the existing network"):
        model.set_params(embedding_dim=3).partial_fit(X, y)
    with pytest.raises(ValueError, match="early_stopping=True needs all data"):
        model.set_params(embedding_dim=8, early_stopping=True).partial_fit(X, y)


def test_what_goes_on_reads_and_answers_the_same_tokens():
    X, y = ["a b", "b"] * 8, ["b a", "b"] * 8
    by_word = TextSequencer(analyzer="word", add_end=True, vocabulary=np.array(["a", "b"]))
    model = GRUSeq2Seq(**FAST, source=by_word, warm_start=True, max_iter=1).fit(X, y)
    model.set_params(source=clone(by_word)).fit(X, y)
    assert model.n_iter_ == 2
    before = bits(model)
    for changed in (
        {"source__vocabulary": ["a"]},
        {"source": TextSequencer(analyzer="char", add_end=True)},
        {"target": by_word},
    ):
        other = pickle.loads(pickle.dumps(model)).set_params(**changed)
        for call in (other.fit, other.partial_fit):
            with pytest.raises(ValueError, match="makes other tokens than those that the existing network"):
                call(X, y)
        assert bits(other) == before
        assert other.set_params(warm_start=False).fit(X, y).n_iter_ == 1


def test_pickle_and_clone(fitted):
    X, _ = backwards(20, seed=3)
    copy = pickle.loads(pickle.dumps(fitted))
    assert bits(copy) == bits(fitted)
    assert copy.predict(X, 2).tolist() == fitted.predict(X, 2).tolist()
    y = [text[::-1] for text in X]
    assert bits(copy.partial_fit(X, y)) == bits(pickle.loads(pickle.dumps(fitted)).partial_fit(X, y))
    assert not hasattr(clone(fitted), "weights_")
    integers = [np.array([1, 2]), np.array([0])] * 5
    model = pickle.loads(pickle.dumps(GRUSeq2Seq(**FAST, max_iter=1).fit(integers, integers)))
    assert len(model.predict(integers)) == 10


def test_searches_and_nested_parameters():
    X, y = backwards(60)
    model = GRUSeq2Seq(**FAST, source=TextSequencer(analyzer="char"), max_iter=1)
    assert model.set_params(source__add_end=True).source.add_end
    search = GridSearchCV(model, {"attention": [None, "dot"]}, cv=2).fit(np.array(X), np.array(y))
    assert search.best_score_ >= 0
    assert cross_val_predict(model, X, y, cv=2).shape == (60,)


def test_bad_input(fitted):
    X, y = backwards(10)
    model = GRUSeq2Seq(**FAST, max_iter=1)
    for given, message in {
        (("", "a"), ("a", "b")): r"X\[0\] is empty",
        (("a", None), ("a", "b")): r"X\[1\] is None, a text that is missing",
        (("a", "b"), ("a", float("nan"))): r"y\[1\] is NaN, a text that is missing",
        (("a", "b"), ("a",)): r"X has 2 sequences, but y has 1\.",
        ((), ()): "X has no sequences",
        (("a", "b"), ("", "")): "y has no tokens: all its sequences are empty",
        (("", ""), ("a", "b")): "X has no tokens: all its sequences are empty",
        (((), ()), ((1,), (2,))): "X has no tokens: all its sequences are empty",
    }.items():
        with pytest.raises(ValueError, match=message):
            model.fit(*map(list, given))
        assert not hasattr(model, "weights_")
    with pytest.raises(ValueError, match="X is a single text"):
        fitted.predict("12")
    with pytest.raises(TypeError, match="X is a set; expected a list"):  # which has no order
        model.fit({"a", "b"}, ["a", "b"])
    with pytest.raises(ValueError, match=r"X\[1\] is empty"):
        fitted.predict(["1", ""])
    with pytest.raises(ValueError, match="target must have add_end=True"):
        model.set_params(target=TextSequencer()).fit(X, y)
    with pytest.raises(ValueError, match="tokens that follow one another"):
        model.set_params(target=TextSequencer(analyzer="char", ngram_range=(1, 2), add_end=True)).fit(X, y)
    with pytest.raises(TypeError, match="source must be a TextSequencer"):
        model.set_params(target=None, source=gruc.preprocessing.SequenceScaler()).fit(X, y)
    with pytest.raises(ValueError, match="X_val is given, but not y_val"):
        GRUSeq2Seq(**FAST).fit(X, y, X_val=X)
    integers = GRUSeq2Seq(**FAST, max_iter=1).fit([[1, 2], [0]], [[1], [2]])
    with pytest.raises(ValueError, match=r"X\[1\] has token 3 at step 0, but the model knows tokens 0 to 2"):
        integers.predict([[1], [3]])
    with pytest.raises(ValueError, match=r"y\[0\] has token 9"):
        integers.partial_fit([[1]], [[9]])
    with pytest.raises(TypeError, match="beam_size must be an integer"):
        fitted.predict(X, beam_size=2.5)
    with pytest.raises(ValueError, match="length_penalty must be 0 or more"):
        fitted.predict(X, 2, length_penalty=-1)


def test_missing_texts_are_to_be_left_out(fitted):
    with pytest.raises(ValueError, match=r"X\[0\] is NaN, a text that is missing. Leave it out.$"):
        fitted.predict([float("nan")])
    with pytest.raises(
        TypeError, match="model is a GRUSeq2Seq, an encoder-decoder, which can be exported to ONNX"
    ):
        gruc.to_c(fitted, "nowhere.h")


def test_marks_are_refused_in_answers():
    """Training on them would not show: answers end at the first, and never contain the second."""
    X, y = [["a", "b"], ["b", "a", "</s>"]] * 20, [["a", "b"], ["b", "<s>"]] * 20
    model = GRUSeq2Seq((4,), max_iter=2, random_state=0).fit(X, y)
    wrong = [["a"], ["b", "</s>"]]
    with pytest.raises(
        ValueError, match=r"y\[1\] contains '</s>' at position 1, the token that the model adds"
    ):
        model.fit(X[:2], wrong)
    with pytest.raises(ValueError, match=r"y_val\[1\] contains '</s>'"):
        model.fit(X, y, X_val=X[:2], y_val=wrong)
    with pytest.raises(ValueError, match=r"y\[1\] contains '</s>'"):
        model.score(X[:2], wrong)
    marked = TextSequencer(analyzer=None, add_start=True, add_end=True)
    with pytest.raises(
        ValueError, match=r"y\[1\] contains '<s>' at position 1, .* at the start of a sequence"
    ):
        GRUSeq2Seq((4,), target=marked).fit(X, y)
    texts = TextSequencer(token_pattern=r"\S+", add_end=True)
    with pytest.raises(ValueError, match=r"y\[0\] contains '</s>' at position 1"):
        GRUSeq2Seq((4,), target=texts).fit(X[:2], ["a </s> b", "b"])


def test_symbols_that_were_not_seen_are_read_as_one(fitted):
    assert fitted.predict(["1x2"]).tolist() == fitted.predict(["1?2"]).tolist()
    assert fitted.score(["12"], ["x"]) == 0.0


@pytest.mark.parametrize("attention", [None, "additive"])
def test_files(attention, tmp_path):
    X, y = backwards(60)
    target = TextSequencer(analyzer="char", lowercase=False, add_start=True, add_end=True)
    model = GRUSeq2Seq(**FAST, attention=attention, target=target, max_iter=2).fit(X, y)
    path = tmp_path / "model.gruc"
    model.save(path)
    for loaded in (gruc.load(path), gruc.runtime.load(path)):
        assert loaded.predict(X, 3).tolist() == model.predict(X, 3).tolist()
        assert (
            {name: w.tobytes() for name, w in loaded.weights.items()} == bits(model)
            if hasattr(loaded, "weights")
            else bits(loaded) == bits(model)
        )
    loaded = gruc.load(path)
    assert loaded.source is None
    assert loaded.target.get_params() == target.get_params()
    assert loaded.target_.vocabulary_ == model.target_.vocabulary_
    assert loaded.loss_curve_ == model.loss_curve_
    assert loaded.partial_fit(X, y).n_iter_ == 3
    integers = [np.array([1, 2]), np.array([0])] * 5
    GRUSeq2Seq(**FAST, attention=attention, max_iter=1).fit(integers, integers).save(path)
    loaded = gruc.runtime.load(path)
    assert [part.tolist() for part in gruc.load(path).predict(integers)] == [
        part.tolist() for part in loaded.predict(integers)
    ]
    model.set_params(target__lowercase=True)
    with pytest.raises(ValueError, match="target is not the sequencer that the model was fitted with"):
        model.save(path)


def test_damaged_files(fitted):
    description, arrays = gruc.estimators._files.describe(fitted)
    description["gruc_version"] = "1"
    build = gruc.runtime.model_files.content_of_file
    assert (
        build(description, arrays, "it").predictor.predict(["12"]).tolist() == fitted.predict(["12"]).tolist()
    )
    predictor = description["predictor"]
    for change in (
        {"sequencers": None},
        {"predictor": predictor | {"max_target_length": 0}},
        {"predictor": predictor | {"network": predictor["network"] | {"attention": "none"}}},
        {"predictor": predictor | {"network": predictor["network"] | {"n_inputs": 99, "n_outputs": 99}}},
        {"predictor": predictor | {"network": predictor["network"] | {"hidden_layer_sizes": [16, 16]}}},
        {"predictor": predictor | {"source": {"kind": "integers", "n_given": 4}}},
    ):
        with pytest.raises(gruc.ModelFileError, match="it"):
            build(description | change, dict(arrays), "it")
