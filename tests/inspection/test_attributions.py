"""Attributions against central differences and their definitions."""

import io

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger, kernels
from gruc.inspection import _passes, attributions
from gruc.preprocessing import SequenceScaler
from gruc.runtime import Predictor
from problems import forms_of_vowels, large_problem, tagged_vowels, vowels
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(5,), max_iter=5, learning_rate_init=0.02, random_state=0, dtype="float64")
STRUCTURES = {
    "last": {},
    "frames": {"frame_length": 3, "hop_length": 2, "bidirectional": True},
    "gaps between frames": {"frame_length": 2, "hop_length": 3, "standardize": False},
    "two layers": {"hidden_layer_sizes": (5, 3), "bidirectional": True, "pooling": "mean", "frame_length": 1},
    "attention, before": {"pooling": "attention", "reset_after": False},
    "max": {"pooling": "max", "frame_length": 1},
    "convolutions": {"conv_channels": (6, 5), "conv_kernel_size": 3, "conv_pool": (2, 1), "frame_length": 1},
}


def short_vowels():
    """Utterances of 6, 7, ... steps, and one of one step."""
    X, y = vowels()
    return [x[: 6 + i] for i, x in enumerate(X[:4])] + [X[9][:1]], y


def fitted(kind=GRUClassifier, n_speakers=3, **settings):
    X, y = vowels(n_speakers)
    if kind is GRURegressor:
        y = np.array([[x[:, 0].mean(), x[:, 1].max()] for x in X])
    return kind(**FAST | settings).fit(X, y)


def central_differences(model, X, i, value_of):
    """Slopes of value_of(outputs of sequence i) by each of its numbers, by way of predictions alone."""
    predictor = Predictor.from_estimator(model)
    X = [x.copy() for x in X]
    slopes, step = np.empty_like(X[i]), 1e-5
    for place in np.ndindex(slopes.shape):
        value = X[i][place]
        sides = []
        for X[i][place] in (value + step, value - step):
            sides.append(value_of(predictor.outputs(X)[i]))
        X[i][place] = value
        slopes[place] = (sides[0] - sides[1]) / (2 * step)
    return slopes


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_gradient_against_central_differences(structure):
    X, _ = short_vowels()
    model = fitted(**structure)
    got = attributions(model, X, method="gradient", target=2)
    for i in (0, 3, 4):
        slopes = central_differences(model, X, i, lambda outputs: outputs[2])
        assert abs(slopes).max() > 1e-3
        np.testing.assert_allclose(got[i], slopes, rtol=0, atol=1e-8)


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_float32_is_near_float64(structure):
    X, _ = short_vowels()
    model = fitted(**structure)
    weights = {name: weight.astype(np.float32) for name, weight in model.weights_.items()}
    predictor = Predictor.from_estimator(model)
    single = Predictor.of_weights(predictor.config, weights, np.float32, predictor.inputs, predictor.decoding)
    for method in ("gradient", "integrated_gradients", "occlusion"):
        exact = np.concatenate(attributions(predictor, X, method=method, target=0))
        got = np.concatenate(attributions(single, X, method=method, target=0))
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, exact, rtol=0, atol=1e-4 * abs(exact).max())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_integrated_gradients_are_complete(structure, dtype):
    X, _ = short_vowels()
    model = fitted(**structure, dtype=dtype)
    predictor = Predictor.from_estimator(model)
    mean = np.concatenate(X).mean(axis=0)
    got, gap = attributions(model, X, target=1, n_steps=128, baseline=mean, return_gap=True)
    at_mean = [np.tile(mean, (len(x), 1)) for x in X]
    difference = predictor.outputs(X)[:, 1] - predictor.outputs(at_mean)[:, 1]
    sums = np.array([told.sum() for told in got])
    np.testing.assert_allclose(difference - sums, gap, rtol=0, atol=1e-12 if dtype == "float64" else 2e-6)
    if structure.get("pooling") == "max" or "conv_channels" in structure:  # whose derivative jumps
        assert (abs(gap) < 0.05).all()
    else:
        assert (abs(gap) < 1e-5).all()


