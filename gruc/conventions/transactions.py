"""Fits that change a model wholly or not at all."""


class all_or_nothing:
    """Context with a shallow copy to work on, whose attributes become the estimator's if nothing is raised.

    They do so in one assignment: whatever a signal's handler raises, and wherever it does, the
    estimator has all of its new attributes or all of the old. Work must replace what the
    attributes hold, never change it in place.
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
