"""gruc info: what a model file holds."""

import json

from .common import printable, read_model


def info(arguments):
    """Print a description of a model file."""
    content, size = read_model(arguments.model)
    steps = [step.step for step in getattr(content, "steps", []) if step.step is not None]
    texts = next((step.encoder for step in steps if step.kind == "TextSequencer"), None)
    content = getattr(content, "last", content)
    predictor, fitted = content.predictor, content.fitted
    config, classes, framing = predictor.config, predictor.decoding.classes, predictor.inputs.framing
    resets_after = "gru.bias_hh_l0" in predictor.weights  # the other cell has no such bias
    reads_tokens = config.get("n_tokens") is not None
    facts = {
        "kind": content.kind,
        "steps": ", ".join(step.kind for step in steps) or None,
        "analyzer": None if texts is None else texts.analyzer.analyzer or "tokens as given",
        "gruc": content.gruc_version,
        "layers": " x ".join(map(str, config["hidden_layer_sizes"]))
        + (" in both directions" * config["bidirectional"]),
        "reset": "after the product" if resets_after else "before the product",
        "pooling": "none, each step is answered" if config["pooling"] is None else config["pooling"],
        "tokens": config.get("n_tokens"),
        "features": None if reads_tokens else predictor.n_features_in,
        "frames": None if reads_tokens else f"{framing.length} steps, {framing.hop} apart",
        "standardized": None if reads_tokens else predictor.inputs.scaling is not None,
        "classes": None if classes is None else classes.tolist(),
        "outputs": config["n_outputs"],
        "dtype": predictor.parameters.dtype.name,
        "weights": int(predictor.parameters.size),
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
