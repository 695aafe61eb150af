"""examples/serve.py, in process: what it predicts, what it refuses, and its limits."""

import importlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import gruc.runtime
import numpy as np
import pytest
from gruc import GRUClassifier
from problems import vowels

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("httpx2")
from fastapi.testclient import TestClient

EXAMPLES = Path(__file__).parent.parent / "examples"

pytestmark = [
    pytest.mark.examples,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture
def serve(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    yield importlib.import_module("serve")
    sys.modules.pop("serve")


@pytest.fixture
def predictor(tmp_path):
    X, y = vowels()
    model = GRUClassifier((6,), frame_length=2, max_iter=2, random_state=0)
    model.fit(X, np.array(["ann", "bob", "c"])[y]).save(tmp_path / "model.gruc")
    return gruc.runtime.load(tmp_path / "model.gruc").with_n_jobs(1)


@pytest.fixture
def client(serve, predictor):
    with TestClient(serve.create_app(predictor)) as client:
        yield client


def opened(client):
    done = client.post("/streams")
    assert done.status_code == 201
    return f"/streams/{done.json()['stream']}"


def test_predictions(client, predictor):
    X, _ = vowels()
    done = client.post("/predict", json={"sequences": [x.tolist() for x in X]})
    assert done.status_code == 200
    assert done.json()["labels"] == predictor.predict(X).tolist()
    got = np.array(done.json()["probabilities"], "float32")
    assert np.array_equal(got, predictor.predict_proba(X))


def test_streams_predict_as_for_prefixes(client, predictor):
    X, _ = vowels()
    url = opened(client)
    for t, step in enumerate(X[0].tolist()):
        done = client.post(url, json={"steps": [step]})
        expected = predictor.predict_proba([X[0][: t + 1]])[0]
        assert np.array_equal(np.array(done.json()["probabilities"], "float32"), expected)
    other = opened(client)
    block = client.post(other, json={"steps": X[0].tolist()})
    assert block.json() == done.json()
    assert client.get("/health").json() == {"classes": ["ann", "bob", "c"], "features": 12, "streams": 2}
    assert client.delete(url).status_code == 204
    for method, settings in [("delete", {}), ("post", {"json": {"steps": [[0.0] * 12]}})]:
        done = getattr(client, method)(url, **settings)
        assert (done.status_code, done.json()["detail"]) == (404, "There is no such stream, or no longer.")


GOOD = [[0.5] * 12, [-0.5] * 12]


@pytest.mark.parametrize(
    "sequences, message",
    [
        ([], "X has no sequences"),
        ([GOOD, []], "X[1] is an empty sequence"),
        ([[[]]], "X[0] has no features"),
        ([[[0.5] * 11]], "X has 11 features per step, but the model was fitted with 12"),
        ([GOOD, [[0.5] * 11]], "X[1] has 11 features, but X[0] has 12"),
        ([[[0.5] * 12, [0.5] * 11]], "different numbers of features: [11, 12]"),
        ([GOOD, [[np.nan] * 12]], "X[1] contains NaN at step 0"),
        ([[[np.inf] * 12]], "X[0] contains infinity"),
        ([[[1e300] * 12]], "X contains values too large"),
        ([[["1"] * 12]], "body.sequences.0.0.0: Input should be a valid number"),
        ([0.5] * 12, "body.sequences.0: Input should be a valid list"),
        (np.nan, "body.sequences: Input should be a valid list"),
    ],
)
def test_sequences_that_are_refused(client, sequences, message):
    content = json.dumps({"sequences": sequences})
    done = client.post("/predict", content=content, headers={"Content-Type": "application/json"})
    assert done.status_code == 422
    assert message in done.json()["detail"]


@pytest.mark.parametrize("body", ["{", "", "[]", "{}", '{"sequences": [], "more": 1}', "[" * 10_000])
def test_bodies_that_are_refused(client, body):
    done = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert done.status_code in (400, 422)
    assert done.json()["detail"]


@pytest.mark.parametrize("steps", [[], [[]], [[0.5] * 11], [[0.5] * 12, [0.5] * 11], [[np.nan] * 12]])
def test_steps_that_are_refused_leave_the_stream_where_it_is(client, predictor, steps):
    url = opened(client)
    client.post(url, json={"steps": GOOD})
    content = json.dumps({"steps": steps})
    done = client.post(url, content=content, headers={"Content-Type": "application/json"})
    assert done.status_code == 422
    after = client.post(url, json={"steps": GOOD}).json()["probabilities"]
    assert np.array_equal(np.array(after, "float32"), predictor.predict_proba([np.array(GOOD * 2)])[0])


def test_large_requests_are_refused_before_they_are_read(client, serve, monkeypatch):
    monkeypatch.setattr(serve, "MAX_BYTES", 100)
    assert client.post("/predict", json={"sequences": [GOOD]}).status_code == 413
    assert client.post("/predict", content=iter([b"{}"])).status_code == 411


def test_bytes_at_once_are_bounded(serve, predictor, monkeypatch):
    """Bodies count until they are answered; then others have their place."""
    asked, go_on = threading.Event(), threading.Event()

    class Slow:
        classes, n_features_in = predictor.classes, predictor.n_features_in

        def predict_proba(self, X):
            asked.set()
            assert go_on.wait(30)
            return predictor.predict_proba(X)

    body = json.dumps({"sequences": [GOOD]})
    json_body = {"headers": {"Content-Type": "application/json"}}
    monkeypatch.setattr(serve, "MAX_BYTES_AT_ONCE", len(body))
    with TestClient(serve.create_app(Slow())) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/predict", content=body, **json_body)
        assert asked.wait(30)
        done = client.post("/predict", content=body, **json_body)
        assert (done.status_code, done.headers["retry-after"]) == (503, "1")
        assert done.json()["detail"] == "Too much at once; try again."
        assert client.get("/health").status_code == 200
        go_on.set()
        assert first.result().status_code == 200
        for _ in range(3):
            assert client.post("/predict", content=body, **json_body).status_code == 200
            assert client.post("/predict", content=body + " ", **json_body).status_code == 503


def test_streams_of_a_client_are_bounded(client, serve, monkeypatch):
    monkeypatch.setattr(serve, "MAX_STREAMS_OF_A_CLIENT", 2)
    first, _ = opened(client), opened(client)
    full = client.post("/streams")
    assert (full.status_code, full.headers["retry-after"]) == (429, "60")
    assert full.json()["detail"] == "You have 2 streams open; close one, or try later."
    another = TestClient(client.app, client=("192.0.2.7", 50000))
    assert another.post("/streams").status_code == 201
    assert client.post(first, json={"steps": GOOD}).status_code == 200
    client.delete(first)
    opened(client)


def test_streams_are_bounded_and_idle_ones_closed(client, serve, monkeypatch):
    now = 0.0
    monkeypatch.setattr(serve, "time", SimpleNamespace(monotonic=lambda: now))  # not asyncio's
    monkeypatch.setattr(serve, "MAX_STREAMS", 2)
    first, second = opened(client), opened(client)
    full = client.post("/streams")
    assert (full.status_code, full.json()["detail"]) == (503, "2 streams are open; close one, or try later.")
    now = serve.IDLE_SECONDS - 1.0
    assert client.post(first, json={"steps": GOOD}).status_code == 200
    now = serve.IDLE_SECONDS + 1.0  # the second has been idle for longer, the first not
    opened(client)
    assert client.post(second, json={"steps": GOOD}).status_code == 404
    assert client.post(first, json={"steps": GOOD}).status_code == 200


def test_bidirectional_models_have_no_streams(serve):
    X, y = vowels()
    model = GRUClassifier((6,), bidirectional=True, max_iter=2, random_state=0).fit(X, y)
    client = TestClient(serve.create_app(gruc.runtime.Predictor.from_estimator(model)))
    done = client.post("/streams")
    assert done.status_code == 422
    assert "bidirectional" in done.json()["detail"]


def test_many_at_once(client, predictor):
    """Predictions side by side, and a stream that several threads step: each step counts once."""
    X, _ = vowels()
    url = opened(client)

    def ask(i):
        client.post(url, json={"steps": GOOD[:1]})
        done = client.post("/predict", json={"sequences": [X[i % len(X)].tolist()]})
        return done.json()["probabilities"][0]

    with ThreadPoolExecutor(8) as pool:
        got = np.array(list(pool.map(ask, range(100))), "float32")
    assert np.array_equal(got, predictor.predict_proba([X[i % len(X)] for i in range(100)]))
    last = client.post(url, json={"steps": GOOD[:1]}).json()["probabilities"]
    assert np.array_equal(np.array(last, "float32"), predictor.predict_proba([np.array(GOOD[:1] * 101)])[0])


@pytest.fixture
def running(predictor, tmp_path):
    """Host and port of the program, which runs with half a second instead of ten for clients."""
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); import serve; serve.CLIENT_SECONDS = 0.5; serve.main()"
    command = [sys.executable, "-c", program, EXAMPLES, "model.gruc", "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **pipes) as process:
        try:
            line = process.stdout.readline()
            expected = (
                r"Serving model.gruc \(3 classes, 12 features\) at http://(127.0.0.1):(\d+); Ctrl-C ends it\n"
            )
            host, port = re.fullmatch(expected, line).groups()
            yield host, int(port)
        finally:
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
            try:
                _, errors = process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert errors == ""  # no warnings, no tracebacks


def until_closed(connection):
    """All that a server sends before it closes a connection."""
    connection.settimeout(20)
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def test_the_program(running):
    """What it prints once it is up; the documentation's command; slow clients; numbers that are too large."""
    page = (EXAMPLES.parent / "docs" / "notebook_to_microcontroller.md").read_text()
    (command,) = re.findall(r"^    (curl .*(?:\n    .*)*)$", page, re.MULTILINE)
    if shutil.which("curl") is not None:
        command = command.replace("localhost:8000", "{}:{}".format(*running))
        done = subprocess.run(["sh", "-c", command + " --silent"], capture_output=True, text=True, check=True)
        assert len(json.loads(done.stdout)["labels"]) == 1
    head = b"POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    body = json.dumps({"sequences": [[[1e308] * 12]]}).encode()
    with socket.create_connection(running) as no_head, socket.create_connection(running) as slow_body:
        no_head.sendall(head)
        slow_body.sendall(head + b"Content-Length: 100\r\n\r\n{")
        assert until_closed(no_head) == b""
        received = until_closed(slow_body)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"The body did not arrive within 0.5 seconds." in received
    with socket.create_connection(running) as in_time:
        in_time.sendall(head + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        received = until_closed(in_time)
    assert received.startswith(b"HTTP/1.1 422 ")
    assert b"X contains values too large" in received


def test_models_that_cannot_be_served(serve, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = vowels()
    gruc.GRURegressor((6,), max_iter=2, random_state=0).fit(X, y).save("regressor.gruc")
    Path("text.gruc").write_text("text")
    for name, message in [
        ("regressor.gruc", "regressor.gruc is no classifier of one label"),
        ("none.gruc", "No such file or directory: 'none.gruc'"),
        ("text.gruc", "text.gruc"),
    ]:
        monkeypatch.setattr(sys, "argv", ["serve.py", name])
        with pytest.raises(SystemExit) as ended:
            serve.main()
        assert str(ended.value).startswith("serve.py: ")
        assert message in str(ended.value)
        assert "\n" not in str(ended.value)


@pytest.mark.parametrize("item", ["0", "[]", '["a"]', '[["a"]]', "[[]]"])
def test_large_requests_that_are_wrong_all_over(client, item):
    """One error is returned, not a million, which would block other clients."""
    body = f'{{"sequences": [{",".join([item] * (3_900_000 // (len(item) + 1)))}]}}'
    start = time.process_time()
    done = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert done.status_code == 422
    assert len(done.content) < 300
    assert time.process_time() - start < 5
