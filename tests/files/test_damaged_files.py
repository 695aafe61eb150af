"""Whatever may be wrong with a model file is a ModelFileError."""

import json
import pickle
import time

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, ModelFileError
from gruc.files import model_file
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import (
    damaged,
    joined,
    loads_or_is_refused,
    refuses,
    refuses_changed_tensors,
    rewritten,
    split,
)
from problems import vowels
from safetensors.numpy import save as container_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.pop("head.bias"), r"missing, or too many: \['head.bias'\]"),
        (lambda t: t.update(more=np.zeros(1)), r"too many: \['more'\]"),
        (lambda t: t.update({"head.bias": t["head.bias"].astype("float64")}), "of float64, expected .* of float32"),
        (lambda t: t.update({"head.bias": t["head.bias"][:2]}), r"head.bias is \(2,\) of float32, expected \(3,\)"),
        (lambda t: t.update({"head.bias": t["head.bias"].astype("int32")}), "neither float32 nor float64"),
        (lambda t: t.update({"head.bias": t["head.bias"] * np.nan}), "head.bias contains values that are not finite"),
        (lambda t: t.update({"scaling.mean": t["scaling.mean"][:3]}), "scaling is not two arrays of 12 float64"),
        (lambda t: t.pop("scaling.mean"), "scaling is not two arrays"),
        (lambda t: t["scaling.scale"].fill(0), "scaling is not positive"),
        (lambda t: t.update({"target_scaling.mean": np.zeros(3), "target_scaling.scale": np.ones(3)}), "target_scaling"),
    ],
    ids=range(10),
)  # fmt: skip
def test_tensors_that_are_refused(whole, path, change, message):
    refuses_changed_tensors(whole, path, change, message)


def test_no_file_and_no_model(path, tmp_path):
    with pytest.raises(FileNotFoundError):
        gruc.load(path)
    with pytest.raises(OSError):
        gruc.load(tmp_path)
    refuses(path, b"", "is not a gruc model, or is damaged")
    refuses(path, pickle.dumps(GRUClassifier()), "is not a gruc model, or is damaged")
    refuses(path, container_of({"a": np.ones(3)}), "is a safetensors file, but not a gruc model")
    refuses(
        path,
        container_of({"a": np.ones(3)}, {"format": "pt"}),
        "is a safetensors file, but not a gruc model",
    )


@given(data=st.data())
def test_whatever_is_damaged(whole, data):
    loads_or_is_refused(damaged(whole, data), vowels()[0])


@given(data=st.data())
def test_whatever_is_damaged_of_int8(whole_of_int8, data):
    loads_or_is_refused(damaged(whole_of_int8, data), vowels()[0])


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@settings(max_examples=10_000)
@given(data=st.data())
def test_whatever_is_damaged_for_long(whole, data):
    loads_or_is_refused(damaged(whole, data), vowels()[0])


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda d: d["predictor"]["network"].update(hidden_layer_sizes=[1] * 500_000),
            "tensors that are missing",
        ),
        (lambda d: d["parameters"].update(alpha=json.loads("[" * 700 + "]" * 700)), "nested too deeply"),
        (lambda d: d["predictor"]["classes"].update(values=["b", "a", "c"]), "labels of"),
        (lambda d: d["predictor"]["classes"].update(values=["a", "a", "c"]), "labels of"),
        (lambda d: d["parameters"].update(alpha=["x" * 100] * 100_000), "characters"),
    ],
)
def test_hostile_files(path, change, message):
    X, y = vowels()
    GRUClassifier(**FAST).fit(X, np.array(["a", "b", "c"])[y]).save(path)
    rewritten(path, change)
    start = time.process_time()
    with pytest.raises(ModelFileError, match=message):
        gruc.load(path)
    assert time.process_time() - start < 5


