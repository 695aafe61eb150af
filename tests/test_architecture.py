"""Who may import whom, and what importing gruc does not do."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import gruc
import pytest

PACKAGE = Path(gruc.__file__).parent

# room: what of gruc and of heavy libraries it may import; rooms further down may import those above
MAY_IMPORT = {
    "_version": set(),
    "kernels": set(),
    "threads": {"kernels"},
    "_show_config": {"_version", "kernels", "threads", "scipy"},
    "sequences": {"kernels"},
    "network": {"kernels"},
    "files": set(),
    "outputs": {"files", "kernels", "sequences"},
    "training": {"kernels", "network", "sequences", "threads"},
    "runtime": {"files", "kernels", "network", "outputs", "sequences", "threads"},
    "conventions": {"_version", "sequences", "sklearn"},
    "preprocessing": {"conventions", "sequences", "sklearn"},
    "estimators": {
        "_version",
        "conventions",
        "files",
        "network",
        "outputs",
        "preprocessing",
        "runtime",
        "sequences",
        "training",
        "sklearn",
    },
    "adapters": {"conventions", "estimators"},
    "saving": {
        "_version",
        "estimators",
        "files",
        "preprocessing",
        "runtime",
        "sequences",
        "sklearn",
    },
    "datasets": {"sklearn"},
    "inspection": {
        "conventions",
        "estimators",
        "kernels",
        "preprocessing",
        "runtime",
        "sequences",
        "sklearn",
    },
    "plotting": {"inspection"},
    "deploy": {
        "_version",
        "estimators",
        "files",
        "network",
        "outputs",
        "preprocessing",
        "runtime",
        "saving",
        "sequences",
        "sklearn",
    },
    "command_line": {"_version", "files", "runtime", "sequences"},
    "__main__": {"command_line"},
}
WATCHED = {"sklearn", "scipy"} | set(MAY_IMPORT)


def imports_of(path):
    """Rooms and heavy libraries that a module of gruc imports."""
    package = path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{prefix}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield parts[1] if parts[0] == "gruc" and len(parts) > 1 else parts[0]


def files_of(room):
    """Modules of a room."""
    module = PACKAGE / f"{room}.py"
    return [module] if module.exists() else sorted((PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_arrows(room):
    files = files_of(room)
    assert files
    for path in files:
        forbidden = (set(imports_of(path)) & WATCHED) - MAY_IMPORT[room] - {room}
        assert not forbidden, f"{path.name} imports {forbidden}"


def test_arrows_form_no_circle():
    below = set()
    for room, may_import in MAY_IMPORT.items():
        assert may_import & set(MAY_IMPORT) <= below, f"{room} is listed before what it imports"
        below.add(room)


def reachable(arrows, room):
    """Rooms that `room` reaches by one arrow or more."""
    found, left = set(), [*arrows[room]]
    while left:
        if (other := left.pop()) not in found:
            found.add(other)
            left += arrows[other]
    return found


def test_drawing_matches_imports():
    """The arrows of CONTRIBUTING.md are imports, and those that it leaves out follow from others."""
    page = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text()
    drawn = {room: set() for room in MAY_IMPORT}
    for origin, target in re.findall(r"^    (\w+) --> (\w+)$", page, re.MULTILINE):
        drawn[origin].add(target)
    imported = {
        room: {other for path in files_of(room) for other in imports_of(path)}
        & set(MAY_IMPORT) - {room, "_version"}
        for room in MAY_IMPORT
    }
    for room in MAY_IMPORT:
        assert drawn[room] <= imported[room], f"{room} does not import all that it is drawn to import"
        assert imported[room] <= reachable(drawn, room), f"arrows of {room} are missing"


def test_every_room_is_listed():
    rooms = {p.stem for p in PACKAGE.glob("*.py")} | {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    assert rooms - {"__init__"} == set(MAY_IMPORT)


def imported(node, package):
    """Full names of what the statements under `node` import, in a module of `package`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and getattr(child.test, "id", None) == "TYPE_CHECKING":
            continue  # never run, and left out by Nuitka
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = package[: len(package) - child.level + 1] if child.level else ()
            prefix = ".".join([*base, *([child.module] if child.module else [])])
            yield from (
                prefix,
                prefix.rpartition(".")[0],
                *(f"{prefix}.{alias.name}" for alias in child.names),
            )
        else:
            yield from imported(child, package)


