"""Pictures of attributions, gates, attention and answers: what they show, on a canvas without a screen."""

import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier, GRURegressor, GRUSeq2Seq, GRUTagger, inspection, plotting
from gruc.inspection import attributions
from gruc.preprocessing import SequenceScaler, TextSequencer
from gruc.runtime import Predictor
from problems import tagged_vowels, vowels
from sklearn.pipeline import make_pipeline

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from gruc.inspection import (  # noqa: E402
    AnswerOverTimeDisplay,
    AttentionDisplay,
    AttributionDisplay,
    GateDisplay,
)
from matplotlib import pyplot as plt  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=6, random_state=0)
TEXTS = ["this film is good", "a film that is bad", "not bad, this film!", "good, not bad"] * 4
LABELS = ["pos", "neg", "pos", "pos"] * 4


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def model():
    X, y = vowels()
    return GRUClassifier(**FAST, frame_length=1, pooling="attention").fit(X, y)


@pytest.fixture(scope="module")
def of_texts():
    network = GRUClassifier(**FAST, embedding_dim=4, pooling="attention", bidirectional=True)
    return make_pipeline(TextSequencer(), network).fit(TEXTS, LABELS)


def test_plotting_has_all_displays():
    assert set(plotting.__all__) == {name for name in inspection.__all__ if name.endswith("Display")}
    assert plotting.GateDisplay is GateDisplay


# ---- attributions


def test_heat_is_the_attributions(model):
    X, _ = vowels()
    display = AttributionDisplay.from_estimator(model, X, index=-1, target=2, baseline="mean")
    expected = attributions(model, X, target=2, baseline="mean")[-1]
    np.testing.assert_array_equal(display.heat_.get_array(), expected.T)
    low, high = display.heat_.get_clim()
    assert -low == high == abs(expected).max()  # white is 0
    heights = [bar.get_height() for bar in display.bars_]
    np.testing.assert_allclose(heights, expected.sum(axis=1))
    assert display.axes_[0].get_title() == "attributions to class 2"
    assert len(display.axes_) == 3
    assert display.figure_ is display.ax_.figure
    display.figure_.canvas.draw()


def test_baseline_of_each_sequence(model):
    X, _ = vowels()
    others = X[::-1]
    others = [np.resize(other, x.shape) for x, other in zip(X, others, strict=True)]
    display = AttributionDisplay.from_estimator(model, X, index=4, baseline=others)
    expected = attributions(model, X, baseline=others)[4]
    np.testing.assert_array_equal(display.heat_.get_array(), expected.T)


@pytest.mark.parametrize("n_features, n_axes", [(1, 2), (4, 3)])
def test_few_features_are_lines(n_features, n_axes):
    X, y = vowels()
    X = [x[:, :n_features] for x in X]
    model = GRUClassifier(**FAST).fit(X, y)
    names = list("abcd"[:n_features])
    display = AttributionDisplay.from_estimator(model, X, feature_names=names)
    assert len(display.axes_) == n_axes
    assert len(display.axes_[0].get_lines()) == n_features
    assert (display.heat_ is None) == (n_features == 1)
    expected = attributions(model, X)[0].sum(axis=1)
    np.testing.assert_allclose([bar.get_height() for bar in display.bars_], expected)
    reds = [bar.get_facecolor()[0] > bar.get_facecolor()[2] for bar in display.bars_]
    assert reds == [bool(value > 0) for value in expected]
    with pytest.raises(ValueError, match="feature_names must be .* names, one for each feature"):
        AttributionDisplay.from_estimator(model, X, feature_names=["a"] * 7)


def test_in_given_axes(model):
    X, _ = vowels()
    figure, (left, right) = plt.subplots(1, 2)
    display = AttributionDisplay.from_estimator(model, X, ax=right, cmap="PiYG")
    assert display.figure_ is figure
    assert display.heat_.get_cmap().name == "PiYG"
    assert all(axes.get_position().x0 > left.get_position().x1 for axes in display.axes_)


