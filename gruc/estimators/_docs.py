"""Parameter and attribute texts that the estimators share."""

import inspect

PARAMETERS = """
    hidden_layer_sizes : int or sequence of int, default=(64,)
        Units of each GRU layer, the first layer first.
    bidirectional : bool, default=False
        Whether each layer also reads a sequence from its last step to its
        first. Doubles the parameters.
    reset_after : bool, default=True
        Where the reset gate acts: after the recurrent product, as in cuDNN,
        torch and Keras, or before it, as in [1]_.
    update_gate_bias_init : float or "chrono", default=1.0
        Value from which the bias of the update gates is trained, from -40 to 40. The update
        gate is the share of the old state that is kept, so larger values let the network
        remember for longer from the start: about ``1 + exp(b)`` frames. "chrono" draws the
        bias of each unit such that these times are uniform between 2 frames and the number
        of frames of the longest training sequence [7]_.
    pooling : {"last", "mean", "max", "attention"}, default="last"
        What of a sequence's states the output sees: where each direction ends; their mean, or
        the largest of each unit, over the sequence's own steps; or a mean whose weights are
        learned (additive attention [5]_).
    frame_length : int or "auto", default="auto"
        So many consecutive steps become one input of the network; "auto" chooses by the
        lengths of the training sequences. Frames begin at step 0; the last one is completed
        by repeating the last step, so is a sequence shorter than a frame.
    hop_length : int, default=None
        Steps from the beginning of a frame to that of the next; None for `frame_length`. With
        longer hops the steps between two frames are not read.
    standardize : bool, default=True
        Whether features are centred and scaled by their weighted mean and
        standard deviation over all training steps{standardize}.
        With `warm_start` the statistics are those of the first call; with `partial_fit` too, or
        of the first calls until they have seen ten sequences.
    dropout : float, default=0.0
        Share of the numbers entering each layer, and the output, that count as 0 while
        training, drawn anew for each step; the others are scaled up.
    recurrent_dropout : float, default=0.0
        The same for the states where they enter the recurrent weights, with one draw for all
        steps of a sequence [6]_.
    solver : {"adam", "adamw", "sgd", "rmsprop"}, default="adam"
        Optimiser: Adam [2]_; AdamW [4]_; gradient descent with momentum; RMSprop. All as torch
        has them.
    alpha : float, default=0.0
        Penalty on weights, not on biases, divided by the number of sequences in a batch, as in
        MLPClassifier without `sample_weight`. Under "adamw" the decoupled decay instead.
    l1_ratio : float, default=0.0
        Share of ``alpha * sum(abs(w))`` in the penalty; the rest is ``alpha / 2 * sum(w**2)``.
        Must be 0 under "adamw".
    batch_size : int or "auto", default="auto"
        Sequences a step of the optimiser, never more than there are; "auto" is a
        64th of them, but 8 at least and 128 at most.
    learning_rate : str, default="adaptive"
        How the learning rate goes on, from `learning_rate_init`, for any solver:

        - "constant";
        - "invscaling": divided by ``(sequences seen + 1) ** power_t``;
        - "adaptive": divided by 5 whenever training would stop by `n_iter_no_change`, until
          it is 1e-6 (`partial_fit`, which does not stop, keeps it);
        - "exponential": times ``decay_rate ** (epoch / decay_steps)``;
        - "step": times ``decay_rate ** (epoch // decay_steps)``;
        - "cosine": half a cosine down to 0 at `max_iter`.

        Each fit begins anew; so does a first `partial_fit`, and others go on.
    learning_rate_init : float, default={learning_rate_init}
        Step size of the optimiser.
    power_t : float, default=0.5
        See "invscaling".
    decay_rate, decay_steps : float, default=0.5, 20
        See "exponential" and "step"; `decay_steps` are epochs.
    warmup : float, default=0
        Epochs over which the learning rate rises in equal steps from 0.
    max_iter : int, default={max_iter}
        Most epochs (passes over the data).
    max_grad_norm : float or None, default=1.0
        Gradients of larger norm are scaled down to it [3]_; None: never. The limit grows with the
        weights of the sequences in a batch (docs/math.md).
    shuffle : bool, default=True
        Whether each epoch takes the sequences in a new random order.
    random_state : int, RandomState instance or None, default=None
        Start values, shuffling and dropout. From a RandomState one seed is drawn.
    tol : float, default=1e-4
        Training stops when the loss has not fallen by `tol` below its best for
        `n_iter_no_change` epochs; with `early_stopping` when the validation score has not
        risen by `tol`, nor the validation loss fallen by `tol` at a score equal to the best.
    n_iter_no_change : int, default=10
        See `tol`.
    early_stopping : bool, default=False
        Whether the score on held-out sequences decides when to stop, and the weights of the
        best epoch are taken; of several epochs with the same score, those of the one with the
        least validation loss. The sequences are the `X_val` of `fit`, or else a share of the
        training data, classes in their proportions. Each fit draws it anew, but fits that go on
        with `warm_start` hold out the same sequences of the same data.
    validation_fraction : float, default=0.1
        That share.
    scoring : str, callable or None, default=None
        What the validation score is: None for that of `score`, "loss" for the negative loss,
        or a scorer of scikit-learn's.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of Adam's first and second moments [2]_.
    epsilon : float, default=1e-8
        Guard against division by zero of Adam, AdamW and RMSprop.
    momentum, nesterovs_momentum : float, bool, default=0.9, True
        Momentum of "sgd", and whether it is Nesterov's.
    rho : float, default=0.99
        Decay of RMSprop's mean square of gradients.
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
        Whether to print a line an epoch: loss, validation loss and score where there are any,
        learning rate, time."""

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
        {out_activation}
    loss_, best_loss_ : float
        Training loss of the last epoch, and the least of any.
    loss_curve_ : list of float
        Training loss of each epoch{loss_curve}, penalty included.
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
    of the groupby. Other libraries' forms: `gruc.sequences`. Sequences of different
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
       recurrent neural networks. ICML.
    .. [4] Loshchilov and Hutter (2019). Decoupled weight decay regularization.
       ICLR.
    .. [5] Bahdanau, Cho and Bengio (2015). Neural machine translation by jointly
       learning to align and translate. ICLR.
    .. [6] Gal and Ghahramani (2016). A theoretically grounded application of
       dropout in recurrent neural networks. NeurIPS.
    .. [7] Tallec and Ollivier (2018). Can recurrent neural networks warp time? ICLR."""


def shared_docs(**words):
    """Class decorator: puts the shared texts, with these words, into a docstring."""

    def fill(cls):
        if cls.__doc__ is None:  # python -OO
            return cls
        texts = {"parameters": PARAMETERS, "attributes": ATTRIBUTES, "notes": NOTES}
        # the texts come first, for they hold words themselves
        for name, text in (texts | inspect.unwrap(cls.__init__).__kwdefaults__ | words).items():
            cls.__doc__ = cls.__doc__.replace("{" + name + "}", str(text).strip())
        return cls

    return fill