@pytest.mark.filterwarnings("ignore:The attributions for")
def test_one_node_is_the_gradient_in_the_middle():
    X, _ = short_vowels()
    model = fitted(frame_length=2)
    got = attributions(model, X, n_steps=1, target=0, baseline=0.5)
    middle = attributions(model, [(x + 0.5) / 2 for x in X], method="gradient", target=0)
    for told, x, slopes in zip(got, X, middle, strict=True):
        np.testing.assert_allclose(told, (x - 0.5) * slopes, rtol=1e-10, atol=1e-13)


def test_gradient_x_input():
    X, _ = short_vowels()
    model = fitted(frame_length=3, hop_length=2)
    slopes = attributions(model, X, method="gradient")
    for baseline, less in ((None, 0), ("mean", np.concatenate(vowels()[0]).mean(axis=0))):
        got = attributions(model, X, method="gradient_x_input", baseline=baseline)
        for told, x, slope in zip(got, X, slopes, strict=True):
            np.testing.assert_allclose(told, (x - less) * slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_occlusion_is_the_difference_of_two_predictions(structure):
    X, _ = short_vowels()
    model = fitted(**structure)
    predictor = Predictor.from_estimator(model)
    baseline = np.linspace(-1, 1, 12)
    got = attributions(model, X, method="occlusion", target=1, baseline=baseline)
    at_x = predictor.outputs(X)[:, 1]
    for i, t, d in [(0, 0, 0), (1, 3, 11), (3, len(X[3]) - 1, 4), (4, 0, 7)]:
        occluded = [x.copy() for x in X]
        occluded[i][t, d] = baseline[d]
        assert got[i][t, d] == pytest.approx(at_x[i] - predictor.outputs(occluded)[i, 1], abs=1e-12)


def test_steps_that_no_frame_contains_have_no_part():
    X, _ = short_vowels()
    model = fitted(**STRUCTURES["gaps between frames"])
    for method in ("gradient", "integrated_gradients", "occlusion"):
        got = attributions(model, X, method=method)[3]  # frames of steps 0 and 1, 3 and 4, 6 and 7
        assert (got[[2, 5, 8]] == 0).all()
        assert (got[[0, 1, 3, 4, 6, 7]] != 0).all()


def test_two_classes_are_the_logit_and_its_negative():
    X, _ = short_vowels()
    model = fitted(n_speakers=2)
    one, zero = (attributions(model, X, method="gradient", target=target) for target in (1, 0))
    predicted = attributions(model, X, method="gradient")
    slopes = central_differences(model, X, 2, lambda outputs: outputs[0])
    np.testing.assert_allclose(one[2], slopes, rtol=0, atol=1e-8)
    for i, label in enumerate(model.predict(X)):
        assert np.array_equal(one[i], -zero[i])
        assert np.array_equal(predicted[i], one[i] if label == model.classes_[1] else zero[i])
    assert len(set(model.predict(X))) == 2


def test_target_of_each_sequence_and_the_predicted_class():
    X, _ = short_vowels()
    model = fitted()
    classes = [attributions(model, X, target=k) for k in range(3)]
    places = np.array([2, 0, 1, 1, 0])
    mixed, predicted = attributions(model, X, target=places), attributions(model, X)
    for i, label in enumerate(model.predict(X)):
        assert np.array_equal(mixed[i], classes[places[i]][i])
        assert np.array_equal(predicted[i], classes[list(model.classes_).index(label)][i])


@pytest.mark.parametrize("settings", [{}, {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}])
def test_values_and_quantiles(settings):
    X, _ = short_vowels()
    model = fitted(GRURegressor, **settings)
    n_outputs = model.n_outputs_
    each = [attributions(model, X, method="gradient", target=k) for k in range(n_outputs)]
    total = attributions(model, X, method="gradient")
    for k in range(n_outputs):
        slopes = central_differences(model, X, 1, lambda outputs, k=k: outputs[k])
        np.testing.assert_allclose(each[k][1], slopes, rtol=0, atol=1e-8)
    np.testing.assert_allclose(total[1], sum(told[1] for told in each), rtol=0, atol=1e-13)


def test_multilabel_without_a_target_is_the_sum():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, np.stack([y == 0, y > 0], axis=1).astype(int))
    each = [attributions(model, X[:3], target=k) for k in (0, 1)]
    np.testing.assert_allclose(attributions(model, X[:3])[2], each[0][2] + each[1][2], rtol=0, atol=1e-12)


