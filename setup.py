"""Builds the extensions; everything else about the package is in pyproject.toml."""

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import Cython
import scipy
from Cython.Build import cythonize
from setuptools import Extension, setup

# isort: split
from distutils import ccompiler, errors  # setuptools' own, from its import on
from distutils.sysconfig import customize_compiler

WHAT_TO_INSTALL = (
    f"Debian, Ubuntu: apt install build-essential python{sys.version_info[0]}.{sys.version_info[1]}-dev; "
    "Fedora: dnf install gcc python3-devel; macOS: xcode-select --install; Windows: Build Tools for Visual "
    "Studio with C++, https://visualstudio.microsoft.com/visual-cpp-build-tools."
)


def require_compiler():
    """Ends the build with one line where C cannot be compiled, before anything else is said."""
    compiler = ccompiler.new_compiler()
    customize_compiler(compiler)
    folders = [sysconfig.get_path(name) for name in ("include", "platinclude")]
    with tempfile.TemporaryDirectory() as folder:
        for header, what in [("math.h", "a C compiler"), ("Python.h", "the C headers of Python (Python.h)")]:
            program = Path(folder, "program.c")
            program.write_text(f"#include <{header}>\nint main(void) {{ return 0; }}\n")
            try:
                compiler.compile([str(program)], output_dir=folder, include_dirs=folders)
            except (errors.CCompilerError, errors.DistutilsError) as error:
                raise SystemExit(
                    f"gruc cannot be built without {what} ({error}). {WHAT_TO_INSTALL}"
                ) from None


# GRUC_DEBUG=1 checks every index and divisor; GRUC_TRACE=1 lets coverage see Cython lines;
# GRUC_SANITIZE=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer (make sanitize).
DEBUG = bool(int(os.environ.get("GRUC_DEBUG", "0")))
TRACE = bool(int(os.environ.get("GRUC_TRACE", "0")))
SANITIZE = bool(int(os.environ.get("GRUC_SANITIZE", "0")))

# Cython's code for memoryviews is the same in every extension: a module of its own holds it.
SHARED = "gruc.kernels._cyutility"


def compiler_arguments():
    """Arguments of the compiler, and of the linker."""
    link_args = []
    if sys.platform == "win32":
        compile_args = ["/O2", "/std:c11", "/fp:precise"]
    else:
        # Flags of CFLAGS come before these. -ffast-math, and each flag that it stands for, would make numbers
        # wrong; with the linker it also switches the whole process to a faster floating-point mode.
        precise = ["-O2", "-fno-fast-math", "-fno-unsafe-math-optimizations", "-fno-associative-math"]
        precise += ["-fno-reciprocal-math", "-fno-finite-math-only", "-fsigned-zeros"]
        # No flag that lets the compiler reorder arithmetic or build for the machine at hand:
        # numbers and wheels must travel. Where a * b + c is to be rounded once, simd.body.h says so;
        # a compiler's own choice could differ between a tile and its tail.
        # -O2: the products are unrolled by hand, and -O3 only makes the rest larger.
        compile_args = [*precise, "-ftree-vectorize", "-fvect-cost-model=dynamic"]
        # a function that no header declares ends the build (as in C23) instead of the import
        compile_args += ["-Werror=implicit-function-declaration"]
        compile_args += ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]
        compile_args += ["-g"] if DEBUG else ["-g0", "-fno-asynchronous-unwind-tables"]
        link_args += precise
    if SANITIZE:
        # alignment: Cython casts byte offsets of its own structures to pointers
        sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize=alignment"]
        compile_args += [*sanitizers, "-fno-sanitize-recover=undefined", "-g", "-fno-omit-frame-pointer"]
        link_args += sanitizers
    if sys.platform == "linux" and not (DEBUG or SANITIZE):
        link_args += ["-Wl,--strip-all"]  # a third of the size
    return compile_args, link_args


def write_blas_int():
    """Write the type of BLAS integers for the installed SciPy; returns whether all is to be built anew."""
    # SciPy from 1.18 on names the type of its BLAS integers; before, they are int
    blas_pxd = Path(scipy.__file__).parent / "linalg" / "cython_blas.pxd"
    blas_int = (
        "from scipy.linalg.cython_blas cimport blas_int\n"
        if "blas_int" in blas_pxd.read_text()
        else "ctypedef int blas_int\n"
    )
    versions = f"scipy={scipy.__version__} cython={Cython.__version__}"
    build = f"debug={DEBUG} trace={TRACE} sanitize={SANITIZE} {versions}"
    path, generated = Path("gruc/kernels/_blas_int.pxi"), f"# written by setup.py for {build}\n{blas_int}"
    if path.exists() and path.read_text() == generated:
        return False
    path.write_text(generated)
    return True


def shared_utility(force):
    """The C file of `SHARED`, written by Cython."""
    path = f"{SHARED.replace('.', '/')}.c"
    if force or not Path(path).exists():
        options = ["-X", "freethreading_compatible=True", f"--generate-shared={path}"]
        subprocess.run([sys.executable, "-m", "cython", *options], check=True)
    return path


def extensions(force, with_tests):
    """The extensions over the headers of include/gruc."""
    compile_args, link_args = compiler_arguments()
    depends = [
        path.as_posix()
        for folder, pattern in (("include/gruc", "**/*.h"), ("gruc/kernels", "*.px[di]"), ("tests", "*.h"))
        for path in sorted(Path(folder).glob(pattern))
    ]

    def extension(name, source, more_args=()):
        return Extension(
            name,
            [source],
            include_dirs=["include"],
            depends=depends,
            extra_compile_args=[*compile_args, *more_args],
            extra_link_args=link_args,
            define_macros=[("CYTHON_TRACE_NOGIL", "1")] if TRACE else [],
        )

    sources = [f"gruc/kernels/{name}.pyx" for name in ("inference", "training", "blas", "tiles")]
    if with_tests:
        sources += ["tests/layer_kernels.pyx", "tests/tile_kernels.pyx"]
    shared = extension(SHARED, shared_utility(force), [] if sys.platform == "win32" else ["-Os"])
    modules = cythonize(
        [extension(source.removesuffix(".pyx").replace("/", "."), source) for source in sources],
        shared_utility_qualified_name=SHARED,
        compiler_directives={
            "language_level": 3,
            "boundscheck": DEBUG,
            "wraparound": False,
            "initializedcheck": DEBUG,
            "cdivision": not DEBUG,
            "linetrace": TRACE,
            # kernels write to their arguments only; which are called is set at import, or between fits
            "freethreading_compatible": True,
        },
        force=force,
    )
    return [*modules, shared]


commands = set(sys.argv)
in_place = {"build_ext", "develop", "editable_wheel"} & commands  # with what only tests import
if in_place or {"bdist_wheel", "build", "install"} & commands:
    require_compiler()
    force = write_blas_int()
    setup(ext_modules=extensions(force, with_tests=bool(in_place)), options={"build_ext": {"force": force}})
else:  # metadata and sdists need no C
    setup()