def test_one_flipped_bit_is_refused(whole):
    """Anywhere in a file: a random third of the bytes, a random bit of each."""
    rng = np.random.default_rng(0)
    places = rng.choice(len(whole), len(whole) // 3, replace=False)
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        with pytest.raises(ModelFileError):
            gruc.runtime.load(bytes(damaged))
    with pytest.raises(ModelFileError, match="does not match its checksum"):
        gruc.load(whole[:-1] + bytes([whole[-1] ^ 1]))


def test_files_without_a_checksum_load(whole):
    X, _ = vowels()
    without = joined(*split(whole))
    assert b"crc32" in whole
    assert b"crc32" not in without
    assert np.array_equal(gruc.load(without).predict_proba(X), gruc.load(whole).predict_proba(X))


def test_files_are_the_same_to_safetensors(whole):
    """Another implementation reads the container as this one does."""
    description, tensors = split(whole)
    _, arrays = model_file.read(whole)
    assert tensors.keys() == arrays.keys()
    for name, array in arrays.items():
        assert np.array_equal(tensors[name], array)
        assert tensors[name].dtype == array.dtype


def test_labels_have_the_size_of_the_longest(path):
    """A dtype in a file must not decide how much memory predictions take."""
    X, y = vowels()
    GRUClassifier(**FAST).fit(X, np.array(["a", "bb", "c"])[y]).save(path)
    expected = gruc.load(path).predict(X)
    description, tensors = split(path.read_bytes())
    description["predictor"]["classes"]["dtype"] = "<U8000000"
    for load in (gruc.load, gruc.runtime.load):
        predicted = load(joined(description, tensors)).predict(X)
        assert predicted.dtype == "<U2"
        assert np.array_equal(predicted, expected)
    description["predictor"]["classes"]["values"][2] = "c" * 20_000
    refuses(path, joined(description, tensors), "a label has more than 10000 characters")
    with pytest.raises(ValueError, match="No file was written.*a label has more than 10000 characters"):
        GRUClassifier(**FAST).fit(X, np.array(["a", "bb", "c" * 20_000], object)[y]).save(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["parameters"].update({"x" * 4_000_000: 1}),
        lambda d: d["parameters"].update(alpha="x" * 4_000_000),
        lambda d: d["parameters"].update(scoring=["x"] * 1_000_000),
        lambda d: d["parameters"].update({f"p{i}": 1 for i in range(200_000)}),
        lambda d: d["predictor"]["classes"].update(values=["x"] * 1_000_000),
        lambda d: d["predictor"]["classes"].update(kind="x" * 4_000_000),
        lambda d: d["fitted"].update({f"f{i}": 1 for i in range(200_000)}),
        lambda d: d["fitted"].update(loss_curve_=[0] * 1_000_000 + ["x"]),
        lambda d: d.update(more=[[]] * 1_000_000),
        lambda d: d.update(format=10**4000),
    ],
    ids=range(10),
)
def test_errors_of_large_descriptions_are_short(whole, change):
    description, tensors = split(whole)
    change(description)
    with pytest.raises(ModelFileError) as info:
        gruc.load(joined(description, tensors))
    assert len(str(info.value)) < 600


def test_containers_that_are_refused(whole):
    n = int.from_bytes(whole[:8], "little")
    header, data = json.loads(whole[8 : 8 + n]), whole[8 + n :]
    name = "head.bias"
    for change, message in [
        (lambda h: h[name].update(shape=[10**400]), "invalid entry for 'head.bias'"),
        (lambda h: h[name].update(shape=[4]), "head.bias has a size that does not match its shape"),
        (lambda h: h[name].update(data_offsets=[0, 2**60]), "are not contiguous"),
        (lambda h: h[name].update(data_offsets=[-1, 3]), "are not contiguous"),
        (lambda h: h[name].update(data_offsets="ab"), "invalid entry for"),
        (lambda h: h[name].update(more=1), "invalid entry for"),
        (lambda h: h.update({name: 3}), "invalid entry for"),
        (lambda h: h.update(__metadata__=[]), "is damaged"),
        (lambda h: h["__metadata__"].update(gruc=3), "not a gruc model"),
        (lambda h: h["__metadata__"].update(crc33="0"), "other metadata"),
        (lambda h: h["__metadata__"].update(crc32=7), "does not match its checksum"),
    ]:
        changed = json.loads(json.dumps(header))
        change(changed)
        text = json.dumps(changed).encode()
        with pytest.raises(ModelFileError, match=message):
            gruc.load(len(text).to_bytes(8, "little") + text + data)
    for length in (0, 1, 2**62):
        with pytest.raises(ModelFileError, match="does not begin with a safetensors header"):
            gruc.load(length.to_bytes(8, "little") + whole[8:])
