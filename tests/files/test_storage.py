"""Weights of model files in fewer bits: what they become, all estimators, damaged files."""

import io
import json
import subprocess
import sys

import gruc
import numpy as np
import pytest
from gruc import ModelFileError
from gruc.files import model_file
from gruc.files.storage import STORAGES, Stored, is_matrix
from gruc.preprocessing import TextSequencer
from hypothesis import given
from hypothesis import strategies as st
from problems import vowels
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
FAST = dict(hidden_layer_sizes=(12,), max_iter=2, random_state=0)
ROUNDED = {"float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
WAVE = 100 + 10 * np.sin(2 * np.pi * np.arange(120) / 12) + RNG.standard_normal(120)
NAMES = [
    "classifier", "regressor", "float64", "tagger", "words", "language", "translator", "forecaster", "pipeline",
]  # fmt: skip
TEXTS = ["abab", "ba", "bbaab", "a"] * 8


def of_vowels(kind, **settings):
    X, y = vowels()
    return kind(**FAST | settings).fit(X, y), X


def models():
    """Name -> (fitted model, what it is asked)."""
    X, y = vowels()
    table = RNG.standard_normal((5, 9)).astype("float32")
    tokens = [RNG.integers(0, 5, 7) for _ in range(12)]
    words = gruc.GRUClassifier(**FAST, embedding_dim=9, n_tokens=5, embedding_weights=table)
    language = gruc.GRULanguageModel(**FAST, embedding_dim=12, tie_weights=True).fit("hello world " * 20)
    translator = gruc.GRUSeq2Seq(**FAST, embedding_dim=8).fit(TEXTS, [text[::-1] for text in TEXTS])
    forecaster = gruc.GRUForecaster(**FAST, season_length=12, horizon=6).fit(WAVE)
    pipeline = make_pipeline(TextSequencer(analyzer="char"), gruc.GRUClassifier(**FAST, embedding_dim=9))
    steps = [np.arange(len(x)) % 2 for x in X]
    return {
        "classifier": of_vowels(gruc.GRUClassifier, bidirectional=True, pooling=("last", "attention")),
        "regressor": of_vowels(gruc.GRURegressor, reset_after=False, conv_channels=(7,), frame_length=1),
        "float64": of_vowels(gruc.GRURegressor, dtype="float64"),
        "tagger": (gruc.GRUTagger(**FAST).fit(X, steps), X),
        "words": (words.fit(tokens, np.arange(12) % 3), tokens),
        "language": (language, "hello"),
        "translator": (translator, TEXTS[:4]),
        "forecaster": (forecaster, range(1, 9)),
        "pipeline": (pipeline.fit(TEXTS, [len(text) > 2 for text in TEXTS]), TEXTS),
    }


def answers(model, X):
    """What an estimator or a predictor says, as numbers where there are any."""
    if hasattr(model, "bits_per_character"):
        return model.score(X)
    classifies = getattr(model, "classes", None) is not None or hasattr(model, "classes_")
    found = model.predict_proba(X) if classifies else model.predict(X)
    ragged = isinstance(found, list) or found.dtype == object
    return np.concatenate([np.ravel(part) for part in found]) if ragged and len(found) > 1 else found


def matrices(model):
    """Weights that files store, by name."""
    model = model[-1] if hasattr(model, "steps") else model
    return {name: array for name, array in model.weights_.items() if is_matrix(name, array)}


@pytest.fixture(scope="module")
def fitted():
    return models()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weights", STORAGES)
def test_every_estimator(fitted, name, weights, tmp_path):
    model, X = fitted[name]
    plain, path, again = (tmp_path / part for part in ("plain", "narrow", "again"))
    gruc.save(model, plain)
    gruc.save(model, path, weights=weights)
    dtype = "float64" if name == "float64" else "float32"
    if weights == dtype:
        assert path.read_bytes() == plain.read_bytes()
    else:
        n_weights = sum(matrix.size for matrix in matrices(model).values())
        saved = n_weights * (np.dtype(dtype).itemsize - {"float32": 4, "int8": 1}.get(weights, 2))
        assert plain.stat().st_size - path.stat().st_size > 0.6 * saved  # less scales and names of these
    loaded, predictor = gruc.load(path), gruc.runtime.load(path)
    for matrix, before in zip(matrices(loaded).values(), matrices(model).values(), strict=True):
        assert matrix.dtype == dtype
        exact = before.astype(np.float64)
        if weights == "int8":
            step = np.abs(exact).reshape(len(exact), -1).max(axis=1) / 127
            bound = (0.5001 * step).reshape(-1, *[1] * (exact.ndim - 1))
        else:
            bound = ROUNDED[weights] * np.abs(exact) + (2.0**-25 if weights == "float16" else 0)
        assert (np.abs(matrix - exact) <= bound).all()
    for array, before in zip(_others(loaded), _others(model), strict=True):
        assert array.tolist() == before.tolist()
    said = np.asarray(answers(loaded, X))
    assert np.array_equal(said, np.asarray(answers(predictor, X)))
    gruc.save(loaded, again, weights=weights)  # nothing more is lost
    assert again.read_bytes() == path.read_bytes()


def _others(model):
    model = model[-1] if hasattr(model, "steps") else model
    return [array for name, array in model.weights_.items() if not is_matrix(name, array)]


@pytest.mark.parametrize("weights", STORAGES)
def test_streams_are_those_of_the_stored_weights(fitted, weights):
    for name in ("float64", "tagger", "words"):
        model, X = fitted[name]
        file = io.BytesIO()
        model.save(file, weights)
        predictor = gruc.runtime.load(file.getvalue())
        x = X[0]
        predict, stream = (
            predictor.predict if name == "float64" else predictor.predict_proba,
            predictor.stream(),
        )
        for t in range(len(x)):
            told = predict([x[: t + 1]])[0]
            assert np.array_equal(stream.step(x[t]), told[-1] if name == "tagger" else told)


@pytest.mark.parametrize("weights", STORAGES[1:])
def test_streams_of_forecasts_are_those_of_the_stored_weights(fitted, weights):
    predictor = gruc.runtime.load(_bytes(fitted["forecaster"][0], weights))
    stream = predictor.stream()
    for value in WAVE[:5]:
        assert stream.step(value).tolist() == predictor.update([value]).predict().tolist()


def test_rounding_by_hand():
    matrix = np.array([[1.0, -0.25, 0.26], [0, 0, 0], [254, -2, 1], [1e-40, 0, 0]], np.float32)
    kept = Stored.of(matrix, "int8", "m")
    assert kept.values.tolist() == [[127, -32, 33], [0, 0, 0], [127, -1, 0], [0, 0, 0]]
    assert kept.scale[1:].tolist() == [0, 2, 0]
    assert kept.scale[0] == pytest.approx(1 / 127, rel=2.0**-16)
    bits = Stored.of(np.array([[1.0, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 3.4e38, -(2.0**-130)]]), "bfloat16", "m")
    assert [f"{each:04x}" for each in bits.values[0]] == ["3f80", "3f80", "3f82", "7f7f", "8008"]
    assert bits.expanded("float64")[0, 2] == 1 + 2.0**-6
    with pytest.raises(ValueError, match="m contains 70000, above 65504, the largest number of float16"):
        Stored.of(np.array([[7e4]]), "float16", "m")


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=40))
def test_rounding_twice_is_rounding_once(numbers):
    matrix = np.array(numbers, np.float32)[np.newaxis]
    for storage in ("int8", "bfloat16"):
        once = Stored.of(matrix, storage, "m")
        twice = Stored.of(once.expanded(np.float32), storage, "m")
        assert np.array_equal(once.values, twice.values)
        if storage == "int8":
            assert np.array_equal(once.scale, twice.scale)
            exact = once.values.astype(np.float64) * once.scale.astype(np.float64)[:, np.newaxis]
            assert np.array_equal(once.expanded(np.float32), exact)  # no product is rounded


