"""Parameters, and the attributes of a fit."""

import ast
import inspect
import re
from typing import get_args

import gruc
import numpy as np
import pytest
from gruc import (
    GRUClassifier,
    GRUForecaster,
    GRULanguageModel,
    GRURegressor,
    GRUSeq2Seq,
    GRUStepRegressor,
    GRUTagger,
    threads,
)
from gruc.conventions.parameters import ParameterList, alternatives
from gruc.estimators import _parameters
from gruc.estimators._files import KINDS
from gruc.network import READOUTS
from gruc.preprocessing import SequenceScaler, TextSequencer
from gruc.training import DECAYS, SOLVERS, step
from gruc.training.losses import LOSSES
from problems import bits_of, tagged_vowels, vowels
from sklearn.exceptions import NotFittedError

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
ESTIMATORS = [GRUClassifier, GRURegressor, GRUTagger, GRUStepRegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# tokens instead of frames of vowels
TOKENS = {"embedding_dim": 3}

# what each parameter is changed to, and the settings where that is felt
TRIED = {
    "hidden_layer_sizes": ((7,), {}),
    "bidirectional": (True, {}),
    "cell": ("fio", {}),
    "reset_after": (False, {}),
    "update_gate_bias_init": (0.0, {}),
    "pooling": ("mean", {}),
    "conv_channels": ((3,), {}),
    "conv_kernel_size": (2, {"conv_channels": (3,)}),
    "conv_pool": (3, {"conv_channels": (3,)}),
    "n_estimators": (2, {}),
    "embedding_dim": (4, TOKENS),
    "n_tokens": (12, TOKENS),
    "embedding_weights": (np.linspace(0, 1, 33).reshape(11, 3), TOKENS),
    "train_embedding": (False, TOKENS),
    "embedding_dropout": (0.3, TOKENS),
    "frame_length": (2, {}),
    "hop_length": (1, {"frame_length": 2}),
    "standardize": (False, {}),
    "lags": (5, {}),
    "horizon": (5, {}),
    "season_length": (4, {}),
    "scale": ("series", {}),
    "difference": (1, {}),
    "calibration": (None, {}),
    "analyzer": ("word", {}),
    "lowercase": (True, {}),
    "min_frequency": (61, {}),
    "max_features": (9, {}),
    "vocabulary": (["a", "b"], {}),
    "tie_weights": (True, {}),
    "n_negatives": (4, {}),
    "window": (5, {}),
    "source": (TextSequencer(analyzer="char", lowercase=True), {}),
    "target": (TextSequencer(analyzer="char", lowercase=False, add_start=True, add_end=True), {}),
    "attention": ("dot", {}),
    "bidirectional_encoder": (False, {}),
    "scheduled_sampling": (0.9, {}),
    "max_target_length": (50, {}),
    "dropout": (0.2, {}),
    "recurrent_dropout": (0.2, {}),
    "label_smoothing": (0.1, {}),
    "class_weight": ({0: 3.0}, {}),
    "loss": ("huber", {}),
    "quantile": (0.2, {"loss": "quantile"}),
    "delta": (0.01, {"loss": "huber"}),
    "solver": ("sgd", {}),
    "alpha": (0.2, {}),
    "l1_ratio": (0.5, {"alpha": 0.1}),
    "batch_size": (5, {}),
    "learning_rate": ("step", {"decay_steps": 1}),
    "learning_rate_init": (0.02, {}),
    "power_t": (0.1, {"learning_rate": "invscaling"}),
    "decay_rate": (0.1, {"learning_rate": "exponential"}),
    "decay_steps": (2, {"learning_rate": "exponential"}),
    "warmup": (2, {}),
    "max_iter": (4, {}),
    "max_grad_norm": (0.01, {}),
    "shuffle": (False, {}),
    "random_state": (1, {}),
    "tol": (10.0, {"n_iter_no_change": 1, "learning_rate": "constant"}),
    "n_iter_no_change": (1, {"tol": 10.0, "learning_rate": "constant"}),
    "strategy": ("decoder", {}),
    "past_only": (("heat",), {}),
    "calendar": ("auto", {}),
    "holidays": ("US", {"calendar": ("holidays",), "holidays": "DE"}),
    "early_stopping": (True, {}),
    "validation_fraction": (0.4, {"early_stopping": True}),
    "scoring": ("loss", {"early_stopping": True}),
    "beta_1": (0.5, {}),
    "beta_2": (0.5, {}),
    "epsilon": (0.1, {}),
    "momentum": (0.5, {"solver": "sgd"}),
    "nesterovs_momentum": (False, {"solver": "sgd"}),
    "rho": (0.5, {"solver": "rmsprop"}),
    "warm_start": (True, {}),
    "dtype": ("float64", {}),
    "matmul_precision": ("medium", {}),
    "n_jobs": (2, {}),
    "verbose": (True, {}),
}
# what a parameter may change; the others change the weights, whatever else
CHANGES_ONLY = {"scoring": "validation_scores", "n_jobs": "n_jobs", "verbose": "printed"}
DECLARED = [
    (Estimator, part.name)
    for Estimator in [*ESTIMATORS, GRUForecaster, GRULanguageModel, GRUSeq2Seq]
    for part in Estimator._declared
]


def data_for(Estimator, settings):
    """Arguments of fit."""
    if Estimator is GRUForecaster:
        pd = pytest.importorskip("pandas")
        noise = np.random.default_rng(0).standard_normal((3, 90))
        y = np.sin(2 * np.pi * np.arange(90) / 6) + 0.3 * noise[:2]
        index = pd.date_range("2020-11-01", periods=90, freq="D")
        return pd.DataFrame(y.T, index), pd.DataFrame({"heat": noise[2]}, index)
    if Estimator is GRULanguageModel:
        text = "A text that is read in windows, again. " * 60
        return ([ord(character) % 11 for character in text] if "embedding_dim" in settings else text,)
    if Estimator is GRUSeq2Seq:
        X = [f"{i % 7}{'aBcd'[i % 4]}{i % 3}" for i in range(60)]
        return X, [text[::-1] * (1 + i % 2) for i, text in enumerate(X)]
    X, y = tagged_vowels() if Estimator._each_step else vowels()
    if "embedding_dim" in settings:
        X = [x[:, 0].argsort() % 11 for x in X]
    return X, y


def seen_of(Estimator, settings, monkeypatch, capsys):
    """What can be seen of two fits."""
    data = data_for(Estimator, settings)
    settings = {"early_stopping": False} | settings
    asked = set()

    def n_threads(n_jobs=None):
        asked.add(n_jobs)
        return n_jobs or 1

    with monkeypatch.context() as patch:
        patch.setattr(threads, "n_threads", n_threads)
        patch.setattr(step, "SHARD_OPERATIONS", 1)  # batches of any size are divided among threads
        patch.setattr(step, "most_shards", lambda n_sequences: min(n_sequences, 2))
        model = Estimator(**FAST | settings).fit(*data).fit(*data)
    return {
        "weights": bits_of(model)
        | {
            "of windows": getattr(model._predictor, "lags", None),
            "is calibrated": getattr(model._predictor, "conformal", None) is not None,
            "longest answer": getattr(model._predictor, "max_target_length", None),
            "validation": model.validation_loss_curve_,
        },
        "validation_scores": vars(model).get("validation_scores_"),
        "n_jobs": asked,
        "printed": capsys.readouterr().out != "",
    }


@pytest.mark.parametrize("Estimator, name", DECLARED)
def test_every_parameter_does_something(Estimator, name, monkeypatch, capsys, request):
    if name == "holidays":
        pytest.importorskip("holidays")
    value, settings = TRIED[name]
    if name == "matmul_precision":
        request.getfixturevalue("emulated_tiles")
    fits = [seen_of(Estimator, settings | change, monkeypatch, capsys) for change in ({}, {}, {name: value})]
    assert fits[0] == fits[1]
    changed = {what for what in fits[0] if fits[0][what] != fits[2][what]}
    assert changed == {CHANGES_ONLY[name]} if name in CHANGES_ONLY else "weights" in changed


def test_estimators_have_their_parameters_by_declaration():
    kinds = [getattr(gruc, name) for name in gruc.__all__ if name.startswith("GRU")]
    declared = {kind for kind in kinds if issubclass(kind, ParameterList)}
    assert declared == {*ESTIMATORS, GRUForecaster, GRULanguageModel, GRUSeq2Seq}
    assert set(KINDS.values()) == declared


@pytest.mark.parametrize(
    "group, name, table",
    [
        (_parameters.Readout, "pooling", READOUTS),
        (_parameters.Training, "solver", SOLVERS),
        (_parameters.Training, "learning_rate", DECAYS),
        (_parameters.Regression, "loss", set(LOSSES) - {"sigmoid", "softmax"}),
    ],
)
def test_options_are_those_of_the_tables(group, name, table):
    kinds = alternatives(group.__annotations__[name])
    assert set(get_args(kinds[0])) == set(table)


@pytest.mark.parametrize("Estimator", [*ESTIMATORS, GRUForecaster, GRULanguageModel, GRUSeq2Seq])
def test_parameters_in_the_docstring(Estimator):
    """One entry each, in the order of the signature, with the default."""
    text = inspect.getdoc(Estimator)
    section = text[text.index("Parameters\n---") : text.index("Attributes\n---")]
    entries = re.findall(r"^(\w+) : .*, default=(.*)$", section, re.MULTILINE)
    parameters = inspect.signature(Estimator).parameters.values()
    assert [(name, ast.literal_eval(default)) for name, default in entries] == [
        (part.name, part.default) for part in parameters
    ]
    positional = [] if Estimator is GRULanguageModel else ["hidden_layer_sizes"]
    assert [part.name for part in parameters if part.kind is part.POSITIONAL_OR_KEYWORD] == positional


def test_an_int_is_one_layer():
    X, y = vowels()
    a = GRUClassifier(**(FAST | {"hidden_layer_sizes": 6})).fit(X, y)
    b = GRUClassifier(**(FAST | {"hidden_layer_sizes": np.array([6])})).fit(X, y)
    assert np.array_equal(a.predict_proba(X), b.predict_proba(X))


def test_standardize_undoes_any_scale_of_features():
    X, y = vowels()
    far = [1000 * x - 5e4 for x in X]
    a, b = (GRUClassifier(**FAST, dtype="float64").fit(data, y) for data in (X, far))
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(far), rtol=1e-6)


