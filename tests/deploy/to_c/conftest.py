"""Models of every kind for C, and headers of two small ones."""

import gruc
import numpy as np
import pytest
from exported_c import LABELS, X, fitted, y
from gruc import GRUClassifier, GRURegressor
from helpers import STRUCTURES, structure_id

FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.fixture(scope="session")
def models():
    """Models by prefix: every structure, frames, and everything that an output may be."""
    models = {"s_" + structure_id(s).replace("-", "_"): fitted(s) for s in STRUCTURES}
    for k, hop in [(2, 2), (4, 1), (3, 5), (9, 4), (40, 40)]:
        for pooling in ("last", "mean", "attention"):
            for both in (False, True):
                settings = dict(frame_length=k, hop_length=hop, pooling=pooling, bidirectional=both)
                models[f"frames_{k}_{hop}_{pooling}_{both:d}"] = fitted(settings)
    for both in (False, True):
        more = dict(bidirectional=both, frame_length=2, hop_length=1)
        for name, settings in {
            "one": dict(conv_channels=(5,), conv_pool=1),
            "pooled": dict(conv_channels=(5, 3), conv_kernel_size=(3, 1), pooling="max"),
            "read_by_the_head": dict(conv_channels=(4, 3), pooling=("conv_mean", "last", "conv_max", "max")),
            "by_three": dict(conv_channels=(21, 3), conv_pool=(3, 2), pooling="mean"),
            "of_frames": dict(conv_channels=(4,), conv_kernel_size=40, pooling="attention", **more),
        }.items():
            models[f"conv_{name}_{both:d}"] = fitted(dict(bidirectional=both) | settings)
    for both in (False, True):
        networks = dict(n_estimators=3, bidirectional=both, hidden_layer_sizes=(5, 4))
        models |= {
            f"several_{both:d}": fitted(networks | dict(pooling=("last", "max"))),
            f"conv_several_{both:d}": fitted(
                networks | dict(conv_channels=(5, 3), pooling=("conv_max", "mean"))
            ),
        }
    models |= {
        "plain": fitted(dict(standardize=False)),
        "doubles": fitted(dict(dtype="float64")),
        "wide": fitted(dict(hidden_layer_sizes=(37, 21))),
        "one_unit": fitted(dict(hidden_layer_sizes=(1,))),
        "one": fitted({}, y * 1.5),
        "two": fitted({}, np.stack([y, 100.0 - y], axis=1)),
        "both_ways": fitted(dict(bidirectional=True, pooling="mean"), y - 1e3),
        "counts": fitted(dict(loss="poisson"), y),
        "quantiles": fitted(dict(loss="quantile", quantile=[0.1, 0.5, 0.9]), np.stack([y, y * 2.0], axis=1)),
        "binary": GRUClassifier(**FAST).fit(X, y == 1),
        "labels": GRUClassifier(**FAST).fit(X, np.stack([y == 0, y > 0], axis=1).astype(int)),
    }
    return models


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A model, and the folder of its headers: m.h, both.h for both directions."""
    folder = tmp_path_factory.mktemp("small")
    model = GRUClassifier(**FAST, pooling="attention").fit(X, LABELS[y])
    gruc.to_c(model, folder / "m.h", "m")
    gruc.to_c(
        GRURegressor(**FAST, bidirectional=True).fit(X, y), folder / "both.h", "both", storage="float16"
    )
    return model, folder
