"""Which output of a network is explained, as the user says it."""

import numpy as np


class Target:
    """A sum of outputs with coefficients, for each sequence its own.

    Parameters
    ----------
    predictor : Predictor
    given : int, array-like, (step, index) or None
        As the user gives it; a pair if the network answers each step.
    lengths : ndarray of shape (n,)
        Rows of each sequence.
    what : str or None
        What outputs are called in messages; None: classes or outputs.

    Attributes
    ----------
    columns : ndarray of shape (n,) or None
        The class or output of each sequence; None: the class that is predicted, or all outputs.
    steps : ndarray of shape (n,) or None
        The row of each sequence, of a network that answers each; None: all rows.
    """

    def __init__(self, predictor, given, lengths, what=None):
        decoding = predictor.decoding
        self.is_logit_of_two = decoding.classes is not None and decoding.link == "two"
        self.is_class = decoding.classes is not None and not decoding.multilabel
        self.each_step = predictor.network.answers_each_step
        self.columns = self.steps = None
        what = what or ("outputs" if decoding.classes is None else "classes")
        size = decoding.n_outputs if decoding.classes is None else len(decoding.classes)
        if given is None:
            return
        index = f"an index into the {size} {what}"
        if self.each_step:
            if not isinstance(given, tuple) or len(given) != 2:
                raise ValueError(
                    f"target={given!r} is invalid; this model predicts each step: give (step, {index}), of "
                    "which each is one integer, or an array with one for each sequence."
                )
            step, given = given
            self.steps = _steps(_of_sequences(step, "a step", lengths), lengths)
        if given is not None:
            self.columns = _of_sequences(given, index, lengths)
            wrong = (self.columns < 0) | (self.columns >= size)
            if wrong.any():
                raise ValueError(
                    f"target has index {self.columns[wrong][0]}, but the model has {size} {what}: give one "
                    f"from 0 to {size - 1}."
                )

    def coefficients(self, outputs, batch, places):
        """Coefficients of the outputs (R, K) of a packed batch, whose sequences are those at `places`.

        They are what the outputs themselves decide on where the predicted class is wanted.
        """
        sequences, rows = self._sequence_and_row(outputs, batch)
        counts = np.ones(len(outputs)) if self.steps is None else rows == self.steps[places][sequences]
        columns = None if self.columns is None else self.columns[places][sequences]
        if columns is None and self.is_class:
            columns = outputs[:, 0] > 0 if self.is_logit_of_two else np.argmax(outputs, axis=1)
        coefficients = np.zeros(outputs.shape)
        if columns is None:
            coefficients[:] = counts[:, np.newaxis]
        elif self.is_logit_of_two:
            coefficients[:, 0] = np.where(columns, counts, -counts.astype(float))
        else:
            coefficients[np.arange(len(outputs)), columns] = counts
        return coefficients

    def values(self, outputs, coefficients, batch):
        """The sum of outputs of each sequence of a packed batch, (B,) in float64."""
        sequences, _ = self._sequence_and_row(outputs, batch)
        terms = np.einsum("rk,rk->r", outputs.astype(np.float64), coefficients)
        return np.bincount(sequences, terms, minlength=len(batch.lengths))

    def _sequence_and_row(self, outputs, batch):
        """Of each row of outputs the sequence in the batch, and the row in the sequence."""
        if not self.each_step:
            return np.arange(len(outputs)), np.zeros(len(outputs), np.intp)
        alive = np.diff(batch.offsets)
        rows = np.repeat(np.arange(len(alive)), alive)
        return np.arange(len(rows)) - batch.offsets[rows], rows


def _of_sequences(given, what, lengths):
    """An integer for each sequence, of one for all or one for each."""
    array = np.asarray(given)
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"target has {given!r} where {what} is expected: one integer, or an array with one for each "
            "sequence."
        )
    if array.shape not in ((), lengths.shape):
        raise ValueError(f"target has {what} of shape {array.shape}, but X has {len(lengths)} sequences.")
    return np.broadcast_to(array.astype(np.intp), lengths.shape)


def _steps(steps, lengths):
    """Steps counted from the first, of those that may be counted from the last."""
    wrong = (steps >= lengths) | (steps < -lengths)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(f"target has step {steps[i]}, but X[{i}] has {lengths[i]} steps.")
    return np.where(steps < 0, steps + lengths, steps)
