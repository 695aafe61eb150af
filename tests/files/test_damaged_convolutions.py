"""Whatever may be wrong with the file of a model with convolutions is a ModelFileError."""

import time

import numpy as np
import pytest
from gruc import GRUClassifier
from hypothesis import given
from hypothesis import strategies as st
from model_files import damaged, joined, loads_or_is_refused, refuses, refuses_changed_tensors, split
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The file of a model with two convolutions."""
    path = tmp_path_factory.mktemp("convolutions") / "whole.gruc"
    settings = dict(conv_channels=(4, 3), conv_kernel_size=(3, 2), conv_pool=(2, 3), max_iter=2)
    GRUClassifier((3,), **settings, pooling=("last", "conv_max"), random_state=0).fit(*vowels()).save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    "convolutions, message",
    [
        ([], r"convolutions is \[\]"),
        ("many", "convolutions is 'many'"),
        ([[4, 3, 2], [3, 2]], "convolutions is"),
        ([[4, 3, 2], [3, 2, 0]], "convolutions is"),
        ([[4, 3, 2], [3, 2, 2.0]], "convolutions is"),
        ([[4, 3, True], [3, 2, 3]], "convolutions is"),
        ([[4, 3, 2], [3, 2, -3]], "convolutions is"),
        ([[4, 3, 2]], "tensors that are missing, or too many"),
        ([[4, 3, 2], [3, 2, 3], [3, 2, 3]], "tensors that are missing"),
        ([[5, 3, 2], [3, 2, 3]], "conv.0.weight is"),
        ([[4, 2, 2], [3, 2, 3]], "conv.0.weight is"),
        ([[4, 2**62, 2], [3, 2, 3]], "convolutions is"),
        ([[4, 3, 2**30], [3, 2, 3]], "the most there can be are 2 .. 31 - 1 steps"),
        ([[4, 3, 2]] * 500_000, "tensors that are missing"),
    ],
    ids=range(14),
)
def test_descriptions_that_are_refused(whole, path, convolutions, message):
    description, tensors = split(whole)
    description["predictor"]["network"]["convolutions"] = convolutions
    start = time.process_time()
    refuses(path, joined(description, tensors), message)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.pop("norm.1.running_var"), r"missing, or too many: \['norm.1.running_var'\]"),
        (lambda t: t.pop("conv.0.weight"), r"missing, or too many: \['conv.0.weight'\]"),
        (lambda t: t.update({"conv.0.bias": np.zeros(4, "float32")}), r"too many: \['conv.0.bias'\]"),
        (lambda t: t["norm.0.running_var"].fill(-1e-3), "norm.0.running_var is negative"),
        (lambda t: t["norm.1.num_batches_tracked"].fill(-1), "norm.1.num_batches_tracked is negative"),
        (lambda t: t["norm.0.running_mean"].fill(np.nan), "norm.0.running_mean contains values that are not finite"),
        (lambda t: t.update({"norm.0.weight": t["norm.0.weight"][:2]}), r"norm.0.weight is \(2,\) of float32"),
    ],
    ids=range(7),
)  # fmt: skip
def test_tensors_that_are_refused(whole, path, change, message):
    refuses_changed_tensors(whole, path, change, message)


def test_readouts_of_convolutions_need_some(whole, path):
    description, tensors = split(whole)
    del description["predictor"]["network"]["convolutions"]
    refuses(path, joined(description, tensors), "is damaged")


@given(data=st.data())
def test_whatever_is_damaged(whole, data):
    loads_or_is_refused(damaged(whole, data), vowels()[0])
