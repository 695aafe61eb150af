"""Parameters as other libraries call them, and misspelt ones."""

import inspect
import pickle
import pydoc

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

MEANT = {
    "lr": "learning_rate_init",
    "hidden_size": "hidden_layer_sizes",
    "hidden_units": "hidden_layer_sizes",
    "units": "hidden_layer_sizes",
    "num_layers": "hidden_layer_sizes",
    "hidden_layer_size": "hidden_layer_sizes",
    "epochs": "max_iter",
    "n_epochs": "max_iter",
    "max_iters": "max_iter",
    "batchsize": "batch_size",
    "optimizer": "solver",
    "dropout_rate": "dropout",
    "validation_split": "validation_fraction",
    "patience": "n_iter_no_change",
    "weight_decay": "alpha",
    "clipnorm": "max_grad_norm",
    "seed": "random_state",
    "randomstate": "random_state",
    "bidirectionnal": "bidirectional",
    "learning_rat_init": "learning_rate_init",
    "standardise": "standardize",
    "nesterov": "nesterovs_momentum",
    "earlystopping": "early_stopping",
}
SAID = {
    "batch_first": r"X is always \(n_sequences, n_steps, n_features\)",
    "device": "n_jobs sets the number of threads",
    "input_size": "read from X",
    "num_classes": "follow from y",
    "activation": "are fixed",
    "validation_data": "fit takes X_val and y_val",
}


@pytest.mark.parametrize("kind", [GRUClassifier, GRURegressor])
@pytest.mark.parametrize("name, meant", MEANT.items())
def test_the_one_meant_is_named(kind, name, meant):
    words = rf"unexpected keyword argument '{name}'. Did you mean {meant}\?"
    with pytest.raises(TypeError, match=rf"{kind.__name__}.__init__\(\) got an {words}"):
        kind(**{name: 2})
    model = kind(max_iter=7)
    with pytest.raises(
        ValueError, match=rf"Invalid parameter '{name}' for estimator {kind.__name__}.*mean {meant}\? Valid"
    ):
        model.set_params(max_iter=8, **{name: 2})
    assert model.max_iter == 7


@pytest.mark.parametrize("name, message", SAID.items())
def test_unknown_parameters_are_named(name, message):
    for wrong, call in ((TypeError, GRUClassifier), (ValueError, GRUClassifier().set_params)):
        with pytest.raises(wrong, match=f"'{name}'.*{message}"):
            call(**{name: 1})


def test_nothing_is_guessed_of_other_words():
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'$"):
        GRUClassifier(colour=1)


def test_parameters_of_the_other_estimator():
    with pytest.raises(TypeError, match="'quantile'. quantile is a parameter of GRURegressor."):
        GRUClassifier(quantile=0.1)
    with pytest.raises(TypeError, match="'criterion'. loss is a parameter of GRURegressor."):
        GRUClassifier(criterion="mse")
    with pytest.raises(ValueError, match="class_weight is a parameter of GRUClassifier."):
        GRURegressor().set_params(class_weight="balanced")


def test_of_the_network_of_a_transformer():
    for name, meant in (("hidden_size", "hidden_layer_sizes"), ("max_iter", "max_iter")):
        with pytest.raises(TypeError, match=f"{meant} is a parameter of the network, .* estimator"):
            GRUTransformer(**{name: 3})
    with pytest.raises(TypeError, match=r"'seed'. Did you mean random_state\?"):
        GRUTransformer(seed=0)
    with pytest.raises(ValueError, match=r"Did you mean max_iter\?"):
        GRUTransformer(GRUClassifier()).set_params(estimator__epochs=3)


def test_in_searches_and_pipelines():
    X, y = np.random.default_rng(0).random((12, 5)), np.arange(12) % 2
    with pytest.raises(ValueError, match=r"Invalid parameter 'hidden_size' .*mean hidden_layer_sizes\?"):
        GridSearchCV(GRUClassifier(max_iter=1), {"hidden_size": [2, 3]}, cv=2).fit(X, y)
    with pytest.raises(ValueError, match=r"Did you mean max_iter\?"):
        make_pipeline(GRUClassifier()).set_params(gruclassifier__epochs=2)


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("learning_rate", 0.001, "The step size is learning_rate_init"),
        ("learning_rate", 1, "The step size is learning_rate_init"),
        ("early_stopping", 10, "The number of epochs to wait is n_iter_no_change"),
        ("validation_fraction", 20, "fit as X_val and y_val"),
    ],
)
def test_values_of_another_kind(name, value, message):
    X, y = np.random.default_rng(0).random((12, 5)), np.arange(12) % 2
    for method in ("fit", "partial_fit"):
        model = GRUClassifier(**{name: value})
        with pytest.raises(ValueError, match=f"The '{name}' parameter of GRUClassifier must be .*{message}"):
            getattr(model, method)(X, y)
    with pytest.raises(ValueError, match="must be a str among .* Got 'fast' instead.$"):
        GRUClassifier(learning_rate="fast").fit(X, y)


@pytest.mark.parametrize("kind", [GRUClassifier, GRURegressor, GRUTransformer])
def test_signatures_copies_and_help_are_as_ever(kind):
    names = list(kind().get_params(deep=False))
    assert sorted(inspect.signature(kind).parameters) == names == sorted(kind._get_param_names())
    assert inspect.getfullargspec(kind.__init__).varkw is None  # which sktime asks for
    assert inspect.signature(kind).parameters["random_state"].default is None
    assert f"class {kind.__name__}" in pydoc.plain(pydoc.render_doc(kind))
    assert "random_state=None" in pydoc.plain(pydoc.render_doc(kind)).replace(": Any = ", "=")
    model = kind(random_state=3)
    for other in (clone(model), pickle.loads(pickle.dumps(model))):
        assert other.get_params() == model.get_params()

    class Own(kind):
        def __init__(self, random_state=None, more=1):
            super().__init__(random_state=random_state)
            self.more = more

    assert clone(Own(more=2).set_params(random_state=5)).get_params() == {"more": 2, "random_state": 5}
