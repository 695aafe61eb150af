"""Inference kernels: the oracle's values, and the same bits in any batch."""

import numpy as np
import pytest
import reference
from gruc.kernels import inference
from helpers import TOLERANCE, pack, random_sequences, unpack
from hypothesis import given
from hypothesis import strategies as st
from one_operation import affine, gru, readout, weights_of

DTYPES = ["float32", "float64"]
sizes = st.integers(1, 40)


def layer(rng, D, H, reset_after, dtype):
    shapes = [(3 * H, D), (3 * H, H), (3 * H,), (3 * H,)]
    weights = [(0.5 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]
    return weights if reset_after else [*weights[:3], None]


@given(m=sizes, k=sizes, n=sizes, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99))
def test_affine_adds_in_the_same_order_in_any_batch(m, k, n, dtype, seed):
    rng = np.random.default_rng(seed)
    x, W = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    bias = rng.standard_normal(n).astype(dtype)
    out = affine(x, W, bias)
    exact = x.astype("float64") @ W.astype("float64") + bias
    np.testing.assert_allclose(out, exact, rtol=0, atol=20 * TOLERANCE[dtype])
    i, j = rng.integers(m), rng.integers(n)
    assert np.array_equal(affine(x[i : i + 1], W[:, j:], bias[j:])[0], out[i, j:])


def test_additions_are_made_one_after_the_other(kernel):
    """The order is part of the contract: product.body.h. Without fused multiply-add NumPy can do the same."""
    if kernel != "baseline":
        pytest.skip(f"{kernel} multiplies and adds in one rounding")
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((9, 30)), rng.standard_normal((30, 21))
    out = affine(x, W, np.ones(21))
    expected = np.zeros((9, 21))
    for k in range(30):
        expected = expected + x[:, k : k + 1] * W[k]
    assert np.array_equal(out, expected + 1)


@given(
    D=st.integers(1, 5), H=st.integers(1, 40), lengths=st.lists(st.integers(1, 7), min_size=1, max_size=6),
    reset_after=st.booleans(), reverse=st.booleans(), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99),
)  # fmt: skip
def test_gru_against_the_oracle(D, H, lengths, reset_after, reverse, dtype, seed):
    rng = np.random.default_rng(seed)
    weights = layer(rng, D, H, reset_after, dtype)
    sequences = [s.astype(dtype) for s in random_sequences(rng, lengths, D)]
    starts = rng.standard_normal((len(lengths), H)).astype(dtype)
    batch = pack(sequences, dtype)
    wide = np.full((len(batch.values), 2 * H), 7, dtype)
    gates = np.full((len(batch.values), 4 * H), np.nan, dtype)
    state = gru(
        batch, weights, reset_after, reverse, h=wide, state=starts[batch.order], gates=gates, column=H
    )
    assert (wide[:, :H] == 7).all(), "wrote beside its columns"
    assert np.array_equal(state, gru(batch, weights, reset_after, reverse, state=starts[batch.order]))
    of_sequences, gates = unpack(wide[:, H:], batch), unpack(gates, batch)
    exact = [None if w is None else w.astype("float64") for w in weights]
    for b, i in enumerate(batch.order):
        x = sequences[i].astype("float64")
        states, saved = reference.gru_forward(
            x[::-1] if reverse else x, *exact, h0=starts[i].astype("float64")
        )
        states = states[::-1] if reverse else states
        np.testing.assert_allclose(of_sequences[i], states, rtol=0, atol=TOLERANCE[dtype])
        r_z_n = np.array([np.concatenate([r, z, n]) for _, _, r, z, n, _ in saved])
        np.testing.assert_allclose(
            gates[i][:, : 3 * H], r_z_n[::-1] if reverse else r_z_n, rtol=0, atol=TOLERANCE[dtype]
        )
        assert np.array_equal(state[b], of_sequences[i][0 if reverse else -1])


