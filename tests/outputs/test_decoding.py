"""What outputs mean: predictions and probabilities of them, their shapes, their descriptions."""

import json

import numpy as np
import pytest
from gruc.files.fields import Fields, ModelFileError
from gruc.outputs import Classes, Labels, Values, described, of_state
from gruc.sequences import Scaling

SCALING = Scaling(np.array([10.0, -3.0]), np.array([2.0, 0.5]))
KINDS = {
    "two classes": Classes(["no", "yes"]),
    "classes": Classes([-1, 4, 7]),
    "labels": Labels(np.arange(3)),
    "a value": Values(1),
    "values": Values(2, SCALING),
    "a rate": Values(1, log_link=True),
    "quantiles": Values(1, None, False, 3),
    "quantiles of two targets": Values(2, SCALING, False, 3),
}
CASES = pytest.mark.parametrize("outputs", KINDS.values(), ids=KINDS)


def raw(outputs, dtype="float64", n=5):
    return np.random.default_rng(0).normal(0, 3, (n, outputs.n_outputs)).astype(dtype)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def test_two_classes():
    outputs = KINDS["two classes"]
    logits = raw(outputs)
    expected = np.hstack([sigmoid(-logits), sigmoid(logits)])
    np.testing.assert_allclose(outputs.probabilities(logits.copy()), expected, rtol=1e-12)
    assert outputs.decode(logits.copy()).tolist() == [["no", "yes"][int(a > 0)] for a in logits[:, 0]]


def test_classes():
    outputs = KINDS["classes"]
    logits = raw(outputs)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(outputs.probabilities(logits.copy()), expected, rtol=1e-12)
    assert outputs.decode(logits.copy()).tolist() == outputs.classes[logits.argmax(axis=1)].tolist()


def test_labels():
    outputs = KINDS["labels"]
    logits = raw(outputs)
    np.testing.assert_allclose(outputs.probabilities(logits), sigmoid(logits), rtol=1e-12)
    assert np.array_equal(outputs.decode(logits), logits > 0)


@pytest.mark.parametrize("kind", ["two classes", "classes", "labels"])
def test_logarithms_of_probabilities(kind):
    outputs = KINDS[kind]
    logits = raw(outputs)
    np.testing.assert_allclose(
        outputs.log_probabilities(logits.copy()), np.log(outputs.probabilities(logits.copy())), rtol=1e-12
    )
    logits[:, 0] = 5000  # probabilities of 0 and 1
    assert np.isfinite(outputs.log_probabilities(logits.copy())).all()


def test_values_are_scaled_back():
    values = raw(KINDS["values"])
    assert np.array_equal(KINDS["values"].decode(values), values * SCALING.scale + SCALING.mean)
    rates = raw(KINDS["a rate"], "float32")
    assert np.array_equal(KINDS["a rate"].decode(rates), np.exp(rates[:, 0].astype("float64")))


def test_quantiles_rise():
    outputs = KINDS["quantiles of two targets"]
    values = raw(outputs)
    got = outputs.decode(values)
    for j, (mean, scale) in enumerate(zip(*SCALING, strict=True)):
        expected = np.sort(values[:, 3 * j : 3 * j + 3] * scale + mean, axis=1)
        np.testing.assert_allclose(got[:, j], expected, rtol=1e-12)


@CASES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_type_of_results(outputs, dtype):
    """What a stream returns for a sequence: probabilities, or values."""
    result = outputs.decode if outputs.classes is None else outputs.probabilities
    got = result(raw(outputs, dtype))
    assert got.shape[1:] == outputs.result_shape
    assert got[0].size == outputs.result_size
    assert got.dtype == outputs.result_dtype(np.dtype(dtype))


@CASES
def test_descriptions_and_pickles_give_equal_outputs(outputs):
    description, arrays = outputs.describe()
    given = arrays | {"head.bias": np.zeros(1)}
    fields = Fields(json.loads(json.dumps(description)), "the file")
    from_file = described(fields, given, outputs.n_outputs)
    fields.end()
    assert list(given) == ["head.bias"]  # what belongs to the outputs is taken out
    for other in (from_file, of_state(outputs.state(), outputs.n_outputs)):
        assert type(other) is type(outputs)
        assert other.link == outputs.link
        assert other.describe()[0] == description
        assert np.array_equal(other.decode(raw(outputs)), outputs.decode(raw(outputs)))


@CASES
def test_a_network_of_another_size_is_refused(outputs):
    outputs.check(outputs.n_outputs)
    with pytest.raises(ValueError, match="classes must be|outputs are"):
        outputs.check(outputs.n_outputs + 2)


@pytest.mark.parametrize(
    "kind, change, arrays, message",
    [
        ("classes", {"multilabel": 1}, {}, "multilabel is 1"),
        ("classes", {"log_link": True}, {}, "log_link is True"),
        ("classes", {"n_quantiles": 3}, {}, "n_quantiles is 3"),
        ("classes", {}, SCALING.arrays("target_scaling"), "target_scaling"),
        ("a value", {"multilabel": True}, {}, "multilabel is True"),
        ("quantiles", {"n_quantiles": 2}, {}, "quantiles do not fit"),
        ("a rate", {}, Scaling(np.zeros(1), np.ones(1)).arrays("target_scaling"), "belongs to other models"),
        ("a value", {}, SCALING.arrays("target_scaling"), "is not two arrays of 1 float64"),
    ],
)
def test_descriptions_that_contradict_themselves(kind, change, arrays, message):
    outputs = KINDS[kind]
    fields = Fields(outputs.describe()[0] | change, "the file")
    with pytest.raises(ModelFileError, match=message):
        described(fields, dict(arrays), outputs.n_outputs)
