"""ONNX graphs against predict_proba, in the runtimes that are installed."""

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.outputs import Classes
from gruc.runtime import Predictor
from helpers import STRUCTURES, structure_id
from onnx_runs import RUNTIMES, padded, run_onnxruntime, session_of, zeros_for
from problems import forms_of_vowels, vowels
from sklearn.exceptions import NotFittedError

onnx = pytest.importorskip("onnx")
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the runtimes' own
]
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_every_structure(structure, run):
    X, y = vowels()
    model = GRUClassifier(**FAST | structure).fit(X, y + 5)
    proto = gruc.to_onnx(model)
    for part in (X, X[:1], X[3:9]):  # batches and lengths of any size
        got = run(proto, *padded(part, "float32"))
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(part), rtol=0, atol=1e-5)
        assert np.array_equal(got["label"], model.predict(part))


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("frames", [(1, 1), (2, 2), (4, 1), (3, 5), (9, 4), (40, 40)], ids=str)
@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_frames(frames, pooling, run):
    X, y = vowels()
    k, hop = frames
    settings = FAST | dict(frame_length=k, hop_length=hop, pooling=pooling, bidirectional=True)
    model = GRUClassifier(**settings).fit(X, y)
    prefixes = [x[: 1 + i % len(x)] for i, x in enumerate(X)]
    for n_more in (0, 4):
        got = run(gruc.to_onnx(model), *padded(prefixes, "float32", n_more))
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(prefixes), rtol=0, atol=1e-5)


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("hop", [1, 3])
def test_features_far_from_zero(hop, run):
    """Their means are a million deviations: weights that took X as it is had no digits left for it."""
    X, y = vowels()
    X = [(x + 1e5).astype("float32") for x in X]
    model = GRUClassifier(**FAST, frame_length=hop, bidirectional=True).fit(X, y)
    got = run(gruc.to_onnx(model), *padded(X, "float32"))
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize(
    "settings, targets",
    [
        ({}, lambda y: y * 1.5),
        ({}, lambda y: np.stack([y, 100.0 - y], axis=1)),
        ({"standardize": False}, lambda y: y),
        ({"loss": "poisson"}, lambda y: y),
        ({"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, lambda y: np.stack([y, y * 2], axis=1)),
    ],
)
def test_targets(settings, targets, run):
    X, y = vowels()
    model = GRURegressor(**FAST, **settings).fit(X, targets(y))
    expected = model.predict(X)
    got = run(gruc.to_onnx(model), *padded(X, "float32"))["variable"]
    np.testing.assert_allclose(got.reshape(expected.shape), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("run", RUNTIMES)
def test_kinds_of_labels(run):
    X, y = vowels(2)
    dates = np.array([20250101.0, 20250102.0])  # float32 has no room for both
    for labels in (np.array([3, -7]), np.array([False, True]), np.array([0.5, 1.5]) * 2, dates):
        model = GRUClassifier(**FAST).fit(X, labels[y])
        got = run(gruc.to_onnx(model), *padded(X, "float32"))
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)
        assert np.array_equal(got["label"], model.predict(X))
    several = GRUClassifier(**FAST).fit(X, np.stack([y == 0, y >= 0], axis=1).astype(int))
    got = run(gruc.to_onnx(several), *padded(X, "float32"))
    np.testing.assert_allclose(got["probabilities"], several.predict_proba(X), rtol=0, atol=1e-5)
    assert np.array_equal(got["label"], several.predict(X))


@pytest.mark.parametrize("run", RUNTIMES)
def test_what_is_missing_is_seen(run):
    X, y = vowels()
    proto = gruc.to_onnx(GRUClassifier(**FAST, frame_length=2).fit(X, y))
    values, lengths = padded(X, "float32")
    expected = run(proto, values, lengths)["probabilities"]
    for place in (0, lengths[3] // 2, lengths[3] - 1):
        broken = values.copy()
        broken[3, place, 5] = np.nan
        got = run(proto, broken, lengths)["probabilities"]
        assert np.isnan(got[3]).all()
        assert np.array_equal(np.delete(got, 3, axis=0), np.delete(expected, 3, axis=0))
    for wrong in (0, -1, values.shape[1] + 1):
        got = run(proto, values, np.where(np.arange(len(lengths)) == 3, wrong, lengths))["probabilities"]
        assert np.isnan(got[3]).all()
        assert np.array_equal(np.delete(got, 3, axis=0), np.delete(expected, 3, axis=0))


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize(
    "settings", [{}, {"pooling": "mean", "bidirectional": True}, {"standardize": False}], ids=str
)
def test_infinity_is_seen(settings, run):
    """What predict refuses makes NaN; a saturated gate would make a confident answer of it."""
    X, y = vowels()
    proto = gruc.to_onnx(GRUClassifier(**FAST | settings, frame_length=2).fit(X, y))
    values, lengths = padded(X, "float32")
    expected = run(proto, values, lengths)["probabilities"]
    assert np.isfinite(expected).all()
    for value in (np.inf, -np.inf, 1e30, 3e38):
        broken = values.copy()
        broken[3, lengths[3] - 1, 5] = value
        broken[4, lengths[4] :] = value  # padding
        got = run(proto, broken, lengths)["probabilities"]
        assert np.isnan(got[3]).all()
        assert np.array_equal(np.delete(got, 3, axis=0), np.delete(expected, 3, axis=0))


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_empty_batches(pooling, bidirectional, run):
    """Onnxruntime's GRU would end the process."""
    X, y = vowels()
    settings = dict(pooling=pooling, bidirectional=bidirectional, hidden_layer_sizes=(4, 3))
    model = GRUClassifier(**FAST | settings, frame_length=2).fit(X, y)
    proto = gruc.to_onnx(model)
    for n_steps in (5, 0):
        got = run(proto, np.zeros((0, n_steps, 12), "float32"), np.zeros(0, "int64"))
        assert (got["label"].shape, got["probabilities"].shape) == ((0,), (0, 3))
    got = run(proto, np.zeros((2, 0, 12), "float32"), np.zeros(2, "int64"))
    assert np.isnan(got["probabilities"]).all()


class TestOpsets:
    @pytest.mark.parametrize("opset", [13, 14, 15, 16, 17, 18, 19, 20, 21, onnx.defs.onnx_opset_version()])
    def test_every_one(self, opset):
        X, y = vowels()
        settings = dict(frame_length=2, **FAST)
        models = [
            GRUClassifier(**settings, pooling="max", bidirectional=True).fit(X, y),
            GRUClassifier(**settings, pooling="attention").fit(X, y),
        ]
        newest = 18  # that any onnxruntime of the extra has
        for model in models:
            proto = gruc.to_onnx(model, opset=opset)
            assert [each.version for each in proto.opset_import] == [opset]
            try:
                got = run_onnxruntime(proto, *padded(X, "float32"))
            except Exception:
                if opset <= newest:
                    raise
                pytest.skip(f"this onnxruntime has no opset {opset}")
            np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)

    def test_refused(self):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        for opset in (12, 0, -1, onnx.defs.onnx_opset_version() + 1, 10**30):
            with pytest.raises(ValueError, match="opset must be from 13 to"):
                gruc.to_onnx(model, opset=opset)
        for opset in ("18", 18.0, None, True):
            with pytest.raises(TypeError, match="opset must be an integer"):
                gruc.to_onnx(model, opset=opset)


# ---- block by block


def states_of_stream(streams, n):
    layers = streams.state
    layers = layers if isinstance(layers, list) else [layers.reshape(n, -1)]
    return np.concatenate(layers, axis=1)


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize(
    "frames, cell",
    [((1, 1), "gru"), ((3, 1), "gru"), ((2, 2), "gru"), ((2, 5), "gru"), ((1, 3), "gru"), ((2, 2), "fio")],
    ids=str,
)
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_stateful_is_a_stream(pooling, frames, cell, run):
    X, y = vowels()
    rng, n = np.random.default_rng(0), 4
    k, hop = frames
    settings = dict(hidden_layer_sizes=(4, 3), pooling=pooling, frame_length=k, hop_length=hop, cell=cell)
    model = GRUClassifier(**FAST | settings, reset_after=pooling != "max").fit(X, y)
    proto = gruc.to_onnx(model, stateful=True)
    step, states, streams = session_of(proto, run), zeros_for(proto, n), model.stream(n)
    assert [output.name for output in proto.graph.output][2:] == [f"{name}_out" for name in states]
    known = np.zeros((n, 3))
    for block in range(8):
        n_steps = rng.integers(1, 7)
        lengths = rng.integers(0 if block else 1, n_steps + 1, n)  # 0: stays where it is
        x = rng.standard_normal((n, n_steps, 12)).astype("float32") * 0.3
        got = step({"X": x, "lengths": lengths, **states})
        for i in np.flatnonzero(lengths):
            known[i] = streams.step(x[i : i + 1, : lengths[i]], [i])[0]
        np.testing.assert_allclose(got["probabilities"], known, rtol=0, atol=1e-5)
        states = {name: got[f"{name}_out"] for name in states}
        np.testing.assert_allclose(states["state_h"], states_of_stream(streams, n), rtol=0, atol=1e-5)


@pytest.mark.parametrize("run", RUNTIMES)
def test_stateful_from_an_initial_state(run):
    X, y = vowels()
    model = GRUClassifier((5, 5), frame_length=1, max_iter=2, random_state=0).fit(X, y)
    proto, h = gruc.to_onnx(model, stateful=True), np.random.default_rng(0).uniform(-1, 1, (24, 2, 5))
    values, lengths = padded(X, "float32")
    states = zeros_for(proto, 24) | {"state_h": h.reshape(24, 10).astype("float32")}
    got = session_of(proto, run)({"X": values, "lengths": lengths, **states})
    np.testing.assert_allclose(
        got["probabilities"], model.predict_proba(X, initial_state=h), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_stateful_refuses_and_stays(pooling, run):
    """NaN and infinity of one sequence: its result is NaN, its state as it was, the others go on."""
    X, y = vowels()
    model = GRUClassifier(**FAST, pooling=pooling, frame_length=2).fit(X, y)
    proto = gruc.to_onnx(model, stateful=True)
    step, cube = session_of(proto, run), np.stack([x[:7] for x in X[:3]]).astype("float32")
    lengths = np.full(3, 5)
    first = step({"X": cube[:, :5], "lengths": lengths, **zeros_for(proto, 3)})
    states = {name: first[f"{name}_out"] for name in zeros_for(proto, 3)}
    rest, two = cube[:, 5:], np.full(3, 2)
    expected = step({"X": rest, "lengths": two, **states})
    for value in (np.nan, np.inf, 1e30):
        broken = rest.copy()
        broken[1, 0, 3] = value
        got = step({"X": broken, "lengths": two, **states})
        assert np.isnan(got["probabilities"][1]).all()
        for name, after in got.items():
            assert np.array_equal(after[[0, 2]], expected[name][[0, 2]])
            if name.endswith("_out"):
                assert np.array_equal(after[1], states[name.removesuffix("_out")][1])
    for name in states:
        if name == "state_steps":
            continue
        broken = states[name].copy()
        broken[1].flat[0] = np.nan
        got = step({"X": rest, "lengths": two, **states | {name: broken}})
        assert np.isnan(got["probabilities"][1]).all()
        assert np.array_equal(got["probabilities"][[0, 2]], expected["probabilities"][[0, 2]])
    got = step({"X": rest, "lengths": np.array([2, 3, -1]), **states})
    assert np.isnan(got["probabilities"]).any(axis=1).tolist() == [False, True, True]
    got = step({"X": rest, "lengths": np.zeros(3, int), **zeros_for(proto, 3)})
    assert np.isnan(got["probabilities"]).all()
    got = step({"X": rest[:0], "lengths": two[:0], **zeros_for(proto, 0)})
    assert got["probabilities"].shape == (0, 3)


def test_stateful_targets():
    X, y = vowels()
    for settings in ({}, {"loss": "quantile", "quantile": [0.1, 0.9]}, {"loss": "poisson"}):
        model = GRURegressor(**FAST, **settings).fit(X, y)
        proto = gruc.to_onnx(model, stateful=True)
        values, lengths = padded(X, "float32")
        got = session_of(proto, run_onnxruntime)({"X": values, "lengths": lengths, **zeros_for(proto, 24)})
        expected = model.predict(X)
        np.testing.assert_allclose(got["variable"].reshape(expected.shape), expected, rtol=2e-5, atol=2e-5)


def test_stateful_of_both_directions():
    X, y = vowels()
    model = GRUClassifier(**FAST, bidirectional=True).fit(X, y)
    with pytest.raises(ValueError, match="stateful=True needs a model with bidirectional=False"):
        gruc.to_onnx(model, stateful=True)


def test_labels_are_exact_or_refused():
    X, y = vowels()
    for labels in (
        np.array([1, 2**63, 2**64 - 1], "uint64"),
        np.array([2**60, 2**60 + 1, -(2**60) - 1]),
        np.array([1.5, 3e300, 20250101.0]),
    ):
        model = Predictor.from_estimator(GRUClassifier(**FAST).fit(X, y))
        model.decoding = Classes(labels)  # scikit-learn takes floats that are not whole for targets
        got = run_onnxruntime(gruc.to_onnx(model), *padded(X, "float32"))["label"]
        assert got.dtype == labels.dtype
        assert np.array_equal(got, model.predict(X))
    for labels, message in (
        (np.array([1, 2, 3], "datetime64[D]"), r"holds labels that are .* these are datetime64\[D\]"),
        (np.array([1, 2, 3], "timedelta64[s]"), "holds labels that are"),
        (np.array(["a", "b", "\ud800"], object), "cannot be encoded in UTF-8"),
    ):
        model = GRUClassifier(**FAST).fit(X, labels[y])
        with pytest.raises((TypeError, ValueError), match=message):
            gruc.to_onnx(model)


def test_strings():
    X, y = vowels()
    for labels in (np.array(["ann", "bob", "ünï"]), np.array(["ann", "bob", "c"], object)):
        model = GRUClassifier(**FAST).fit(X, labels[y])
        got = run_onnxruntime(gruc.to_onnx(model), *padded(X, "float32"))
        assert got["label"].tolist() == model.predict(X).tolist()


def test_double_precision_becomes_single():
    X, y = vowels()
    model = GRUClassifier(**FAST, dtype="float64", bidirectional=True, pooling="attention").fit(X, y)
    got = run_onnxruntime(gruc.to_onnx(model), *padded(X, "float32"))
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", forms_of_vowels())
def test_every_form_of_X(form):
    X, y = forms_of_vowels()[form]
    model = GRUClassifier(**FAST).fit(X, y)
    got = run_onnxruntime(gruc.to_onnx(model), *padded(list(X), "float32"))
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)


def test_files(tmp_path):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    proto = gruc.to_onnx(gruc.runtime.Predictor.from_estimator(model), tmp_path / "m.onnx")
    assert onnx.load(tmp_path / "m.onnx") == proto
    with pytest.raises(FileNotFoundError):
        gruc.to_onnx(model, tmp_path / "nowhere" / "m.onnx")
    for unfitted in (GRUClassifier(), gruc.GRUSeq2Seq(), gruc.GRUForecaster()):
        with pytest.raises(NotFittedError, match="instance is not fitted yet"):
            gruc.to_onnx(unfitted)
