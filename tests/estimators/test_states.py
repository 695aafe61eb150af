"""hidden_states and gate_activations against the oracle."""

import numpy as np
import pytest
import reference
from gruc import GRUClassifier, GRURegressor
from gruc.runtime import Predictor
from problems import forms_of_vowels, vowels
from sklearn.exceptions import NotFittedError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = dict(hidden_layer_sizes=(5, 4), max_iter=2, random_state=0, dtype="float64")


def scaled(model, x):
    return (x - model._scaling.mean) / model._scaling.scale


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
    with pytest.raises(ValueError, match="X has 3 features a step, but the model was fitted with 12"):
        Predictor.from_estimator(model).hidden_states([x[:, :3] for x in X])
