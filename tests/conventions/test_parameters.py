"""Estimators made of groups of parameters, as those of gruc are."""

import inspect
import pickle
import pydoc
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from gruc import GRURegressor
from gruc.conventions.parameter_names import ParameterNamesMixin
from gruc.conventions.parameters import (
    Count,
    Fraction,
    Infinity,
    NonNegative,
    Parameter,
    RandomState,
    constraints,
    fit_context,
    names_of,
    parameter,
    parameters,
)
from gruc.estimators._parameters import CHOSEN_BY_REGRESSORS, Dropout, Execution, RegressorParameters
from helpers import sklearn_checks
from numpy.typing import ArrayLike
from problems import bits_of, vowels
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import Interval, InvalidParameterError, validate_parameter_constraints
from sklearn.utils.estimator_checks import check_param_validation
from sklearn.utils.validation import check_is_fitted, validate_data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Ridge:
    """Five parameters of an estimator's own."""

    alpha: NonNegative = parameter(1.0, "Penalty.")
    fit_intercept: bool = parameter(True, "Whether there is a constant term.")
    power: Count = parameter(
        1,
        """Power of the features,

        - 1 or
        - more.""",
    )
    bounds: Sequence[float] | None = parameter(None, "Range of the predictions.")
    link: Literal["identity", "log"] | Callable[[ArrayLike], ArrayLike] = parameter("identity", "Of targets.")


RidgeParameters = parameters(Ridge, positional=["alpha"], alpha=0.001)


class ToyRegressor(RidgeParameters, ParameterNamesMixin, RegressorMixin, BaseEstimator):
    """Ridge regression.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    coef_ : ndarray
    """

    def _rows(self, X):
        rows = X**self.power
        return np.column_stack([np.full(len(X), float(self.fit_intercept)), rows])

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        if self.link == "log":
            y = np.log1p(y)
        elif callable(self.link):
            y = self.link(y)
        rows = self._rows(X)
        self.coef_ = np.linalg.solve(rows.T @ rows + self.alpha * np.eye(rows.shape[1]), rows.T @ y)
        return self

    def predict(self, X):
        check_is_fitted(self)
        values = self._rows(validate_data(self, X, dtype=np.float64, reset=False)) @ self.coef_
        if self.link == "log":
            values = np.expm1(values)
        return values if self.bounds is None else values.clip(*self.bounds)


@pytest.mark.parametrize("estimator, check", sklearn_checks([ToyRegressor()]))
def test_sklearn_checks(estimator, check):
    check(estimator)


def test_constraints_hold():
    check_param_validation("ToyRegressor", ToyRegressor())
    for name, value, said in (
        ("alpha", -1, r"a float in the range \[0.0, inf\)"),
        ("power", 0, r"an int in the range \[1, inf\)"),
        ("bounds", 3, "an array-like or None"),
        ("link", "sqrt", "a callable"),
    ):
        with pytest.raises(
            InvalidParameterError, match=f"The '{name}' parameter of ToyRegressor must be .*{said}"
        ):
            ToyRegressor(**{name: value}).fit(np.eye(3), np.arange(3))


def test_signature_and_documentation():
    signature = inspect.signature(ToyRegressor)
    assert str(signature) == ("(alpha=0.001, *, fit_intercept=True, power=1, bounds=None, link='identity')")
    assert (
        inspect.getdoc(ToyRegressor)
        == """\
Ridge regression.

Parameters
----------
alpha : float, default=0.001
    Penalty.
fit_intercept : bool, default=True
    Whether there is a constant term.
power : int, default=1
    Power of the features,

    - 1 or
    - more.
bounds : sequence of float or None, default=None
    Range of the predictions.
link : {"identity", "log"} or callable, default="identity"
    Of targets.

Attributes
----------
coef_ : ndarray"""
    )
    assert "(alpha=0.001, *, fit_intercept=True" in pydoc.plain(pydoc.render_doc(ToyRegressor))
    assert ToyRegressor.__mro__[1] is RidgeParameters
    assert ToyRegressor.__init__.__qualname__ == "ToyRegressor.__init__"
    assert ToyRegressor.__init__.__module__ == __name__


def test_copies():
    model = ToyRegressor(0.5, power=3)
    assert repr(model) == "ToyRegressor(alpha=0.5, power=3)"
    assert "ToyRegressor" in model._repr_html_()
    for other in (
        clone(model),
        pickle.loads(pickle.dumps(model)),
        ToyRegressor().set_params(alpha=0.5, power=3),
    ):
        assert other.get_params() == model.get_params() == vars(model)
    X = np.random.default_rng(0).standard_normal((30, 2))
    search = GridSearchCV(ToyRegressor(), {"power": [1, 2, 3]}, cv=3).fit(X, (X**2).sum(axis=1))
    assert search.best_params_ == {"power": 2}


