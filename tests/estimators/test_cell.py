"""The cell with forget, input and output gates, in every estimator."""

import gruc
import numpy as np
import pytest
import reference
from gruc import (
    GRUClassifier,
    GRUForecaster,
    GRULanguageModel,
    GRURegressor,
    GRUSeq2Seq,
    GRUStepRegressor,
    GRUTagger,
    GRUTransformer,
)
from model_files import joined, refuses, split
from numpy.testing import assert_allclose, assert_array_equal

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FAST = dict(cell="fio", max_iter=4, random_state=0)
WORDS = ["abc", "cab", "bca", "aabb", "ccba", "b"] * 4


def waves(n=24, seed=0):
    """Ragged sequences (t_i, 2), whether they rise or fall, and their values at each step."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    X = [
        np.cumsum(rng.standard_normal((length, 2)) + (2 * label - 1), axis=0)
        for length, label in zip(rng.integers(4, 12, n), y, strict=True)
    ]
    return X, y


def fitted(name, **changes):
    """An estimator by name, fitted, and X that it predicts."""
    X, y = waves()
    settings = FAST | dict(hidden_layer_sizes=(5,)) | changes
    if name == "classifier":
        return GRUClassifier(**settings).fit(X, y), X
    if name == "regressor":
        return GRURegressor(**settings).fit(X, [x.mean() for x in X]), X
    if name == "tagger":
        return GRUTagger(**settings).fit(X, [(x[:, 0] > 0).astype(int) for x in X]), X
    if name == "steps":
        return GRUStepRegressor(**settings).fit(X, [x.sum(axis=1) for x in X]), X
    if name == "language":
        return GRULanguageModel(embedding_dim=4, window=16, **settings).fit(WORDS), WORDS
    if name == "seq2seq":
        return GRUSeq2Seq(embedding_dim=4, **settings).fit(WORDS, [w[::-1] for w in WORDS]), WORDS
    y = np.sin(np.arange(120.0) / 3) + np.arange(120) / 50
    return GRUForecaster(lags=8, horizon=3, **settings).fit(y), None


def answers(model, X):
    """What a model says of X."""
    if isinstance(model, GRUForecaster):
        return np.asarray(model.predict())
    if isinstance(model, GRULanguageModel):
        return np.array([model.score(X), *[len(text) for text in [model.sample(20, random_state=0)]]])
    if isinstance(model, GRUSeq2Seq):
        return np.array(model.predict(X), dtype=object)
    made = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    return np.hstack(list(made)) if np.ndim(made[0]) < 2 else np.concatenate(list(made))


KINDS = "classifier", "regressor", "tagger", "steps", "language", "seq2seq", "forecaster"


@pytest.mark.parametrize("kind", KINDS)
def test_files_and_threads_have_the_same_answers(kind, tmp_path):
    model, X = fitted(kind)
    said = answers(model, X)
    model.save(tmp_path / "m.gruc")
    again = gruc.load(tmp_path / "m.gruc")
    assert again.cell == "fio"
    assert_array_equal(answers(again, X), said)
    assert_array_equal(answers(fitted(kind, n_jobs=2)[0], X), said)
    other = answers(fitted(kind, cell="gru")[0], X)
    assert kind == "seq2seq" or not np.array_equal(other, said)


@pytest.mark.parametrize("kind", ["classifier", "seq2seq"])
def test_damaged_files_are_refused(kind, tmp_path):
    model, _ = fitted(kind)
    path = tmp_path / "m.gruc"
    model.save(path)
    description, tensors = split(path.read_bytes())
    part = description["predictor"]["network"]
    for cell, message in (
        ("lstm", "cell"),
        (7, "cell"),
        ("gru", "tensors|expected"),
        (None, "tensors|expected"),
    ):
        part["cell"] = cell
        if cell is None:
            del part["cell"]
            message = "tensors|expected"
        refuses(path, joined(description, tensors), message)
    if kind == "seq2seq":
        part |= {"cell": "fio", "attention": "additive"}
        refuses(path, joined(description, tensors), "part of a GRU's step")


def test_features_of_a_transformer():
    X, y = waves()
    model = GRUTransformer(GRUClassifier((5,), pooling="mean", frame_length=1, **FAST)).fit(X, y)
    means = [states.mean(axis=0) for states in model.estimator_.hidden_states(X)]
    assert_allclose(model.transform(X), means, rtol=0, atol=1e-6)


def test_states_by_the_equations():
    model, X = fitted(
        "classifier", hidden_layer_sizes=(4, 3), bidirectional=True, frame_length=1, dtype="float64"
    )
    weights, scaling = model.weights_, model._predictor.inputs.scaling
    for x, states in zip(X[:3], model.hidden_states(X[:3], layer=0), strict=True):
        rows = (x - scaling.mean) / scaling.scale
        for part, suffix in ((states[:, :4], "l0"), (states[::-1, 4:], "l0_reverse")):
            names = (f"gru.{name}_{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih"))
            ordered = rows if suffix == "l0" else rows[::-1]
            expected, _ = reference.fio_forward(ordered, *(weights[name] for name in names))
            assert_allclose(part, expected, rtol=0, atol=1e-12)
    assert weights["gru.weight_hh_l0"].shape == (16, 4)
    assert "gru.bias_hh_l0" not in weights


def test_gates_make_the_states():
    model, X = fitted("classifier", frame_length=1, dtype="float64")
    gates = model.gate_activations(X)
    assert list(gates) == ["forget", "input", "output", "candidate"]
    for i, h in enumerate(model.hidden_states(X)):
        f, g, o, c = (gates[name][i] for name in gates)
        before, c_before = (np.vstack([np.zeros(5), part[:-1]]) for part in (h, c))
        assert_allclose(f * before + g * c + o * c_before, h, rtol=0, atol=1e-12)


@pytest.mark.parametrize("pooling", ["last", "mean"])
@pytest.mark.parametrize("frame_length", [1, 2])
def test_streams_say_what_predict_does(pooling, frame_length):
    model, X = fitted("classifier", hidden_layer_sizes=(5, 3), pooling=pooling, frame_length=frame_length)
    stream = model.stream()
    for x, said in zip(X, model.predict_proba(X), strict=True):
        stream.reset()
        assert_array_equal(stream.step(x), said)
        assert [state.shape for state in stream.state] == [(10,), (6,)]


def test_a_state_is_h_and_the_candidate_before():
    model, X = fitted("tagger", hidden_layer_sizes=(5,))
    x = next(x for x in X if len(x) > 6)
    stream = model.stream()
    stream.step(x[:4])
    state = stream.state
    assert state.shape == (1, 10)
    assert_array_equal(state[0, :5], model.hidden_states([x])[0][3])
    assert_array_equal(state[0, 5:], model.gate_activations([x])["candidate"][0][3])
    late = model.predict_proba([x[4:]], initial_state=state)[0]
    assert_array_equal(late, model.predict_proba([x])[0][4:])
    with pytest.raises(ValueError, match=r"initial_state has shape \(1, 5\); expected \(1, 1, 10\)"):
        model.predict([x], initial_state=state[:, :5])


def test_training_goes_on_with_the_same_cell_only():
    X, y = waves()
    model = GRUClassifier((5,), cell="fio", random_state=0).partial_fit(X, y)
    before = model.weights_["gru.weight_hh_l0"].copy()
    model.reset_after = False  # which says nothing of this cell
    model.partial_fit(X, y)
    assert not np.array_equal(model.weights_["gru.weight_hh_l0"], before)
    model.cell = "gru"
    with pytest.raises(ValueError, match="cell is gru, but the existing network has fio"):
        model.partial_fit(X, y)


@pytest.mark.parametrize("kind", ["language", "seq2seq", "forecaster"])
def test_others_go_on_with_the_same_cell_only(kind):
    model, X = fitted(kind, warm_start=True)
    model.cell = "gru"
    again = {"language": (WORDS,), "seq2seq": (WORDS, WORDS), "forecaster": (np.arange(120.0),)}[kind]
    with pytest.raises(ValueError, match="cell is gru, but the existing network has fio"):
        model.fit(*again)


def test_reset_after_has_no_effect():
    model, X = fitted("classifier")
    assert_array_equal(answers(fitted("classifier", reset_after=False)[0], X), answers(model, X))


def test_the_forget_gate_starts_at_the_bias():
    model, _ = fitted("classifier", update_gate_bias_init=3.0, max_iter=1, learning_rate_init=1e-9)
    assert_allclose(model.weights_["gru.bias_ih_l0"], np.repeat([3.0, 0.0], [5, 15]), atol=1e-6)


@pytest.mark.parametrize("strategy", ["direct", "recursive", "decoder"])
def test_strategies_of_forecasts(strategy):
    y = np.sin(np.arange(150.0) / 3)
    model = GRUForecaster((6,), lags=9, horizon=4, strategy=strategy, **FAST | {"max_iter": 40}).fit(y[:140])
    assert np.abs(np.asarray(model.predict(range(1, 5))) - y[140:144]).max() < 0.5


@pytest.mark.parametrize("attention", [None, "dot", "general"])
def test_translations_are_learned(attention):
    model = GRUSeq2Seq((12,), embedding_dim=8, attention=attention, **FAST | {"max_iter": 60})
    answers = [word[::-1] for word in WORDS]
    assert model.fit(WORDS, answers).score(WORDS, answers) > 0.6
    assert len(model.predict(WORDS, beam_size=3)) == len(WORDS)


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ValueError, match="attention='additive' is part of a GRU's step, and cell is 'fio'"):
        GRUSeq2Seq((5,), embedding_dim=4, attention="additive", **FAST).fit(WORDS, WORDS)
    with pytest.raises(ValueError, match="cell"):
        GRUClassifier((5,), cell="lstm").fit(*waves())
    model, _ = fitted("classifier", frame_length=1)
    gru = {"weight_ih_l0": np.zeros((15, 2)), "weight_hh_l0": np.zeros((15, 5))}
    with pytest.raises(ValueError, match="cell is 'fio', and the weights are those of GRU layers"):
        gruc.from_torch(model, gru, {"weight": np.zeros((1, 5)), "bias": np.zeros(1)}, classes=[0, 1])
    for export, library in ((gruc.to_torch, "torch"), (gruc.to_keras, "Keras")):
        with pytest.raises(ValueError, match=f"{library} has no cell 'fio'"):
            export(model)
