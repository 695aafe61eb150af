"""Serve a saved classifier over HTTP: whole sequences, and streams that arrive step by step.

    pip install fastapi uvicorn
    python examples/serve.py vowels.gruc

    GET    /health        describes the model
    POST   /predict       {"sequences": [[[0.1, ...], ...], ...]} -> labels and probabilities
    POST   /streams       opens a stream -> its id
    POST   /streams/ID    {"steps": [[0.1, ...], ...]} -> probabilities of the sequence so far
    DELETE /streams/ID    closes it

Only gruc's runtime is needed, neither SciPy nor scikit-learn. Streams are kept in this process: run only one.

The constants below limit what clients may request. Beyond them the response is 413 (the body is too large),
408 (it takes too long to arrive), 429 (one client has too many streams) or 503 (all clients together request
too much; Retry-After says when to try again). A client is identified by its address: all clients behind one
proxy count as one, unless the proxy sends X-Forwarded-For and uvicorn is configured to trust it.
"""

import argparse
import asyncio
import secrets
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import gruc.runtime
import numpy as np

try:
    import uvicorn
    from fastapi import FastAPI, HTTPException, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from pydantic import BaseModel, ConfigDict, FailFast, Field
    from starlette.datastructures import Headers
    from uvicorn.protocols.http.auto import AutoHTTPProtocol
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install fastapi uvicorn") from None

MAX_BYTES = 4_000_000  # of a request's body
MAX_BYTES_AT_ONCE = 8_000_000  # of all unanswered bodies; once parsed, a body may take 60 times its size
MAX_SEQUENCES = 10_000  # of a request
MAX_CONNECTIONS = 200
CLIENT_SECONDS = 10  # to receive the head of a request, and its body; up to twice that to send the response
MAX_STREAMS = 1_000
MAX_STREAMS_OF_A_CLIENT = 100
IDLE_SECONDS = 600  # after which an unused stream is closed


# FailFast: report only the first error of an invalid request
Step = Annotated[list[float], FailFast()]
Sequence = Annotated[list[Step], FailFast()]


