"""Windows of long sequences, whose states are carried: truncated back-propagation through the loop."""

import numpy as np
import pytest
import reference
from gruc.network import GRUNetwork
from gruc.sequences import Framing, Scaling, as_sequences, from_padded
from gruc.sequences.packing import pack
from gruc.training import (
    Loss,
    StepMemory,
    TrainingSettings,
    TrainingState,
    TrainingStep,
    WindowedData,
    train,
)
from helpers import central_difference, random_sequences, relative_error, unpack

LENGTHS = [7, 1, 12, 5, 3, 9, 4]
D, H = 2, 3
SIZES = {"W_ih": (3 * H, D), "W_hh": (3 * H, H), "b_ih": (3 * H,), "b_hh": (3 * H,), "head": (H, 1)}


def named(flat):
    """The parameters of a GRU with an output for each step, by name."""
    parts = np.split(flat, np.cumsum([np.prod(shape) for shape in SIZES.values()])[:-1])
    return {name: part.reshape(shape) for (name, shape), part in zip(SIZES.items(), parts, strict=True)}


def windowed(window, weights=None, lengths=LENGTHS, **options):
    """Rows have the weights of their sequences."""
    weights = None if weights is None else np.repeat(weights, lengths)
    rng = np.random.default_rng(0)
    X = random_sequences(rng, lengths, D)
    targets = np.concatenate([np.cumsum(x[:, :1], axis=0) for x in X])
    return WindowedData(as_sequences(X), None, targets, weights, window, **options)


def epoch(data, batch_size, shuffle=False, rng=None):
    return data.batches(batch_size, rng or np.random.default_rng(0), shuffle)


class ReferenceStep:
    """A training step by the oracle; `states` are those of each window seen: (sequence, start) -> (T, H)."""

    def __init__(self):
        self.states = {}

    def __call__(self, flat, batch):
        parameters, gradient = named(flat), np.zeros_like(flat)
        source, places, scaling, targets, weights, starts, _ = batch.part()
        packed = pack(source, places, scaling, "float64")
        cell = [parameters[name] for name in ("W_ih", "W_hh", "b_ih", "b_hh")]
        targets = np.split(targets, starts[1:])
        loss, last = 0.0, []
        for b, x in enumerate(unpack(packed.values, packed)):
            state0 = None if batch.state0 is None else batch.state0[b]
            states, saved = reference.gru_forward(x, *cell, h0=state0)
            self.states[batch.indices[b], batch.starts[b]] = states
            last.append(states[-1])
            weight = 1.0 if weights is None else weights[starts[b]]
            errors = states @ parameters["head"] - targets[b]
            loss += weight * (errors**2).sum() / 2
            errors *= weight / batch.size
            _, *dcell, _ = reference.gru_backward(errors @ parameters["head"].T, saved, *cell)
            views = named(gradient)
            for name, dparameter in zip(SIZES, [*dcell, states.T @ errors], strict=True):
                views[name] += dparameter
        batch.last_state = np.array(last)
        return loss, gradient


def random_parameters(seed=1):
    size = sum(np.prod(shape) for shape in SIZES.values())
    return 0.5 * np.random.default_rng(seed).standard_normal(size)


def run_through(batches, flat):
    """The step, and each batch with its loss and gradient."""
    step, results = ReferenceStep(), []
    for batch in batches:
        results.append((batch, *step(flat, batch)))
    return step, results


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize("window", [1, 4, 100])
def test_windows_cover_each_sequence_in_order(window, batch_size, shuffle):
    data = windowed(window)
    batches = epoch(data, batch_size, shuffle)
    reached, sizes = np.zeros(len(LENGTHS), int), []
    for batch in batches:
        assert len(set(batch.indices)) == len(batch.indices)
        assert np.array_equal(batch.starts, reached[batch.indices])
        assert (batch.lengths <= window).all()
        reached[batch.indices] = batch.stops
        batch.last_state = np.zeros((len(batch.indices), 1))
        sizes.append(len(batch.indices))
    assert reached.tolist() == LENGTHS
    assert len(sizes) == len(batches)
    # another sequence takes the place of one that has ended: only once none is left are there fewer
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == min(batch_size, len(LENGTHS))


