"""Descriptions in model files that are refused."""

import gruc
import pytest
from gruc import GRUClassifier, ModelFileError
from model_files import joined, refuses, rewritten, split
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"format": 3}, "has format 3, this version of gruc reads formats up to 2; update gruc"),
        ({"format": 0}, "no valid format number"),
        ({"format": True}, "no valid format number"),
        ({"format": None}, "no valid format number"),
        ({"predictor": 3}, "predictor is 3"),
        ({"predictor": {}}, "is missing"),
    ],
)
def test_descriptions_that_are_refused(whole, path, change, message):
    description, tensors = split(whole)
    refuses(path, joined(description | change, tensors), message)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "is not JSON"),
        ("[]", "is not an object"),
        ("{" * 5000, "is not JSON"),
        ("[" * 200_000, "is not JSON"),
        ('{"format": 1e999}', "no valid format number"),
        ('{"format": NaN}', "is not JSON"),
        ('{"format": ' + "9" * 5000 + "}", "is not JSON"),
    ],
    ids=range(7),
)
def test_nonsense_for_a_description(whole, path, text, message):
    refuses(path, joined(text, split(whole)[1]), message)


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("network", {"n_features": -1}, "n_features is -1"),
        ("network", {"n_features": 10**30}, "n_features is 1000"),
        ("network", {"hidden_layer_sizes": []}, r"hidden_layer_sizes is \[\]"),
        ("network", {"hidden_layer_sizes": [2**30]}, "expected"),
        ("network", {"hidden_layer_sizes": [3] * 100}, "tensors that are missing"),
        ("network", {"pooling": "median"}, "pooling is 'median'"),
        ("network", {"pooling": ["last"]}, "pooling is"),
        ("network", {"dilation": 2}, "does not know"),
        ("network", {"reset_after": False}, "too many"),
        ("framing", [0, 1], r"framing is \[0, 1\]"),
        ("framing", [7, 1], "do not fit"),
        ("classes", {"kind": "string", "dtype": "<U1", "values": ["a", "b"]}, "expected 3 classes"),
        ("classes", {"kind": "string", "dtype": "<i8", "values": ["a", "b", "c"]}, "labels of '<i8'"),
        ("classes", {"kind": "string", "dtype": ",U1", "values": ["a", "b", "c"]}, "dtype is ',U1'"),
        ("classes", {"kind": "integer", "dtype": "|i1", "values": [1, 2, 300]}, "labels of"),
        ("classes", {"kind": "object", "dtype": "|O", "values": [1]}, "kind is"),
        ("classes", {"kind": "integer", "dtype": "<i8", "values": [1, 2, "c"]}, "values is"),
        ("classes", None, "."),
        ("n_quantiles", 2, "n_quantiles is 2"),
        ("log_link", True, "log_link is True"),
        ("multilabel", 1, "multilabel is 1"),
        ("new", 1, r"does not know: \['new'\]"),
    ],
)  # fmt: skip
def test_predictors_that_are_refused(whole, path, field, value, message):
    description, tensors = split(whole)
    given = description["predictor"].get(field)
    description["predictor"][field] = (given | value) if field == "network" else value
    path.write_bytes(joined(description, tensors))
    with pytest.raises(ModelFileError, match=message):
        gruc.load(path)


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("kind", "GRUTransformer", "kind is 'GRUTransformer'"),
        ("kind", "GRURegressor", "."),
        ("kind", ["GRUClassifier"], "kind is"),
        ("gruc_version", 1, "gruc_version is 1"),
        ("parameters", {"alpha": "high"}, "'alpha' parameter"),
        ("parameters", {"beta_9": 1}, r"parameters that are unknown: \['beta_9'\]"),
        ("parameters", {"alpha": {"pickle": "x"}}, "is not a value of a parameter"),
        ("parameters", {"alpha": {"float": "1"}}, "is not a value of a parameter"),
        ("parameters", {"class_weight": {"dict": [[[1], 2]]}}, "is not a value of a parameter"),
        ("fitted", {"n_iter_": -1}, "n_iter_ is -1"),
        ("fitted", {"loss_curve_": ["a"]}, "loss_curve_ is"),
        ("fitted", {"n_features_in_": 7}, "features do not fit"),
        ("fitted", {"feature_names_in_": ["a"]}, "features do not fit"),
        ("fitted", {"best_iter_": 0}, "its history is inconsistent"),
        ("fitted", {"validation_epochs_": [1]}, "its history is inconsistent"),
        ("fitted", {"more": 1}, "does not know"),
        ("more", 1, "does not know"),
    ],
)
def test_estimators_that_are_refused(whole, path, field, value, message):
    description, tensors = split(whole)
    description[field] = description[field] | value if isinstance(description.get(field), dict) else value
    path.write_bytes(joined(description, tensors))
    with pytest.raises(ModelFileError, match=message):
        gruc.load(path)


def test_unknown_parts_are_refused_by_the_runtime_too(path):
    X, y = vowels()
    GRUClassifier(**FAST).fit(X, y).save(path)
    rewritten(path, lambda d: d.update(later=1))
    for load in (gruc.load, gruc.runtime.load):
        with pytest.raises(ModelFileError, match="later"):
            load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["predictor"]["classes"].update(kind=["integer"]),
        lambda d: d["predictor"]["classes"].update(kind={}),
        lambda d: d.update(kind={}),
        lambda d: d.update(fitted=[]),
        lambda d: d["fitted"].update(n_iter_=10**30),
        lambda d: d["fitted"].update(best_iter_=7),
        lambda d: d["fitted"].update(loss_curve_=[[]]),
        lambda d: d["fitted"].update(feature_names_in_=[1] * 12),
        lambda d: d["parameters"].update(alpha={"float": "1"}),
        lambda d: d["parameters"].update(class_weight={"dict": [[[1], 2]]}),
        lambda d: d["predictor"].update(framing=[[], {}]),
        lambda d: d["predictor"]["network"].update(pooling={}),
    ],
    ids=range(12),
)
def test_both_loads_refuse_the_same(whole, path, change):
    description, tensors = split(whole)
    change(description)
    refuses(path, joined(description, tensors), "is")
