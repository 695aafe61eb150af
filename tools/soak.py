"""Fits, predictions, streams, saves and loads under signals, memory limits and forks, for a given time.

    python tools/soak.py [--seconds 60] [--seed 0]

What gruc promises, and this program tries (on Linux, with the random choices of the seed):

- An operation that is broken off by an exception out of a signal handler, or for want of memory, leaves
  the model, stream or file as it was before or as it is afterwards, never in between. Tried again, it works.
- Ctrl-C does so too, or a fit warns and keeps the epochs learned so far, in a model that is consistent.
- A fork out of a signal handler harms neither process: the child finishes the operation, or raises
  RuntimeError and can do it anew. (Not so with files: processes that share an open one disturb each other.)
- Every number is, bit by bit, the one of an undisturbed run with any number of threads.
- Nothing hangs, nor ends the process; no thread, file descriptor or temporary file is lost.

Each episode is a child process with a time limit. In some, other threads do other operations at the same
time. The table counts tries by kind of trouble and operation; what was wrong is described below it, and
the exit code is then 1.
"""

import argparse
import collections
import functools
import json
import os
import pickle
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from pathlib import Path

import gruc
import gruc.runtime
import gruc.training.step
import numpy as np

TROUBLES = ("exception", "Ctrl-C", "memory", "fork")
VERDICTS = ("tries", "raised", "as before", "as after", "kept", "WRONG", "hung", "died")
TRIES = 40  # of one episode; a single one under a memory limit, since memory once freed would help the next
EPISODE_SECONDS = 120  # some hundred times what an episode takes on an idle machine
MOST_JOBS = 3
# scratch memory, caches, and what the tries vary themselves
NOT_STATE = {"n_jobs", "_step", "_next_parameters", "_spare_rng", "_known_params", "_packed"}


class Interrupted(Exception):
    """Raised by the signal handler."""


# ---- what is done


class Operation:
    """Something to do to a subject: `make` one with n_jobs in a folder, `act` on it, look at its `state`."""

    def __init__(self, name, make, act, state, is_fit=False, uses_files=False):
        self.name, self.make, self.act, self.state = name, make, act, state
        self.is_fit, self.uses_files = is_fit, uses_files

    def measure(self, folder):
        """Do it undisturbed: states before and after, the result, and the time it takes."""
        for _ in range(2):  # the first time pays for imports
            subject = self.make(1, tempfile.mkdtemp(dir=folder))
            self.before = self.state(subject)
            started = time.perf_counter()
            self.result = facts(self.act(subject))
            self.seconds = time.perf_counter() - started
            self.after = self.state(subject)
        return self


