"""Arrays that lie elsewhere: the same bits as in memory, and never more than a batch of them read at once."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, runtime
from gruc.preprocessing import SequenceScaler
from gruc.sequences import as_sequences
from problems import bits_of, vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(3,), max_iter=2, batch_size=5, random_state=0)

X, y = vowels()
X = [np.ascontiguousarray(x) for x in X]  # as slices of files are: sums are rounded in the order of memory
CUBE = np.stack([x[:7] for x in X])


class Recorded:
    """An array that can be sliced only, and writes down how many numbers are asked for."""

    def __init__(self, array, read):
        self._array, self._read = array, read
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key):
        assert isinstance(key, (int, slice)), "fancy"
        part = self._array[key]
        self._read.append(part.size)
        return part.copy()


@pytest.fixture
def made(tmp_path):
    """Gives an array, or a list of arrays, as a library has it."""
    files = []

    def make(library, arrays):
        if library == "recorded":
            read = []
            return (
                Recorded(arrays, read)
                if isinstance(arrays, np.ndarray)
                else [Recorded(x, read) for x in arrays]
            )
        if library == "dask":
            dask = pytest.importorskip("dask.array")
            return (
                dask.from_array(arrays, chunks=5)
                if isinstance(arrays, np.ndarray)
                else list(map(dask.from_array, arrays))
            )
        h5py = pytest.importorskip("h5py")
        file = h5py.File(tmp_path / f"{len(files)}.h5", "w")
        files.append(file)
        if isinstance(arrays, np.ndarray):
            return file.create_dataset("X", data=arrays, chunks=True)
        return [file.create_dataset(str(i), data=x) for i, x in enumerate(arrays)]

    yield make
    for file in files:
        file.close()


def of_type(arrays, dtype):
    return arrays.astype(dtype) if isinstance(arrays, np.ndarray) else [x.astype(dtype) for x in arrays]


@pytest.mark.parametrize("library", ["recorded", "dask", "h5py"])
@pytest.mark.parametrize(
    "arrays", [CUBE, X, [x[:, 0] for x in X]], ids=["an array", "a list", "a list of 1-D"]
)
def test_the_same_bits(library, arrays, made, monkeypatch):
    monkeypatch.setattr("gruc.sequences.base.BLOCK_SIZE", 500)
    for dtype in ("float64", "float32", "int16"):
        given = (
            of_type(arrays, dtype)
            if dtype != "int16"
            else of_type([20 * x for x in arrays] if isinstance(arrays, list) else 20 * arrays, dtype)
        )
        lazy = made(library, given)
        for settings in ({}, {"early_stopping": True, "scoring": "accuracy"}, {"standardize": False}):
            model = GRUClassifier(**FAST | settings).fit(given, y)
            same = GRUClassifier(**FAST | settings).fit(lazy, y)
            assert same.loss_curve_ == model.loss_curve_
            assert same.validation_scores_ == model.validation_scores_
        assert np.array_equal(same.predict_proba(lazy), model.predict_proba(given))
        assert np.array_equal(runtime.Predictor.from_estimator(same).predict(lazy), model.predict(given))
        scaler = SequenceScaler().fit(lazy)
        for got, expected in zip(scaler.transform(lazy), SequenceScaler().fit_transform(given), strict=True):
            assert np.array_equal(got, expected)
            assert got.dtype == expected.dtype


@pytest.mark.parametrize("library", ["recorded", "dask", "h5py"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_regressions_with_trials(library, early_stopping, made):
    """Folds are taken out of X and y that are not in memory."""
    X = np.random.default_rng(0).normal(size=(20, 50, 1))
    y = X.max(axis=(1, 2))
    settings = dict(max_iter=1, n_estimators=1, random_state=0, early_stopping=early_stopping)
    model = GRURegressor((2,), **settings).fit(X, y)
    same = GRURegressor((2,), **settings).fit(made(library, X), y)
    assert bits_of(same) == bits_of(model)
    if library == "h5py":
        same.fit(made(library, X), made(library, y))
        assert bits_of(same) == bits_of(model)


@pytest.mark.parametrize("arrays", [CUBE, X], ids=["an array", "a list"])
def test_a_batch_is_read_at_once(arrays, monkeypatch):
    monkeypatch.setattr("gruc.sequences.base.BLOCK_SIZE", 200)
    monkeypatch.setattr("gruc.runtime.chunks.CHUNK_SIZE", 2000)
    read = []
    lazy = Recorded(arrays, read) if isinstance(arrays, np.ndarray) else [Recorded(x, read) for x in arrays]
    largest = max(x.size for x in arrays)
    total = sum(x.size for x in arrays)
    model = GRUClassifier(**FAST).fit(lazy, y)
    # to check it, for means and scales, and in two epochs
    assert sum(read) == 4 * total
    assert max(read) <= 5 * largest
    read.clear()
    model.predict(lazy)
    assert sum(read) == 2 * total
    assert max(read) <= 2000 < total


@pytest.mark.parametrize(
    "X, error, message",
    [
        (np.zeros((0, 2, 3)), ValueError, r"X has no sequences: its shape is \(0, 2, 3\)"),
        (np.zeros((1, 2, 3, 4)), ValueError, "X has 4 dimensions"),
        (np.full((2, 2, 3), np.nan), ValueError, r"X\[0\] contains NaN at step 0"),
        (np.where(np.arange(12).reshape(2, 2, 3) == 9, np.inf, 1), ValueError, r"X\[1\] contains infinity \(inf\) at step 1"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], ValueError, r"X\[1\] has 4 features, but X\[0\] has 3"),
        ([np.zeros((2, 3)), np.zeros(2)], ValueError, r"X\[1\] has 1 dimensions, but X\[0\] has 2"),
        ([np.zeros((2, 3)), np.zeros((0, 3))], ValueError, r"X\[1\] is an empty sequence"),
        ([np.ones((2, 3)), np.full((2, 3), np.nan)], ValueError, r"X\[1\] contains NaN at step 0"),
    ],
)  # fmt: skip
def test_refused(X, error, message):
    lazy = Recorded(X, []) if isinstance(X, np.ndarray) else [Recorded(x, []) for x in X]
    with pytest.raises(error, match=message):
        as_sequences(lazy)


def test_tables_are_read_whole(made):
    """scikit-learn checks them, which wants them in memory."""
    table = CUBE[:, :, 0]
    model = GRUClassifier(**FAST).fit(table, y)
    for library in ("recorded", "dask", "h5py"):
        lazy = made(library, table)
        assert np.array_equal(
            GRUClassifier(**FAST).fit(lazy, y).predict_proba(lazy), model.predict_proba(table)
        )


def test_lists_of_both(made):
    lazy = made("recorded", X)
    mixed = [a if i % 2 else b for i, (a, b) in enumerate(zip(X, lazy, strict=True))]
    assert GRUClassifier(**FAST).fit(mixed, y).loss_curve_ == GRUClassifier(**FAST).fit(X, y).loss_curve_
