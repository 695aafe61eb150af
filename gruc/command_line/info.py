"""gruc info: what a model file holds."""

import json

import numpy as np

from ..runtime import ForecastPredictor, LanguagePredictor, Translator
from ..runtime.symbols import TextSymbols
from .common import printable, read_model_and_storage


def convolutions_of(config):
    """What convolutions a network has, or None."""
    layers = [f"{n} of {k} steps / {p}" for n, k, p in config.get("convolutions", ())]
    return ", ".join(layers) or None


def info(arguments):
    """Print a description of a model file."""
    content, size, storage = read_model_and_storage(arguments.model)
    steps = [step.step for step in getattr(content, "steps", []) if step.step is not None]
    content = getattr(content, "last", content)
    predictor, fitted = content.predictor, content.fitted
    if isinstance(predictor, Translator):
        facts = _of_translator(predictor, content)
    else:
        facts = _of_predictor(predictor, content, steps)
    parameters = getattr(predictor, "predictor", predictor).parameters
    facts |= {
        "dtype": parameters.dtype.name,
        "stored as": storage,
        "weights": int(parameters.size),
        "bytes": size,
    }
    if fitted["loss_curve_"]:
        facts |= {"epochs": fitted["n_iter_"], "loss": fitted["loss_curve_"][-1]}
    if arguments.json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        if value is not None:
            print(f"{name:14}{printable(value)}")


def _of_predictor(predictor, content, steps):
    """Facts of a predictor, and of the steps of a pipeline before it."""
    texts = next((step.encoder for step in steps if step.kind == "TextSequencer"), None)
    forecasts = None
    if isinstance(predictor, ForecastPredictor):
        forecasts, predictor = predictor, predictor.predictor
    language = predictor if isinstance(predictor, LanguagePredictor) else None
    if language is not None:
        texts, predictor = language.vocabulary.encoder, language.predictor
    config, classes, framing = predictor.config, predictor.decoding.classes, predictor.inputs.framing
    reads_tokens = config.get("n_tokens") is not None
    return {
        "kind": content.kind,
        "steps": ", ".join(step.kind for step in steps) or None,
        "analyzer": None if texts is None else _analyzer_of(texts),
        "gruc": content.gruc_version,
        "layers": _layers_of(config) + (" in both directions" * config["bidirectional"]),
        "convolutions": convolutions_of(config),
        "networks": config.get("n_estimators"),
        **_cell_of(predictor),
        "pooling": ", ".join(predictor.network.readouts) or "none, one prediction for each step",
        "tokens": config.get("n_tokens"),
        **({} if forecasts is None else _of_forecaster(forecasts, content.fitted["form"])),
        "features": None if reads_tokens else predictor.n_features_in,
        "frames": None if reads_tokens or forecasts else f"{framing.length} steps, {framing.hop} apart",
        "standardized": None if reads_tokens or forecasts else predictor.inputs.scaling is not None,
        "classes": None if classes is None or language is not None else classes.tolist(),
        "outputs": config["n_outputs"],
    }


def _of_translator(translator, content):
    """Facts of an encoder-decoder."""
    config = translator.config
    source, target = (
        _analyzer_of(side.encoder) if isinstance(side, TextSymbols) else "integer tokens"
        for side in (translator.source, translator.target)
    )
    return {
        "kind": content.kind,
        "reads": f"{source}, {translator.source.n_tokens} tokens",
        "writes": f"{target}, {translator.target.n_tokens} tokens",
        "gruc": content.gruc_version,
        "layers": _layers_of(config) + (", the encoder in both directions" * config["bidirectional"]),
        **_cell_of(translator),
        "attention": config["attention"],
        "longest": f"{translator.max_target_length} tokens",
    }


def _layers_of(config):
    return " x ".join(map(str, config["hidden_layer_sizes"]))


def _analyzer_of(encoder):
    return encoder.analyzer.analyzer or "tokens as given"


def _cell_of(predictor):
    """The kind of the units, and of GRUs when they are reset."""
    if predictor.network.named_config["cell"] != "gru":
        return {"cell": predictor.network.named_config["cell"]}
    # the other GRU has no such bias
    resets_after = any(name.endswith("gru.bias_hh_l0") for name in predictor.weights)
    return {"reset": "after the product" if resets_after else "before the product"}


def _of_forecaster(predictor, form):
    """Facts of a forecaster's series."""
    lags, known = predictor.lags, predictor.known
    steps = dict.fromkeys(str(step) for kind, _, step, *_ in form.axes if kind != "integer")
    last = {_last_time(*axis) for axis in form.axes}
    return {
        "series": predictor.n_series,
        "frequency": ", ".join(steps) or None,
        "last time": last.pop() if len(last) == 1 else None,
        "season": lags.season_length,
        "lags": lags.lags,
        "horizon": lags.horizon,
        "strategy": predictor.strategy,
        "scaled by": lags.scale,
        "differenced": known.order,
        "intervals": predictor.conformal is not None,
    }


def _last_time(kind, last, step, name, unit, zone):
    """The last time of a series, of datetimes in UTC; None of periods, which count in their own way."""
    match kind:
        case "datetime":
            return str(np.datetime64(last, unit)) + "Z" * (zone is not None)
        case "timedelta":
            return f"{last} {unit}"
        case "integer":
            return last
