"""Objects of a model file's description, read field by field, with an error for each that is invalid."""

import reprlib

__all__ = ["QUOTED", "Fields", "ModelFileError", "is_count", "is_flag", "quoted"]

# errors quote this many characters of a file
QUOTED = 60


class ModelFileError(ValueError):
    """A file that is not a gruc model, is damaged, or was written by a later version."""


class Fields:
    """An object of a description, whose fields are taken one by one until none is left.

    Parameters
    ----------
    values : object
        What the file has in the place of the object.
    where : str
        The file and the object's name, for errors.
    """

    def __init__(self, values, where):
        if not isinstance(values, dict):
            raise ModelFileError(f"{where} is damaged: it is not an object.")
        self._values, self.where = dict(values), where

    def __contains__(self, name):
        return name in self._values

    def take(self, name, is_valid):
        """The value of the field `name`; is_valid(value) must be true."""
        if name not in self._values:
            raise ModelFileError(f"{self.where} is damaged: {name} is missing.")
        value = self._values.pop(name)
        if not is_valid(value):
            raise ModelFileError(f"{self.where} is damaged: {name} is {quoted(value)}.")
        return value

    def take_object(self, name):
        """`Fields` of an object within this one."""
        return Fields(self.take(name, lambda value: isinstance(value, dict)), f"{self.where}, {name},")

    def take_counts(self, name, length=None):
        """The list of counts `name`, not empty, or of this length."""

        def is_valid(value):
            if not isinstance(value, list) or not all(map(is_count, value)):
                return False
            return len(value) > 0 if length is None else len(value) == length

        return self.take(name, is_valid)

    def refuse(self, problem):
        """Raise an error for a problem that is not that of a single field."""
        raise ModelFileError(f"{self.where} is damaged: {problem}.")

    def end(self):
        """Refuse fields that were not taken: a later version may depend on them."""
        if self._values:
            unknown = quoted(list(self._values))
            raise ModelFileError(
                f"{self.where} has fields that this version of gruc does not know: {unknown}."
            )


_quoting = reprlib.Repr()
_quoting.maxstring = _quoting.maxother = _quoting.maxlong = QUOTED


def quoted(value):
    """The repr of a value, shortened; the full repr of a large value is never made."""
    text = _quoting.repr(value)
    return text if len(text) <= QUOTED else text[:QUOTED] + "..."


def is_flag(value):
    """Whether a value is true or false."""
    return isinstance(value, bool)


def is_count(value):
    """Whether a value is an integer above 0, small enough for arithmetic on sizes."""
    return type(value) is int and 0 < value < 2**31
