"""Models of tokens against torch's Embedding, GRU and Linear, with SparseAdam for the table."""

import numpy as np
import pytest
from gruc import GRUClassifier

torch = pytest.importorskip("torch")

N_TOKENS, D, H, K = 30, 5, 6, 3
EPSILON = 1e-15  # of no effect: SparseAdam adds it elsewhere than Adam


class Network(torch.nn.Module):
    """The same layers in torch, with the weights of a model."""

    def __init__(self, weights, frozen=False):
        super().__init__()
        self.embedding = torch.nn.Embedding(N_TOKENS, D, sparse=not frozen)
        self.gru = torch.nn.GRU(D, H)
        self.head = torch.nn.Linear(H, K)
        self.double().load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()})
        self.embedding.weight.requires_grad = not frozen

    def forward(self, sequences):
        rows = [self.embedding(torch.tensor(x)) for x in sequences]
        packed = torch.nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)
        return self.head(self.gru(packed)[1][0])


def batches():
    """Ragged sequences, other tokens in each batch, some of them often."""
    rng = np.random.default_rng(0)
    for i in range(5):
        X = [rng.integers(3 * i, 3 * i + 14, length) for length in rng.integers(1, 9, 7)]
        yield X, rng.permutation([0, 1, 2, 0, 1, 2, 0])


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("max_norm", [None, 0.05])
def test_steps_of_adam_over_rows_seen(frozen, max_norm):
    first = np.random.default_rng(1).normal(size=(N_TOKENS, D))
    model = GRUClassifier(
        (H,), embedding_dim=D, embedding_weights=first, train_embedding=not frozen, dtype="float64",
        shuffle=False, batch_size=7, max_grad_norm=max_norm, learning_rate="constant",
        learning_rate_init=0.01, epsilon=EPSILON, random_state=0,
    )  # fmt: skip
    # a rate that changes nothing gives the weights that training starts from
    start = GRUClassifier(**model.get_params()).set_params(learning_rate_init=1e-300)
    network = Network(start.partial_fit(*next(batches())).weights_, frozen)
    assert np.array_equal(network.embedding.weight.detach().numpy(), first)
    rate = dict(lr=0.01, betas=(0.9, 0.999), eps=EPSILON)
    optimizers = [torch.optim.Adam([*network.gru.parameters(), *network.head.parameters()], **rate)]
    if not frozen:
        optimizers.append(torch.optim.SparseAdam([network.embedding.weight], **rate))
    for X, y in batches():
        model.partial_fit(X, y)
        loss = torch.nn.functional.cross_entropy(network(X), torch.tensor(y))
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        if max_norm is not None:
            clip(network, max_norm)
        for optimizer in optimizers:
            optimizer.step()
        assert model.loss_ == pytest.approx(loss.item(), rel=1e-9)
    for name, weight in network.state_dict().items():
        np.testing.assert_allclose(model.weights_[name], weight.numpy(), rtol=0, atol=1e-9, err_msg=name)


def clip(network, max_norm):
    """clip_grad_norm_, which takes no sparse gradients; equal tokens count as their sum."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    gradients = [g.coalesce() if g.is_sparse else g for g in gradients]
    squares = sum((g.values() if g.is_sparse else g).square().sum() for g in gradients)
    factor = min(1.0, max_norm / (squares.sqrt().item() + 1e-6))
    assert factor < 1
    for p in network.parameters():
        if p.grad is not None:
            p.grad = p.grad.coalesce() * factor if p.grad.is_sparse else p.grad * factor
