"""Errors about parameters that name the one that was meant.

Other libraries have other names for the same settings, and some of gruc's names are theirs for
something else: a number as `learning_rate`.
"""

import difflib
import functools
import inspect
from collections.abc import Callable
from numbers import Real
from typing import Any, ParamSpec, Self

from sklearn.utils._param_validation import InvalidParameterError

P = ParamSpec("P")

# names that other libraries have for a parameter, in lower case and without underscores
SYNONYMS = {
    "hidden_layer_sizes": "hidden hiddensize hiddensizes hiddendim hiddendims hiddenunits hiddenlayers "
    "hiddenlayersize units nunits numunits nhidden numhidden layers nlayers numlayers layersizes statesize",
    "bidirectional": "bidir birnn direction",
    "cell": "celltype rnntype rnncell unittype",
    "update_gate_bias_init": "gatebias biasinit initialbias updategatebias",
    "pooling": "readout pool aggregation",
    "conv_channels": "filters convfilters nfilters numfilters channels outchannels cnnchannels",
    "conv_kernel_size": "kernelsize kernelsizes kernel convkernel filtersize",
    "conv_pool": "poolsize maxpool convpooling maxpooling",
    "n_estimators": "ensemble ensemblesize nensemble nmodels nmembers nnetworks committee",
    "frame_length": "framesize frame window windowsize windowlength",
    "hop_length": "hop hopsize stride step framestep",
    "standardize": "standardise normalize normalise scale scaling standardscaler",
    "dropout": "dropoutrate dropoutp dropoutprob drop inputdropout",
    "recurrent_dropout": "recurrentdropoutrate variationaldropout zoneout",
    "solver": "optimizer optimiser optim algorithm",
    "alpha": "weightdecay l2 l2reg lambda reglambda regularization penalty kernelregularizer",
    "l1_ratio": "l1 l1reg",
    "batch_size": "batch minibatchsize batchsizes trainbatchsize",
    "learning_rate": "scheduler lrscheduler lrschedule schedule",
    "learning_rate_init": "lr eta eta0 stepsize learningrateinitial initiallearningrate baselr",
    "warmup": "warmupsteps warmupepochs nwarmup",
    "max_iter": "epochs epoch nepochs numepochs nbepoch maxepochs niter niterations iterations",
    "max_grad_norm": "clip clipnorm clipvalue gradclip gradientclip gradientclipval clipgradnorm maxnorm",
    "random_state": "seed randomseed rng generator",
    "tol": "tolerance mindelta",
    "n_iter_no_change": "patience earlystoppingrounds earlystoppingpatience",
    "validation_fraction": "validationsplit validationsize valsplit valsize valfraction testsize",
    "scoring": "metric metrics score monitor evalmetric",
    "beta_1": "beta1 betas",
    "beta_2": "beta2",
    "epsilon": "eps",
    "nesterovs_momentum": "nesterov",
    "n_jobs": "numworkers nworkers nthreads numthreads workers threads",
    "dtype": "precision",
    "verbose": "verbosity",
    "loss": "criterion lossfn lossfunction objective",
    "quantile": "quantiles tau",
    "class_weight": "classweights",
    "label_smoothing": "labelsmooth smoothing",
    "analyzer": "level charlevel split",
    "lowercase": "lower dolower dolowercase",
    "max_features": "maxtokens numwords nwords vocabsize vocabularysize ntokens",
    "max_length": "maxlen maxseqlen maxsequencelength sequencelength outputsequencelength",
    "truncation": "truncating truncationside",
    "unknown": "oov oovtoken unk unktoken unknowntoken",
    "add_start": "bos addbos sos startchar",
    "add_end": "eos addeos",
    "vocabulary": "vocab",
    "scheduled_sampling": "teacherforcing teacherforcingratio teacherforcingprobability",
}
# names of settings that are not parameters of gruc, and what to say of them
SENTENCES = {
    "batchfirst": "X is always (n_sequences, n_steps, n_features).",
    "device cuda gpu usecuda": "gruc computes on the processor; n_jobs sets the number of threads.",
    "inputsize inputdim inputshape nfeatures numfeatures": "The number of features is read from X.",
    "outputsize outputdim nclasses numclasses noutputs classes": "The outputs follow from y; "
    "partial_fit takes classes.",
    "activation recurrentactivation": "The activations of a GRU are fixed: sigmoid for gates, tanh "
    "for states.",
    "bias usebias": "Layers always have biases.",
    "returnsequences returnstate": "hidden_states gives the states after every frame.",
    "stateful": "stream() keeps states from call to call, and initial_state sets them.",
    "callbacks": "On scikit-learn 1.9 and later set_callbacks takes callbacks.",
    "validationdata evalset": "fit takes X_val and y_val.",
    "sampleweight": "fit takes sample_weight.",
    "beam beamsize beamwidth numbeams nbeams": "predict takes beam_size.",
    "temperature topk topp repetitionpenalty": "sample of a GRULanguageModel takes it.",
}
MEANT = {name: meant for meant, names in SYNONYMS.items() for name in names.split()}
ADVICE = {name: sentence for names, sentence in SENTENCES.items() for name in names.split()}

