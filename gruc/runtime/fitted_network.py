"""Methods that `Predictor` and the fitted estimators have in common."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from .stream import Stream
from .summary import Summary, summary_of

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import ArrayLike, NDArray


class FittedNetworkMixin:
    """Mixin for what holds a fitted network: streams, and a look inside.

    Classes define ``_fitted_predictor()``, the `Predictor`, and ``_sequences_to_predict(X)``, X checked as
    far as the class itself checks it.
    """

    def _fitted_predictor(self):
        raise NotImplementedError

    def _sequences_to_predict(self, X):
        raise NotImplementedError

    def stream(self, n: int | None = None, *, initial_state: Any = None) -> Stream:
        """Open a stream for sequences that arrive step by step.

        Parameters
        ----------
        n : int or None, default=None
            Number of parallel sequences. None: one sequence, whose results have no axis for sequences.
        initial_state : array of shape (n_layers, units) or (n, n_layers, units), default=None
            Initial hidden states of each sequence, as in `predict`. None: zeros.

        Returns
        -------
        gruc.runtime.Stream
            Its ``step(x)`` returns what `predict_proba` (classifiers) or `predict` (regressors) returns
            for the sequence so far, or for this step if the model predicts each step.

        Raises
        ------
        ValueError
            If the model is bidirectional, or `initial_state` has the wrong shape.

        Examples
        --------
        >>> from gruc import GRUClassifier
        >>> from gruc.datasets import load_japanese_vowels
        >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
        >>> model = GRUClassifier(random_state=0).partial_fit(X, y)
        >>> stream = model.stream()
        >>> for x in X[0]:
        ...     probabilities = stream.step(x)
        >>> bool((probabilities == model.predict_proba(X[:1])[0]).all())
        True
        """
        return Stream(self._fitted_predictor(), n, initial_state=initial_state)

    def hidden_states(
        self, X: ArrayLike, layer: int = -1, *, initial_state: Any = None
    ) -> NDArray[Any] | list[NDArray[Any]]:
        """Hidden states of a layer after each frame of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        layer : int, default=-1
            Index of the layer: 0 is the first, -1 the last. Layers of several networks (`n_estimators_`) are
            counted on, those of the first network first: -1 is the last layer of the last network.
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            Initial hidden states, one per sequence or the same for all. F is the number of units of a layer,
            in both directions together; with ``cell="fio"`` twice that: h of all units, then their c_prev.
            For layers of different widths, a list with one array (n_sequences, F_l) or (F_l,) per layer.
            None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_frames, F), or list of ndarray of shape (n_frames_i, F)
            An array if X is an array, otherwise a list. F is the number of units of the layer: those of the
            forward direction, then those of the backward direction. A frame has `frame_length_` steps. With
            `conv_pool`, there is one state for each step after the convolutions.

        Raises
        ------
        ValueError
            If the input is invalid, or there is no such layer.

        Examples
        --------
        >>> from gruc import GRUClassifier
        >>> from gruc.datasets import load_japanese_vowels
        >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
        >>> model = GRUClassifier((8,), frame_length=1, random_state=0).partial_fit(X, y)
        >>> states = model.hidden_states(X)
        >>> X[0].shape, states[0].shape
        ((20, 12), (20, 8))
        """
        predictor, X = self._fitted_predictor(), self._sequences_to_predict(X)
        layer = _layer_index(layer, predictor)

        def states_of(packed, batch, initial):
            return [predictor.network.states(packed, batch, layer, initial)]

        return _by_sequence(predictor, X, states_of, initial_state)[0]

    def gate_activations(self, X: ArrayLike, layer: int = -1, *, initial_state: Any = None) -> dict[str, Any]:
        """Gate activations of a layer at each frame of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        layer : int, default=-1
            Index of the layer, as in `hidden_states`.
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            As in `hidden_states`.

        Returns
        -------
        dict of "reset", "update", "candidate"
            Each as in `hidden_states`: r, z and n of
            ``h = (1 - z) * n + z * h_prev``, so that "update" is the share of the old state
            that is kept. With ``cell="fio"`` they are "forget", "input", "output" and "candidate", f, i, o
            and c of ``h = f * h_prev + i * c + o * c_prev``.

        Raises
        ------
        ValueError
            If the input is invalid, or there is no such layer.

        Examples
        --------
        >>> from gruc import GRUClassifier
        >>> from gruc.datasets import load_japanese_vowels
        >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
        >>> model = GRUClassifier((8,), random_state=0).partial_fit(X, y)
        >>> gates = model.gate_activations(X)
        >>> bool(0 < gates["update"][0].min() < gates["update"][0].max() < 1)
        True
        """
        predictor, X = self._fitted_predictor(), self._sequences_to_predict(X)
        layer = _layer_index(layer, predictor)

        def gates_of(packed, batch, initial):
            return predictor.network.gates(packed, batch, layer, initial)

        gates = _by_sequence(predictor, X, gates_of, initial_state)
        return dict(zip(predictor.network.gate_names, gates, strict=True))

    def summary(self) -> Summary:
        """Summarise layers, shapes, parameters, memory and operations of the network.

        Returns
        -------
        Summary
            Printed, or shown in a notebook, as a table. Its attributes are
            `layers`, `n_parameters`, `n_bytes`, `operations_per_step` and `operations_per_answer`.

        Examples
        --------
        >>> from gruc import GRUClassifier
        >>> from gruc.datasets import load_japanese_vowels
        >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
        >>> model = GRUClassifier((8,), random_state=0).partial_fit(X, y)
        >>> summary = model.summary()
        >>> summary.n_parameters == sum(weight.size for weight in model.weights_.values())
        True
        """
        return summary_of(self._fitted_predictor(), type(self).__name__)

    def attention_weights(
        self, X: ArrayLike, *, initial_state: Any = None
    ) -> NDArray[Any] | list[NDArray[Any]]:
        """Attention weights of the frames of each sequence, for a model with ``pooling="attention"``.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            As in `hidden_states`.

        Returns
        -------
        ndarray of shape (n_sequences, n_frames), or list of ndarray of shape (n_frames_i,)
            An array if X is an array, otherwise a list. The weights of a sequence add up to 1.

        Raises
        ------
        ValueError
            If the input is invalid, or the model has another `pooling`.

        Examples
        --------
        >>> from gruc import GRUClassifier
        >>> from gruc.datasets import load_japanese_vowels
        >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
        >>> model = GRUClassifier(
        ...     (8,), pooling="attention", frame_length=1, random_state=0
        ... ).partial_fit(X, y)
        >>> weights = model.attention_weights(X)
        >>> X[0].shape, weights[0].shape, float(round(weights[0].sum(), 4))
        ((20, 12), (20,), 1.0)
        """
        predictor, X = self._fitted_predictor(), self._sequences_to_predict(X)
        pooling = predictor.config["pooling"]
        if "attention" not in predictor.network.readouts:
            raise ValueError(f'attention_weights needs a model with pooling="attention"; it has {pooling!r}.')

        def weights_of(packed, batch, initial):
            return [predictor.network.attention(packed, batch, initial)]

        return _by_sequence(predictor, X, weights_of, initial_state)[0]


def _layer_index(layer, predictor):
    """The index of a layer, checked, from 0."""
    n_layers = len(predictor.network.layers)
    if not isinstance(layer, Integral) or isinstance(layer, bool):
        raise TypeError(f"layer must be an integer; got {layer!r}.")
    if not -n_layers <= layer < n_layers:
        raise ValueError(f"layer must be from {-n_layers} to {n_layers - 1}; got {layer}.")
    return int(layer) % n_layers


def _by_sequence(predictor, X, rows_of, initial_state):
    """Collections, arrays or lists as X is, of the rows of each sequence.

    ``rows_of(packed, batch, initial)`` gives arrays (N, F), one for each collection.
    """
    sequences = predictor.inputs.check(X, predictor.parameters.dtype)
    results = []

    def fill(packed, batch, places, initial):
        arrays = rows_of(packed, batch, initial)
        lengths, offsets = predictor.network.row_layout(batch)
        for b, place in enumerate(places):
            rows = offsets[: lengths[b]] + b
            results.append((place, [array[rows] for array in arrays]))

    predictor.run(sequences, fill, initial_state)
    results.sort(key=lambda result: result[0])
    collections = zip(*(arrays for _, arrays in results), strict=True)
    return [list(arrays) if sequences.ragged else np.stack(arrays) for arrays in collections]
