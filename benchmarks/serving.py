"""Requests per second of examples/serve.py, with gruc's runtime and with onnxruntime.

    pip install fastapi uvicorn onnx onnxruntime
    python benchmarks/serving.py > docs/benchmarks/serving.md

The service, the model and the validation of requests are the same. Each runs in its own server process on the
loopback interface; one client process sends requests to them alternately over persistent connections.
"""

import http.client
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import gruc.runtime
import numpy as np
from gruc.sequences import as_sequences
from side_by_side import HERE, processor, versions

sys.path.insert(0, str(HERE.parent / "examples"))

CONNECTIONS = 4
ROUNDS = 15
# sequences of a request: requests a round
KINDS = {1: 400, 32: 100}


class OnnxPredictor:
    """What the service asks of a `Predictor`, from the graph."""

    multilabel = False

    def __init__(self, path, classes):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a thread a request, as the service has it for gruc
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.classes = classes
        self.n_features_in = self.session.get_inputs()[0].shape[2]

    def predict_proba(self, X):
        if as_sequences(X).n_features != self.n_features_in:
            raise ValueError(f"X has not {self.n_features_in} features a step.")
        lengths = np.array([len(x) for x in X])
        padded = np.zeros((len(X), lengths.max(), self.n_features_in), np.float32)
        for row, x in zip(padded, X, strict=True):
            row[: len(x)] = x
        return self.session.run(["probabilities"], {"X": padded, "lengths": lengths})[0]


def serve(name, folder):
    """The service over `name`; prints its port."""
    import uvicorn
    from serve import create_app

    predictor = gruc.runtime.load(folder / "model.gruc").with_n_jobs(1)
    if name == "onnxruntime":
        predictor = OnnxPredictor(folder / "model.onnx", predictor.classes)
    # asyncio sends small packets at once over sockets that name their protocol only
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(create_app(predictor), log_level="error", timeout_keep_alive=600)
    uvicorn.Server(config).run(sockets=[listening])


def ask(connection, body):
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise SystemExit(f"{response.status}: {content}")
    return content


def requests_a_second(connections, bodies):
    """Of all bodies, shared out among the connections, a thread each."""
    shares = [bodies[i :: len(connections)] for i in range(len(connections))]

    def work(connection, share):
        for body in share:
            ask(connection, body)

    with ThreadPoolExecutor(len(connections)) as pool:
        start = time.perf_counter()
        list(pool.map(work, connections, shares))
        return len(bodies) / (time.perf_counter() - start)


def processor_seconds(process):
    """That a process has used so far (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def request_bodies(X, n_sequences, n_requests):
    rng = np.random.default_rng(0)
    for _ in range(n_requests):
        chosen = rng.integers(len(X), size=n_sequences)
        yield json.dumps({"sequences": [X[i].tolist() for i in chosen]}).encode()


def measure(processes, X):
    """{sequences of a request: {service: array (rounds, 2)}}: requests a second, processor ms of one."""
    ports = {name: int(process.stdout.readline()) for name, process in processes.items()}
    connections = {
        name: [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(CONNECTIONS)]
        for name, port in ports.items()
    }
    results = {}
    for n_sequences, n_requests in KINDS.items():
        bodies = list(request_bodies(X, n_sequences, n_requests))
        said = [json.loads(ask(own[0], bodies[0]))["probabilities"] for own in connections.values()]
        if np.abs(np.subtract(*said)).max() > 1e-5:
            raise SystemExit("the services differ")
        results[n_sequences] = {name: [] for name in processes}
        for turn in range(ROUNDS + 1):
            for name, process in processes.items():
                before = processor_seconds(process)
                rate = requests_a_second(connections[name], bodies)
                each = (processor_seconds(process) - before) / n_requests * 1e3
                if turn:  # the first warms up
                    results[n_sequences][name].append((rate, each))
    return results


def main():
    warnings.filterwarnings("ignore")
    X, y = gruc.datasets.load_japanese_vowels(return_X_y=True)
    X_test, _ = gruc.datasets.load_japanese_vowels(subset="test", return_X_y=True)
    model = gruc.GRUClassifier(random_state=0).fit(X, y)
    names = ["gruc", "onnxruntime"]
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.gruc")
        gruc.to_onnx(model, Path(folder) / "model.onnx")
        command = [sys.executable, __file__, "--serve"]
        processes = {
            name: subprocess.Popen([*command, name, folder], stdout=subprocess.PIPE) for name in names
        }
        try:
            results = measure(processes, X_test)
        finally:
            for process in processes.values():
                process.terminate()
                process.wait()
    print("# Requests per second\n")
    print(
        f"{processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, {date.today()}; "
        + ", ".join(f"{k} {v}" for k, v in versions("gruc", "onnxruntime", "fastapi", "uvicorn").items())
        + ".\n\nMade by benchmarks/serving.py: examples/serve.py with a model of 64 units and one "
        "thread per request; utterances of Japanese Vowels (7 to 29 steps of 12 features) as JSON over "
        f"{CONNECTIONS} connections of one client on the same machine, which shares its processors with the "
        f"server; medians of {ROUNDS} alternating rounds. The machine is shared: compare ratios.\n"
    )
    print("| sequences per request | library | requests per second | processor time of the server, ms |")
    print("|---|---|---|---|")
    for n_sequences, of_services in results.items():
        for name, values in of_services.items():
            rate, each = np.median(values, axis=0)
            print(f"| {n_sequences} | {name} | {rate:.0f} | {each:.2f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
