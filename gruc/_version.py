"""The version of gruc."""

__version__ = "0.1.0"
