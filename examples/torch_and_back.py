"""Weights from gruc to torch and back; training continues after each conversion.

Needs `pip install torch`. Run with `python examples/torch_and_back.py`.
"""

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels

try:
    import torch
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install torch") from None

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)

# frame_length=1: torch's GRU reads single steps
model = gruc.GRUClassifier((32,), frame_length=1, random_state=0).fit(X, y)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(12, 32, batch_first=True)
        self.head = torch.nn.Linear(32, 9)

    def forward(self, X):
        packed = torch.nn.utils.rnn.pack_sequence(
            [torch.as_tensor(x).float() for x in X], enforce_sorted=False
        )
        _, last = self.gru(packed)
        return self.head(last[0])


network = Network()
states = ({name: torch.as_tensor(w) for name, w in state.items()} for state in gruc.to_torch(model))
for module, state in zip((network.gru, network.head), states, strict=True):
    module.load_state_dict(state)
with torch.no_grad():
    probabilities = network(X_test).softmax(dim=1).numpy()
print(f"torch: largest difference from gruc: {np.abs(probabilities - model.predict_proba(X_test)).max():.1e}")

optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
targets = torch.as_tensor(np.searchsorted(model.classes_, y))
for _ in range(5):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(network(X), targets).backward()
    optimizer.step()

back = gruc.from_torch(
    gruc.GRUClassifier(random_state=0), network.gru.state_dict(), network.head.state_dict(), model.classes_
)
with torch.no_grad():
    probabilities = network(X_test).softmax(dim=1).numpy()
print(f"back:  largest difference from torch: {np.abs(probabilities - back.predict_proba(X_test)).max():.1e}")
back.partial_fit(X, y)
print(f"accuracy on test utterances, after one more epoch: {back.score(X_test, y_test):.3f}")
