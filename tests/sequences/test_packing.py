"""The packed layout."""

import numpy as np
from gruc.sequences import as_sequences
from gruc.sequences.packing import pack_layout
from helpers import unpack
from hypothesis import given
from hypothesis import strategies as st

all_lengths = st.lists(st.integers(1, 9), min_size=1, max_size=12)


def test_the_example_of_the_docstring():
    order, offsets, rows = pack_layout(np.array([3, 1, 2]))
    assert order.tolist() == [0, 2, 1]
    assert offsets.tolist() == [0, 3, 5, 6]
    assert rows.tolist() == [0, 3, 5, 1, 4, 2]


@given(lengths=all_lengths)
def test_packing_and_unpacking_is_the_identity(lengths):
    sequences = [100.0 * i + np.arange(length)[:, None] for i, length in enumerate(lengths)]
    batch = as_sequences(sequences).gather(np.arange(len(lengths)), None, "float64")
    for got, sequence in zip(unpack(batch.values, batch), sequences, strict=True):
        assert np.array_equal(got, sequence)
    alive = np.diff(batch.offsets)
    assert (np.diff(alive) <= 0).all()
    assert (np.diff(batch.lengths) <= 0).all()
    assert batch.offsets[-1] == sum(lengths) == len(batch.values)
    ends = [sequences[i][-1, 0] for i in batch.order]
    assert np.array_equal(batch.values[batch.last_rows, 0], ends)


@given(n=st.integers(1, 6), n_steps=st.integers(1, 6), seed=st.integers(0, 99))
def test_array_and_list_pack_alike(n, n_steps, seed):
    X = np.random.default_rng(seed).standard_normal((n, n_steps, 3))
    chosen = np.random.default_rng(seed).permutation(n)[: max(1, n - 1)]
    dense = as_sequences(X).gather(chosen, None, "float32")
    ragged = as_sequences(list(X)).gather(chosen, None, "float32")
    for a, b in zip(dense, ragged, strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == b.dtype
