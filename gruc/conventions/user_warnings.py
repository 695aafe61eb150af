"""Warnings that name the user's line."""

import os
import sys
import warnings
from pathlib import Path

# files whose frames stand between the user's call and the place that warns
_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_DECORATORS = os.path.join("sklearn", "base.py")


def warn_user(message, category=UserWarning):
    """Warn as of the line that called gruc, through however many of its functions."""
    frame, stacklevel = sys._getframe(1), 2
    while frame.f_back is not None and _is_between(frame.f_code.co_filename):
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, category, stacklevel=stacklevel)


def _is_between(filename):
    return filename.startswith(_PACKAGE) or filename.endswith(_DECORATORS)
