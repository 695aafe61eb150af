"""What forecasters read beside their series, as nodes of an ONNX graph."""

from itertools import groupby

import numpy as np

from ..sequences import FARTHEST, LARGEST


def shapes(window):
    """Shapes of the inputs without their first axis, by name."""
    beside, found = window.covariates, {}
    if beside is not None and beside.n_columns:
        found["X"] = (beside.n_rows, beside.n_columns)
    if beside is not None and beside.n_static:
        found["static"] = (beside.n_static,)
    return found


class CovariateNodes:
    """Columns of rows, of X (N, n_rows, n_columns) and static (N, n_static), names of nodes in float64."""

    def __init__(self, graph, window, X=None, static=None):
        self.graph, self.window, self.beside = graph, window, window.covariates
        self.X, self.static, self.scaled, self.fixed = X, static, None, None
        if X is not None:
            scaled = graph("Mul", graph("Sub", X, self.beside.mean), self.beside.factor)
            scaled = graph("Max", scaled, np.float64(-FARTHEST))
            self.scaled = graph("Min", scaled, np.float64(FARTHEST))
        if static is not None:
            fixed = graph("Mul", graph("Sub", static, self.beside.static_mean), self.beside.static_factor)
            self.fixed = graph("Unsqueeze", fixed, np.array([1]))

    def within(self):
        """Whether all that is read can be computed with, (N, 1)."""
        graph, found, limit = self.graph, [], LARGEST[np.dtype(np.float64)]
        if self.X is not None:
            beside = self.beside
            unknown = np.zeros((beside.n_rows, beside.n_columns), bool)
            unknown[beside.n_before :, ~beside.ahead] = True
            within = graph("Or", graph("LessOrEqual", graph("Abs", self.X), limit), unknown)
            least = graph.reduce("ReduceMin", graph.cast(within, np.int32), 1)
            found.append(graph("Squeeze", graph.reduce("ReduceMin", least, 2), np.array([2])))
        if self.static is not None:
            within = graph("LessOrEqual", graph("Abs", self.static), limit)
            found.append(graph.reduce("ReduceMin", graph.cast(within, np.int32), 1))
        return graph.cast(found[0] if len(found) == 1 else graph("Min", *found), bool)

    def columns(self, first, n, moved):
        """Columns (N, n, k) of n rows from row `first` of a window on, which begins `moved` steps later."""
        graph, beside, columns = self.graph, self.beside, []
        start = beside.n_before - self.window.lags.lags + first + moved

        def taken(reach, names):
            rows = graph.columns(self.scaled, start + reach, start + reach + n)
            return graph("Gather", rows, np.array(names), axis=2)

        for (reach, before), group in groupby(beside.read, lambda column: (column.reach, column.before)):
            group = list(group)
            names = [column.column for column in group]
            column = taken(reach, names)
            if before is not None:
                column = graph("Sub", column, taken(before, names))
            unknown = np.array([not column.ahead for column in group])
            if first >= self.window.lags.lags and unknown.any():
                column = graph("Where", unknown, np.float64(0), column)
            columns.append(column)
        if self.static is not None:
            shape = np.array([1, n, beside.n_static])
            columns.append(graph("Expand", self.fixed, shape))
        return columns
