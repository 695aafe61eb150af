"""Answers of an encoder-decoder: greedy and beam search against the oracle."""

import math
import signal
import threading

import numpy as np
import pytest
import reference
from gruc import kernels
from gruc.network import EncoderDecoder
from gruc.sequences import Tokens, as_tokens
from helpers import TOLERANCE, central_difference, relative_error

ATTENTIONS = [None, "dot", "general", "additive"]
START, END, K = 1, 1, 5
ADDITIVE = ["key_weight", "key_bias", "query_weight", "v"]
SOURCES = [[0, 3, 2], [1], [2, 2, 0, 1, 3, 3, 1], [3, 0], [1, 1, 2, 0]]


def a_network(attention, layers=(3,), bidirectional=True, reset_after=True):
    return EncoderDecoder(
        4, K, layers, K, bidirectional, embedding=3, attention=attention, reset_after=reset_after
    )


def parameters_of(network, dtype="float64", seed=0):
    flat = np.random.default_rng(seed).standard_normal(network.table.size)
    return flat.astype(dtype)


def packed(sequences):
    tokens = as_tokens([np.array(part, np.int32) for part in sequences])
    return Tokens(K).gather(tokens, np.arange(len(sequences)), "float64")


def search(network, flat, sources, most=6, **options):
    limits = np.broadcast_to(most, len(sources)).astype(np.intp)
    options = dict(start=START, end=END) | options
    answers = network.search(network.prepare(flat), packed(sources), limits, **options)
    return [answer.tolist() for answer in answers]


def attending_gru_forward(x, memory, key, query, v, cell, h0, mask=1.0):
    """States (T, H), contexts (T, F) and weights (T, n) of a cell with additive attention inside its step.

    `key` is (W, b), `query` W_q; `cell` the weights of a GRU over [x; c] (Bahdanau, Cho and Bengio 2015).
    """
    keys = memory @ key[0].T + key[1]
    h, states, contexts, weights = h0, [], [], []
    for x_t in x:
        e = np.tanh(query @ h + keys) @ v
        a = np.exp(e - e.max())
        a /= a.sum()
        c = a @ memory
        (h,), _ = reference.gru_forward(np.concatenate([x_t, c])[np.newaxis], *cell, h0=h, mask=mask)
        states.append(h)
        contexts.append(c)
        weights.append(a)
    return np.array(states), np.array(contexts), np.array(weights)