def test_what_is_refused(fitted, path):
    model, _ = fitted["classifier"]
    for weights in ("float8", "", 8, True):
        for save in (model.save, lambda *arguments: gruc.save(model, *arguments)):
            with pytest.raises(ValueError, match="weights must be one of None, 'float32', .* 'int8'; got"):
                save(path, weights)
    assert not path.exists()
    pipeline, _ = fitted["pipeline"]
    with pytest.raises(ValueError, match="weights must be one of"):
        gruc.save(pipeline, path, "float8")
    large = gruc.load(_bytes(model))
    large._predictor.parameters[0] = 1e5
    with pytest.raises(ValueError, match="gru.weight_ih_l0 contains 100000, above 65504"):
        large.save(path, "float16")
    assert not path.exists()


def _bytes(model, weights=None):
    file = io.BytesIO()
    model.save(file, weights)
    return file.getvalue()


def _parts(content):
    n = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + n]), content[8 + n :]


def _whole(header, data):
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(8, "little") + encoded + data


def test_readers_of_the_first_format_say_what_to_do(fitted, monkeypatch):
    content = _bytes(fitted["classifier"][0], "int8")
    monkeypatch.setattr(model_file, "FORMAT", 1)
    with pytest.raises(ModelFileError, match="has format 2, .* reads formats up to 1; update gruc"):
        gruc.runtime.load(content)


