"""scikit-learn's callbacks, from its version 1.9 on: ProgressBar, ScoringMonitor and others."""

from ..runtime import Predictor

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """scikit-learn has no callbacks yet, and so no set_callbacks."""


class Callbacks:
    """Tells the callbacks set on a model of its fit, and of each epoch.

    Parameters
    ----------
    model : BaseGRU
        With callbacks, set by the user or by a Pipeline or search around it.
    X, y, sample_weight
        As given to fit; callbacks may ask for them.
    max_epochs : int
    """

    def __init__(self, model, X, y, sample_weight, max_epochs):
        self.model = model
        self._data = {"X": X, "y": y, "metadata": {}}
        if sample_weight is not None:
            self._data["metadata"]["sample_weight"] = sample_weight
        self._fit = model._init_callback_context(max_subtasks=max_epochs)
        self._epoch = None

    def begin(self):
        """The fit begins."""
        self._fit.call_on_fit_task_begin(estimator=self.model, **self._data)

    def end(self):
        """The model is fitted."""
        self._fit.call_on_fit_task_end(estimator=self.model, **self._data, reconstruction_attributes={})

    def begin_epoch(self):
        """An epoch begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self.model, **self._data)

    def end_epoch(self, network, parameters):
        """An epoch has ended and left these parameters; whether to stop."""

        def as_if_fitted():
            return {"_predictor": Predictor(network, parameters.copy(), **self.model._decoding())}

        return self._epoch.call_on_fit_task_end(
            estimator=self.model, **self._data, reconstruction_attributes=as_if_fitted
        )


def callbacks_of(model, X, y, sample_weight, max_epochs):
    """`Callbacks` of a model that has some, else None."""
    if not getattr(model, "_skl_callbacks", None):
        return None
    return Callbacks(model, X, y, sample_weight, max_epochs)
