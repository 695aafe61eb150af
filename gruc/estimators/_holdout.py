"""What a fit is measured on between its epochs."""

import numpy as np
from sklearn.metrics import check_scoring


class Validation:
    """Loss and score of a model in training on sequences it does not learn from.

    Parameters
    ----------
    model : BaseGRU
        Its `scoring` says what the score is: None for accuracy or R2 (`score`), "loss" for
        the negative loss, or one of scikit-learn's, which sees the model as fitted.
    fitted_with : callable
        ``fitted_with(parameters)`` is the model as if fitted with these.
    targets : ClassTargets, IndicatorTargets or ValueTargets
        Those of the fit.
    sequences : Sequences
    values : ndarray
        Targets of the sequences as the loss expects them.
    weights : ndarray or None
        Of sequences.
    X_as_given : callable
        Gives X as the user has it: for scorers of scikit-learn's, and asked for by them only.
    y : array-like
        As the user has it.
    """

    def __init__(self, model, fitted_with, targets, sequences, values, weights, X_as_given, y):
        self.model = model
        self.fitted_with = fitted_with
        self.targets = targets
        self.sequences = sequences
        self.values = values
        self.weights = weights
        self.y = y
        self.scorer = self.X = None
        if model.scoring not in (None, "loss"):
            self.scorer, self.X = check_scoring(model, model.scoring), X_as_given()

    def __call__(self, parameters):
        """(loss, score) with these parameters."""
        model = self.model
        fitted = self.fitted_with(parameters)
        outputs = fitted._predictor.outputs(self.sequences)
        loss = self.targets.loss_val.mean(outputs.copy(), self.values, self.weights)
        if model.scoring == "loss":
            return loss, -loss
        if self.scorer is None:
            predicted = self.targets.outputs.decode(outputs)
            return loss, self._decides(self.targets.score(self.y, predicted, self.weights))
        options = {} if self.weights is None else {"sample_weight": self.weights}
        try:
            score = float(self.scorer(fitted, self.X, self.y, **options))
        except ValueError as error:
            raise ValueError(
                f"scoring={model.scoring!r} failed on {self._named()}: {error} Give X_val and y_val that it "
                "can score, or set a larger validation_fraction or scoring='loss'."
            ) from error
        return loss, self._decides(score)

    def _decides(self, score):
        """The score, which must be a number where it says when to stop."""
        if self.model.early_stopping and not np.isfinite(score):
            raise ValueError(
                f"scoring={self.model.scoring!r} is {score} on {self._named()}, and early_stopping=True "
                "cannot decide by that. Give more of them, by X_val or a larger validation_fraction, or set "
                "scoring='loss'."
            )
        return score

    def _named(self):
        """The validation set in words, for errors."""
        missing = self.targets.missing_classes(self.y)
        lacks = f", which has none of {missing}" if missing else ""
        return f"the {len(self.sequences)} sequences of the validation set{lacks}"
