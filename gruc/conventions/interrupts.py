"""Ctrl-C: which fits keep what they have learned, and which pass the interrupt on."""

import sys

# frames of these packages mean a search, a cross-validation or an ensemble: one fit of several
RUN_SEVERAL_FITS = ("joblib", "sklearn", "optuna", "ray", "dask", "distributed", "mapie", "imblearn")
# these parts of scikit-learn also call a single fit
AROUND_ONE_FIT = ("sklearn.base", "sklearn.pipeline", "sklearn.compose", "sklearn.utils", "sklearn.callback")


def is_one_of_several_fits():
    """Whether the fit that calls this runs inside a tool that fits several models.

    If it were kept partly trained, such a model would be scored and compared as if it were
    complete, and the tool would continue with the next one. The stack is read only after Ctrl-C.
    """
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module.partition(".")[0] in RUN_SEVERAL_FITS and not _is_part_of(module, AROUND_ONE_FIT):
            return True
        frame = frame.f_back
    return False


def _is_part_of(module, packages):
    return any(module == package or module.startswith(f"{package}.") for package in packages)
