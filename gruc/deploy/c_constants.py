"""Constants of an exported C model: tables of weights, the members of gruc_model, sizes of memory."""

import re

import numpy as np

from ..sequences import LARGEST
from .weights import layer_suffixes


class ModelConstants:
    """Tables of a model and the members of its gruc_model.

    Parameters
    ----------
    predictor : Predictor
    prefix : str
        Of the names of all tables.
    weights : dict of str to ndarray
        By name, matrices (inputs, outputs); float16 if they are to be stored as such.

    Attributes
    ----------
    is_half : bool
        Whether matrices are float16.
    tables : list of str
        Declarations.
    members : list of tuple
        Initialiser and name of each member of gruc_model.
    n_bytes : int
        Of all tables of numbers.
    """

    def __init__(self, predictor, prefix, weights):
        self.predictor, self.prefix, self.weights = predictor, prefix, weights
        self.config = predictor.config
        self.is_half = weights["head.weight"].dtype == np.float16
        self.tables = []
        self.n_bytes = 0
        self.members = self._members()

    def _members(self):
        """Members of gruc_model; declares the tables that they point to."""
        config, predictor, weights = self.config, self.predictor, self.weights
        n_layers = len(config["hidden_layer_sizes"])
        layers = [self._layer(suffix) for suffix in layer_suffixes(n_layers, config["bidirectional"])]
        scaling = ["NULL"] * 3
        if predictor.inputs.scaling is not None:
            mean, scale = predictor.inputs.scaling
            scaling = [self._floats("mean", mean), "NULL", self._positive("scale", scale)]
            rest = mean - mean.astype(np.float32)  # what float32 loses of a mean
            if rest.any():
                scaling[1] = self._floats("mean_rest", rest)
        target_scaling = ["NULL"] * 2
        if predictor.decoding.scaling is not None:
            mean, scale = predictor.decoding.scaling
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
            (f"GRUC_{predictor.decoding.link.upper()}", "link"),
            (predictor.inputs.framing.length, "frame_length"),
            (predictor.inputs.framing.hop, "hop_length"),
            *zip(scaling, ("mean", "mean_rest", "scale"), strict=True),
            *zip(target_scaling, ("target_mean", "target_scale"), strict=True),
            (predictor.decoding.n_quantiles, "n_quantiles"),
            (float_literal(LARGEST[np.dtype(np.float32)], "{:.1e}"), "largest"),
            (layers, "layers"),
            *zip(attention, ("attention", "attention_b", "attention_v"), strict=True),
            *zip(head, ("head", "head_b"), strict=True),
        ]

    def _layer(self, suffix):
        """Names of the tables of a layer and direction, in the order of gruc_layer."""
        W_ih, W_hh = self.weights[f"gru.weight_ih_{suffix}"], self.weights[f"gru.weight_hh_{suffix}"]
        bias, two_gates = self.weights[f"gru.bias_ih_{suffix}"], 2 * len(W_hh)
        b_hh = self.weights.get(f"gru.bias_hh_{suffix}")
        if b_hh is None:  # the reset gate comes before the recurrent product
            return [
                self._floats(f"bias_{suffix}", bias),
                "NULL",
                self._matrix(f"W_ih_{suffix}", W_ih),
                self._matrix(f"W_hh_{suffix}", W_hh[:, :two_gates]),
                self._matrix(f"W_hh_n_{suffix}", W_hh[:, two_gates:]),
            ]
        bias = bias.copy()
        bias[:two_gates] += b_hh[:two_gates]
        return [
            self._floats(f"bias_{suffix}", bias),
            self._floats(f"b_hh_n_{suffix}", b_hh[two_gates:]),
            self._matrix(f"W_ih_{suffix}", W_ih),
            self._matrix(f"W_hh_{suffix}", W_hh),
            "NULL",
        ]

    def _matrix(self, name, matrix):
        """Declare a matrix in its own order; the kernels may read beyond its end."""
        if not self.is_half:
            return self._table("float", name, _float32_literals(matrix), beyond=True)
        bits = np.ascontiguousarray(matrix).view(np.uint16).ravel()
        return self._table("uint16_t", name, [f"0x{each:04x}" for each in bits], beyond=True)

    def _floats(self, name, values):
        values = np.asarray(values).ravel()
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        if not np.isfinite(single).all():
            raise ValueError(f"{name} of the model contains {np.abs(values).max():g}, too large for float32.")
        return self._table("float", name, _float32_literals(single))

    def _positive(self, name, values):
        if values.min() < np.finfo(np.float32).smallest_normal:
            raise ValueError(f"{name} of the model contains {values.min():g}, too small for float32.")
        return self._floats(name, values)

    def _table(self, kind, name, literals, each=8, beyond=False):
        """Declare an array; return its name.

        The prefix comes last: with prefixes "speed" and "speed_target" all names differ, since the
        part before the first "_of_" is a name from this module.
        """
        name = f"gruc_{name}_of_{self.prefix}"
        lines = [", ".join(literals[i : i + each]) for i in range(0, len(literals), each)]
        size = f"{len(literals)} + GRUC_BEYOND" if beyond else len(literals)
        body = ",\n    ".join(lines)
        where = " GRUC_TABLE" if kind in ("float", "uint16_t") else ""
        self.tables.append(f"static const {kind} {name}[{size}]{where} = {{\n    {body}}};")
        self.n_bytes += len(literals) * {"float": 4, "uint16_t": 2}.get(kind, 0)
        return name


def stream_floats(config):
    """Floats of a stream's state, and of its scratch: include/gruc/program/stream.body.h."""
    units, frame = config["hidden_layer_sizes"], config["n_features"]
    state = sum(units) + _readout_size(config, units[-1])
    return state + frame, state + 4 * max(units) + 2 * units[-1] + frame + config["n_outputs"]


def stream_bytes(config):
    """Bytes of a stream's struct, which begins with a count of 8 bytes and is a multiple of 8."""
    return 8 + -(-4 * sum(stream_floats(config)) // 8) * 8


def sequence_floats(config):
    """Floats of a bidirectional model's scratch, and those for each frame: program/sequence.body.h."""
    units, frame = config["hidden_layer_sizes"], config["n_features"]
    F = 2 * units[-1]
    kept = units if config["pooling"] == "attention" else units[:-1]
    per_frame = sum(2 * max(kept[parity::2], default=0) for parity in (0, 1))
    once = 6 * max(units) + 2 * F + _readout_size(config, F) + frame + config["n_outputs"]
    return once, per_frame


def _readout_size(config, F):
    return {"last": 0, "attention": F + 2}.get(config["pooling"], F)


def float_literal(value, form="{:.9g}"):
    """A number as a C literal of type double: 1.0, not 1."""
    text = form.format(value)
    return text if re.search("[.e]", text) else text + ".0"


def _float32_literals(values):
    """Literals that are exactly these numbers of float32; 0 for subnormal ones, which are slow."""
    values = np.where(np.abs(values) < np.finfo(np.float32).smallest_normal, 0, values)
    return [float_literal(value) + "f" for value in values.ravel().tolist()]
