"""Fits that change a model completely or not at all."""


class all_or_nothing:
    """Context with a shallow copy of an estimator, whose attributes replace the original's unless it raises.

    They do so in one assignment: even if a signal's handler raises at any point, the estimator has
    all new attributes or all old ones. Code in the context must replace the values of attributes
    and never change them in place.
    """

    def __init__(self, estimator):
        self._estimator = estimator

    def __enter__(self):
        self._attempt = object.__new__(type(self._estimator))
        self._attempt.__dict__.update(vars(self._estimator))
        return self._attempt

    def __exit__(self, error, *_):
        if error is None:
            self._estimator.__dict__ = vars(self._attempt)
