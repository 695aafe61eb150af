"""What stands before the head: an embedding or none, convolutions, GRU layers and a readout."""

from .conv import Convolution
from .embedding import Embedding
from .gru import lay_out_layer, layer_of
from .readout import readout_of


class Body:
    """From the rows of X, or tokens, to the features that the head reads.

    Parameters
    ----------
    config : dict
        `GRUNetwork.named_config`.
    prefix : str
        Of the parameters' names.

    Attributes
    ----------
    embedding : Embedding or None
    convolutions : list of Convolution
    layers : list of list of GRULayer
        The directions of each layer.
    readout : Last or SideBySide, for example
    """

    def __init__(self, config, prefix=""):
        n_inputs, n_tokens = config["n_features"], config.get("n_tokens")
        self.embedding = None if n_tokens is None else Embedding(n_tokens, n_inputs, f"{prefix}embedding")
        self.convolutions = []
        for index, (n_units, *sizes) in enumerate(config.get("convolutions", ())):
            self.convolutions.append(Convolution(index, n_inputs, n_units, *sizes, prefix))
            n_inputs = n_units
        n_read = n_inputs
        self.layers = []
        for index, n_units in enumerate(config["hidden_layer_sizes"]):
            self.layers.append(layer_of(config, index, n_inputs, f"{prefix}gru"))
            n_inputs = n_units * len(self.layers[-1])
        self.readout = readout_of(config["pooling"], n_inputs, n_read, prefix)

    @property
    def cells(self):
        """Each direction of each layer, in the order of the parameters."""
        return [layer for directions in self.layers for layer in directions]

    @property
    def parts(self):
        """All but the embedding, whose table lies behind the parameters of the head."""
        return [*self.convolutions, *self.cells, self.readout]

    def lay_out(self, builder, x, initial, options):
        """Append the operations.

        Parameters
        ----------
        builder : ProgramBuilder
        x : int
            The rows of features, which may be the vectors of tokens.
        initial : list of int
            The states that each layer starts from, or -1.
        options : ProgramOptions

        Returns
        -------
        features : int
        layers : list of (int, range)
            Of each layer the value of its states, and the places of its operations.
        """
        for convolution in self.convolutions:
            x = convolution.lay_out(builder, x, options.constant and options.training)
        x = read = builder.dropout(x)
        layers = []
        for directions, state0 in zip(self.layers, initial, strict=True):
            x = builder.dropout(x) if layers else x
            first = len(builder.operations)
            x, last = lay_out_layer(builder, directions, x, state0)
            layers.append((x, range(first, len(builder.operations))))
        return builder.dropout(self.readout.lay_out(builder, x, last, read)), layers

    def operations_per_row(self):
        """Operations of a training step, without those of readout and head.

        Three products each: forward, back, and gradients of weights; X has a gradient if it is tokens.

        Returns
        -------
        of_convolutions : float
            For each row of X.
        of_layers : int
            For each row of the first GRU layer.
        """
        n, stride = 0, 1
        for convolution in self.convolutions:
            products = 3 if convolution is not self.convolutions[0] or self.embedding else 2
            size = convolution.kernel_size * convolution.n_inputs * convolution.n_outputs
            n += 2 * products * size / stride
            stride *= convolution.pool
        of_layers = sum(
            2
            * layer.n_blocks
            * layer.n_units
            * (
                3 * layer.n_units
                + (3 if index or self.convolutions or self.embedding else 2) * layer.n_inputs
            )
            for index, directions in enumerate(self.layers)
            for layer in directions
        )
        return n, of_layers
