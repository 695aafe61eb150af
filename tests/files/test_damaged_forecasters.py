"""Whatever may be wrong with the file of a forecaster is a ModelFileError."""

import gruc
import numpy as np
import pytest
from gruc import GRUForecaster, ModelFileError
from hypothesis import given
from hypothesis import strategies as st
from model_files import damaged, joined, refuses, split

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The file of a forecaster of two series."""
    path = tmp_path_factory.mktemp("forecaster") / "whole.gruc"
    noise = np.random.default_rng(0).standard_normal((2, 60))
    y = pd.DataFrame(noise.T, pd.date_range("2020-01-01", periods=60), ["a", "b"])
    settings = dict(hidden_layer_sizes=(4,), max_iter=2, horizon=3, season_length=4, difference=1)
    GRUForecaster(**settings, random_state=0).fit(y, fh=[1, 3]).save(path)
    return path.read_bytes()


PREDICTOR, FORM = "predictor", "form"
REFUSED = [
    (PREDICTOR, lambda d: d["lags"].update(lags=0), "lags is 0"),
    (PREDICTOR, lambda d: d["lags"].update(lags=99), r"its series are not of \d+ values or more"),
    (PREDICTOR, lambda d: d["lags"].update(horizon=4), "spread is not that of 4 steps"),
    (PREDICTOR, lambda d: d["lags"].update(season_length=3), "does not read its windows"),
    (PREDICTOR, lambda d: d["lags"].update(scale="values"), "scale is 'values'"),
    (PREDICTOR, lambda d: d["lags"].update(unit=-1.0), "unit is -1"),
    (PREDICTOR, lambda d: d["lags"].update(remainder=0), "remainder is 0"),
    (PREDICTOR, lambda d: d["lags"].update(season_weights=[]), r"season_weights is \[\]"),
    (PREDICTOR, lambda d: d["lags"].update(season_weights=[0.5, "a", 0.5]), "season_weights is"),
    (PREDICTOR, lambda d: d["lags"].update(season_weights=[0.5, 0.4]), "season_weights is"),
    (PREDICTOR, lambda d: d["lags"].update(more=1), "does not know"),
    (PREDICTOR, lambda d: d["lags"].pop("unit"), "unit is missing"),
    (PREDICTOR, lambda d: d.update(strategy="guess"), "strategy is 'guess'"),
    (PREDICTOR, lambda d: d.update(conformal=3), "conformal is 3"),
    (PREDICTOR, lambda d: d.update(conformal=None), "too many"),
    (PREDICTOR, lambda d: d["conformal"].update(n=0), "n is 0"),
    (PREDICTOR, lambda d: d["network"]["network"].update(pooling=None), "does not answer its horizon"),
    (PREDICTOR, lambda d: d["network"].update(log_link=True), "not that of a forecaster"),
    (PREDICTOR, lambda d: d.pop("network"), "network is missing"),
    (FORM, lambda d: d.update(form="series"), "the form of one series, not of 2"),
    (FORM, lambda d: d.update(form="table"), "form is 'table'"),
    (FORM, lambda d: d.update(form="long"), "its times are not 2 integers"),
    (FORM, lambda d: d.update(form="rows"), "labels of series"),
    (FORM, lambda d: d.update(axes=[]), r"axes is \[\]"),
    (FORM, lambda d: d.update(axes=[["datetime", 3, None, "ns", None]]), "describes no index"),
    (FORM, lambda d: d.update(axes=[["datetime", "D", None, "years", None]]), "describes no index"),
    (FORM, lambda d: d.update(axes=[["datetime", "D", None, "ns", 7]]), "describes no index"),
    (FORM, lambda d: d.update(axes=[["integer", 0, None, None, None]]), "describes no index"),
    (FORM, lambda d: d.update(axes=[["datetime", "D", [1], "ns", None]]), "describes no index"),
    (FORM, lambda d: d.update(names={"kind": "values", "values": ["a"]}), "no names of 2 series"),
    (FORM, lambda d: d.update(names={"kind": "integers"}), "no integers"),
    (FORM, lambda d: d.update(names={"kind": "dates"}), "kind is 'dates'"),
    (FORM, lambda d: d.update(labels=3), "no labels of series"),
    (FORM, lambda d: d.update(more=3), "does not know"),
    ("fitted", lambda d: d.update(watched_n_iter_=-1), "watched_n_iter_ is -1"),
    ("fitted", lambda d: d.pop("loss_curve_"), "loss_curve_ is missing"),
    ("parameters", lambda d: d.update(lag=3), "parameters that are unknown"),
    ("parameters", lambda d: d.update(scale="values"), "scale"),
]


@pytest.mark.parametrize("part, change, message", REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_descriptions_that_are_refused(whole, tmp_path, part, change, message):
    description, tensors = split(whole)
    change(description[part])
    path = tmp_path / "model.gruc"
    if part == "parameters":  # which a predictor does without
        path.write_bytes(joined(description, tensors))
        with pytest.raises(ModelFileError, match=message):
            gruc.load(path)
    else:
        refuses(path, joined(description, tensors), message)


TENSORS = [
    (lambda t: t.pop("moments"), "moments are not those of 2 series"),
    (lambda t: t["moments"].fill(-1), "scales of series are negative"),
    (lambda t: t.update({"moments": t["moments"][:1]}), "moments are not those of 2 series"),
    (lambda t: t.update(linear=t["linear"][1:]), "its linear path does not read its windows"),
    (lambda t: t.update(linear=t["linear"].astype("float32")), "its linear path does not read its windows"),
    (lambda t: t["known.lengths"].fill(3), r"not of \d+ values or more, or not all there"),
    (lambda t: t["known.lengths"].__setitem__(0, 2**62), "not all there"),
    (lambda t: t.update({"known.lengths": np.array([14], np.int64)}), "not all there"),
    (lambda t: t.update({"known.values": t["known.values"].astype("float32")}), "no array of float64"),
    (lambda t: t["known.values"].fill(1e200), "a series reaches 1e\\+200"),
    (lambda t: t.pop("known.ends"), "known.ends is no array"),
    (lambda t: t["conformal.errors"].__setitem__(0, 1e9), "errors do not rise"),
    (lambda t: t.pop("conformal.spread"), "spread is no array"),
    (lambda t: t["conformal.spread"].fill(-1), "its spread is not that of 3 steps"),
    (lambda t: t["steps"].fill(2), "steps are not rising"),
    (lambda t: t["steps"].__setitem__(0, 0), "not after y"),
    (lambda t: t.update({"form.last": np.zeros(2, np.int64)}), "its times are not 1 integers"),
    (lambda t: t["form.axis"].fill(1), "of an index that is missing"),
    (lambda t: t.pop("form.names.utf8"), "not bytes and their offsets"),
    (lambda t: t.update(more=np.zeros(1)), r"too many: \['more'\]"),
    (lambda t: t.pop("head.bias"), r"too many: \['head.bias'\]"),
]


@pytest.mark.parametrize("change, message", TENSORS, ids=[str(i) for i in range(len(TENSORS))])
def test_tensors_that_are_refused(whole, tmp_path, change, message):
    description, tensors = split(whole)
    tensors = {name: array.copy() for name, array in tensors.items()}
    change(tensors)
    refuses(tmp_path / "model.gruc", joined(description, tensors), message)


ADAPTIVE = [
    (lambda t: t["conformal.moved"].fill(1.2), None),  # a level may move beyond 1, but not far
    (lambda t: t["conformal.moved"].fill(1.3), "its levels have moved too far beyond 0 or 1"),
    (lambda t: t["conformal.moved"].fill(-0.3), "its levels have moved too far beyond 0 or 1"),
    (lambda t: t.pop("conformal.moved"), "its adaptive calibration is not that of 3 steps"),
    (lambda t: t.pop("conformal.recent"), "its adaptive calibration is not that of 3 steps"),
    (
        lambda t: t.update({"conformal.recent": t["conformal.recent"][:0]}),
        "its adaptive calibration is not that of 3 steps",
    ),
    (
        lambda t: t.update({"conformal.recent": np.ascontiguousarray(t["conformal.recent"][:, :2])}),
        "its adaptive calibration is not that of 3 steps",
    ),
]


@pytest.mark.parametrize("change, message", ADAPTIVE, ids=[str(i) for i in range(len(ADAPTIVE))])
def test_adaptive_calibration_that_is_refused(tmp_path, change, message):
    path, y = tmp_path / "model.gruc", np.random.default_rng(0).standard_normal(120)
    options = dict(hidden_layer_sizes=(4,), max_iter=1, horizon=3, season_length=4, calibration="adaptive")
    model = GRUForecaster(**options, random_state=0).fit(y[:40])
    model.update(y[40:], update_params=False).save(path)  # whose errors have become more
    description, tensors = split(path.read_bytes())
    tensors = {name: array.copy() for name, array in tensors.items()}
    assert tensors["conformal.recent"].shape[0] > 80
    change(tensors)
    if message is None:
        path.write_bytes(joined(description, tensors))
        assert np.isfinite(gruc.runtime.load(path).predict_interval()).all()
    else:
        refuses(path, joined(description, tensors), message)


@given(data=st.data())
def test_whatever_is_damaged(whole, data):
    """A ModelFileError, or a forecaster that forecasts."""
    content = damaged(whole, data)
    try:
        model = gruc.load(content)  # which reads what gruc.runtime.load reads, and more
    except ModelFileError:
        return
    with np.errstate(all="ignore"):
        assert gruc.runtime.load(content).predict(range(1, 5)).shape == (model.n_series_, 4)
