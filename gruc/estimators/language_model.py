"""GRULanguageModel."""

from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from ..conventions.callbacks import EpochCallbacks, fit_task
from ..conventions.parameters import fit_context
from ..conventions.transactions import all_or_nothing
from ..runtime.language_mixin import LanguageMixin
from ..runtime.language_texts import Vocabulary
from ..runtime.steps import TextStep
from ..sequences.analyzers import Analyzer
from ..sequences.vocabulary import TextEncoder
from ._base import BaseGRU
from ._files import in_files
from ._language_fit import RULES, Given, run_fit
from ._language_parameters import LanguageParameters


@in_files
class GRULanguageModel(LanguageParameters, LanguageMixin, BaseGRU):  # type: ignore[misc]
    """Gated recurrent unit language model of characters, words or other tokens.

    Learns the probability of each token given the previous ones, scores texts, and generates new ones. A
    text is read in windows, with hidden states carried from window to window, so that it may have any
    length (truncated backpropagation through time [5]_).

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    vocabulary_ : dict of str to int or None
        Indices of the characters, words or str tokens. "<unk>" (0) stands for all unknown tokens, as does a
        str token "<unk>"; "</s>" (1) stands for the end of a text, and sequences of str tokens must not
        contain it. None if X consisted of integer tokens.
    n_tokens_ : int
        Number of tokens, including the end token, which is the last one for integer tokens.
    n_iter_ : int
        Number of completed epochs.
    n_layers_ : int
        Number of layers, including input and output layer, as in MLPClassifier.
    n_outputs_ : int
        Number of outputs, `n_tokens_`.
    loss_, best_loss_ : float
        Training loss of the last epoch, and the lowest of all epochs.
    loss_curve_ : list of float
        Mean cross-entropy per token in each epoch, in nats, including the penalty.
    validation_loss_curve_, validation_scores_ : list of float or None
        Cross-entropy of the held-out text after each epoch, and the score, which is its negative.
    validation_epochs_ : list of int or None
        Epochs of these values; the first epoch is 1.
    best_iter_ : int
        Epoch of the weights: the best with early stopping, otherwise the last.
    best_validation_score_ : float or None
        Validation score of the weights with early stopping, otherwise the highest.
    t_ : int
        Number of parts of the text that were read, over all epochs.
    weights_ : dict of str to ndarray
        Read-only views with torch's names: ``embedding.weight`` (n_tokens_, embedding_dim),
        ``gru.weight_ih_l0`` (3H, D), ``gru.weight_hh_l0`` (3H, H), ``gru.bias_ih_l0``, ``gru.bias_hh_l0``
        (3H,) with gate blocks r, z, n, ``head.weight`` (n_tokens_, H) and ``head.bias``. With
        `tie_weights` there is no head, but ``projection.weight`` (embedding_dim, H) and
        ``projection.bias`` if a projection is needed.

    See Also
    --------
    GRUTagger : A label for each step of sequences.
    gruc.runtime.LanguagePredictor : The same methods for a saved model, with NumPy only.

    Notes
    -----
    X is one of:

    - a str, such as the text of a book;
    - a list of str, which are read one after the other. The end of each text is a token that is learned like
      others, so that `sample` stops where a text ends;
    - a list of sequences of str tokens, which are treated in the same way;
    - a 1-D array of integer tokens, or a list of such arrays.

    Each token is predicted from the previous ones; the first token of a text is predicted from the end token
    of another text.

    An epoch reads the text once and in order, in `batch_size` parallel parts. Nothing is shuffled: the only
    random elements of a fit are the initial weights, dropout and negative samples.

    References
    ----------
    .. [1] Cho et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical
       machine translation. EMNLP.
    .. [2] Kingma and Ba (2015). Adam: a method for stochastic optimization. ICLR.
    .. [3] Pascanu, Mikolov and Bengio (2013). On the difficulty of training recurrent neural networks. ICML.
    .. [4] Loshchilov and Hutter (2019). Decoupled weight decay regularization. ICLR.
    .. [5] Williams and Peng (1990). An efficient gradient-based algorithm for on-line training of recurrent
       network trajectories. Neural Computation.
    .. [6] Gal and Ghahramani (2016). A theoretically grounded application of dropout in recurrent neural
       networks. NeurIPS.
    .. [7] Tallec and Ollivier (2018). Can recurrent neural networks warp time? ICLR.
    .. [8] Press and Wolf (2017). Using the output embedding to improve language models. EACL.
    .. [9] Jean, Cho, Memisevic and Bengio (2015). On using very large target vocabulary for neural machine
       translation. ACL.

    Examples
    --------
    >>> from gruc import GRULanguageModel
    >>> text = "the cat sat on the mat. the dog sat on the log. " * 40
    >>> model = GRULanguageModel(hidden_layer_sizes=(32,), window=32, batch_size=8, random_state=0)
    >>> model = model.fit(text)
    >>> model.sample(7, prefix="the dog sat on ", temperature=0)
    'the log'
    >>> model.bits_per_character("the cat sat on the log.") < 1
    True
    """

    _settled = {
        "bidirectional": False,
        "pooling": None,
        "shuffle": False,
        "embedding_weights": None,
        "train_embedding": True,
    }

    vocabulary_: dict[str, int] | None
    n_tokens_: int

    _parameters_elsewhere = {
        "bidirectional": "a parameter of GRUClassifier; a language model knows only what comes before",
        "shuffle": "a parameter of GRUClassifier; a text is read in its order",
        "scoring": "a parameter of GRUClassifier; here the score is the mean log-likelihood",
        "pooling": "a parameter of GRUClassifier, which makes one prediction per sequence",
        "n_estimators": "a parameter of GRUClassifier",
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = tags.input_tags.three_d_array = False
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, *, X_val: Any = None) -> Self:
        """Determine the vocabulary, and train on texts.

        Parameters
        ----------
        X : str, list of str or of sequences of str, array of int of shape (n,), or list of such arrays
            Texts or tokens; see Notes.
        y : None
            Ignored; present for compatibility with scikit-learn.
        X_val : as X, default=None
            Validation text, evaluated after each epoch.

        Returns
        -------
        self : GRULanguageModel

        Raises
        ------
        ValueError, TypeError
            If X is not a text, empty or too short, or parameters are incompatible. The estimator is then
            left unchanged.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` is reached before training has converged (not with ``learning_rate="cosine"``), or
            training has not lowered the loss.
        UserWarning
            On Ctrl-C, as in `GRUClassifier.fit`.
        """
        return self._fit_texts(Given.of_user(X, X_val))

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Train for one epoch on texts, starting from where the last call ended.

        Parameters
        ----------
        X : str, list of str or of sequences of str, array of int of shape (n,), or list of such arrays
            As in `fit`. The vocabulary is that of the first call; `vocabulary` sets it.
        y : None
            Ignored; present for compatibility with scikit-learn.

        Returns
        -------
        self : GRULanguageModel

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. The estimator is left unchanged.
        ValueError, TypeError
            As in `fit`.
        """
        return self._fit_texts(Given.of_user(X, incremental=True))

    def _fit_texts(self, given):
        max_iter = 1 if given.incremental else self.max_iter
        with fit_task(self, given.X, None, max_subtasks=max_iter) as context, all_or_nothing(self) as attempt:
            callbacks = None if context is None else EpochCallbacks(self, context, given.X, None, None)
            run_fit(attempt, given, callbacks)
        return self

    def _set_vocabulary(self, vocabulary):
        encoder = vocabulary.encoder
        self.n_tokens_ = vocabulary.n_tokens
        self.vocabulary_ = None if encoder is None else encoder.index
        # plain values, so that a pickle names no private class
        self._analyzer = None if encoder is None else (encoder.analyzer.analyzer, encoder.analyzer.lowercase)
        self._several = vocabulary.several
        self.n_features_in_, self._fitted_on_table, self._fitted_on_tokens = 1, False, True
        self.out_activation_ = "softmax"

    @property
    def _vocabulary(self):
        encoder = None
        if self._analyzer is not None:
            analyzer, lowercase = self._analyzer
            analyzer = Analyzer(analyzer=analyzer, lowercase=lowercase)
            encoder = TextEncoder(analyzer, RULES, self.vocabulary_)
        return Vocabulary(self.n_tokens_, encoder, self._several)

    def _fitted_vocabulary(self):
        check_is_fitted(self)
        return self._vocabulary

    # ---- model files

    def _described_beside(self):
        description, arrays = {"several": self._several}, {}
        encoder = self._vocabulary.encoder
        if encoder is not None:
            description["text"], of_text = TextStep(encoder).describe()
            arrays = {f"text.{name}": array for name, array in of_text.items()}
        return description, arrays

    def _restored(self, predictor, state):
        """Fit this model by a `LanguagePredictor` and what `_fitted_state` returned."""
        super()._restored(predictor.predictor, state)
        self._set_vocabulary(predictor.vocabulary)
        return self

    def _restore_targets(self, outputs):
        """The vocabulary says all of the outputs."""


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRULanguageModel.__module__ = "gruc"
__test__ = {"GRULanguageModel": GRULanguageModel}
