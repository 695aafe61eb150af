"""hidden_states, gate_activations and initial states against the oracle."""

import numpy as np
import pytest
import reference
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.preprocessing import SequenceScaler
from gruc.runtime import Predictor
from problems import forms_of_vowels, vowels
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = dict(hidden_layer_sizes=(5, 4), max_iter=2, random_state=0, dtype="float64")


def scaled(model, x):
    return (x - model._predictor.inputs.scaling.mean) / model._predictor.inputs.scaling.scale


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("layer", [0, 1, -1])
def test_against_the_oracle(reset_after, layer):
    X, y = vowels()
    model = GRUClassifier(**SETTINGS, bidirectional=True, reset_after=reset_after, frame_length=1).fit(X, y)
    states, gates = model.hidden_states(X, layer), model.gate_activations(X, layer)
    for i in (0, 7, 23):
        x = scaled(model, X[i])
        for names in reference.direction_names(model._predictor.config)[: layer % 2 + 1]:
            outputs, r_z_n = [], []
            for suffix in names:
                step = -1 if suffix.endswith("reverse") else 1
                h, saved = reference.gru_forward(x[::step], *reference.layer_weights(model.weights_, suffix))
                outputs.append(h[::step])
                r_z_n.append(np.array([[r, z, n] for _, _, r, z, n, _ in saved])[::step])
            x = np.concatenate(outputs, axis=1)
        np.testing.assert_allclose(states[i], x, rtol=0, atol=1e-12)
        expected = np.concatenate(r_z_n, axis=2)
        for gate, name in enumerate(("reset", "update", "candidate")):
            np.testing.assert_allclose(gates[name][i], expected[:, gate], rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", forms_of_vowels())
def test_ragged_out_as_in(form):
    X, y = forms_of_vowels()[form]
    model = GRURegressor((6,), max_iter=1, random_state=0, frame_length=3).fit(X, y)
    for rows in (model.hidden_states(X), model.gate_activations(X)["update"]):
        if form.startswith("list"):
            assert isinstance(rows, list)
            assert [row.shape for row in rows] == [(-(-len(x) // 3), 6) for x in X]
        else:
            assert rows.shape == (len(X), 3, 6)


def test_the_last_state_is_what_the_head_sees():
    X, y = vowels()
    model = GRURegressor((6,), max_iter=2, random_state=0, standardize=False).fit(X, y)
    weights = model.weights_
    last = np.array([states[-1] for states in model.hidden_states(X)])
    np.testing.assert_allclose(
        last @ weights["head.weight"][0] + weights["head.bias"], model.predict(X), rtol=1e-5
    )


def test_a_state_depends_on_its_sequence_alone():
    X, y = vowels()
    model = GRUClassifier((7,), max_iter=1, random_state=0).fit(X, y)
    together = model.hidden_states(X)
    for i in (0, 5):
        assert np.array_equal(model.hidden_states([X[i]])[0], together[i])


def test_layers_that_are_not_there():
    X, y = vowels()
    model = GRUClassifier(**SETTINGS).fit(X, y)
    for layer in (2, -3):
        for method in (model.hidden_states, model.gate_activations):
            with pytest.raises(ValueError, match=f"layer must be from -2 to 1; got {layer}"):
                method(X, layer)
    for layer in (0.0, True, None, "last"):
        with pytest.raises(TypeError, match="layer must be an integer; got"):
            model.hidden_states(X, layer)
    with pytest.raises(NotFittedError):
        GRUClassifier().hidden_states(X)
    with pytest.raises(ValueError, match="X has 3 features per step, but the model was fitted with 12"):
        Predictor.from_estimator(model).hidden_states([x[:, :3] for x in X])


class TestInitialState:
    @pytest.mark.parametrize("reset_after", [True, False])
    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_against_the_oracle(self, bidirectional, reset_after):
        X, y = vowels()
        settings = SETTINGS | {"hidden_layer_sizes": (5, 5), "bidirectional": bidirectional}
        model = GRUClassifier(**settings, reset_after=reset_after, frame_length=1).fit(X, y)
        rng = np.random.default_rng(0)
        initial = rng.uniform(-1, 1, (len(X), 2, 5 * (1 + bidirectional)))
        got = [model.hidden_states(X, layer, initial_state=initial) for layer in (0, 1)]
        for i in (0, 7, 23):
            x = scaled(model, X[i])
            for layer, names in enumerate(reference.direction_names(model._predictor.config)):
                outputs = []
                for suffix, h0 in zip(names, np.split(initial[i, layer], len(names)), strict=True):
                    step = -1 if suffix.endswith("reverse") else 1
                    weights = reference.layer_weights(model.weights_, suffix)
                    outputs.append(reference.gru_forward(x[::step], *weights, h0=h0)[0][::step])
                x = np.concatenate(outputs, axis=1)
                np.testing.assert_allclose(got[layer][i], x, rtol=0, atol=1e-12)

    @pytest.mark.parametrize("sizes", [(6,), (6, 6), (5, 3)], ids=str)
    @pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
    def test_continues_where_another_prediction_ended(self, Estimator, sizes):
        X, y = vowels()
        model = Estimator(sizes, max_iter=2, random_state=0, frame_length=1).fit(X, y)
        beginnings, ends = (
            [x[: 3 + i % 3] for i, x in enumerate(X)],
            [x[3 + i % 3 :] for i, x in enumerate(X)],
        )
        layers = [
            np.array([states[-1] for states in model.hidden_states(beginnings, layer)])
            for layer in range(len(sizes))
        ]
        initial = layers if len(set(sizes)) > 1 else np.stack(layers, axis=1)
        predictor = Predictor.from_estimator(model)
        for predicting in (model, predictor, predictor.with_n_jobs(1)):
            assert np.array_equal(predicting.predict(ends, initial_state=initial), predicting.predict(X))
        if Estimator is GRUClassifier:
            for method in ("predict_proba", "predict_log_proba"):
                for predicting in (model, predictor):
                    got = getattr(predicting, method)(ends, initial_state=initial)
                    assert np.array_equal(got, getattr(predicting, method)(X))
        for layer in range(len(sizes)):
            gates = model.gate_activations(ends, layer, initial_state=initial)
            for name, expected in model.gate_activations(X, layer).items():
                for got, end, whole in zip(gates[name], ends, expected, strict=True):
                    assert np.array_equal(got, whole[-len(end) :])

    def test_both_directions(self):
        """The backward direction begins at the end, with what comes after it."""
        X, y = vowels()
        settings = dict(bidirectional=True, frame_length=1, max_iter=2, random_state=0)
        model = GRUClassifier((6,), **settings).fit(X, y)
        whole = model.hidden_states(X)
        backward = np.stack([states[4, 6:] for states in whole])
        initial = np.concatenate([np.zeros_like(backward), backward], axis=1)[:, np.newaxis]
        got = model.hidden_states([x[:4] for x in X], initial_state=initial)
        assert np.array_equal(got, [states[:4] for states in whole])

    def test_one_state_for_all_and_zeros(self):
        X, y = vowels()
        for sizes in ((6,), (4, 4)):
            model = GRUClassifier(sizes, max_iter=2, random_state=0).fit(X, y)
            one = np.random.default_rng(0).uniform(-1, 1, (len(sizes), sizes[0]))
            for_each = np.broadcast_to(one, (len(X), *one.shape))
            expected = model.predict_proba(X, initial_state=one)
            for given in (for_each, one.tolist(), np.asfortranarray(for_each), one.astype("longdouble")):
                assert np.array_equal(model.predict_proba(X, initial_state=given), expected)
            assert np.abs(expected - model.predict_proba(X)).max() > 1e-3
            assert np.array_equal(model.predict_proba(X, initial_state=0 * one), model.predict_proba(X))
            assert (one <= 1).all()

    def test_transformer_and_pipeline(self):
        X, y = vowels()
        encoder = GRUTransformer(GRUClassifier((6,), max_iter=2, frame_length=1, random_state=0)).fit(X, y)
        model = encoder.estimator_
        states = model.hidden_states([x[:3] for x in X])
        initial = np.array([each[-1] for each in states])[:, np.newaxis]
        assert np.array_equal(
            encoder.transform([x[3:] for x in X], initial_state=initial), encoder.transform(X)
        )
        pipeline = make_pipeline(SequenceScaler(), GRUClassifier((6,), max_iter=2, random_state=0)).fit(X, y)
        expected = pipeline[-1].predict_proba(pipeline[0].transform(X), initial_state=initial)
        assert np.array_equal(pipeline.predict_proba(X, initial_state=initial), expected)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_refused(self, dtype):
        X, y = vowels()
        model = GRUClassifier((6, 6), max_iter=1, dtype=dtype, random_state=0).fit(X, y)
        good = np.zeros((len(X), 2, 6))
        for value in (np.nan, np.inf, -np.inf, 3e38 if dtype == "float32" else 1e200):
            bad = good.copy()
            bad[3, 1, 2] = value
            for method in (
                model.predict,
                model.predict_log_proba,
                model.hidden_states,
                model.gate_activations,
            ):
                with pytest.raises(ValueError, match=f"initial_state holds {value:g}".replace("+", r"\+")):
                    method(X, initial_state=bad)
        for shape in ((6,), (2, 5), (1, 2, 6), (2, len(X), 6), (len(X), 12), (len(X), 2, 6, 1), ()):
            with pytest.raises((TypeError, ValueError), match="initial_state (has shape|is no array)"):
                model.predict(X, initial_state=np.zeros(shape))
        for wrong in (
            "zeros",
            {},
            np.full((2, 6), "a"),
            np.zeros((2, 6), complex),
            [[0.0], [0.0, 1.0]],
            object(),
        ):
            with pytest.raises((TypeError, ValueError), match="initial_state"):
                model.predict(X, initial_state=wrong)

        class Unreadable:  # as a tensor that requires its gradient
            def __array__(self, dtype=None, copy=None):
                raise RuntimeError("use detach()")

        with pytest.raises(TypeError, match=r"initial_state is no array of numbers: .*use detach\(\)"):
            model.predict(X, initial_state=Unreadable())
        uneven = GRUClassifier((6, 3), max_iter=1, random_state=0).fit(X, y)
        with pytest.raises(ValueError, match="initial_state must be a list of 2 arrays, one for each layer"):
            uneven.predict(X, initial_state=np.zeros((len(X), 2, 6)))
        with pytest.raises(
            ValueError, match=r"initial_state\[1\] has shape \(6,\); expected \(24, 3\) or \(3,\)"
        ):
            uneven.predict(X, initial_state=[np.zeros(6), np.zeros(6)])

    def test_what_is_accepted_makes_numbers(self):
        X, y = vowels()
        for pooling in ("last", "mean", "max", "attention"):
            model = GRUClassifier((6,), pooling=pooling, max_iter=1, random_state=0).fit(X, y)
            for value in (1e18, -1e18):
                assert np.isfinite(model.predict_proba(X, initial_state=np.full((1, 6), value))).all()
