"""Optimisers over the flat buffer of parameters."""

import numpy as np

from .. import kernels


class Adam:
    """Adam (Kingma and Ba 2015), with torch's placing of epsilon.

    Parameters
    ----------
    parameters : ndarray of shape (size,)
        The flat buffer it will step, or one like it.
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

    def step(self, new, parameters, gradients):
        """One step against `gradients`, from `parameters` to `new`.

        They may be the same; where they are not, the moments too are written anew, and what
        they were before is as it was.
        """
        in_place = new is parameters
        m, v = (self.m, self.v) if in_place else (np.empty_like(self.m), np.empty_like(self.v))
        kernels.training.adam(
            new, m, v, parameters, self.m, self.v, gradients, self.t + 1,
            self.learning_rate, self.beta_1, self.beta_2, self.epsilon,
        )  # fmt: skip
        self.m, self.v = m, v
        self.t += 1

    def __setstate__(self, state):
        vars(self).update(state)
        self.m, self.v = np.array(self.m), np.array(self.v)  # copies: joblib may have mapped them
