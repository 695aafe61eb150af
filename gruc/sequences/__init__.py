"""The user's X, checked, scaled and packed into batches.

`from_channels_first`, `from_long`, `from_nested` and `from_padded` convert other
libraries' layouts; the rest is internal. NumPy only: neither SciPy nor scikit-learn.
"""

from .base import Sequences
from .calendar import FEATURES as CALENDAR_FEATURES
from .calendar import Calendar, Holidays, calendar_columns
from .collection import LARGEST, as_sequences, check_range, refuse_column
from .converters import from_channels_first, from_long, from_nested, from_padded
from .covariates import FARTHEST, Covariates, Table, reaches
from .groups import Groups, as_groups
from .horizons import as_shares, bounds_of, integer_steps, rising
from .inputs import Numbers
from .known_values import KnownValues, differenced, undifferenced
from .lag_windows import ENOUGH_ALIKE, Lags, LagWindows, Series, known_values, origins_of
from .numeric import (
    columns_of,
    is_lazy,
    is_list_of_arrays,
    is_missing,
    numeric_array,
    refuse_masked,
    shown_missing,
)
from .packing import ONE_STEP, Framing, PackedBatch
from .scaling import Moments, Scaling
from .seasons import inner_season_of, season_length_of
from .times import Times
from .tokens import MOST_TOKENS, RaggedTokens, Tokens, as_tokens, integer_array

__all__ = [
    "CALENDAR_FEATURES",
    "ENOUGH_ALIKE",
    "FARTHEST",
    "LARGEST",
    "MOST_TOKENS",
    "ONE_STEP",
    "Calendar",
    "Covariates",
    "Framing",
    "Groups",
    "Holidays",
    "KnownValues",
    "LagWindows",
    "Lags",
    "Moments",
    "Numbers",
    "PackedBatch",
    "RaggedTokens",
    "Scaling",
    "Sequences",
    "Series",
    "Table",
    "Times",
    "Tokens",
    "as_groups",
    "as_sequences",
    "as_shares",
    "as_tokens",
    "bounds_of",
    "calendar_columns",
    "check_range",
    "columns_of",
    "differenced",
    "from_channels_first",
    "from_long",
    "from_nested",
    "from_padded",
    "inner_season_of",
    "integer_array",
    "integer_steps",
    "is_lazy",
    "is_list_of_arrays",
    "is_missing",
    "known_values",
    "numeric_array",
    "origins_of",
    "reaches",
    "refuse_column",
    "refuse_masked",
    "rising",
    "season_length_of",
    "shown_missing",
    "undifferenced",
]
