"""Pipelines with gruc's estimators through skl2onnx, against their own predictions."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.preprocessing import SequenceScaler
from problems import vowels
from skl2onnx_graphs import TABLE, FloatTensorType, assert_classifies, converted, padded, run, skl2onnx
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the runtimes' own
]
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


def equal_lengths():
    X, y = vowels()
    return [x[:7] for x in X], y


PROBLEMS = pytest.mark.parametrize("problem", [vowels, equal_lengths])


@PROBLEMS
def test_scaler_and_classifier(problem):
    X, y = problem()
    assert_classifies(make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, y), X, padded(X))


@PROBLEMS
def test_scaler_and_regressor(problem):
    X, y = problem()
    model = make_pipeline(SequenceScaler(), GRURegressor(**FAST)).fit(X, y * 1.5)
    got = run(converted(model), X=padded(X))
    np.testing.assert_allclose(got["variable"][:, 0], model.predict(X), rtol=0, atol=1e-5)


@PROBLEMS
@pytest.mark.parametrize(
    "settings", [{"trained": False}, {"estimator": GRUClassifier(**FAST, bidirectional=True)}]
)
def test_features_for_another_model(settings, problem):
    X, y = problem()
    encoder = GRUTransformer(**settings, random_state=0)
    model = make_pipeline(encoder, StandardScaler(), LogisticRegression()).fit(X, y)
    assert_classifies(model, X, padded(X))
    got = run(converted(model[0]), X=padded(X))
    np.testing.assert_allclose(got["variable"], model[0].transform(X), rtol=0, atol=1e-5)


def test_features_of_two_networks_side_by_side():
    X, y = vowels()
    encoders = [
        (str(i), GRUTransformer(GRUClassifier((5,)), trained=False, random_state=i)) for i in range(2)
    ]
    model = make_pipeline(SequenceScaler(), FeatureUnion(encoders), LogisticRegression()).fit(X, y)
    assert_classifies(model, X, padded(X))


def test_rows_of_a_table_are_sequences():
    X, y = vowels()
    table = np.stack([x[:7, 0] for x in X]).astype("float32")
    for scaler in (StandardScaler(), SequenceScaler()):
        model = make_pipeline(scaler, GRUClassifier(**FAST)).fit(table, y)
        assert_classifies(model, table, table, FloatTensorType([None, 7]))
    assert_classifies(model[-1], table, table, TABLE)
    ragged = [x[:, 0] for x in X]
    assert_classifies(GRUClassifier(**FAST).fit(ragged, y), ragged, padded(ragged), TABLE)
    cube = [x[:, :1] for x in X]
    model = GRUClassifier(**FAST).fit(cube, y)
    assert_classifies(model, cube, padded(cube), FloatTensorType([None, None, 1]))


def test_columns_of_a_frame_are_steps():
    pandas = pytest.importorskip("pandas")
    X, y = vowels()
    table = np.stack([x[:7, 0] for x in X]).astype("float32")
    frame = pandas.DataFrame(table, columns=list("abcdefg"))
    frame["c"] = np.arange(len(X))
    for model in (GRUClassifier(**FAST), make_pipeline(SequenceScaler(), GRUClassifier(**FAST))):
        model.fit(frame, y)
        proto = skl2onnx.to_onnx(model, frame, options={"zipmap": False})
        got = run(proto, **{name: frame[[name]].to_numpy() for name in frame})
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(frame), rtol=0, atol=1e-5)


def test_inside_a_grid_search():
    X, y = vowels()
    pipeline = make_pipeline(SequenceScaler(), GRUClassifier(**FAST))
    search = GridSearchCV(pipeline, {"gruclassifier__reset_after": [False, True]}, cv=2).fit(X, y)
    assert_classifies(search, X, padded(X))


def test_in_a_vote():
    X, y = vowels()
    cube = padded([x[:7] for x in X], 0)
    members = [(str(i), GRUClassifier(**FAST | {"random_state": i})) for i in range(2)]
    assert_classifies(
        VotingClassifier(members, voting="soft", flatten_transform=False).fit(cube, y), cube, cube
    )


def test_a_scaler_hands_padding_on():
    X, _ = vowels()
    for scaler in (SequenceScaler(), SequenceScaler(with_mean=False), SequenceScaler(with_std=False)):
        got = run(converted(scaler.fit(X)), X=padded(X))["variable"]
        np.testing.assert_allclose(got, padded(scaler.transform(X)), rtol=0, atol=1e-5)