def test_standardize_false_takes_numbers_as_they_are():
    X, y = vowels()
    model = GRUClassifier(**FAST, standardize=False).fit(X, y)
    scaled = SequenceScaler().fit(X)
    by_hand = GRUClassifier(**FAST, standardize=False, dtype="float64").fit(scaled.transform(X), y)
    inside = GRUClassifier(**FAST, dtype="float64").fit(X, y)
    np.testing.assert_allclose(
        by_hand.predict_proba(scaled.transform(X)), inside.predict_proba(X), rtol=1e-12
    )
    assert not np.allclose(model.predict_proba(X), inside.predict_proba(X))


def test_attributes_of_a_fit():
    X, y = vowels()
    model = GRUClassifier(hidden_layer_sizes=(6, 5), bidirectional=True, max_iter=4, random_state=0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 4
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.t_ == 4 * len(X)
    assert model.n_layers_ == 4
    assert model.n_outputs_ == 3
    assert model.out_activation_ == "softmax"
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.weights_["gru.weight_ih_l1_reverse"].shape == (15, 12)
    assert model.weights_["head.weight"].shape == (3, 10)
    with pytest.raises(ValueError, match="read-only"):
        model.weights_["head.bias"][0] = 1
    assert GRUClassifier(**FAST).fit(X, y > 0).out_activation_ == "logistic"
    assert GRURegressor(**FAST).fit(X, y).out_activation_ == "identity"


def test_unfitted():
    for Estimator in ESTIMATORS:
        with pytest.raises(NotFittedError):
            Estimator().predict(vowels()[0])
        assert not hasattr(Estimator(), "weights_")
