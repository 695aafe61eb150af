"""A training step over tokens for tables of several sizes, in turns: its cost is that of the tokens seen.

    python benchmarks/embedding.py

A batch of 32 sequences of 20 to 120 tokens, a table with rows of 64, a GRU of 64 units, the last state
before a dense softmax of 9 classes, clipping of the norm, Adam; float32, one thread. Tokens are drawn either
as the words of a text are (Zipf's law, the same number of distinct ones for every table), or uniformly from
the whole table, so that the larger the table, the fewer are seen twice.
"""

import argparse
import time

import numpy as np
from gruc import kernels
from gruc.network.gru import GRULayer, lay_out_layer
from gruc.network.parameters import ParameterTable
from gruc.network.program import KINDS, ProgramBuilder
from gruc.training import SOLVERS, Gradient, TableGradient

N_TOKENS = (4_000, 50_000, 500_000)
D, H, K, B, N_BATCHES = 64, 64, 9, 32, 50
SETTINGS = dict(beta_1=0.9, beta_2=0.999, epsilon=1e-8)


def training_step(n_tokens, draw, rng):
    """A function that takes the next step."""
    layer = GRULayer(0, D, H, True, False)
    entries = [*layer.entries(), ("head.weight", (H, K)), ("head.bias", (K,)), ("table", (n_tokens, D))]
    table = ParameterTable(entries)
    builder = ProgramBuilder(table, training=True)
    tokens = builder.input(1, integers=True)
    x = builder.operation(KINDS.EMBED, tokens, builder.like(tokens, D), "table", D=n_tokens)
    _, last = lay_out_layer(builder, [layer], x)
    y = builder.operation(KINDS.DENSE, last, builder.value(K, per_step=False), "head.weight")
    program = builder.build(y)
    flat = 0.1 * rng.standard_normal(table.size, dtype=np.float32)
    sequences = [draw(rng, n_tokens, rng.integers(20, 121)) for _ in range(B * N_BATCHES)]
    source = kernels.inference.Source(sequences, tokens=True)
    targets = kernels.training.Targets(kernels.training.SOFTMAX, (0.0,), rng.integers(0, K, B * N_BATCHES))
    weights, memory = kernels.training.Weights(program, flat), kernels.training.Memory()
    seen, dense = kernels.training.TableGradients(weights), np.empty(program.n_dense, np.float32)
    optimizer = SOLVERS["adam"](flat, [], **SETTINGS)
    batches = [np.arange(B) + B * i for i in range(N_BATCHES)]

    def step():
        batch = batches.pop(0)
        batches.append(batch)
        weights.pack(flat)
        kernels.training.loss_and_gradient(
            dense, memory, weights, source, batch, None, targets, float(B), None, seen
        )
        gradient = Gradient(dense, [TableGradient(program.n_dense, n_tokens, *seen.arrays()[0])])
        norm = gradient.norm()
        if norm > 1:
            gradient.scale(1 / norm)
        optimizer.step(flat, flat, gradient.dense, 1e-3, gradient.tables)

    return step


def as_in_text(rng, n_tokens, length):
    """By Zipf's law over 4,000 words, which lie anywhere in the table."""
    words = rng.zipf(1.2, 8 * length)
    return ((words[words < 4_000][:length] * 7919) % 4_000 * (n_tokens // 4_000)).astype(np.int64)


def uniformly(rng, n_tokens, length):
    """From the whole table."""
    return rng.integers(0, n_tokens, length)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=400)
    rounds = parser.parse_args().rounds
    for draw in (as_in_text, uniformly):
        steps = {n: training_step(n, draw, np.random.default_rng(0)) for n in N_TOKENS}
        times = {n: [] for n in N_TOKENS}
        for i in range(rounds + 20):
            for n, step in steps.items():
                start = time.perf_counter()
                step()
                if i >= 20:
                    times[n].append(1e3 * (time.perf_counter() - start))
        medians = {n: float(np.median(taken)) for n, taken in times.items()}
        for n, median in medians.items():
            print(
                f"tokens {draw.__name__.replace('_', ' '):12} table of {n:7,}: {median:6.2f} ms a step, "
                f"{median / medians[N_TOKENS[0]]:.3f} of the smallest"
            )


if __name__ == "__main__":
    main()
