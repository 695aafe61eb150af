"""The comment at the top of an exported C header: what the model is, how to use it, how large it is."""

from .._version import __version__
from .c_constants import sequence_floats


def comment(predictor, prefix, constants, report, characters, forecasts, language):
    """The whole comment; arguments as of `c_text.header_text`."""
    config = predictor.config
    lines = [
        *_words_of_model(predictor, constants, forecasts is not None, language is not None),
        "",
        "C99 and C++; needs libm and gruc's headers, from the directory gruc.get_include(). All functions",
        "are static: include this header in one file of a program.",
        "",
    ]
    if forecasts is not None:
        lines += [*forecasts.comment(), "Or the network alone, of windows that are scaled:", ""]
    words_of_use = _words_of_sequences if config["bidirectional"] else _words_of_streams
    lines += words_of_use(predictor, prefix, constants, report)
    length, hop = predictor.inputs.framing
    if config.get("convolutions"):
        layers = [f"{n} outputs over {k} steps, of {p} the largest" for n, k, p in config["convolutions"]]
        lines.append(f"Convolutions before: {'; '.join(layers)}.")
    if (length, hop) != (1, 1):
        lines.append(f"A frame is {length} steps long; frames begin every {hop} steps.")
    if language is not None:
        end = f"{prefix.upper()}_END"
        lines.append(f"A text begins with the token {end}; {prefix}_draw writes texts, token by token.")
    if characters is not None:
        lines.append(f"Texts: {prefix}_token gives the token of each character, a Unicode code point.")
    if constants.storage != "float32":
        lines += ["", *_words_of_rounding(constants.storage, report)]
    return "/* " + "\n".join(f" * {line}".rstrip() for line in lines)[3:] + " */"


def _words_of_model(predictor, constants, forecasts, writes_texts):
    """Lines that say what is read, by which layers, and what is predicted."""
    config, decoding = predictor.config, predictor.decoding
    kind, prediction = _kind_and_prediction(decoding, forecasts)
    each = "for each step " * constants.answers_each_step
    if writes_texts:
        kind, prediction, each = "language model", "probabilities of the next token", "after each step "
    read = f"Features: {predictor.n_features_in}"
    if constants.reads_tokens:
        read = f"Tokens: {predictor.inputs.n_tokens}, as vectors of {config['n_features']}"
    layers = (
        " x ".join(map(str, config["hidden_layer_sizes"])) + " in both directions" * config["bidirectional"]
    )
    if "n_estimators" in config:
        layers += f" in each of {config['n_estimators']} networks, whose outputs are averaged"
    return [
        f"A GRU {kind}, written by gruc.to_c of gruc {__version__}.",
        f"{read}. Units: {layers}. Predicts {each}{prediction}.",
    ]


def _kind_and_prediction(decoding, forecasts):
    """What kind of model it is, and what it predicts."""
    K, Q = decoding.result_size, decoding.n_quantiles
    if decoding.classes is None:
        values = f"{K} value{'s' * (K > 1)}"
        if Q > 1:
            values += f", for each target {Q} quantiles in ascending order"
        return "forecaster" if forecasts else "regressor", values
    if decoding.multilabel:
        return "classifier", f"probabilities of {K} independent labels, present above 0.5"
    return "classifier", f"probabilities of {K} classes"


def _words_of_sequences(predictor, prefix, constants, report):
    """Lines about use and size of a model that reads whole sequences, in both directions."""
    upper, stride = prefix.upper(), predictor.network.stride
    x, n_steps = "x", f"// x: n_steps times {upper}_N_FEATURES floats"
    if constants.reads_tokens:
        x, n_steps = "tokens", "// tokens: n_steps of int32_t"
    once, per_frame = sequence_floats(constants)
    rows_of_cells = f"{stride} frames" if stride > 1 else "frame"
    return [
        f"    static float work[{upper}_WORK(100)];  // for sequences of up to 100 steps",
        f"    float out[{'100 * ' * constants.answers_each_step}{upper}_N_OUTPUTS];",
        f"    {prefix}_predict(work, {x}, n_steps, out);  {n_steps}",
        "",
        f"Constants take {report.constant_bytes} bytes, work {4 * once} and {4 * per_frame} per "
        f"{rows_of_cells}.",
    ]


def _words_of_streams(predictor, prefix, constants, report):
    """Lines about use and size of a model that reads step by step."""
    upper, x = prefix.upper(), "token" if constants.reads_tokens else "x"
    answered = "for this step" if constants.answers_each_step else "for the sequence so far"
    return [
        f"    static {prefix}_state state;",
        f"    float out[{upper}_N_OUTPUTS];",
        f"    {prefix}_init(&state);",
        f"    {prefix}_step(&state, {x}, out);  // after each step: the prediction {answered}",
        "",
        f"state.numbers[0] to [{upper}_N_STATES - 1] are the states of the layers, one layer after the",
        f"other, after the last full frame. Write them after {prefix}_init to start from a given state.",
        f"Constants take {report.constant_bytes} bytes, a state {report.state_bytes}.",
    ]


def _words_of_rounding(storage, report):
    """Lines that say how matrices are stored, and what that changes."""
    error = report.weight_error
    if storage == "int8":
        lines = [
            "Matrices are int8, with a float for each output of a layer and each token of a table. A weight",
            f"is rounded by up to {error:.1e} of the largest of its output.",
        ]
    else:
        rounded = f"Matrices are {storage}: each weight is rounded by up to {error:.1e} of its value"
        lines = [f"{rounded},", "or, below 6e-5, by up to 3e-8."] if storage == "float16" else [f"{rounded}."]
    if report.largest_change is not None:
        share = "" if report.changed is None else f" and {report.changed:.2%} of the labels"
        lines.append(
            f"On the data tried, this changes predictions by up to {report.largest_change:.1e}{share}."
        )
    return lines
