"""How much each step and feature of a sequence contributed to an answer."""

from functools import partial
from numbers import Integral
from typing import Any

import numpy as np

from ..conventions.user_warnings import warn_user
from . import _methods
from ._forecasts import Forecasts, explained, is_forecaster
from ._language import OpenedLanguageModel, is_language_model
from ._models import OpenedModel
from ._passes import Passes
from ._rows import Rows
from ._targets import Target
from ._translations import is_translator, of_translations

# upper limit on n_steps: the nodes are eigenvalues of a matrix of this size
MOST_STEPS = 2000

# a gap wider than this share of the sum of absolute attributions is warned of
WIDE_GAP = 0.05


def attributions(
    model: Any,
    X: Any,
    *,
    method: str = "integrated_gradients",
    target: Any = None,
    n_steps: int = 64,
    baseline: Any = None,
    return_gap: bool = False,
) -> Any:
    """Compute the contribution of each step and feature of each sequence to an output.

    Parameters
    ----------
    model : fitted estimator, Pipeline or Predictor
        GRUClassifier, GRURegressor, GRUTagger, GRUStepRegressor, GRUForecaster, GRULanguageModel or
        GRUSeq2Seq, or what `gruc.runtime.load` returns. A pipeline may have a `TextSequencer` or
        `SequenceScaler` before the last step; X is then what the pipeline takes.
    X : array of shape (n_sequences, n_steps, n_features), list of arrays, or list of str
        As in `model.predict`. For a forecaster, whose forecast after the known values is explained, the
        future covariates, or None. For a language model a text, a list of texts, or tokens, as in
        `score`.
    method : {"gradient", "gradient_x_input", "integrated_gradients", "occlusion"}, \
default="integrated_gradients"
        With F the output that `target` names, and x' the baseline:

        - "gradient": the derivative of F with respect to x.
        - "gradient_x_input": ``(x - x') * gradient``.
        - "integrated_gradients": ``(x - x')`` times the mean of the gradient on the straight line from x' to
          x (Sundararajan, Taly and Yan 2017). The attributions of a sequence add up to ``F(x) - F(x')``,
          except for a gap that decreases with `n_steps`.
        - "occlusion": ``F(x) - F(x with one feature of one step as in x')``, for a model of tokens with
          one token. One forward pass for each of them.
    target : int, array of shape (n_sequences,), (step, int) or None, default=None
        The output to explain: an index into `classes_`, or into the columns of the values (the quantiles of a
        target are adjacent columns), for all sequences or for each. With two classes, 1 is the logit and 0
        its negative. None: the predicted class of each sequence; for a regressor and a multilabel
        classifier, the sum of all outputs.

        For a model that predicts each step, a pair of a step, which may be negative, and an index or None.
        None instead of the pair: the sum over all steps. For a forecaster, a step ahead, of which 1 is the
        first, or None for the sum of all forecasts that `predict` returns.

        For a language model, the logit of the next token after a step is explained. The pair consists of a
        step of the text and a token: its index in the vocabulary, a str, or None for the most probable
        token. None instead of the pair: the sum over all steps of the most probable ones.

        For a GRUSeq2Seq, a step of the output sequences, which may be negative, or None for each of them
        separately: F is the logit of the predicted token given the previous ones. The end token is a step,
        too.
    n_steps : int, default=64
        Gauss-Legendre nodes of "integrated_gradients".
    baseline : None, "mean", float, array of shape (n_features,), or like X, default=None
        The reference x', in the units of X. None: zeros. "mean": the mean of each feature
        in the X of the fit. For a model of tokens, the vector that replaces the embedding of a token: zeros,
        or an array of shape (embedding_dim,). For a forecaster None, a number, or "mean", the mean of
        the values it reads. Has no effect with "gradient".
    return_gap : bool, default=False
        Whether to return the gap of "integrated_gradients" as well.

    Returns
    -------
    attributions : ndarray or list of ndarray, float64
        In the form of X: an array of its shape, or for lists one array (n_steps_i, n_features) per sequence.
        For tokens and texts one number per token, (n_steps_i,): the sum over the elements of its embedding.
        For a forecaster one number for each of the last values of y that the forecast depends on, in the
        form of y. For a single text passed to a language model, one array. For a GRUSeq2Seq a list of
        arrays (n_source_tokens_i,), or without a target (n_target_tokens_i, n_source_tokens_i), as in
        `attention_weights`.
    gap : ndarray of shape (n_sequences,), or list of ndarray of shape (n_target_tokens_i,)
        ``F(x) - F(x')`` less the sum of the attributions; only with ``return_gap=True``. The list is that of
        a GRUSeq2Seq without a target.

    Raises
    ------
    TypeError
        If `model` is not a fitted model of gruc, or a pipeline with unsupported steps.
    ValueError
        If the input is invalid.

    Warns
    -----
    UserWarning
        If the gap of integrated gradients is large and `return_gap` is False.

    See Also
    --------
    AttributionDisplay : Plots of attributions.

    Notes
    -----
    F is what `Predictor.outputs` returns, before softmax, the logistic function, the exponential
    of a Poisson loss, and the scaling of targets. Attributions refer to the original steps and features:
    scaling of features and division into frames (`frame_length`) are part of F. A step that is not part of
    any frame has an attribution of 0.

    For a forecaster, F is the forecast itself, in the units of y, with fixed covariates. The gradient is
    computed by central differences in float64, through scaling, seasons and differencing. With
    ``scale="window"`` a forecast scales with its window, so that gradient x input and integrated gradients,
    both from zeros, are equal and add up to the forecast. Where all past seasons of y have the same value,
    which is then the forecast, F keeps their mean for all values between the baseline and y.

    A language model reads each text separately, after an end token, which marks the beginning of a text. This
    token is the same in the baseline, so that the attributions of the other tokens add up to the whole
    difference. It has no attribution, and the prediction after it is not among the steps. No end token
    follows a text, but `target` can name it.

    The attributions of a sequence depend neither on the other sequences nor on `n_jobs`, to the last bit.

    Attributions explain the model, not the data. The gap decreases fast with `n_steps` if the output is
    smooth between x' and x. More steps are needed if gates are saturated, if x' is far from the training
    data, and with ``pooling="max"``, whose derivative is discontinuous.

    Examples
    --------
    >>> import numpy as np
    >>> from gruc import GRUClassifier
    >>> from gruc.datasets import load_japanese_vowels
    >>> from gruc.inspection import attributions
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = GRUClassifier(max_iter=100, random_state=0).fit(X, y)
    >>> by_step, gap = attributions(model, X[:2], baseline="mean", return_gap=True)
    >>> [array.shape for array in by_step] == [x.shape for x in X[:2]]
    True
    >>> bool((abs(gap) < 1e-4).all())
    True
    """
    _methods.check(method, baseline)
    is_integral = method == "integrated_gradients"
    if return_gap and not is_integral:
        raise ValueError(f'return_gap=True is for method="integrated_gradients"; {method!r} has no gap.')
    if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or not 0 < n_steps <= MOST_STEPS:
        raise ValueError(f"n_steps must be an integer from 1 to {MOST_STEPS}; got {n_steps!r}.")
    quadrature = _methods.quadrature_of(int(n_steps))
    if is_forecaster(model):
        forecasts = Forecasts(model, X, target)
        attributed, gap = explained(forecasts, method, baseline, quadrature)
        result, sums = forecasts.in_the_form_of_y(attributed), np.abs(attributed).sum(axis=1)
    elif is_translator(model):
        result, gap, sums = of_translations(model, X, target, baseline, method, quadrature)
    else:
        result, gap, sums = _of_sequences(model, X, target, baseline, method, quadrature)
    if return_gap:
        return result, gap
    if is_integral:
        _warn_of_gaps(gap, sums)
    return result


