"""What `attributions` refuses, and how."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRUTagger
from gruc.inspection import attributions
from problems import tagged_vowels, vowels
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def model():
    return GRUClassifier((4,), max_iter=2, random_state=0).fit(*vowels())


@pytest.fixture(scope="module")
def tagger():
    return GRUTagger((4,), max_iter=2, random_state=0).fit(*tagged_vowels())


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"method": "shap"}, "method='shap' is invalid; expected one of 'gradient', 'gradient_x_input'"),
        ({"n_steps": 0}, "n_steps must be an integer from 1 to 2000; got 0"),
        ({"n_steps": True}, "n_steps must be an integer"),
        ({"n_steps": 2.5}, "n_steps must be an integer"),
        ({"method": "occlusion", "return_gap": True}, "'occlusion' has no gap"),
        ({"method": "gradient", "baseline": 0}, 'baseline has no effect with method="gradient"'),
        ({"target": 3}, "target has index 3, but the model has 3 classes: give one from 0 to 2"),
        ({"target": -1}, "target has index -1, but the model has 3 classes"),
        ({"target": "a"}, "target has 'a' where an index into the 3 classes is expected: one integer"),
        ({"target": 1.0}, "target has 1.0 where an index into the 3 classes is expected"),
        ({"target": [0, 1]}, r"index into the 3 classes of shape \(2,\), but X has 24 sequences"),
        ({"baseline": "median"}, "baseline='median' is invalid"),
        ({"baseline": np.zeros(11)}, "baseline"),
        (
            {"baseline": [np.zeros((3, 12))] * 24},
            r"baseline must be None, 'mean', a number, an array \(12,\)",
        ),
        ({"baseline": np.full(12, np.nan)}, "baseline"),
        ({"baseline": np.nan}, "baseline must be finite"),
    ],
)
def test_bad_settings(model, settings, message):
    X, _ = vowels()
    with pytest.raises(ValueError, match=message):
        attributions(model, X, **settings)


@pytest.mark.parametrize(
    "target, message",
    [
        (
            1,
            r"target=1 is invalid; this model predicts each step: give \(step, an index into the 3 classes\)",
        ),
        ((100, 0), r"target has step 100, but X\[0\] has 20 steps"),
        ((-21, 0), r"target has step -21, but X\[0\] has 20 steps"),
        ((0, 5), "target has index 5, but the model has 3 classes"),
        ((None, 0), "target has None where a step is expected"),
        ((0, 0, 0), "this model predicts each step"),
    ],
)
def test_bad_targets_of_steps(tagger, target, message):
    X, _ = vowels()
    with pytest.raises(ValueError, match=message):
        attributions(tagger, X, target=target)


def test_mean_that_is_not_known():
    X, y = vowels()
    model = GRUClassifier((4,), max_iter=2, standardize=False, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="a model with standardize=False does not know"):
        attributions(model, X, baseline="mean")


def test_models_without_a_network():
    X, y = vowels()
    with pytest.raises(TypeError, match="model is a LogisticRegression; expected a fitted GRUClassifier"):
        attributions(LogisticRegression(), X)
    with pytest.raises(TypeError, match="Of a search, pass best_estimator_"):
        attributions(GridSearchCV(GRUClassifier(), {}), X)
    with pytest.raises(NotFittedError):
        attributions(GRUClassifier(), X)
    with pytest.raises(NotFittedError):
        attributions(make_pipeline(GRUClassifier()), X)


def test_steps_of_pipelines_that_are_not_known():
    X, y = vowels()
    model = make_pipeline(FunctionTransformer(), GRUClassifier((4,), max_iter=2, random_state=0)).fit(X, y)
    with pytest.raises(
        TypeError, match="Step 'functiontransformer' of the pipeline is a FunctionTransformer"
    ):
        attributions(model, X)
    assert len(attributions(model[-1], model[:-1].transform(X))) == len(X)


def test_x_is_checked(model):
    with pytest.raises(ValueError, match="features per step"):
        attributions(model, [np.zeros((3, 2))])
    with pytest.raises(ValueError, match="NaN"):
        attributions(model, [np.full((3, 12), np.nan)])