@given(
    H=st.integers(1, 40), n=st.integers(1, 6), reset_after=st.booleans(), reverse=st.booleans(),
    dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99),
)  # fmt: skip
def test_gru_has_the_same_bits_alone_and_in_a_batch(H, n, reset_after, reverse, dtype, seed):
    rng = np.random.default_rng(seed)
    weights = layer(rng, 3, H, reset_after, dtype)
    sequences = random_sequences(rng, rng.integers(1, 8, n), 3)
    batch = pack(sequences, dtype)
    together = gru(batch, weights, reset_after, reverse)
    for b, i in enumerate(batch.order):
        assert np.array_equal(together[b], gru(pack([sequences[i]], dtype), weights, reset_after, reverse)[0])


@pytest.mark.parametrize(
    "reset_after, values",
    [(True, [0.5217289, 0.6371659, 0.39384964]), (False, [0.51447755, 0.6426879, 0.40208298])],
)
def test_against_keras(reset_after, values):
    """Numbers of Keras's own GRU test: constant weights, both places of the reset gate."""
    D, H = 4, 3
    x = np.arange(72, dtype="float64").reshape(3, 6, D)
    bias = np.full(3 * H, 0.03)
    weights = [
        np.full((3 * H, D), 0.01),
        np.full((3 * H, H), 0.02),
        bias,
        bias if reset_after else None,
    ]
    state = gru(pack(x), weights, reset_after, reverse=False)
    np.testing.assert_allclose(state, np.repeat(np.array(values)[:, None], H, axis=1), rtol=0, atol=1e-6)


def test_update_gate_as_the_texts_write_it():
    """h = (1 - z) h_prev + z n is our cell with the signs of the z block flipped."""
    rng = np.random.default_rng(0)
    D, H = 3, 4
    W_ih, W_hh, b_ih, _ = layer(rng, D, H, False, "float64")
    x = rng.standard_normal((6, D))
    W, U, b = W_ih.reshape(3, H, D), W_hh.reshape(3, H, H), b_ih.reshape(3, H)
    h = np.zeros(H)
    for x_t in x:
        r = reference.sigmoid(W[0] @ x_t + U[0] @ h + b[0])
        z = reference.sigmoid(W[1] @ x_t + U[1] @ h + b[1])
        n = np.tanh(W[2] @ x_t + U[2] @ (r * h) + b[2])
        h = (1 - z) * h + z * n
    for block in (W, U, b):
        block[1] *= -1
    state = gru(pack([x]), [W_ih, W_hh, b_ih, None], False, reverse=False)
    np.testing.assert_allclose(state[0], h, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax(dtype):
    a = np.array([[1, 2, 3], [1e30, 0, -1e30], [-1000, -1000, -1000]], dtype)
    inference.softmax(a)
    e = np.exp([-2.0, -1.0, 0.0])
    np.testing.assert_allclose(a, [e / e.sum(), [1, 0, 0], [1 / 3] * 3], rtol=1e-6)


def test_mean_against_numpy():
    rng = np.random.default_rng(0)
    sequences = random_sequences(rng, [4, 2, 5], 3)
    batch = pack(sequences)
    out = readout(inference.MEAN, batch)
    np.testing.assert_allclose(out, [sequences[i].mean(axis=0) for i in batch.order], rtol=1e-14)


def test_max_against_numpy():
    rng = np.random.default_rng(0)
    sequences = random_sequences(rng, [4, 2, 5, 1], 3)
    batch = pack(sequences)
    out = readout(inference.MAX, batch)
    assert np.array_equal(out, [sequences[i].max(axis=0) for i in batch.order])


def attend(batch, W, b, v):
    a = np.empty(len(batch.values), W.dtype)
    return readout(inference.ATTENTION, batch, [W.T, b, v], a), a


@given(
    F=st.integers(1, 40), lengths=st.lists(st.integers(1, 7), min_size=1, max_size=6),
    dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99), far=st.sampled_from([1, 300]),
)  # fmt: skip
def test_attention_against_the_oracle(F, lengths, dtype, seed, far):
    rng = np.random.default_rng(seed)
    W, b, v = (rng.standard_normal(shape).astype(dtype) for shape in ((F, F), F, F))
    v *= far  # energies whose exponentials overflow
    sequences = [s.astype(dtype) for s in random_sequences(rng, lengths, F)]
    batch = pack(sequences, dtype)
    out, a = attend(batch, W, b, v)
    weights = unpack(a, batch)
    for place, i in enumerate(batch.order):
        exact = [array.astype("float64") for array in (sequences[i], W, b, v)]
        expected, (_, _, expected_a) = reference.attention_forward(*exact)
        np.testing.assert_allclose(out[place], expected, rtol=0, atol=20 * far * TOLERANCE[dtype])
        np.testing.assert_allclose(weights[i], expected_a, rtol=0, atol=10 * far * TOLERANCE[dtype])
        alone, _ = attend(pack([sequences[i]], dtype), W, b, v)
        assert np.array_equal(alone[0], out[place]), "depends on its company"


