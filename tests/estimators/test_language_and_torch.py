"""Training of language models against torch: truncated back-propagation, states carried and detached."""

import numpy as np
import pytest
from gruc import GRULanguageModel

torch = pytest.importorskip("torch")

TEXT = "how much wood would a woodchuck chuck if a woodchuck could chuck wood? " * 3
D, H, WINDOW, STREAMS = 4, 6, 7, 3


class Network(torch.nn.Module):
    """The same layers in torch, with the weights of a model."""

    def __init__(self, weights, n_layers, tied):
        super().__init__()
        n_tokens = len(weights["embedding.weight"])
        self.embedding = torch.nn.Embedding(n_tokens, D)
        self.gru = torch.nn.GRU(D, H, n_layers, batch_first=True)
        if tied:
            self.projection = torch.nn.Linear(H, D)
        else:
            self.head = torch.nn.Linear(H, n_tokens)
        self.tied = tied
        self.double().load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()})

    def forward(self, tokens, state):
        states, state = self.gru(self.embedding(tokens), state)
        if self.tied:
            return self.projection(states) @ self.embedding.weight.T, state
        return self.head(states), state


@pytest.mark.parametrize("max_norm", [None, 0.1])
@pytest.mark.parametrize("n_layers, tied", [(1, False), (2, False), (1, True), (2, True)])
def test_epochs_of_truncated_back_propagation(n_layers, tied, max_norm):
    model = GRULanguageModel(
        hidden_layer_sizes=(H,) * n_layers, embedding_dim=D, window=WINDOW, batch_size=STREAMS, dtype="float64",
        solver="sgd", momentum=0.0, learning_rate="constant", learning_rate_init=0.3, max_grad_norm=max_norm,
        tie_weights=tied, random_state=0,
    )  # fmt: skip
    start = GRULanguageModel(**model.get_params()).set_params(learning_rate_init=1e-300)
    network = Network(start.partial_fit(TEXT).weights_, n_layers, tied)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.3)
    tokens = torch.tensor([start.vocabulary_[character] for character in TEXT])
    n = len(tokens) // STREAMS
    assert n * STREAMS == len(tokens)
    targets = tokens.reshape(STREAMS, n)
    read = torch.cat([torch.ones(STREAMS, 1, dtype=tokens.dtype), targets[:, :-1]], dim=1)
    for _ in range(3):
        model.partial_fit(TEXT)
        state, total = None, 0.0
        for begin in range(0, n, WINDOW):
            outputs, state = network(read[:, begin : begin + WINDOW], state)
            state = state.detach()
            wanted = targets[:, begin : begin + WINDOW]
            loss = torch.nn.functional.cross_entropy(outputs.flatten(0, 1), wanted.flatten())
            optimizer.zero_grad()
            loss.backward()
            if max_norm is not None:
                torch.nn.utils.clip_grad_norm_(network.parameters(), max_norm)
            optimizer.step()
            total += loss.item() * wanted.numel()
        assert model.loss_ == pytest.approx(total / len(tokens), rel=1e-9)
    for name, weight in network.state_dict().items():
        np.testing.assert_allclose(model.weights_[name], weight.numpy(), rtol=0, atol=1e-9, err_msg=name)
