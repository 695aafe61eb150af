"""What to_c writes of labels, reports of losses, and refuses."""

import pickle

import gruc
import numpy as np
import pytest
from exported_c import with_halves
from gruc import GRUClassifier, GRURegressor
from gruc.outputs import Classes
from problems import vowels
from sklearn.exceptions import NotFittedError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


def test_loss_of_accuracy_is_reported(tmp_path):
    X, y = vowels(9, 30)
    model = GRUClassifier((16,), frame_length=1, max_iter=5, random_state=0).fit(X, y)
    full = gruc.to_c(model, tmp_path / "full.h", X=X)
    assert full.weight_error == 0
    assert full.largest_change == full.changed == 0  # nothing is lost
    assert gruc.to_c(model, tmp_path / "full.h")[3:] == (None, None)
    half = gruc.to_c(model, tmp_path / "half.h", storage="float16", X=X)
    n_matrix = 12 * 48 + 16 * 48 + 16 * 9
    assert full.constant_bytes - half.constant_bytes == 2 * n_matrix
    assert 2.0**-13 < half.weight_error <= 2.0**-11
    rounded = with_halves(model)
    change = np.abs(rounded.predict_proba(X) - model.predict_proba(X)).max()
    assert half.largest_change == pytest.approx(change, rel=1e-5)
    assert half.changed == np.mean(rounded.predict(X) != model.predict(X))
    text = (tmp_path / "half.h").read_text()
    assert f"up to {half.largest_change:.1e}" in text
    assert f"{half.changed:.2%}" in text

    forecast = GRURegressor(**FAST).fit(X, 1000.0 * y)
    report = gruc.to_c(forecast, tmp_path / "half.h", storage="float16", X=X)
    change = np.abs(with_halves(forecast).predict(X) - forecast.predict(X)).max()
    assert report.largest_change == pytest.approx(change, rel=1e-3)  # rounding to float32 comes to it
    assert report.changed is None


@pytest.mark.parametrize(
    "labels, declared",
    [
        ([3, -7], "const int m_classes[2] = {-7, 3}"),
        ([3, 40000], "const int32_t m_classes[2] = {INT32_C(3), INT32_C(40000)}"),
        ([2**63, 3], "const uint64_t m_classes[2] = {UINT64_C(3), UINT64_C(9223372036854775808)}"),
        ([2**40, -1], "const int64_t m_classes[2] = {INT64_C(-1), INT64_C(1099511627776)}"),
        ([0.5, 2.0], "const double m_classes[2] = {0.5, 2.0}"),
        ([True, False], "const int m_classes[2] = {0, 1}"),
        (["a\n", "ü"], 'const char *const m_classes[2] = {"a\\012", "\\303\\274"}'),
    ],
)
def test_classes(labels, declared, tmp_path):
    X, y = vowels(2, 2)
    labels = np.array(labels, "uint64" if 2**63 in labels else None)
    if labels.dtype.kind == "f":  # scikit-learn takes floats that are no integers for targets
        model = GRUClassifier(**FAST).fit(X, y)
        model = gruc.runtime.Predictor.from_estimator(model)
        model.decoding = Classes(labels)
    else:
        model = GRUClassifier(**FAST).fit(X, labels[y])
    gruc.to_c(model, tmp_path / "m.h", "m")
    assert declared in (tmp_path / "m.h").read_text()


def test_refusals(tmp_path):
    X, y = vowels(2, 4)
    model, path = GRUClassifier(**FAST).fit(X, y), tmp_path / "m.h"
    for unfitted in (GRUClassifier(), gruc.GRUSeq2Seq(), gruc.GRULanguageModel()):
        with pytest.raises(NotFittedError, match="instance is not fitted yet"):
            gruc.to_c(unfitted, path)
    with pytest.raises(TypeError, match="expected a fitted GRUClassifier or GRURegressor"):
        gruc.to_c("m.gruc", path)
    for prefix in ("", "2x", "a-b", "é", "gruc", "Gruc_exported", None, "a\n"):
        with pytest.raises(ValueError, match="prefix must be a C identifier"):
            gruc.to_c(model, path, prefix)
    with pytest.raises(ValueError, match="storage must be one of 'float32', .* 'int8'; got 'int4'"):
        gruc.to_c(model, path, storage="int4")
    large = pickle.loads(pickle.dumps(model))
    large._predictor.parameters[0] = 1e5
    with pytest.raises(ValueError, match="gru.weight_ih_l0 contains 100000, above 65504"):
        gruc.to_c(large, path, storage="float16")
    large._predictor.parameters[0] = -1e5
    with pytest.raises(ValueError, match="gru.weight_ih_l0 contains 100000"):
        gruc.to_c(large, path, storage="float16")
    gruc.to_c(large, path)  # float32 holds it
    path.unlink()
    tiny = GRUClassifier(**FAST, dtype="float64").fit([1e-40 * x for x in X], y)
    with pytest.raises(ValueError, match=r"scale of the model contains .*, too small for float32"):
        gruc.to_c(tiny, path)
    wide = GRUClassifier(**FAST, dtype="float64").fit([1e45 * x for x in X], y)
    with pytest.raises(ValueError, match=r"mean of the model contains .*, too large for float32"):
        gruc.to_c(wide, path)
    with pytest.raises(FileNotFoundError):
        gruc.to_c(model, tmp_path / "nowhere" / "m.h")
    assert list(tmp_path.iterdir()) == []  # nothing half-written
