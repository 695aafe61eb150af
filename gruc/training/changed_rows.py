"""Copies of parameters that cost what has changed: of tables the rows that steps have seen, and all else."""

import math
import sys

import numpy as np

from .. import kernels


class ChangedRows:
    """Which rows of tables differ between a flat buffer and an earlier one: those that the steps between saw.

    Attributes
    ----------
    n_dense : int or None
        Elements before the tables, which count as changed; None before the first step.
    """

    def __init__(self):
        self.n_dense = None
        self._tokens = {}  # by table: arrays of tokens, some more than once; None where most have changed

    def add(self, gradient):
        """Add the rows that a step against this `Gradient` changes."""
        self.n_dense = len(gradient.dense)
        for table in gradient.tables:
            place = table.start, table.n_tokens, table.rows.shape[1]
            self._add(place, [table.tokens.copy()])  # the next step overwrites them

    def merge(self, later):
        """Add the rows of others, which are left as they are."""
        self.n_dense = later.n_dense if self.n_dense is None else self.n_dense
        for place, parts in later._tokens.items():
            self._add(place, parts)

    def _add(self, place, parts):
        known = self._tokens.setdefault(place, [])
        if known is not None and parts is not None:
            known += parts
            if sum(map(len, known)) < place[1]:
                return
        self._tokens[place] = None

    def _rows(self):
        """Each table's place (start, n_tokens, D), and an index of the rows that have changed."""
        for place, parts in self._tokens.items():
            yield place, slice(None) if parts is None else np.unique(np.concatenate(parts))

    def copy(self, source, to):
        """Bring a buffer in line with a later one, `source`."""
        to[: self.n_dense] = source[: self.n_dense]
        self.copy_tables(source, to)

    def copy_tables(self, source, to):
        """The same for tables only."""
        for place, rows in self._rows():
            _table(to, place)[rows] = _table(source, place)[rows]

    def are_finite(self, flat):
        """Whether the dense parameters, and the rows that have changed, are finite numbers."""
        if not math.isfinite(kernels.training.norm(flat[: self.n_dense])):
            return False
        for place, rows in self._rows():
            changed = _table(flat, place)[rows]
            if len(changed) and not math.isfinite(kernels.training.norm(changed.reshape(-1))):
                return False
        return True


def _table(flat, place):
    start, n_tokens, D = place
    return flat[start : start + n_tokens * D].reshape(n_tokens, D)


class Spare:
    """The buffers of parameters and moments before a run, for the next run to write to.

    They differ in few rows of tables from those after the run, so that bringing them in line costs the rows
    seen, where new buffers cost the whole tables.

    Parameters
    ----------
    parameters : ndarray
    moments : list of ndarray
    state : TrainingState
        After the run.
    changed : ChangedRows
        By the run.
    """

    def __init__(self, parameters, moments, state, changed):
        self._arrays = [parameters, *moments]
        self._after = state.parameters, state.optimizer.moments
        self._changed = changed

    def buffers(self, state):
        """Buffers whose tables hold what those of a state do: parameters, and a list of moments.

        None if they are not those before that state, cannot be written to, or are still read by others: a
        predictor made before the run, or views of its weights.
        """
        parameters, moments = self._after
        self._after = None
        if state.parameters is not parameters or state.optimizer.moments is not moments:
            return None
        own_memory = all(array.flags.owndata and array.flags.writeable for array in self._arrays)
        if not own_memory or max(_references(self._arrays)) > _ALONE:
            return None
        for source, to in zip([parameters, *moments], self._arrays, strict=True):
            if len(to) > self._changed.n_dense:
                self._changed.copy_tables(source, to)
        return self._arrays[0], self._arrays[1:]


def _references(arrays):
    """Numbers of references to the elements of a list."""
    return [sys.getrefcount(arrays[i]) for i in range(len(arrays))]


_ALONE = _references([object()])[0]  # to an element that only the list refers to
