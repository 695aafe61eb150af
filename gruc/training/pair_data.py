"""Pairs of sequences to learn from: sources, and what is answered token by token."""

import numpy as np

from ..sequences import RaggedTokens, Tokens
from .data import Batch, Part, TrainingData


class PairData(TrainingData):
    """What an encoder-decoder learns from.

    Parameters
    ----------
    sources, inputs : Sequences
        Tokens that the encoder reads, and those that the decoder reads, of as many sequences.
    targets : ndarray of shape (m,), intp
        Tokens that the decoder answers its inputs with, sequence after sequence.
    weights : ndarray of shape (m,) or None
        See `TrainingData`.
    indices : ndarray of int or None
        Which pairs to learn from; None for all.
    """

    def __init__(self, sources, inputs, targets, weights, indices=None):
        super().__init__(inputs, None, targets, weights, indices, each_step=True)
        self.sources = sources

    def batch(self, indices, rng):
        """See `TrainingData.batch`."""
        return PairBatch(self, indices, rng)

    def part(self, indices):
        """See `TrainingData.part`."""
        source, places = self.sources.source(indices)
        second, _ = self.sequences.source(indices)
        return Part(source, places, None, self.targets, self.weights, self.starts, second)


class PairBatch(Batch):
    """The pairs of one step of the optimiser.

    Attributes
    ----------
    inputs : list of ndarray or None
        What the decoder reads of all pairs of the batch; None: what the data has.
    """

    __slots__ = ("inputs",)

    def __init__(self, data, indices, rng):
        super().__init__(data, indices, rng)
        self.inputs = None

    def part(self, places=slice(None)):
        """The `Part` of all pairs of the batch, or of those at these places of it."""
        data, indices = self.data, self.indices[places]
        if self.inputs is None:
            return data.part(indices)
        everything = np.arange(len(indices))
        source, _ = RaggedTokens([data.sources.tokens(i) for i in indices]).source(everything)
        read = [self.inputs[i] for i in np.arange(len(self.indices))[places]]
        second, _ = RaggedTokens(read).source(everything)
        part = data.part_of(source, everything, data.targets_at(indices), data.lengths[indices])
        return part._replace(second=second)


class SampledStep:
    """A training step whose decoder reads some of its own answers (Bengio et al. 2015).

    At each step of each sequence it reads, with this probability, the most probable token of the step
    before, given what it has read so far, in place of the right one. No gradient goes through that choice.

    Parameters
    ----------
    step : TrainingStep
    network : EncoderDecoder
    probability : callable
        Gives that of now.
    """

    def __init__(self, step, network, probability):
        self.step, self.network, self.probability = step, network, probability

    def __call__(self, parameters, batch):
        """See `TrainingStep`."""
        probability = self.probability()
        if probability > 0:
            batch.inputs = self._sampled(parameters, batch, probability)
        return self.step(parameters, batch)

    def _sampled(self, parameters, batch, probability):
        data, indices, network = batch.data, batch.indices, self.network
        source = Tokens(network.n_source_inputs).gather(data.sources, indices, parameters.dtype)
        given = [data.sequences.tokens(i) for i in indices]
        own = [batch.rng.random(len(tokens)) < probability for tokens in given]
        return network.with_own_answers(network.prepare(parameters), source, given, own)
