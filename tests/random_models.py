"""Predictors with random weights that read tokens, answer each step, or both."""

import numpy as np
from gruc.network import GRUNetwork
from gruc.outputs import Classes, Labels, Values
from gruc.runtime import Predictor
from gruc.sequences import Numbers, Scaling, Tokens

N_TOKENS = 11
LENGTHS = [5, 1, 7, 2]
POOLINGS = ("last", "mean", "max", "attention", None)


def random_predictor(
    pooling="last", *, both=False, sizes=(5,), reset_after=True, tokens=True, decoding=None, inputs=None,
    dtype="float32", width=3, cell="gru",
):  # fmt: skip
    """Weights of order 1; `width` is that of vectors of tokens, or the number of features."""
    decoding = Classes(["a", "b", "c", "d"]) if decoding is None else decoding
    network = GRUNetwork(
        n_features=width,
        hidden_layer_sizes=list(sizes),
        bidirectional=both,
        reset_after=reset_after,
        pooling=pooling,
        n_outputs=decoding.n_outputs,
        n_tokens=N_TOKENS if tokens else None,
        cell=cell,
    )
    flat = 0.7 * np.random.default_rng(0).standard_normal(network.table.size)
    return Predictor(network, flat.astype(dtype), inputs, decoding)


def random_sequences_for(predictor, seed=1, lengths=LENGTHS):
    """Ragged sequences that the predictor reads."""
    rng = np.random.default_rng(seed)
    if isinstance(predictor.inputs, Tokens):
        return [rng.integers(0, N_TOKENS, n) for n in lengths]
    return [10 + 3 * rng.standard_normal((n, predictor.n_features_in)).astype(np.float32) for n in lengths]


def every_kind():
    """Predictors by name: every structure, and everything that an input or output may be."""
    predictors = {}
    for tokens in (True, False):
        for pooling in POOLINGS if tokens else (None,):
            for both in (False, True):
                kind = f"{'tokens' if tokens else 'numbers'}_{pooling}_{'both' if both else 'forward'}"
                predictors[kind] = random_predictor(pooling, both=both, tokens=tokens)
    scaling = Scaling(np.array([10.0, 9.0, 11.0]), np.array([3.0, 2.0, 4.0]))
    wide = Scaling(10 + np.linspace(0, 1, 19), np.linspace(1, 3, 19))
    targets = Scaling(np.array([5.0, -7.0]), np.array([2.0, 0.5]))
    for both in (False, True):
        way = "both" if both else "forward"
        each = dict(pooling=None, both=both)
        predictors |= {
            f"layers_{way}": random_predictor(**each, sizes=(4, 3)),
            f"pooled_layers_{way}": random_predictor("max", both=both, sizes=(4, 3), reset_after=False),
            f"before_{way}": random_predictor(**each, reset_after=False),
            f"fio_{way}": random_predictor(**each, cell="fio"),
            f"fio_layers_{way}": random_predictor("last", both=both, sizes=(4, 3), cell="fio"),
            f"fio_wide_{way}": random_predictor(
                ["last", "max"],
                both=both,
                sizes=(37,),
                width=19,
                cell="fio",
                tokens=False,
                inputs=Numbers(19, wide),
                dtype="float64",
            ),
            f"wide_{way}": random_predictor(**each, sizes=(37,), width=19),
            f"double_{way}": random_predictor(**each, dtype="float64"),
            f"binary_{way}": random_predictor(**each, decoding=Classes([3, 5])),
            f"labels_{way}": random_predictor(**each, decoding=Labels([0, 1, 2])),
            f"scaled_{way}": random_predictor(
                **each, tokens=False, inputs=Numbers(3, scaling), decoding=Values(2, targets)
            ),
            f"counts_{way}": random_predictor(**each, decoding=Values(1, log_link=True)),
            f"quantiles_{way}": random_predictor(**each, decoding=Values(2, targets, n_quantiles=3)),
        }
    return predictors