def test_steps_of_a_tagger():
    X, y = tagged_vowels()
    model = GRUTagger(**FAST).fit(X, y)
    X = [x[:5] for x in X[:3]] + [X[3][:7]]
    got = attributions(model, X, method="gradient", target=(3, 2))
    slopes = central_differences(model, X, 3, lambda outputs: outputs[3, 2])
    np.testing.assert_allclose(got[3], slopes, rtol=0, atol=1e-8)
    assert (got[3][4:] == 0).all()  # what comes later
    for method in ("gradient", "integrated_gradients", "occlusion"):
        last = attributions(model, X, method=method, target=(-1, 0))
        of_each = attributions(model, X, method=method, target=([4, 4, 4, 6], [0, 0, 0, 0]))
        assert all(np.array_equal(a, b) for a, b in zip(last, of_each, strict=True))
        predicted = attributions(model, X, method=method, target=(-1, None))
        label = list(model.classes_).index(model.predict(X)[3][-1])
        of_label = attributions(model, X, method=method, target=(-1, label))
        assert np.array_equal(predicted[3], of_label[3])
    whole = attributions(model, X, method="gradient")
    tags = [list(model.classes_).index(tag) for tag in model.predict(X)[3]]
    steps = sum(attributions(model, X[3:], method="gradient", target=(t, k))[0] for t, k in enumerate(tags))
    np.testing.assert_allclose(whole[3], steps, rtol=0, atol=1e-12)


def test_steps_of_a_step_regressor():
    X, _ = vowels()
    model = GRUStepRegressor(**FAST).fit(X, [x[:, :2].cumsum(axis=0) for x in X])
    X = [x[:5] for x in X[:2]]
    got, gap = attributions(model, X, target=(2, 1), n_steps=128, baseline="mean", return_gap=True)
    predictor = Predictor.from_estimator(model)
    mean = np.tile(predictor.inputs.scaling.mean, (5, 1))
    difference = predictor.outputs(X)[1][2, 1] - predictor.outputs([mean])[0][2, 1]
    assert got[1].sum() == pytest.approx(difference, abs=1e-5)
    assert abs(gap[1]) < 1e-5
    slopes = attributions(model, X, method="gradient", target=(2, 1))
    expected = central_differences(model, X, 1, lambda outputs: outputs[2, 1])
    np.testing.assert_allclose(slopes[1], expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("form", forms_of_vowels())
def test_form_of_x(form):
    X, y = forms_of_vowels()[form]
    model = GRUClassifier(**FAST).fit(X, y)
    for method in ("gradient", "integrated_gradients", "occlusion"):
        got = attributions(model, X, method=method)
        assert type(got) is type(X)
        assert [told.shape for told in got] == [x.shape for x in X]
    alike = attributions(model, X, baseline=[x * 0 + 2 for x in X] if isinstance(X, list) else X * 0 + 2)
    assert all(np.allclose(a, b) for a, b in zip(alike, attributions(model, X, baseline=2), strict=True))


def test_a_baseline_with_steps_of_its_own():
    X, _ = short_vowels()
    model = fitted(frame_length=2)
    others = [x[::-1].copy() for x in X]
    got, gap = attributions(model, X, target=0, baseline=others, n_steps=128, return_gap=True)
    outputs = Predictor.from_estimator(model).outputs
    np.testing.assert_allclose(
        [told.sum() for told in got], outputs(X)[:, 0] - outputs(others)[:, 0], rtol=0, atol=1e-5
    )
    assert (abs(gap) < 1e-5).all()
    occluded = attributions(model, X, method="occlusion", target=0, baseline=others)
    X[1] = X[1].copy()
    before = outputs(X)[1, 0]
    X[1][2, 3] = others[1][2, 3]
    assert occluded[1][2, 3] == pytest.approx(before - outputs(X)[1, 0], abs=1e-12)


@pytest.mark.parametrize("standardize", [True, False])
def test_pipeline_of_scalers(standardize):
    """Attributions belong to the X that the pipeline takes."""
    X, y = vowels()
    X = [100 + 30 * x for x in X]
    model = make_pipeline(
        SequenceScaler(), "passthrough", GRUClassifier(**FAST, standardize=standardize)
    ).fit(X, y)
    alone = GRUClassifier(**FAST).fit(X, y)
    for method in ("gradient", "integrated_gradients", "occlusion"):
        settings = dict(method=method, target=0)
        if method != "gradient":
            settings["baseline"] = "mean"
        got, expected = attributions(model, X[:4], **settings), attributions(alone, X[:4], **settings)
        for a, b in zip(got, expected, strict=True):  # the same model, but for rounding
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * abs(b).max())
    file = io.BytesIO()
    gruc.save(model, file)
    loaded = gruc.runtime.load(file.getvalue())
    again = attributions(loaded, X[:4], **settings)
    assert all(np.array_equal(a, b) for a, b in zip(got, again, strict=True))


