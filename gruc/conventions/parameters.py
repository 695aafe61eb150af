"""Parameters of estimators, each declared once.

A group is a class whose annotated names are parameters: type, default and description. A list of groups
is the base of an estimator::

    class Dropout:
        dropout: Share = parameter(0.0, "Fraction of the elements that ...")

    TaggerParameters = parameters(Network, Dropout, hidden_layer_sizes=(32,))

    class Tagger(TaggerParameters, BaseEstimator): ...

From them follow the estimator's ``__init__`` with its signature, its ``_parameter_constraints`` and what
stands for ``{parameters}`` in its docstring. Type checkers and editors do not see through `parameters`:
tools/signatures.py writes what they read.
"""

import inspect
import json
import types
from collections.abc import Callable, Sequence
from functools import cached_property, wraps
from numbers import Integral, Real
from textwrap import indent
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _is_fitted

from .parameter_names import explains_unknown_parameters

Function = TypeVar("Function", bound=Callable[..., Any])

# Types with their constraints. A type that is not Annotated has the constraint of SIMPLE_CONSTRAINTS.
Count = Annotated[int, Interval(Integral, 1, None, closed="left")]
Positive = Annotated[float, Interval(Real, 0, None, closed="neither")]
NonNegative = Annotated[float, Interval(Real, 0, None, closed="left")]
Fraction = Annotated[float, Interval(Real, 0, 1, closed="left")]  # 0 included, 1 not
ClosedFraction = Annotated[float, Interval(Real, 0, 1, closed="both")]
OpenFraction = Annotated[float, Interval(Real, 0, 1, closed="neither")]
PositiveFraction = Annotated[float, Interval(Real, 0, 1, closed="right")]
Infinity = Annotated[float, Options(Real, {np.inf})]
RandomState = Annotated[int | np.random.RandomState | None, "random_state"]
Verbose = Annotated[bool, "verbose"]

SIMPLE_CONSTRAINTS: dict[Any, Any] = {
    bool: "boolean",
    int: Integral,
    float: Real,
    str: str,
    dict: dict,
    Sequence: "array-like",
    list: list,
    tuple: tuple,
    Callable: callable,
    types.NoneType: None,
}
# how numpydoc texts name them, where it is not the name of the type
WORDS: dict[Any, str] = {
    types.NoneType: "None",
    Any: "object",
    Callable: "callable",
    np.random.RandomState: "RandomState instance",
}


class Parameter:
    """A parameter as declared: what `parameter` was given, its name and its type."""

    def __init__(self, default, description, name=None, type=None):
        self.default = default
        self.description = description
        self.name = name
        self.type = type

    @cached_property
    def documentation(self):
        """Its entry of a numpydoc section."""
        words = list(dict.fromkeys(_word(kind) for kind in alternatives(self.type)))
        words[-2:] = [" or ".join(words[-2:])]
        kinds, description = ", ".join(words), indent(inspect.cleandoc(self.description), "    ")
        return f"{self.name} : {kinds}, default={written(self.default)}\n{description}"


def parameter(default: Any, description: str) -> Any:
    """Declare a parameter in the body of a group, ``name: type = parameter(default, description)``.

    Parameters
    ----------
    default : object
        Immutable.
    description : str
        For the numpydoc section; later lines of it may be indented as the code around them.
    """
    return Parameter(default, description)


def parameters(
    *groups: type, positional: Sequence[str] = (), without: Sequence[str] = (), **defaults: Any
) -> type:
    """Base of an estimator that has the parameters of these groups, in their order.

    Parameters
    ----------
    *groups : type
        Classes whose annotated names are parameters.
    positional : sequence of str, default=()
        Parameters that callers may give without their names, in this order. The others are
        keyword-only.
    without : sequence of str, default=()
        Parameters that are left out, ``"Group.name"``.
    **defaults : object
        Defaults, by name, that differ from those of the groups.

    Raises
    ------
    TypeError
        A parameter is declared twice or without `parameter`, or a name is that of none.
    """
    declared: dict[str, Parameter] = {}
    left_out = set(without)
    for group in groups:
        for name, kind in inspect.get_annotations(group).items():
            if f"{group.__name__}.{name}" in left_out:
                left_out.remove(f"{group.__name__}.{name}")
                continue
            if name in declared:
                raise TypeError(f"{name} is declared twice, the second time by {group.__name__}.")
            part = vars(group).get(name)
            if not isinstance(part, Parameter):
                raise TypeError(f"{group.__name__}.{name} is not declared by parameter().")
            part.name, part.type = name, kind
            if name in defaults:
                part = Parameter(defaults.pop(name), part.description, name, kind)
            declared[name] = part
    unknown = sorted({*defaults, *positional} - set(declared) | left_out)
    if unknown:
        raise TypeError(f"declared by none of the groups: {', '.join(unknown)}.")
    in_order = [*positional, *(name for name in declared if name not in positional)]
    parts = {
        "_declared": tuple(declared[name] for name in in_order),
        "_positional": tuple(positional),
        "_groups": groups,
        "_left_out": frozenset(without),
    }
    return type("Parameters", (ParameterList,), parts)


