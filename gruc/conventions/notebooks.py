"""What notebooks show of fitted estimators."""


class SummaryInNotebooksMixin:
    """Mixin of estimators whose `summary` stands below scikit-learn's diagram, once they are fitted."""

    def _repr_html_inner(self):
        return super()._repr_html_inner() + self._html_of_summary()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += self._html_of_summary()
        return bundle

    def _html_of_summary(self):
        return self.summary()._repr_html_() if self.__sklearn_is_fitted__() else ""
