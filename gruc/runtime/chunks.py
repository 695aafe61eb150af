"""Which sequences are predicted together, and on how many threads."""

import numpy as np

from .. import threads

# Sequences are run together up to about this many elements of the widest array.
CHUNK_SIZE = 1 << 19

# A thread that has fewer operations than this to do costs more than it saves.
OPERATIONS_PER_THREAD = 2e7


def run_chunks(run_chunk, lengths, network, n_jobs):
    """Run all sequences, some at a time, on several threads where that pays.

    Parameters
    ----------
    run_chunk : callable
        Called with the indices of the sequences of one chunk, by several threads at once.
    lengths : ndarray of shape (n_sequences,)
        Rows of each sequence.
    network : GRUNetwork
    n_jobs : int or None
        As in the estimators.
    """
    n_steps = int(lengths.sum())
    n_threads = _n_threads(len(lengths), n_steps, network, n_jobs)
    threads.run(lambda chunk, _: run_chunk(chunk), divided(lengths, _widest(network), n_threads), n_threads)


def is_one_chunk(n_sequences, n_steps, network, n_jobs):
    """Whether `run_chunks` would run sequences of so many rows in all at once, on one thread."""
    one_thread = _n_threads(n_sequences, n_steps, network, n_jobs) == 1
    return one_thread and n_steps * _widest(network) <= CHUNK_SIZE


def _n_threads(n_sequences, n_steps, network, n_jobs):
    """Number of threads that sequences of so many rows in all are worth."""
    if n_sequences == 1:
        return 1
    n_useful = int(network.operations_per_row / 3 * n_steps / OPERATIONS_PER_THREAD)
    return min(threads.n_threads(n_jobs), n_useful) if n_useful > 1 else 1


def _widest(network):
    """Elements of the widest array, for each row."""
    config = network.config
    widest = max(config["n_features"], 4 * max(config["hidden_layer_sizes"]))
    if network.convolutions:
        widest = max(widest, *(convolution.n_outputs for convolution in network.convolutions))
    return max(widest, config["n_outputs"]) if network.answers_each_step else widest


def divided(lengths, widest, n_shares):
    """Indices of sequences to run together: equal shares, of similar lengths, within CHUNK_SIZE."""
    if n_shares == 1 and int(lengths.sum()) * widest <= CHUNK_SIZE:
        return [np.arange(len(lengths))]
    longest_first = np.argsort(-lengths, kind="stable")
    chunks = []
    for i in range(n_shares):
        share = longest_first[i::n_shares].copy()
        start = 0
        while start < len(share):
            rows_each = max(1, int(lengths[share[start]]) * widest)
            stop = start + max(1, CHUNK_SIZE // rows_each)
            chunks.append(share[start:stop])
            start = stop
    return chunks
