"""Files: written completely or not at all, and the container of a model."""

from . import model_file
from .fields import ModelFileError
from .whole_files import UnexpectedEnd, check_target, described, descriptor_of, opened, write

__all__ = [
    "ModelFileError",
    "UnexpectedEnd",
    "check_target",
    "described",
    "descriptor_of",
    "model_file",
    "opened",
    "write",
]
