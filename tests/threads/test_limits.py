"""How many threads: n_jobs, processors, and the limits of OMP, joblib, threadpoolctl and BLAS."""

import os
import sys

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, kernels, threads
from problems import large_problem
from threadpoolctl import ThreadpoolController, threadpool_limits

SETTINGS = dict(hidden_layer_sizes=(40,), batch_size=96, max_iter=3, tol=0, random_state=0)


class TestNumberOfThreads:
    @pytest.fixture(autouse=True)
    def no_limits(self, monkeypatch):
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        monkeypatch.setattr(threads.limits, "_n_processors", lambda: 6)
        monkeypatch.setattr(threads.limits, "_threadpoolctl_limit", lambda: sys.maxsize)

    @pytest.mark.parametrize(
        "n_jobs, expected", [(1, 1), (4, 4), (9, 9), (-1, 6), (-2, 5), (-99, 1), (None, 6)]
    )
    def test_n_jobs(self, n_jobs, expected):
        assert threads.n_threads(n_jobs) == expected

    @pytest.mark.parametrize(
        "value, expected", [("2", 2), ("3,1", 3), ("", 6), ("0", 6), ("many", 6), ("99", 6)]
    )
    def test_omp_num_threads(self, value, expected, monkeypatch):
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert threads.n_threads() == expected

    def test_affinity(self, monkeypatch):
        monkeypatch.undo()
        if not hasattr(os, "sched_setaffinity"):
            pytest.skip("no affinity here")
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {min(before)})
            assert threads.n_threads() == 1
            assert threads.n_threads(-1) == 1
        finally:
            os.sched_setaffinity(0, before)

    def test_threads_of_joblib_get_one_each(self):
        from joblib import Parallel, delayed

        assert (
            Parallel(n_jobs=2, backend="threading")(delayed(threads.n_threads)() for _ in range(4)) == [1] * 4
        )

    def test_configured_joblib(self):
        from joblib import parallel_config

        for n_jobs in (1, 3):
            with parallel_config(n_jobs=n_jobs):
                assert threads.n_threads() == n_jobs
        assert threads.n_threads() == 6

    def test_processes_of_joblib_share_the_processors(self, monkeypatch):
        """loky sets OMP_NUM_THREADS in its processes."""
        from joblib import Parallel, cpu_count, delayed

        monkeypatch.undo()
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        n_each = Parallel(n_jobs=2, backend="loky")(delayed(threads.n_threads)() for _ in range(2))
        assert n_each == [max(1, cpu_count() // 2)] * 2

    def test_processes_of_multiprocessing_get_one_each(self, monkeypatch):
        from joblib import Parallel, delayed

        monkeypatch.undo()
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        n_each = Parallel(n_jobs=2, backend="multiprocessing")(delayed(threads.n_threads)() for _ in range(2))
        assert n_each == [1, 1]

    def test_threadpoolctl(self, monkeypatch):
        monkeypatch.undo()
        monkeypatch.setattr(threads.limits, "_n_processors", lambda: 6)
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        with threadpool_limits(limits=1):
            assert threads.n_threads() == 1


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_the_plain_path_has_threads_of_its_own(monkeypatch):
    """One thread for BLAS is no limit on gruc's."""
    seen, crew = [], threads.Crew
    monkeypatch.setattr(threads.limits, "_n_processors", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "Crew", lambda n: seen.append(n) or crew(n))
    before = kernels.selected()
    kernels.select("blas")
    try:
        with threadpool_limits(limits=2):
            GRUClassifier(**SETTINGS).fit(*large_problem())
    finally:
        kernels.select(before)
    assert set(seen) == {2}


def test_n_jobs_may_change_after_fit(monkeypatch):
    X, y = large_problem()
    model = GRURegressor(**SETTINGS | {"max_iter": 1}, n_jobs=2).partial_fit(X, y)
    seen, run = [], threads.run
    monkeypatch.setattr(threads, "run", lambda *args: seen.append(args[-1]) or run(*args))
    expected = model.predict(X)
    assert np.array_equal(model.set_params(n_jobs=1).predict(X), expected)
    assert seen == [2, 1]


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_blas_limits_are_not_left_behind(monkeypatch):
    """Two overlapping fits over BLAS, the first to begin the first to end."""
    from gruc.training.blas_threads import one_blas_thread

    def limits():
        return [
            library["num_threads"]
            for library in ThreadpoolController().info()
            if library["user_api"] == "blas"
        ]

    before = limits()
    with threadpool_limits(limits=2, user_api="blas"):
        two = limits()
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        assert set(limits()) == {1}
        first.__exit__(None, None, None)
        assert set(limits()) == {1}
        second.__exit__(None, None, None)
        assert limits() == two
    assert limits() == before

    kernels_before = kernels.selected()
    kernels.select("blas")
    seen = []
    monkeypatch.setattr(
        "gruc.training.step.TrainingStep._deal",
        lambda self, batch: seen.append(limits()) or [slice(None)],
    )
    try:
        GRUClassifier(**SETTINGS).fit(*large_problem())
    finally:
        kernels.select(kernels_before)
    assert {n for each in seen for n in each} == {1}
    assert limits() == before


@pytest.mark.parametrize("n_jobs", [1000, 10**9])
def test_no_more_threads_than_are_of_use(n_jobs):
    X, y = large_problem(400)
    model = GRUClassifier(**SETTINGS, n_jobs=n_jobs).partial_fit(X, y)
    model.predict(X)
    assert len(model._step_memory._workspaces) <= 4
    assert len(threads.workers._workers) < max(threads.MOST_THREADS, os.cpu_count())
