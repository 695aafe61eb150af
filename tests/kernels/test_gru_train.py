"""A layer of cells in one direction, forward and back, from a state and to its gradient, without a network around."""

from itertools import product

import numpy as np
import pytest
import reference_cells as reference
from gruc.kernels import inference
from gruc.sequences import PackedBatch
from helpers import TOLERANCE, central_difference, relative_error
from one_operation import cell

LENGTHS = {
    "ragged": [6, 6, 4, 3, 2, 1],
    "one step": [1, 1, 1],
    "one sequence": [5],
    "one of each": [1],
    "equal": [4, 4, 4],
    "several chunks": [70, 41, 40, 9, 1],
}
CELLS = {"after": inference.GRU, "before": inference.GRU_RESET_BEFORE, "fio": inference.FIO}
VARIANTS = list(product(CELLS, (False, True), (False, True)))  # cell, reverse, dropout
IDS = [
    f"{name}-{'reverse' if reverse else 'forward'}{'-dropout' * masked}" for name, reverse, masked in VARIANTS
]


@pytest.fixture
def run(layer_kernels):
    """`layer_kernels.gru` of a layer by `random_layer`, with some arguments changed, in a type."""

    def run(layer, dtype="float64", **changes):
        arguments = layer | changes
        for name, value in arguments.items():
            if name != "offsets" and isinstance(value, np.ndarray):
                arguments[name] = value.astype(dtype)
        return layer_kernels.gru(**arguments)

    return run


def packed_offsets(lengths):
    """Where the rows of each step begin; `lengths` do not rise."""
    alive = [sum(length > t for length in lengths) for t in range(lengths[0])]
    return np.cumsum([0, *alive], dtype=np.intp)


def random_layer(lengths, variant, D=3, H=5, seed=0, with_state=True):
    """Arguments of `layer_kernels.gru` by name, in float64, gradients of its outputs included."""
    name, reverse, masked = variant
    columns, S = (4 * H, 2 * H) if name == "fio" else (3 * H, H)
    # its states and gradients would grow from step to step
    gain, less = (0.5, np.repeat([2.0, 0.0], [H, 3 * H])) if name == "fio" else (1.0, 0.0)
    rng = np.random.default_rng(seed)
    N, B = sum(lengths), len(lengths)
    return dict(
        x=rng.standard_normal((N, D)),
        kind=CELLS[name],
        W_ihT=0.5 * rng.standard_normal((D, columns)),
        W_hhT=gain * rng.standard_normal((H, columns)) / np.sqrt(H),
        b_ih=rng.standard_normal(columns) - less,
        b_hh=rng.standard_normal(3 * H) if name == "after" else None,
        offsets=packed_offsets(lengths),
        reverse=reverse,
        mask=rng.integers(0, 2, (B, H)) * 2.0 if masked else None,
        state0=rng.standard_normal((B, S)) if with_state else None,
        dh=rng.standard_normal((N, H)),
        dstate=rng.standard_normal((B, S)),
    )


def rows_of(lengths, offsets):
    """Rows of each sequence."""
    return [offsets[:length] + b for b, length in enumerate(lengths)]


def expected(layer, lengths):
    """The same by the oracle, one sequence after the other."""
    weights = (layer["W_ihT"].T, layer["W_hhT"].T, layer["b_ih"], layer["b_hh"])
    H = len(layer["W_hhT"])
    out = {name: np.zeros_like(layer[name]) for name in ("W_ihT", "W_hhT", "b_ih")}
    out = {f"d{name}": zeros for name, zeros in out.items()}
    out["db_hh"] = None if layer["b_hh"] is None else np.zeros(3 * H)
    out["h"], out["dx"] = np.zeros((sum(lengths), H)), np.zeros_like(layer["x"])
    out["state"], out["dstate"] = np.zeros((2, *layer["dstate"].shape))
    for b, rows in enumerate(rows_of(lengths, layer["offsets"])):
        rows = rows[::-1] if layer["reverse"] else rows
        mask = 1.0 if layer["mask"] is None else layer["mask"][b]
        h0 = None if layer["state0"] is None else layer["state0"][b]
        h, saved = reference.cell_forward(layer["x"][rows], *weights, h0=h0, mask=mask)
        c = [saved[-1][-1]] if layer["kind"] == inference.FIO else []
        out["h"][rows], out["state"][b] = h, np.concatenate([h[-1], *c])
        dh = np.zeros_like(h) if layer["dh"] is None else layer["dh"][rows]
        dh[-1] += layer["dstate"][b, :H]
        dx, dW_ih, dW_hh, db_ih, db_hh, dh0 = reference.cell_backward(
            dh, saved, *weights, mask=mask, dc=layer["dstate"][b, H:]
        )
        out["dx"][rows], out["dstate"][b] = dx, dh0
        out["dW_ihT"] += dW_ih.T
        out["dW_hhT"] += dW_hh.T
        out["db_ih"] += db_ih
        if db_hh is not None:
            out["db_hh"] += db_hh
    return out


