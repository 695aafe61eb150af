"""SequenceScaler."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from gruc.preprocessing import SequenceScaler
from helpers import random_sequences, sklearn_checks
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
)


@pytest.mark.parametrize("estimator, check", sklearn_checks([SequenceScaler()]))
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
def test_more_sklearn_checks(check):
    check("SequenceScaler", SequenceScaler())


@pytest.fixture
def ragged():
    return [3 * x + 5 for x in random_sequences(np.random.default_rng(0), [4, 2, 6], 3)]


def test_is_standard_scaler_over_the_steps(ragged):
    scaler, plain = SequenceScaler().fit(ragged), StandardScaler().fit(np.concatenate(ragged))
    np.testing.assert_allclose(scaler.mean_, plain.mean_, rtol=1e-12)
    np.testing.assert_allclose(scaler.scale_, plain.scale_, rtol=1e-12)
    for got, x in zip(scaler.transform(ragged), ragged, strict=True):
        np.testing.assert_allclose(got, plain.transform(x), rtol=1e-12)


def test_form_is_kept(ragged):
    cube = np.stack([x[:2] for x in ragged])
    assert SequenceScaler().fit_transform(cube).shape == cube.shape
    assert SequenceScaler().fit_transform(cube.astype("float32")).dtype == np.float32
    assert SequenceScaler().fit_transform(cube[:, :, 0]).shape == cube.shape[:2]
    univariate = [x[:, 0] for x in ragged]
    assert [x.shape for x in SequenceScaler().fit_transform(univariate)] == [(4,), (2,), (6,)]
    assert isinstance(SequenceScaler().fit_transform(tuple(ragged)), list)


def test_columns_of_a_table_are_steps_of_one_feature():
    X = np.array([[0.0, 10.0], [0.0, 10.0]])
    assert SequenceScaler().fit_transform(X).tolist() == [[-1, 1], [-1, 1]]


def test_inverse(ragged):
    scaler = SequenceScaler().fit(ragged)
    for got, x in zip(scaler.inverse_transform(scaler.transform(ragged)), ragged, strict=True):
        np.testing.assert_allclose(got, x, rtol=1e-12)


def test_switches(ragged):
    assert (SequenceScaler(with_mean=False).fit(ragged).mean_ == 0).all()
    assert (SequenceScaler(with_std=False).fit(ragged).scale_ == 1).all()


def test_weight_k_is_k_copies(ragged):
    weighted = SequenceScaler().fit(ragged, sample_weight=[2, 0, 1])
    copies = SequenceScaler().fit([ragged[0], ragged[0], ragged[2]])
    np.testing.assert_allclose(weighted.mean_, copies.mean_, rtol=1e-12)


def test_lengths_are_free_and_features_are_not(ragged):
    scaler = SequenceScaler().fit(ragged)
    scaler.transform([ragged[0][:1]])
    with pytest.raises(ValueError, match="X has 2 features per step, but SequenceScaler is expecting 3"):
        scaler.transform([ragged[0][:, :2]])


def test_names_of_columns():
    frame = pd.DataFrame({"mon": [1.0, 2.0], "tue": [3.0, 5.0]})
    assert SequenceScaler().fit(frame).get_feature_names_out().tolist() == ["mon", "tue"]


def test_pandas_output():
    frame = pd.DataFrame({"mon": [1.0, 2.0], "tue": [3.0, 5.0]})
    out = SequenceScaler().set_output(transform="pandas").fit_transform(frame)
    assert out.columns.tolist() == ["mon", "tue"]


def test_failed_fit_changes_nothing(ragged):
    scaler = SequenceScaler().fit(ragged)
    before = dict(vars(scaler))
    with pytest.raises(ValueError, match="NaN"):
        scaler.fit(np.array([[np.nan, 1.0]]))
    assert vars(scaler) == before


@pytest.mark.parametrize("form", ["array", "list", "univariate"])
def test_pandas_output_leaves_sequences_alone(ragged, form):
    X = {"array": np.stack([x[:2] for x in ragged]), "list": ragged, "univariate": [x[:, 0] for x in ragged]}[
        form
    ]
    plain = SequenceScaler().fit_transform(X)
    with sklearn.config_context(transform_output="pandas"):
        scaled = SequenceScaler().fit_transform(X)
    assert type(scaled) is type(plain)
    assert all(np.array_equal(a, b) for a, b in zip(scaled, plain, strict=True))


def test_values_that_would_overflow_are_refused(ragged):
    scaler = SequenceScaler().fit([1e-25 * x for x in ragged])
    with pytest.raises(
        ValueError, match="too large to compute with in float32: column . .* after standardization"
    ):
        scaler.transform([(1e20 * x).astype("float32") for x in ragged])


class TestPartialFit:
    @pytest.mark.parametrize("sizes", [[1] * 9, [4, 5], [9]], ids=str)
    @pytest.mark.parametrize("weighted", [False, True])
    def test_is_fit_on_all(self, sizes, weighted):
        rng = np.random.default_rng(0)
        X = [
            rng.standard_normal((length, 3)) * [1, 1e-150, 1e5] + [5, 0, 1e7]
            for length in rng.integers(1, 9, 9)
        ]
        weights = rng.random(9) * 3 if weighted else None
        scaler, start = SequenceScaler(), 0
        for size in sizes:
            chunk = slice(start, start + size)
            scaler.partial_fit(X[chunk], sample_weight=None if weights is None else weights[chunk])
            start += size
        whole = SequenceScaler().fit(X, sample_weight=weights)
        np.testing.assert_allclose(scaler.mean_, whole.mean_, rtol=1e-13)
        np.testing.assert_allclose(scaler.scale_, whole.scale_, rtol=1e-8)
        assert scaler.n_samples_seen_ == pytest.approx(whole.n_samples_seen_)
        lengths = [len(x) for x in X]
        assert scaler.n_samples_seen_ == pytest.approx(
            np.sum(lengths if weights is None else lengths * weights)
        )

    def test_continues_after_fit_and_pickling_and_restarts_with_fit(self):
        X = np.random.default_rng(0).standard_normal((6, 4, 2))
        scaler = pickle.loads(pickle.dumps(SequenceScaler().fit(X[:2]))).partial_fit(X[2:])
        np.testing.assert_allclose(scaler.scale_, SequenceScaler().fit(X).scale_, rtol=1e-12)
        assert scaler.n_samples_seen_ == 24
        assert np.array_equal(scaler.fit(X[:3]).mean_, SequenceScaler().fit(X[:3]).mean_)

    def test_means_that_are_not_taken_off_are_known_all_the_same(self):
        X = np.random.default_rng(0).standard_normal((6, 4, 2)) + 3
        scaler = SequenceScaler(with_mean=False).partial_fit(X[:1]).partial_fit(X[1:])
        assert not scaler.mean_.any()
        np.testing.assert_allclose(scaler.scale_, X.std(axis=(0, 1)), rtol=1e-12)

    def test_other_features_are_refused_and_change_nothing(self):
        X = np.random.default_rng(0).standard_normal((6, 4, 2))
        scaler = SequenceScaler().partial_fit(X)
        for wrong in (X[:, :, :1], X * np.nan):
            with pytest.raises(ValueError, match="features|NaN"):
                scaler.partial_fit(wrong)
        assert scaler.n_samples_seen_ == 24
        assert np.array_equal(scaler.mean_, SequenceScaler().fit(X).mean_)
