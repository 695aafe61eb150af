"""What the programs in this directory share: machine, clock, peak performance, alternating calls.

A program measures gruc and one other library in one process, in alternating calls, and prints one line of
JSON per problem; speed.py runs it once for each library and number of threads.
"""

import argparse
import ctypes
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def arguments(peers):
    """Peer and number of threads of this process, from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=peers)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="about so long for each problem")
    parser.add_argument(
        "--processor-time",
        dest="clock",
        action="store_const",
        const=time.process_time,
        default=time.perf_counter,
        help="measure the time of the processor, where other programs run beside",
    )
    return parser.parse_args()


def take_turns(calls, seconds, at_least=5, at_most=2000, clock=time.perf_counter):
    """Seconds a call, an array for each of `calls`, which are called one after the other."""
    for call in calls:  # compilation, memory, caches
        for _ in range(3):
            call()
    times = [[] for _ in calls]
    end = time.perf_counter() + seconds
    while len(times[0]) < at_least or (time.perf_counter() < end and len(times[0]) < at_most):
        for call, taken in zip(calls, times, strict=True):
            start = clock()
            call()
            taken.append(clock() - start)
    return [np.array(taken) for taken in times]


class Peak:
    """When called, makes `flops` float32 operations by FMA as fast as one core can."""

    def __init__(self, n=100_000):
        folder = tempfile.mkdtemp()
        library = Path(folder) / "fma_peak.so"
        command = [os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", HERE / "fma_peak.c", "-o", library]
        subprocess.run(command, check=True)
        library = ctypes.CDLL(str(library))
        library.fma_flops.restype = ctypes.c_double
        self._call, self._n = library.fma_peak, ctypes.c_long(n)
        self.flops = library.fma_flops(self._n)

    def __call__(self):
        self._call(self._n)


def report(**fields):
    """One line of JSON on stdout."""
    print(json.dumps(fields), flush=True)


def milliseconds(times):
    """Median of times in ms."""
    return float(np.median(times) * 1e3)


def processor():
    """Name of the processor, with family and model where the name says little."""
    if sys.platform != "linux":
        return platform.processor() or platform.machine()
    fields = dict(
        line.split(":", 1)
        for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].replace("\t", "").splitlines()
    )
    name = fields.get("model name", platform.machine()).strip()
    where = [f"{key} {fields[key].strip()}" for key in ("cpu family", "model") if key in fields]
    return f"{name} ({', '.join(where)})"


def commit():
    """The commit of these sources, and its date."""
    command = ["git", "-C", HERE, "log", "-1", "--format=%h, %cs"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "no commit"


def versions(*names):
    """Dict of installed versions."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