def assert_same(got, want, atol, without=()):
    for name, array in want.items():
        if array is not None and name not in without:
            np.testing.assert_allclose(got[name], array, rtol=0, atol=atol, err_msg=name)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("variant", VARIANTS, ids=IDS)
def test_against_the_oracle(run, variant, lengths, dtype):
    for with_state, (D, H), with_dh in [(True, (3, 5), True), (False, (1, 17), True), (True, (4, 33), False)]:
        layer = random_layer(lengths, variant, D, H, with_state=with_state)
        layer["dh"] = layer["dh"] if with_dh else None
        scale = np.sqrt(sum(lengths)) * (10 if variant[0] == "fio" else 3)
        without = () if with_state else ("dstate",)
        assert_same(
            run(layer, dtype, apart=3), expected(layer, lengths), scale * TOLERANCE[dtype], without=without
        )


@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("variant", VARIANTS, ids=IDS)
def test_against_central_differences(run, variant, with_state):
    lengths = LENGTHS["ragged"]
    layer = random_layer(lengths, variant, D=2, H=3, with_state=with_state)
    forward = {name: value for name, value in layer.items() if name not in ("dh", "dstate")}

    def loss_at():
        out = run(forward)
        return np.sum(layer["dh"] * out["h"]) + np.sum(layer["dstate"] * out["state"])

    got = run(layer)
    pairs = {"x": "dx", "W_ihT": "dW_ihT", "W_hhT": "dW_hhT", "b_ih": "db_ih"}
    pairs |= {"b_hh": "db_hh"} if layer["b_hh"] is not None else {}
    pairs |= {"state0": "dstate"} if with_state else {}
    for name, gradient in pairs.items():
        slopes = central_difference(loss_at, layer[name])
        assert relative_error(got[gradient], slopes) < 1e-7, name


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("variant", VARIANTS, ids=IDS)
def test_without_a_state_is_from_zeros(run, variant, dtype):
    layer = random_layer(LENGTHS["ragged"], variant, with_state=False)
    got, zeros = run(layer, dtype), run(layer, dtype, state0=np.zeros_like(layer["dstate"]))
    for name, array in got.items():
        if array is not None and name != "dstate":
            assert np.array_equal(array, zeros[name]), name


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", CELLS)
def test_windows_with_a_carried_state_are_the_whole(run, name, dtype):
    """Forward to the bit; back with the gradient of the state handed from the later window to the earlier."""
    lengths, cut = [6, 6, 5, 4], 3
    layer = random_layer(lengths, (name, False, True))
    whole = run(layer, dtype)
    split = layer["offsets"][cut]
    early, late = dict(layer), dict(layer)
    early |= {"x": layer["x"][:split], "dh": layer["dh"][:split], "offsets": layer["offsets"][: cut + 1]}
    late |= {"x": layer["x"][split:], "dh": layer["dh"][split:], "offsets": layer["offsets"][cut:] - split}
    late["state0"] = run({k: v for k, v in early.items() if k not in ("dh", "dstate")}, dtype)["state"]
    after = run(late, dtype)
    before = run(early, dtype, dstate=after["dstate"])
    assert np.array_equal(np.concatenate([before["h"], after["h"]]), whole["h"])
    assert np.array_equal(after["state"], whole["state"])
    np.testing.assert_allclose(before["dstate"], whole["dstate"], rtol=0, atol=3 * TOLERANCE[dtype])
    np.testing.assert_allclose(
        np.concatenate([before["dx"], after["dx"]]), whole["dx"], rtol=0, atol=3 * TOLERANCE[dtype]
    )
    for name in ("dW_ihT", "dW_hhT", "db_ih"):
        np.testing.assert_allclose(
            before[name] + after[name], whole[name], rtol=0, atol=10 * TOLERANCE[dtype], err_msg=name
        )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_inference_from_a_state_is_the_forward_pass(run, name, reverse, dtype):
    lengths, D, H = LENGTHS["several chunks"], 3, 17
    layer = random_layer(lengths, (name, reverse, False), D, H)
    got = run({k: v for k, v in layer.items() if k not in ("dh", "dstate")}, dtype)
    typed = {k: v.astype(dtype) if isinstance(v, np.ndarray) else v for k, v in layer.items()}
    typed["offsets"] = layer["offsets"]
    batch = PackedBatch(typed["x"], typed["offsets"], np.array(lengths), None)
    weights = [w if w is None else w.T for w in (typed[name] for name in ("W_ihT", "W_hhT", "b_ih", "b_hh"))]
    h = np.empty_like(got["h"])
    state = cell(layer["kind"], batch, weights, reverse, h=h, state=typed["state0"])
    assert np.array_equal(h, got["h"])
    assert np.array_equal(state, got["state"])
