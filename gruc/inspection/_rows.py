"""Rows that a network reads, baselines beside them, and what rows tell of the user's steps."""

from numbers import Real

import numpy as np

from ..sequences import Scaling, as_sequences


class Rows:
    """Packed rows of sequences and of their baseline, and the map back to steps and features.

    Parameters
    ----------
    opened : OpenedModel
    baseline : None, "mean", number or array
        As the user gives it.
    """

    def __init__(self, opened, baseline):
        self.predictor, self.sequences = opened.predictor, opened.sequences
        self.dtype = self.predictor.parameters.dtype
        self.holds_tokens = opened.holds_tokens
        self.scaling = opened.scaling
        self.table = self._sequences = None
        if self.holds_tokens:
            weights, bodies = self.predictor.weights, self.predictor.network.bodies
            self.table = np.hstack([weights[body.embedding.weight] for body in bodies])
            self._row = vector_of_tokens(baseline, self.table.shape[1])
            return
        D = self.sequences.n_features
        if self.scaling is None:
            self.scaling = Scaling(np.zeros(D), np.ones(D))
        given = _of_numbers(baseline, D, opened.scaling)
        if given.shape == (D,):
            self._row = np.tile((given - self.scaling.mean) / self.scaling.scale, self.framing.length)
        else:
            self._sequences = _like(baseline, self.sequences)

    @property
    def framing(self):
        """How many steps are a row."""
        return self.predictor.inputs.framing

    @property
    def n_features(self):
        """Attributions of a step: one for each feature, or one of a token."""
        return self.sequences.n_features

    def packed(self, indices):
        """A packed batch of sequences, their rows (N, W) and those of their baseline, in float64."""
        batch = self.predictor.inputs.gather(self.sequences, indices, self.dtype)
        rows = self.table[batch.values[:, 0]] if self.holds_tokens else batch.values
        if self._sequences is None:
            base = np.broadcast_to(self._row, rows.shape)
        else:
            base = self._sequences.gather(indices, self.scaling, np.dtype(np.float64), self.framing).values
        return batch, rows.astype(np.float64), base

    def by_step(self, rows, n_steps):
        """Rows (n_rows, W) of a sequence added up by steps: (n_steps, D), or of tokens (n_steps,)."""
        if self.holds_tokens:
            return rows.sum(axis=1)
        if self.framing == (1, 1):
            return rows
        steps = self.framing.steps(n_steps)
        sums = np.zeros((n_steps, self.n_features))
        np.add.at(sums, steps, rows.reshape(*steps.shape, self.n_features))
        return sums

    def slopes_in_units(self, by_step):
        """Slopes by rows, added up by steps, as slopes by the user's X."""
        return by_step if self.holds_tokens else by_step / self.scaling.scale

    def columns(self):
        """Elements of a step's part of a row that each of `n_features` stands for, (n_features, k)."""
        width = self.table.shape[1] if self.holds_tokens else self.n_features
        return np.arange(width).reshape(self.n_features, -1)

    def in_the_form_of_x(self, by_sequence):
        """Attributions by sequence, as an array if X is one, else as a list."""
        sequences = self.sequences
        if not sequences.ragged:
            array = np.stack(by_sequence)
            return array[:, :, 0] if sequences.is_2d and array.ndim == 3 else array
        arrays = getattr(sequences, "arrays", None)
        if self.holds_tokens or arrays is None:
            return by_sequence
        return [
            attributed.reshape(array.shape) for attributed, array in zip(by_sequence, arrays, strict=True)
        ]


def vector_of_tokens(baseline, width):
    """The vector that stands for no token, (width,), as the user gives it."""
    if baseline is None:
        return np.zeros(width)
    vector = None if isinstance(baseline, str) else _as_float(baseline)
    if vector is None or vector.shape != (width,):
        raise ValueError(
            f"baseline={baseline!r} is invalid; of tokens it is None, the vector of zeros, or an array "
            f"({width},) in place of the vector of a token."
        )
    return vector


def _of_numbers(baseline, n_features, scaling):
    """A baseline for all steps, (n_features,), in the user's units; anything else as an array of no use."""
    if baseline is None:
        return np.zeros(n_features)
    if isinstance(baseline, str):
        if baseline != "mean":
            raise ValueError(f'baseline={baseline!r} is invalid; expected None, "mean" or an array.')
        if scaling is None or not scaling.mean.any():
            raise ValueError(
                'baseline="mean" is the mean of the X of the fit, which a model with standardize=False does '
                "not know; give the mean as an array (n_features,)."
            )
        return scaling.mean
    if isinstance(baseline, Real):
        if not np.isfinite(baseline):
            raise ValueError(f"baseline must be finite; got {baseline}.")
        return np.full(n_features, float(baseline))
    array = None if isinstance(baseline, (list, tuple)) and np.ndim(baseline[0]) else _as_float(baseline)
    return np.empty(0) if array is None or array.shape != (n_features,) else array


def _like(baseline, sequences):
    """A baseline with steps of its own, as sequences of the same lengths as X."""
    own = as_sequences(baseline, "baseline")
    if own.n_features != sequences.n_features or not np.array_equal(own.lengths, sequences.lengths):
        raise ValueError(
            f"baseline must be None, 'mean', a number, an array ({sequences.n_features},) of the features "
            "of a step, or have the form of X, with as many sequences, steps and features."
        )
    return own


def _as_float(array):
    try:
        array = np.asarray(array, np.float64)
    except (TypeError, ValueError):
        return None
    return array if np.isfinite(array).all() else None