def facts(value):
    """All that an object holds, in plain values that can be compared; arrays bit by bit."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return (str(value.dtype), value.shape, value.tobytes())
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, dict):
        return {str(key): facts(item) for key, item in value.items() if key not in NOT_STATE}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [facts(item) for item in value]
    if type(value).__module__.partition(".")[0] == "gruc":
        return (type(value).__name__, facts(value.__getstate__()))
    return repr(value)


def operations(folder):
    """Every operation, measured."""
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((length, 3)) for length in rng.integers(2, 20, 96)]
    y = np.array([int(x.mean() > 0) for x in X])
    values = np.array([x.sum() for x in X])
    small = dict(batch_size=48, tol=0, random_state=0)
    classifier = gruc.GRUClassifier((12,), max_iter=3, **small).fit(X, y).partial_fit(X, y)
    regressor = gruc.GRURegressor(
        (6, 6), bidirectional=True, dropout=0.1, early_stopping=True, warm_start=True, max_iter=3, **small
    ).fit(X, values)
    online = gruc.GRUClassifier((12,), frame_length=1, max_iter=1, **small).fit(X, y)
    block, state = rng.standard_normal((3000, 3)), rng.standard_normal((1, 12))
    saved = Path(folder, "saved.gruc")
    classifier.save(saved)

    def copy_of(model):
        pickled = pickle.dumps(model)
        return lambda n_jobs, _: pickle.loads(pickled).set_params(n_jobs=n_jobs)

    def with_file(n_jobs, folder):
        path = shutil.copy(saved, Path(folder, "model.gruc"))
        return online, path  # which has n_jobs in it

    def all_files(subject):
        folder = Path(subject[1]).parent
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def stream(n_jobs, _):
        stream = online.stream()
        stream.step(block[:7])
        return stream

    later = stream(1, folder)
    later.step(block[:100])
    snapshot = later.snapshot()

    def fit_regressor(model):
        model.fit(X, values)

    def state_of_stream(stream):
        return stream.snapshot()

    made = [
        Operation("fit", copy_of(classifier), lambda m: m.fit(X, y) and None, facts, is_fit=True),
        Operation("fit, warm", copy_of(regressor), fit_regressor, facts, is_fit=True),
        Operation(
            "partial_fit", copy_of(classifier), lambda m: m.partial_fit(X, y) and None, facts, is_fit=True
        ),
        Operation("predict", copy_of(classifier), lambda m: m.predict_proba(X), facts),
        Operation("hidden_states", copy_of(regressor), lambda m: m.hidden_states(X), facts),
        Operation("stream.step", stream, lambda s: s.step(block), state_of_stream),
        Operation("stream.reset", stream, lambda s: s.reset(initial_state=state), state_of_stream),
        Operation("stream.restore", stream, lambda s: s.restore(snapshot), state_of_stream),
        Operation("save", with_file, lambda s: s[0].save(s[1]), all_files, uses_files=True),
        Operation("load", with_file, lambda s: gruc.load(s[1]).predict_proba(X), all_files, uses_files=True),
    ]
    return [operation.measure(folder) for operation in made]


# ---- trouble, in the child of an episode


class Episode:
    """Tries of one operation under one trouble, whose verdicts go through a pipe as lines of JSON."""

    def __init__(self, operation, trouble, beside, rng, folder, pipe):
        self.operation, self.trouble, self.beside = operation, trouble, beside
        self.rng, self.folder, self.pipe = rng, folder, pipe
        self.is_forked = False
        self.has_memory = threading.Lock()  # held while there is little: other threads wait with judging

    def run(self):
        """All tries; then whether threads, descriptors or files are left over."""
        signal.signal(signal.SIGALRM, self.handler)
        n_descriptors = len(os.listdir("/proc/self/fd"))
        over = threading.Event()
        others = [threading.Thread(target=self.work_beside, args=(op, over)) for op in self.beside]
        for thread in others:
            thread.start()
        for _ in range(1 if self.trouble == "memory" else TRIES):
            self.one_try()
        over.set()
        for thread in others:
            thread.join()
        self.look_for_leaks(n_descriptors)

    def handler(self, *_):
        if self.trouble == "exception":
            raise Interrupted
        if self.trouble == "Ctrl-C":
            raise KeyboardInterrupt
        pid = os.fork()
        if pid == 0:
            self.is_forked = True
            return  # and goes on with the operation, as does the parent, later
        _, status = os.waitpid(pid, 0)
        if status:
            self.report(self.operation, "died", f"a child that was forked ended with status {status}")

    def one_try(self):
        """Act on a new subject, look at what became of it, and act again if it was broken off."""
        operation = self.operation
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        subject = operation.make(self.rng.randint(1, MOST_JOBS), folder)
        result = error = None
        try:
            try:
                self.begin_trouble()
                result = operation.act(subject)
            finally:
                self.end_trouble()
        except BaseException as raised:
            error = raised
        self.judge(operation, subject, result, error)
        shutil.rmtree(folder, ignore_errors=True)
        if self.is_forked:
            os._exit(0)

    def begin_trouble(self):
        if self.trouble == "memory":
            self.has_memory.acquire()
            in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            limit = in_use + int(2 ** self.rng.uniform(12, 26))
            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        else:
            delay = self.rng.uniform(0, 1.2) * self.operation.seconds
            signal.setitimer(signal.ITIMER_REAL, max(delay, 1e-6))

    def end_trouble(self):
        if self.trouble == "memory":
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            self.has_memory.release()
        else:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def work_beside(self, operation, over):
        """The same operations again and again, in a thread that no signal comes to."""
        while not over.is_set():
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            subject = result = error = None
            try:
                subject = operation.make(MOST_JOBS, folder)
                result = operation.act(subject)
            except BaseException as raised:
                error = raised
            with self.has_memory:
                if subject is not None:
                    self.judge(operation, subject, result, error, broken_off=self.trouble == "memory")
                shutil.rmtree(folder, ignore_errors=True)

    def judge(self, operation, subject, result, error, broken_off=True):
        """Report whether it is all or nothing, with the right numbers."""
        state = operation.state(subject)
        if error is None:
            if state == operation.after and facts(result) == operation.result:
                return self.report(operation, "as after")
            if self.trouble == "Ctrl-C" and operation.is_fit and broken_off:
                problem = inconsistency(subject)
                return self.report(operation, "WRONG" if problem else "kept", problem)
            return self.report(operation, "WRONG", f"other numbers{difference(operation, state)}")
        if not broken_off or not isinstance(error, self.errors()):
            text = "".join(traceback.format_exception(error)[-6:])
            return self.report(operation, "WRONG", f"an unexpected error: {text}")
        if state not in (operation.before, operation.after):
            where = "".join(traceback.format_tb(error.__traceback__)[-3:])
            return self.report(operation, "WRONG", f"neither{difference(operation, state)}\n{where}")
        verdict = "as before" if state == operation.before else "as after"
        error = None  # which holds what the operation worked on
        if state == operation.before and operation.before != operation.after:
            again = facts(operation.act(subject))
            if again != operation.result or operation.state(subject) != operation.after:
                return self.report(operation, "WRONG", "other numbers when it was tried again")
        return self.report(operation, verdict, raised=True)

    def errors(self):
        """What may be raised."""
        if self.trouble == "fork":
            return RuntimeError if self.is_forked else ()
        return {"exception": Interrupted, "Ctrl-C": KeyboardInterrupt, "memory": MemoryError}[self.trouble]

    def report(self, operation, verdict, detail="", raised=False):
        line = json.dumps([operation.name, verdict, raised, detail[:2000]])
        os.write(self.pipe, f"{line}\n".encode())

    def look_for_leaks(self, n_descriptors):
        """Every thread but this one must be gruc's and idle; no descriptor or file may be new."""
        workers, deadline = gruc.threads.workers._workers, time.monotonic() + 10
        while time.monotonic() < deadline:  # threads that were late may still be on their way in or out
            n_threads = len(os.listdir("/proc/self/task"))
            if n_threads == 1 + len(workers) and all(worker.idle for worker in workers):
                break
            time.sleep(0.01)
        else:
            idle = sum(worker.idle for worker in workers)
            self.report(self.operation, "WRONG", f"{n_threads} threads, of which {idle} wait for work")
        n_more = len(os.listdir("/proc/self/fd")) - n_descriptors
        if n_more:
            self.report(self.operation, "WRONG", f"{n_more} file descriptors were left open")
        left = [str(path) for path in self.folder.rglob("*")]
        if left:
            self.report(self.operation, "WRONG", f"files were left over: {left}")


