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


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "settings", [{}, {"standardize": False, "pooling": ("last", "max")}, {"conv_pool": (3, 1)}], ids=str
)
def test_convolutions(settings, dtype):
    torch = pytest.importorskip("torch")
    X, y = vowels()
    settings = {
        "pooling": "last",
        "conv_channels": (5, 4),
        "conv_kernel_size": (4, 3),
        "dtype": dtype,
    } | settings
    model = GRUClassifier(**FAST | settings).fit([x + 7.0 for x in X], y)
    states = gruc.to_torch(model)
    kind = getattr(torch, dtype)

    class Convolutions(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.ModuleList(
                [torch.nn.Conv1d(12, 5, 4, bias=False), torch.nn.Conv1d(5, 4, 3, bias=False)]
            )
            self.norm = torch.nn.ModuleList([torch.nn.BatchNorm1d(5), torch.nn.BatchNorm1d(4)])
            if model.standardize:
                self.scale = torch.nn.BatchNorm1d(12, eps=0, affine=False)

        def forward(self, x):
            x = self.scale(x) if model.standardize else x
            for conv, norm, pool in zip(self.conv, self.norm, np.resize(model.conv_pool, 2), strict=True):
                x = torch.nn.functional.pad(x, (conv.kernel_size[0] - 1, 0))
                x = torch.nn.functional.max_pool1d(norm(conv(x)).relu(), int(pool), ceil_mode=True)
            return x

    parts = [
        torch.nn.GRU(4, 6, batch_first=True),
        torch.nn.Linear(len(states[1]["weight"][0]), 3),
        Convolutions(),
    ]
    for part, state in zip(parts, states, strict=True):
        part.to(kind).eval()
        part.load_state_dict({name: torch.as_tensor(a.copy()) for name, a in state.items()})
    gru, head, convolutions = parts
    X = [x + 7.0 for x in X]
    with torch.no_grad():
        proba = []
        for x in X:
            h, last = gru(convolutions(torch.as_tensor(x.T[None], dtype=kind)).transpose(1, 2))
            read = last[0] if model.pooling == "last" else torch.cat([last[0], h.max(dim=1).values], dim=1)
            proba.append(torch.softmax(head(read), 1).numpy()[0])
    close(np.array(proba), model.predict_proba(X), dtype)
    like = GRUClassifier(
        dtype=dtype, random_state=0, conv_channels=(1, 1), conv_pool=model.conv_pool, pooling=model.pooling
    )
    back = gruc.from_torch(like, gru.state_dict(), head.state_dict(), conv_state=convolutions.state_dict())
    close(back.predict_proba(X), np.array(proba), dtype)
    assert (back.conv_channels, back.conv_kernel_size) == ((5, 4), (4, 3))
    back.partial_fit(X, y)
    assert back.weights_["norm.0.num_batches_tracked"] > model.weights_["norm.0.num_batches_tracked"]
    with pytest.raises(ValueError, match="conv_channels=.*, but the weights have no convolutions"):
        gruc.from_torch(like, *states[:2])
    short = {name: value for name, value in states[2].items() if name != "norm.1.bias"}
    with pytest.raises(ValueError, match="conv_state must have .*missing: .'norm.1.bias'"):
        gruc.from_torch(like, *states[:2], conv_state=short)
