"""Predictors of networks whose outputs are averaged."""

from .predictor import Predictor


def single_predictors(predictor):
    """The `Predictor` of each network of a predictor, whose outputs are the mean of theirs."""
    network = predictor.network
    if network.n_estimators == 1:
        return [predictor]
    return [with_parameters(predictor, flat) for flat in network.separated(predictor.parameters)]


def with_parameters(predictor, parameters):
    """The `Predictor` of one network with these parameters that reads and predicts as `predictor` does."""
    return Predictor(
        predictor.network.estimator,
        parameters,
        predictor.inputs,
        predictor.decoding,
        n_jobs=predictor.n_jobs,
        matmul_precision=predictor.matmul_precision,
    )
