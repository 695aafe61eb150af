"""What type checkers and editors know of gruc is what the code does."""

import ast
import importlib
import inspect
import subprocess
import sys
import types
from pathlib import Path

import gruc
import pytest
from gruc import GRUClassifier, GRUForecaster, GRURegressor, GRUStepRegressor, GRUTagger, GRUTransformer
from gruc.kernels import blas, inference, training
from gruc.preprocessing import TextSequencer

PACKAGE = Path(gruc.__file__).parent
TOOL = Path(__file__).parent.parent / "tools" / "signatures.py"
ESTIMATORS = [GRUClassifier, GRURegressor, GRUTagger, GRUStepRegressor, GRUForecaster, GRUTransformer]

# ---- stubs of the kernels: same names, same arguments, same defaults


def functions_of(body, prefix=""):
    """Qualified name and node of each function of a stub."""
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions_of(node.body, f"{node.name}.")


CASES = [
    pytest.param(path, name, node, id=f"{path.stem}.{name}")
    for path in sorted((PACKAGE / "kernels").glob("*.pyi"))
    for name, node in functions_of(ast.parse(path.read_text()).body)
]


def parameters_of(node):
    """Names of the arguments of a function of a stub, and their defaults."""
    arguments = node.args
    names = [argument.arg for argument in arguments.args + arguments.kwonlyargs]
    names += [argument.arg for argument in (arguments.vararg, arguments.kwarg) if argument]
    defaults = dict(zip([a.arg for a in arguments.args][::-1], arguments.defaults[::-1], strict=False))
    defaults |= dict(zip([a.arg for a in arguments.kwonlyargs], arguments.kw_defaults, strict=True))
    return names, {name: ast.literal_eval(value) for name, value in defaults.items() if value is not None}


@pytest.mark.parametrize("path, name, node", CASES)
def test_signature_of_kernel(path, name, node):
    target = importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
    for part in name.split("."):
        target = getattr(target, part)
    if isinstance(target, types.WrapperDescriptorType):  # an extension type does not show its arguments
        return
    names, defaults = parameters_of(node)
    parameters = inspect.signature(target).parameters
    assert list(parameters) == names
    for argument, default in defaults.items():
        assert parameters[argument].default == default, argument


@pytest.mark.parametrize("module", [inference, training, blas])
def test_every_kernel_has_a_stub(module):
    stub = PACKAGE / "kernels" / f"{module.__name__.split('.')[-1]}.pyi"
    public = {name for name in vars(module) if not name.startswith("_") and callable(getattr(module, name))}
    body = ast.parse(stub.read_text()).body
    assert {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))} == public


def test_py_typed():
    assert (PACKAGE / "py.typed").exists()


# ---- estimators


