"""The bundled data set."""

from importlib import resources

import numpy as np
import pytest
from gruc.datasets import load_japanese_vowels


def test_parts():
    X, y = load_japanese_vowels(subset="train", return_X_y=True)
    assert len(X) == len(y) == 270
    assert np.bincount(y).tolist() == [30] * 9
    assert {x.shape[1] for x in X} == {12}
    X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
    assert np.bincount(y_test).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    lengths = [len(x) for x in X + X_test]
    assert (min(lengths), max(lengths)) == (7, 29)
    X_all, y_all = load_japanese_vowels(subset="all", return_X_y=True)
    assert len(X_all) == 640
    assert np.array_equal(y_all, np.concatenate([y, y_test]))


def test_values_are_the_published_decimals():
    X = load_japanese_vowels().data
    assert X[0][0, :3].tolist() == [1.860936, -0.207383, 0.261557]
    assert X[0].dtype == np.float64


def test_bunch():
    bunch = load_japanese_vowels(subset="test")
    assert len(bunch.data) == len(bunch.target) == 370
    assert len(bunch.feature_names) == 12
    assert bunch.target_names[0] == "speaker 1"
    assert "CC BY 4.0" in bunch.DESCR
    assert "Kudo" in bunch.DESCR


def test_size_of_the_file():
    with resources.as_file(resources.files("gruc.datasets") / "data" / "japanese_vowels.npz") as path:
        assert path.stat().st_size < 600_000


def test_unknown_subset():
    with pytest.raises(ValueError, match="subset must be 'train', 'test' or 'all'; got 'validation'"):
        load_japanese_vowels(subset="validation")


def test_against_aeon():
    pytest.importorskip("aeon")
    from aeon.datasets import load_japanese_vowels as load_from_aeon

    for subset in ("train", "test"):
        X, y = load_japanese_vowels(subset=subset, return_X_y=True)
        X_aeon, y_aeon = load_from_aeon(split=subset)
        assert np.array_equal(y, y_aeon.astype(int) - 1)
        for x, x_aeon in zip(X, X_aeon, strict=True):
            np.testing.assert_allclose(x, x_aeon.T, rtol=0, atol=1e-9)
