"""Models as C headers, for programs without Python: microcontrollers, servers, plug-ins."""

import re
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import files
from .._version import __version__
from ..files import model_file
from ..sequences import LARGEST
from .weights import as_predictor, layer_suffixes

__all__ = ["CExport", "to_c"]

EXPORT_FORMAT = 2  # GRUC_EXPORT_FORMAT of include/gruc/exported.h
PREFIX = r"(?!gruc)[a-z]\w*"  # names that begin with gruc are the headers' own
# labels between two bounds: a type of C that holds them, and its literals
INTEGERS = [
    (-(2**15), 2**15, "int", "{}"),
    (-(2**31), 2**31, "int32_t", "INT32_C({})"),
    (-(2**63), 2**63, "int64_t", "INT64_C({})"),
    (-1, 2**64, "uint64_t", "UINT64_C({})"),
]


class CExport(NamedTuple):
    """What `to_c` tells of a header.

    Attributes
    ----------
    constant_bytes : int
        Of weights and tables, in read-only memory; code comes to that.
    state_bytes : int or None
        Of a stream, all memory that a program needs beside some stack; None for a bidirectional model,
        whose memory depends on the number of steps.
    weight_error : float
        Largest relative error of a weight as it is stored, of those that float16 holds in full.
    largest_change : float or None
        Of probabilities, or of a regressor's values, by such errors, over the `X` given.
    changed : float or None
        Share of the sequences of `X` whose label changes.
    """

    constant_bytes: int
    state_bytes: int | None
    weight_error: float
    largest_change: float | None
    changed: float | None


def to_c(
    model: Any, path: Any, prefix: str = "model", *, storage: str = "float32", X: ArrayLike | None = None
) -> CExport:
    """Write a C header that predicts as the model does.

    It includes ``gruc/exported.h``, which is where `get_include` says, and is C99 and C++: no
    allocation, no global state, no library but libm. Its comments say how to use it.

    Parameters
    ----------
    model : fitted GRUClassifier or GRURegressor, or Predictor
        All numbers become float32, what a regressor predicts too: of targets far from zero,
        or far apart, that holds 7 digits.
    path : str or path-like
    prefix : str, default="model"
        What all public names of the header begin with, so that a program may include the headers of
        several models. Their prefixes must differ in more than case; the compiler says so if they do not.
    storage : {"float32", "float16"}, default="float32"
        Of the weights of matrices. float16 takes half the memory, and rounds them to 11 bits; they
        are made float32 again while they are read.
    X : array of shape (n_sequences, n_steps, n_features) or list of arrays, default=None
        Sequences over which is found out what rounded weights change.

    Returns
    -------
    CExport
        Bytes, and what float16 changes.

    Raises
    ------
    TypeError
        Not a fitted model of gruc's.
    ValueError
        `prefix` is no name of C, or numbers do not fit the storage. Nothing is written then.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((16,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> gruc.to_c(model, "vowels.h", prefix="vowels").state_bytes
    656
    """
    predictor = as_predictor(model)
    if not isinstance(prefix, str) or not re.fullmatch(PREFIX, prefix, re.ASCII | re.IGNORECASE):
        raise ValueError(
            "prefix must be a name of C, of letters, digits and _, that does not begin with gruc; got "
            f"{prefix!r}."
        )
    if storage not in ("float32", "float16"):
        raise ValueError(f"storage must be 'float32' or 'float16'; got {storage!r}.")
    weights = _stored(predictor, np.dtype(storage))
    header = _Header(predictor, prefix, weights)
    report = CExport(
        header.constant_bytes,
        header.state_bytes(),
        _weight_error(predictor, weights),
        *((None, None) if X is None else _changes(predictor, weights, X)),
    )
    files.write(path, header.text(report).encode("ascii"))
    return report


# ---- what storage makes of weights


def _views(predictor):
    """Weights by name; matrices (inputs, outputs)."""
    return predictor.network.table.views(predictor.parameters)


def _stored(predictor, dtype):
    """The same, matrices rounded to `dtype`; biases, few, keep their digits."""
    stored = dict(_views(predictor))
    for name, weights in stored.items():
        if ".weight" in name:
            largest, limit = np.abs(weights).max(), np.finfo(dtype).max
            if largest > limit:
                raise ValueError(f"{name} holds {largest:g}, {dtype} ends at {limit:g}.")
            stored[name] = weights.astype(dtype)
    return stored


