"""Long memory: the adding problem and copying, beside what Bai, Kolter and Koltun (2018) report.

    python benchmarks/long_memory.py [adding | copying] ...

Adding (Hochreiter and Schmidhuber 1997): the sum of two marked numbers among 600; mean squared error on 2,000
other sequences, guessing the mean costs 1/6. Copying, as in their program: ten symbols out of eight, T - 1
zeros, then eleven signs, at the last ten of which the symbols are wanted again. The loss is the mean
cross-entropy of all T + 20 steps; without memory it is 10 log(8) / (T + 20) at best. Measured on 500 other
sequences. Lines are written as soon as they are known; times are of the processor. Seed 0.
"""

import sys
import time
import warnings

import numpy as np
from gruc import GRURegressor, GRUTagger
from sequence_problems import adding_problem

N_SYMBOLS, LENGTH, N_BLOCKS = 8, 10, 160


def copying_problem(n, n_blanks, rng):
    """Tokens (n, n_blanks + 20), and what is to be answered at each."""
    symbols = rng.integers(1, N_SYMBOLS + 1, (n, LENGTH))
    X, y = np.zeros((2, n, n_blanks + 2 * LENGTH), int)
    X[:, :LENGTH] = y[:, -LENGTH:] = symbols
    X[:, -LENGTH - 1 :] = N_SYMBOLS + 1
    return X, y


def n_parameters(model):
    return sum(array.size for array in model.weights_.values())


def adding():
    print("| training sequences | epochs | parameters | mean squared error | s |\n|---|---|---|---|---|")
    for n, n_epochs, batch in ((2_500, 40, 32), (20_000, 10, 32)):
        rng = np.random.default_rng(0)
        train, test = adding_problem(n, 600, rng), adding_problem(2_000, 600, rng)
        model = GRURegressor(
            frame_length=1, update_gate_bias_init="chrono", max_iter=n_epochs, batch_size=batch,
            alpha=0.0, n_iter_no_change=np.inf, n_jobs=1, random_state=0,
        )  # fmt: skip
        start = time.process_time()
        model.fit(*train)
        seconds = time.process_time() - start
        error = np.mean((model.predict(test[0]) - test[1]) ** 2)
        print(f"| {n:,} | {n_epochs} | {n_parameters(model):,} | {error:.1e} | {seconds:.0f} |", flush=True)


def copying():
    print("| T | sequences read | loss | without memory | symbols right | s |\n|---|---|---|---|---|---|")
    for n_blanks in (100, 200):
        rng = np.random.default_rng(0)
        test_X, test_y = copying_problem(500, n_blanks, rng)
        model = GRUTagger(
            hidden_layer_sizes=(128,), embedding_dim=16, n_tokens=N_SYMBOLS + 2, bidirectional=False,
            update_gate_bias_init="chrono", batch_size=32, n_jobs=1, random_state=0,
        )  # fmt: skip
        floor, seconds = LENGTH * np.log(N_SYMBOLS) / (n_blanks + 2 * LENGTH), 0.0
        for block in range(1, N_BLOCKS + 1):
            X, y = copying_problem(2_000, n_blanks, rng)  # new ones each time
            model.set_params(learning_rate_init=0.0015 * (1 + np.cos(np.pi * (block - 1) / N_BLOCKS)))
            start = time.process_time()
            model.partial_fit(X, list(y), classes=np.arange(N_SYMBOLS + 1))
            seconds += time.process_time() - start
            if block % (N_BLOCKS // 4) == 0:
                loss, right = answered(model, test_X, test_y)
                figures = f"{loss:.1e} | {floor:.3f} | {right:.3f} | {seconds:.0f}"
                print(f"| {n_blanks} | {2_000 * block:,} | {figures} |", flush=True)


def answered(model, X, y):
    """Loss of all steps, and the fraction of symbols that are right."""
    probabilities = np.array(model.predict_proba(X))
    loss = -np.log(np.take_along_axis(probabilities, y[..., np.newaxis], axis=2) + 1e-30).mean()
    return loss, np.mean(probabilities[:, -LENGTH:].argmax(axis=2) == y[:, -LENGTH:])


def main():
    warnings.simplefilter("ignore")
    for part in sys.argv[1:] or ("adding", "copying"):
        {"adding": adding, "copying": copying}[part]()


if __name__ == "__main__":
    main()
