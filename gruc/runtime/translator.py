"""Translator: a fitted encoder-decoder that answers sequences with sequences."""

from __future__ import annotations

import sys
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import kernels, threads
from ..sequences.packing import packed_alone
from ..sequences.tokens import gathered
from .chunks import divided, threads_worth
from .flat_weights import FlatWeightsMixin

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import NDArray


class Translator(FlatWeightsMixin):
    """Predictor of a saved `GRUSeq2Seq`; requires NumPy only.

    The output for a sequence depends only on that sequence, to the last bit. Methods can be called by
    several threads at once.

    Parameters
    ----------
    network : EncoderDecoder
    parameters : ndarray of shape (n_parameters,)
        Flat buffer of weights, float32 or float64. It is not copied and must not change.
    source, target : TextSymbols or IntegerSymbols
        How input and output sequences are encoded.
    max_target_length : int
        Maximum number of tokens of an output sequence, without the end token.
    n_jobs : int or None
        Number of threads for prediction, as in the estimators.
    matmul_precision : {"highest", "high", "medium"}
        Precision of matrix products, as in the estimators.

    Examples
    --------
    >>> import gruc
    >>> X = [str(number) for number in range(200)]
    >>> model = gruc.GRUSeq2Seq((16,), embedding_dim=8, max_iter=2, tol=0, random_state=0)
    >>> model.fit(X, X).save("copies.gruc")
    >>> translator = gruc.runtime.load("copies.gruc")
    >>> translator.predict(["12"]).tolist() == model.predict(["12"]).tolist()
    True
    """

    def __init__(
        self,
        network,
        parameters,
        source,
        target,
        max_target_length,
        *,
        n_jobs=None,
        matmul_precision="highest",
    ):
        self.network, self.parameters = network, parameters
        self.source, self.target = source, target
        self.max_target_length, self.n_jobs = int(max_target_length), n_jobs
        self.matmul_precision = kernels.checked_precision(matmul_precision)
        self._packed = None

    def predict(self, X: Any, beam_size: int = 1, *, length_penalty: float = 1.0) -> NDArray[Any]:
        """Predict output sequences.

        Parameters
        ----------
        X : list of str, of sequences of str tokens, or of 1-D integer arrays
            As in the fit.
        beam_size : int, default=1
            Number of hypotheses of the beam search; 1: greedy search.
        length_penalty : float, default=1.0
            Hypotheses are ranked by their log-probability divided by ``n_tokens ** length_penalty``, where
            n_tokens includes the end token. Has no effect with ``beam_size=1``.

        Returns
        -------
        ndarray of shape (n_sequences,), of objects
            Output sequences in the form of y of the fit: str, lists of str, or integer arrays.
        """
        return self.target.decode(self.answers(self.source.encode(X, "X"), beam_size, length_penalty))

    def answers(self, sources, beam_size=1, length_penalty=1.0):
        """Tokens of the answers to sequences of tokens, a list of int32 arrays without the end."""
        check_search(beam_size, length_penalty)
        found = [None] * len(sources)
        options = dict(
            start=self.target.start,
            end=self.target.end,
            beam=int(beam_size),
            length_penalty=float(length_penalty),
            allowed=self.target.allowed,
        )
        weights, longest = self._prepared(), min(self.max_target_length, sys.maxsize)
        if len(sources) == 1:
            most = np.array([longest], np.intp)
            return self.network.search(weights, packed_alone(sources[0]), most, **options)

        def run(chunk, sequences):
            batch = gathered(sequences, chunk, self.config["n_source_inputs"])
            most = np.full(len(chunk), longest, np.intp)
            answers = self.network.search(weights, batch, most, **options)
            for place, answer in zip(chunk, answers, strict=True):
                found[place] = answer

        self._run(run, sources, int(beam_size))
        return found

    def outputs(self, sources, inputs, run_chunk):
        """Call ``run_chunk(chunk, batch, outputs)`` with the outputs for given inputs of the decoder.

        `batch` is that of the inputs of the sequences at `chunk`; outputs are (N, K).
        """
        weights, read = self._prepared(), source_of(inputs)

        def run(chunk, sequences):
            source, target = self._pair(sequences, read, chunk)
            run_chunk(chunk, target, self.network.infer(weights, source, target))

        self._run(run, sources, 1)

    def attention_weights(self, X: Any, beam_size: int = 1, *, length_penalty: float = 1.0) -> list[NDArray]:
        """Attention weights between the tokens of each predicted sequence and those of its input.

        Parameters
        ----------
        X, beam_size, length_penalty
            As in `predict`.

        Returns
        -------
        list of ndarray of shape (n_target_tokens_i, n_source_tokens_i)
            Rows sum to 1. The last row is that of the end token, unless the prediction has
            `max_target_length` tokens. Source tokens include added ones, such as the end token.

        Raises
        ------
        ValueError
            If the model has no attention.
        """
        if self.config["attention"] is None:
            raise ValueError("attention is None: the model has no attention weights.")
        sources = self.source.encode(X, "X")
        answers = self.answers(sources, beam_size, length_penalty)
        first, weights = np.array([self.target.start], np.int32), self._prepared()
        found: list[Any] = [None] * len(sources)
        inputs = [
            np.concatenate([first, answer])[: self.max_target_length].astype(np.int32) for answer in answers
        ]

        read = source_of(inputs)

        def run(chunk, sequences):
            source, target = self._pair(sequences, read, chunk)
            attended = self.network.attention_weights(weights, source, target)
            for b, place in enumerate(target.order):
                rows = attended[target.offsets[: target.lengths[b]] + b]
                found[chunk[place]] = rows[:, : len(sources[chunk[place]])].copy()

        self._run(run, sources, 1)
        return found

    def _pair(self, sources, inputs, chunk):
        return (
            gathered(sources, chunk, self.config["n_source_inputs"]),
            gathered(inputs, chunk, self.config["n_inputs"]),
        )

    def _run(self, run, sources, width):
        """Call run(chunk, sequences) for all sources, some at a time, on several threads where that pays."""
        sequences = source_of(sources)
        if len(sources) == 1:
            run(np.zeros(1, np.intp), sequences)
            return
        lengths = np.array([len(tokens) for tokens in sources], np.intp)
        n_operations = self.network.operations_per_row / 3 * int(lengths.sum()) * width
        n_threads = threads_worth(n_operations, self.n_jobs)
        widest = max(8 * max(self.config["hidden_layer_sizes"]), self.config["n_outputs"]) * width
        chunks = divided(lengths, widest, n_threads)
        threads.run(lambda chunk, _: run(chunk, sequences), chunks, n_threads)

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        (source, of_source), (target, of_target) = self.source.describe(), self.target.describe()
        arrays = self.weights | {f"source.{name}": array for name, array in of_source.items()}
        arrays |= {f"target.{name}": array for name, array in of_target.items()}
        description = {
            "network": self.config,
            "source": source,
            "target": target,
            "max_target_length": self.max_target_length,
        }
        return description, arrays


def source_of(arrays):
    """A source for the kernels of sequences of tokens, int32 arrays."""
    return kernels.inference.Source(tuple(arrays), 1, 1, True)


def check_search(beam_size, length_penalty):
    """Refuse a beam or a penalty that is no number, or out of range."""
    if not isinstance(beam_size, Integral) or isinstance(beam_size, bool):
        raise TypeError(f"beam_size must be an integer; got {beam_size!r}.")
    if not 1 <= beam_size <= 10_000:
        raise ValueError(f"beam_size must be from 1 to 10000; got {beam_size}.")
    if not isinstance(length_penalty, Real) or isinstance(length_penalty, bool):
        raise TypeError(f"length_penalty must be a number; got {length_penalty!r}.")
    if not 0 <= length_penalty < np.inf:
        raise ValueError(f"length_penalty must be 0 or more; got {length_penalty}.")


# what pickles name; doctest finds the class by the second line
Translator.__module__ = "gruc.runtime"
__test__ = {"Translator": Translator}