def difference(operation, state):
    """Which parts of a state are as before, as afterwards or neither, by name."""
    before, after = dict(parts(operation.before)), dict(parts(operation.after))
    found = {"before": [], "after": [], "neither": []}
    for name, value in parts(state):
        if before.get(name) != after.get(name) or value != before.get(name):
            at = "before" if value == before.get(name) else "after" if value == after.get(name) else "neither"
            found[at].append(name)
    return "".join(f"; {at}: {' '.join(names[:12])}" for at, names in found.items())


def parts(state, path=""):
    """Names and values of what a state consists of."""
    if isinstance(state, (dict, list)):
        for key, value in state.items() if isinstance(state, dict) else enumerate(state):
            yield from parts(value, f"{path}.{key}")
    elif isinstance(state, tuple) and len(state) == 2:
        yield from parts(state[1], f"{path}.{state[0]}")
    else:
        yield path, state


def inconsistency(model):
    """What is wrong with a model that Ctrl-C left half trained; empty if nothing is."""
    X = [np.ones((4, model.n_features_in_))]
    if not (model.predict(X) == pickle.loads(pickle.dumps(model)).predict(X)).all():
        return "a pickle predicts otherwise"
    if not model.n_iter_ == len(model.loss_curve_) == model._training_state.history.n_epochs:
        return f"n_iter_ is {model.n_iter_}, of a loss curve of {len(model.loss_curve_)}"
    return ""


