"""Weights to and from torch itself, where it is installed."""

import gruc
import numpy as np
import pytest
from framework_weights import close, frames_of
from gruc import GRUClassifier
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
STACKED = {"hidden_layer_sizes": (5, 5), "bidirectional": True}
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("settings", [{}, STACKED, {"frame_length": 2}], ids=str)
def test_torch_itself(settings, dtype):
    torch = pytest.importorskip("torch")
    X, y = vowels()
    model = GRUClassifier(**FAST | settings, dtype=dtype).fit(X, y)
    gru_state, head_state = gruc.to_torch(model)
    sizes, k = model.hidden_layer_sizes, model.frame_length_
    kind = getattr(torch, dtype)
    gru = torch.nn.GRU(
        12 * k, sizes[0], len(sizes), batch_first=True, bidirectional=model.bidirectional, dtype=kind
    )
    head = torch.nn.Linear(sizes[-1] * (1 + model.bidirectional), 3, dtype=kind)
    gru.load_state_dict({name: torch.as_tensor(a.copy()) for name, a in gru_state.items()})
    head.load_state_dict({name: torch.as_tensor(a.copy()) for name, a in head_state.items()})
    with torch.no_grad():
        proba = []
        for x in X:
            _, h = gru(torch.as_tensor(frames_of(x, k)[None], dtype=kind))
            last = h[-2:].transpose(0, 1).reshape(1, -1) if model.bidirectional else h[-1]
            proba.append(torch.softmax(head(last), 1).numpy()[0])
    close(np.array(proba), model.predict_proba(X), dtype)
    back = gruc.from_torch(
        GRUClassifier(dtype=dtype, frame_length=k, random_state=0), gru.state_dict(), head.state_dict()
    )
    close(back.predict_proba(X), np.array(proba), dtype)
    assert back.partial_fit(X, y).loss_ < np.log(3)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_tensors(dtype):
    torch = pytest.importorskip("torch")
    X, y = vowels()
    torch.manual_seed(0)
    gru = torch.nn.GRU(12, 6, bias=False, dtype=getattr(torch, dtype))
    head = torch.nn.Linear(6, 3, bias=False, dtype=getattr(torch, dtype))
    states = [dict(gru.named_parameters()), dict(head.named_parameters())]  # which require gradients
    assert all(value.requires_grad for state in states for value in state.values())
    model = gruc.from_torch(GRUClassifier(dtype="float64"), *states)
    for name, value in states[0].items():
        assert np.array_equal(model.weights_[f"gru.{name}"], value.detach().double().numpy())
    assert np.array_equal(model.weights_["head.weight"], states[1]["weight"].detach().double().numpy())
    assert not model.weights_["head.bias"].any()
    gru, head = gru.double(), head.double()
    with torch.no_grad():
        proba = [torch.softmax(head(gru(torch.as_tensor(x))[1]), 1).numpy()[0] for x in X]
    np.testing.assert_allclose(model.predict_proba(X), proba, rtol=0, atol=1e-12)
