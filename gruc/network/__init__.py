"""A GRU network over flat buffers: layers, readout, head, workspace.

Knows arrays and kernels; no epochs, no labels, no scikit-learn.
"""

from .network import GRUNetwork
from .readout import READOUTS
from .workspace import Workspace, aligned_empty

__all__ = ["READOUTS", "GRUNetwork", "Workspace", "aligned_empty"]
