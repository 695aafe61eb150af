"""Threads: the same bits for every number of them, and no harm from forks, errors or Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, kernels, threads
from threadpoolctl import ThreadpoolController, threadpool_limits

SETTINGS = dict(hidden_layer_sizes=(40,), batch_size=96, max_iter=3, tol=0, random_state=0)


def large_problem(n=192, n_steps=30, seed=0):
    """Batches of some shards: ragged sequences whose mean decides."""
    rng = np.random.default_rng(seed)
    X = [rng.standard_normal((length, 3)) for length in rng.integers(1, n_steps, n)]
    return X, np.array([int(x.mean() > 0) for x in X])


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Work enough for several shards without the time it takes."""
    monkeypatch.setattr("gruc.training.step.SHARD_OPERATIONS", 1e4)
    monkeypatch.setattr("gruc.runtime.chunks.OPERATIONS_PER_THREAD", 1e4)


@pytest.fixture
def dealt(monkeypatch):
    """How many shards each batch was dealt into."""
    from gruc.training.step import TrainingStep

    seen, deal = [], TrainingStep._deal
    monkeypatch.setattr(
        TrainingStep, "_deal", lambda *args: [seen.append(len(shards := deal(*args))), shards][1]
    )
    return seen


def bits_of(model):
    return {name: weight.tobytes() for name, weight in model.weights_.items()}


@pytest.mark.filterwarnings("ignore:Maximum iterations")
class TestSameBits:
    @pytest.mark.parametrize(
        "settings",
        [{}, {"reset_after": False}, {"dropout": 0.2, "recurrent_dropout": 0.3, "pooling": "attention"}],
        ids=str,
    )
    @pytest.mark.parametrize("kernel", [*kernels.INSTRUCTION_SETS, "blas"])
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


class TestRun:
    def test_results_come_in_order(self):
        assert threads.run(lambda item, _: item * item, range(20), 4) == [i * i for i in range(20)]

    def test_slots_are_never_shared(self):
        busy, clashes = [False] * 3, []

        def task(_, slot):
            clashes.append(busy[slot])
            busy[slot] = True
            time.sleep(0.002)
            busy[slot] = False

        threads.run(task, range(30), 3)
        assert len(clashes) == 30
        assert not any(clashes)

    def test_an_error_is_raised_when_all_have_ended(self):
        ended = []

        def task(item, _):
            if item == 1:
                raise ZeroDivisionError("in a thread")
            time.sleep(0.05)
            ended.append(item)

        with pytest.raises(ZeroDivisionError, match="in a thread"):
            threads.run(task, range(50), 2)
        assert len(ended) <= 2
        assert threads.run(lambda item, _: item, [1, 2, 3], 2) == [1, 2, 3]

    def test_ctrl_c_waits_for_the_other_threads(self):
        state = {"running": 0}

        def task(item, _):
            if threading.current_thread() is threading.main_thread():
                time.sleep(0.02)
                raise KeyboardInterrupt
            state["running"] += 1
            time.sleep(0.1)
            state["running"] -= 1

        with pytest.raises(KeyboardInterrupt):
            threads.run(task, range(4), 2)
        assert state["running"] == 0

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
    @pytest.mark.parametrize("error", ["KeyboardInterrupt", "TimeoutError"])
    def test_signals_at_any_moment_leave_no_thread_behind(self, error):
        program = """
import random, signal, sys, time
from gruc import threads
error, running, raised = getattr(__builtins__, sys.argv[1]), [0], 0

def task(_, slot):
    if slot:
        running[0] += 1
    time.sleep(0.0002)
    if slot:
        running[0] -= 1

def handler(*_):
    raise error

def interrupted():
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 8e-4))
        threads.run(task, range(4), 2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

signal.signal(signal.SIGALRM, handler)
end = time.monotonic() + 4
while time.monotonic() < end:
    try:
        interrupted()
    except error:
        raised += 1
        assert running[0] == 0
assert raised > 100, raised
assert threads.run(lambda item, _: item, range(4), 2) == [0, 1, 2, 3]
"""
        subprocess.run([sys.executable, "-c", program, error], check=True, timeout=60)

    def test_counters_go_round(self):
        results = [threads.run(lambda item, _: item, range(4), 2) for _ in range(600)]
        assert results == [[0, 1, 2, 3]] * 600


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
    seen, run = [], threads.run
    monkeypatch.setattr(threads.limits, "_n_processors", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "run", lambda *args: seen.append(args[-1]) or run(*args))
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
        lambda self, data, indices: seen.append(limits()) or [indices],
    )
    try:
        GRUClassifier(**SETTINGS).fit(*large_problem())
    finally:
        kernels.select(kernels_before)
    assert {n for each in seen for n in each} == {1}
    assert limits() == before


