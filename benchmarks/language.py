"""Speed of language models: steps of training against torch, and characters written in a second.

    python benchmarks/language.py [ROUNDS]

A step is a window of 64 characters at 32 places of a text, an embedding of 64, one layer, softmax over 105
characters, clipping of the gradient, Adam, float32, one thread. Rounds alternate between the two libraries
in one process; medians of processor time. gruc's steps are those of `partial_fit`, the reading of the text
included; torch's are eager, with the text as tensors already. Needs torch.
"""

import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

from pydoc_data.topics import topics

import numpy as np
import torch
from gruc import GRULanguageModel

WINDOW, PLACES, STEPS, D = 64, 32, 5, 64
TEXT = "\n\n".join(topics[name] for name in sorted(topics))
PART = TEXT[: WINDOW * PLACES * STEPS]


class Network(torch.nn.Module):
    def __init__(self, n_tokens, H):
        super().__init__()
        self.embedding = torch.nn.Embedding(n_tokens, D)
        self.gru = torch.nn.GRU(D, H, batch_first=True)
        self.head = torch.nn.Linear(H, n_tokens)

    def forward(self, tokens, state):
        states, state = self.gru(self.embedding(tokens), state)
        return self.head(states), state


def steps_of_torch(H, vocabulary):
    """A function that runs STEPS steps."""
    tokens = torch.tensor([vocabulary[character] for character in PART]).reshape(PLACES, -1)
    read = torch.cat([torch.ones(PLACES, 1, dtype=tokens.dtype), tokens[:, :-1]], dim=1)
    network = Network(len(vocabulary), H)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.005)

    def run():
        state = None
        for begin in range(0, tokens.shape[1], WINDOW):
            window = slice(begin, begin + WINDOW)
            outputs, state = network(read[:, window], state)
            state = state.detach()
            loss = torch.nn.functional.cross_entropy(outputs.flatten(0, 1), tokens[:, window].flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()

    return run


def milliseconds(run, *arguments):
    """Processor time of a step."""
    start = time.process_time()
    run(*arguments)
    return 1000 * (time.process_time() - start) / STEPS


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {rounds} rounds; milliseconds a step; characters a second")
    print("| H | gruc | torch | torch / gruc | written |\n|---|---|---|---|---|")
    for H in (128, 256, 512):
        model = GRULanguageModel(
            hidden_layer_sizes=(H,), embedding_dim=D, window=WINDOW, batch_size=PLACES, n_jobs=1,
            vocabulary=sorted(set(TEXT)), random_state=0,
        ).partial_fit(PART)  # fmt: skip
        of_torch = steps_of_torch(H, model.vocabulary_)
        of_torch()
        times, written = [], []
        for _ in range(rounds):
            times.append((milliseconds(model.partial_fit, PART), milliseconds(of_torch)))
            start = time.process_time()
            model.sample(4000, random_state=0)
            written.append(4000 / (time.process_time() - start))
        ours, theirs = np.median(times, axis=0)
        ratio = np.median([b / a for a, b in times])
        print(f"| {H} | {ours:.1f} | {theirs:.1f} | {ratio:.1f} | {np.median(written):,.0f} |", flush=True)


if __name__ == "__main__":
    main()
