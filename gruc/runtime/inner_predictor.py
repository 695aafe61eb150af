"""What predictors that prepare inputs for another predictor have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .predictor import Predictor


class InnerPredictorMixin:
    """For classes whose attribute `predictor` computes, on its threads and in its precision."""

    predictor: Predictor

    def with_n_jobs(self, n_jobs: int | None) -> Self:
        """Return a copy with another number of threads.

        Parameters
        ----------
        n_jobs : int or None
            As in the estimators.

        Returns
        -------
        predictor
            Of the same type.
        """
        return self._with(predictor=self.predictor.with_n_jobs(n_jobs))

    def with_precision(self, matmul_precision: str) -> Self:
        """Return a copy with another precision of matrix products.

        Parameters
        ----------
        matmul_precision : {"highest", "high", "medium"}
            As in the estimators.

        Returns
        -------
        predictor
            Of the same type.
        """
        return self._with(predictor=self.predictor.with_precision(matmul_precision))

    def _with(self, **changes):
        other = object.__new__(type(self))
        vars(other).update(vars(self), **changes)
        return other