def names_of(kind: type) -> list[str]:
    """Names of the parameters of a group, or of a list."""
    declared = getattr(kind, "_declared", None)
    return [part.name for part in declared] if declared else list(inspect.get_annotations(kind))


class ParameterList:
    """Base of what `parameters` returns."""

    _declared: tuple[Parameter, ...] = ()
    _positional: tuple[str, ...] = ()
    _groups: tuple[type, ...] = ()
    _left_out: frozenset[str] = frozenset()

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if any("_declared" in vars(base) for base in cls.__bases__ if base is not ParameterList):
            cls.__init__ = _init(cls)
            cls._parameter_constraints = {part.name: constraints(part.type) for part in cls._declared}
            if cls.__doc__ is not None:  # python -OO
                text = "\n".join(part.documentation for part in cls._declared)
                cls.__doc__ = cls.__doc__.replace("{parameters}", indent(text, "    ").strip())


def _init(cls):
    """``__init__(self, a=..., *, b=...)``, which stores its arguments."""
    declared = cls._declared
    arguments = [f"{part.name}=defaults[{part.name!r}]" for part in declared]
    if len(cls._positional) < len(declared):
        arguments.insert(len(cls._positional), "*")
    lines = [f"def __init__(self, {', '.join(arguments)}):", "    super(kind, self).__init__()"]
    lines += [f"    self.{part.name} = {part.name}" for part in declared]
    names = {
        "defaults": {part.name: part.default for part in declared},
        "kind": cls,
        "__name__": cls.__module__,
    }
    exec("\n".join(lines), names)
    init = names["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return explains_unknown_parameters(init)


def alternatives(kind):
    """Members of a union of types, of nested ones too; other types alone."""
    if get_origin(kind) in (Union, types.UnionType):
        return [member for part in get_args(kind) for member in alternatives(part)]
    if get_origin(kind) is Annotated and get_origin(kind.__origin__) in (Union, types.UnionType):
        return alternatives(kind.__origin__)
    return [kind]


def constraints(kind):
    """What scikit-learn's validation knows a type by: a list of constraints."""
    origin = get_origin(kind)
    if origin is Annotated:
        return list(kind.__metadata__)
    if origin in (Union, types.UnionType):
        return [constraint for part in get_args(kind) for constraint in constraints(part)]
    if origin is Literal:
        return [StrOptions(set(get_args(kind)))]
    return [SIMPLE_CONSTRAINTS[origin or kind]]


def _word(kind):
    """Name of a type in numpydoc texts."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        for constraint in kind.__metadata__:
            if isinstance(constraint, Options):
                return " or ".join(map(str, sorted(constraint.options)))
        return _word(kind.__origin__)
    if origin is Literal:
        words = [written(option) for option in arguments]
        return words[0] if len(words) == 1 else f"{{{', '.join(words)}}}"
    if origin is Sequence:
        return f"sequence of {_word(arguments[0])}"
    return WORDS.get(origin or kind) or (origin or kind).__name__


def written(value):
    """A default as source text, strings in double quotes."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Function], Function]:
    """scikit-learn's decorator of `fit`, which validates parameters, with types.

    Parameters
    ----------
    prefer_skip_nested_validation : bool
        Whether estimators inside need not validate theirs.
    """
    decorated = _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)

    def decorator(method: Function) -> Function:
        in_context = decorated(method)
        return _without_context(method, in_context) if method.__name__ == "partial_fit" else in_context

    return decorator


def _without_context(partial_fit: Function, in_context: Function) -> Function:
    """A `partial_fit` that runs in scikit-learn's context only at the first call or with callbacks.

    Otherwise nothing in it is of use, and it takes as long as the step on a short sequence.
    """

    @wraps(partial_fit)
    def method(estimator, *args, **kwargs):
        if _is_fitted(estimator) and not getattr(estimator, "_skl_callbacks", None):
            return partial_fit(estimator, *args, **kwargs)
        return in_context(estimator, *args, **kwargs)

    return method  # type: ignore[return-value]