def test_calls():
    with pytest.raises(TypeError, match=r"^ToyRegressor.__init__\(\) takes from 1 to 2 positional arguments"):
        ToyRegressor(1.0, True)
    with pytest.raises(TypeError, match=r"^ToyRegressor.__init__\(\) .* 'alph'. Did you mean alpha\?"):
        ToyRegressor(alph=1.0)
    with pytest.raises(ValueError, match=r"Invalid parameter 'intercept' .*Did you mean fit_intercept\?"):
        ToyRegressor().set_params(intercept=False)


class Own(ToyRegressor):
    def __init__(self, bounds=None, depth=2):
        super().__init__(bounds=bounds)
        self.depth = depth


def test_subclasses_keep_what_they_define():
    model = clone(Own(depth=3))
    assert model.get_params() == {"bounds": None, "depth": 3}
    assert model.fit(np.eye(3), np.arange(3)).alpha == 0.001
    assert Own.__doc__ is None


class Shift:
    """Of a regressor that also moves its predictions."""

    shift: NonNegative = parameter(0.0, "Added to predictions.")


class ShiftedRegressor(
    parameters(
        *RegressorParameters._groups, Shift, hidden_layer_sizes=(5,), max_iter=2, without=CHOSEN_BY_REGRESSORS
    ),
    GRURegressor,
):
    """A network with one parameter more and other defaults."""

    def predict(self, X):
        return super().predict(X) + self.shift


def test_an_estimator_over_the_groups_of_gruc():
    X, y = vowels()
    assert set(ShiftedRegressor().get_params()) == {*GRURegressor().get_params(), "shift"}
    model = ShiftedRegressor(random_state=0, shift=1.0).fit(X, y)
    plain = GRURegressor((5,), max_iter=2, random_state=0).fit(X, y)
    assert bits_of(model) == bits_of(plain)
    assert np.array_equal(model.predict(X), plain.predict(X) + 1)
    assert clone(model).hidden_layer_sizes == (5,)
    with pytest.raises(InvalidParameterError, match="shift"):
        model.set_params(shift=-1.0).partial_fit(X, y)


def test_declarations_that_are_refused():
    class Again:
        dropout: Fraction = parameter(0.0, "...")

    class Bare:
        depth: int = 3

    with pytest.raises(TypeError, match="dropout is declared twice, the second time by Again"):
        parameters(Dropout, Again)
    with pytest.raises(TypeError, match=r"Bare.depth is not declared by parameter\(\)"):
        parameters(Bare)
    with pytest.raises(TypeError, match="declared by none of the groups: jobs, max_itr"):
        parameters(Execution, positional=["dtype", "jobs"], max_itr=3)


@pytest.mark.parametrize(
    "kind, words, good, bad",
    [
        (int, "int", [-3], [0.5, None]),
        (float, "float", [0.5, 2], ["0.5"]),
        (bool, "bool", [True, np.bool_(False)], [1]),
        (Count | Infinity, "int or inf", [1, np.inf], [0, 2.5]),
        (RandomState, "int, RandomState instance or None", [0, None], [0.5, "0"]),
        (Literal["a", "b"] | dict[Any, float], '{"a", "b"} or dict', ["a", {}], ["c", None]),
        (str | Callable[..., float] | None, "str, callable or None", ["f", min, None], [3]),
        (
            Annotated[float, Interval(Real, 0, 1, closed="both")] | Literal["auto"],
            'float or "auto"',
            [1, "auto"],
            [2],
        ),
    ],
)
def test_words_and_constraints_of_types(kind, words, good, bad):
    text = Parameter(None, "...", "name", kind).documentation
    assert text == f"name : {words}, default=None\n    ..."
    held = {"name": constraints(kind)}
    for value in good:
        validate_parameter_constraints(held, {"name": value}, "Toy")
    for value in bad:
        with pytest.raises(InvalidParameterError, match="The 'name' parameter of Toy must be"):
            validate_parameter_constraints(held, {"name": value}, "Toy")


def test_names():
    assert names_of(Ridge) == names_of(RidgeParameters) == list(inspect.signature(ToyRegressor).parameters)


def test_order_of_arguments():
    """Those that are positional first; the others stay keyword-only, whatever an estimator lists before them."""

    class Swapped(parameters(Dropout, Ridge, positional=["power", "alpha"]), BaseEstimator):
        pass

    assert str(inspect.signature(Swapped)) == (
        "(power=1, alpha=1.0, *, dropout=0.0, recurrent_dropout=0.0, fit_intercept=True, bounds=None, link='identity')"
    )
    assert Swapped(3, 0.5).get_params()["power"] == 3

    class Unnamed(parameters(Dropout, positional=["recurrent_dropout", "dropout"]), BaseEstimator):
        pass

    assert str(inspect.signature(Unnamed)) == "(recurrent_dropout=0.0, dropout=0.0)"

    class Named(parameters(Dropout), BaseEstimator):
        pass

    assert str(inspect.signature(Named)) == "(*, dropout=0.0, recurrent_dropout=0.0)"


def test_other_bases_are_initialised():
    """Objects of sktime have a state that their base sets."""

    class Base:
        def __init__(self):
            self.state = "new"

    class Model(RidgeParameters, Base):
        """{parameters}"""

    assert Model(0.5).state == "new"
    assert Model(0.5).alpha == 0.5
