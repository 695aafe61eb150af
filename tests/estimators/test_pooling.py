"""What each readout makes learnable."""

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRUTransformer
from gruc.network.readout import READOUTS
from problems import bits_of, vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("pooling", READOUTS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_readout_learns(pooling, bidirectional):
    X, y = vowels()
    model = GRUClassifier((12,), pooling=pooling, bidirectional=bidirectional, max_iter=60, random_state=0)
    assert model.fit(X, y).score(X, y) == 1.0


def test_attention_weights_have_names_and_shapes():
    X, y = vowels()
    weights = GRUClassifier((5,), bidirectional=True, pooling="attention", max_iter=1).fit(X, y).weights_
    shapes = {name: weight.shape for name, weight in weights.items() if name.startswith("attention")}
    assert shapes == {"attention.weight": (10, 10), "attention.bias": (10,), "attention.v": (1, 10)}


@pytest.mark.parametrize("pooling", ["max", "attention"])
def test_a_sign_early_in_a_long_series_is_seen(pooling):
    """Words spoken at the start, and then 150 steps of silence: the last state has forgotten them."""
    X, y = vowels()
    silence = np.zeros((150, 12))
    late = [np.concatenate([x, silence]) for x in X]
    settings = dict(hidden_layer_sizes=(12,), frame_length=1, max_iter=25, random_state=0)
    last = GRUClassifier(**settings).fit(late, y).score(late, y)
    pooled = GRUClassifier(**settings, pooling=pooling).fit(late, y).score(late, y)
    assert pooled >= 0.95 > last


class TestSideBySide:
    """Several readouts of the same states."""

    SETTINGS = dict(hidden_layer_sizes=(5,), frame_length=1, max_iter=3, random_state=0)

    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_features_are_one_after_the_other(self, bidirectional):
        X, y = vowels()
        pooling = ("max", "last", "mean")
        model = GRUClassifier(**self.SETTINGS, pooling=pooling, bidirectional=bidirectional).fit(X, y)
        features = GRUTransformer(model).fit(X, y).transform(X)
        for row, h in zip(features, model.hidden_states(X), strict=True):
            last = np.concatenate([h[-1, :5], h[0, 5:]])
            np.testing.assert_allclose(row, np.concatenate([h.max(0), last, h.mean(0)]), rtol=0, atol=1e-6)
        assert model.weights_["head.weight"].shape == (3, 15 * (1 + bidirectional))

    def test_files_streams_and_going_on(self, tmp_path):
        X, y = vowels()
        model = GRUClassifier(**self.SETTINGS, pooling=("last", "max")).partial_fit(X, y)
        model.save(tmp_path / "m.gruc")
        loaded = gruc.load(tmp_path / "m.gruc")
        assert loaded.pooling == ("last", "max")
        assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
        got = model.stream().step(X[0], every=True)
        assert np.array_equal(got, model.predict_proba([X[0][: t + 1] for t in range(len(X[0]))]))
        before = bits_of(model)
        with pytest.raises(ValueError, match="pooling is .*, but the existing network has"):
            model.set_params(pooling=("max", "last")).partial_fit(X, y)
        assert bits_of(model) == before
        model.set_params(pooling=["last", "max"]).partial_fit(X, y)

    def test_one_in_a_tuple_is_that_one(self):
        X, y = vowels()
        fits = [GRUClassifier(**self.SETTINGS, pooling=pooling).fit(X, y) for pooling in ("max", ("max",))]
        assert bits_of(fits[0]) == bits_of(fits[1])

    def test_convolutions_that_the_head_reads(self):
        X, y = vowels()
        layers = dict(conv_channels=(3, 4), conv_kernel_size=2)
        pooling = ("conv_max", "last", "conv_mean")
        model = GRUClassifier(**self.SETTINGS, **layers, pooling=pooling).fit(X, y)
        features = GRUTransformer(model).fit(X, y).transform(X)
        assert features.shape == (len(X), 4 + 5 + 4)
        assert (features[:, :4] >= features[:, 9:]).all()  # the largest, and the mean
        np.testing.assert_array_equal(features[:, 4:9], [h[-1] for h in model.hidden_states(X)])

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            (dict(pooling=("last", "conv_max")), "there are no convolutions for 'conv_max' to read"),
            (dict(pooling=("conv_max",), conv_channels=(3,)), "which reads nothing of the GRU layers"),
            (dict(pooling="conv_max", conv_channels=(3,)), "pooling"),
        ],
        ids=str,
    )
    def test_convolutions_are_read_beside_the_gru(self, settings, message):
        X, y = vowels()
        with pytest.raises(ValueError, match=message):
            GRUClassifier(**self.SETTINGS, **settings).fit(X, y)

    @pytest.mark.parametrize("pooling", [(), ("last", "last"), ("last", "median"), ["max", 3]], ids=str)
    def test_what_is_none_is_refused(self, pooling):
        X, y = vowels()
        with pytest.raises(
            ValueError, match="pooling must be one of 'last', 'mean', 'max', 'attention', or a"
        ):
            GRUClassifier(**self.SETTINGS, pooling=pooling).fit(X, y)