@pytest.mark.parametrize("window", [1, 4, 100])
def test_states_are_those_of_the_whole_sequences(window):
    flat = random_parameters()
    step, _ = run_through(epoch(windowed(window), 3, shuffle=True), flat)
    whole, _ = run_through(epoch(windowed(100), 3), flat)
    for (index, _), states in whole.states.items():
        starts = sorted(start for other, start in step.states if other == index)
        assert np.array_equal(np.concatenate([step.states[index, start] for start in starts]), states)


@pytest.mark.parametrize("window", [1, 4, 100])
def test_gradients_go_back_to_the_start_of_the_window(window):
    """Against central differences that hold the carried states where they are."""
    flat = random_parameters()
    _, results = run_through(epoch(windowed(window, np.linspace(0.5, 2, len(LENGTHS))), 3), flat)
    assert sum(batch.size for batch, _, _ in results) == sum(LENGTHS)
    for batch, _, gradient in results:
        slopes = central_difference(lambda batch=batch: ReferenceStep()(flat, batch)[0] / batch.size, flat)
        assert relative_error(gradient, slopes) < 1e-7


def test_gradients_of_windows_add_up_to_those_of_the_sequence_but_for_what_is_cut():
    flat = random_parameters()

    def total(window):
        _, results = run_through(epoch(windowed(window), 100), flat)
        return sum(batch.size * gradient for batch, _, gradient in results)

    _, ((batch, _, gradient),) = run_through(epoch(windowed(12), 100), flat)
    np.testing.assert_allclose(total(12), batch.size * gradient)
    errors = [relative_error(total(window), total(12)) for window in (1, 3, 6)]
    assert errors == sorted(errors, reverse=True)
    assert 1e-4 < errors[2] < errors[0]


def test_the_loop_trains_over_windows():
    data = windowed(4)
    state = TrainingState(random_parameters(), np.random.default_rng(0))
    state.set_optimizer("adam", [], {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8})
    state.set_schedule({"kind": "constant", "learning_rate_init": 0.02, "warmup": 0})
    settings = TrainingSettings(max_epochs=40, batch_size=3, max_grad_norm=1.0)
    assert train(state, data, ReferenceStep(), settings) == "max_iter"
    history = state.history
    assert history.n_samples_seen == 40 * len(LENGTHS)
    assert history.loss_curve[-1] < 0.3 * history.loss_curve[0]


def test_loss_of_an_epoch_is_the_weighted_mean_over_rows():
    weights = np.array([1.0, 0.0, 2.0, 0.5, 1.0, 3.0, 1.0])
    losses = []
    for window, batch_size in ((4, 3), (100, 100)):
        data = windowed(window, weights)
        state = TrainingState(random_parameters(), np.random.default_rng(0))
        state.set_optimizer("sgd", [], {"momentum": 0.0, "nesterov": False})
        state.set_schedule({"kind": "constant", "learning_rate_init": 0.0, "warmup": 0})
        train(state, data, ReferenceStep(), TrainingSettings(batch_size=batch_size))
        losses += state.history.loss_curve
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)


class TestWeights:
    def test_sequences_of_weight_zero_are_left_out(self):
        data = windowed(4, np.array([1.0, 0.0, 2.0, 0.0, 1.0, 3.0, 1.0]), indices=np.array([5, 3, 0]))
        _, results = run_through(epoch(data, 3), random_parameters())
        assert {i for batch, _, _ in results for i in batch.indices} == {5, 0}
        assert len(data) == 2

    def test_of_a_batch(self):
        data = windowed(4, np.linspace(1, 2, len(LENGTHS)))
        batch = next(iter(epoch(data, 3)))
        rows = np.concatenate([data.weights[:4], data.weights[7:8], data.weights[8:12]])
        assert batch.size == 9
        assert batch.weight == pytest.approx(rows.sum())
        variance = rows.var() * (1 - 9 / sum(LENGTHS))
        assert batch.gradient_scale() == pytest.approx(np.sqrt(rows.mean() ** 2 + variance))
        assert next(iter(epoch(windowed(4), 3))).gradient_scale() == 1.0


def padded(X):
    out = np.full((len(X), 12, D), np.nan)
    for row, x in zip(out, X, strict=True):
        row[: len(x)] = x
    return from_padded(out)


