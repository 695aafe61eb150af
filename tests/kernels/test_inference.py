"""Inference kernels: the oracle's values, and the same bits in any batch."""

import numpy as np
import pytest
import reference
from gruc.kernels import inference
from helpers import TOLERANCE, pack, random_sequences, unpack
from hypothesis import given
from hypothesis import strategies as st

DTYPES = ["float32", "float64"]
sizes = st.integers(1, 40)


def layer(rng, D, H, reset_after, dtype):
    shapes = [(3 * H, D), (3 * H, H), (3 * H,), (3 * H,)]
    weights = [(0.5 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]
    return weights if reset_after else [*weights[:3], None]


def run(batch, weights, reset_after, reverse, h=None, state=None, gates=None):
    W_ih, W_hh, b_ih, b_hh = weights
    H, D = W_hh.shape[1], W_ih.shape[1]
    double = W_ih.dtype == np.float64
    if state is None:
        state = np.zeros((len(batch.lengths), H), W_ih.dtype)
    packed = np.empty(inference.gru_packed_size(D, H, double), W_ih.dtype)
    inference.gru_pack(packed, np.ascontiguousarray(W_ih.T), np.ascontiguousarray(W_hh.T), b_ih, b_hh)
    size = inference.gru_scratch_size(len(batch.values), len(state), H, double)
    scratch = np.full(size, np.nan, W_ih.dtype)
    inference.gru(state, h, gates, scratch, batch.values, packed, batch.offsets, reset_after, reverse)
    return state


@given(m=sizes, k=sizes, n=sizes, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99))
def test_affine_adds_in_the_same_order_in_any_batch(m, k, n, dtype, seed):
    rng = np.random.default_rng(seed)
    x, W = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    bias = rng.standard_normal(n).astype(dtype)

    def affine(x, W, bias):
        panels = np.empty(inference.panel_size(W.shape[1], k, dtype == "float64"), dtype)
        inference.pack(panels, np.ascontiguousarray(W))
        out = np.empty((len(x), W.shape[1]), dtype)
        inference.affine(out, x, panels, bias)
        return out

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
    panels, out = np.empty(inference.panel_size(21, 30, True)), np.empty((9, 21))
    inference.pack(panels, W)
    inference.affine(out, x, panels, np.ones(21))
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
    state = run(batch, weights, reset_after, reverse, wide[:, H:], starts[batch.order], gates)
    assert (wide[:, :H] == 7).all(), "wrote beside its columns"
    assert np.array_equal(state, run(batch, weights, reset_after, reverse, None, starts[batch.order]))
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
    together = run(batch, weights, reset_after, reverse)
    for b, i in enumerate(batch.order):
        assert np.array_equal(together[b], run(pack([sequences[i]], dtype), weights, reset_after, reverse)[0])


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
    state = run(pack(x), weights, reset_after, reverse=False)
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
    state = run(pack([x]), [W_ih, W_hh, b_ih, None], False, reverse=False)
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
    out = np.empty((3, 3))
    inference.mean(out, batch.values, batch.lengths, batch.offsets)
    np.testing.assert_allclose(out, [sequences[i].mean(axis=0) for i in batch.order], rtol=1e-14)


def test_max_against_numpy():
    rng = np.random.default_rng(0)
    sequences = random_sequences(rng, [4, 2, 5, 1], 3)
    batch = pack(sequences)
    out = np.empty((4, 3))
    inference.max(out, batch.values, batch.lengths, batch.offsets)
    assert np.array_equal(out, [sequences[i].max(axis=0) for i in batch.order])


def attend(batch, W, b, v):
    N, F = batch.values.shape
    out, a, u = np.empty((len(batch.lengths), F), W.dtype), np.empty(N, W.dtype), np.empty((N, F), W.dtype)
    panels = np.empty(inference.panel_size(F, F, W.dtype == np.float64), W.dtype)
    inference.pack(panels, np.ascontiguousarray(W.T))
    inference.attention(out, a, u, batch.values, panels, b, v, batch.lengths, batch.offsets)
    return out, a


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


@pytest.mark.parametrize(
    "name, value",
    [
        ("out", np.zeros((2, 2))),
        ("a", np.zeros(2)),
        ("u", np.zeros((3, 2))),
        ("h", np.zeros((4, 3))),
        ("panels", np.zeros(17)),
        ("b", np.zeros(2)),
        ("v", np.zeros(4)),
        ("lengths", np.array([2, 2])),
        ("offsets", np.array([0, 2, 4])),
    ],
)
def test_attention_refuses_wrong_arguments(name, value):
    batch = pack([np.ones((2, 3)), np.ones((1, 3))])
    right = dict(
        out=np.zeros((2, 3)), a=np.zeros(3), u=np.zeros((3, 3)), h=batch.values,
        panels=np.zeros(inference.panel_size(3, 3, True)), b=np.zeros(3), v=np.zeros(3), lengths=batch.lengths,
        offsets=batch.offsets,
    )  # fmt: skip
    inference.attention(**right)
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        inference.attention(**(right | {name: value}))


