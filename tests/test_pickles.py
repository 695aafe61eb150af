"""Pickles say which version made them; skops carries models without executing anything."""

import copy
import pickle
import warnings

import gruc._validation
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.preprocessing import SequenceScaler
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
KINDS = [
    GRUClassifier(**FAST),
    GRURegressor(**FAST),
    GRUTransformer(GRUClassifier(**FAST)),
    SequenceScaler(),
]


@pytest.mark.parametrize("estimator", KINDS, ids=lambda estimator: type(estimator).__name__)
def test_another_version_is_said(estimator, monkeypatch):
    X, y = vowels()
    data = pickle.dumps(estimator.fit(X, y))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "_gruc_version" not in vars(pickle.loads(data))
        copy.deepcopy(estimator)
    monkeypatch.setattr(gruc._validation, "__version__", "9.9")
    with pytest.warns(UserWarning, match=r"was pickled by gruc \d.*, and this is 9.9: .* use save\(\)"):
        pickle.loads(data)


@pytest.mark.parametrize("estimator", KINDS, ids=lambda estimator: type(estimator).__name__)
def test_skops(estimator):
    skops = pytest.importorskip("skops.io")
    X, y = vowels()
    method = "predict" if hasattr(estimator, "predict") else "transform"
    data = skops.dumps(estimator.fit(X, y))
    loaded = skops.loads(data, trusted=skops.get_untrusted_types(data=data))
    for a, b in zip(getattr(loaded, method)(X), getattr(estimator, method)(X), strict=True):
        assert np.array_equal(a, b)