def test_neither_company_nor_threads_change_a_bit():
    if kernels.selected() == "blas":
        pytest.skip("BLAS adds up in an order that depends on the number of rows")
    X, y = large_problem()
    model = GRUClassifier(**FAST | {"hidden_layer_sizes": (33, 7), "bidirectional": True}).fit(X, y)
    model.set_params(n_jobs=1)
    for method in ("gradient", "integrated_gradients", "occlusion"):
        got = attributions(model, X, method=method)
        alone = [attributions(model, [x], method=method)[0] for x in X[:7]]
        assert all(np.array_equal(a, b) for a, b in zip(got, alone, strict=False))
        threads = attributions(model.set_params(n_jobs=2), X, method=method)
        model.set_params(n_jobs=1)
        assert all(np.array_equal(a, b) for a, b in zip(got, threads, strict=True))


def test_one_long_sequence_in_several_passes():
    """Whose nodes do not all fit in one pass: the result is that of one by one."""
    x = np.random.default_rng(0).standard_normal((3000, 2))
    X = [x[i : i + 500] for i in range(0, 3000, 500)]
    model = GRURegressor(**FAST | {"hidden_layer_sizes": (20,)}, frame_length=1, pooling="mean").fit(
        X, range(6)
    )
    got = attributions(model, [x], n_steps=8)[0]
    nodes, weights = np.polynomial.legendre.leggauss(8)
    slopes = [attributions(model, [x * (1 + a) / 2], method="gradient")[0] for a in nodes]
    expected = x * sum(w / 2 * slope for w, slope in zip(weights, slopes, strict=True))
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10 * abs(expected).max())
    assert _passes.PASS_SIZE // (3000 * 80) < 8


def test_wide_gaps_are_reported():
    X, y = vowels()
    model = fitted(max_iter=100, learning_rate_init=0.05)
    with pytest.warns(
        UserWarning, match=r"The attributions for \d+ of 24 sequences do not add up .* n_steps"
    ):
        rough = attributions(model, X, n_steps=1)
    again, gap = attributions(model, X, n_steps=1, return_gap=True)  # without a warning: here they are
    assert all(np.array_equal(a, b) for a, b in zip(rough, again, strict=True))
    assert (abs(gap) > 0.05 * np.array([abs(told).sum() for told in rough])).any()
