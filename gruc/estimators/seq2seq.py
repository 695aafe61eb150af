"""GRUSeq2Seq."""

from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..conventions.inputs import check_sample_weight
from ..conventions.notebooks import SummaryInNotebooksMixin
from ..conventions.parameter_names import ParameterNamesMixin
from ..conventions.parameters import fit_context
from ..conventions.pickles import VersionedPickleMixin, unpickled
from ..conventions.transactions import all_or_nothing
from ..network import EncoderDecoder
from ..runtime import Translator
from ..runtime.symbols import IntegerSymbols, TextSymbols
from ..runtime.translation_summary import TranslationSummary, translation_summary
from ..training import TrainingState
from ._docs import shared_docs
from ._files import in_files
from ._given_weights import fit_by_weights
from ._translation_files import TranslationSavingMixin
from ._translation_fit import GivenPairs, as_collection, exact_match, run_fit
from ._translation_parameters import TranslationParameters


@shared_docs
@in_files
class GRUSeq2Seq(
    TranslationParameters,
    TranslationSavingMixin,
    ParameterNamesMixin,
    VersionedPickleMixin,
    SummaryInNotebooksMixin,
    BaseEstimator,
):
    """Gated recurrent unit encoder-decoder, which maps sequences to sequences.

    An encoder reads the input sequence. A decoder starts from the last states of the encoder and generates
    the output sequence token by token, each from the previous tokens, until it generates the end token.
    Training minimises the mean cross-entropy of the output tokens of a mini-batch, with the correct previous
    tokens as inputs of the decoder (teacher forcing).

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    source_, target_ : TextSequencer or None
        Vocabularies of X and y; None for integer tokens.
    max_target_length_ : int
        Maximum number of tokens of an output sequence, without the end token.
    n_iter_ : int
        Number of epochs.
    best_iter_ : int
        Epoch of the weights: the best with `early_stopping`, otherwise the last.
    loss_curve_ : list of float
        Training loss of each epoch, including the penalty.
    validation_loss_curve_, validation_scores_ : list of float or None
        Validation loss and score of each epoch, if there is validation data.
    best_validation_score_ : float or None
        Validation score of the weights.
    weights_ : dict of str to ndarray
        Read-only views: for the decoder the names of `GRUClassifier`, for the encoder
        ``encoder.weight_ih_l0``, ..., and ``source_embedding.weight`` and ``embedding.weight``.

    See Also
    --------
    GRUTagger : A label for each step of a sequence.

    Notes
    -----
    X and y can each be a list of str, a list of sequences of str tokens, a list of 1-D integer arrays, or a
    2-D integer array. They need not be of the same kind. Predictions have the form of y, in a 1-D object
    array.

    Str tokens of X that did not occur in the fit are read as one unknown token, whose vector is 0; unknown
    integer tokens are an error. Predictions never contain an unknown token. If y passed to `score`, or
    `y_val`, contains unknown tokens, the prediction counts as wrong. A str token "<unk>" is the unknown
    token. "</s>", the end token, must not occur in y, nor "<s>" if ``target`` adds it; X may
    contain them.

    References
    ----------
    {references}
    .. [8] Luong, Pham and Manning (2015). Effective approaches to attention-based neural machine
       translation. EMNLP.
    .. [9] Bengio, Vinyals, Jaitly and Shazeer (2015). Scheduled sampling for sequence prediction with
       recurrent neural networks. NeurIPS.

    Examples
    --------
    Reverse the digits of numbers:

    >>> from gruc import GRUSeq2Seq
    >>> X = [str(number) for number in range(10_000)]
    >>> y = [text[::-1] for text in X]
    >>> model = GRUSeq2Seq(hidden_layer_sizes=(32,), max_iter=10, random_state=0).fit(X[::7], y[::7])
    >>> model.predict(["2468"])
    array(['8642'], dtype=object)
    >>> model.score(X[3::7], y[3::7]) > 0.9
    True
    """

    _settled = {"train_embedding": True}
    _parameters_elsewhere = {
        "bidirectional": "a parameter of GRUClassifier; here it is bidirectional_encoder",
        "pooling": "a parameter of GRUClassifier, which makes one prediction per sequence",
        "n_estimators": "a parameter of GRUClassifier",
    }

    def __sklearn_is_fitted__(self):
        return "_predictor" in vars(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.string = True
        return tags

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_step_memory", None)
        if "_predictor" in state:  # no class of gruc's but public ones
            translator = state["_predictor"]
            state["_predictor"] = {
                "network": translator.config,
                "parameters": translator.parameters,
                "n_given": [
                    getattr(side, "n_given", None) for side in (translator.source, translator.target)
                ],
                "max_target_length": translator.max_target_length,
            }
            state["_training_state"] = state["_training_state"].__getstate__()
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        of_self = vars(self)
        if "_predictor" in of_self:
            plain = of_self["_predictor"]
            sides = [
                TextSymbols(sequencer._encoder()) if n is None else IntegerSymbols(n)
                for sequencer, n in zip((self.source_, self.target_), plain["n_given"], strict=True)
            ]
            network = EncoderDecoder(**plain["network"])
            of_self["_training_state"] = unpickled(TrainingState, of_self["_training_state"])
            of_self["_predictor"] = Translator(
                network, plain["parameters"], *sides, plain["max_target_length"], n_jobs=self.n_jobs
            )

    @property
    def weights_(self) -> dict[str, NDArray[Any]]:
        """Fitted weights: dict of read-only views."""
        if "_predictor" not in vars(self):
            raise AttributeError("GRUSeq2Seq is not fitted yet and has no weights_.")
        return dict(self._predictor.weights)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the model to input sequences X and output sequences y.

        Parameters
        ----------
        X, y : list of str, of sequences of str tokens, or of 1-D integer arrays
            See Notes. The sequences of X must not be empty; those of y may be.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights; only their ratios matter.
        X_val, y_val : as X and y, default=None
            Validation data, evaluated after each epoch. They are not used for training.
        sample_weight_val : array-like of shape (n_sequences_val,), default=None
            Weights of the validation data.

        Returns
        -------
        self : GRUSeq2Seq

        Raises
        ------
        ValueError
            If the input is invalid, or training diverges. The estimator is then left unchanged.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` is reached before training has converged, or training has not lowered the loss.
        """
        with all_or_nothing(self) as attempt:
            given, validation = GivenPairs(X, y, sample_weight), GivenPairs(X_val, y_val, sample_weight_val)
            run_fit(attempt, given, validation, incremental=False)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, *, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch on X and y, starting from where the last call ended.

        The first call determines the vocabularies and `max_target_length_`.

        Parameters
        ----------
        X, y : list of str, of sequences of str tokens, or of 1-D integer arrays
            As in `fit`.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights, used as given.

        Returns
        -------
        self : GRUSeq2Seq

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. The estimator is left unchanged.
        ValueError
            As in `fit`.
        """
        with all_or_nothing(self) as attempt:
            run_fit(attempt, GivenPairs(X, y, sample_weight), GivenPairs(None, None), incremental=True)
        return self

    @classmethod
    def from_weights(
        cls,
        encoder: dict[str, Any],
        decoder: dict[str, Any],
        *,
        head: dict[str, Any],
        source_embedding: Any,
        target_embedding: Any,
        attention_state: Any = None,
        max_target_length: int,
        **parameters: Any,
    ) -> Self:
        """Create a fitted estimator from weights trained elsewhere, with torch's names and shapes.

        Parameters
        ----------
        encoder, decoder : dict of str to tensor or array
            State dicts of a ``torch.nn.GRU`` each. Missing biases are zeros. The encoder may be
            bidirectional. Each layer of the decoder has as many units as the corresponding layer of the
            encoder, in both directions together, and starts from its last states.
        head : dict of str to tensor or array
            State dict of a ``torch.nn.Linear`` of shape (n_target_tokens, n_features). Its inputs are the
            states of the decoder; with attention, the context vector followed by the states.
        source_embedding, target_embedding : tensor or array of shape (n_tokens, embedding_dim), or dict
            Embedding tables, or state dicts of a ``torch.nn.Embedding``.
        attention_state : tensor or array of shape (F, F), or dict, default=None
            For ``attention="general"`` the matrix ``W``: scores are products of the encoder's states with
            ``W`` times the decoder's states. For ``attention="additive"`` a dict of "key_weight" (H, F),
            "key_bias" (H,), "query_weight" (H, H) and "v" (1, H): scores are ``v @ tanh(key_weight @ m +
            key_bias + query_weight @ h)``, and the input of the first layer of the decoder is the
            embedding of a token followed by the context vector.
        max_target_length : int
            Maximum number of tokens of an output sequence, without the end token.
        **parameters
            Parameters of the class. `source` and `target` are fitted, or have a `vocabulary` in the order
            of the rows of the tables. None: integer tokens, of which the last is the end token. Sizes
            follow from the weights. `attention` is by default "general" or "additive" if `attention_state`
            is given, otherwise None.

        Returns
        -------
        model : GRUSeq2Seq
            Fitted; `partial_fit` continues from these weights, with a new optimiser.

        Raises
        ------
        ValueError
            If weights are missing, unknown or inconsistent; the message names them.
        """
        attention = None
        if attention_state is not None:
            attention = "additive" if isinstance(attention_state, dict) else "general"
        model = cls(**{"attention": attention} | parameters)
        states = {
            "encoder": encoder,
            "decoder": decoder,
            "head": head,
            "source_embedding": source_embedding,
            "target_embedding": target_embedding,
            "attention": attention_state,
        }
        return fit_by_weights(model, states, max_target_length)

    def _strata(self, y):
        """Pairs that are held out are drawn without regard to their answers."""

    def _set_fitted(self, state, translator):
        self._training_state, self._predictor = state, translator
        vars(self).update(state.history.attributes())
        self.max_target_length_ = translator.max_target_length

    def _fitted_predictor(self):
        if "_predictor" not in vars(self):  # the check alone takes as long as a step of the decoder
            check_is_fitted(self)
        return self._predictor.with_n_jobs(self.n_jobs).with_precision(self.matmul_precision)

    def summary(self) -> TranslationSummary:
        """Summarise layers, shapes, parameters, memory and operations of encoder and decoder.

        Returns
        -------
        TranslationSummary
            Printed, or shown in a notebook, as a table.
        """
        return translation_summary(self._fitted_predictor(), type(self).__name__)

    def predict(self, X: Any, beam_size: int = 1, *, length_penalty: float = 1.0) -> NDArray[Any]:
        """Predict output sequences.

        Parameters
        ----------
        X : list of str, of sequences of str tokens, or of 1-D integer arrays
            As in `fit`.
        beam_size : int, default=1
            Number of hypotheses of the beam search; 1: greedy search.
        length_penalty : float, default=1.0
            Hypotheses are ranked by their log-probability divided by ``n_tokens ** length_penalty``, where
            n_tokens includes the end token. Has no effect with ``beam_size=1``.

        Returns
        -------
        ndarray of shape (n_sequences,), of objects
            Output sequences in the form of y passed to `fit`: str, lists of str, or integer arrays.

        Raises
        ------
        ValueError
            If a sequence is empty, or contains integer tokens that did not occur in the fit.
        """
        return self._fitted_predictor().predict(
            as_collection(X, "X"), beam_size, length_penalty=length_penalty
        )

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Exact match: the fraction of output sequences that are predicted without any error.

        Parameters
        ----------
        X, y : list of str, of sequences of str tokens, or of 1-D integer arrays
            As in `fit`.
        sample_weight : array-like of shape (n_sequences,), default=None

        Returns
        -------
        float
        """
        translator, X, y = self._fitted_predictor(), as_collection(X, "X"), as_collection(y, "y")
        if len(X) != len(y):
            raise ValueError(f"X has {len(X)} sequences, but y has {len(y)}.")
        sources, answers = translator.source.encode(X, "X"), translator.target.encode_answers(y, "y")
        weights = check_sample_weight(sample_weight, sources)
        return exact_match(answers, translator.answers(sources), weights)

    def attention_weights(
        self, X: Any, beam_size: int = 1, *, length_penalty: float = 1.0
    ) -> list[NDArray[Any]]:
        """Attention weights between the tokens of each predicted sequence and those of its input.

        Parameters
        ----------
        X : list of str, of sequences of str tokens, or of 1-D integer arrays
        beam_size, length_penalty
            As in `predict`.

        Returns
        -------
        list of ndarray of shape (n_target_tokens_i, n_source_tokens_i)
            Rows sum to 1. The last row is that of the end token, unless the prediction has
            `max_target_length_` tokens. Source tokens include added ones, such as the end token.

        Raises
        ------
        ValueError
            If ``attention=None``, or the input is invalid.
        """
        translator = self._fitted_predictor()
        return translator.attention_weights(as_collection(X, "X"), beam_size, length_penalty=length_penalty)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUSeq2Seq.__module__ = "gruc"
__test__ = {"GRUSeq2Seq": GRUSeq2Seq}