def _weight_error(predictor, weights):
    largest = 0.0
    for name, exact in _views(predictor).items():
        exact = exact.astype(np.float64)
        held = np.abs(exact) >= np.finfo(np.float16).smallest_normal
        error = np.abs(weights[name] - exact)[held] / np.abs(exact[held])
        largest = max(largest, float(error.max(initial=0)))
    return largest


def _changes(before, weights, X):
    """Largest change of a prediction for X by these weights; share of the labels that change, or None."""
    after = before.with_weights({name: weight.T for name, weight in weights.items()})
    labels = before.predict(X), after.predict(X)
    if before.classes is None:
        return float(np.abs(labels[1].astype(np.float32) - labels[0]).max()), None
    change = np.abs(after.predict_proba(X) - before.predict_proba(X)).max()
    differ = (labels[1] != labels[0]).reshape(len(labels[0]), -1).any(axis=1)
    return float(change), float(differ.mean())


# ---- the header


class _Header:
    """The parts of a header: `tables` of numbers, and the text around them."""

    def __init__(self, predictor, prefix, weights):
        self.predictor, self.prefix, self.weights = predictor, prefix, weights
        self.config = predictor.config
        self.half = weights["head.weight"].dtype == np.float16
        self.tables = []  # declarations
        self.constant_bytes = 0
        self.members = self._members()

    # ---- numbers

    def _members(self):
        """(Initializer, name) of all members of gruc_model; adds the tables that they point to."""
        config, predictor, weights = self.config, self.predictor, self.weights
        n_layers = len(config["hidden_layer_sizes"])
        layers = [self._layer(suffix) for suffix in layer_suffixes(n_layers, config["bidirectional"])]
        scaling = ["NULL"] * 3
        if predictor.scaling is not None:
            mean, scale = predictor.scaling
            scaling = [self._floats("mean", mean), "NULL", self._positive("scale", scale)]
            rest = mean - mean.astype(np.float32)  # what float32 leaves of a mean
            if rest.any():
                scaling[1] = self._floats("mean_rest", rest)
        target_scaling = ["NULL"] * 2
        if predictor.target_scaling is not None:
            mean, scale = predictor.target_scaling
            target_scaling = [self._floats("target_mean", mean), self._positive("target_scale", scale)]
        attention = ["NULL"] * 3
        if config["pooling"] == "attention":
            attention = [
                self._matrix("attention", weights["attention.weight"]),
                self._floats("attention_bias", weights["attention.bias"]),
                self._floats("attention_v", weights["attention.v"]),
            ]
        head = [self._matrix("head", weights["head.weight"]), self._floats("head_bias", weights["head.bias"])]
        units = self._table("ptrdiff_t", "units", [str(size) for size in config["hidden_layer_sizes"]])
        layers = self._table("gruc_layer", "layers", [f"{{{', '.join(layer)}}}" for layer in layers], each=1)
        return [
            (predictor.n_features_in, "n_features"),
            (config["n_outputs"], "n_outputs"),
            (n_layers, "n_layers"),
            (units, "units"),
            (int(config["reset_after"]), "reset_after"),
            (f"GRUC_{config['pooling'].upper()}", "readout"),
            (f"GRUC_{predictor.link.upper()}", "link"),
            (predictor.framing.length, "frame_length"),
            (predictor.framing.hop, "hop_length"),
            *zip(scaling, ("mean", "mean_rest", "scale"), strict=True),
            *zip(target_scaling, ("target_mean", "target_scale"), strict=True),
            (predictor.n_quantiles, "n_quantiles"),
            (_literal(LARGEST[np.dtype(np.float32)], "{:.1e}"), "largest"),
            (layers, "layers"),
            *zip(attention, ("attention", "attention_b", "attention_v"), strict=True),
            *zip(head, ("head", "head_b"), strict=True),
        ]

    def _layer(self, suffix):
        """Names of the tables of a layer and direction, in the order of gruc_layer."""
        W_ih, W_hh = self.weights[f"gru.weight_ih_{suffix}"], self.weights[f"gru.weight_hh_{suffix}"]
        bias, two_gates = self.weights[f"gru.bias_ih_{suffix}"], 2 * len(W_hh)
        if not self.config["reset_after"]:
            return [
                self._floats(f"bias_{suffix}", bias),
                "NULL",
                self._matrix(f"W_ih_{suffix}", W_ih),
                self._matrix(f"W_hh_{suffix}", W_hh[:, :two_gates]),
                self._matrix(f"W_hh_n_{suffix}", W_hh[:, two_gates:]),
            ]
        bias, b_hh = bias.copy(), self.weights[f"gru.bias_hh_{suffix}"]
        bias[:two_gates] += b_hh[:two_gates]
        return [
            self._floats(f"bias_{suffix}", bias),
            self._floats(f"b_hh_n_{suffix}", b_hh[two_gates:]),
            self._matrix(f"W_ih_{suffix}", W_ih),
            self._matrix(f"W_hh_{suffix}", W_hh),
            "NULL",
        ]

    def _matrix(self, name, matrix):
        """A matrix as it lies; the kernels may read beyond its end."""
        if not self.half:
            return self._table("float", name, _floats(matrix), beyond=True)
        bits = np.ascontiguousarray(matrix).view(np.uint16).ravel()
        return self._table("uint16_t", name, [f"0x{each:04x}" for each in bits], beyond=True)

    def _floats(self, name, values):
        values = np.asarray(values).ravel()
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        if not np.isfinite(single).all():
            raise ValueError(f"{name} of the model holds {np.abs(values).max():g}, float32 cannot.")
        return self._table("float", name, _floats(single))

    def _positive(self, name, values):
        if values.min() < np.finfo(np.float32).smallest_normal:
            raise ValueError(f"{name} of the model holds {values.min():g}, too small for float32.")
        return self._floats(name, values)

    def _table(self, kind, name, numbers, each=8, beyond=False):
        """Declares an array; returns its name.

        The prefix comes last: of "speed" and "speed_target" no two names are the same, since what stands
        before the first "_of_" is a name of this program's.
        """
        name = f"gruc_{name}_of_{self.prefix}"
        lines = [", ".join(numbers[i : i + each]) for i in range(0, len(numbers), each)]
        size = f"{len(numbers)} + GRUC_BEYOND" if beyond else len(numbers)
        body = ",\n    ".join(lines)
        where = " GRUC_TABLE" if kind in ("float", "uint16_t") else ""
        self.tables.append(f"static const {kind} {name}[{size}]{where} = {{\n    {body}}};")
        self.constant_bytes += len(numbers) * {"float": 4, "uint16_t": 2}.get(kind, 0)
        return name

    # ---- memory: include/gruc/program/stream.body.h and sequence.body.h

    def _readout_size(self, F):
        return {"last": 0, "attention": F + 2}.get(self.config["pooling"], F)

    def stream_floats(self):
        """Floats of a stream, and of the scratch beside it."""
        units = self.config["hidden_layer_sizes"]
        moving = sum(units) + self._readout_size(units[-1])
        frame = self.config["n_features"]
        return moving + frame, moving + 4 * max(units) + 2 * units[-1] + frame + self.config["n_outputs"]

    def work_floats(self):
        """Floats that a bidirectional model wants, and those that come with each frame."""
        units = self.config["hidden_layer_sizes"]
        F = 2 * units[-1]
        kept = units if self.config["pooling"] == "attention" else units[:-1]
        rows = sum(2 * max(kept[parity::2], default=0) for parity in (0, 1))
        frame = self.config["n_features"]
        once = 6 * max(units) + 2 * F + self._readout_size(F) + frame + self.config["n_outputs"]
        return once, rows

    def state_bytes(self):
        """Bytes of a stream's struct, which begins with a count of 8 and is a multiple of it; or None."""
        return None if self.config["bidirectional"] else 8 + -(-4 * sum(self.stream_floats()) // 8) * 8

    # ---- text

    def text(self, report):
        """The header."""
        prefix, upper = self.prefix, self.prefix.upper()
        parts = [
            self._sizes(),
            *self._classes(),
            *self.tables,
            f"static const gruc_model {prefix}_model = {{\n{self._initializers()}\n}};",
            self._whole_sequences() if self.config["bidirectional"] else self._streams(),
            *([self._class_of()] if self.predictor.link in ("two", "classes") else []),
        ]
        body = "\n\n".join(parts)
        guard = f"GRUC_MODEL_{prefix}_{zlib.crc32(body.encode()):08x}"  # of another model it is another one
        parts = [
            self._comment(report),
            f"#ifndef {guard}\n#define {guard}",
            '#include "gruc/exported.h"',
            f"#if GRUC_EXPORT_FORMAT != {EXPORT_FORMAT}",
            '#error "written for other headers of gruc: write it again with the gruc that these come from"',
            "#endif",
            f"#ifdef {upper}_N_FEATURES",
            f'#error "{upper}_N_FEATURES is defined already: give each model a prefix of its own, '
            'that differs in more than case"',
            "#endif",
            '#include "gruc/hide_macros.h"',
            body,
            '#include "gruc/restore_macros.h"',
            "#endif",
        ]
        return "\n\n".join(parts) + "\n"

    def _width(self):
        """Numbers that a prediction is."""
        return 2 if self.predictor.link == "two" else self.config["n_outputs"]

    def _comment(self, report):
        predictor, config, p = self.predictor, self.config, self.prefix
        layers = " x ".join(map(str, config["hidden_layer_sizes"]))
        K, Q = self._width(), predictor.n_quantiles
        if predictor.classes is None:
            kind, what = "regressor", f"{K} value{'s' * (K > 1)}"
            if Q > 1:
                what += f", of each target {Q} quantiles in rising order"
        elif predictor.multilabel:
            kind, what = "classifier", f"probabilities of {K} labels, each for itself: there above 0.5"
        else:
            kind, what = "classifier", f"probabilities of {K} classes"
        lines = [
            f"A GRU {kind}, written by gruc.to_c of gruc {__version__}.",
            f"Features: {predictor.n_features_in}. Units: {layers}"
            f"{' in both directions' * config['bidirectional']}. Predicts {what}.",
            "",
            "C99 and C++; needs libm and gruc's headers, which are where gruc.get_include() says. Everything",
            "here is static: include it in one file of a program.",
            "",
        ]
        if config["bidirectional"]:
            once, rows = self.work_floats()
            lines += [
                f"    static float work[{p.upper()}_WORK(100)];  // for sequences of up to 100 steps",
                f"    float out[{p.upper()}_N_OUTPUTS];",
                f"    {p}_predict(work, x, n_steps, out);  // x: n_steps times {p.upper()}_N_FEATURES floats",
                "",
                f"Constants take {report.constant_bytes} bytes, work {4 * once} and {4 * rows} more a frame.",
            ]
        else:
            lines += [
                f"    static {p}_state state;",
                f"    float out[{p.upper()}_N_OUTPUTS];",
                f"    {p}_init(&state);",
                f"    {p}_step(&state, x, out);  // after each step: what the model says of all so far",
                "",
                f"state.numbers[0] to [{p.upper()}_N_STATES - 1] are the states of the layers, one after the",
                f"other, after the last full frame. Write them after {p}_init for a sequence to begin there.",
                f"Constants take {report.constant_bytes} bytes, a state {report.state_bytes}.",
            ]
        length, hop = predictor.framing
        if (length, hop) != (1, 1):
            lines.append(f"A frame is {length} steps, the next begins {hop} on.")
        if self.half:
            lines += [
                "",
                f"Weights of matrices are float16: rounded by up to {report.weight_error:.1e} of a weight,",
                "or, of those below 6e-5, by up to 3e-8.",
            ]
            if report.largest_change is not None:
                share = "" if report.changed is None else f" and {report.changed:.2%} of the labels"
                lines.append(
                    f"These change predictions by up to {report.largest_change:.1e}{share}, where tried."
                )
        return "/* " + "\n".join(f" * {line}".rstrip() for line in lines)[3:] + " */"

    def _sizes(self):
        upper = self.prefix.upper()
        lines = [
            f"#define {upper}_N_FEATURES {self.predictor.n_features_in} /* of a step */",
            f"#define {upper}_N_OUTPUTS {self._width()} /* of a prediction */",
        ]
        if self.config["bidirectional"]:
            once, rows = self.work_floats()
            length, hop = self.predictor.framing
            frames = "(n_steps)"
            if (length, hop) != (1, 1):
                frames = f"((n_steps) <= {length} ? 1 : 1 + ((n_steps) - {length} + {hop - 1}) / {hop})"
            more = f" + {rows} * {frames}" if rows else ""
            lines.append(f"#define {upper}_WORK(n_steps) ({once}{more}) /* floats for so many steps */")
        else:
            n_states = sum(self.config["hidden_layer_sizes"])
            lines.append(f"#define {upper}_N_STATES {n_states} /* units of all layers */")
        return "\n".join(lines)

    def _classes(self):
        """The table of labels, if there are any, as a list."""
        if self.predictor.classes is None:
            return []
        labels = model_file.labels_as_json(self.predictor.classes)
        kind, values = labels["kind"], labels["values"]
        if kind == "string":
            of_c, literals = "char *const", [_string(value) for value in values]
        elif kind == "float":
            of_c, literals = "double", [_literal(value, "{!r}") for value in values]
        else:
            holding = [kind for low, high, *kind in INTEGERS if low < min(values) and max(values) < high]
            if not holding:
                raise ValueError(f"classes are {min(values)} to {max(values)}, which no type of C holds.")
            of_c, form = holding[0]
            literals = [form.format(int(value)) for value in values]
        return [f"static const {of_c} {self.prefix}_classes[{len(values)}] = {{{', '.join(literals)}}};"]

    def _initializers(self):
        return "\n".join(f"    {value}, /* {member} */" for value, member in self.members)

    def _call(self, name):
        return f"gruc_{name}_{'half' if self.half else 'flat'}_f32"

    def _streams(self):
        p, upper = self.prefix, self.prefix.upper()
        numbers, scratch = self.stream_floats()
        return f"""\
typedef struct {{
    uint64_t n_steps;
    float numbers[{numbers}], scratch[{scratch}];
}} {p}_state;

/* Begins a sequence. */
GRUC_STATIC void {p}_init({p}_state *state)
{{
    state->n_steps = 0;
    memset(state->numbers, 0, sizeof state->numbers);
}}

/* Takes in a step x[{upper}_N_FEATURES] and, unless out is NULL, tells what the model says of the sequence
 * so far. Returns 0; or 1 where x holds NaN or what is too large, and then nothing has changed. */
GRUC_STATIC int {p}_step({p}_state *state, const float *x, float *out)
{{
    if ({self._call("misfit")}(x, &{p}_model) < {upper}_N_FEATURES) return 1;
    {self._call("stream_step")}(&state->n_steps, state->numbers, state->scratch, x, &{p}_model);
    if (out) {self._call("stream_result")}(out, state->n_steps, state->numbers, state->scratch, &{p}_model);
    return 0;
}}

/* A whole sequence x[n_steps][{upper}_N_FEATURES], after which steps may follow. Returns 0; or 1 where
 * n_steps is 0 or x holds NaN or what is too large, and then nothing has changed. */
GRUC_STATIC int {p}_predict({p}_state *state, const float *x, size_t n_steps, float *out)
{{
    for (size_t t = 0; t < n_steps; t++)
        if ({self._call("misfit")}(x + t * {upper}_N_FEATURES, &{p}_model) < {upper}_N_FEATURES) return 1;
    if (n_steps == 0) return 1;
    {p}_init(state);
    for (size_t t = 0; t < n_steps; t++)
        {self._call("stream_step")}(
            &state->n_steps, state->numbers, state->scratch, x + t * {upper}_N_FEATURES, &{p}_model);
    {self._call("stream_result")}(out, state->n_steps, state->numbers, state->scratch, &{p}_model);
    return 0;
}}"""

    def _whole_sequences(self):
        p, upper = self.prefix, self.prefix.upper()
        return f"""\
/* A whole sequence x[n_steps][{upper}_N_FEATURES]: a model that reads it from its end too cannot tell before.
 * work is {upper}_WORK(n_steps) floats. Returns 0; or 1 where n_steps is 0 or x holds NaN or what is too
 * large, and then out is as it was. */
GRUC_STATIC int {p}_predict(float *work, const float *x, size_t n_steps, float *out)
{{
    for (size_t t = 0; t < n_steps; t++)
        if ({self._call("misfit")}(x + t * {upper}_N_FEATURES, &{p}_model) < {upper}_N_FEATURES) return 1;
    if (n_steps == 0) return 1;
    {self._call("sequence_result")}(out, work, x, n_steps, &{p}_model);
    return 0;
}}"""

    def _class_of(self):
        p, upper = self.prefix, self.prefix.upper()
        return f"""\
/* Place in {p}_classes of the most probable class */
GRUC_STATIC size_t {p}_class(const float *out)
{{
    size_t best = 0;
    for (size_t j = 1; j < {upper}_N_OUTPUTS; j++)
        if (out[j] > out[best]) best = j;
    return best;
}}"""


def _literal(value, form="{:.9g}"):
    """A number as C reads it: 1.0, not 1."""
    text = form.format(value)
    return text if re.search("[.e]", text) else text + ".0"


def _floats(values):
    """Literals that are these numbers of float32 again; 0 for subnormal ones, which are slow."""
    values = np.where(np.abs(values) < np.finfo(np.float32).smallest_normal, 0, values)
    return [_literal(value) + "f" for value in values.ravel().tolist()]


def _string(text):
    """A literal of a string in UTF-8; what is not plain is written in octal."""
    plain = re.compile(rb"[A-Za-z0-9 _.,:;+-]")
    data = text.encode()
    return '"' + "".join(chr(b) if plain.match(bytes([b])) else f"\\{b:03o}" for b in data) + '"'