class Oracle:
    """The same network, one sequence and one step at a time."""

    def __init__(self, network, flat):
        self.network, self.p = network, network.table.torch_views(flat.astype("float64"))

    def layer(self, prefix, suffix):
        names = [f"{prefix}.{name}_{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        return [self.p.get(name) for name in names]

    def encode(self, source):
        x, states = self.p["source_embedding.weight"][source], []
        for k, layer in enumerate(self.network.encoder):
            forward, _ = reference.gru_forward(x, *self.layer("encoder", f"l{k}"))
            parts, ends = [forward], [forward[-1]]
            if len(layer) > 1:
                backward, _ = reference.gru_forward(x[::-1], *self.layer("encoder", f"l{k}_reverse"))
                parts, ends = [forward, backward[::-1]], [forward[-1], backward[-1]]
            x = np.concatenate(parts, axis=1)
            states.append(np.concatenate(ends))
        return x, states

    def step(self, memory, states, token):
        """Logits, states after the step, and weights of attention."""
        x, after, a = self.p["embedding.weight"][token], [], None
        kind = self.network.config["attention"]
        for k, state in enumerate(states):
            if kind == "additive" and k == 0:
                p = {name: self.p[f"attention.{name}"] for name in ADDITIVE}
                key, cell = (p["key_weight"], p["key_bias"]), self.layer("gru", "l0")
                (h,), (c,), (a,) = attending_gru_forward(
                    x[np.newaxis], memory, key, p["query_weight"], p["v"][0], cell, state
                )
                x = np.concatenate([c, h])
                after.append(h)
                continue
            (x,), _ = reference.gru_forward(x[np.newaxis], *self.layer("gru", f"l{k}"), h0=state)
            after.append(x)
        if kind in ("dot", "general"):
            q = self.p["attention.weight"] @ x if kind == "general" else x
            (c,), (a,) = reference.attend_forward(q[np.newaxis], memory)
            x = np.concatenate([c, x])
        return self.p["head.weight"] @ x + self.p["head.bias"], after, a

    def greedy(self, source, most):
        memory, states = self.encode(source)
        token, answer = START, []
        while len(answer) < most:
            logits, states, _ = self.step(memory, states, token)
            token = int(np.argmax(logits))
            if token == END:
                break
            answer.append(token)
        return answer

    def beam(self, source, most, width, penalty):
        """The same rules as search.h, in Python."""
        memory, states = self.encode(source)
        rows, complete = [(0.0, [], states)], []
        for t in range(most):
            candidates = []
            for score, tokens, states in rows:
                logits, after, _ = self.step(memory, states, tokens[-1] if tokens else START)
                logs = logits - np.logaddexp.reduce(logits)
                candidates += [(score + logs[k], [*tokens, k], after) for k in range(K)]
            candidates.sort(key=lambda candidate: -candidate[0])
            ended = [c for c in candidates[:width] if c[1][-1] == END]
            complete += [(c[0] / (t + 1) ** penalty, c[1][:-1]) for c in ended]
            rows = [c for c in candidates[: 2 * width] if c[1][-1] != END][:width]
            if t + 1 == most:
                complete += [(c[0] / most**penalty, c[1]) for c in rows]
            if len(complete) >= width:
                break
            if complete and rows[0][0] / (most + 1) ** penalty <= max(complete)[0]:
                break
        return max(complete, key=lambda c: c[0])[1]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [(3,), (2, 5)])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_greedy_search_against_the_oracle(attention, layers, bidirectional, dtype):
    network = a_network(attention, layers, bidirectional)
    answers = []
    for seed in range(4):
        flat = parameters_of(network, dtype, seed)
        oracle = Oracle(network, flat)
        found = search(network, flat, SOURCES)
        assert found == [oracle.greedy(source, 6) for source in SOURCES]
        answers += found
    assert len({tuple(answer) for answer in answers}) > 2


@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("width", [2, 3, 7])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_beam_search_against_the_oracle(attention, width, penalty):
    network = a_network(attention, (2, 3), reset_after=False)
    for seed in range(4):
        flat = parameters_of(network, seed=seed)
        oracle = Oracle(network, flat)
        answers = search(network, flat, SOURCES, most=5, beam=width, length_penalty=penalty)
        assert answers == [oracle.beam(source, 5, width, penalty) for source in SOURCES]


def test_a_wide_beam_finds_the_most_probable_of_all_answers():
    network, most = a_network("dot"), 3
    flat = parameters_of(network)
    oracle = Oracle(network, flat)

    def best(prefix, score, memory, states):
        logits, after, _ = oracle.step(memory, states, prefix[-1] if prefix else START)
        logs = logits - np.logaddexp.reduce(logits)
        found = (score + logs[END], prefix)
        for token in range(K):
            if token == END:
                continue
            longer = [*prefix, token]
            full = (score + logs[token], longer)
            found = max(found, full if len(longer) == most else best(*full[::-1], memory, after))
        return found

    answers = search(network, flat, SOURCES, most=most, beam=K**most, length_penalty=0.0)
    assert answers == [best([], 0.0, *oracle.encode(source))[1] for source in SOURCES]


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_an_answer_does_not_depend_on_its_company(attention, beam):
    network = a_network(attention, (17,))
    flat = parameters_of(network, "float32")
    rng = np.random.default_rng(0)
    sources = [rng.integers(0, 4, rng.integers(1, 12)).tolist() for _ in range(40)]
    most = rng.integers(1, 15, len(sources))
    together = search(network, flat, sources, most, beam=beam)
    alone = [search(network, flat, [s], m, beam=beam)[0] for s, m in zip(sources, most, strict=True)]
    assert together == alone
    assert all(len(answer) <= m for answer, m in zip(together, most, strict=True))