@pytest.mark.parametrize("dtype", DTYPES)
def test_embedding_is_the_rows_of_the_table(dtype):
    table = np.random.default_rng(0).standard_normal((7, 3)).astype(dtype)
    tokens, clock = np.array([[4], [0], [6], [4]], np.int32), (np.array([2, 2]), np.array([0, 2, 4]))
    made = weights_of(inference.EMBED, [table], 7, 3)
    out = np.empty((4, 3), dtype)
    made.infer([tokens, None], [(2, out)], [], *clock)
    assert np.array_equal(out, table[tokens[:, 0]])
    with pytest.raises(ValueError, match="of their type"):
        made.infer([tokens.astype(dtype), None], [(2, out)], [], *clock)


class TestWrongArguments:
    """What does not fit is refused before a pointer is taken."""

    D, H = 2, 3

    def arguments(self, kind):
        D, H = self.D, self.H
        batch = pack([np.ones((2, D)), np.ones((1, D))])
        if kind == inference.GRU:
            made = weights_of(kind, [np.zeros(3 * H * (D + H + 2))], D, H)
            wanted, kept = [(2, np.zeros((3, H))), (3, np.zeros((2, H)))], [(0, np.zeros((3, 4 * H)))]
        else:
            made = weights_of(kind, [np.zeros(D * (D + 2))], D, D)
            wanted, kept = [(2, np.zeros((2, D)))], [(0, np.zeros(3))] * (kind == inference.ATTENTION)
        inputs = [batch.values, np.zeros((2, D if kind != inference.GRU else H))]
        return made, dict(
            inputs=inputs, wanted=wanted, kept=kept, lengths=batch.lengths, offsets=batch.offsets
        )

    @pytest.mark.parametrize(
        "kind", [inference.GRU, inference.MEAN, inference.MAX, inference.ATTENTION]
    )  # fmt: skip
    @pytest.mark.parametrize(
        "name, value",
        [
            ("inputs", [np.zeros((4, 2)), None]),
            ("inputs", [np.zeros((3, 3)), None]),
            ("inputs", [np.zeros((3, 4))[:, ::2], None]),
            ("inputs", [np.zeros((3, 2), "f4"), None]),
            ("inputs", [np.zeros((3, 2)), np.zeros((3, 3))]),
            ("inputs", [np.zeros((3, 2))]),
            ("wanted", [(2, np.zeros((4, 3)))]),
            ("wanted", [(2, np.zeros((3, 3), "f4"))]),
            ("wanted", [(0, np.zeros((3, 2)))]),
            ("wanted", [(4, np.zeros((3, 2)))]),
            ("kept", [(0, np.zeros((3, 9)))]),
            ("kept", [(1, np.zeros((3, 12)))]),
            ("kept", [(-1, np.zeros((3, 12)))]),
            ("lengths", np.array([2, 2])),
            ("lengths", np.array([2])),
            ("offsets", np.array([0, 1, 3])),
            ("offsets", np.array([0, 2])),
            ("offsets", np.array([0, 2, 2, 3])),
            ("offsets", np.array([0])),
        ],
    )
    def test_wrong_ones_raise(self, kind, name, value):
        made, right = self.arguments(kind)
        made.infer(**right)
        with pytest.raises((ValueError, BufferError)):
            made.infer(**(right | {name: value}))

    def test_read_only_results_raise(self):
        made, right = self.arguments(inference.GRU)
        result = np.zeros((2, self.H))
        result.flags.writeable = False
        with pytest.raises((ValueError, BufferError)):
            made.infer(**(right | {"wanted": [(3, result)]}))

    def test_wrong_weights_raise(self):
        program = inference.Program(
            [(0, False, False, -1, 2)] * 2,
            [(inference.DENSE, 0, -1, 1, -1, False, 2, 2, 0, 0, 0, -1)],
            1,
            1,
            6,
        )
        inference.Weights(program, np.zeros(6))
        for wrong in (np.zeros(5), np.zeros(7), np.zeros(12)[::2], np.zeros(6, "i8"), np.zeros(6, ">f8")):
            with pytest.raises((ValueError, BufferError)):
                inference.Weights(program, wrong)

    def test_operations_of_training_alone_are_refused(self):
        values = [(0, False, False, -1, 2)] * 2
        program = inference.Program(
            values, [(inference.DROPOUT, 0, -1, 1, -1, False, 2, 2, 0, 0, 0, -1)], 1, 1, 1
        )
        with pytest.raises(ValueError, match="operations that inference has kernels for"):
            inference.Weights(program, np.zeros(1))


