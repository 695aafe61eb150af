"""A saved classifier behind HTTP: whole sequences, and streams that come step by step.

    pip install fastapi uvicorn
    python examples/serve.py vowels.gruc

    GET    /health        what is served
    POST   /predict       {"sequences": [[[0.1, ...], ...], ...]} -> labels and probabilities
    POST   /streams       opens a stream -> its id
    POST   /streams/ID    {"steps": [[0.1, ...], ...]} -> probabilities of the sequence so far
    DELETE /streams/ID    closes it

Needs of gruc its runtime alone, so neither SciPy nor scikit-learn. Streams live in this process: run one.
"""

import argparse
import secrets
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from typing import Annotated, Any

import gruc.runtime
import numpy as np

try:
    import uvicorn
    from fastapi import FastAPI, HTTPException
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from pydantic import BaseModel, ConfigDict, FailFast, Field
    from starlette.datastructures import Headers
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install fastapi uvicorn") from None

MAX_BYTES = 4_000_000  # of a request
MAX_SEQUENCES = 10_000  # of a request
MAX_STREAMS = 1_000
IDLE_SECONDS = 600


# FailFast: of a request that is wrong all over, the first error is enough
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
    """Open streams by id: so many at once, and those nobody steps are closed after a while."""

    def __init__(self, predictor):
        self._predictor = predictor
        self._lock = threading.Lock()
        self._open = OrderedDict()  # id: (stream, its lock, when last used), the longest idle first

    def __len__(self):
        return len(self._open)

    def open(self):
        stream = self._predictor.stream()
        with self._lock:
            self._close_idle()
            if len(self._open) >= MAX_STREAMS:
                raise HTTPException(503, f"{MAX_STREAMS} streams are open; close one, or try later.")
            key = secrets.token_urlsafe(16)
            self._open[key] = stream, threading.Lock(), time.monotonic()
        return key

    def step(self, key, steps):
        with self._lock:
            self._close_idle()
            stream, alone, _ = self._taken(key)
            self._open[key] = stream, alone, time.monotonic()  # the last again
        with alone:  # a stream is for one thread at a time
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
        while self._open and time.monotonic() - next(iter(self._open.values()))[2] > IDLE_SECONDS:
            self._open.popitem(last=False)


class BodyLimit:
    """Refuses a large request before it is read."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if "transfer-encoding" in headers:
                refusal = JSONResponse({"detail": "Content-Length is missing."}, 411)
                return await refusal(scope, receive, send)
            if int(headers.get("content-length", 0)) > MAX_BYTES:
                refusal = JSONResponse({"detail": f"A request may have {MAX_BYTES} bytes."}, 413)
                return await refusal(scope, receive, send)
        await self.app(scope, receive, send)


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
    app.add_middleware(BodyLimit)
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
    def open_stream() -> dict[str, str]:
        with refusals():  # of bidirectional models
            return {"stream": streams.open()}

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
    predictor = gruc.runtime.load(given.model).with_n_jobs(1)  # a thread a request
    if predictor.classes is None or predictor.multilabel:
        parser.error(f"{given.model} is no classifier of one label.")
    uvicorn.run(create_app(predictor), host=given.host, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
