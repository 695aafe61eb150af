"""What GRUTagger learns: real data, the steps of torch, weights of sequences and classes."""

import io
import keyword
import tokenize
from pathlib import Path

import numpy as np
import pytest
from gruc import GRUTagger
from gruc.datasets import load_japanese_vowels
from problems import tagged_vowels
from sklearn.metrics import accuracy_score, f1_score
from sklearn.utils.class_weight import compute_class_weight

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
# every step of the optimiser in float64, and nothing that is drawn
EXACT = FAST | dict(dtype="float64", shuffle=False, max_grad_norm=None, learning_rate="constant")


def flat(y):
    return np.concatenate(list(y))


class TestLearning:
    def test_the_speaker_at_each_step(self):
        """By the first few steps, too: better than one who only knows the frequencies, worse than later."""
        X, y = load_japanese_vowels(subset="train", return_X_y=True)
        X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
        model = GRUTagger(max_iter=30, tol=0, random_state=0)
        model.fit(X, [np.full(len(x), label) for x, label in zip(X, y, strict=True)])
        right = [
            labels == label for labels, label in zip(model.predict(X_test), y_test, strict=True)
        ]  # fmt: skip
        assert np.mean([part[0] for part in right]) > 0.4
        assert np.mean([part[-1] for part in right]) > 0.9
        assert (
            model.score(X_test, [np.full(len(x), label) for x, label in zip(X_test, y_test, strict=True)])
            > 0.88
        )

    def test_characters_of_python_source(self):
        """What each character belongs to: a keyword, a name, a number, text, a comment, or other."""
        lines, labels = characters_by_kind(tokenize.__file__)
        characters = sorted(set("".join(lines)))
        X = [np.array([characters.index(c) for c in line]) for line in lines]
        test = np.arange(len(X)) % 4 == 0
        fit, held_out = (
            [[part[i] for i in np.flatnonzero(places)] for part in (X, labels)] for places in (~test, test)
        )  # fmt: skip
        model = GRUTagger((32,), embedding_dim=16, bidirectional=True, max_iter=15, tol=0, random_state=0)
        model.set_params(n_tokens=len(characters)).fit(*fit)
        predicted = flat(model.predict(held_out[0]))
        assert accuracy_score(flat(held_out[1]), predicted) > 0.95
        assert f1_score(flat(held_out[1]), predicted, average="macro") > 0.9


def characters_by_kind(path):
    """Lines of a source file, and the kind of each of their characters."""
    text = Path(path).read_text()
    lines = text.splitlines()
    labels = [np.full(len(line), "other", dtype="<U7") for line in lines]
    kinds = {tokenize.NUMBER: "number", tokenize.STRING: "text", tokenize.COMMENT: "comment"}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = kinds.get(token.type)
        if token.type == tokenize.NAME:
            kind = "keyword" if keyword.iskeyword(token.string) else "name"
        if kind and token.start[0] == token.end[0]:
            labels[token.start[0] - 1][token.start[1] : token.end[1]] = kind
    whole = [i for i, line in enumerate(lines) if line.strip() and '"""' not in line]
    return [lines[i] for i in whole], [labels[i] for i in whole]


