"""The flat buffer and the start values."""

import numpy as np
import pytest
from gruc.network import GRUNetwork
from helpers import STRUCTURES, structure_id


@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_views_cover_the_buffer_once(structure):
    network = GRUNetwork(n_features=2, n_outputs=3, **structure)
    flat = np.zeros(network.table.size)
    for view in network.table.views(flat).values():
        view += 1
    assert (flat == 1).all()
    ends = [op.weights for op in network.program().operations if op.weights] + [network.table.size]
    assert [network.table.offset(name) for name in ("gru.weight_ih_l0", "head.weight")] == [0, ends[-2]]


def test_names_and_shapes_are_torchs():
    network = GRUNetwork(4, [5, 6], True, True, "last", 3)
    shapes = {
        name: view.shape for name, view in network.table.torch_views(np.zeros(network.table.size)).items()
    }
    expected = {}
    for layer, (D, H) in enumerate([(4, 5), (10, 6)]):
        for suffix in (f"l{layer}", f"l{layer}_reverse"):
            expected |= {
                f"gru.weight_ih_{suffix}": (3 * H, D),
                f"gru.weight_hh_{suffix}": (3 * H, H),
                f"gru.bias_ih_{suffix}": (3 * H,),
                f"gru.bias_hh_{suffix}": (3 * H,),
            }
    assert shapes == expected | {"head.weight": (3, 12), "head.bias": (3,)}


def test_reset_before_has_one_bias():
    network = GRUNetwork(4, [5], False, False, "last", 3)
    assert not any("bias_hh" in name for name, _ in network.table.entries)


def test_start_values():
    H, D = 40, 30
    network = GRUNetwork(D, [H], True, True, "last", 3)
    flat = np.full(network.table.size, np.nan)
    network.initialize(network.table.views(flat), np.random.default_rng(0))
    views = network.table.torch_views(flat)
    for suffix in ("l0", "l0_reverse"):
        for gate in range(3):
            block = slice(gate * H, (gate + 1) * H)
            W_hh = views[f"gru.weight_hh_{suffix}"][block]
            np.testing.assert_allclose(W_hh @ W_hh.T, np.eye(H), rtol=0, atol=1e-12)
            W_ih = views[f"gru.weight_ih_{suffix}"][block]
            limit = np.sqrt(6 / (D + H))
            assert 0.95 * limit < np.abs(W_ih).max() <= limit
            assert abs(W_ih.std() - limit / np.sqrt(3)) < 0.03 * limit
        assert views[f"gru.bias_ih_{suffix}"].tolist() == [0] * H + [1] * H + [0] * H
        assert not views[f"gru.bias_hh_{suffix}"].any()
    assert not np.array_equal(views["gru.weight_hh_l0"], views["gru.weight_hh_l0_reverse"])
    assert not views["head.bias"].any()
