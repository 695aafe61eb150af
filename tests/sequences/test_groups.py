"""Groups of rows as sequences: MultiIndex frames and groupbys of pandas."""

import re

import numpy as np
import pandas as pd
import polars
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer, runtime
from gruc.preprocessing import SequenceScaler
from gruc.sequences import as_sequences, from_long
from problems import vowels
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(3,), max_iter=2, random_state=0)

X, y = vowels()
# keys whose order is not that of the sequences
KEYS = [f"s{(7 * i) % 24:02d}" for i in range(24)]
LONG = pd.concat(
    [pd.DataFrame(x[:, :2], columns=["u", "v"]).assign(id=key, t=range(len(x))) for x, key in zip(X, KEYS, strict=True)],
    ignore_index=True,
)  # fmt: skip
MULTI = LONG.set_index(["id", "t"])
LABELS = pd.Series(y, index=KEYS).sort_index()
ARRAYS = [x[:, :2] for x in X]
BY_KEY = [ARRAYS[i] for i in np.argsort(KEYS)]


def interleaved():
    """The same series, whose rows do not lie together; first rows come in the same order."""
    first = MULTI.groupby(level=0, sort=False).head(1)
    return pd.concat([first, MULTI.drop(first.index).sort_index(level=1, kind="stable")])


FORMS = {
    "MultiIndex": (MULTI, ARRAYS),
    "rows of series apart": (interleaved(), ARRAYS),
    "three levels": (MULTI.assign(k=1).set_index("k", append=True).reorder_levels([0, 2, 1]), ARRAYS),
    "a Series": (MULTI["u"], [x[:, 0] for x in ARRAYS]),
    "groupby": (LONG.drop(columns="t").groupby("id"), BY_KEY),
    "groupby unsorted": (LONG.drop(columns="t").groupby("id", sort=False), ARRAYS),
    "groupby of columns": (LONG.groupby("id")[["u", "v"]], BY_KEY),
    "groupby of one": (LONG.groupby(["id"])["u"], [x[:, 0] for x in BY_KEY]),
    "groupby of a level": (MULTI.groupby(level="id"), BY_KEY),
}


@pytest.mark.parametrize("grouped, arrays", FORMS.values(), ids=FORMS)
def test_forms(grouped, arrays):
    sequences = as_sequences(grouped)
    assert len(sequences) == len(arrays)
    for got, expected in zip(sequences.arrays, arrays, strict=True):
        assert np.array_equal(got, expected)


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
@pytest.mark.parametrize("form", ["MultiIndex", "groupby"])
def test_labels_go_by_key(Estimator, form):
    """The same bits as from lists; labels and weights are in another order than the series."""
    grouped, arrays = FORMS[form]
    targets = y if form == "MultiIndex" else LABELS.to_numpy()
    weights = 1.0 + np.arange(24)
    keys = KEYS if form == "MultiIndex" else sorted(KEYS)
    by_key = pd.Series(weights, index=keys)[::-1]
    model = Estimator(**FAST).fit(arrays, targets, sample_weight=weights, X_val=arrays, y_val=targets)
    same = Estimator(**FAST).fit(grouped, LABELS, sample_weight=by_key, X_val=grouped, y_val=LABELS)
    positional = Estimator(**FAST).fit(grouped, targets, sample_weight=weights)
    expected = model.predict(arrays)
    assert np.array_equal(same.predict(grouped), expected)
    assert np.array_equal(positional.predict(grouped), expected)
    assert np.array_equal(runtime.Predictor.from_estimator(same).predict(grouped), expected)
    assert same.validation_loss_curve_ == model.validation_loss_curve_
    assert same.score(grouped, LABELS, by_key) == model.score(arrays, targets, weights)
    assert same.feature_names_in_.tolist() == ["u", "v"]
    again = Estimator(**FAST).partial_fit(grouped, LABELS)
    assert np.array_equal(
        again.predict(grouped), Estimator(**FAST).partial_fit(arrays, targets).predict(arrays)
    )


def test_early_stopping_scores_sequences():
    settings = FAST | dict(early_stopping=True, scoring="accuracy")
    model = GRUClassifier(**settings).fit(MULTI, LABELS)
    assert model.validation_scores_ == GRUClassifier(**settings).fit(ARRAYS, y).validation_scores_


