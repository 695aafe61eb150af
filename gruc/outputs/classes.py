"""Outputs that are logits of classes."""

import numpy as np

from .. import kernels
from ..files.labels import labels_as_json


class Classes:
    """One of two or more classes for each sequence.

    Two classes have one output, the logit of the second.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
        Labels, sorted.
    """

    multilabel = False
    scaling, n_quantiles = None, 1  # as of `Values`

    def __init__(self, classes):
        self.classes = np.asarray(classes)

    @property
    def n_outputs(self):
        """Outputs of the network."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def link(self):
        """What becomes of the outputs: "two" or "classes"."""
        return "two" if len(self.classes) == 2 else "classes"

    @property
    def activation(self):
        """The estimator's `out_activation_`."""
        return "logistic" if self.link == "two" else "softmax"

    @property
    def result_shape(self):
        """Shape of a sequence's result: probabilities."""
        return self.classes.shape

    @property
    def result_size(self):
        """Number of elements of a sequence's result."""
        return len(self.classes)

    def result_dtype(self, dtype):
        """Type of a result, of a network of `dtype`."""
        return dtype

    def check(self, n_outputs):
        """Refuse a network of another number of outputs."""
        if self.n_outputs != n_outputs:
            n_classes = max(n_outputs, 2)
            raise ValueError(f"classes must be {n_classes}, one an output; got {len(self.classes)}.")

    def decode(self, outputs):
        """Predicted labels (n,) of outputs (n, n_outputs), which are used up."""
        return self.classes[np.argmax(self.probabilities(outputs), axis=1)]

    def probabilities(self, outputs):
        """Probabilities (n, n_classes) of outputs (n, n_outputs), which are used up."""
        if self.link == "classes":
            kernels.inference.softmax(outputs)
            return outputs
        # [sigmoid(-a), sigmoid(a)] keeps the digits of a small first column
        return _sigmoid(np.concatenate([-outputs, outputs], axis=1))

    def log_probabilities(self, outputs):
        """Logarithms of the probabilities, finite where these underflow; outputs are used up."""
        if self.link == "classes":
            outputs -= outputs.max(axis=1, keepdims=True)
            return outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
        return -np.logaddexp(0, np.concatenate([outputs, -outputs], axis=1))

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        return {
            "classes": labels_as_json(self.classes),
            "multilabel": self.multilabel,
            "log_link": False,
            "n_quantiles": 1,
        }, {}

    def state(self):
        """Plain values for a pickle, which `outputs.of_state` takes."""
        return {"classes": self.classes, "multilabel": self.multilabel}


class Labels(Classes):
    """Each of several labels, which a sequence has or has not; one output is the logit of one label."""

    multilabel = True
    link = "labels"
    activation = "logistic"

    @property
    def n_outputs(self):
        """Outputs of the network."""
        return len(self.classes)

    def decode(self, outputs):
        """1 where a sequence has a label, else 0, (n, n_outputs)."""
        return (outputs > 0).astype(np.intp)

    def probabilities(self, outputs):
        """Probability of each label, (n, n_outputs)."""
        return _sigmoid(outputs)

    def log_probabilities(self, outputs):
        """Logarithms of the probabilities, finite where these underflow."""
        return -np.logaddexp(0, -outputs)


def _sigmoid(logits):
    probabilities = np.empty_like(logits)
    kernels.inference.sigmoid(probabilities.reshape(-1), logits.reshape(-1))
    return probabilities
