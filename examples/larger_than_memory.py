"""Training on data larger than memory: from a file, and from chunks as they arrive.

The speaker is to be identified from any 7 frames. A file of crops of the training utterances stands in for
one that does not fit into memory: `fit` reads an np.memmap batch by batch and never copies it as a whole;
`partial_fit` makes one pass over each chunk of a generator.
"""

import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
from gruc import GRUClassifier
from gruc.datasets import load_japanese_vowels
from sklearn.metrics import accuracy_score

N_CROPS, CHUNK, N_STEPS = 60_000, 4_000, 7


def crops(utterances, speakers, n, rng):
    """n random crops of N_STEPS frames from the utterances, and their speakers."""
    chosen = rng.integers(len(utterances), size=n)
    starts = [rng.integers(len(utterances[i]) - N_STEPS + 1) for i in chosen]
    pieces = [utterances[i][start : start + N_STEPS] for i, start in zip(chosen, starts, strict=True)]
    return np.array(pieces, np.float32), speakers[chosen]


X_train, y_train = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
rng = np.random.default_rng(0)
test = crops(X_test, y_test, 5_000, rng)

with tempfile.TemporaryDirectory() as directory:
    path = Path(directory) / "crops.npy"
    X = np.lib.format.open_memmap(path, "w+", np.float32, (N_CROPS, N_STEPS, 12))
    y = np.empty(N_CROPS, int)
    for start in range(0, N_CROPS, CHUNK):
        part = slice(start, start + CHUNK)
        X[part], y[part] = crops(X_train, y_train, CHUNK, rng)
    X.flush()
    del X

    # ---- a file, read in place
    X = np.load(path, mmap_mode="r")
    model = GRUClassifier(max_iter=3, n_iter_no_change=np.inf, random_state=0)
    tracemalloc.start()
    model.fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"fit on a file of {X.nbytes / 1e6:.0f} MB took {peak / 1e6:.1f} MB of memory")
    print(f"Accuracy on crops of test utterances: {model.score(*test):.3f}")
    del X


# ---- chunks from a file, a database or a network, each seen once
def stream(n_chunks):
    for _ in range(n_chunks):
        yield crops(X_train, y_train, CHUNK, rng)


model = GRUClassifier(learning_rate="cosine", max_iter=30, random_state=0)
for i, (X_chunk, y_chunk) in enumerate(stream(30), 1):
    model.partial_fit(X_chunk, y_chunk, classes=range(9))
    if i % 10 == 0:
        accuracy = accuracy_score(test[1], model.predict(test[0]))
        print(f"after chunk {i:2}: {model.t_:6} crops seen, loss {model.loss_:.2g}, accuracy {accuracy:.3f}")