class TestAgainstTorch:
    """Several steps of Adam over ragged batches, one of them of a sequence of one step."""

    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_weights_after_training(self, bidirectional, weighted):
        torch = pytest.importorskip("torch")
        X, y = tagged_vowels()
        X, y = [x[: 1 + 2 * i] for i, x in enumerate(X[:10])], [x[: 1 + 2 * i] for i, x in enumerate(y[:10])]
        class_weight = {0: 1.0, 1: 2.5, 2: 0.5} if weighted else None
        sample_weight = np.linspace(0.5, 2, len(X)) if weighted else None
        settings = EXACT | dict(standardize=False, batch_size=4, bidirectional=bidirectional, warm_start=True)
        model = GRUTagger(**settings, class_weight=class_weight, label_smoothing=0.1)
        model.set_params(max_iter=1).fit(X, y, sample_weight)
        gru = torch.nn.GRU(12, 6, bidirectional=bidirectional, dtype=torch.float64)
        head = torch.nn.Linear(12 if bidirectional else 6, 3, dtype=torch.float64)
        with torch.no_grad():
            for part, prefix in ((gru, "gru"), (head, "head")):
                for name, parameter in part.named_parameters():
                    parameter.copy_(torch.tensor(model.weights_[f"{prefix}.{name}"].copy()))
        model.set_params(max_iter=4).fit(X, y, sample_weight)

        weights = [np.ones(len(labels)) for labels in y]
        if weighted:
            weights = [
                w * np.array([class_weight[label] for label in labels])
                for w, labels in zip(sample_weight, y, strict=True)
            ]
        mean = flat(weights).mean()
        optimizer = torch.optim.Adam([*gru.parameters(), *head.parameters()], lr=0.01)
        for _ in range(4):
            for start in range(0, len(X), 4):
                batch = range(start, min(start + 4, len(X)))
                packed = torch.nn.utils.rnn.pack_sequence([torch.tensor(X[i]) for i in batch], False)
                states, lengths = torch.nn.utils.rnn.pad_packed_sequence(gru(packed)[0], batch_first=True)
                logits = torch.cat([head(rows[:n]) for rows, n in zip(states, lengths, strict=True)])
                labels = torch.tensor(flat([y[i] for i in batch]))
                losses = torch.nn.functional.cross_entropy(
                    logits, labels, reduction="none", label_smoothing=0.1
                )
                loss = (losses * torch.tensor(flat([weights[i] for i in batch]) / mean)).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        for part, prefix in ((gru, "gru"), (head, "head")):
            for name, parameter in part.named_parameters():
                ours = model.weights_[f"{prefix}.{name}"]
                np.testing.assert_allclose(ours, parameter.detach().numpy(), rtol=0, atol=1e-10)


class TestWeights:
    def test_a_sequence_of_weight_two_is_two_sequences(self):
        X, y = tagged_vowels()
        weights = np.array([2.0, 1.0, 3.0] * 8)
        twice = np.repeat(np.arange(len(X)), weights.astype(int))
        for class_weight in (None, {0: 3.0, 1: 1.0, 2: 0.2}):
            settings = EXACT | dict(class_weight=class_weight)
            weighted = GRUTagger(**settings, batch_size=24).fit(X, y, weights)
            repeated = GRUTagger(**settings, batch_size=48).fit([X[i] for i in twice], [y[i] for i in twice])
            assert weighted.loss_curve_ == pytest.approx(repeated.loss_curve_, rel=1e-9)
            for name, weight in weighted.weights_.items():
                np.testing.assert_allclose(weight, repeated.weights_[name], rtol=0, atol=1e-9)

    def test_a_sequence_of_weight_zero_is_left_out(self):
        X, y = tagged_vowels()
        weights = np.array([1.0, 0.0, 2.0] * 8)
        counted = np.flatnonzero(weights)
        settings = EXACT | dict(batch_size=4)
        a = GRUTagger(**settings).fit(X, y, weights)
        b = GRUTagger(**settings).fit([X[i] for i in counted], [y[i] for i in counted], weights[counted])
        assert a.loss_curve_ == pytest.approx(b.loss_curve_, rel=1e-12)

    def test_balanced_is_by_the_steps(self):
        X, y = tagged_vowels()
        labels = flat(y)
        by_hand = dict(enumerate(compute_class_weight("balanced", classes=np.arange(3), y=labels)))
        assert max(by_hand.values()) > 1.2 * min(by_hand.values())
        balanced, dictionary, plain = (
            GRUTagger(**EXACT, class_weight=weight).fit(X, y) for weight in ("balanced", by_hand, None)
        )
        for name, weight in balanced.weights_.items():
            np.testing.assert_allclose(weight, dictionary.weights_[name], rtol=0, atol=1e-12)
        assert balanced.loss_curve_ != pytest.approx(plain.loss_curve_, rel=1e-3)

    def test_score_is_over_all_steps(self):
        X, y = tagged_vowels()
        model = GRUTagger(**FAST).fit(X, y)
        weights = np.linspace(0, 2, len(X))
        right = [a == b for a, b in zip(model.predict(X), y, strict=True)]
        assert model.score(X, y) == pytest.approx(flat(right).mean())
        by_step = np.repeat(weights, [len(x) for x in X])
        assert model.score(X, y, weights) == pytest.approx(np.average(flat(right), weights=by_step))
        assert abs(model.score(X, y) - np.mean([part.mean() for part in right])) > 1e-4
