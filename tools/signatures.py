"""Write the stubs of parameters, from which type checkers and editors know the signatures of estimators.

    python tools/signatures.py            # writes a .pyi beside each module of MODULES
    python tools/signatures.py --check    # fails where such a file is not what would be written

Neither the extensions nor an installed gruc are needed, but NumPy and scikit-learn.
"""

import argparse
import collections.abc
import difflib
import importlib
import sys
import types
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

ROOT = Path(__file__).resolve().parent.parent
LINE_LENGTH = 110

HEAD = '''\
"""Written by tools/signatures.py from {module}.py; changes belong there."""

from collections.abc import {collections}
from typing import {typing}
'''

NUMPY = "\nimport numpy as np\n"
# modules with lists of parameters, and what their stubs import
MODULES = {
    "estimators._parameters": ("Callable, Sequence", "Any, Literal", NUMPY),
    "estimators._step_parameters": ("Callable, Sequence", "Any, Literal", NUMPY),
    "estimators._forecast_parameters": ("Sequence", "Literal", NUMPY),
    "estimators._language_parameters": ("Sequence", "Literal", NUMPY),
    "estimators._translation_parameters": ("Sequence", "Any, Literal", NUMPY),
    "preprocessing._parameters": ("Callable, Iterable, Sequence", "Literal", ""),
}


def without_gruc_itself():
    """Let modules of gruc be imported that need no extension, though gruc is not built."""
    rooms = dict.fromkeys(module.split(".")[0] for module in MODULES)
    for name in ("gruc", "gruc.conventions", "gruc.sequences", *(f"gruc.{room}" for room in rooms)):
        package = types.ModuleType(name)
        package.__path__ = [str(ROOT / name.replace(".", "/"))]
        sys.modules[name] = package


def type_source(kind, conventions):
    """A declared type as source text, without its constraints."""
    members = conventions.alternatives(kind)
    if len(members) > 1:
        return " | ".join(dict.fromkeys(type_source(member, conventions) for member in members))
    (kind,) = members
    kind = getattr(kind, "__origin__", kind) if hasattr(kind, "__metadata__") else kind
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return f"Literal[{', '.join(map(conventions.written, arguments))}]"
    if origin is collections.abc.Callable:
        return f"Callable[..., {type_source(arguments[-1], conventions)}]"
    if origin is not None:
        inner = ", ".join(type_source(argument, conventions) for argument in arguments)
        return f"{origin.__name__}[{inner}]"
    if kind is Ellipsis:
        return "..."
    if kind is Any or kind is types.NoneType:
        return "Any" if kind is Any else "None"
    return f"np.random.{kind.__name__}" if kind.__module__.startswith("numpy") else kind.__name__


def argument_lines(part, conventions):
    """A parameter's line in the signature, broken as ruff breaks it where it is long."""
    kind, default = type_source(part.type, conventions), conventions.written(part.default)
    line = f"        {part.name}: {kind} = {default},"
    if len(line) <= LINE_LENGTH or not kind.startswith("Literal["):
        return [line]
    return [f"        {part.name}: Literal[", f"            {kind[8:-1]}", f"        ] = {default},"]


def class_line(name, bases):
    """The first line of a class, broken as ruff breaks it where it is long."""
    joined = ", ".join(bases)
    if len(f"class {name}({joined}):") <= LINE_LENGTH:
        return [f"class {name}({joined}):"]
    if len(joined) + 4 <= LINE_LENGTH:
        return [f"class {name}(", f"    {joined}", "):"]
    return [f"class {name}(", *(f"    {base}," for base in bases), "):"]


def group_lines(name, annotations, conventions):
    """A class with these attributes."""
    attributes = [f"    {key}: {type_source(kind, conventions)}" for key, kind in annotations.items()]
    return [f"class {name}:", *attributes, ""]


def stub(name):
    """Text of the stub of a module."""
    conventions = importlib.import_module("gruc.conventions.parameters")
    module = importlib.import_module(f"gruc.{name}")
    lists = {key: value for key, value in vars(module).items() if hasattr(value, "_declared")}
    groups = dict.fromkeys(group for value in lists.values() for group in value._groups)
    collections, typing, imports = MODULES[name]
    lines = [HEAD.format(module=name.split(".")[1], collections=collections, typing=typing) + imports]
    for group in groups:
        lines += group_lines(group.__name__, group.__annotations__, conventions)
    for name, value in lists.items():
        bases = []
        for group in value._groups:
            kept = {
                key: kind
                for key, kind in group.__annotations__.items()
                if f"{group.__name__}.{key}" not in value._left_out
            }
            whole = len(kept) == len(group.__annotations__)
            bases.append(group.__name__ if whole else f"{group.__name__}Of{name}")
            if not whole:
                lines += group_lines(bases[-1], kept, conventions)
        lines += class_line(name, bases)
        lines += ["    def __init__(", "        self,"]
        arguments = [argument_lines(part, conventions) for part in value._declared]
        if len(value._positional) < len(arguments):
            arguments.insert(len(value._positional), ["        *,"])
        lines += [line for argument in arguments for line in argument]
        lines += ["    ) -> None: ...", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Write the stub of the estimators' parameters.")
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    without_gruc_itself()
    for name in MODULES:
        path = (ROOT / "gruc" / name.replace(".", "/")).with_suffix(".pyi")
        text, old = stub(name), path.read_text() if path.exists() else ""
        if not check:
            path.write_text(text)
        elif text != old:
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), text.splitlines(True)))
            where = path.relative_to(ROOT)
            sys.exit(f"{where} is not what the module beside it declares: run tools/signatures.py.")


if __name__ == "__main__":
    main()
