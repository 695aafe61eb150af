"""Texts on attributes, and notes, that the estimators share."""

ATTRIBUTES = """
    n_features_in_ : int
        Features a step, or, after a fit on a 2-D X, its number of columns (steps).
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, where X was a DataFrame whose names are all strings.
    n_iter_ : int
        Epochs finished.
    frame_length_, hop_length_ : int
        Steps of a frame, and from one to the next.
    n_layers_ : int
        Layers, input and output counted, as MLPClassifier counts.
    n_outputs_ : int
        Outputs of the head.
    out_activation_ : str
        "softmax", "logistic" (two classes, or several labels at once), "identity", or "exp" (the
        Poisson loss).
    loss_, best_loss_ : float
        Training loss of the last epoch, and the least of any.
    loss_curve_ : list of float
        Training loss of each epoch, penalty included; of standardized targets where these are
        scaled.
    validation_loss_curve_, validation_scores_ : list of float or None
        Of each epoch, where there was something to validate on.
    validation_epochs_ : list of int or None
        Which epochs these were, the first being 1.
    best_iter_ : int
        The epoch whose weights these are: the last, or the best of early stopping.
    best_validation_score_ : float or None
        The score of these weights after early stopping, else the highest.
    t_ : int
        Training sequences seen, all epochs counted.
    weights_ : dict of str to ndarray
        Read-only views by torch's names: ``gru.weight_ih_l0`` (3H, D),
        ``gru.weight_hh_l0`` (3H, H), ``gru.bias_ih_l0``, ``gru.bias_hh_l0``
        (3H,), gate blocks r, z, n; ``attention.weight`` (F, F), ``attention.bias`` (F,),
        ``attention.v`` (1, F); ``head.weight``, ``head.bias``. They are weights of the
        standardized problem."""

NOTES = """
    X is one of: a 3-D array (n_sequences, n_steps, n_features); a list of
    arrays (n_steps_i, n_features), of any lengths; a list of 1-D arrays; a 2-D
    array (n_sequences, n_steps) of univariate sequences; a pandas DataFrame with a
    (series, time) MultiIndex, each series a sequence; a pandas groupby, each group
    a sequence. Of the last two, `y` and weights with an index are aligned with the
    series by it; predictions come in the order of the series' first rows, or in that
    of the groupby. Other libraries' forms: `gruc.sequences`. With `embedding_dim`, X is
    integer tokens: a list of 1-D arrays, or a 2-D array. Sequences of different
    lengths are neither padded nor masked: each costs its own steps.

    A step of the GRU, with gates r, z and candidate n, is ``h = (1 - z) * n + z
    * h_prev``; texts that write ``h = (1 - z) * h_prev + z * n`` call our
    ``1 - z`` z.

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
