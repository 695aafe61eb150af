"""Optimisers over the flat buffer of parameters.

Tables of which a batch sees some rows only lie at its end; moments end before those that are not learned.
A step costs them what the rows seen cost: rows that were not seen keep their values and moments, as with
torch.optim.SparseAdam, and the number of the step, which corrects Adam's moments for their start at zero, is
that of all steps.
"""

import numpy as np

from .. import kernels


class Optimizer:
    """What all share: moments like the buffer, steps counted.

    Parameters
    ----------
    parameters : ndarray of shape (size,)
        The flat buffer it will step, or one like it.
    weights : list of slice
        Where the weights lie in it, biases left out, for those who let weights decay.
    **settings : float or bool
        Attributes by name, as each subclass lists them.
    """

    n_moments = 1

    def __init__(self, parameters, weights, **settings):
        vars(self).update(settings)
        self.weights = weights
        self.t = 0
        self.moments = [np.zeros_like(parameters) for _ in range(self.n_moments)]

    def resize(self, size):
        """Keep moments of the first `size` parameters, with zeros for those that had none."""
        if len(self.moments[0]) != size:
            old, self.moments = self.moments, [np.zeros(size, moment.dtype) for moment in self.moments]
            for to, moment in zip(self.moments, old, strict=True):
                to[: len(moment)] = moment[:size]

    def copy(self):
        """An optimiser that continues without changing this one. It shares moments, which `step` replaces."""
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        return other

    def step(self, new, parameters, gradients, learning_rate, tables=(), new_moments=None):
        """One step against a gradient, from `parameters` to `new`.

        They may be the same; where they are not, the moments too are written anew, and what
        they were before is as it was. That copies tables as a whole, if `new_moments` are not given.

        Parameters
        ----------
        new, parameters : ndarray of shape (size,)
        gradients : ndarray of shape (size,)
            With tables, of the elements before these only.
        learning_rate : float
        tables : sequence of TableGradient
        new_moments : list of ndarray or None
            Where moments are written to if `new` is not `parameters`; tables in `new` and in these then hold
            already what they hold in `parameters` and `moments`. None: new arrays.
        """
        before, after = self.moments, new_moments
        if new is parameters:
            after = before
        elif new_moments is None:
            after = [np.empty_like(moment) for moment in before]
        if len(gradients) == len(new):
            self.update(new, after, parameters, before, gradients, learning_rate)
        else:
            dense = slice(len(gradients))
            self.update(
                new[dense], [moment[dense] for moment in after], parameters[dense],
                [moment[dense] for moment in before], gradients, learning_rate,
            )  # fmt: skip
            if new is not parameters and new_moments is None:
                for to, values in zip([new, *after], [parameters, *before], strict=True):
                    to[len(gradients) :] = values[len(gradients) :]
            for table in tables:
                moments = [table.table(moment) for moment in after]
                self.update_rows(table.table(new), moments, table.tokens, table.rows, learning_rate)
        self.moments = after
        self.t += 1


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015), with torch's placing of epsilon; `beta_1`, `beta_2`, `epsilon`."""

    n_moments = 2

    def update(self, new, new_moments, parameters, moments, gradients, learning_rate):
        """`step` of the dense parameters."""
        self._adam(new, new_moments, parameters, moments, gradients, learning_rate, 0.0)

    def update_rows(self, table, moments, tokens, gradients, learning_rate):
        """`step` of rows of a table, in place."""
        self._adam_rows(table, moments, tokens, gradients, learning_rate, 0.0)

    def _adam(self, new, new_moments, parameters, moments, gradients, learning_rate, weight_decay):
        kernels.training.adam(
            new, *new_moments, parameters, *moments, gradients, self.t + 1, learning_rate, self.beta_1,
            self.beta_2, self.epsilon, weight_decay,
        )  # fmt: skip

    def _adam_rows(self, table, moments, tokens, gradients, learning_rate, weight_decay):
        kernels.training.adam_rows(
            table, *moments, tokens, gradients, self.t + 1, learning_rate, self.beta_1, self.beta_2,
            self.epsilon, weight_decay,
        )  # fmt: skip


class AdamW(Adam):
    """Adam with decoupled decay of weights (Loshchilov and Hutter 2019); `weight_decay` too."""

    def update(self, new, new_moments, parameters, moments, gradients, learning_rate):
        """`step` of the dense parameters."""
        start = 0
        for weights in [*self.weights, slice(len(new), len(new))]:
            biases = slice(start, weights.start)
            for part, decay in ((biases, 0.0), (weights, self.weight_decay)):
                if part.start < min(part.stop, len(new)):  # tables lie beyond the end
                    self._adam(
                        new[part], [m[part] for m in new_moments], parameters[part],
                        [m[part] for m in moments], gradients[part], learning_rate, decay,
                    )  # fmt: skip
            start = weights.stop

    def update_rows(self, table, moments, tokens, gradients, learning_rate):
        """`step` of rows of a table, in place; a row decays when it is seen."""
        self._adam_rows(table, moments, tokens, gradients, learning_rate, self.weight_decay)


class SGD(Optimizer):
    """Gradient descent with momentum (Sutskever et al. 2013); `momentum`, `nesterov`."""

    def update(self, new, new_moments, parameters, moments, gradients, learning_rate):
        """`step` of the dense parameters."""
        kernels.training.sgd(
            new, *new_moments, parameters, *moments, gradients, learning_rate, self.momentum, self.nesterov
        )

    def update_rows(self, table, moments, tokens, gradients, learning_rate):
        """`step` of rows of a table, in place."""
        kernels.training.sgd_rows(
            table, *moments, tokens, gradients, learning_rate, self.momentum, self.nesterov
        )


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton 2012); `rho`, `epsilon`."""

    def update(self, new, new_moments, parameters, moments, gradients, learning_rate):
        """`step` of the dense parameters."""
        kernels.training.rmsprop(
            new, *new_moments, parameters, *moments, gradients, learning_rate, self.rho, self.epsilon
        )

    def update_rows(self, table, moments, tokens, gradients, learning_rate):
        """`step` of rows of a table, in place."""
        kernels.training.rmsprop_rows(
            table, *moments, tokens, gradients, learning_rate, self.rho, self.epsilon
        )


SOLVERS = {"adam": Adam, "adamw": AdamW, "sgd": SGD, "rmsprop": RMSprop}
