"""What predictors have in common: a network with its weights in one flat buffer."""

from __future__ import annotations

from .. import kernels


class FlatWeightsMixin:
    """For classes with `network`, `parameters`, `n_jobs`, `matmul_precision`, and at first no ``_packed``."""

    @property
    def config(self):
        """Shape of the network."""
        return self.network.config

    @property
    def weights(self):
        """Dict of read-only views, with torch's names and shapes."""
        read_only = self.parameters.view()
        read_only.flags.writeable = False
        return self.network.table.torch_views(read_only)

    def with_n_jobs(self, n_jobs):
        """Return a copy with another number of threads.

        Parameters
        ----------
        n_jobs : int or None
            As in the estimators.

        Returns
        -------
        predictor
            Of the same type; the predictor itself if nothing changes.
        """
        if n_jobs == self.n_jobs:
            return self
        self._prepared()  # so that both share the packed weights
        other = object.__new__(type(self))
        vars(other).update(vars(self), n_jobs=n_jobs)
        return other

    def with_precision(self, matmul_precision):
        """Return a copy with another precision of matrix products.

        Parameters
        ----------
        matmul_precision : {"highest", "high", "medium"}
            As in the estimators.

        Returns
        -------
        predictor
            Of the same type; the predictor itself if nothing changes.

        Raises
        ------
        ValueError
            If `matmul_precision` is none of these.
        """
        if matmul_precision == self.matmul_precision:
            return self
        other = object.__new__(type(self))
        precision = kernels.checked_precision(matmul_precision)
        vars(other).update(vars(self), matmul_precision=precision, _packed=None)
        return other

    def _prepared(self):
        """Weights in the layout of the kernels; packed at the first call, or by each thread that is first."""
        packed = self._packed
        if packed is None:
            packed = self._packed = self.network.prepare(self.parameters, self.matmul_precision)
        return packed
