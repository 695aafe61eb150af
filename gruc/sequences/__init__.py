"""What the user gives, checked, scaled and packed into batches.

`from_channels_first` and `from_padded` convert other libraries' layouts; the
rest is for gruc's own rooms. Plain NumPy: neither SciPy nor scikit-learn.
"""

from .collection import (
    LARGEST,
    Sequences,
    as_sequences,
    check_range,
    is_list_of_arrays,
    numeric_array,
    refuse_masked,
)
from .converters import from_channels_first, from_padded
from .packing import ONE_STEP, Framing, PackedBatch
from .scaling import Scaling

__all__ = [
    "LARGEST",
    "ONE_STEP",
    "Framing",
    "PackedBatch",
    "Scaling",
    "Sequences",
    "as_sequences",
    "check_range",
    "from_channels_first",
    "from_padded",
    "is_list_of_arrays",
    "numeric_array",
    "refuse_masked",
]
