"""Attributions against captum's, on torch's nn.GRU with the same weights."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRULanguageModel, GRURegressor, GRUTagger, to_torch
from gruc.inspection import attributions
from problems import tagged_vowels, vowels
from token_problems import FAST as TOKENS
from token_problems import parity

torch = pytest.importorskip("torch")
captum = pytest.importorskip("captum.attr")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(max_iter=5, learning_rate_init=0.02, random_state=0, dtype="float64")


class Network(torch.nn.Module):
    """nn.GRU, a readout and nn.Linear, with the weights of a model; tokens come as their vectors."""

    def __init__(self, model):
        super().__init__()
        gru, head, *_ = ({k: torch.tensor(v) for k, v in part.items()} for part in to_torch(model))
        sizes, self.pooling = model.hidden_layer_sizes, getattr(model, "pooling_", None)
        D = gru["weight_ih_l0"].shape[1]
        self.gru = torch.nn.GRU(
            D, sizes[0], len(sizes), bidirectional=model.bidirectional, batch_first=True, dtype=torch.float64
        )
        self.head = torch.nn.Linear(*head["weight"].shape[::-1], dtype=torch.float64)
        self.gru.load_state_dict(gru)
        self.head.load_state_dict(head)

    def forward(self, x):
        states, last = self.gru(x)
        if self.pooling == "last":
            n_directions = 1 + self.gru.bidirectional
            states = torch.cat(list(last[-n_directions:]), dim=1)
        elif self.pooling is not None:
            states = states.mean(dim=1) if self.pooling == "mean" else states.max(dim=1).values
        return self.head(states)


def of_captum(network, x, method, target, baseline=None, n_steps=64):
    """captum's attributions for one sequence (T, D)."""
    x = torch.tensor(x[np.newaxis], requires_grad=True)
    base = torch.zeros_like(x) if baseline is None else torch.tensor(baseline).expand_as(x)
    if method == "gradient":
        told = captum.Saliency(network).attribute(x, target=target, abs=False)
    elif method == "gradient_x_input":
        told = captum.InputXGradient(network).attribute(x, target=target)
    elif method == "occlusion":
        occlusion = captum.Occlusion(network)
        told = occlusion.attribute(x, (1, 1), baselines=base, target=target)
    else:
        told = captum.IntegratedGradients(network).attribute(
            x, base, target=target, n_steps=n_steps, method="gausslegendre"
        )
    return told.detach().numpy()[0]


# captum takes nodes and weights of integrals, and differences of occlusion, in float32
METHODS = ["gradient", "gradient_x_input", "integrated_gradients", "occlusion"]
STRUCTURES = {
    "last": {"hidden_layer_sizes": (7,)},
    "both ways": {"hidden_layer_sizes": (5, 5), "bidirectional": True},
    "mean": {"hidden_layer_sizes": (5,), "pooling": "mean"},
    "max": {"hidden_layer_sizes": (5,), "pooling": "max"},
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_classifier(structure, method):
    X, y = vowels()
    model = GRUClassifier(**FAST | structure, frame_length=1).fit(X, y)
    network, X = Network(model), [X[0], X[9][:7], X[17][:1]]
    got = attributions(model, X, method=method, target=2)
    for told, x in zip(got, X, strict=True):
        np.testing.assert_allclose(told, of_captum(network, x, method, 2), rtol=0, atol=1e-6)
    if method == "integrated_gradients":
        base = np.linspace(-1, 1, 12)
        got = attributions(model, X, target=1, baseline=base, n_steps=17)
        expected = of_captum(network, X[0], method, 1, base, n_steps=17)
        np.testing.assert_allclose(got[0], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_regressor_on_the_scale_of_its_outputs(method):
    X, _ = vowels()
    model = GRURegressor((7,), **FAST, frame_length=1).fit(X, [x[:, 0].sum() for x in X])
    scale = model._fitted_predictor().decoding.scaling.scale[0]
    got = attributions(model, X[:2], method=method)
    expected = of_captum(Network(model), X[1], method, 0) / scale
    np.testing.assert_allclose(got[1], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", METHODS[:3])
def test_tagger(method):
    X, y = tagged_vowels()
    model = GRUTagger((7,), **FAST).fit(X, y)
    got = attributions(model, X[:2], method=method, target=(4, 1))
    expected = of_captum(Network(model), X[1], method, (4, 1))
    np.testing.assert_allclose(got[1], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", METHODS[:3])
def test_tokens(method):
    X, y, _ = parity()
    model = GRUClassifier(**TOKENS, dtype="float64").fit(X, y)
    got = attributions(model, X[:5], method=method, target=1)
    for told, x in zip(got, X, strict=False):
        vectors = model.weights_["embedding.weight"][x]
        expected = of_captum(Network(model), vectors, method, 0).sum(axis=1)
        np.testing.assert_allclose(told, expected, rtol=0, atol=1e-6)


class TiedNetwork(torch.nn.Module):
    """nn.GRU, a projection, and scores by the table, of a language model; tokens come as their vectors."""

    def __init__(self, model):
        super().__init__()
        weights = {name: torch.tensor(weight) for name, weight in model.weights_.items()}
        gru = {name[4:]: weight for name, weight in weights.items() if name.startswith("gru.")}
        D, H = gru["weight_ih_l0"].shape[1], gru["weight_hh_l0"].shape[1]
        self.gru = torch.nn.GRU(D, H, batch_first=True, dtype=torch.float64)
        self.gru.load_state_dict(gru)
        self.table = weights["embedding.weight"]
        self.projection = weights["projection.weight"], weights["projection.bias"]

    def forward(self, x):
        return torch.nn.functional.linear(self.gru(x)[0], *self.projection) @ self.table.T


@pytest.mark.parametrize("method", METHODS[:3])
def test_tied_language_model(method):
    texts = ["amber", "berta", "carlo"] * 5
    settings = FAST | {"hidden_layer_sizes": (7,), "embedding_dim": 4, "window": 4}
    model = GRULanguageModel(tie_weights=True, **settings).fit(texts)
    index, words = model.vocabulary_, ["carol", "e"]
    got = attributions(model, words, method=method, target=(-1, "r"))
    for told, word in zip(got, words, strict=True):
        vectors = model.weights_["embedding.weight"][[index["</s>"], *(index[c] for c in word)]]
        base = np.concatenate([vectors[:1], np.zeros_like(vectors[1:])])
        expected = of_captum(TiedNetwork(model), vectors, method, (len(word), index["r"]), base)
        np.testing.assert_allclose(told, expected[1:].sum(axis=1), rtol=0, atol=1e-6)