@pytest.mark.parametrize("beam", [1, 3])
def test_long_answers_are_those_that_had_room_from_the_start(beam):
    """More tokens than there is memory for at first, so that it grows twice; none of them is the end."""
    network = a_network("general")
    flat = parameters_of(network, "float32")
    allowed = np.uint8([token != END for token in range(K)])
    most = np.array([200, 65, 3, 64, 63])
    together = search(network, flat, SOURCES, most, beam=beam, allowed=allowed)
    assert [len(answer) for answer in together] == most.tolist()
    # greedily the first tokens are the same, however many follow
    if beam == 1:
        short = search(network, flat, SOURCES, np.minimum(most, 60), beam=beam, allowed=allowed)
        assert [answer[:60] for answer in together] == short
    alone = [
        search(network, flat, [s], m, beam=beam, allowed=allowed)[0]
        for s, m in zip(SOURCES, most, strict=True)
    ]
    assert together == alone


def test_memory_is_that_of_what_is_written():
    """Not of what might be: 10^15 tokens would take petabytes."""
    network = a_network("dot")
    flat = parameters_of(network, "float32")
    for beam in (1, 3):
        found = search(network, flat, SOURCES, most=10**15, beam=beam)
        assert found == search(network, flat, SOURCES, most=3000, beam=beam)


def test_ctrl_c_ends_a_search_that_has_no_end():
    network = a_network("dot")
    flat = parameters_of(network, "float32")
    never_the_end = np.uint8([token != END for token in range(K)])
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let background jobs ignore it
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            search(network, flat, SOURCES[:1], most=10**15, allowed=never_the_end)
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)


def test_tokens_that_are_not_allowed_are_not_given():
    network = a_network("dot")
    flat = parameters_of(network)
    allowed = np.array([0, 1, 1, 0, 1], np.uint8)
    for beam in (1, 3):
        answers = search(network, flat, SOURCES, allowed=allowed, beam=beam)
        assert {token for answer in answers for token in answer} <= {2, 4}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("attention", ["dot", "general", "additive"])
def test_outputs_and_weights_of_attention_for_given_targets(attention, dtype):
    network = a_network(attention, (3, 2))
    flat = parameters_of(network, dtype)
    targets = [[START, 2], [START, 0, 4, 4], [START], [START, 3, 3, 2, 0], [START, 2, 0]]
    source, target = packed(SOURCES), packed(targets)
    weights = network.prepare(flat)
    outputs = network.infer(weights, source, target)
    attended = network.attention_weights(weights, source, target)
    oracle = Oracle(network, flat)
    for b, place in enumerate(target.order):
        memory, states = oracle.encode(SOURCES[place])
        for t, token in enumerate(targets[place]):
            row, n = target.offsets[t] + b, len(SOURCES[place])
            logits, states, a = oracle.step(memory, states, token)
            np.testing.assert_allclose(outputs[row], logits, rtol=0, atol=100 * TOLERANCE[dtype])
            np.testing.assert_allclose(attended[row, :n], a, rtol=0, atol=10 * TOLERANCE[dtype])
            assert (attended[row, n:] == 0).all()
            assert math.isclose(attended[row].sum(), 1, rel_tol=1e-5)


TARGETS = [[START, 2], [START, 0, 4, 4], [START], [START, 3, 3, 2, 0], [START, 2, 0]]


