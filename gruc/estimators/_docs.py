"""Parameter and attribute texts that the estimators share."""

PARAMETERS = """
    hidden_layer_sizes : int or sequence of int, default=(64,)
        Units of each GRU layer, the first layer first.
    bidirectional : bool, default=False
        Whether each layer also reads a sequence from its last step to its
        first. Doubles the parameters.
    reset_after : bool, default=True
        Where the reset gate acts: after the recurrent product, as in cuDNN,
        torch and Keras, or before it, as in [1]_.
    pooling : {"last", "mean"}, default="last"
        What of a sequence's states the output sees: where each direction ends,
        or their mean over the sequence's own steps.
    standardize : bool, default=True
        Whether features are centred and scaled by their weighted mean and
        standard deviation over all training steps{standardize}.
        With `partial_fit` and `warm_start` the statistics are those of the first call.
    batch_size : int or "auto", default="auto"
        Sequences a step of the optimiser, never more than there are; "auto" is a
        64th of them, but 8 at least and 128 at most.
    learning_rate_init : float, default={learning_rate_init}
        Adam's step size.
    max_iter : int, default={max_iter}
        Most epochs (passes over the data).
    max_grad_norm : float or None, default=1.0
        Gradients of larger norm are scaled down to it [3]_; None: never.
    shuffle : bool, default=True
        Whether each epoch takes the sequences in a new random order.
    random_state : int, RandomState instance or None, default=None
        Start values and shuffling. From a RandomState one seed is drawn.
    tol : float, default=1e-4
        Training stops when the loss has not fallen by `tol` below its best for
        `n_iter_no_change` epochs.
    n_iter_no_change : int, default=10
        See `tol`.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of Adam's first and second moments [2]_.
    epsilon : float, default=1e-8
        Adam's guard against division by zero.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit.
    dtype : {"float32", "float64"}, default="float32"
        Precision of weights and arithmetic.
    n_jobs : int, default=None
        Threads of fit, and of the predictions after it; negative: all processors but
        ``-n_jobs - 1``. None, other than in scikit-learn, means as many as are allowed:
        processors of this process, ``OMP_NUM_THREADS``, joblib's and threadpoolctl's
        limits. Neither the model nor its predictions depend on it.
    verbose : bool, default=False
        Whether to print a line an epoch."""

ATTRIBUTES = """
    n_features_in_ : int
        Features a step, or, after a fit on a 2-D X, its number of columns (steps).
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, where X was a DataFrame whose names are all strings.
    n_iter_ : int
        Epochs finished.
    n_layers_ : int
        Layers, input and output counted, as MLPClassifier counts.
    n_outputs_ : int
        Outputs of the head.
    out_activation_ : str
        {out_activation}
    loss_, best_loss_ : float
        Training loss of the last epoch, and the least of any.
    loss_curve_ : list of float
        Training loss of each epoch{loss_curve}.
    t_ : int
        Training sequences seen, all epochs counted.
    weights_ : dict of str to ndarray
        Read-only views by torch's names: ``gru.weight_ih_l0`` (3H, D),
        ``gru.weight_hh_l0`` (3H, H), ``gru.bias_ih_l0``, ``gru.bias_hh_l0``
        (3H,), gate blocks r, z, n; ``head.weight``, ``head.bias``. They are
        weights of the standardized problem."""

NOTES = """
    X is one of: a 3-D array (n_sequences, n_steps, n_features); a list of
    arrays (n_steps_i, n_features), of any lengths; a list of 1-D arrays; a 2-D
    array (n_sequences, n_steps) of univariate sequences. Sequences of different
    lengths are neither padded nor masked: each costs its own steps.

    A step of the GRU, with gates r, z and candidate n, is ``h = (1 - z) * n + z
    * h_prev``; texts that write ``h = (1 - z) * h_prev + z * n`` call our
    ``1 - z`` z.

    References
    ----------
    .. [1] Cho et al. (2014). Learning phrase representations using RNN
       encoder-decoder for statistical machine translation. EMNLP.
    .. [2] Kingma and Ba (2015). Adam: a method for stochastic optimization. ICLR.
    .. [3] Pascanu, Mikolov and Bengio (2013). On the difficulty of training
       recurrent neural networks. ICML."""


def shared_docs(**words):
    """Class decorator: puts the shared texts, with these words, into a docstring."""

    def fill(cls):
        if cls.__doc__ is None:  # python -OO
            return cls
        texts = {"parameters": PARAMETERS, "attributes": ATTRIBUTES, "notes": NOTES}
        # the texts come first, for they hold words themselves
        for name, text in (texts | cls.__init__.__kwdefaults__ | words).items():
            cls.__doc__ = cls.__doc__.replace("{" + name + "}", str(text).strip())
        return cls

    return fill