class TestWhatCannotBeHad:
    """Memory, threads, and a process of one's own."""

    @pytest.fixture
    def fresh(self, monkeypatch):
        monkeypatch.setattr(threads.workers, "_workers", [])

    @pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()], ids=repr)
    def test_no_new_thread(self, monkeypatch, fresh, error):
        def refuse(*_):
            raise error

        X, y = large_problem()
        expected = GRUClassifier(**SETTINGS, n_jobs=1).partial_fit(X, y).predict_proba(X)
        monkeypatch.setattr(threads.workers._thread, "start_new_thread", refuse)
        assert threads.run(lambda item, slot: (item, slot), range(5), 4) == [(i, 0) for i in range(5)]
        model = GRUClassifier(**SETTINGS, n_jobs=3).partial_fit(X, y)
        assert np.array_equal(model.predict_proba(X), expected)

    def test_a_thread_that_dies_before_it_begins_is_not_waited_for(self, monkeypatch, fresh):
        start = threads.workers._thread.start_new_thread
        monkeypatch.setattr(
            threads.workers._thread, "start_new_thread", lambda loop, args: start(lambda: None, ())
        )
        assert threads.run(lambda item, _: item, range(5), 3) == [0, 1, 2, 3, 4]

    def test_a_task_that_cannot_begin_is_an_error_in_the_caller(self, monkeypatch):
        work, caller = threads.workers._Task.work, threading.current_thread()

        def without_memory(self, slot):
            if threading.current_thread() is not caller:
                raise MemoryError
            time.sleep(0.05)
            work(self, slot)

        monkeypatch.setattr(threads.workers._Task, "work", without_memory)
        with pytest.raises(MemoryError):
            threads.run(lambda item, _: item, range(5), 3)
        monkeypatch.undo()
        assert threads.run(lambda item, _: item, range(5), 3) == [0, 1, 2, 3, 4]

    @pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as Linux has them")
    def test_memory_that_runs_out_is_an_error_and_never_a_hang(self):
        program = """
import os, pickle, resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, gruc, gruc.training.step as step, gruc.runtime.chunks as chunks
step.SHARD_OPERATIONS = chunks.OPERATIONS_PER_THREAD = 1e5
X = np.random.default_rng(0).standard_normal((256, 20, 8)).astype("f4"); y = np.arange(256) % 3
model = gruc.GRUClassifier((96,), frame_length=1, max_iter=1, random_state=0, n_jobs=3, batch_size=128).fit(X, y)
expected, pickled = model.predict_proba(X), pickle.dumps(model)
outcomes = set()
for method in ("partial_fit", "predict_proba"):
    for kilobytes in (0, 30, 90, 180, 360, 720, 100_000):
        child = os.fork()
        if child == 0:
            model = pickle.loads(pickled)
            in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (in_use + kilobytes * 1024, resource.RLIM_INFINITY))
            try:
                getattr(model, method)(*((X, y) if method == "partial_fit" else (X,)))
                code = 0
            except MemoryError:
                code = 1
            except BaseException:
                os._exit(3)
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            as_before = method == "partial_fit" and code == 0 or np.array_equal(model.predict_proba(X), expected)
            os._exit(code if as_before else 2)
        end = time.monotonic() + 20
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > end:
                os.kill(child, 9)
                sys.exit(f"{method} hangs with {kilobytes} kB")
            time.sleep(0.002)
        outcomes.add(os.waitstatus_to_exitcode(ended[1]))
sys.exit(0 if outcomes <= {0, 1} else f"outcomes {outcomes}")
"""
        subprocess.run([sys.executable, "-c", program], check=True, timeout=280)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_a_fork_in_mid_work_does_not_hang(self):
        program = """
import os, signal, sys, time
from gruc import threads

children, in_child = [], False

def fork(*_):
    global in_child
    child = os.fork()
    if child:
        children.append(child)
    else:
        in_child = True
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(60)

signal.signal(signal.SIGALRM, fork)
ended = 0
for i in range(12):
    signal.setitimer(signal.ITIMER_REAL, 0.001 + 0.001 * i)
    try:
        results = threads.run(lambda item, _: time.sleep(0.004) or item, range(12), 3)
        right = results == list(range(12))
    except RuntimeError as error:
        right = "forked" in str(error)
    if in_child:
        again = threads.run(lambda item, _: item, range(12), 3) == list(range(12))
        os._exit(0 if right and again else 1)
    assert right
assert children
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""
        subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120)


@pytest.mark.parametrize("n_jobs", [1000, 10**9])
def test_no_more_threads_than_are_of_use(n_jobs):
    X, y = large_problem(400)
    model = GRUClassifier(**SETTINGS, n_jobs=n_jobs).partial_fit(X, y)
    model.predict(X)
    assert len(model._trainer._step._memories) <= 4
    assert len(threads.workers._workers) < max(threads.MOST_THREADS, os.cpu_count())


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_threads_are_given_back_when_calls_are_broken_off():
    program = """
import random, signal, time
from gruc import threads

class Timeout(Exception): pass

def handler(*_):
    raise Timeout

signal.signal(signal.SIGALRM, handler)
items, broken_off = range(6), 0
threads.run(lambda item, _: time.sleep(1e-4), items, 3)
for i in range(4000):
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 3e-4))
            threads.run(lambda item, _: time.sleep(1e-4), items, 3)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Timeout:
        broken_off += 1
assert broken_off > 100, broken_off
assert threads.run(lambda item, _: item, items, 3) == list(items)
assert len(threads.workers._workers) <= 3, len(threads.workers._workers)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
