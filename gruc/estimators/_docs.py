"""Texts on attributes, and notes, that the estimators share."""

ATTRIBUTES = """
    n_features_in_ : int
        Number of features per step, or, after a fit on a 2-D X, its number of columns (steps).
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, if X was a DataFrame whose column names are all strings.
    n_iter_ : int
        Number of completed epochs.
    frame_length_, hop_length_ : int
        Number of steps of a frame, and between the beginnings of two frames.
    n_layers_ : int
        Number of layers, including input and output layer, as in MLPClassifier.
    n_outputs_ : int
        Number of outputs of the network.
    out_activation_ : str
        Output activation: "softmax", "logistic" (binary or multilabel), "identity", or "exp" (Poisson
        loss).
    loss_, best_loss_ : float
        Training loss of the last epoch, and the lowest of all epochs.
    loss_curve_ : list of float
        Training loss of each epoch, including the penalty; that of the standardized targets if targets
        are scaled.
    validation_loss_curve_, validation_scores_ : list of float or None
        Validation loss and score of each epoch, if there is validation data.
    validation_epochs_ : list of int or None
        Epochs of these values; the first epoch is 1.
    best_iter_ : int
        Epoch of the weights: the best with early stopping, otherwise the last.
    best_validation_score_ : float or None
        Validation score of the weights with early stopping, otherwise the highest.
    t_ : int
        Number of training sequences seen, over all epochs.
    weights_ : dict of str to ndarray
        Read-only views with torch's names: ``gru.weight_ih_l0`` (3H, D),
        ``gru.weight_hh_l0`` (3H, H), ``gru.bias_ih_l0``, ``gru.bias_hh_l0``
        (3H,) with gate blocks r, z, n; ``attention.weight`` (F, F), ``attention.bias`` (F,),
        ``attention.v`` (1, F); ``head.weight``, ``head.bias``. The weights refer to standardized
        features."""

NOTES = """
    X is one of:

    - a 3-D array (n_sequences, n_steps, n_features);
    - a list of arrays (n_steps_i, n_features), of any lengths, or of 1-D arrays (n_steps_i,);
    - a 2-D array (n_sequences, n_steps) of univariate sequences;
    - a pandas DataFrame with a (series, time) MultiIndex, in which each series is a sequence, or a pandas
      groupby, in which each group is a sequence. If `y` and weights have an index, they are aligned with
      the sequences by it. Predictions are in the order of the first rows of the series, or of the groupby;
    - with `embedding_dim`, integer tokens: a list of 1-D arrays, or a 2-D array.

    `gruc.sequences` converts the formats of other libraries. Sequences of different lengths are neither
    padded nor masked: each costs only its own steps.

    A step of the GRU, with gates r, z and candidate n, is ``h = (1 - z) * n + z * h_prev``. Texts that
    write ``h = (1 - z) * h_prev + z * n`` use the opposite sign convention for z.

    References
    ----------
    {references}"""

REFERENCES = """
    .. [1] Cho et al. (2014). Learning phrase representations using RNN
       encoder-decoder for statistical machine translation. EMNLP.
    .. [2] Kingma and Ba (2015). Adam: a method for stochastic optimization. ICLR.
    .. [3] Pascanu, Mikolov and Bengio (2013). On the difficulty of training
       recurrent neural networks. ICML.
    .. [4] Loshchilov and Hutter (2019). Decoupled weight decay regularization.
       ICLR.
    .. [5] Bahdanau, Cho and Bengio (2015). Neural machine translation by jointly
       learning to align and translate. ICLR.
    .. [6] Gal and Ghahramani (2016). A theoretically grounded application of
       dropout in recurrent neural networks. NeurIPS.
    .. [7] Tallec and Ollivier (2018). Can recurrent neural networks warp time? ICLR."""


def shared_docs(cls):
    """Class decorator: puts the shared texts into a docstring."""
    if cls.__doc__ is not None:  # python -OO
        for name, text in {"attributes": ATTRIBUTES, "notes": NOTES, "references": REFERENCES}.items():
            cls.__doc__ = cls.__doc__.replace("{" + name + "}", text.strip())
    return cls
