"""Complete fits as users run them, and the test accuracy of the resulting models.

    python benchmarks/fits.py keras --threads 1

JapaneseVowels (270 sequences of 7 to 29 steps, 12 features, 9 classes) and BasicMotions (40 of 100 steps, 6
features, 4 classes): 50 epochs, 64 units, batches of 16, Adam with a learning rate of 1e-3, standardized
features. Keras masks padded sequences, torch packs them, skorch and sktime take padded ones, sktime with its
default network reduced to the size of the others. Each fit runs three times in a process of its own; a first
fit, which includes compilation, is not counted.
"""

import os
import time
import warnings

import numpy as np
from side_by_side import arguments, report

EPOCHS, UNITS, BATCH, RATE = 50, 64, 16, 1e-3


def problems():
    """Name -> ((X_train, y_train), (X_test, y_test)), X lists of arrays (t, d) in float32."""
    from aeon.datasets import load_basic_motions, load_japanese_vowels

    for name, load in (("JapaneseVowels", load_japanese_vowels), ("BasicMotions", load_basic_motions)):
        parts = []
        for split in ("train", "test"):
            X, y = load(split=split)
            parts.append(
                ([np.ascontiguousarray(x.T, np.float32) for x in X], np.unique(y, return_inverse=True)[1])
            )
        steps = np.concatenate(parts[0][0])
        mean, scale = steps.mean(axis=0), steps.std(axis=0)
        yield name, [([(x - mean) / scale for x in X], y) for X, y in parts]


def padded(X, n_steps):
    out = np.zeros((len(X), n_steps, X[0].shape[1]), np.float32)
    for i, x in enumerate(X):
        out[i, : len(x)] = x
    return out


def gruc_fit(train, seed, n_threads):
    from gruc import GRUClassifier

    model = GRUClassifier(
        (UNITS,), batch_size=BATCH, max_iter=EPOCHS, tol=0, n_iter_no_change=EPOCHS, learning_rate_init=RATE,
        frame_length=1, standardize=False, random_state=seed, n_jobs=n_threads,
    )  # fmt: skip
    return model.fit(*train).predict


def torch_network(n_features, n_classes):
    import torch

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = torch.nn.GRU(n_features, UNITS, batch_first=True)
            self.head = torch.nn.Linear(UNITS, n_classes)

        def forward(self, X):
            return self.head(self.gru(X)[1][-1])

    return Network()


def torch_fit(train, seed, n_threads):
    import torch
    from torch.nn.utils.rnn import pack_sequence

    torch.set_num_threads(n_threads)
    torch.manual_seed(seed)
    X, y = [torch.from_numpy(x) for x in train[0]], torch.from_numpy(train[1])
    network = torch_network(X[0].shape[1], int(y.max()) + 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        order = torch.randperm(len(X))
        for chosen in order.split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            packed = pack_sequence([X[i] for i in chosen], enforce_sorted=False)
            torch.nn.functional.cross_entropy(network(packed), y[chosen]).backward()
            optimizer.step()

    def predict(X):
        with torch.inference_mode():
            packed = pack_sequence([torch.from_numpy(x) for x in X], enforce_sorted=False)
            return network(packed).argmax(1).numpy()

    return predict


def keras_fit(train, seed, n_threads):
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    keras.utils.set_random_seed(seed)
    X, y = train
    n_steps = 29 if len({len(x) for x in X}) > 1 else len(X[0])
    model = keras.Sequential(
        [
            keras.Input((n_steps, X[0].shape[1])),
            keras.layers.Masking(),
            keras.layers.GRU(UNITS),
            keras.layers.Dense(int(y.max()) + 1),
        ]
    )
    model.compile(keras.optimizers.Adam(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(padded(X, n_steps), y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return lambda X: model.predict(padded(X, n_steps), verbose=0).argmax(1)


def skorch_fit(train, seed, n_threads):
    import torch
    from skorch import NeuralNetClassifier

    torch.set_num_threads(n_threads)
    torch.manual_seed(seed)
    X, y = train
    n_steps = max(29, len(X[0])) if len({len(x) for x in X}) > 1 else len(X[0])
    net = NeuralNetClassifier(
        torch_network(X[0].shape[1], int(y.max()) + 1), criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam, lr=RATE, max_epochs=EPOCHS, batch_size=BATCH, train_split=None, verbose=0,
        iterator_train__shuffle=True,
    )  # fmt: skip
    net.fit(padded(X, n_steps), y.astype(np.int64))
    return lambda X: net.predict(padded(X, n_steps))


def sktime_fit(train, seed, n_threads):
    import torch
    from sktime.classification.deep_learning.gru import GRUClassifier

    torch.set_num_threads(n_threads)
    X, y = train
    n_steps = max(29, len(X[0])) if len({len(x) for x in X}) > 1 else len(X[0])
    model = GRUClassifier(
        hidden_dim=UNITS, n_layers=1, num_epochs=EPOCHS, batch_size=BATCH, lr=RATE, random_state=seed
    )
    model.fit(padded(X, n_steps).transpose(0, 2, 1), y)
    return lambda X: model.predict(padded(X, n_steps).transpose(0, 2, 1))


PEERS = {
    "gruc": gruc_fit,
    "torch": torch_fit,
    "keras": keras_fit,
    "skorch": skorch_fit,
    "sktime": sktime_fit,
}


def main():
    warnings.filterwarnings("ignore")
    given = arguments(PEERS)
    fit = PEERS[given.peer]
    for name, (train, test) in problems():
        fit(train, 0, given.threads)
        seconds, right = [], []
        for seed in range(3):
            start = time.perf_counter()
            predict = fit(train, seed, given.threads)
            seconds.append(time.perf_counter() - start)
            right.append(float(np.mean(predict(test[0]) == test[1])))
        report(
            table="fit",
            peer=given.peer,
            threads=given.threads,
            problem=name,
            seconds=float(np.median(seconds)),
            accuracy=float(np.mean(right)),
        )


if __name__ == "__main__":
    main()