# what to say of a number that is no value of a parameter
WRONG_KINDS = {
    "learning_rate": "The step size is learning_rate_init; learning_rate says how it changes.",
    "early_stopping": "The number of epochs to wait is n_iter_no_change; early_stopping is True or False.",
    "validation_fraction": "It is a share; sequences of your own go to fit as X_val and y_val.",
}


def hint(name, valid, elsewhere=None):
    """A sentence on which of the `valid` parameters is meant by `name`, or "".

    Parameters
    ----------
    name : str
    valid : list of str
    elsewhere : dict of str to str, default=None
        Parameters of other estimators, and what to say of them: completes "max_iter is ...".
    """
    plain = name.replace("_", "").replace("-", "").lower()
    elsewhere = elsewhere or {}
    known = {other.replace("_", ""): other for other in [*elsewhere, *valid]}  # those valid take precedence
    meant = known.get(plain) or MEANT.get(plain)
    if meant not in known.values() and plain in ADVICE:
        return ADVICE[plain]
    if meant not in known.values():
        near = difflib.get_close_matches(plain, [*known, *MEANT], n=1, cutoff=0.7)
        meant = known.get(near[0]) or MEANT[near[0]] if near else None
    if meant in valid:
        return f"Did you mean {meant}?"
    return f"{meant} is {elsewhere[meant]}." if meant in elsewhere else ""


def explains_unknown_parameters(init: Callable[P, None]) -> Callable[P, None]:
    """Decorator of `__init__`: a keyword that it does not have is answered by the one that is meant.

    The signature, defaults and help of `__init__` stay as they are.
    """
    code = inspect.unwrap(init).__code__
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]

    @functools.wraps(init)
    def __init__(*args: P.args, **kwargs: P.kwargs) -> None:
        for name in kwargs:
            if name not in names:
                kind = type(args[0])
                advice = hint(name, names, getattr(kind, "_parameters_elsewhere", None))
                raise TypeError(
                    f"{kind.__name__}.__init__() got an unexpected keyword argument {name!r}"
                    f"{'. ' + advice if advice else ''}"
                )
        init(*args, **kwargs)

    __init__.__signature__ = inspect.signature(init)  # type: ignore[attr-defined]  # getfullargspec needs it
    return __init__


def setting(estimator, name):
    """A parameter of an estimator, or the value that its class has settled."""
    settled = estimator._settled
    return settled[name] if name in settled else getattr(estimator, name)


class ParameterNamesMixin:
    """Mixin of estimators whose errors about parameters name the one that is meant."""

    # parameters of other estimators: what they are, and the values that some of them have in this one
    _parameters_elsewhere: dict[str, str] = {}
    _settled: dict[str, Any] = {}

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator, or of one inside it as ``<component>__<parameter>``.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            There is no such parameter. None is set then.
        """
        self._refuse_unknown(params)
        return super().set_params(**params)  # type: ignore[misc]

    def _refuse_unknown(self, params):
        valid = self._get_param_names()
        for name in params:
            first = name.partition("__")[0]
            if first not in valid:
                advice = hint(first, valid, self._parameters_elsewhere)
                raise ValueError(
                    f"Invalid parameter {first!r} for estimator {self}. {advice}{' ' if advice else ''}"
                    f"Valid parameters are: {valid!r}."
                )

    def _validate_params(self):
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            for name, sentence in WRONG_KINDS.items():
                if f"The {name!r} parameter" in str(error) and isinstance(getattr(self, name), Real):
                    raise InvalidParameterError(f"{error} {sentence}") from None
            raise
