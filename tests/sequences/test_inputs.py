"""How X becomes the rows that a network reads."""

import numpy as np
import pytest
from gruc.files.fields import Fields, ModelFileError
from gruc.sequences import Framing, Numbers, Scaling, as_sequences

SCALING = Scaling(np.array([1.0, -2.0]), np.array([2.0, 0.5]))
KINDS = [Numbers(2), Numbers(2, SCALING), Numbers(2, SCALING, Framing(3, 2)), Numbers(2, None, Framing(4, 1))]
LENGTHS = (7, 1, 4)


def sequences():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 2)) for n in LENGTHS]


def frames(sequence, length, hop):
    """The rows of a sequence: frames of `length` steps, the last one completed by its last step."""
    starts = range(0, max(1, len(sequence) - length + hop), hop)
    return [
        [sequence[min(start + i, len(sequence) - 1)] for i in range(length)]
        for start in starts
        if start < len(sequence)
    ]


@pytest.mark.parametrize("inputs", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_are_scaled_frames(inputs, dtype):
    X = sequences()
    checked = inputs.check(X, dtype)
    batch = inputs.gather(checked, np.arange(len(X)), np.dtype(dtype))
    assert batch.values.shape[1] == inputs.width
    assert np.array_equal(batch.lengths, inputs.lengths(checked)[batch.order])
    mean, scale = inputs.scaling or (0.0, 1.0)
    for b, i in enumerate(batch.order):
        rows = batch.values[batch.offsets[: batch.lengths[b]] + b]
        expected = frames((X[i] - mean) / scale, *inputs.framing)
        np.testing.assert_allclose(rows, np.reshape(expected, rows.shape), rtol=1e-6)


def test_other_sequences_are_refused():
    with pytest.raises(ValueError, match="X has 3 features per step, but the model was fitted with 2"):
        KINDS[1].check(np.zeros((4, 5, 3)), "float64")
    with pytest.raises(ValueError, match=r"give one sequence alone as \[X\]"):
        KINDS[1].check(np.zeros((4, 5)), "float64")
    far = as_sequences([np.full((3, 2), 1e300)])
    with pytest.raises(ValueError, match="X_val"):
        KINDS[1].check_range(far, "float32", "X_val")


@pytest.mark.parametrize("inputs", KINDS)
def test_descriptions_and_pickles_give_equal_inputs(inputs):
    description, arrays = inputs.describe()
    fields, given = Fields(description, "the file"), arrays | {"head.bias": np.zeros(1)}
    from_file = Numbers.described(fields, given, inputs.width)
    fields.end()
    assert list(given) == ["head.bias"]
    for other in (from_file, Numbers.of_state(inputs.state(), inputs.width)):
        assert (other.n_features, other.framing) == (inputs.n_features, inputs.framing)
        assert np.array_equal(other.scaling or [], inputs.scaling or [])


@pytest.mark.parametrize(
    "description, arrays, message",
    [
        ({"framing": [0, 1]}, {}, r"framing is \[0, 1\]"),
        ({"framing": [2]}, {}, r"framing is \[2\]"),
        ({"framing": [4, 1]}, {}, "frames do not fit the network"),
        ({"framing": [3, 1]}, {"scaling.mean": np.zeros(2)}, "scaling is not two arrays of 2 float64"),
        ({"framing": [3, 1]}, Scaling(np.zeros(2), np.zeros(2)).arrays("scaling"), "scaling is not positive"),
    ],
)
def test_descriptions_that_do_not_fit(description, arrays, message):
    with pytest.raises(ModelFileError, match=message):
        Numbers.described(Fields(description, "the file"), dict(arrays), 6)
