"""A GRU network over flat buffers: layers, readout, head, and the program that kernels walk.

Knows arrays and kernels; no epochs, no labels, no scikit-learn.
"""

from .attention import ATTENTIONS
from .conv import NORM_EPSILON, take_running
from .encoder_decoder import EncoderDecoder
from .gru import CELLS
from .network import GRUNetwork
from .program import KINDS
from .readout import OF_CONVOLUTIONS, READOUTS
from .workspace import aligned_empty

__all__ = [
    "ATTENTIONS",
    "CELLS",
    "KINDS",
    "NORM_EPSILON",
    "OF_CONVOLUTIONS",
    "READOUTS",
    "EncoderDecoder",
    "GRUNetwork",
    "aligned_empty",
    "take_running",
]