def a_pass(network, flat, sources, targets, **dropout):
    source, target = packed(sources), packed(targets)
    weights = kernels.training.Weights(network.program(training=True), flat)
    clocks = [(batch.lengths, batch.offsets, batch.order) for batch in (source, target)]
    return kernels.training.Pass(weights, [source.values, target.values], clocks, **dropout), target


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_training_and_inference_agree(attention, dtype):
    network = a_network(attention, (17, 3))
    flat = parameters_of(network, dtype)
    way, target = a_pass(network, flat, SOURCES, TARGETS)
    outputs = network.infer(network.prepare(flat), packed(SOURCES), target)
    np.testing.assert_allclose(way.forward(), outputs, rtol=0, atol=100 * TOLERANCE[dtype])


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("with_masks", [False, True])
@pytest.mark.parametrize("layers", [(3,), (2, 3)])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_gradients_against_central_differences(attention, layers, with_masks, reset_after):
    network = a_network(attention, layers, reset_after=reset_after)
    flat = parameters_of(network) / 2
    dropout = {}
    if with_masks:
        dropout = dict(seeds=np.arange(5, dtype=np.uint64), rate_states=0.4)
    way, _ = a_pass(network, flat, SOURCES, TARGETS, **dropout)
    doutputs = np.random.default_rng(1).standard_normal(way.forward().shape)
    gradient = way.backward(doutputs)

    def loss_at():
        return np.sum(doutputs * a_pass(network, flat, SOURCES, TARGETS, **dropout)[0].forward())

    n_dense = len(gradient)
    slopes = central_difference(loss_at, flat)
    full = np.concatenate([gradient, slopes[n_dense:]])
    for (name, block), slope in zip(
        network.table.views(full).items(), network.table.views(slopes).values(), strict=True
    ):
        assert np.abs(block - slope).max() < 1e-7 * max(1, np.abs(slope).max()), name
    tables = [network.source_embedding.weight, network.embedding.weight]
    for (tokens, rows), name in zip(way.table_gradients(), reversed(tables), strict=True):
        expected = network.table.views(slopes)[name]
        np.testing.assert_allclose(rows, expected[tokens], rtol=0, atol=1e-7)


@pytest.mark.parametrize("embedding", [None, 3])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_gradient_of_the_source_against_central_differences(attention, embedding):
    network = EncoderDecoder(3, 3, (2, 3), K, bidirectional=True, embedding=embedding, attention=attention)
    program = network.program(training=True, want_dx=True)
    weights = kernels.training.Weights(program, parameters_of(network)[: program.n_parameters] / 2)
    batches, rng = [packed(SOURCES), packed(TARGETS)], np.random.default_rng(1)
    source, target = (rng.standard_normal((len(batch.values), 3)) for batch in batches)
    clocks = [(batch.lengths, batch.offsets, batch.order) for batch in batches]
    way = kernels.training.Pass(weights, [source, target], clocks)
    doutputs = rng.standard_normal(way.forward().shape)
    way.backward(doutputs)

    def loss_at():
        return np.sum(doutputs * kernels.training.Pass(weights, [source, target], clocks).forward())

    assert relative_error(way.gradient(0), central_difference(loss_at, source)) < 1e-7


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_gradients_of_float32_are_those_of_float64(attention):
    network = a_network(attention, (17,))
    rng = np.random.default_rng(0)
    sources = [rng.integers(0, 4, n).tolist() for n in (60, 3, 80)]
    targets = [rng.integers(0, K, n).tolist() for n in (50, 90, 1)]
    gradients = []
    for dtype in ("float64", "float32"):
        way, _ = a_pass(network, (parameters_of(network) / 4).astype(dtype), sources, targets)
        doutputs = np.random.default_rng(1).standard_normal(way.forward().shape)
        gradients.append(way.backward(doutputs))
    assert relative_error(gradients[1], gradients[0]) < 1e-4


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_inputs_that_are_own_answers(attention):
    network = a_network(attention, (3, 2))
    flat = parameters_of(network, seed=2)
    oracle, rng = Oracle(network, flat), np.random.default_rng(0)
    given = [np.array(target, np.int32) for target in TARGETS]
    for share in (0.0, 0.5, 1.0):
        own = [rng.random(len(target)) < share for target in given]
        read = network.with_own_answers(network.prepare(flat), packed(SOURCES), given, own)
        for source, right, replaced, tokens in zip(SOURCES, given, own, read, strict=True):
            memory, states = oracle.encode(source)
            expected = [right[0]]
            for t in range(1, len(right)):
                logits, states, _ = oracle.step(memory, states, expected[-1])
                expected.append(np.argmax(logits) if replaced[t] else right[t])
            assert tokens.tolist() == expected
