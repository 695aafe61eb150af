"""Several networks, whose outputs are averaged."""

import copy
import io
import pickle

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.inspection import attributions
from gruc.runtime import Predictor
from problems import bits_of, vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=4, random_state=0, n_estimators=3)


def tokens_of(X):
    return [np.abs(5 * x[:, 0]).astype(int) for x in X]


CASES = {
    "frames": (GRUClassifier, {}),
    "float32": (GRUClassifier, dict(dtype="float32")),
    "convolutions": (
        GRUClassifier,
        dict(conv_channels=(5, 3), conv_kernel_size=(3, 4), pooling=("last", "conv_mean", "conv_max")),
    ),
    "both directions": (GRUClassifier, dict(hidden_layer_sizes=(5, 5), bidirectional=True, pooling="mean")),
    "attention": (GRUClassifier, dict(pooling=("attention", "max"))),
    "tokens": (GRUClassifier, dict(embedding_dim=4, embedding_dropout=0.2)),
    "fio": (GRUClassifier, dict(cell="fio")),
    "labels": (GRUClassifier, {}),
    "regression": (GRURegressor, {}),
    "quantiles": (GRURegressor, dict(loss="quantile", quantile=(0.1, 0.9), conv_channels=(4,))),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """A fitted model of three networks, its data and its settings."""
    Estimator, settings = CASES[request.param]
    X, y = vowels()
    if "embedding_dim" in settings:
        X = tokens_of(X)
    if request.param == "labels":
        y = np.stack([y == 0, y > 0], axis=1).astype(int)
    settings = FAST | dict(dtype="float64") | settings
    return Estimator(**settings).fit(X, y), X, y, settings


def outputs_of(model, X):
    return Predictor.from_estimator(model).outputs(X)


def test_outputs_are_means(case):
    model, X, _, settings = case
    assert model.n_estimators_ == len(model.estimators_) == 3
    outputs = [outputs_of(each, X) for each in model.estimators_]
    assert not np.allclose(outputs[0], outputs[1])
    atol = 1e-12 if settings["dtype"] == "float64" else 1e-5
    np.testing.assert_allclose(outputs_of(model, X), np.mean(outputs, axis=0), atol=atol)


def test_the_first_is_the_fit_of_one(case):
    model, X, y, settings = case
    one = type(model)(**settings | {"n_estimators": 1}).fit(X, y)
    assert one.n_estimators_ == 1
    assert not hasattr(one, "estimators_")
    assert bits_of(model.estimators_[0]) == bits_of(one)
    assert model.loss_curve_ == one.loss_curve_
    assert [len(each.loss_curve_) for each in model.estimators_] == [4, 4, 4]


def test_a_stream_says_what_predict_says(case):
    model, X, _, settings = case
    if settings.get("bidirectional"):
        pytest.skip("no streams in both directions")
    predict = getattr(model, "predict_proba", model.predict)
    atol = 1e-14 if "attention" in settings.get("pooling", ()) else 0  # whose sums run
    for x, expected in zip(X[:3], predict(X[:3]), strict=True):
        stream = model.stream()
        for step in x:
            got = stream.step(step)
        np.testing.assert_allclose(got, expected, rtol=0, atol=atol)


def test_files_and_pickles(case):
    model, X, _, _ = case
    file = io.BytesIO()
    model.save(file)
    loaded = gruc.load(io.BytesIO(file.getvalue()))
    of_runtime = gruc.runtime.load(io.BytesIO(file.getvalue()))
    expected = model.predict(X)
    for other in (loaded, of_runtime, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(X), expected)
    for before, after in zip(model.estimators_, loaded.estimators_, strict=True):
        assert before.loss_curve_ == after.loss_curve_
    # a file has the means of the biases of the heads
    outputs = [outputs_of(each, X) for each in loaded.estimators_]
    np.testing.assert_allclose(outputs_of(model, X), np.mean(outputs, axis=0), atol=1e-5)


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_narrow_weights_are_those_of_each_network(storage):
    X, y = vowels()
    model = GRUClassifier(**FAST, conv_channels=(4, 5), dtype="float64").fit(X, y)
    stored = [model.estimators_[1], model]
    for i, each in enumerate(stored):
        file = io.BytesIO()
        each.save(file, weights=storage)
        stored[i] = gruc.load(file.getvalue()).weights_
    one, several = stored
    for name in one.keys() - {"head.weight", "head.bias"}:
        np.testing.assert_array_equal(several[f"estimators.1.{name}"], one[name])


@pytest.mark.parametrize("method", ["gradient", "integrated_gradients", "occlusion"])
def test_attributions_are_means(case, method):
    model, X, _, settings = case
    got = attributions(model, X[:3], method=method, target=0)
    each = [attributions(one, X[:3], method=method, target=0) for one in model.estimators_]
    atol = 1e-10 if settings["dtype"] == "float64" else 1e-5
    for i, values in enumerate(got):
        np.testing.assert_allclose(values, np.mean([of_one[i] for of_one in each], axis=0), atol=atol)


def test_states_are_those_of_each_network(case):
    model, X, _, settings = case
    n_layers = len(settings["hidden_layer_sizes"])
    for k, one in enumerate(model.estimators_):
        for layer in range(n_layers):
            states = zip(
                model.hidden_states(X, k * n_layers + layer), one.hidden_states(X, layer), strict=True
            )
            assert all(np.array_equal(*pair) for pair in states)
    with pytest.raises(ValueError, match=f"layer must be from -{3 * n_layers} to {3 * n_layers - 1}"):
        model.hidden_states(X, 3 * n_layers)
    if "attention" in settings.get("pooling", ()):
        weights = [one.attention_weights(X)[0] for one in model.estimators_]
        np.testing.assert_allclose(model.attention_weights(X)[0], np.mean(weights, axis=0), atol=1e-12)


def test_an_initial_state_for_each_layer_of_each_network():
    X, y = vowels()
    model = GRUClassifier(**FAST, dtype="float64").fit(X, y)
    states = np.random.default_rng(0).uniform(-1, 1, (len(X), 3, 6))
    expected = [
        Predictor.from_estimator(one).outputs(X, initial_state=states[:, [k]])
        for k, one in enumerate(model.estimators_)
    ]
    got = Predictor.from_estimator(model).outputs(X, initial_state=states)
    np.testing.assert_allclose(got, np.mean(expected, axis=0), atol=1e-12)


def test_fits_that_continue():
    """Each network goes on as it would alone."""
    X, y = vowels()
    model = GRUClassifier(**FAST, warm_start=True).fit(X, y)
    alone = [copy.deepcopy(one) for one in model.estimators_]
    model.fit(X, y).partial_fit(X, y)
    for one, other in zip(model.estimators_, alone, strict=True):
        other.fit(X, y).partial_fit(X, y)
        assert bits_of(one) == bits_of(other)
    assert model.n_iter_ == 9
    with pytest.raises(ValueError, match="n_estimators is 2, but the existing network has 3"):
        copy.deepcopy(model).set_params(n_estimators=2).partial_fit(X, y)
    model.set_params(n_estimators="auto").partial_fit(X, y)
    assert model.n_estimators_ == 3


def test_partial_fit_from_the_start():
    X, y = vowels()
    model, one = GRUClassifier(**FAST), GRUClassifier(**FAST | {"n_estimators": 1})
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2])
        one.partial_fit(X, y, classes=[0, 1, 2])
    assert bits_of(model.estimators_[0]) == bits_of(one)
    assert GRUClassifier((6,)).partial_fit(X, y).n_estimators_ == 1


