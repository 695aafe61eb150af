"""Which sequences are predicted together, and on how many threads."""

import numpy as np

from .. import threads

# Sequences are run together up to about this many elements of the widest array.
CHUNK_SIZE = 1 << 19

# Arrays of up to so many chunks are predicted in one call, which signals cannot interrupt.
MOST_CHUNKS = 64

# A thread that has fewer operations than this to do costs more than it saves; of an array, which is
# handed over without the GIL.
OPERATIONS_PER_THREAD = 2e7
OPERATIONS_PER_THREAD_IN_ARRAYS = 1e7


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


def run_array(array, weights, value, inputs, network, n_jobs):
    """A value of the network for an array of sequences, in one call.

    Parameters
    ----------
    array : ndarray
        What ``inputs.array_of`` gives.
    weights : kernels.inference.Weights
    value : int
        Of the program of the weights.
    inputs : Numbers
    network : GRUNetwork
    n_jobs : int or None

    Returns
    -------
    ndarray or None
        None for many chunks, between which signals are to have their turn, and where ``inputs.check``
        refuses the array.
    """
    n_steps = inputs.n_rows(array)
    n_threads = _n_threads(len(array), n_steps, network, n_jobs, OPERATIONS_PER_THREAD_IN_ARRAYS)
    n_each = max(1, -(-n_steps * _widest(network) // (n_threads * CHUNK_SIZE)))
    if n_threads * n_each > MOST_CHUNKS:
        return None
    n_chunks = min(n_threads * n_each, len(array))
    with threads.Crew(n_threads) if n_threads > 1 else threads.ALONE as crew:
        task = inputs.array_task(weights, value, array, n_chunks, crew.n_threads)
        if task is None:
            return None
        crew.run(task)
    return task.out


def _n_threads(n_sequences, n_steps, network, n_jobs, least=None):
    """Number of threads that sequences of so many rows in all are worth."""
    if n_sequences == 1:
        return 1
    return threads_worth(network.operations_per_row / 3 * n_steps, n_jobs, least)


def threads_worth(n_operations, n_jobs, least=None):
    """Threads, of those that `n_jobs` allows, that so many operations are worth: `least` for each."""
    n_useful = int(n_operations / (OPERATIONS_PER_THREAD if least is None else least))
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