def test_stub_of_parameters_is_what_they_declare():
    result = subprocess.run([sys.executable, TOOL, "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "Estimator, module, name",
    [
        (kind, "estimators/_parameters", f"{kind.__name__[3:]}Parameters")
        for kind in (GRUClassifier, GRURegressor)
    ]
    + [(GRUForecaster, "estimators/_forecast_parameters", "ForecasterParameters")]
    + [
        (kind, "estimators/_step_parameters", f"{kind.__name__[3:]}Parameters")
        for kind in (GRUTagger, GRUStepRegressor)
    ]
    + [(TextSequencer, "preprocessing/_parameters", "TextParameters")],
)
def test_stub_is_the_signature(Estimator, module, name):
    """Held against the signature itself, which the tool does not read."""
    stub = ast.parse((PACKAGE / f"{module}.pyi").read_text())
    node = dict(functions_of(stub.body))[f"{name}.__init__"]
    names, defaults = parameters_of(node)
    signature = inspect.signature(Estimator.__init__).parameters
    assert list(signature) == names
    assert {name: part.default for name, part in signature.items() if name != "self"} == defaults
    assert [a.arg for a in node.args.args] == [
        name for name, part in signature.items() if part.kind is part.POSITIONAL_OR_KEYWORD
    ]


@pytest.mark.parametrize("Estimator", [*ESTIMATORS, TextSequencer])
def test_public_methods_are_typed(Estimator):
    methods = {
        name: value
        for name, value in inspect.getmembers(Estimator, inspect.isfunction)
        if not name.startswith("_") and (value.__module__ or "").startswith("gruc.")
    }
    assert {"fit", "set_params"} <= set(methods)
    for name, method in methods.items():
        signature = inspect.signature(method)
        assert signature.return_annotation is not signature.empty, name
        for part in list(signature.parameters.values())[1:]:
            assert part.annotation is not part.empty, f"{name}({part.name})"


# lines of a user's program, and what mypy says of them
PROGRAM = """\
import numpy as np
from gruc import GRUClassifier, GRUForecaster, GRURegressor, GRUTagger, GRUTransformer

X, y = np.zeros((4, 9, 2)), np.array([0, 1, 0, 1])
GRUClassifier((32, 16), bidirectional=True, max_iter=3, class_weight={"a": 2.0}, n_jobs=-1)
GRURegressor([8], loss="quantile", quantile=(0.1, 0.9), max_grad_norm=None, n_iter_no_change=np.inf)
GRUClassifier(max_iters=3)  # Unexpected keyword argument "max_iters" for "GRUClassifier"
GRUClassifier(loss="huber")  # Unexpected keyword argument "loss" for "GRUClassifier"
GRUTagger((8,), class_weight="balanced", embedding_dim=4)
GRUTagger(pooling="last")  # Unexpected keyword argument "pooling" for "GRUTagger"
GRURegressor(class_weight="balanced")  # Unexpected keyword argument "class_weight" for "GRURegressor"
GRUClassifier(dropout="0.1")  # Argument "dropout" to "GRUClassifier" has incompatible type "str"; expected "float"
GRURegressor(hidden_layer_sizes=1.5)  # Argument "hidden_layer_sizes" to "GRURegressor" has incompatible type
GRUClassifier(pooling="median")  # Argument "pooling" to "GRUClassifier" has incompatible type
GRURegressor(loss="mse")  # Argument "loss" to "GRURegressor" has incompatible type
GRUClassifier((8,), True)  # Too many positional arguments for "GRUClassifier"
model = GRUClassifier().fit(X, y, sample_weights=y)  # Unexpected keyword argument "sample_weights" for "fit"
model.n_layers_ = "many"  # Incompatible types in assignment (expression has type "str", variable has type "int")
GRUTransformer(train=False)  # Unexpected keyword argument "train" for "GRUTransformer"
reveal_type(model.power_t)  # Revealed type is "float"
reveal_type(GRURegressor().fit(X, y))  # Revealed type is "gruc.estimators.regressor.GRURegressor"
reveal_type(model.weights_)  # Revealed type is "dict[str, numpy.ndarray
reveal_type(model.loss_curve_)  # Revealed type is "list[float]"
reveal_type(model.stream())  # Revealed type is "gruc.runtime.stream.Stream"


class Mine(GRUClassifier):
    def __init__(self, depth: int = 1):
        super().__init__((32,) * depth, max_itr=3)  # Unexpected keyword argument "max_itr" for "__init__"


Mine(depth=2).set_params(depth=3).fit(X, y)
Mine(max_iter=3)  # Unexpected keyword argument "max_iter" for "Mine"
"""


def test_a_program_under_mypy(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    if "site-packages" not in PACKAGE.parts:  # mypy finds what is installed there by itself
        monkeypatch.setenv("MYPYPATH", str(PACKAGE.parent))
    options = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent", "--no-error-summary"]
    said, errors, _ = api.run(
        [*options, f"--cache-dir={tmp_path}", f"--python-executable={sys.executable}", str(program)]
    )
    assert not errors
    found = {}
    for line in said.splitlines():
        _, number, message = line.split(":", 2)
        found.setdefault(int(number), []).append(message)
    expected = {
        number: line.partition("  # ")[2]
        for number, line in enumerate(PROGRAM.splitlines(), 1)
        if "  # " in line
    }
    assert set(found) == set(expected), said
    for number, message in expected.items():
        assert message in "\n".join(found[number])


@pytest.mark.parametrize("name", ["GRUClassifier", "GRURegressor"])
def test_signature_in_an_editor(name, tmp_path, monkeypatch):
    """As Jedi reads it from the source: it stands behind Spyder and many other editors."""
    jedi = pytest.importorskip("jedi")
    # the tests of two processes would read what the other has written in part
    monkeypatch.setattr(jedi.settings, "cache_directory", str(tmp_path))
    project = jedi.Project(PACKAGE.parent)
    script = jedi.Script(
        f"from gruc import {name}\n{name}(", path=PACKAGE.parent / "program.py", project=project
    )
    (signature,) = script.get_signatures()
    shown = [part.to_string().replace(" = ", "=").replace('"', "'") for part in signature.params]
    for part, parameter in zip(
        shown, inspect.signature(getattr(gruc, name)).parameters.values(), strict=True
    ):
        assert part.startswith(f"{parameter.name}: ")
        assert part.endswith(f"={parameter.default!r}")
