"""Write include/gruc/hide_macros.h and restore_macros.h, which keep a program's macros out of gruc's headers.

    python tools/hidden_macros.py

A program may have defined N, H or ROWS before it includes a header of gruc. For every name that the
headers use for parameters, variables, members and macros of their own, and that does not begin with gruc,
these two save the program's macro and restore it. The names themselves are in base/hide_macros_1.h and so
on, NAMES_PER_FILE in each. A test fails if the files are out of date.
"""

import re
from pathlib import Path

INCLUDE = Path(__file__).resolve().parent.parent / "include" / "gruc"
ENTRIES = ("exported.h", "exported_bfloat16.h", "exported_int8.h", "gruc.h")
NAMES_PER_FILE = 180
# names in exported models that no header of gruc has
GENERATED = "best numbers state tokens work"
C = set(
    """
auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
NULL NAN INFINITY size_t ptrdiff_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t memcpy memset
exp expf sqrt sqrtf fmaf FLT_MIN DBL_MIN FLT_EVAL_METHOD
define undef include ifdef ifndef elif endif error pragma defined asm volatile attribute Pragma
""".split()  # noqa: SIM905
)


def included_from(*headers):
    """Names of these headers, and of all that they include."""
    found, left = set(), list(headers)
    while left:
        header = left.pop()
        if header not in found:
            found.add(header)
            folder = (INCLUDE / header).parent
            for included in re.findall(r'#include "(.+)"', (INCLUDE / header).read_text()):
                left.append((folder / included).resolve().relative_to(INCLUDE).as_posix())
    return found


def names_in(text):
    """Names in a piece of C that a program's macro might change."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    text = re.sub(r'"(\\.|[^"\\])*"|<[\w/]+\.h>', " ", text)
    text = re.sub(r"^#(error|pragma).*$|_Pragma\(.*\)$", " ", text, flags=re.MULTILINE)
    text = re.sub(r"\b0x[0-9a-fA-F]+\w*|\b\d[\w.]*(e[+-]\d+\w*)?", " ", text)
    names = set(re.findall(r"\b[A-Za-z_]\w*", text)) - set(C)
    # compilers' own names, and what is gruc's by its name
    kept = r"gruc|GRUC|_|vfmaq|vcvt|vdup|vget_low|vmovl|vreinterpret|int8x8|float(16|32|64)x|pgm_read|PROGMEM"
    return {name for name in names if not re.match(kept, name)}


def contents():
    """All these headers, by name."""
    headers = {name for name in included_from(*ENTRIES) if not is_generated(name)}
    text = "\n".join((INCLUDE / name).read_text() for name in headers)
    names = sorted(names_in(text) | {*GENERATED.split()})
    written_by = "written by tools/hidden_macros.py"
    files = {"hide_macros.h": [], "restore_macros.h": []}
    for number, start in enumerate(range(0, len(names), NAMES_PER_FILE), 1):
        part = names[start : start + NAMES_PER_FILE]
        hide = "".join(f'#pragma push_macro("{name}")\n#undef {name}\n' for name in part)
        restore = "".join(f'#pragma pop_macro("{name}")\n' for name in part)
        for header, lines in (("hide_macros", hide), ("restore_macros", restore)):
            files[f"base/{header}_{number}.h"] = f"/* See {header}.h; {written_by}. */\n{lines}"
            files[f"{header}.h"].append(f'#include "base/{header}_{number}.h"\n')
    for header, purpose in (
        ("hide_macros.h", "Saves a program's own macros until restore_macros.h"),
        ("restore_macros.h", "Restores a program's own macros after hide_macros.h"),
    ):
        files[header] = (
            f"/* {purpose}; {written_by}. No include guard: each is included as often as the other. */\n"
            f"#if defined(__GNUC__) || defined(_MSC_VER)\n{''.join(files[header])}#endif\n"
        )
    return files


def is_generated(name):
    """Whether this script writes the header."""
    return re.fullmatch(r"(base/)?(hide|restore)_macros(_\d+)?\.h", name) is not None


if __name__ == "__main__":
    texts = contents()
    for old in [*INCLUDE.glob("*.h"), *INCLUDE.glob("base/*.h")]:
        if is_generated(old.relative_to(INCLUDE).as_posix()):
            old.unlink()
    for name, text in texts.items():
        (INCLUDE / name).write_text(text)