@pytest.mark.parametrize("readout", [inference.mean, inference.max])
def test_readouts_refuse_wrong_arguments(readout):
    batch = pack([np.ones((2, 3)), np.ones((1, 3))])
    out = np.zeros((2, 3))
    readout(out, batch.values, batch.lengths, batch.offsets)
    for wrong in (
        (np.zeros((2, 2)), batch.values, batch.lengths, batch.offsets),
        (out, batch.values[:2], batch.lengths, batch.offsets),
        (out, batch.values, np.array([1, 1]), batch.offsets),
        (out, batch.values, batch.lengths, np.array([0, 1, 3])),
    ):
        with pytest.raises(ValueError, match="kernel called with wrong arguments"):
            readout(*wrong)


class TestWrongArguments:
    """Sizes that do not fit are refused before a pointer is taken."""

    D, H = 2, 3

    def arguments(self):
        D, H = self.D, self.H
        batch = pack([np.ones((2, D)), np.ones((1, D))])
        return dict(
            state=np.zeros((2, H)), h=np.zeros((3, H)), gates=np.zeros((3, 4 * H)), scratch=np.zeros(inference.gru_scratch_size(3, 2, H, True)),
            x=batch.values, packed=np.zeros(inference.gru_packed_size(D, H, True)), offsets=batch.offsets,
            reset_after=True, reverse=False,
        )  # fmt: skip

    def test_right_ones_pass(self):
        inference.gru(**self.arguments())

    @pytest.mark.parametrize(
        "name, value",
        [
            ("state", np.zeros((3, 3))),
            ("h", np.zeros((2, 3))),
            ("h", np.zeros((3, 6))[:, ::2]),
            ("gates", np.zeros((3, 9))),
            ("gates", np.zeros((2, 12))),
            ("scratch", np.zeros(17)),
            ("x", np.zeros((4, 2))),
            ("packed", np.zeros(17)),
            ("offsets", np.array([0, 1, 3])),
            ("offsets", np.array([0, 2])),
            ("offsets", np.array([0, 2, 2, 3])),
            ("offsets", np.array([0])),
        ],
    )
    def test_wrong_ones_raise(self, name, value):
        with pytest.raises(ValueError, match="kernel called with wrong arguments"):
            inference.gru(**(self.arguments() | {name: value}))

    @pytest.mark.parametrize(
        "name, value",
        [
            ("packed", np.zeros(17)),
            ("W_ihT", np.zeros((2, 8))),
            ("W_hhT", np.zeros((2, 9))),
            ("b_ih", np.zeros(8)),
            ("b_hh", np.zeros(8)),
        ],
    )
    def test_wrong_weights_raise(self, name, value):
        D, H = self.D, self.H
        right = dict(
            packed=np.zeros(inference.gru_packed_size(D, H, True)), W_ihT=np.zeros((D, 3 * H)),
            W_hhT=np.zeros((H, 3 * H)), b_ih=np.zeros(3 * H), b_hh=np.zeros(3 * H),
        )  # fmt: skip
        inference.gru_pack(**right)
        with pytest.raises(ValueError, match="kernel called with wrong arguments"):
            inference.gru_pack(**(right | {name: value}))

    def test_panels(self):
        with pytest.raises(ValueError, match="panels"):
            inference.pack(np.zeros(5), np.zeros((3, 2)))
        panels = np.zeros(inference.panel_size(2, 3, True))
        with pytest.raises(ValueError, match="panels"):
            inference.affine(np.zeros((1, 2)), np.zeros((1, 99)), panels, np.zeros(2))
        with pytest.raises(ValueError, match="bias"):
            inference.affine(np.zeros((1, 2)), np.zeros((1, 3)), panels, np.zeros(3))


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
            last = run(batch, weights, reset_after, False, h=states)
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
    got = run(pack([x], "float32"), weights, True, False)
    x[::3], weights[0][3] = 0, 0
    assert np.array_equal(got, run(pack([x], "float32"), weights, True, False))


def test_attention_puts_the_floating_point_mode_back(float_mode):
    rng = np.random.default_rng(0)
    h = rng.standard_normal((4, 3)).astype("float32")
    panels = np.empty(inference.panel_size(3, 3, False), "float32")
    inference.pack(panels, np.eye(3, dtype="float32"))
    offsets, lengths = np.arange(5), np.array([4])
    ones = np.ones(3, "float32")
    results = []
    for mode in float_mode.modes:
        out, a, u = np.empty((1, 3), "float32"), np.empty(4, "float32"), np.empty((4, 3), "float32")
        with float_mode.set(mode):
            inference.attention(out, a, u, h, panels, ones, ones, lengths, offsets)
            after = float_mode.get()
        assert after == mode
        results.append(out)
    assert np.array_equal(*results)