class Sequences(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    sequences: Annotated[list[Sequence], FailFast(), Field(max_length=MAX_SEQUENCES)]


class Steps(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    steps: Sequence


class Predictions(BaseModel):
    labels: list[Any]
    probabilities: list[list[float]]


class SoFar(BaseModel):
    probabilities: list[float]


class Streams:
    """Open streams by id, limited in total and per client; idle streams are closed."""

    def __init__(self, predictor):
        self._predictor = predictor
        self._lock = threading.Lock()
        # id: (stream, lock, client, time of last use), least recently used first
        self._open = OrderedDict()

    def __len__(self):
        return len(self._open)

    def open(self, client):
        stream = self._predictor.stream()
        with self._lock:
            self._close_idle()
            if len(self._open) >= MAX_STREAMS:
                detail = f"{MAX_STREAMS} streams are open; close one, or try later."
                raise HTTPException(503, detail, {"Retry-After": "60"})
            if sum(client == other for _, _, other, _ in self._open.values()) >= MAX_STREAMS_OF_A_CLIENT:
                detail = f"You have {MAX_STREAMS_OF_A_CLIENT} streams open; close one, or try later."
                raise HTTPException(429, detail, {"Retry-After": "60"})
            key = secrets.token_urlsafe(16)
            self._open[key] = stream, threading.Lock(), client, time.monotonic()
        return key

    def step(self, key, steps):
        with self._lock:
            self._close_idle()
            stream, alone, client, _ = self._taken(key)
            self._open[key] = stream, alone, client, time.monotonic()  # now the most recently used
        with alone:  # a stream may be used by one thread at a time
            return stream.step(steps)

    def close(self, key):
        with self._lock:
            self._taken(key)

    def _taken(self, key):
        try:
            return self._open.pop(key)
        except KeyError:
            raise HTTPException(404, "There is no such stream, or no longer.") from None

    def _close_idle(self):
        while self._open and time.monotonic() - next(iter(self._open.values()))[-1] > IDLE_SECONDS:
            self._open.popitem(last=False)


class BodyLimits:
    """Receives bodies of limited size, in limited time, with a limited total of unanswered bytes."""

    def __init__(self, app):
        self.app = app
        self.n_bytes = 0  # of unanswered bodies

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        body = bytearray()
        try:
            answer = self.app
            try:
                await self._receive(body, Headers(scope=scope), receive)
            except HTTPException as error:
                answer = JSONResponse({"detail": error.detail}, error.status_code, error.headers)
            messages = [{"type": "http.request", "body": bytes(body)}]

            async def received():
                return messages.pop() if messages else await receive()

            await answer(scope, received, send)
        finally:
            self.n_bytes -= len(body)

    async def _receive(self, body, headers, receive):
        if "transfer-encoding" in headers:
            raise HTTPException(411, "Content-Length is missing.")
        if int(headers.get("content-length", 0)) > MAX_BYTES:
            raise HTTPException(413, f"A request may have {MAX_BYTES} bytes.")
        try:
            async with asyncio.timeout(CLIENT_SECONDS):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise HTTPException(400, "The client has gone.")
                    part, more = message.get("body", b""), message.get("more_body", False)
                    # count received bytes, not announced ones: a slow client must not block others
                    if self.n_bytes + len(part) > MAX_BYTES_AT_ONCE:
                        raise HTTPException(503, "Too much at once; try again.", {"Retry-After": "1"})
                    self.n_bytes += len(part)
                    body += part
        except TimeoutError:
            detail = f"The body did not arrive within {CLIENT_SECONDS} seconds."
            raise HTTPException(408, detail, {"Connection": "close"}) from None


class Connection(AutoHTTPProtocol):
    """Closes connections whose client is too slow in sending a request's head or receiving a response."""

    def connection_made(self, transport):
        super().connection_made(transport)
        self.timer = self.loop.call_later(CLIENT_SECONDS, self.look, None)

    def connection_lost(self, error):
        self.timer.cancel()
        super().connection_lost(error)

    def look(self, idle_since):
        idle = self.cycle is None or self.cycle.response_complete  # no request, or it is answered
        if idle and self.cycle is idle_since:
            self.transport.abort()
        else:
            self.timer = self.loop.call_later(CLIENT_SECONDS, self.look, self.cycle if idle else self)


class Server(uvicorn.Server):
    """Prints what is served, and where, once it is."""

    def __init__(self, config, what):
        super().__init__(config)
        self.what = what

    async def startup(self, sockets=None):
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            print(f"Serving {self.what} at http://{address}; Ctrl-C ends it", flush=True)


def as_array(steps):
    widths = {len(step) for step in steps}
    if len(widths) > 1:
        raise ValueError(f"Steps of one sequence have different numbers of features: {sorted(widths)}.")
    return np.array(steps)


@contextmanager
def refusals():
    """What gruc says of wrong data is for the client."""
    try:
        yield
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


def create_app(predictor):
    app = FastAPI(title="gruc")
    app.add_middleware(BodyLimits)
    streams = Streams(predictor)

    @app.exception_handler(RequestValidationError)
    def what_is_wrong(request, error):
        first = error.errors()[0]  # without what was sent, which may be large
        return JSONResponse({"detail": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}, 422)

    # Functions without async run in threads: the predictor may be called from many at once.

    @app.get("/health")
    def health():
        classes = predictor.classes.tolist()
        return {"classes": classes, "features": predictor.n_features_in, "streams": len(streams)}

    @app.post("/predict")
    def predict(given: Sequences) -> Predictions:
        with refusals():
            probabilities = predictor.predict_proba([as_array(x) for x in given.sequences])
        labels = predictor.classes[probabilities.argmax(axis=1)]
        return Predictions(labels=labels.tolist(), probabilities=probabilities.tolist())

    @app.post("/streams", status_code=201)
    def open_stream(request: Request) -> dict[str, str]:
        with refusals():  # of bidirectional models
            return {"stream": streams.open(request.client.host if request.client else "")}

    @app.post("/streams/{key}")
    def step(key: str, given: Steps) -> SoFar:
        with refusals():
            return SoFar(probabilities=streams.step(key, as_array(given.steps)).tolist())

    @app.delete("/streams/{key}", status_code=204)
    def close_stream(key: str) -> None:
        streams.close(key)

    return app


def main():
    parser = argparse.ArgumentParser(description="A saved classifier behind HTTP.")
    parser.add_argument("model", help="a file that save() wrote")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    try:
        predictor = gruc.runtime.load(given.model).with_n_jobs(1)  # a thread a request
    except (OSError, gruc.ModelFileError) as error:
        raise SystemExit(f"serve.py: {error}") from None
    if predictor.classes is None or predictor.multilabel:
        raise SystemExit(f"serve.py: {given.model} is no classifier of one label.")
    config = uvicorn.Config(
        create_app(predictor),
        host=given.host,
        port=given.port,
        http=Connection,
        limit_concurrency=MAX_CONNECTIONS,
        log_level="warning",
    )
    n_classes, n_features = len(predictor.classes), predictor.n_features_in
    with suppress(KeyboardInterrupt):
        Server(config, f"{given.model} ({n_classes} classes, {n_features} features)").run()


if __name__ == "__main__":
    main()