def test_names_of_what_is_explained():
    X, y = tagged_vowels()
    tagger = GRUTagger(**FAST).fit(X, y)

    def title(model, **settings):
        return AttributionDisplay.from_estimator(model, X, **settings).axes_[0].get_title()

    assert title(tagger, target=(3, 1)) == "attributions to class 1 at step 3"
    tag = tagger.predict(X)[0][-1]
    assert title(tagger, target=(-1, None)) == f"attributions to class {tag} at step -1"
    assert title(tagger) == "attributions to all steps"
    regressor = GRURegressor(**FAST).fit(X, [[x.sum(), x.max()] for x in X])
    assert title(regressor, target=1) == "attributions to output 1"
    assert title(regressor) == "attributions to sum of the outputs"
    frames = [pd.DataFrame(x, columns=[f"f{i}" for i in range(12)]) for x in X]
    of_frames = GRUClassifier(**FAST).fit(frames, [label[0] for label in y])
    display = AttributionDisplay.from_estimator(of_frames, frames)
    assert [text.get_text() for text in display.axes_[1].get_yticklabels()] == [f"f{i}" for i in range(12)]


def test_a_pipeline_draws_the_series_that_it_takes():
    X, y = vowels()
    X = [1000 + 50 * x[:, :1] for x in X]
    model = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, y)
    display = AttributionDisplay.from_estimator(model, X, index=2, baseline="mean")
    np.testing.assert_array_equal(display.axes_[0].get_lines()[0].get_ydata(), X[2][:, 0])


@pytest.mark.parametrize("index", [24, -25, 1.0, None])
def test_index_that_is_not_there(model, index):
    X, _ = vowels()
    for display in (AttributionDisplay, GateDisplay, AnswerOverTimeDisplay):
        with pytest.raises(ValueError, match="index must be an integer from -24 to 23"):
            display.from_estimator(model, X, index=index)


# ---- gates and attention


def test_gates_are_sorted_by_how_long_units_remember(model):
    X, _ = vowels()
    display = GateDisplay.from_estimator(model, X, index=5)
    gates = model.gate_activations(X)
    means = gates["update"][5].mean(axis=0)[display.units_]
    assert (np.diff(means) <= 0).all()
    for name, image in display.images_.items():
        np.testing.assert_array_equal(image.get_array(), gates[name][5].T[display.units_])
    assert list(display.images_) == ["reset", "update", "candidate"]
    only = GateDisplay.from_estimator(model, X, index=5, gates="candidate", layer=0)
    assert only.images_["candidate"].get_clim() == (-1, 1)
    for wrong in ("forget", [], ["update", "z"]):
        with pytest.raises(ValueError, match="gates must be some of 'reset', 'update', 'candidate'"):
            GateDisplay.from_estimator(model, X, gates=wrong)


def test_attention_as_a_matrix(model):
    X, _ = vowels()
    display = AttentionDisplay.from_estimator(model, X[:4])
    matrix = np.asarray(display.image_.get_array().filled(np.nan))
    for row, x, weights in zip(matrix, X, model.attention_weights(X), strict=False):
        assert weights.shape == (len(x),)
        np.testing.assert_array_equal(row[: len(x)], weights)
        assert np.isnan(row[len(x) :]).all()
        assert np.nansum(row) == pytest.approx(1, abs=1e-5)
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert names == [str(label) for label in model.predict(X[:4])]
    other = GRUClassifier(**FAST).fit(*vowels())
    with pytest.raises(ValueError, match="needs a model with pooling=\"attention\"; it has 'last'"):
        AttentionDisplay.from_estimator(other, X)


