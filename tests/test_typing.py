"""The stubs say what the code does: same names, same arguments, same defaults."""

import ast
import importlib
import inspect
import types
from pathlib import Path

import gruc
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.kernels import blas, inference, training

PACKAGE = Path(gruc.__file__).parent
STUBS = sorted(PACKAGE.rglob("*.pyi"))


def functions_of(body, prefix=""):
    """Qualified name and node of each function of a stub."""
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions_of(node.body, f"{node.name}.")


CASES = [
    pytest.param(path, name, node, id=f"{path.stem}.{name}")
    for path in STUBS
    for name, node in functions_of(ast.parse(path.read_text()).body)
]


@pytest.mark.parametrize("path, name, node", CASES)
def test_signature(path, name, node):
    module = importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
    if name.startswith("BaseGRU."):  # a property, and what scikit-learn mixes in
        assert hasattr(GRUClassifier, name.split(".")[1])
        assert hasattr(GRURegressor, name.split(".")[1])
        return
    if name.endswith(".set_callbacks"):  # scikit-learn's, from 1.9 on
        pytest.importorskip("sklearn.callback")
    target = module
    for part in name.split("."):
        target = getattr(target, part)
    if isinstance(target, types.WrapperDescriptorType):  # an extension type does not show its arguments
        return
    expected = [argument.arg for argument in node.args.args + node.args.kwonlyargs]
    if node.args.vararg:
        expected.append(node.args.vararg.arg)
    if node.args.kwarg:
        expected.append(node.args.kwarg.arg)
    parameters = inspect.signature(target).parameters
    assert list(parameters) == expected
    defaults = dict(zip([a.arg for a in node.args.args][::-1], node.args.defaults[::-1], strict=False))
    defaults |= dict(zip([a.arg for a in node.args.kwonlyargs], node.args.kw_defaults, strict=True))
    for argument, default in defaults.items():
        if default is not None:
            assert parameters[argument].default == ast.literal_eval(default), argument


@pytest.mark.parametrize("module", [inference, training, blas])
def test_every_kernel_has_a_stub(module):
    stub = PACKAGE / "kernels" / f"{module.__name__.split('.')[-1]}.pyi"
    public = {name for name in vars(module) if not name.startswith("_") and callable(getattr(module, name))}
    body = ast.parse(stub.read_text()).body
    assert {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))} == public


def test_py_typed():
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_stubs_have_every_public_method(Estimator):
    stub = ast.parse((PACKAGE / "estimators" / f"{Estimator.__name__[3:].lower()}.pyi").read_text())
    named = {name.split(".")[1] for name, _ in functions_of(stub.body) if "." in name}
    of_gruc = {
        name
        for name, value in inspect.getmembers(Estimator, inspect.isfunction)
        if not name.startswith("_") and (value.__module__ or "").startswith("gruc.")
    }
    assert of_gruc - named == set()
