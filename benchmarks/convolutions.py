"""One training step of convolutions before a GRU: gruc's partial_fit compared with torch, alternating.

    python benchmarks/convolutions.py torch --threads 1

A mini-batch of B sequences with T steps and D features; convolutions of so many channels over so many
steps, normalised over the batch, rectified, the largest of each two steps; a GRU of H units, in both
directions where H is negative; the maximum of the states as input of a dense layer over 9 classes; Adam,
float32. gruc's step is what a user calls, including the checks of X and y, standardization and gradient
clipping; torch has the batch in its own arrays before the measurement, and does not clip.
"""

import warnings

import numpy as np
from side_by_side import arguments, milliseconds, report, take_turns

SHAPES = [
    # B, T, D, channels, kernel sizes, H
    (16, 427, 1, (32, 64, 64), (9, 5, 3), -64),
    (16, 427, 1, (32, 64, 64), (9, 5, 3), 64),
    (8, 251, 1, (32, 64, 64), (9, 5, 3), -64),
    (32, 100, 6, (32, 32), (5, 5), 64),
    (16, 150, 1, (16, 16), (7, 5), 32),
    (64, 60, 12, (64,), (5,), 128),
    (128, 24, 1, (32,), (5,), 32),
]
N_CLASSES = 9


def gruc_step(X, y, shape):
    from gruc import GRUClassifier

    *_, channels, sizes, H = shape
    model = GRUClassifier(
        (abs(H),), bidirectional=H < 0, conv_channels=channels, conv_kernel_size=sizes, pooling="max",
        batch_size=len(X), learning_rate_init=1e-3, random_state=0, n_jobs=1,
    )  # fmt: skip
    return lambda: model.partial_fit(X, y, classes=np.arange(N_CLASSES))


def torch_step(X, y, shape, n_threads):
    import torch
    from torch import nn

    torch.set_num_threads(n_threads)
    _, _, width, channels, sizes, H = shape
    parts = []
    for n, k in zip(channels, sizes, strict=True):
        parts += [
            nn.ConstantPad1d((k - 1, 0), 0),
            nn.Conv1d(width, n, k, bias=False),
            nn.BatchNorm1d(n),
            nn.ReLU(),
        ]
        parts.append(nn.MaxPool1d(2, ceil_mode=True))
        width = n
    convolutions = nn.Sequential(*parts)
    gru = nn.GRU(width, abs(H), batch_first=True, bidirectional=H < 0)
    head = nn.Linear(abs(H) * (1 + (H < 0)), N_CLASSES)
    optimizer = torch.optim.Adam([*convolutions.parameters(), *gru.parameters(), *head.parameters()], lr=1e-3)
    loss = nn.CrossEntropyLoss()
    X, y = torch.tensor(X).transpose(1, 2).contiguous(), torch.tensor(y)

    def step():
        optimizer.zero_grad()
        states, _ = gru(convolutions(X).transpose(1, 2))
        loss(head(states.max(dim=1).values), y).backward()
        optimizer.step()

    return step


def main():
    warnings.simplefilter("ignore")
    options = arguments(["torch"])
    for shape in SHAPES:
        B, T, D, *_ = shape
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((B, T, D), np.float32), rng.integers(0, N_CLASSES, B)
        y[:N_CLASSES] = np.arange(min(B, N_CLASSES))
        calls = [gruc_step(X, y, shape), torch_step(X, y, shape, options.threads)]
        times = take_turns(calls, options.seconds, clock=options.clock)
        own, peer = map(milliseconds, times)
        report(
            table="convolutions",
            threads=options.threads,
            shape=shape,
            gruc_ms=own,
            torch_ms=peer,
            ratio=peer / own,
        )


if __name__ == "__main__":
    main()