def test_a_loaded_model_continues_with_all(tmp_path):
    X, y = vowels()
    GRUClassifier(**FAST, warm_start=True).fit(X, y).save(tmp_path / "model.gruc")
    model = gruc.load(tmp_path / "model.gruc").fit(X, y)
    assert [one.n_iter_ for one in model.estimators_] == [8, 8, 8]
    states = [rng.bit_generator.state for rng in (state.rng for state in model._training_states)]
    assert states[0] != states[1] != states[2]


def test_threads_do_not_matter():
    X, y = vowels()
    models = [GRUClassifier(**FAST, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2)]
    assert bits_of(models[0]) == bits_of(models[1])


def test_early_stopping_for_each():
    X, y = vowels(per_speaker=20)
    model = GRUClassifier(**FAST | {"max_iter": 300}, early_stopping=True, n_iter_no_change=3).fit(X, y)
    held_out = {state.history.held_out_digest for state in model._training_states}
    assert len(held_out) == 1  # the same sequences, by which inputs are not scaled
    assert len({one.best_iter_ for one in model.estimators_}) > 1


def test_the_mean_is_better_than_the_mean_one():
    """The logarithmic loss is a convex function of logits."""
    X, y = vowels()
    settings = FAST | dict(n_estimators=5, max_iter=8)
    model = GRUClassifier(**settings).fit(X[::2], y[::2])

    def loss_of(model):
        return -model.predict_log_proba(X[1::2])[np.arange(len(y) // 2), y[1::2]].mean()

    assert loss_of(model) < np.mean([loss_of(one) for one in model.estimators_])


def test_an_interrupt_keeps_what_was_trained(monkeypatch):
    from gruc.training.optimizers import Adam

    X, y = vowels()
    step, calls = Adam.step, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 4 * 3 + 8:  # in the third epoch of the second network
            raise KeyboardInterrupt
        step(self, *args)

    monkeypatch.setattr(Adam, "step", interrupted)
    with pytest.warns(UserWarning, match="interrupted in epoch 3"):
        model = GRUClassifier(**FAST, batch_size=8).fit(X, y)
    assert [one.n_iter_ for one in model.estimators_] == [4, 2]
    assert model.n_estimators_ == 2
    assert model.predict(X).shape == y.shape


def test_lines_of_each(capsys):
    X, y = vowels()
    GRUClassifier(**FAST | {"max_iter": 1}, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("Epoch")] == [
        f"Network {k} of 3" for k in (1, 2, 3)
    ]


def test_summary_counts_all():
    X, y = vowels()
    model = GRUClassifier(**FAST, conv_channels=(4,)).fit(X, y)
    summary, one = model.summary(), model.estimators_[0].summary()
    assert [layer.name for layer in summary.layers][1:3] == ["conv 0, 3 networks", "gru 0, 3 networks"]
    assert summary.operations_per_step == 3 * one.operations_per_step
    assert summary.n_parameters == sum(weight.size for weight in model.weights_.values())


@pytest.mark.parametrize("settings", [{}, dict(conv_channels=(4, 3), pooling=("last", "conv_max"))], ids=str)
def test_weights_for_other_frameworks_are_those_of_each_network(settings):
    X, y = vowels()
    model = GRUClassifier(**FAST, **settings).fit(X, y)
    like = GRUClassifier(**FAST, **settings).set_params(frame_length=model.frame_length_)
    of_torch, of_keras = gruc.to_torch(model), gruc.to_keras(model)
    copies = [gruc.from_torch(like, *states[:2], conv_state=(*states, None)[2]) for states in of_torch]
    others = [gruc.from_keras(like, weights) for weights in of_keras]
    for each in (copies, others):
        assert [one.n_estimators_ for one in each] == [1, 1, 1]
        outputs = np.mean([outputs_of(one, X) for one in each], axis=0)
        np.testing.assert_allclose(outputs_of(model, X), outputs, atol=1e-4)
    assert (copies[1].n_estimators, copies[1].partial_fit(X, y).n_estimators_) == (1, 1)


@pytest.mark.parametrize("value", [0, -1, 2.5, "many", None])
def test_invalid_numbers(value):
    X, y = vowels()
    with pytest.raises(ValueError, match="n_estimators"):
        GRUClassifier(n_estimators=value).fit(X, y)