@pytest.mark.parametrize(
    "weights, change, message",
    [
        ("int8", lambda h, d: h.pop("gru.weight_hh_l0.scale"), "its tensors are not contiguous"),
        ("int8", lambda h, d: h.update(other=h.pop("gru.weight_hh_l0.scale")), "weight_hh_l0 has no scales"),
        ("int8", lambda h, d: h["head.weight.scale"].update(dtype="F64"), "does not match its shape"),
        ("int8", lambda h, d: d["weights"].update(stored="float16"), "neither float32 nor float64"),
        ("int8", lambda h, d: d.update(weights={"stored": "int8"}), "how its weights are stored"),
        ("int8", lambda h, d: d["weights"].update(stored="int4"), "how its weights are stored"),
        ("int8", lambda h, d: d["weights"].update(read="int8"), "how its weights are stored"),
        ("int8", lambda h, d: d["weights"].update(more=1), "how its weights are stored"),
        ("int8", lambda h, d: d.pop("weights"), "how its weights are stored"),
        ("int8", lambda h, d: d.update(format=1), "neither float32 nor float64"),
        ("int8", lambda h, d: d["weights"].update(read="float64"), "expected .* of float64"),
        ("float16", lambda h, d: d["weights"].update(stored="float32", read="float64"), "neither float32"),
        ("float16", lambda h, d: d["weights"].update(stored="bfloat16"), "neither float32 nor float64"),
        ("bfloat16", lambda h, d: h["head.weight"].update(dtype="F16"), "neither float32 nor float64"),
    ],
)  # fmt: skip
def test_descriptions_that_are_refused(fitted, path, weights, change, message):
    header, data = _parts(_bytes(fitted["classifier"][0], weights))
    description = json.loads(header["__metadata__"]["gruc"])
    change(header, description)
    header["__metadata__"] = {"gruc": json.dumps(description)}
    path.write_bytes(_whole(header, data))
    for load in (gruc.load, gruc.runtime.load):
        with pytest.raises(ModelFileError, match=message):
            load(path)


@pytest.mark.parametrize(
    "weights, name, number, message",
    [
        ("int8", "head.weight.scale", b"\0\0\x80\xbf", "head.weight has no scales"),
        (
            "int8",
            "head.weight.scale",
            b"\0\0\xc0\x7f",
            "head.weight.scale contains values that are not finite",
        ),
        ("float16", "head.weight", b"\0\x7c", "head.weight contains values that are not finite"),
        ("bfloat16", "head.weight", b"\x80\x7f", "head.weight contains values that are not finite"),
        ("bfloat16", "head.weight", b"\x81\x7f", "head.weight contains values that are not finite"),
    ],
)
def test_numbers_that_are_refused(fitted, weights, name, number, message):
    header, data = _parts(_bytes(fitted["classifier"][0], weights))
    header["__metadata__"] = {"gruc": header["__metadata__"]["gruc"]}
    begin = header[name]["data_offsets"][0]
    data = data[:begin] + number + data[begin + len(number) :]
    with pytest.raises(ModelFileError, match=message):
        gruc.runtime.load(_whole(header, data))


@pytest.mark.parametrize("weights", STORAGES[1:])
def test_flipped_bits_and_ends(fitted, weights):
    content = _bytes(fitted["words"][0], weights)
    rng = np.random.default_rng(0)
    for place in rng.choice(len(content), 300, replace=False):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        with pytest.raises(ModelFileError):
            gruc.runtime.load(bytes(damaged))
    for end in rng.choice(len(content), 50, replace=False):
        with pytest.raises(ModelFileError):
            gruc.runtime.load(content[:end])


def test_by_numpy_alone_and_by_safetensors(fitted, path):
    model, X = fitted["float64"]
    model.save(path, "int8")
    code = f"""if True:
        import sys, gruc.runtime, numpy as np
        predictor = gruc.runtime.load({str(path)!r})
        print(predictor.predict([np.array({X[0].tolist()})]).tolist())
        print(sorted({{"pandas", "sklearn", "scipy", "ml_dtypes", "torch"}} & set(sys.modules)))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    forecasts, imported = map(eval, done.stdout.splitlines())
    assert forecasts == gruc.load(path).predict([X[0]]).tolist()
    assert imported == []
    from safetensors.numpy import load_file

    tensors = load_file(path)  # types of its own: other programs read them
    assert tensors["gru.weight_hh_l0"].dtype == np.int8
    assert tensors["gru.weight_hh_l0.scale"].shape == (36,)


def test_training_goes_on(fitted, path):
    """With vectors that were given, which are rounded as the table is."""
    model, X = fitted["words"]
    model.save(path, "int8")
    loaded = gruc.load(path)
    given_to_it = loaded.embedding_weights
    assert np.abs(given_to_it - model.embedding_weights).max() < 0.02
    loaded.partial_fit(X, np.arange(12) % 3)
    assert loaded.n_iter_ == model.n_iter_ + 1
    loaded.save(path)
