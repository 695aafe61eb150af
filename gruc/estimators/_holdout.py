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
    network : GRUNetwork
    loss : Loss
        Which is trained with.
    sequences : Sequences
    targets : ndarray
        As the loss wants them.
    weights : ndarray or None
        Of sequences.
    X_as_given : callable
        Gives X as the user has it: for scorers of scikit-learn's, and asked for by them only.
    y : array-like
        As the user has it.
    """

    def __init__(self, model, network, loss, sequences, targets, weights, X_as_given, y):
        self.model = model
        self.network = network
        self.loss = model._validation_loss(loss)
        self.sequences = sequences
        self.targets = targets
        self.weights = weights
        self.y = y
        self.scorer = self.X = None
        if model.scoring not in (None, "loss"):
            self.scorer, self.X = check_scoring(model, model.scoring), X_as_given()

    def __call__(self, parameters):
        """(loss, score) with these parameters."""
        model = self.model
        fitted = model._with(self.network, parameters)
        outputs = fitted._predictor.outputs(self.sequences)
        loss = self.loss.mean(outputs.copy(), self.targets, self.weights)
        if model.scoring == "loss":
            return loss, -loss
        if self.scorer is None:
            return loss, self._decides(
                model._score_of(self.y, fitted._predictor.decode(outputs), self.weights)
            )
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
        missing = self.model._missing_classes(self.y)
        lacks = f", which has none of {missing}" if missing else ""
        return f"the {len(self.sequences)} sequences of the validation set{lacks}"
