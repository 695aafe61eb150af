"""Bundled data sets, in the manner of sklearn.datasets."""

from ._japanese_vowels import load_japanese_vowels

__all__ = ["load_japanese_vowels"]