def test_every_module_is_imported_by_name():
    """By a statement in a .py file: other imports are not seen by tools that freeze a program."""
    names = set()
    for path in PACKAGE.rglob("*.py"):
        package = path.relative_to(PACKAGE.parent).parts[:-1]
        names |= set(imported(ast.parse(path.read_text()), package))
    modules = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyx"), PACKAGE / "kernels" / "_cyutility.c"]
    }
    assert "gruc.kernels.training" in modules
    # adapters are imported by the programs that use them
    assert modules - names <= {"gruc.__main__", "gruc.adapters", "gruc.adapters.sktime"}


def test_scipy_is_known_to_the_blas_extension_only():
    sources = [*(PACKAGE / "kernels").glob("*.pyx"), *(PACKAGE / "kernels").glob("*.pxd")]
    assert {path.name for path in sources if "scipy" in path.read_text()} == {"_blas.pxd"}


@pytest.mark.packaging
def test_without_docstrings():
    subprocess.run([sys.executable, "-OO", "-c", "from gruc import GRUClassifier, GRURegressor"], check=True)


def loaded_by(statement):
    """Modules that a fresh interpreter holds after `statement`."""
    program = f"import sys; {statement}; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_import_gruc_loads_nothing_heavy():
    assert not loaded_by("import gruc") & {"numpy", "scipy", "sklearn"}


def test_estimators_reach_deploy_when_asked_for_a_file():
    loaded = loaded_by("from gruc import GRUClassifier")
    assert not {name for name in loaded if name.startswith(("gruc.deploy", "safetensors"))}


def test_runtime_and_sequences_need_numpy_only():
    loaded = loaded_by("import gruc.runtime, gruc.sequences")
    assert "numpy" in loaded
    assert not loaded & {"scipy", "sklearn"}


def test_runtime_starts_fast():
    """What costs milliseconds and is not needed to predict is not imported."""
    more = loaded_by("import gruc.runtime") - loaded_by("import numpy")
    assert not more & {"hashlib", "pathlib", "random", "safetensors", "secrets", "urllib"}


def test_importing_starts_no_thread():
    program = "import gruc.runtime, gruc.kernels.training, threading; assert threading.active_count() == 1"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_changes_no_floating_point_flag():
    program = (
        "import numpy as np, gruc.runtime, gruc.kernels.training\n"
        "assert np.float64(1e-310) * 1 != 0 and np.float32(1e-40) * np.float32(1) != 0"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_public_names():
    for name in gruc.__all__:
        assert getattr(gruc, name) is not None
    assert set(dir(gruc)) == set(gruc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'LSTMClassifier'"):
        gruc.LSTMClassifier  # noqa: B018


ROOT = Path(__file__).resolve().parent.parent


def sources(*folders):
    """Source files, and not what Cython or a compiler makes of them."""
    kinds = {".py", ".pyi", ".pyx", ".pxd", ".pxi", ".h"}
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in kinds)


def test_files_are_short():
    lengths = {
        path.relative_to(ROOT).as_posix(): path.read_text().count("\n")
        for path in sources("gruc", "include", "tests")
    }
    assert len(lengths) > 150
    assert {name: n for name, n in lengths.items() if n > 400} == {}


def test_functions_take_few_arguments():
    """At most ten besides self; compiled kernels and the estimators' generated constructors may take more."""
    longest, n_functions = {}, 0
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                n_functions += 1
                a = node.args
                names = [
                    arg.arg for arg in [*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg] if arg
                ]
                if len(set(names) - {"self", "cls"}) > 10:
                    longest[f"{path.relative_to(PACKAGE).as_posix()}: {node.name}"] = names
    assert n_functions > 400
    assert longest == {}


def test_few_files_know_the_cells_by_the_parameter():
    """A cell is a kind of operation; its parameter is known where it is declared, described and exported."""
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in sources("gruc", "include")  # stubs are written by tools/signatures.py
        if path.suffix != ".pyi" and re.search(r"\breset_after\b", path.read_text())
    }
    assert "gruc/estimators/_network_parameters.py" in naming
    assert len(naming) <= 8, sorted(naming)
