"""Forecasters to and from model files."""

from typing import Any

from ..conventions.time_series import TimeSeries
from ..files.series_form import SeriesForm
from ..training import DESCRIBED_AS, History, TrainingState
from ._files import SavingMixin
from ._networks import random_generator

# facts of the run that early stopping watched, which files name so; the network may be that of another run
WATCHED = ("n_iter_", "best_iter_", "loss_curve_", "validation_loss_curve_")


class ForecastSavingMixin(SavingMixin):
    """What a file holds of a `GRUForecaster`, beside parameters and predictor."""

    _form: Any
    _training_state: Any

    def _fitted_state(self):
        """What is known of the fit: plain values, for `_restored`."""
        watched = {f"watched_{name}": getattr(self, name) for name in WATCHED}
        return self._training_state.history.describe() | watched

    def _described_beside(self):
        """The form of the series, and their times."""
        _, form, axes, names, labels = self._form.as_plain()
        axes = [(*axis, _name_of_zone(zone)) for *axis, zone in axes]
        description, arrays = SeriesForm(form, axes, names, labels).describe()
        return {"form": description}, arrays

    def _restored(self, predictor, state):
        """Fit this estimator by what a file holds."""
        state = dict(state)
        form, axes, names, labels = state.pop("form")
        self._form = TimeSeries.of_plain(([], form, axes, names, labels))
        described = {name: state[f"watched_{name}"] for name in WATCHED}
        described["validation_loss_curve_"] = described["validation_loss_curve_"] or []
        watched = History.described(described)
        history = History.described({name: state[name] for name in DESCRIBED_AS})
        training = TrainingState(predictor.predictor.parameters, random_generator(self.random_state), history)
        self._set_fitted(
            predictor.with_n_jobs(self.n_jobs).with_precision(self.matmul_precision),
            training,
            watched,
            predictor.columns,
        )
        return self

    def _set_fitted(self, predictor, state, history, columns):
        raise NotImplementedError


def _name_of_zone(zone):
    """The name of a time zone, by which pandas finds it again; None for none."""
    if zone is None or isinstance(zone, str):
        return zone
    import pandas as pd

    try:
        pd.DatetimeTZDtype(tz=str(zone))
    except (KeyError, TypeError, ValueError):
        raise TypeError(
            f"A model file names time zones, and {zone!r} has no name that pandas knows. Convert the index "
            "of y with tz_convert('Europe/Berlin') or the like before fit, or pickle the model."
        ) from None
    return str(zone)
