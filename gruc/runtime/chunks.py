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
    n_threads = 1
    if len(lengths) > 1:
        n_useful = int(network.operations_per_row / 3 * n_steps / OPERATIONS_PER_THREAD)
        n_threads = min(threads.n_threads(n_jobs), n_useful) if n_useful > 1 else 1
    widest = max(network.config["n_features"], 4 * max(network.config["hidden_layer_sizes"]))
    widest = max(widest, *(convolution.n_outputs for convolution in network.convolutions), 0)
    if network.answers_each_step:
        widest = max(widest, network.config["n_outputs"])
    threads.run(lambda chunk, _: run_chunk(chunk), divided(lengths, widest, n_threads), n_threads)


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
