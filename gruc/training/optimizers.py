"""Optimisers, in place over the flat buffer of parameters."""

import numpy as np

from .. import kernels


class Adam:
    """Adam (Kingma and Ba 2015), with torch's placing of epsilon.

    Parameters
    ----------
    parameters : ndarray of shape (size,)
        The flat buffer it will step.
    learning_rate, beta_1, beta_2, epsilon : float
    """

    def __init__(self, parameters, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.t = 0
        self.m = np.zeros_like(parameters)
        self.v = np.zeros_like(parameters)

    def step(self, parameters, gradients):
        """Move `parameters` by one step against `gradients`."""
        kernels.training.adam(
            parameters, self.m, self.v, gradients, self.t + 1,
            self.learning_rate, self.beta_1, self.beta_2, self.epsilon,
        )  # fmt: skip
        self.t += 1

    def copy(self):
        """An independent optimiser that goes on from here."""
        other = object.__new__(type(self))
        other.__setstate__(vars(self))
        return other

    def __setstate__(self, state):
        vars(self).update(state)
        self.m, self.v = np.array(self.m), np.array(self.v)  # copies: joblib may have mapped them
