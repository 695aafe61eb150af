"""The same bits for every number of threads."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, kernels
from helpers import kernel_params
from problems import bits_of, large_problem

SETTINGS = dict(hidden_layer_sizes=(40,), batch_size=96, max_iter=3, tol=0, random_state=0)


@pytest.mark.filterwarnings("ignore:Maximum iterations")
class TestSameBits:
    @pytest.mark.parametrize(
        "settings",
        [{}, {"reset_after": False}, {"dropout": 0.2, "recurrent_dropout": 0.3, "pooling": "attention"}],
        ids=str,
    )
    @pytest.mark.parametrize("kernel", kernel_params("blas"))
    def test_for_every_number_of_threads(self, kernel, settings, dealt):
        if kernel != "blas" and kernel not in kernels.available():
            pytest.skip(f"this processor has no {kernel}")
        X, y = large_problem()
        before = kernels.selected()
        kernels.select(kernel)
        try:
            models = [
                GRUClassifier(**SETTINGS, **settings, bidirectional=True, n_jobs=n_jobs).fit(X, y)
                for n_jobs in (1, 2, 3, 8, -1, None)
            ]
            probabilities = [model.predict_proba(X) for model in models]
        finally:
            kernels.select(before)
        assert set(dealt) == {4}
        for model, proba in zip(models, probabilities, strict=True):
            assert bits_of(model) == bits_of(models[0])
            assert model.loss_curve_ == models[0].loss_curve_
            assert np.array_equal(proba, probabilities[0])

    def test_of_fits_at_once(self):
        problems = [large_problem(seed=seed) for seed in range(3)]
        alone = [bits_of(GRUClassifier(**SETTINGS).fit(*problem)) for problem in problems]
        together = [None] * 3

        def fit(i):
            together[i] = bits_of(GRUClassifier(**SETTINGS, n_jobs=2).fit(*problems[i]))

        fits = [threading.Thread(target=fit, args=(i,)) for i in range(3)]
        for thread in fits:
            thread.start()
        for thread in fits:
            thread.join(60)
        assert together == alone

    def test_of_predictions_at_once(self):
        X, y = large_problem()
        model = GRURegressor(**SETTINGS, n_jobs=2).fit(X, y)
        expected, results = model.predict(X), []
        callers = [threading.Thread(target=lambda: results.append(model.predict(X))) for _ in range(4)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join(60)
        assert len(results) == 4
        assert all(np.array_equal(result, expected) for result in results)


def test_shards_change_the_sum_by_rounding_only(monkeypatch):
    X, y = large_problem()
    settings = SETTINGS | {"max_iter": 1, "dtype": "float64"}
    with pytest.warns(UserWarning, match="Maximum iterations"):
        dealt = GRUClassifier(**settings).fit(X, y)
    monkeypatch.setattr("gruc.training.step.MOST_SHARDS", 1)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        whole = GRUClassifier(**settings).fit(X, y)
    for name, weight in whole.weights_.items():
        np.testing.assert_allclose(weight, dealt.weights_[name], rtol=0, atol=1e-9)
    assert bits_of(whole) != bits_of(dealt), "there was nothing to compare"


def test_fit_then_fork_then_fit():
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    program = """
import os, sys, warnings
import numpy as np
import gruc.training.step as step
from gruc import GRUClassifier
warnings.simplefilter("ignore")
step.SHARD_OPERATIONS = 1e4
rng = np.random.default_rng(0)
X = rng.standard_normal((96, 10, 2)); y = (X.mean(axis=(1, 2)) > 0).astype(int)
def fit():
    return GRUClassifier((40,), batch_size=96, max_iter=3, tol=0, random_state=0, n_jobs=3).fit(X, y)
before = fit().predict_proba(X)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(fit().predict_proba(X), before) else 1)
_, status = os.waitpid(child, 0)
assert np.array_equal(fit().predict_proba(X), before)
sys.exit(os.waitstatus_to_exitcode(status))
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120)
