"""The training loop over a program with an embedding: rows seen are learned, the others stay, for any n_jobs."""

import numpy as np
import pytest
from gruc import kernels
from gruc.network.gru import GRULayer, lay_out_layer
from gruc.network.parameters import ParameterTable
from gruc.network.program import KINDS, ProgramBuilder
from gruc.training import (
    SOLVERS,
    Loss,
    StepMemory,
    TrainingData,
    TrainingSettings,
    TrainingState,
    TrainingStep,
    train,
)

N_TOKENS, D, H = 40, 4, 6
SEEN = 30  # tokens from here on occur nowhere


class TokenSequences:
    """Sequences of tokens as `TrainingData` reads them."""

    def __init__(self, sequences):
        self.lengths = np.array([len(sequence) for sequence in sequences])
        self._source = kernels.inference.Source(sequences, tokens=True)

    def __len__(self):
        return len(self.lengths)

    def source(self, indices, framing):
        return self._source, indices


class Network:
    """An embedding, a GRU layer and a dense answer of two classes."""

    operations_per_row = 1e7  # so many that a batch of 64 sequences is dealt into four shards

    def __init__(self):
        self.layer = GRULayer(0, D, H, True, False)
        entries = [("head.weight", (H, 2)), ("head.bias", (2,)), ("table", (N_TOKENS, D))]
        self.table = ParameterTable([*self.layer.entries(), *entries])
        builder = ProgramBuilder(self.table, training=True)
        tokens = builder.input(1, integers=True)
        x = builder.operation(KINDS.EMBED, tokens, builder.like(tokens, D), "table", D=N_TOKENS)
        _, last = lay_out_layer(builder, [self.layer], x)
        y = builder.operation(KINDS.DENSE, last, builder.value(2, per_step=False), "head.weight")
        self._program = builder.build(y)

    def program(self, training, dropout):
        return self._program

    def initialize(self, parameters, rng):
        for value in parameters.values():
            value[:] = 0.3 * rng.standard_normal(value.shape)


def trained(solver="adam", n_jobs=1, epochs=20, **settings):
    """Losses of epochs, the state, and the parameters that it started from."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, SEEN, rng.integers(2, 12)) for _ in range(192)]
    labels = np.array([np.sum(sequence % 2 == 0) > len(sequence) / 2 for sequence in sequences]).astype(
        np.intp
    )
    network = Network()
    state = TrainingState.initial(network, "float32", rng)
    optimizer = dict(beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.01)
    optimizer |= dict(momentum=0.9, nesterov=True, rho=0.99)
    state.set_optimizer(solver, network.table.weights(), optimizer)
    rate = {"adam": 0.02, "adamw": 0.02, "sgd": 0.3, "rmsprop": 0.01}[solver]
    state.set_schedule({"kind": "constant", "learning_rate_init": rate, "warmup": 0})
    start, data = state.parameters, TrainingData(TokenSequences(sequences), None, labels, None)
    kept = start.copy()
    with TrainingStep(StepMemory(network), Loss("softmax", (0.0,)), n_jobs=n_jobs) as step:
        train(state, data, step, TrainingSettings(epochs, 64, max_grad_norm=1.0, **settings))
    assert np.array_equal(start, kept)
    return network, state, start


@pytest.mark.parametrize("penalties", [{}, {"l2": 0.01, "l1": 0.001}], ids=["", "penalties"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_seen_are_learned_and_the_others_stay(solver, penalties):
    network, state, start = trained(solver, **penalties)
    losses = state.history.loss_curve
    assert losses[-1] < 0.6 * losses[0]
    table, before = (network.table.views(flat)["table"] for flat in (state.parameters, start))
    assert np.array_equal(table[SEEN:], before[SEEN:])
    assert np.all(table[:SEEN] != before[:SEEN])


def test_bits_do_not_depend_on_n_jobs():
    _, one, _ = trained(n_jobs=1, epochs=3)
    _, two, _ = trained(n_jobs=2, epochs=3)
    assert np.array_equal(one.parameters, two.parameters)
    assert one.history.loss_curve == two.history.loss_curve
