"""Forward and back through a network to its inputs, many sequences at a time."""

import numpy as np

from .. import kernels
from ..runtime.chunks import run_chunks

# Rows of one pass have up to about this many elements of the widest array, or belong to one sequence.
PASS_SIZE = 1 << 20


class Passes:
    """Passes of rows through a network, whose gradient can be asked for.

    Parameters
    ----------
    predictor : Predictor
    """

    def __init__(self, predictor):
        self.network = predictor.network
        program = self.network.program(training=True, want_dx=True, constant=True)
        self._weights = kernels.training.Weights(program, predictor.parameters[: program.n_parameters])
        # of tokens a row holds their vectors in each of several networks
        self._n_inputs = 1 if self.network.embedding is None else self.network.n_estimators
        self._dtype = predictor.parameters.dtype
        self._n_jobs = predictor.n_jobs

    def copies_at_once(self, n_rows):
        """Copies of `n_rows` rows that one pass takes."""
        config = self.network.config
        widest = max(4 * max(config["hidden_layer_sizes"]), config["n_features"])
        if self.network.answers_each_step:
            widest = max(widest, config["n_outputs"])
        return max(1, PASS_SIZE // (n_rows * widest * self.network.n_estimators))

    def over(self, values, lengths, offsets):
        """A `kernels.training.Pass` over packed rows (N, W), or copies of them side by side (N, k, W)."""
        if values.ndim == 3:
            n_copies = values.shape[1]
            values = values.reshape(-1, values.shape[2])
            lengths, offsets = np.repeat(lengths, n_copies), offsets * n_copies
        parts = np.split(values, self._n_inputs, axis=1)
        values = [np.ascontiguousarray(part, self._dtype) for part in parts]
        clock = np.ascontiguousarray(lengths), np.ascontiguousarray(offsets), np.arange(len(lengths))
        return kernels.training.Pass(self._weights, values, [clock])

    def slopes(self, run, coefficients):
        """The gradient of a sum of outputs with coefficients by the rows of a pass that went forward."""
        run.backward(coefficients)
        parts = [run.gradient(place) for place in range(self._n_inputs)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def for_chunks(self, rows, copies, explain):
        """What `explain` gives for chunks of all sequences, one element for each sequence, in their order.

        Parameters
        ----------
        rows : Rows
        copies : ndarray of shape (n,)
            Passes that each sequence takes.
        explain : callable
            Called with the indices of some sequences; returns their places and a result for each.
        """
        lengths = rows.predictor.inputs.lengths(rows.sequences)
        results = [None] * len(lengths)

        def run_chunk(chunk):
            for place, result in zip(*explain(chunk), strict=True):
                results[place] = result

        run_chunks(run_chunk, lengths * copies, self.network, self._n_jobs)
        return results


def rows_of_sequence(batch, b):
    """Where the rows of sequence b of a packed batch are."""
    return batch.offsets[: batch.lengths[b]] + b