def _of_sequences(model, X, target, baseline, method, quadrature):
    """Attributions in the form of X; of each sequence the gap and the sum of absolute attributions."""
    if is_language_model(model):
        texts = OpenedLanguageModel.of(model, X)
        opened, rows, target = texts.model, texts.rows(baseline), texts.target(target)
    else:
        opened = OpenedModel.of(model, X)
        rows = Rows(opened, baseline)
        target = Target(opened.predictor, target, opened.predictor.inputs.lengths(opened.sequences))
    passes = Passes(opened.predictor)
    copies = np.ones(len(opened.sequences), np.intp)
    explain = partial(getattr(_methods, method), rows, passes, target)
    if method == "integrated_gradients":
        explain = partial(explain, quadrature=quadrature)
        copies = copies * len(quadrature[0])
    elif method == "occlusion":
        copies = opened.sequences.lengths * rows.n_features
    attributed = passes.for_chunks(rows, copies, explain)
    sums = np.array([np.abs(array).sum() for array, _ in attributed])
    result = rows.in_the_form_of_x([array for array, _ in attributed])
    return result, np.array([gap for _, gap in attributed]), sums


def _warn_of_gaps(gaps, sums):
    """Warn where attributions miss much of what they ought to add up to."""
    n_wide = sum(np.any(np.abs(gap) > WIDE_GAP * of_all) for gap, of_all in zip(gaps, sums, strict=True))
    if n_wide:
        warn_user(
            f"The attributions for {n_wide} of {len(gaps)} sequences do not add up to the difference of "
            f"outputs: the gap is more than {WIDE_GAP:.0%} of the sum of their absolute values. Use more "
            "n_steps, or a baseline nearer to X; return_gap=True returns the gaps."
        )
