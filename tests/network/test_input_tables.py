"""In batches, cells that read tokens take their input products from a table, where it is small: the same bits."""

import numpy as np
import pytest
from gruc.network import EncoderDecoder, GRUNetwork
from gruc.sequences import Tokens, as_tokens

H = 5
TOO_MANY = (1 << 20) // (4 * H) + 1  # rows of a table that is not made


def tokens(sequences):
    read = as_tokens([np.array(part, np.int32) for part in sequences])
    return Tokens(4).gather(read, np.arange(len(sequences)), "float64")


def with_more_tokens(make, dtype):
    """A network of 4 tokens and one of many with the same weights, each with its flat buffer."""
    few, many = make(4), make(TOO_MANY)
    rng = np.random.default_rng(0)
    of_few = (rng.standard_normal(few.table.size) / 2).astype(dtype)
    of_many = np.zeros(many.table.size, dtype)
    views = many.table.views(of_many)
    for name, view in few.table.views(of_few).items():
        views[name][tuple(slice(size) for size in view.shape)] = view
    return (few, of_few), (many, of_many)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_of_layers(bidirectional, reset_after, dtype):
    def make(n_tokens):
        return GRUNetwork(3, [H], bidirectional, reset_after, "mean", 2, n_tokens)

    batch = tokens([[0, 3, 2], [1], [2, 2, 0, 1, 3, 3, 1]] * 60)
    outputs, gates = [], []
    for network, flat in with_more_tokens(make, dtype):
        weights = network.prepare(flat)
        outputs.append(network.infer(weights, batch))
        gates.append(network.gates(weights, batch, 0))
    assert outputs[0].tobytes() == outputs[1].tobytes()
    assert [part.tobytes() for part in gates[0]] == [part.tobytes() for part in gates[1]]


@pytest.mark.parametrize("attention", [None, "additive"])
def test_of_decoders(attention):
    def make(n_tokens):
        return EncoderDecoder(n_tokens, n_tokens, [H], 4, False, 3, attention)

    source, target = tokens([[0, 3, 2], [1], [2, 2, 0]]), tokens([[1], [0, 2, 3, 1], [2, 2]])
    outputs = [
        network.infer(network.prepare(flat), source, target)
        for network, flat in with_more_tokens(make, "float32")
    ]
    assert outputs[0].tobytes() == outputs[1].tobytes()