@pytest.mark.parametrize("grouped", [MULTI, FORMS["groupby"][0]], ids=["MultiIndex", "groupby"])
def test_pipelines_keep_keys(grouped):
    """What a scaler or an encoder hands on is still aligned with labels by key."""
    model = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(grouped, LABELS)
    arrays, labels = (ARRAYS, y) if grouped is MULTI else (BY_KEY, LABELS.to_numpy())
    plain = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(arrays, labels)
    assert np.array_equal(model.predict_proba(grouped), plain.predict_proba(arrays))
    encoder, same = (GRUTransformer(GRUClassifier(**FAST)) for _ in range(2))
    features = encoder.fit(grouped, LABELS).transform(grouped)
    assert np.array_equal(features, same.fit(arrays, labels).transform(arrays))


def test_columns_in_another_order():
    model = GRUClassifier(**FAST).fit(MULTI, LABELS)
    with pytest.raises(ValueError, match=r"columns \['v', 'u'\], the model was fitted on \['u', 'v'\]"):
        model.predict(MULTI[["v", "u"]])


BAD = {
    "a label a row": (MULTI, np.zeros(len(MULTI)), ValueError, "y has 432 elements, one for each row of X; X is 24 sequences, and GRUClassifier needs one for each sequence"),
    "a label a row by index": (MULTI, pd.Series(0, index=MULTI.index), ValueError, "as y.groupby(level=0).first()"),
    "other keys": (MULTI, pd.Series(y), ValueError, "The index of y does not contain the keys of the groups of X, which are 's00', 's07', 's14', ...; it contains 0, 1, 2, ..."),
    "a key twice": (MULTI, pd.Series(y, index=["s00"] * 24), ValueError, "The index of y does not contain the keys"),
    "fewer labels": (MULTI, LABELS[:20], ValueError, "inconsistent numbers of samples: [24, 20]"),
    "out of order": (MULTI[::-1], LABELS, ValueError, "X is not sorted by time: in series 's17'"),
    "a time twice": (MULTI.rename(index={1: 0}, level=1), LABELS, ValueError, "in series 's00' 0 occurs twice"),
    "a row of no series": (MULTI.rename(index={"s07": None}, level=0), LABELS, ValueError, "row 20 has the index"),
    "a key that is missing": (LONG.replace({"id": {"s07": None}}).groupby("id"), LABELS, ValueError, "X leaves out 26 of 432 rows"),
    "text": (MULTI.assign(v="a"), LABELS, ValueError, "'a' in column 'v'"),
    "NaN": (MULTI.where(MULTI["u"] != X[2][3, 0]), LABELS, ValueError, "X[2] contains NaN at step 3."),
    "polars": (polars.from_pandas(LONG).group_by("id"), y, TypeError, "gruc.sequences.from_long(frame, by='id')"),
}  # fmt: skip


@pytest.mark.parametrize("grouped, labels, error, message", BAD.values(), ids=BAD)
def test_refused(grouped, labels, error, message):
    with pytest.raises(error, match=re.escape(message)):
        GRUClassifier(**FAST).fit(grouped, labels)


def test_a_wide_frame_with_levels():
    """Where each row is a sequence, as without the levels, the error gives the right call."""
    wide = pd.DataFrame(np.random.default_rng(0).random((6, 9)))
    wide.index = pd.MultiIndex.from_product([list("abc"), [0, 1]])
    labels = np.arange(6) % 2
    with pytest.raises(
        ValueError, match=r"If each row of X is a sequence by itself, give X.reset_index\(drop=True\)"
    ):
        GRUClassifier(**FAST).fit(wide, labels)
    assert GRUClassifier(**FAST).fit(wide.reset_index(drop=True), labels).predict(wide.to_numpy()).shape == (
        6,
    )


def test_scikit_learns_tools_after_conversion():
    sequences, keys = from_long(MULTI, return_keys=True)
    scores = cross_val_score(GRUClassifier(**FAST), sequences, LABELS.loc[keys], cv=2)
    assert np.array_equal(scores, cross_val_score(GRUClassifier(**FAST), ARRAYS, y, cv=2))
