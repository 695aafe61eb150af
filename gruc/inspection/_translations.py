"""How much each token of a sequence contributed to each token of its translation."""

from numbers import Integral

import numpy as np

from .. import kernels
from ..estimators import GRUSeq2Seq
from ..runtime import Translator
from ._passes import PASS_SIZE
from ._rows import vector_of_tokens

# nodes and weights that give the slopes at x itself
AT_X = np.ones(1), np.ones(1)


def is_translator(model):
    """Whether a model answers sequences with sequences."""
    return isinstance(model, (GRUSeq2Seq, Translator))


def of_translations(model, X, target, baseline, method, quadrature):
    """Attributions to the tokens of greedy answers; of each sequence gaps and sums of absolute attributions.

    With a `target` these are of one token of each answer: lists of arrays (n_source_tokens_i,), arrays (n,).
    Without, of all: lists of arrays (n_target_tokens_i, n_source_tokens_i), and (n_target_tokens_i,).
    """
    translator = model if isinstance(model, Translator) else model._fitted_predictor()
    network, weights = translator.network, translator.weights
    base = vector_of_tokens(baseline, network.config["embedding"])
    sources = translator.source.encode(X, "X")
    answers = [
        np.append(answer, translator.target.end)[: translator.max_target_length]
        for answer in translator.answers(sources)
    ]
    steps = _steps(target, [len(answer) for answer in answers])
    program = network.program(training=True, want_dx=True)
    packed = kernels.training.Weights(program, translator.parameters[: program.n_parameters])
    source_vectors, target_vectors = weights["source_embedding.weight"], weights["embedding.weight"]
    explain = EXPLAINED[method]
    attributed = [None] * len(sources)

    def run(chunk, _):
        for i in chunk:
            answer = answers[i]
            before = target_vectors[np.append(translator.target.start, answer[:-1])]
            logits = Logits(packed, before, answer, steps[i])
            vectors = source_vectors[sources[i]].astype(np.float64)
            attributed[i] = explain(logits, vectors, np.broadcast_to(base, vectors.shape), quadrature)

    translator._run(run, sources, len(quadrature[0]) if method == "integrated_gradients" else 1)
    arrays, gaps = ([part[place] for part in attributed] for place in (0, 1))
    sums = [np.abs(array).sum(axis=1) for array in arrays]
    if target is None:
        return arrays, gaps, sums
    return [array[0] for array in arrays], np.concatenate(gaps), np.concatenate(sums)


def _steps(target, lengths):
    """The steps of each answer that are explained: all, or one, counted from the first or from the end."""
    if target is None:
        return [np.arange(length) for length in lengths]
    if not isinstance(target, Integral) or isinstance(target, bool):
        raise ValueError(
            f"target={target!r} is invalid; for a GRUSeq2Seq it is None, or a step of the output, "
            "0 being the first and -1 the last."
        )
    for i, length in enumerate(lengths):
        if not -length <= target < length:
            raise ValueError(
                f"target={target} is no step of the output for X[{i}], which has {length} with its end: give "
                f"one from {-length} to {length - 1}."
            )
    return [np.array([target % length]) for length in lengths]


class Logits:
    """Logits of some tokens of one answer, each after those before it, as functions of the source's vectors.

    Parameters
    ----------
    weights : kernels.training.Weights
    before : ndarray of shape (n_target_tokens, embedding_dim)
        What the decoder reads: the vectors of the start and of the tokens of the answer.
    answer : ndarray of shape (n_target_tokens,)
        The tokens, with the end.
    steps : ndarray of shape (n,)
        Places of the tokens whose logits are wanted.
    """

    def __init__(self, weights, before, answer, steps):
        self._weights, self._steps, self._tokens = weights, steps, answer[steps]
        self._before = before[: steps.max() + 1]  # a logit does not depend on what is read after it
        self._widest = max(value.width for value in weights.program.values)

    def values(self, variants):
        """Logits (n, k) after variants (T, k, embedding_dim) of the source's vectors."""
        T, k, _ = variants.shape
        at_once, parts = self._at_once(T), []
        for start in range(0, k, at_once):
            outputs = self._pass(variants[:, start : start + at_once]).forward()
            outputs = outputs.reshape(len(self._before), -1, outputs.shape[1])
            parts.append(outputs[self._steps, :, self._tokens].astype(np.float64))
        return np.concatenate(parts, axis=1)

    def mean_slopes(self, vectors, base, quadrature):
        """Means of the slopes, (n, T, embedding_dim), at nodes of the line from base to vectors."""
        nodes, weights = quadrature
        T, n = len(vectors), len(self._steps)
        means = np.zeros((n, *vectors.shape))
        at_once = self._at_once(T)
        for start in range(0, n * len(nodes), at_once):
            node, which = np.divmod(np.arange(start, min(start + at_once, n * len(nodes))), n)
            run = self._pass(base[:, np.newaxis] + nodes[node, np.newaxis] * (vectors - base)[:, np.newaxis])
            outputs = run.forward()
            coefficients = np.zeros((len(self._before), len(which), outputs.shape[1]), outputs.dtype)
            coefficients[self._steps[which], np.arange(len(which)), self._tokens[which]] = 1
            run.backward(coefficients.reshape(outputs.shape))
            slopes = run.gradient(0).reshape(T, len(which), -1)
            for place, i in enumerate(which):
                means[i] += weights[node[place]] * slopes[:, place]
        return means

    def _at_once(self, T):
        """Variants of a source of T tokens that one pass takes."""
        return max(1, PASS_SIZE // (max(T, len(self._before)) * self._widest))

    def _pass(self, variants):
        """A pass of the network over variants (T, k, embedding_dim), side by side, and one answer to each."""
        k, dtype = variants.shape[1], self._weights.parameters.dtype
        before = np.repeat(self._before[:, np.newaxis], k, axis=1)
        rows = [np.ascontiguousarray(x, dtype).reshape(-1, x.shape[2]) for x in (variants, before)]
        clocks = [(np.full(k, len(x)), np.arange(len(x) + 1) * k, np.arange(k)) for x in (variants, before)]
        return kernels.training.Pass(self._weights, rows, clocks)


# ---- the methods of `attributions`: attributions (n, T) to each of the logits, and gaps (n,)


def _gradient(logits, vectors, base, quadrature):
    slopes = logits.mean_slopes(vectors, base, AT_X)
    return slopes.sum(axis=2), np.zeros(len(slopes))


def _gradient_x_input(logits, vectors, base, quadrature):
    slopes = logits.mean_slopes(vectors, base, AT_X)
    return ((vectors - base) * slopes).sum(axis=2), np.zeros(len(slopes))


def _integrated_gradients(logits, vectors, base, quadrature):
    attributed = ((vectors - base) * logits.mean_slopes(vectors, base, quadrature)).sum(axis=2)
    at_x, at_base = logits.values(np.stack([vectors, base], axis=1)).T
    return attributed, at_x - at_base - attributed.sum(axis=1)


def _occlusion(logits, vectors, base, quadrature):
    occluded = np.where(np.eye(len(vectors), dtype=bool)[:, :, np.newaxis], base, vectors[:, np.newaxis])
    at_x = logits.values(vectors[:, np.newaxis])
    return at_x - logits.values(occluded), np.zeros(len(at_x))


EXPLAINED = {
    "gradient": _gradient,
    "gradient_x_input": _gradient_x_input,
    "integrated_gradients": _integrated_gradients,
    "occlusion": _occlusion,
}
