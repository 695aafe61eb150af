"""The targets that a fit makes of y, apart from estimators."""

import numpy as np
import pytest
from gruc.estimators._class_targets import ClassSettings, class_targets
from gruc.estimators._value_targets import KnownValues, ValueSettings, ValueTargets
from gruc.outputs import Classes

Y = np.random.default_rng(0).gamma(2.0, size=(20, 2))


def class_settings(class_weight=None, label_smoothing=0.0, dtype="float64"):
    return ClassSettings(class_weight, label_smoothing, dtype)


def value_settings(loss="squared_error", quantile=0.5, standardize=True, dtype="float64"):
    return ValueSettings(loss, quantile, 0.25, standardize, dtype)


@pytest.mark.parametrize("y", [Y, Y[:, 0]], ids=["two targets", "one"])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_outputs_undo_what_targets_did(loss, standardize, y):
    targets = ValueTargets(y, None, value_settings(loss, [0.2, 0.8], standardize))
    expected = np.stack([y, y], axis=-1) if loss == "quantile" else y
    assert targets.values.shape == (20, targets.outputs.n_outputs)
    np.testing.assert_allclose(targets.outputs.decode(targets.values), expected, rtol=1e-12)
    np.testing.assert_array_equal(targets.encode_validation(y), targets.values)
    assert targets.loss_val == targets.loss


def test_rates_start_at_their_mean():
    targets = ValueTargets(Y, None, value_settings("poisson"))
    parameters = {"head.weight": np.ones((3, 2)), "head.bias": np.zeros(2)}
    targets.initialise(parameters, None)
    np.testing.assert_allclose(targets.outputs.decode(parameters["head.bias"][np.newaxis]), [Y.mean(axis=0)])
    assert (parameters["head.weight"] == 1).all()


def test_a_constant_target_starts_at_the_constant():
    y = np.column_stack([np.full(20, 3.5), Y[:, 0]])
    targets = ValueTargets(y, None, value_settings())
    parameters = {"head.weight": np.ones((3, 2)), "head.bias": np.zeros(2)}
    targets.initialise(parameters, None)
    assert targets.outputs.decode(parameters["head.bias"][np.newaxis])[0, 0] == 3.5
    assert parameters["head.weight"].tolist() == [[0, 1]] * 3


def test_the_scaling_is_of_all_parts_while_they_are_gathered():
    settings, weights = value_settings(), np.arange(1.0, 21)
    first = ValueTargets(Y[:5], None, settings)
    known = KnownValues("squared_error", None, first.outputs.scaling, first.attributes()["_first_targets"])
    both = ValueTargets(Y[5:], weights[5:], settings, known)
    expected = ValueTargets(Y, np.r_[np.ones(5), weights[5:]], settings)
    np.testing.assert_array_equal(both.outputs.scaling, expected.outputs.scaling)
    settled = ValueTargets(Y[5:], None, settings, known._replace(first=None))
    assert settled.outputs.scaling is first.outputs.scaling
    assert "_first_targets" not in settled.attributes()


@pytest.mark.parametrize("y", [["b", "a", "c", "a"], ["b", "a", "b", "a"]], ids=["three", "two"])
def test_predictions_of_perfect_outputs_are_the_labels(y):
    targets = class_targets(np.array(y), None, class_settings())
    if targets.outputs.link == "two":
        outputs = 2 * targets.values - 1
    else:
        outputs = np.eye(targets.outputs.n_outputs)[targets.values]
    assert targets.outputs.decode(outputs).tolist() == y
    assert targets.score(y, y, None) == 1.0


def test_smoothing_is_of_training_alone():
    two = class_targets(np.array([0, 1, 1]), None, class_settings(label_smoothing=0.2))
    assert two.values.tolist() == [[0.1], [0.9], [0.9]]
    assert two.encode_validation([0, 1, 1]).tolist() == [[0], [1], [1]]
    three = class_targets(np.array([0, 1, 2]), None, class_settings(label_smoothing=0.2))
    assert (three.loss.settings, three.loss_val.settings) == ((0.2,), (0.0,))
    several = class_targets(np.eye(3), None, class_settings(label_smoothing=0.2))
    np.testing.assert_allclose(several.values, 0.8 * np.eye(3) + 0.1)
    assert np.array_equal(several.encode_validation(np.eye(3)), np.eye(3))


def test_weights_of_classes_multiply_those_of_sequences():
    settings = class_settings({0: 1.0, 1: 4.0, 2: 2.0})
    targets = class_targets(np.array([0, 1, 2, 1]), np.array([1.0, 1, 2, 3]), settings)
    np.testing.assert_allclose(targets.weights, np.array([1, 4, 4, 12]) / 4)
    np.testing.assert_allclose(targets.validation_weights([1, 0], None), [1, 0.25])
    incremental = class_targets(np.array([0, 1, 2, 1]), None, settings, incremental=True)
    assert incremental.weights.tolist() == [1, 4, 2, 4]


def test_what_a_validation_set_lacks_is_named():
    one = class_targets(np.array(["a", "b", "c", "d"]), None, class_settings())
    assert one.missing_classes(["a", "b", "c", "d"]) == ""
    assert one.missing_classes(["a", "b", "c"]) == "class d"
    assert one.missing_classes(["a"]) == "3 classes: b, c, d"
    several = class_targets(np.eye(3), None, class_settings())
    assert several.missing_classes([[1, 0, 1]]) == "class 1"
    assert ValueTargets(Y, None, value_settings()).missing_classes(Y) == ""


def test_known_classes_stay():
    known = Classes([3, 5, 8])
    assert class_targets(np.array([8, 3]), None, class_settings(), known).values.tolist() == [2, 0]
    with pytest.raises(ValueError, match="labels that are not among the classes .* The first call saw none"):
        class_targets(np.array([4]), None, class_settings(), known)
    with pytest.raises(ValueError, match="differ from those of the first call"):
        class_targets(np.array([3]), None, class_settings(), known, classes=[3, 5])
