"""Coverage-guided fuzzing (atheris, libFuzzer) of what reads bytes from outside.

    make fuzz SECONDS=600                                # all targets, in turns
    .venv/fuzz/bin/python tools/fuzz/fuzz.py --only load --seconds 60
    .venv/fuzz/bin/python tools/fuzz/fuzz.py --reproduce .venv/fuzz/failures/load-0123456789

Targets: `load` and `runtime` (gruc.load and gruc.runtime.load of bytes), `structure` (model files whose
description and tensors are changed but well-formed; both loads must agree), `csv` (the command line's
CSV) and `stream` (Stream.restore). Seeds are generated. A failure is a crash, another exception than
is documented, an input that takes longer than a second or more than 300 MB: its input is written to
.venv/fuzz/failures, and the exit code is 1.
"""

import argparse
import copy
import hashlib
import io
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
import traceback
import warnings
from pathlib import Path

HERE = Path(__file__).resolve()
FOLDER = HERE.parents[2] / ".venv" / "fuzz"
SECONDS_EACH, MEGABYTES_EACH = 1.0, 300


def models():
    """Estimators that read sequences of numbers with one network."""
    import gruc
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 6, 2))
    y, small = np.arange(12) % 3, dict(max_iter=1, random_state=0)
    warnings.simplefilter("ignore")  # one epoch does not converge
    return [
        gruc.GRUClassifier((3,), **small).fit(X, np.array(["a", "b", "c"])[y]),
        gruc.GRUClassifier((2, 3), bidirectional=True, pooling="attention", **small).fit(X, y > 0),
        gruc.GRUClassifier((2,), class_weight={0: 1.0, 1: 2.0, 2: 1}, dtype="float64", **small).fit(X, y),
        gruc.GRURegressor((3,), loss="quantile", quantile=[0.1, 0.9], pooling="mean", **small).fit(X, y),
        gruc.GRURegressor((3,), loss="poisson", pooling="max", **small).fit(X[:, :, 0], y),
        gruc.GRUTagger((3,), bidirectional=True, **small).fit(X, np.tile(["a", "b", "c"], (12, 2))),
        gruc.GRUStepRegressor((3,), loss="quantile", quantile=[0.1, 0.9], **small).fit(X, X[:, :, 0]),
    ]


def other_models():
    """Models of the other files: convolutions, several networks, tokens, texts, series, pipelines."""
    import gruc
    import numpy as np
    from gruc.preprocessing import SequenceScaler, TextSequencer
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(0)
    X, y, small = rng.standard_normal((12, 9, 2)), np.arange(12) % 2, dict(max_iter=1, random_state=0)
    sizes = {"hidden_layer_sizes": (3,), "embedding_dim": 3}
    convolutions = dict(conv_channels=(2, 3), conv_kernel_size=3, conv_pool=2, pooling=("mean", "conv_max"))
    texts, words, numbers = ["a b", "b c"] * 6, [["a", "b"], ["c"]] * 6, [[1, 2], [0]] * 6
    series = np.sin(np.arange(40.0))  # without times, whose steps pandas alone understands
    return [
        gruc.GRUClassifier((3,), **convolutions, **small).fit(X, y),
        gruc.GRUClassifier((3,), n_estimators=2, cell="fio", **small).fit(X, y),
        gruc.GRUClassifier(**sizes, **small).fit(numbers, y),
        gruc.GRULanguageModel(**sizes, **small).fit(texts),
        gruc.GRULanguageModel(**sizes, n_negatives=2, **small).fit(words),
        gruc.GRULanguageModel(**sizes, tie_weights=True, **small).fit(numbers),
        gruc.GRUSeq2Seq(**sizes, **small).fit(texts, words),
        gruc.GRUSeq2Seq(**sizes, attention="additive", **small).fit(numbers, texts),
        gruc.GRUForecaster((3,), horizon=2, **small).fit(series),
        gruc.GRUForecaster((3,), horizon=2, strategy="decoder", **small).fit([series, series]),
        make_pipeline(TextSequencer(add_start=True), gruc.GRUClassifier(**sizes, **small)).fit(texts, y),
        make_pipeline(SequenceScaler(), gruc.GRURegressor((3,), **small)).fit(X, y),
    ]


def without_checksum(content):
    """A file as an old version wrote it, so that changed ones are read further."""
    n = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + n])
    header["__metadata__"].pop("crc32")
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + n :]


def files_of_models():
    """The bytes of small model files."""
    import gruc

    contents = []
    for model in models() + other_models():
        file = io.BytesIO()
        gruc.save(model, file)
        contents += [file.getvalue(), without_checksum(file.getvalue())]
    return contents