# ---- silence: no state becomes subnormal, and the caller's floating-point mode is put back


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("H", [1, 8, 37])
def test_states_of_silence_reach_zero(H, reset_after, dtype, float_mode):
    """A click, then zeros: states fade until they are 0 and are never subnormal, with the same bits
    whatever floating-point mode the caller has set, which is as before afterwards."""
    rng = np.random.default_rng(0)
    weights = layer(rng, 2, H, reset_after, dtype)
    for weight in weights[:2]:
        weight *= 0.5
    weights[2][:] = np.repeat([0, 1, 0], H)  # an update gate that keeps most of the old state
    if reset_after:
        weights[3][:] = 0
    x = np.zeros((3000 if dtype == "float32" else 12000, 2))
    x[0] = 1
    batch = pack([x], dtype)
    results = []
    for mode in float_mode.modes:
        states = np.empty((len(x), H), dtype)
        with float_mode.set(mode):
            last = gru(batch, weights, reset_after, False, h=states)
            after = float_mode.get()
        assert after == mode
        results.append(states)
        assert np.array_equal(last, states[-1:])
    states = np.abs(results[0])
    assert np.array_equal(results[0], results[1])
    assert states[0].min() > 1e-3
    assert not states[-1].any()
    smallest = np.finfo(dtype).smallest_normal
    assert not ((states > 0) & (states < smallest * 2.0**60)).any()
    assert states[states > 0].min() < (1e-17 if dtype == "float32" else 1e-150)  # nothing larger is lost


def test_subnormal_inputs_and_weights_count_as_zero():
    rng = np.random.default_rng(0)
    weights = layer(rng, 2, 5, True, "float32")
    x = rng.standard_normal((30, 2))
    x[::3], weights[0][3] = 1e-40, 1e-41
    got = gru(pack([x], "float32"), weights, True, False)
    x[::3], weights[0][3] = 0, 0
    assert np.array_equal(got, gru(pack([x], "float32"), weights, True, False))


def test_attention_puts_the_floating_point_mode_back(float_mode):
    rng = np.random.default_rng(0)
    h = rng.standard_normal((4, 3)).astype("float32")
    batch = pack([h], "float32")
    ones = np.ones(3, "float32")
    results = []
    for mode in float_mode.modes:
        with float_mode.set(mode):
            out, _ = attend(batch, np.eye(3, dtype="float32"), ones, ones)
            after = float_mode.get()
        assert after == mode
        results.append(out)
    assert np.array_equal(*results)
