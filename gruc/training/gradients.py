"""The gradient of a batch: dense for most parameters, and by rows for tables of which a batch sees few."""

import math
from typing import NamedTuple

import numpy as np

from .. import kernels


class TableGradient(NamedTuple):
    """Gradient of the rows of a table that a batch has seen; that of the other rows is zero.

    Parameters
    ----------
    start : int
        Where the table (n_tokens, D) begins in the flat buffer of parameters.
    n_tokens : int
    tokens : ndarray of shape (n,), int32
        Rows seen, each once, in rising order.
    rows : ndarray of shape (n, D)
        Their gradients.
    """

    start: int
    n_tokens: int
    tokens: np.ndarray
    rows: np.ndarray

    def table(self, flat):
        """The table as a view (n_tokens, D) into a flat buffer."""
        D = self.rows.shape[1]
        return flat[self.start : self.start + self.n_tokens * D].reshape(self.n_tokens, D)


class Gradient(NamedTuple):
    """Gradient of a loss at a flat buffer of parameters.

    Parameters
    ----------
    dense : ndarray of shape (size,)
        Of the first elements: of all parameters but the tables, which come last.
    tables : sequence of TableGradient
    running : sequence of Running
        Statistics of the batch, which constants among the parameters follow; their gradient is 0.
    """

    dense: np.ndarray
    tables: tuple = ()
    running: tuple = ()

    def norm(self):
        """Euclidean norm, worked out in float64."""
        norm = kernels.training.norm(self.dense)
        for table in self.tables:
            if len(table.tokens):
                norm = math.hypot(norm, kernels.training.norm(table.rows.reshape(-1)))
        return norm

    def scale(self, factor):
        """Multiply by a factor, in place."""
        kernels.training.scale(self.dense, factor)
        for table in self.tables:
            if len(table.tokens):
                kernels.training.scale(table.rows.reshape(-1), factor)

    def add_penalties(self, parameters, weights, l2, l1):
        """Add the gradient of penalties, in place.

        Parameters
        ----------
        parameters : ndarray
            Flat buffer.
        weights : sequence of slice
            What they apply to; tables among them are left out, since of these they apply to the rows
            seen.
        l2, l1 : float
            The penalty is ``l2 / 2 * sum(w ** 2) + l1 * sum(abs(w))``.

        Returns
        -------
        list of float
            The penalty of each part, to be added to a loss in this order.
        """
        size = len(self.dense)
        before_tables = parameters[:size]
        penalties = [
            kernels.training.add_penalty(self.dense[part], before_tables[part], l2, l1)
            for part in weights
            if part.start < size
        ]
        for table in self.tables:
            rows = table.rows, table.table(parameters), table.tokens
            penalties.append(kernels.training.add_penalty_rows(*rows, l2, l1))
        return penalties
