"""Predictor: a fitted network that predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import kernels
from ..network import GRUNetwork
from ..outputs import Values
from ..outputs import of_state as decoding_of_state
from ..sequences import Numbers, Tokens
from .chunks import run_array, run_chunks
from .fitted_network import FittedNetworkMixin
from .flat_weights import FlatWeightsMixin
from .rows import Rows
from .states import states_by_layer
from .stream_arguments import fingerprint_of

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import ArrayLike, NDArray


class Predictor(FlatWeightsMixin, FittedNetworkMixin):
    """A fitted network, for inference only.

    The prediction for a sequence depends only on that sequence, to the last bit, not on its position
    in X or the other sequences. Methods can be called by several threads at once.

    Parameters
    ----------
    network : GRUNetwork or dict
        The network, or the arguments of `gruc.network.GRUNetwork`.
    parameters : ndarray of shape (n_parameters,)
        Flat buffer of weights, float32 or float64. It is not copied and must not change.
    inputs : Numbers, Tokens or None
        Preprocessing of X; None: each step is an input of the network, without scaling.
    decoding : Classes, Labels, Values or None
        Interpretation of the outputs of the network; None: values, without scaling.
    n_jobs : int or None
        Number of threads for prediction, as in the estimators.
    matmul_precision : {"highest", "high", "medium"}
        Precision of matrix products, as in the estimators.

    Notes
    -----
    A network with ``pooling=None`` predicts each frame. If X is an array, the predictions are an array
    ``(n_sequences, n_frames, ...)``, otherwise a 1-D object array of arrays ``(n_frames_i, ...)``.

    The first axis of ``initial_state`` is that of sequences: an array of shape (n_sequences, n_layers, F),
    or (n_layers, F) for the same state in all sequences, where F is the number of units of a layer, or
    twice that if the model is bidirectional: first those of the forward direction, then those of the
    backward direction, which starts at the last frame; with ``cell="fio"`` twice that, h, then c_prev. If
    the layers have different widths, it is a list of one array of shape (n_sequences, F_l) or (F_l,) for
    each layer. States of a GRU lie between -1 and 1; others are accepted if they are finite and the dtype can
    compute with them. (In torch the axes of layers and directions come first: pass ``h_0.transpose(0, 1)``.)

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
    >>> predictor = gruc.runtime.Predictor.from_estimator(model)
    >>> bool((predictor.predict(X) == model.predict(X)).all())
    True
    """

    def __init__(
        self, network, parameters, inputs=None, decoding=None, *, n_jobs=None, matmul_precision="highest"
    ):
        self.network = GRUNetwork(**network) if isinstance(network, dict) else network
        self.parameters = np.ascontiguousarray(parameters)
        self.inputs = inputs_of_state(None, self.config) if inputs is None else inputs
        self.decoding = Values(self.config["n_outputs"]) if decoding is None else decoding
        self.n_jobs = n_jobs
        self.matmul_precision = kernels.checked_precision(matmul_precision)
        self._packed = None
        self._check()

    def _check(self):
        size = self.network.table.size
        if self.parameters.dtype not in (np.float32, np.float64) or self.parameters.shape != (size,):
            raise ValueError(
                f"parameters must be {size} numbers of float32 or float64; got shape {self.parameters.shape} "
                f"of {self.parameters.dtype}."
            )
        self.decoding.check(self.config["n_outputs"])

    @property
    def classes(self):
        """Sorted labels of a classifier, an array; None for a regressor."""
        return self.decoding.classes

    @property
    def multilabel(self):
        """Whether a sequence can have several labels."""
        return self.decoding.multilabel

    @property
    def n_features_in(self):
        """Number of features of a step."""
        return self.inputs.n_features

    @property
    def n_features_out(self):
        """Number of columns of `features`."""
        return self.network.head.n_inputs

    def _fitted_predictor(self):
        return self

    def _sequences_to_predict(self, X):
        return X

    def with_weights(self, weights):
        """The same predictor with other weights: a dict with torch's names and shapes, not checked."""
        flat = self.network.table.flat(weights, self.parameters.dtype)
        other = object.__new__(type(self))
        vars(other).update(vars(self), parameters=flat, _packed=None)
        return other

    def __getstate__(self):
        """Plain values and arrays, so that a pickle names no private class."""
        return {
            "network": self.config,
            "parameters": self.parameters,
            "n_jobs": self.n_jobs,
            "matmul_precision": self.matmul_precision,
            **self.inputs.state(),
            **self.decoding.state(),
        }

    def __setstate__(self, state):
        config = state["network"]
        inputs = inputs_of_state(state, config)
        decoding = decoding_of_state(state, config["n_outputs"])
        precision = state.get("matmul_precision", "highest")  # which earlier pickles do not have
        n_jobs = state["n_jobs"]
        self.__init__(
            config, state["parameters"], inputs, decoding, n_jobs=n_jobs, matmul_precision=precision
        )

    @classmethod
    def of_weights(cls, network, weights, dtype, inputs, decoding):
        """A predictor with these weights, a dict with torch's names and shapes.

        The other arguments are those of the class.

        Raises
        ------
        ValueError
            Weights are missing, unknown, or of another shape than the network's.
        """
        network = GRUNetwork(**network)
        shapes = network.table.torch_shapes()
        if set(weights) != set(shapes):
            raise ValueError(f"weights are missing, or too many: {sorted(set(weights) ^ set(shapes))}.")
        for name, shape in shapes.items():
            if np.shape(weights[name]) != shape:
                raise ValueError(f"{name} is {np.shape(weights[name])}, expected {shape}.")
        return cls(network, network.table.flat(weights, dtype), inputs, decoding)

    @classmethod
    def from_estimator(cls, model: Any) -> Predictor:
        """Create the predictor of a fitted estimator.

        Parameters
        ----------
        model : GRUClassifier, GRURegressor, GRUTagger or GRUStepRegressor
            Fitted.

        Returns
        -------
        Predictor

        Raises
        ------
        TypeError
            `model` is not a fitted estimator of gruc.
        """
        predictor = getattr(model, "_predictor", None)
        if hasattr(predictor, "answers"):
            raise TypeError(
                f"model is a {type(model).__name__}, an encoder-decoder, which can be exported to ONNX "
                "only (gruc.to_onnx), or saved: gruc.runtime.load predicts with NumPy only."
            )
        if not isinstance(predictor, cls):
            raise TypeError(
                f"model is a {type(model).__name__}; expected a fitted GRUClassifier or GRURegressor, or a "
                "fitted GRUTagger or GRUStepRegressor."
            )
        return predictor

    def predict(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict labels (classifiers) or values (regressors).

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, one for each sequence or the same for all;
            see the notes of `Predictor`. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            Or for each frame, see the notes of `Predictor`. For a multilabel classifier, an indicator matrix.
            Values of a regressor are float64, in the units of the targets.
        """
        return self._answers(self.decoding.decode, X, initial_state)

    def predict_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict probabilities of classes.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array or list of arrays, default=None
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of the model's dtype
            Or for each frame, see the notes of `Predictor`.
        """
        self._require_classifier("predict_proba")
        return self._answers(self.decoding.probabilities, X, initial_state)

    def predict_log_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict log-probabilities, which are finite where the probabilities underflow.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array or list of arrays, default=None
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of the model's dtype
            Or for each frame, see the notes of `Predictor`.
        """
        self._require_classifier("predict_log_proba")
        return self._answers(self.decoding.log_probabilities, X, initial_state)

    def outputs(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Return the outputs of the last layer: logits, or values on the scale of the standardized targets.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array or list of arrays, default=None
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_outputs), of the model's dtype
            Or for each frame, see the notes of `Predictor`.
        """
        return self._answers(lambda outputs: outputs, X, initial_state)

    def features(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Return the inputs of the last layer: the pooled states of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array or list of arrays, default=None
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_sequences, F), of the model's dtype
            F is the number of units of the last GRU layer, in both directions together. If the network
            predicts each step, the states of the last layer at each frame.
        """
        sequences = self.inputs.check(X, self.parameters.dtype)
        dtype = self.parameters.dtype
        rows, features = self._run(
            sequences, self.network.features, (self.n_features_out,), dtype, initial_state
        )
        return rows.by_sequence(features)

    def output_rows(self, sequences, initial_state=None):
        """Outputs of checked sequences, (n, n_outputs), or where each step is answered, (N, n_outputs).

        N are the rows of all sequences, sequence after sequence.
        """
        shape, dtype = (self.config["n_outputs"],), self.parameters.dtype
        return self._run(sequences, self.network.infer, shape, dtype, initial_state)[1]

    def last_rows(self, sequences, states=None):
        """Outputs (n, n_outputs) at the last row of each sequence, of a network that answers each step.

        Returns them and the state of each layer there, [(n, F), ...]: the `states` for later rows.
        """
        packed, n, dtype = self._prepared(), len(sequences), self.parameters.dtype
        outputs = np.empty((n, self.config["n_outputs"]), dtype)
        later = [np.empty((n, width), dtype) for width in self.network.state_widths]

        def run_chunk(chunk):
            batch = self.inputs.gather(sequences, chunk, dtype)
            places = chunk[batch.order]
            initial = states and [layer[places] for layer in states]
            rows, last = self.network.infer_onwards(packed, batch, initial)
            outputs[places] = rows[batch.offsets[batch.lengths - 1] + np.arange(len(places))]
            for layer, of_chunk in zip(later, last, strict=True):
                layer[places] = of_chunk

        run_chunks(run_chunk, self.inputs.lengths(sequences), self.network, self.n_jobs)
        return outputs, later

    def _answers(self, decode, X, initial_state):
        """What `decode` makes of the outputs, in the form that belongs to X."""
        outputs = self._at_once(X) if initial_state is None else None
        if outputs is not None:
            return decode(outputs)
        sequences = self.inputs.check(X, self.parameters.dtype)
        if not self.network.answers_each_step:
            return decode(self.output_rows(sequences, initial_state))

        def answers(packed, batch, initial):  # chunk by chunk, since all outputs may be many times as many
            return decode(self.network.infer(packed, batch, initial))

        one = decode(np.zeros((1, self.config["n_outputs"]), self.parameters.dtype))
        rows, values = self._run(sequences, answers, one.shape[1:], one.dtype, initial_state)
        return rows.by_sequence(values)

    def _at_once(self, X):
        """Outputs for an array, in one call; None for one of many chunks, and where X is to be refused."""
        inputs, network = self.inputs, self.network
        array = inputs.array_of(X) if isinstance(inputs, Numbers) else None
        if array is None or network.answers_each_step:
            return None
        value = network.laid_out().outputs
        return run_array(array, self._prepared(), value, inputs, network, self.n_jobs)

    def _run(self, sequences, values_of, shape, dtype, initial_state):
        """``values_of(packed, batch, initial)`` of all sequences, of this shape a row: (rows, values)."""
        rows = Rows(self.inputs.lengths(sequences), self.network.answers_each_step, sequences.ragged)
        values = np.empty((len(rows), *shape), dtype)

        def fill(packed, batch, places, initial):
            values[rows.of_batch(batch, places)] = values_of(packed, batch, initial)

        self.run(sequences, fill, initial_state)
        return rows, values

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        inputs, arrays_in = self.inputs.describe()
        decoding, arrays_out = self.decoding.describe()
        description = {"network": self.config, **inputs, **decoding}
        return description, self.weights | arrays_in | arrays_out

    def fingerprint(self):
        """Checksum by which a stream's snapshot is known to be of this model."""
        return fingerprint_of(*self.describe())

    def run(self, sequences, fill, initial_state):
        """Call fill(packed, batch, places, initial) for all sequences, chunk by chunk, on several threads."""
        packed, states = self._prepared(), None
        if initial_state is not None:
            states = self.states_by_layer(initial_state, len(sequences), "initial_state")

        def run_chunk(chunk):
            batch = self.inputs.gather(sequences, chunk, self.parameters.dtype)
            places = chunk[batch.order]
            fill(packed, batch, places, states and [layer[places] for layer in states])

        run_chunks(run_chunk, self.inputs.lengths(sequences), self.network, self.n_jobs)

    def states_by_layer(self, given, n, name):
        """States of n sequences as the user gives them, checked: an array (n, F) for each layer."""
        return states_by_layer(given, n, self.network.state_widths, self.parameters.dtype, name)

    def _require_classifier(self, method):
        if self.classes is None:
            raise AttributeError(f"{method} belongs to classifiers; this predictor is a regressor's.")


def inputs_of_state(state, config):
    """The inputs of a network of this configuration whose `state` this is; None for those without scaling."""
    if "n_tokens" in config:
        return Tokens(config["n_tokens"])
    n_features = config["n_features"]
    return Numbers(n_features) if state is None else Numbers.of_state(state, n_features)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
Predictor.__module__ = "gruc.runtime"
__test__ = {"Predictor": Predictor}
