"""Optimisers over the flat buffer of parameters."""

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

    def copy(self):
        """An optimiser that goes on without changing this one; moments, which `step` replaces, are shared."""
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        return other

    def step(self, new, parameters, gradients, learning_rate):
        """One step against `gradients`, from `parameters` to `new`.

        They may be the same; where they are not, the moments too are written anew, and what
        they were before is as it was.
        """
        in_place = new is parameters
        moments = self.moments if in_place else [np.empty_like(moment) for moment in self.moments]
        self.update(new, moments, parameters, gradients, learning_rate)
        self.moments = moments
        self.t += 1


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015), with torch's placing of epsilon; `beta_1`, `beta_2`, `epsilon`."""

    n_moments = 2

    def update(self, new, moments, parameters, gradients, learning_rate):
        """`step` without its accounts."""
        self._adam(new, moments, parameters, self.moments, gradients, learning_rate, 0.0)

    def _adam(self, new, new_moments, parameters, moments, gradients, learning_rate, weight_decay):
        kernels.training.adam(
            new, *new_moments, parameters, *moments, gradients, self.t + 1, learning_rate, self.beta_1,
            self.beta_2, self.epsilon, weight_decay,
        )  # fmt: skip


class AdamW(Adam):
    """Adam with decoupled decay of weights (Loshchilov and Hutter 2019); `weight_decay` too."""

    def update(self, new, moments, parameters, gradients, learning_rate):
        """`step` without its accounts."""
        start = 0
        for weights in [*self.weights, slice(len(new), len(new))]:
            biases = slice(start, weights.start)
            for part, decay in ((biases, 0.0), (weights, self.weight_decay)):
                if part.start < part.stop:
                    self._adam(
                        new[part], [m[part] for m in moments], parameters[part],
                        [m[part] for m in self.moments], gradients[part], learning_rate, decay,
                    )  # fmt: skip
            start = weights.stop


class SGD(Optimizer):
    """Gradient descent with momentum (Sutskever et al. 2013); `momentum`, `nesterov`."""

    def update(self, new, moments, parameters, gradients, learning_rate):
        """`step` without its accounts."""
        kernels.training.sgd(
            new, *moments, parameters, *self.moments, gradients, learning_rate, self.momentum, self.nesterov
        )


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton 2012); `rho`, `epsilon`."""

    def update(self, new, moments, parameters, gradients, learning_rate):
        """`step` without its accounts."""
        kernels.training.rmsprop(
            new, *moments, parameters, *self.moments, gradients, learning_rate, self.rho, self.epsilon
        )


SOLVERS = {"adam": Adam, "adamw": AdamW, "sgd": SGD, "rmsprop": RMSprop}
