"""Programs that include a header: what they may define, how they are compiled."""

import re
import shutil
import subprocess
import sys

import gruc
import numpy as np
import pytest
from c_programs import WARNINGS, builds, program_of
from exported_c import LABELS, X, agree, program_text, y
from gruc import GRUClassifier, GRURegressor
from installs import ROOT
from problems import vowels

sys.path.append(str(ROOT / "tools"))
import hidden_macros

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


def test_fast_math_is_refused(tmp_path):
    gruc.to_c(GRUClassifier(**FAST).fit(X, y), tmp_path / "m.h", "m")
    (tmp_path / "m.c").write_text('#include "m.h"\n')
    command = ["cc", "-ffast-math", f"-I{gruc.get_include()}", "-c", "m.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "compile without -ffast-math" in done.stderr


REFERENCE = 0.42604989  # three steps of 0.7 through one unit, all weights and biases 0.3


@pytest.fixture(scope="module")
def delicate():
    """Sequences, and models by prefix whose numbers a compiler that reorders arithmetic would spoil."""
    X, y = vowels(3, 2)
    far = [np.asarray(np.float32(1e4 * x + 1e7), "float32") for x in X]  # float32 has 7 digits
    models = {"far": GRUClassifier(**FAST, pooling="attention").fit(far, y)}
    return far, models


@pytest.mark.parametrize(
    "compiler, build, flags",
    builds(
        ("cc", "baseline", "-O3 -funsafe-math-optimizations"),
        ("cc", "one number at a time", "-O2 -fassociative-math -fno-signed-zeros -fno-trapping-math"),
        ("cc", "avx2", "-O3 -funsafe-math-optimizations -std=gnu11"),
        ("cc", "baseline", "-O2 -ffinite-math-only -freciprocal-math"),
        ("clang", "baseline", "-O3 -funsafe-math-optimizations"),
        ("clang", "one number at a time", "-O2 -ffinite-math-only"),
    ),
)
def test_flags_that_let_a_compiler_reorder_arithmetic(delicate, compiler, build, flags, tmp_path):
    X, models = delicate
    one = GRURegressor((1,), frame_length=1, standardize=False, max_iter=1, random_state=0)
    one.fit([np.ones((3, 1))] * 2, [0.0, 1.0])
    one._predictor.parameters[:] = 0.3
    one._predictor.decoding.scaling = one._predictor._packed = None
    gruc.to_c(one, tmp_path / "one.h", "one")
    text = program_text(models, X, tmp_path).replace("int main(void)\n{", ONE)
    numbers = program_of('#include "one.h"\n' + text, compiler, build, tmp_path, flags.split())("")
    assert numbers[0] == pytest.approx(REFERENCE, abs=2e-7)
    agree(numbers[1:], models, X)


ONE = """int main(void)
{
    static one_state state;
    const float steps[] = {0.7f, 0.7f, 0.7f};
    float out, bad[] = {0.7f, 0.0f, 0.7f};
    require(one_predict(&state, steps, 3, &out) == 0);
    print(&out, 1);
    const uint32_t not_a_number = 0x7fc00000u, infinity = 0x7f800000u;
    memcpy(bad + 1, &not_a_number, 4);
    require(one_predict(&state, bad, 3, &out) == 1);
    memcpy(bad + 1, &infinity, 4);
    require(one_predict(&state, bad, 3, &out) == 1);
"""


def compiles(text, folder, compiler="cc", *flags):
    """Errors and warnings of the compiler."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    language = "c++" if compiler.endswith("++") else "c"
    command = [
        compiler,
        "-x",
        language,
        "-fsyntax-only",
        *WARNINGS,
        *flags,
        f"-I{gruc.get_include()}",
        "-I.",
        "-",
    ]
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True).stderr


@pytest.mark.parametrize("compiler", builds("cc", "clang", "g++"))
def test_macros_of_a_program(small, compiler):
    """Whatever it has defined, the headers are as they were, and so are its macros."""
    _, folder = small
    headers = hidden_macros.contents()
    for name, text in headers.items():
        written = (hidden_macros.INCLUDE / name).read_text()
        assert written == text, f"{name} is out of date: python tools/hidden_macros.py"
    names = [name for text in headers.values() for name in re.findall(r"#undef (\w+)", text)]
    restored = [name for text in headers.values() for name in re.findall(r'pop_macro\("(\w+)"\)', text)]
    assert names == restored
    assert {"N", "H", "K", "T", "ROWS", "LANES", "real", "vec", "stored", "outside", "state", "x"} <= {*names}
    generated = (folder / "m.h").read_text() + (folder / "both.h").read_text()
    own = r"(m|both|M|BOTH)_\w+$|gruc_\w+|GRUC_\w+"
    assert {n for n in hidden_macros.names_in(generated) if not re.match(own, n)} <= {*names}
    text = '#include <stdio.h>\n#include "gruc/base/portability.h"\n'
    text += "".join(f"#define {name} 4711 +\n" for name in names)
    text += '#include "m.h"\n#include "both.h"\n#include "gruc/gruc.h"\n'
    text += "".join(f"#if {name} 1 != 4712\n#error {name}\n#endif\n#undef {name}\n" for name in names)
    assert compiles(text + "int main(void) { return 0; }\n", folder, compiler) == ""


@pytest.mark.parametrize(
    "compiler, standards",
    builds(
        ("cc", "c99 gnu11 c2x"),
        ("clang", "c99 c17"),
        ("g++", "c++11 c++20"),
        ("clang++", "c++17"),
    ),
)
def test_standards(small, compiler, standards):
    """No warning under any, twice included, and with macros of the C library as it likes them."""
    text = '#include "m.h"\n#include "both.h"\n#include "m.h"\nint main(void) { return 0; }\n'
    for standard in standards.split():
        assert compiles(text, small[1], compiler, f"-std={standard}") == "", standard


def test_what_does_not_fit_is_an_error_of_the_compiler(small, tmp_path):
    model, folder = small
    gruc.to_c(model, tmp_path / "upper.h", "M")
    other = GRUClassifier(**FAST | dict(random_state=1)).fit(X, LABELS[y])
    gruc.to_c(other, tmp_path / "other.h", "m")
    for name in ("upper.h", "other.h"):
        errors = compiles(f'#include "{folder / "m.h"}"\n#include "{name}"\n', tmp_path)
        assert '"M_N_OUTPUTS is already defined: give each model a prefix of its own' in errors
    # headers of an earlier format name the mismatch themselves
    text = (folder / "m.h").read_text()
    (tmp_path / "old.h").write_text(text.replace("GRUC_EXPORT_FORMAT != 4", "GRUC_EXPORT_FORMAT != 3"))
    assert "written for other headers of gruc" in compiles('#include "old.h"\n', tmp_path)
