"""update_gate_bias_init: where the bias of the update gates starts."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer, load
from problems import vowels
from scipy.stats import kstest

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
# steps of 1e-30 leave weights as they were drawn, and biases of 0 next to 0
STILL = dict(learning_rate_init=1e-30, max_iter=1, random_state=0)
STRUCTURES = {
    "after": dict(hidden_layer_sizes=(6,)),
    "before, two layers, both directions": dict(
        hidden_layer_sizes=(6, 5), reset_after=False, bidirectional=True
    ),
}


def untrained(Estimator, X, y, **settings):
    """The weights that a fit begins with."""
    if Estimator is GRUTransformer:
        network = GRUClassifier(**settings | {"learning_rate_init": 0.01})
        return GRUTransformer(network, trained=False, random_state=0).fit(X).estimator_.weights_
    return Estimator(**STILL | settings).fit(X, y).weights_


def update_gates(weights):
    """The z block of each bias_ih."""
    biases = {name: bias for name, bias in weights.items() if name.startswith("gru.bias_ih")}
    return {name: bias[len(bias) // 3 : 2 * len(bias) // 3] for name, bias in biases.items()}


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor, GRUTransformer])
@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_a_number(Estimator, structure):
    """Every layer's update gates start there; all other start values are the same as ever."""
    X, y = vowels()
    default = untrained(Estimator, X, y, **structure)
    for bias in (1.0, 0, -2.5, np.float32(4)):
        weights = untrained(Estimator, X, y, update_gate_bias_init=bias, **structure)
        gates = update_gates(weights)
        assert len(gates) == len(structure["hidden_layer_sizes"]) * (1 + structure.get("bidirectional", 0))
        for name, value in weights.items():
            expected = default[name].copy()
            if name in gates:
                expected[len(expected) // 3 : 2 * len(expected) // 3] = bias
            np.testing.assert_allclose(value, expected, rtol=0, atol=1e-20, err_msg=name)


def test_default():
    X, y = vowels()
    assert GRUClassifier().update_gate_bias_init == 1.0
    assert (update_gates(untrained(GRUClassifier, X, y))["gru.bias_ih_l0"] == 1).all()


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor, GRUTransformer])
@pytest.mark.parametrize("frame_length, n_frames", [(1, 200), (4, 50), ("auto", 25)])
def test_chrono(Estimator, frame_length, n_frames):
    """exp(bias) is uniform between 1 and a frame less than the longest sequence has, in every layer."""
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((length, 1)) for length in (200, 190, 200, 200)]
    settings = dict(
        hidden_layer_sizes=(120, 100),
        bidirectional=True,
        frame_length=frame_length,
        update_gate_bias_init="chrono",
        conv_channels=(),
    )
    weights = untrained(Estimator, X, [0, 1, 0, 1], **settings)
    gates = update_gates(weights)
    assert len(gates) == 4
    for bias in gates.values():
        assert kstest(np.exp(bias), "uniform", (1, n_frames - 2)).pvalue > 1e-3
        assert 0 <= bias.min() < bias.max() <= np.float32(np.log(n_frames - 1))
    assert len({bias[0] for bias in gates.values()}) == 4
    again = untrained(Estimator, X, [0, 1, 0, 1], **settings)
    assert all(np.array_equal(again[name], value) for name, value in weights.items())


def test_chrono_looks_at_what_is_learned_from():
    """A sequence of weight 0 does not say how long the memory should be."""
    rng = np.random.default_rng(0)
    lengths = [9] * 30 + [5000]
    X, y = [rng.standard_normal((length, 1)) for length in lengths], np.arange(31) % 2
    settings = dict(hidden_layer_sizes=(50,), frame_length=1, update_gate_bias_init="chrono")
    longest = {}
    for name, weight in (("counts", 1.0), ("does not count", 0.0)):
        model = GRUClassifier(**STILL, **settings).fit(X, y, sample_weight=[1.0] * 30 + [weight])
        longest[name] = update_gates(model.weights_)["gru.bias_ih_l0"].max()
    assert longest["counts"] > np.log(1000)
    assert longest["does not count"] <= np.float32(np.log(8))


@pytest.mark.parametrize("n_steps, bound", [(1, 0), (2, 0), (3, np.log(2))])
def test_chrono_on_very_short_sequences(n_steps, bound):
    X = np.random.default_rng(0).standard_normal((8, n_steps, 1))
    gates = update_gates(untrained(GRURegressor, X, X[:, 0, 0], update_gate_bias_init="chrono"))
    bias = gates["gru.bias_ih_l0"]
    assert bias.min() > -1e-20
    assert bias.max() <= bound + 1e-7
    assert (bias.max() > 0.1) == (n_steps == 3)


def test_only_the_start_counts():
    """A network that goes on keeps what its gates have learned."""
    X, y = vowels()
    settings = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0, update_gate_bias_init=3.0)
    for train in ("partial_fit", "fit"):
        ends = []
        for later in (3.0, "chrono", -1.0):
            model = GRUClassifier(**settings, warm_start=True)
            getattr(model, train)(X, y)
            getattr(model.set_params(update_gate_bias_init=later), train)(X, y)
            ends.append(np.concatenate([value.ravel() for value in model.weights_.values()]))
        assert np.array_equal(ends[0], ends[1])
        assert np.array_equal(ends[0], ends[2])


@pytest.mark.parametrize("bias", [2.5, "chrono"])
def test_saved(bias, tmp_path):
    X, y = vowels()
    model = GRUClassifier((6,), max_iter=2, update_gate_bias_init=bias, random_state=0).fit(X, y)
    model.save(tmp_path / "model.gruc")
    loaded = load(tmp_path / "model.gruc")
    assert loaded.update_gate_bias_init == bias
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


def copying(n, n_blanks, rng):
    """Ten symbols out of eight, then blanks; the label is the first symbol."""
    symbols = rng.integers(0, 8, (n, 10))
    X = np.zeros((n, 10 + n_blanks, 8), "float32")
    X[np.arange(n)[:, np.newaxis], np.arange(10), symbols] = 1
    return X, symbols[:, 0]


def test_what_it_is_for():
    """Large biases carry a symbol over 100 blanks within epochs in which the default learns nothing."""
    rng = np.random.default_rng(0)
    X, y = copying(800, 100, rng)
    X_test, y_test = copying(200, 100, rng)
    scores = {}
    for bias in (1.0, 4.0, "chrono"):
        model = GRUClassifier(
            (32,), frame_length=1, max_iter=12, batch_size=16, update_gate_bias_init=bias, random_state=0
        )
        scores[bias] = model.fit(X, y).score(X_test, y_test)
    assert scores[1.0] < 0.3
    assert scores[4.0] > 0.95
    assert scores["chrono"] > 0.95