def test_attention_of_an_encoder_decoder():
    """Rows are tokens of the answer, columns those of the sequence, each with its end."""
    X, y = ["abc", "bca", "cab", "ba", "c"] * 6, ["cba", "acb", "bac", "ab", "c"] * 6
    model = GRUSeq2Seq(embedding_dim=8, hidden_layer_sizes=(16,), max_iter=20, random_state=0).fit(X, y)
    display = AttentionDisplay.from_estimator(model, X, index=3)
    (weights,) = model.attention_weights(["ba"])
    np.testing.assert_array_equal(display.image_.get_array(), weights)
    rows, columns = ([tick.get_text() for tick in ticks] for ticks in (
        display.ax_.get_yticklabels(), display.ax_.get_xticklabels(),
    ))  # fmt: skip
    assert columns == ["b", "a", "</s>"]
    answer = [*model.predict(["ba"])[0], "</s>"]
    assert rows == answer[: len(rows)]
    assert len(rows) == len(weights)
    tokens = [[0, 1], [1, 0], [2]] * 8
    of_integers = GRUSeq2Seq(embedding_dim=4, hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    display = AttentionDisplay.from_estimator(of_integers.fit(tokens, tokens), tokens)
    assert [tick.get_text() for tick in display.ax_.get_xticklabels()] == ["0", "1", "3"]
    with pytest.raises(ValueError, match="attention is None"):
        AttentionDisplay.from_estimator(of_integers.set_params(attention=None).fit(tokens, tokens), tokens)


def test_attention_weights_make_the_features(model):
    X, _ = vowels()
    array = np.stack([x[:7] for x in X])
    weights = model.attention_weights(array)
    assert weights.shape == (24, 7)
    means = np.einsum("nt,nth->nh", weights, model.hidden_states(array))
    features = Predictor.from_estimator(model).features(array)
    np.testing.assert_allclose(means, features, rtol=0, atol=1e-6)


# ---- answers over time


@pytest.mark.parametrize("settings", [{}, {"bidirectional": True}, {"conv_channels": 5}])
def test_answers_are_those_of_the_beginnings(settings):
    X, y = vowels()
    model = GRUClassifier(**FAST, **settings).fit(X, y)
    display = AnswerOverTimeDisplay.from_estimator(model, X, index=3)
    beginnings = model.predict_proba([X[3][: t + 1] for t in range(len(X[3]))])
    drawn = np.stack([line.get_ydata() for line in display.lines_], axis=1)
    np.testing.assert_array_equal(drawn, beginnings)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["0", "1", "2"]


def test_quantiles_and_values_over_time():
    X, _ = vowels()
    y = [x[:, 0].sum() for x in X]
    model = GRURegressor(**FAST, loss="quantile", quantile=[0.1, 0.5, 0.9]).fit(X, y)
    display = AnswerOverTimeDisplay.from_estimator(model, X, index=1)
    assert [line.get_ydata()[-1] for line in display.lines_] == model.predict(X)[1].tolist()
    assert display.band_ is not None
    one = AnswerOverTimeDisplay.from_estimator(GRURegressor(**FAST).fit(X, y), X)
    assert (len(one.lines_), one.band_, one.ax_.get_legend()) == (1, None, None)


def test_answers_of_a_tagger():
    X, y = tagged_vowels()
    model = GRUTagger(**FAST).fit(X, y)
    display = AnswerOverTimeDisplay.from_estimator(model, X, index=2)
    drawn = np.stack([line.get_ydata() for line in display.lines_], axis=1)
    np.testing.assert_array_equal(drawn, model.predict_proba(X)[2])


# ---- texts


def test_pictures_of_a_text_are_named_by_its_tokens(of_texts):
    text = "A film that is not good"
    for display in (
        AttributionDisplay.from_estimator(of_texts, [text]).plot(),
        GateDisplay.from_estimator(of_texts, [text]),
        AttentionDisplay.from_estimator(of_texts, TEXTS + [text], index=-1),
        AnswerOverTimeDisplay.from_estimator(of_texts, [text]),
    ):
        names = [tick.get_text() for tick in display.ax_.get_xticklabels()]
        assert names == text.split()
        display.figure_.canvas.draw()


def test_attributions_of_a_text_do_not_draw_unasked(of_texts):
    display = AttributionDisplay.from_estimator(of_texts, TEXTS)
    assert plt.get_fignums() == []
    assert not hasattr(display, "ax_")
    display.plot()
    values = attributions(of_texts, TEXTS[:1])[0]
    np.testing.assert_allclose([bar.get_height() for bar in display.bars_], values)