class Files:
    """Bytes as a model file: a model that predicts, or ModelFileError."""

    def __init__(self, of_runtime):
        import gruc
        import numpy as np

        self.gruc, self.np = gruc, np
        self.load = gruc.runtime.load if of_runtime else gruc.load
        self.seeds = files_of_models()

    def run(self, data):
        try:
            model = self.load(data)
        except self.gruc.ModelFileError as error:
            if len(str(error)) > 2000:
                raise RuntimeError("an error of great length") from None
            return None
        try:
            with self.np.errstate(all="ignore"):
                return self.predicted(model)
        except ValueError as error:  # a scale that is a number, but not the model's
            if "too large to compute with" not in str(error):
                raise

    def predicted(self, model):
        """What a model predicts for an input that it reads."""
        zeros = self.np.zeros
        match type(model).__name__:
            case "GRULanguageModel" | "LanguagePredictor":
                return model.sample(3, random_state=0)
            case "GRUForecaster" | "ForecastPredictor":
                return model.predict()
            case "GRUSeq2Seq" | "Translator":
                translator = getattr(model, "_predictor", model)
                translator.max_target_length = min(translator.max_target_length, 50)
                encoder = getattr(translator.source, "encoder", None)
                of_str = ["a"] if encoder is not None and encoder.analyzer.analyzer is None else "a b"
                return model.predict([[0] if encoder is None else of_str])
            case "Pipeline":
                last, reads_texts = model[-1]._predictor, "textsequencer" in model.named_steps
            case "PipelinePredictor":
                last, reads_texts = model.predictor, model.reads_texts
            case _:
                last, reads_texts = getattr(model, "_predictor", model), False
        if reads_texts:
            return model.predict(["a b"])
        reads_tokens = hasattr(last.inputs, "n_tokens")
        return model.predict([zeros(3, int) if reads_tokens else zeros((3, last.n_features_in))] * 2)


class Structure(Files):
    """Changed descriptions and tensors in a container that is right, by a seed in `data`."""

    VALUES = [
        None, True, False, 0, -1, 1, 2, 3, 2**31, 10**30, 0.5, -0.0, 1e300, "", "a", "last", "<U9", "|O",
        [], {}, [1], [[]], {"float": "inf"}, {"tuple": [1]}, {"dict": [[1, 2]]}, {"dict": [[[], 1]]},
        ["a"] * 1000, "x" * 100_000,
    ]  # fmt: skip

    def __init__(self):
        super().__init__(of_runtime=True)
        self.contents = self.seeds
        self.seeds = [bytes([i]) * 8 for i in range(40)]

    def changed(self, data):
        rng = random.Random(data)
        content = rng.choice(self.contents)
        n = int.from_bytes(content[:8], "little")
        header, tensors = json.loads(content[8 : 8 + n]), content[8 + n :]
        description = json.loads(header["__metadata__"]["gruc"])
        for _ in range(rng.randint(1, 4)):
            target = description if rng.random() < 0.8 else header
            while True:  # down to a place by chance
                keys = list(target) if isinstance(target, dict) else list(range(len(target)))
                if not keys:
                    break
                key = rng.choice(keys)
                if isinstance(target[key], (dict, list)) and rng.random() < 0.8:
                    target = target[key]
                    continue
                kind = rng.random()
                if kind < 0.6:
                    target[key] = copy.deepcopy(rng.choice(self.VALUES))
                elif kind < 0.8:
                    del target[key]
                elif isinstance(target, dict):
                    target[rng.choice(["more", "x" * 1000, str(key)])] = copy.deepcopy(target[key])
                else:
                    target.append(copy.deepcopy(target[key]))
                break
        metadata = header.get("__metadata__")
        if isinstance(metadata, dict) and "gruc" in metadata:
            metadata["gruc"] = json.dumps(description)
            metadata.pop("crc32", None)
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + tensors

    def run(self, data):
        content = self.changed(data)
        predicted = super().run(content)
        try:
            estimator = self.gruc.load(content)
        except self.gruc.ModelFileError as error:
            # what only an estimator has: parameters, whose values scikit-learn checks, and transformers
            theirs = ("parameter", "embedding_weights", ", step '", ", source", ", target", "sequencer")
            if predicted is not None and not any(part in str(error) for part in theirs):
                raise RuntimeError(f"only gruc.load refuses it: {error}") from None
        else:
            assert type(estimator).__name__ in (
                "GRUClassifier", "GRURegressor", "GRUTagger", "GRUStepRegressor", "GRULanguageModel",
                "GRUSeq2Seq", "GRUForecaster", "Pipeline",
            )  # fmt: skip


class Csv:
    """CSV of the command line: exit code 0 or 1, never an exception."""

    def __init__(self):
        from gruc import __main__

        self.main = __main__.main
        self.folder = FOLDER / "csv"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model = self.folder / "m.gruc"
        models()[0].save(self.model)
        self.seeds = [
            b"sequence,step,a,b\ns,0,1,2\ns,1,3,4\nt,0,5,6\n",
            b'\xef\xbb\xbfsequence;step;a;b\n"x;y";2020-01-01T00:00:00Z;1,5;2\n',
            b"id\ttime\tp\tq\n=1\t1\t1e308\tnan\n",
            b'sequence,step,b,a\r\n"a\nb",1,1,-inf\r\n',
        ]

    def run(self, data):
        file = self.folder / "d.csv"
        file.write_bytes(data)
        options = [[], ["--separator", ";", "--decimal", ","], ["--separator", "tab", "--sequence", "id"]]
        given = options[len(data) % 3] + (["--step", "time"] if len(data) % 3 == 2 else [])
        kept = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        try:
            assert self.main(["predict", str(self.model), str(file), *given]) in (0, 1)
        finally:
            sys.stdout, sys.stderr = kept


