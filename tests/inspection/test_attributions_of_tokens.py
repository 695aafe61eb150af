"""Attributions of models of tokens, and of texts."""

import io

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.inspection import attributions
from gruc.preprocessing import TextSequencer
from gruc.runtime import Predictor
from sklearn.pipeline import make_pipeline
from token_problems import FAST, N_TOKENS, parity

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module", params=[{}, {"bidirectional": True, "hidden_layer_sizes": (5, 4)}])
def model(request):
    X, _, share = parity()
    return GRURegressor(**FAST | request.param, dtype="float64").fit(X, share)


def outputs_with(model, x, change):
    """The output for one sequence whose tokens are all different, after `change` of their vectors, in place."""
    predictor = Predictor.from_estimator(model)
    weights = {name: weight.copy() for name, weight in predictor.weights.items()}
    change(weights["embedding.weight"])
    return predictor.with_weights(weights).outputs([x])[0, 0]


def test_gradient_is_that_of_the_vectors(model):
    x, step = np.array([3, 7, 1, 10, 0]), 1e-5
    got = attributions(model, [x], method="gradient")[0]
    table = model.weights_["embedding.weight"]
    times_vector = attributions(model, [x], method="gradient_x_input")[0]
    for t, token in enumerate(x):
        sums = np.zeros(2)
        for column in range(table.shape[1]):
            sides = []
            for side in (step, -step):

                def change(vectors, token=token, column=column, side=side):
                    vectors[token, column] += side

                sides.append(outputs_with(model, x, change))
            slope = (sides[0] - sides[1]) / (2 * step)
            sums += slope, slope * table[token, column]
        assert got[t] == pytest.approx(sums[0], abs=1e-8)
        assert times_vector[t] == pytest.approx(sums[1], abs=1e-8)


def test_integrated_gradients_start_from_vectors_of_zeros(model):
    X, _, _ = parity()
    got, gap = attributions(model, X, n_steps=128, return_gap=True)
    assert [told.shape for told in got] == [x.shape for x in X]
    assert (abs(gap) < 1e-5).all()

    def change(vectors):
        vectors[:] = 0

    for i in (0, 5):
        nothing = outputs_with(model, X[i], change)
        at_x = Predictor.from_estimator(model).outputs(X)[i, 0]
        assert got[i].sum() == pytest.approx(at_x - nothing, abs=1e-5)


@pytest.mark.parametrize("baseline", [None, np.linspace(-1, 1, 6)])
def test_occlusion_takes_a_vector_away(model, baseline):
    x = np.array([3, 7, 1, 10, 0])
    got = attributions(model, [x], method="occlusion", baseline=baseline)[0]
    at_x = Predictor.from_estimator(model).outputs([x])[0, 0]
    for t, token in enumerate(x):

        def change(vectors, token=token):
            vectors[token] = 0 if baseline is None else baseline

        assert got[t] == pytest.approx(at_x - outputs_with(model, x, change), abs=1e-12)


def test_form_of_tokens():
    X, y, _ = parity()
    table = np.stack([np.resize(x, 4) for x in X])
    model = GRUClassifier(**FAST, n_tokens=N_TOKENS).fit(table, y)
    got = attributions(model, table)
    assert got.shape == table.shape
    alone = attributions(model, table[3:4])
    assert np.array_equal(alone[0], got[3])


def test_tokens_that_decide_have_the_sign_of_their_class():
    X, y, _ = parity(200)
    model = GRUClassifier(**FAST | {"max_iter": 60}).fit(X, y)
    got, _ = attributions(model, X, target=1, n_steps=128, return_gap=True)
    got = np.concatenate(got)
    tokens = np.concatenate(X)
    even = np.array([got[tokens == token].mean() > 0 for token in range(N_TOKENS)])
    assert even.tolist() == [token % 2 == 0 for token in range(N_TOKENS)]


def test_texts():
    X, y = ["aab", "abb", "bba", "baa"] * 8, ["a first", "a first", "b first", "b first"] * 8
    model = make_pipeline(
        TextSequencer(analyzer="char"), GRUClassifier((8,), embedding_dim=4, max_iter=40, random_state=0)
    ).fit(X, y)
    got, gap = attributions(model, ["aab", "b"], return_gap=True)
    assert [told.shape for told in got] == [(3,), (1,)]
    assert abs(gap).max() < 1e-4
    tokens = model[:-1].transform(["aab", "b"])
    of_tokens = attributions(model[-1], tokens)
    assert all(np.array_equal(a, b) for a, b in zip(got, of_tokens, strict=True))
    file = io.BytesIO()
    gruc.save(model, file)
    loaded = attributions(gruc.runtime.load(file.getvalue()), ["aab", "b"])
    assert all(np.array_equal(a, b) for a, b in zip(got, loaded, strict=True))


def test_baselines_of_tokens_are_vectors(model):
    for baseline in ("mean", 0.0, np.zeros(3), [np.zeros(6)] * 2):
        with pytest.raises(ValueError, match=r"baseline=.* of tokens it is None, .* or an array \(6,\)"):
            attributions(model, [np.array([1, 2])], baseline=baseline)
