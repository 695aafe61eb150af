"""A training step of an encoder-decoder: gruc against torch, alternating in one process, on one thread.

    python benchmarks/translation.py

An embedding of 64 numbers a token, an encoder of 128 units in both directions, a decoder of 256, attention by
products, cross-entropy of 50 tokens, Adam; batches of 64 pairs of 10 tokens each, float32. gruc's steps are
those of `partial_fit`, with gathering, clipping and checks; torch, in eager mode, has its batches ready in
tensors and does not clip. Sequences are of equal length, so that torch need not pad or pack. Times are those
of the processor (`time.process_time`), medians of rounds of 16 steps.
"""

import statistics
import time
import warnings

import numpy as np
import torch
from gruc import GRUSeq2Seq
from side_by_side import processor, versions

E, H, B, LENGTH, N_TOKENS, N_BATCHES, ROUNDS = 64, 128, 64, 10, 50, 16, 12


class EncoderDecoder(torch.nn.Module):
    def __init__(self, attends):
        super().__init__()
        self.source = torch.nn.Embedding(N_TOKENS, E)
        self.target = torch.nn.Embedding(N_TOKENS, E)
        self.encoder = torch.nn.GRU(E, H, batch_first=True, bidirectional=True)
        self.decoder = torch.nn.GRU(E, 2 * H, batch_first=True)
        self.head = torch.nn.Linear((4 if attends else 2) * H, N_TOKENS)
        self.attends = attends

    def forward(self, source, target):
        memory, last = self.encoder(self.source(source))
        start = torch.cat([last[0], last[1]], dim=1).unsqueeze(0)
        states, _ = self.decoder(self.target(target), start)
        if self.attends:
            weights = torch.softmax(states @ memory.transpose(1, 2), dim=2)
            states = torch.cat([weights @ memory, states], dim=2)
        return self.head(states)


def torch_steps(attends, X, y):
    """A function that takes N_BATCHES steps."""
    model = EncoderDecoder(attends)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    sources, targets = torch.from_numpy(X), torch.from_numpy(y)
    starts = torch.cat([torch.full((len(y), 1), N_TOKENS - 1), targets[:, :-1]], dim=1)

    def steps():
        for i in range(N_BATCHES):
            part = slice(i * B, (i + 1) * B)
            logits = model(sources[part], starts[part])
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets[part].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return steps


def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    X = rng.integers(0, N_TOKENS - 1, (N_BATCHES * B, LENGTH))
    y = X[:, ::-1].copy()
    print(f"{processor()}; {versions('torch', 'numpy')}")
    for attention in (None, "dot"):
        model = GRUSeq2Seq((H,), embedding_dim=E, attention=attention, batch_size=B, n_jobs=1, random_state=0)
        # with the end, which the model adds, sequences have LENGTH tokens
        given = list(X[:, :-1]), list(y[:, :-1])
        calls = {
            "gruc": lambda model=model, given=given: model.partial_fit(*given),
            "torch": torch_steps(attention is not None, X, y),
        }
        taken = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                start = time.process_time()
                call()
                taken[name].append((time.process_time() - start) / N_BATCHES * 1e3)
        medians = {name: statistics.median(times[2:]) for name, times in taken.items()}
        ratio = medians["torch"] / medians["gruc"]
        shown = ", ".join(f"{name} {median:.2f} ms a step" for name, median in medians.items())
        print(f"attention={attention!r}: {shown}; torch takes {ratio:.1f} times as long")


if __name__ == "__main__":
    main()