# ---- episodes and their table


def watch(episode_of, operation):
    """Run an episode in a child process; its reports, and whether it hung or died."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.setpgid(0, 0)  # to end it with whatever it forked
        try:
            episode_of(writer).run()
        except BaseException:
            os.write(
                writer, (json.dumps([operation.name, "WRONG", False, traceback.format_exc()]) + "\n").encode()
            )
        os._exit(0)
    os.close(writer)
    received, deadline, hung = b"", time.monotonic() + EPISODE_SECONDS, False
    while True:
        if not select.select([reader], [], [], max(0, deadline - time.monotonic()))[0]:
            hung = True
            os.killpg(pid, signal.SIGKILL)
            break
        part = os.read(reader, 65536)
        if not part:
            break
        received += part
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    reports = [json.loads(line) for line in received.decode().splitlines()]
    if hung:
        reports.append([operation.name, "hung", False, f"nothing came for {EPISODE_SECONDS} s"])
    elif status:
        reports.append([operation.name, "died", False, f"status {status}"])
    return reports


def soak(seconds, seed):
    """Episodes until the time is over. Counts by (trouble, operation) and verdict, and what was wrong."""
    rng = random.Random(seed)
    counts = collections.defaultdict(collections.Counter)
    complaints = []
    with tempfile.TemporaryDirectory() as folder:
        known = operations(folder)
        rounds = [
            (trouble, op) for trouble in TROUBLES for op in known if not (trouble == "fork" and op.uses_files)
        ]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            trouble, operation = rng.choice(rounds)
            # forked while other threads run, a child may lack a lock of the C library: Python warns of it
            beside = rng.sample(known, 2) if trouble != "fork" and rng.random() < 0.3 else []
            episode_folder = Path(tempfile.mkdtemp(dir=folder))
            tempfile.tempdir = str(episode_folder)
            episode_of = functools.partial(
                Episode, operation, trouble, beside, random.Random(rng.random()), episode_folder
            )
            for name, verdict, raised, detail in watch(episode_of, operation):
                count = counts[trouble, name]
                count.update(
                    ["tries", verdict] if verdict in ("as before", "as after", "kept") else [verdict]
                )
                count.update(["raised"] if raised else [])
                if detail:
                    complaints.append(
                        f"{trouble}, {name} beside {[op.name for op in beside]}: {verdict}, {detail}"
                    )
    return counts, complaints


def table(counts):
    """The counts as text."""
    lines = [f"{'trouble':<10} {'operation':<14} " + " ".join(f"{verdict:>9}" for verdict in VERDICTS)]
    total = collections.Counter()
    for (trouble, name), count in sorted(counts.items(), key=lambda item: TROUBLES.index(item[0][0])):
        total.update(count)
        lines.append(f"{trouble:<10} {name:<14} " + " ".join(f"{count[verdict]:>9}" for verdict in VERDICTS))
    lines.append(f"{'all':<25} " + " ".join(f"{total[verdict]:>9}" for verdict in VERDICTS))
    return "\n".join(lines)


def main():
    """Soak, print the table, and return whether anything was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="of the random choices (default 0)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    # so that small batches are dealt to threads
    gruc.training.step.SHARD_OPERATIONS = gruc.runtime.chunks.OPERATIONS_PER_THREAD = 1e4
    gruc.runtime.chunks.OPERATIONS_PER_THREAD_IN_ARRAYS = 1e4
    started = time.monotonic()
    counts, complaints = soak(options.seconds, options.seed)
    print(table(counts))
    print(f"{time.monotonic() - started:.0f} s, seed {options.seed}")
    for complaint, times in collections.Counter(complaints).most_common(20):
        print(f"\n{times} times: {complaint}")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
