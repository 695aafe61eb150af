"""One training step: gruc's partial_fit compared with another library, alternating.

    python benchmarks/training_steps.py torch --threads 1

A mini-batch of B sequences with T steps and D features, H units, 9 classes, the last state as input of a
dense softmax layer, Adam, float32. gruc's step is what a user calls, including the checks of X and y,
standardization and gradient clipping; the other library has the batch in its own arrays before the
measurement, and does not clip.
"""

import os
import warnings

import numpy as np
from side_by_side import Peak, arguments, milliseconds, report, take_turns

SHAPES = [
    (32, 100, 8, 64),
    (32, 100, 8, 128),
    (128, 100, 32, 128),
    (32, 10, 64, 128),
    (256, 50, 16, 32),
    (16, 30, 12, 64),
    (64, 200, 4, 48),
    (64, 60, 40, 256),
]
N_CLASSES = 9


def gruc_step(X, y, H, n_threads, **parameters):
    from gruc import GRUClassifier

    settings = dict(
        frame_length=1,  # step by step, as the peers
        batch_size=len(X),
        learning_rate_init=1e-3,
        random_state=0,
        n_jobs=n_threads,
    )
    model = GRUClassifier((H,), **(settings | parameters))
    return lambda: model.partial_fit(X, y, classes=np.arange(N_CLASSES))


def torch_step(X, y, H, n_threads):
    import torch

    torch.set_num_threads(n_threads)
    gru = torch.nn.GRU(X.shape[2], H, batch_first=True)
    head = torch.nn.Linear(H, N_CLASSES)
    optimizer = torch.optim.Adam([*gru.parameters(), *head.parameters()], lr=1e-3)
    X, y = torch.from_numpy(X), torch.from_numpy(y)

    def step():
        optimizer.zero_grad(set_to_none=True)
        states, _ = gru(X)
        torch.nn.functional.cross_entropy(head(states[:, -1]), y).backward()
        optimizer.step()

    return step


def jax_step(X, y, H, n_threads):
    import jax
    import jax.numpy as jnp

    D, rng = X.shape[2], np.random.default_rng(0)
    shapes = {
        "W_ih": (D, 3 * H),
        "W_hh": (H, 3 * H),
        "b_ih": 3 * H,
        "b_hh": 3 * H,
        "W": (H, N_CLASSES),
        "b": N_CLASSES,
    }
    parameters = {k: jnp.asarray(0.1 * rng.standard_normal(s), jnp.float32) for k, s in shapes.items()}
    state = parameters, jax.tree.map(jnp.zeros_like, parameters), jax.tree.map(jnp.zeros_like, parameters), 0

    def loss(p, X, y):
        ih = X.transpose(1, 0, 2) @ p["W_ih"] + p["b_ih"]

        def cell(h, ih):
            hh = h @ p["W_hh"] + p["b_hh"]
            (ir, iz, i_n), (hr, hz, hn) = jnp.split(ih, 3, -1), jnp.split(hh, 3, -1)
            r, z = jax.nn.sigmoid(ir + hr), jax.nn.sigmoid(iz + hz)
            n = jnp.tanh(i_n + r * hn)
            return n + z * (h - n), None

        h, _ = jax.lax.scan(cell, jnp.zeros((len(X), H), jnp.float32), ih)
        logits = h @ p["W"] + p["b"]
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(y)), y])

    @jax.jit
    def update(state, X, y):
        p, m, v, t = state
        g = jax.grad(loss)(p, X, y)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate, unbias = 1e-3 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v * unbias) + 1e-8), p, m, v)
        return p, m, v, t

    X, y = jnp.asarray(X), jnp.asarray(y)

    def step():
        nonlocal state
        state = jax.block_until_ready(update(state, X, y))

    return step


def keras_step(X, y, H, n_threads):
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    model = keras.Sequential([keras.Input(X.shape[1:]), keras.layers.GRU(H), keras.layers.Dense(N_CLASSES)])
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return lambda: model.train_on_batch(X, y)


def gruc_reset_before(X, y, H, n_threads):
    return gruc_step(X, y, H, n_threads, reset_after=False)


def gruc_one_thread(X, y, H, n_threads):
    return gruc_step(X, y, H, 1)


def gruc_high(X, y, H, n_threads):
    return gruc_step(X, y, H, n_threads, matmul_precision="high")


def gruc_medium(X, y, H, n_threads):
    return gruc_step(X, y, H, n_threads, matmul_precision="medium")


PEERS = {
    "torch": torch_step,
    "jax": jax_step,
    "keras": keras_step,
    "gruc with reset before": gruc_reset_before,
    "gruc on one thread": gruc_one_thread,
    "gruc high": gruc_high,
    "gruc medium": gruc_medium,
}


def main():
    warnings.filterwarnings("ignore")
    given = arguments(PEERS)
    peak = Peak()
    for B, T, D, H in SHAPES:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((B, T, D)).astype(np.float32)
        y = rng.integers(0, N_CLASSES, B)
        steps = gruc_step(X, y, H, given.threads), PEERS[given.peer](X, y, H, given.threads)
        # the peak too in its turn: a processor slows down when it works hard
        own, peer, at_peak = take_turns([*steps, peak], given.seconds)
        flops = 2 * 3 * H * (3 * H + 2 * D) * B * T  # of the products, forward and back
        report(
            table="training step",
            peer=given.peer,
            threads=given.threads,
            shape=[B, T, D, H],
            gruc_ms=milliseconds(own),
            peer_ms=milliseconds(peer),
            gflops=flops / np.median(own) / 1e9,
            peak_gflops=peak.flops / np.median(at_peak) / 1e9,
        )


if __name__ == "__main__":
    main()
