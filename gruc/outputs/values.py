"""Outputs that are values of targets."""

import numpy as np


class Values:
    """Values of one or several real-valued targets, or several quantiles of each.

    Parameters
    ----------
    n_targets : int
    scaling : Scaling or None
        Of targets, undone on output.
    log_link : bool
        Whether outputs are logarithms of values.
    n_quantiles : int
        Number of outputs that are quantiles of one target, in rising order; those of a target
        stand side by side.
    """

    classes = None
    multilabel = False

    def __init__(self, n_targets, scaling=None, log_link=False, n_quantiles=1):
        self.n_targets = n_targets
        self.scaling = scaling
        self.log_link = log_link
        self.n_quantiles = n_quantiles

    @property
    def n_outputs(self):
        """Outputs of the network."""
        return self.n_targets * self.n_quantiles

    @property
    def link(self):
        """What becomes of the outputs: "exp" or "values"."""
        return "exp" if self.log_link else "values"

    @property
    def activation(self):
        """The estimator's `out_activation_`."""
        return "exp" if self.log_link else "identity"

    @property
    def result_shape(self):
        """Shape of a sequence's result; of one target, or one quantile, there is no axis for it."""
        targets = () if self.n_targets == 1 else (self.n_targets,)
        return targets if self.n_quantiles == 1 else (*targets, self.n_quantiles)

    @property
    def result_size(self):
        """Number of elements of a sequence's result."""
        return self.n_outputs

    def result_dtype(self, dtype):
        """Type of a result: float64, for a network of whatever `dtype`."""
        return np.dtype(np.float64)

    def check(self, n_outputs):
        """Refuse a network of another number of outputs."""
        if self.n_outputs != n_outputs:
            raise ValueError(f"outputs are {self.n_outputs} values, but the network has {n_outputs}.")

    def decode(self, outputs):
        """Values in float64, (n, *result_shape), of outputs (n, n_outputs)."""
        values = np.exp(outputs, dtype=np.float64) if self.log_link else outputs.astype(np.float64)
        values = values.reshape(len(values), self.n_targets, self.n_quantiles)
        if self.scaling is not None:
            values = self.scaling.undo(values.swapaxes(1, 2)).swapaxes(1, 2)
        # a higher quantile is never below a lower one (Chernozhukov et al. 2010)
        values = np.sort(values, axis=2) if self.n_quantiles > 1 else values[:, :, 0]
        return values[:, 0] if self.n_targets == 1 else values

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        arrays = {} if self.scaling is None else self.scaling.arrays("target_scaling")
        return {
            "classes": None,
            "multilabel": False,
            "log_link": self.log_link,
            "n_quantiles": self.n_quantiles,
        }, arrays

    def state(self):
        """Plain values for a pickle, which `outputs.of_state` takes."""
        return {
            "target_scaling": None if self.scaling is None else tuple(self.scaling),
            "log_link": self.log_link,
            "n_quantiles": self.n_quantiles,
        }
