"""What scikit-learn's callbacks are told of a fit: ProgressBar, ScoringMonitor and others."""

from .._validation import task_data
from ..runtime import Predictor


class EpochCallbacks:
    """Tells the callbacks set on a model of each epoch.

    Parameters
    ----------
    model : BaseGRU
        Whose fit it is.
    attempt : BaseGRU
        The copy of it that is being fitted.
    context : sklearn.callback.CallbackContext
        Of the fit.
    X, y, sample_weight
        As given to fit; callbacks may ask for them.
    """

    def __init__(self, model, attempt, context, X, y, sample_weight):
        self.model, self._attempt, self._fit = model, attempt, context
        self._data = task_data(X, y, sample_weight)
        self._epoch = None

    def begin_epoch(self):
        """An epoch begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self.model, **self._data)

    def end_epoch(self, network, parameters):
        """An epoch has ended and left these parameters; whether to stop."""

        def as_if_fitted():
            predictor = Predictor(network, parameters.copy(), **self._attempt._decoding())
            return vars(self._attempt) | {"_predictor": predictor}

        return self._epoch.call_on_fit_task_end(
            estimator=self.model, **self._data, reconstruction_attributes=as_if_fitted
        )