FORMS = {
    "list": lambda X: X,
    "float32": lambda X: [x.astype("float32") for x in X],
    "integers": lambda X: [np.round(9 * x).astype("int16") for x in X],
    "mixed types": lambda X: [x.astype(("float32", "float64")[i % 2]) for i, x in enumerate(X)],
    "one feature": lambda X: [x[:, 0] for x in X],
    "array": lambda X: np.stack([np.resize(x, (11, D)) for x in X]),
    "padded": padded,
}


@pytest.mark.parametrize("framing", [Framing(), Framing(3, 1), Framing(3, 3), Framing(2, 4)])
@pytest.mark.parametrize("form", FORMS)
def test_rows_are_those_of_the_sequences(form, framing):
    """Whatever form X has, and whatever makes a row of it; of a subset, too."""
    X = FORMS[form](random_sequences(np.random.default_rng(0), LENGTHS, D))
    sequences = as_sequences(X)
    for data_of in (lambda: sequences, lambda: sequences.subset(np.array([4, 2, 0]))):
        part = data_of()
        scaling = Scaling(np.full(part.n_features, 0.5), np.full(part.n_features, 2.0))
        n_rows = int(framing.count(part.lengths).sum())
        data = WindowedData(part, scaling, np.arange(n_rows), None, 2, framing=framing)
        whole = part.gather(np.arange(len(part)), scaling, "float64", framing)
        expected = unpack(whole.values, whole)
        first = np.cumsum(data.lengths) - data.lengths
        for batch in epoch(data, 3):
            source, places, scaling, targets, _, starts, _ = batch.part()
            packed = pack(source, places, scaling, "float64")
            numbers = [
                first[i] + np.arange(a, b)
                for i, a, b in zip(batch.indices, batch.starts, batch.stops, strict=True)
            ]
            assert np.array_equal(targets, np.concatenate(numbers))
            assert np.array_equal(starts, np.cumsum(batch.lengths) - batch.lengths)
            for b, rows in enumerate(unpack(packed.values, packed)):
                window = slice(batch.starts[b], batch.stops[b])
                assert np.array_equal(rows, expected[batch.indices[b]][window])
            batch.last_state = np.zeros((len(batch.indices), 1))


def test_part_of_a_batch():
    batch = next(iter(epoch(windowed(4, np.arange(1.0, 8.0)), 4)))
    source, places, _, targets, weights, starts, _ = batch.part(np.array([2, 0]))
    packed = pack(source, places, None, "float64")
    assert [len(x) for x in unpack(packed.values, packed)] == [4, 4]
    data = batch.data
    assert np.array_equal(targets, np.concatenate([data.targets[8:12], data.targets[:4]]))
    assert weights.tolist() == [3.0] * 4 + [1.0] * 4
    assert starts.tolist() == [0, 4]


def test_a_step_that_gives_no_state():
    with pytest.raises(RuntimeError, match="has not set last_state"):
        for _ in epoch(windowed(4), 3):
            pass


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2, len(LENGTHS))], ids=["alike", "weighted"])
@pytest.mark.parametrize("window", [1, 4, 100])
def test_the_step_of_a_network_carries_states(window, weights):
    """Losses, gradients and states of each batch are those of the step by the oracle."""
    network = GRUNetwork(D, [H], False, True, None, 1)
    flat = 0.5 * np.random.default_rng(0).standard_normal(network.table.size)
    views = network.table.torch_views(flat)
    views["head.bias"][:] = 0
    order = ["gru.weight_ih_l0", "gru.weight_hh_l0", "gru.bias_ih_l0", "gru.bias_hh_l0", "head.weight"]
    reference_flat = np.concatenate([views[name].ravel() for name in order])
    step, by_oracle = TrainingStep(StepMemory(network), Loss("squared_error")), ReferenceStep()
    data = windowed(window, weights)
    pairs = zip(epoch(data, 3, shuffle=True), epoch(data, 3, shuffle=True), strict=True)
    for batch, twin in pairs:
        loss, gradient = step(flat, batch)
        expected_loss, expected = by_oracle(reference_flat, twin)
        assert loss == pytest.approx(expected_loss, rel=1e-12)
        gradients = network.table.torch_views(gradient.dense)
        got = np.concatenate([gradients[name].ravel() for name in order])
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(batch.last_state, twin.last_state, rtol=0, atol=1e-12)
