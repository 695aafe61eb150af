"""Tasks on several threads: results in order, and no harm from errors, signals or forks."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from gruc import GRUClassifier, kernels, threads
from gruc.network import GRUNetwork
from problems import large_problem

SETTINGS = dict(hidden_layer_sizes=(40,), batch_size=96, max_iter=3, tol=0, random_state=0)


@pytest.fixture
def fresh(monkeypatch):
    monkeypatch.setattr(threads.workers, "_workers", [])


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

    @pytest.mark.parametrize("pause", [0, 1e-3])
    def test_workers_that_wait_and_workers_that_sleep(self, pause):
        for _ in range(300 if pause else 3000):
            time.sleep(pause)
            assert threads.run(lambda item, _: item, range(4), 2) == [0, 1, 2, 3]


class TestCrew:
    """Tasks of the kernels."""

    def array_task(self, n_chunks, n_threads):
        """The outputs of a network for an array, as a task, and what they should be."""
        network = GRUNetwork(2, [5], False, True, "last", 3)
        flat = np.zeros(network.table.size)
        network.initialize(network.table.views(flat), np.random.default_rng(0))
        weights = kernels.inference.Weights(network.program(), flat)
        X, value = np.random.default_rng(1).standard_normal((20, 4, 2)), network.laid_out().outputs

        def task(*divided):
            return kernels.inference.ArrayTask(weights, X, value, 1, 1, None, None, *divided)

        whole, some = task(), task(n_chunks, n_threads)
        whole.run([])
        return some, whole.out

    @pytest.mark.parametrize("n_chunks, n_threads", [(1, 2), (2, 2), (7, 3), (20, 4)])
    @pytest.mark.parametrize("pause", [0, 1e-3])
    def test_all_items_are_done(self, n_chunks, n_threads, pause):
        task, expected = self.array_task(n_chunks, n_threads)
        for _ in range(50):
            task.out[:] = np.nan
            time.sleep(pause)
            with threads.Crew(n_threads) as crew:
                crew.run(task)
            assert np.array_equal(task.out, expected)

    def test_nobody_waits_for_a_thread_that_is_not_needed(self):
        mailboxes = [kernels.inference.Mailbox() for _ in range(2)]  # where nobody looks
        task, expected = self.array_task(5, 3)
        task.run(mailboxes)
        assert np.array_equal(task.out, expected)
        assert not any(mailbox.busy for mailbox in mailboxes)
        mailboxes[0].post()
        assert mailboxes[0].busy
        with pytest.raises(ValueError, match="threads without a task"):
            task.run(mailboxes)
        mailboxes[0].wait()
        assert not mailboxes[0].busy

    def test_more_threads_than_there_is_memory_for(self):
        task, _ = self.array_task(5, 2)
        with pytest.raises(ValueError, match="a slot for each thread"):
            task.run([kernels.inference.Mailbox() for _ in range(2)])

    def test_workers_are_given_back(self, fresh, monkeypatch):
        monkeypatch.setattr(threads.workers, "START_SECONDS", 10)  # on a busy machine, too
        task, _ = self.array_task(4, 3)
        with threads.Crew(3) as first, threads.Crew(3) as second:  # two at once
            first.run(task)
            second.run(task)
        n_workers = len(threads.workers._workers)
        assert n_workers == 4
        with pytest.raises(KeyboardInterrupt) as raised, threads.Crew(3):  # one that is broken off
            raise KeyboardInterrupt
        for _ in range(10):
            with threads.Crew(3) as crew:
                crew.run(task)
        assert len(threads.workers._workers) == n_workers
        assert all(worker.idle for worker in threads.workers._workers)
        assert raised.tb is not None  # which keeps the frames of the first

    def test_waiting_threads_take_no_time(self):
        task, _ = self.array_task(4, 3)
        with threads.Crew(3) as crew:
            crew.run(task)
        time.sleep(0.05)
        start = time.process_time()
        time.sleep(0.4)
        assert time.process_time() - start < 0.1

    def test_two_fits_at_once(self):
        X, y = large_problem()
        expected = [
            GRUClassifier(**SETTINGS | {"random_state": i}).partial_fit(X, y).predict_proba(X)
            for i in range(3)
        ]
        found = [None] * 3

        def fit(i):
            for _ in range(4):
                model = GRUClassifier(**SETTINGS | {"random_state": i}, n_jobs=2).partial_fit(X, y)
                found[i] = model.predict_proba(X)

        started = [threading.Thread(target=fit, args=(i,)) for i in range(3)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        assert np.array_equal(found, expected)


class TestScarceResources:
    """Memory, threads, and a process of one's own."""

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
step.SHARD_OPERATIONS = chunks.OPERATIONS_PER_THREAD = chunks.OPERATIONS_PER_THREAD_IN_ARRAYS = 1e5
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