class Streams:
    """Snapshots: a ValueError and the stream as it was, or a stream that goes on with finite numbers."""

    def __init__(self):
        import gruc
        import numpy as np

        self.np = np
        self.streams = [
            gruc.runtime.Predictor.from_estimator(model).stream(2)
            for model in models()
            if not model.bidirectional
        ]
        self.seeds = []
        for which, stream in enumerate(self.streams):
            stream.step(np.ones((2, 3, stream._predictor.n_features_in)))
            snapshot = stream.snapshot()
            self.seeds.append(bytes([which]) + snapshot["steps"] + snapshot["numbers"])

    def run(self, data):
        stream = self.streams[data[0] % len(self.streams) if data else 0]
        before = stream.snapshot()
        given = {"model": before["model"], "steps": data[1:17], "numbers": data[17:]}
        try:
            stream.restore(given)
        except ValueError:
            assert stream.snapshot() == before, "a refused snapshot changed the stream"
            return
        for _ in range(2):
            told = stream.step(self.np.ones((2, 1, stream._predictor.n_features_in)))
        assert not self.np.isnan(told).any(), "NaN after a snapshot that was taken"


TARGETS = {
    "load": lambda: Files(of_runtime=False),
    "runtime": lambda: Files(of_runtime=True),
    "structure": Structure,
    "csv": Csv,
    "stream": Streams,
}


def keep(name, data, why):
    """Write a failure's input and what happened."""
    folder = FOLDER / "failures"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{name}-{hashlib.sha256(data).hexdigest()[:10]}"
    place.write_bytes(data)
    command = f"{sys.executable} {HERE} --reproduce {place}"
    place.with_suffix(".txt").write_text(f"{why}\nreproduce: {command}\n")
    print(f"FAILURE {place}: {why.strip().splitlines()[-1]}", flush=True)


def fuzz(name, seconds):
    """Fuzz one target in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["gruc", "json", "csv"]):
        import gruc
        import gruc.__main__
        import gruc.command_line.predict
        import gruc.deploy
        import gruc.runtime  # noqa: F401

        target = TARGETS[name]()
    corpus = FOLDER / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(target.seeds):
        (corpus / f"seed-{i}").write_bytes(seed)
        target.run(seed)
    seen, n, counted = set(), 0, 0.0

    def one(data):
        nonlocal n, counted
        n += 1
        if time.monotonic() > counted + 0.5:  # libFuzzer ends the process without a last word
            counted = time.monotonic()
            (FOLDER / f"{name}.count").write_text(str(n))
        memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        why = None
        try:
            target.run(data)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            kind = type(error).__name__, frame.filename, frame.lineno
            if kind in seen:
                return
            seen.add(kind)
            why = traceback.format_exc()
        took = time.process_time() - started
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        if why is None and took > SECONDS_EACH and "slow" not in seen:
            seen.add("slow")
            why = f"it took {took:.1f} s"
        if why is None and grown > MEGABYTES_EACH:
            why = f"it took {grown:.0f} MB"
        if why is not None:
            keep(name, data, why)

    atheris.Setup(
        [
            sys.argv[0], f"-max_total_time={seconds}", "-max_len=20000", "-verbosity=0", "-timeout=20",
            "-rss_limit_mb=2048", f"-artifact_prefix={FOLDER}/failures/{name}-crash-", str(corpus),
        ],
        one,
    )  # fmt: skip
    atheris.Fuzz()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--only", choices=TARGETS)
    parser.add_argument("--reproduce", type=Path, metavar="FILE")
    parser.add_argument("--one", choices=TARGETS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reproduce:
        started = time.perf_counter()
        TARGETS[given.reproduce.name.split("-")[0]]().run(given.reproduce.read_bytes())
        print(f"no failure; {time.perf_counter() - started:.2f} s, making the target included")
        return 0
    if given.one:
        fuzz(given.one, given.seconds)
        return 0
    names, failures = [given.only] if given.only else list(TARGETS), FOLDER / "failures"
    shutil.rmtree(failures, ignore_errors=True)
    failures.mkdir(parents=True)
    for name in names:
        each = max(1, given.seconds // len(names))
        (FOLDER / f"{name}.count").unlink(missing_ok=True)
        command = [sys.executable, str(HERE), "--one", name, "--seconds", str(each)]
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        count = FOLDER / f"{name}.count"
        n = count.read_text() if count.exists() else "no"
        print(f"{name}: {n} inputs in {each} s, exit code {done.returncode}", flush=True)
        print(done.stdout, end="")
        if done.returncode:  # libFuzzer found a crash, a hang or no memory, or did not begin
            (failures / f"{name}-log.txt").write_text(done.stdout + done.stderr)
            print("\n".join(done.stderr.splitlines()[-15:]))
    found = sorted(path.name for path in failures.iterdir())
    print(f"failures in {failures}: {', '.join(found)}" if found else "no failures")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
