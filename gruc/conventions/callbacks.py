"""Support for scikit-learn's callbacks: ProgressBar, ScoringMonitor and others."""

from contextlib import contextmanager, nullcontext

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """scikit-learn has no callbacks yet, and so no set_callbacks."""


def task_data(X, y, sample_weight):
    """Data that callbacks may use at each task of a fit."""
    metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
    return {"X": X, "y": y, "metadata": metadata}


def fit_task(estimator, X, y, sample_weight=None, max_subtasks=0):
    """A context that notifies callbacks of a fit; enters as their context, None if there are none."""
    if not getattr(estimator, "_skl_callbacks", None):
        return nullcontext()
    return _notified_task(estimator, X, y, sample_weight, max_subtasks)


@contextmanager
def _notified_task(estimator, X, y, sample_weight, max_subtasks):
    data = task_data(X, y, sample_weight)
    context = estimator._init_callback_context(max_subtasks=max_subtasks)
    context.call_on_fit_task_begin(estimator=estimator, **data)
    yield context
    context.call_on_fit_task_end(estimator=estimator, **data, reconstruction_attributes={})


class EpochCallbacks:
    """Notifies the callbacks of a model of each epoch.

    Parameters
    ----------
    model : BaseGRU
        The model that is fitted.
    context : sklearn.callback.CallbackContext
        That of the fit.
    X, y, sample_weight
        Arguments of fit; callbacks may use them.

    Attributes
    ----------
    attributes_with : callable
        Set before the first epoch: ``attributes_with(parameters)`` returns the attributes of the
        model as if it were fitted with these parameters.
    """

    attributes_with = None

    def __init__(self, model, context, X, y, sample_weight):
        self.model, self._fit = model, context
        self._data = task_data(X, y, sample_weight)
        self._epoch = None

    def begin_epoch(self):
        """Notify of the begin of an epoch."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self.model, **self._data)

    def end_epoch(self, parameters):
        """Notify of the end of an epoch with these parameters; return whether to stop."""
        return self._epoch.call_on_fit_task_end(
            estimator=self.model,
            **self._data,
            reconstruction_attributes=lambda: self.attributes_with(parameters),
        )
