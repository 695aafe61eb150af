"""Write include/gruc/hide_macros.h and restore_macros.h, which keep a program's macros out of gruc's headers.

    python tools/hidden_macros.py

A program may have defined N, H or ROWS before it includes a header of gruc. For every name that the
headers use for parameters, variables, members and macros of their own, and that does not begin with gruc,
these two put the program's macro aside and bring it back. A test says when the list is out of date.
"""

import re
from pathlib import Path

INCLUDE = Path(__file__).resolve().parent.parent / "include" / "gruc"
ENTRIES = ("exported.h", "gruc.h")
OWN = ("hide_macros.h", "restore_macros.h")
# names of generated headers that no header of gruc's has
GENERATED = "best numbers state work"
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
    """Names of these headers of gruc's, and of all that they include."""
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
    kept = r"gruc|GRUC|_|vfmaq|vcvt|float(16|32|64)x|pgm_read|PROGMEM"
    return {name for name in names if not re.match(kept, name)}


def contents():
    """The two headers, by name."""
    bodies = included_from(*ENTRIES) - {*OWN}
    names = sorted(
        names_in("\n".join((INCLUDE / name).read_text() for name in bodies)) | {*GENERATED.split()}
    )
    hide = "".join(f'#pragma push_macro("{name}")\n#undef {name}\n' for name in names)
    restore = "".join(f'#pragma pop_macro("{name}")\n' for name in names)
    about = "written by tools/hidden_macros.py. No include guard: each is included as often as the other. */"
    condition = "#if defined(__GNUC__) || defined(_MSC_VER)"
    return {
        "hide_macros.h": f"/* A program's own macros are put aside until restore_macros.h; {about}\n"
        f"{condition}\n{hide}#endif\n",
        "restore_macros.h": f"/* A program's own macros, as they were before hide_macros.h; {about}\n"
        f"{condition}\n{restore}#endif\n",
    }


if __name__ == "__main__":
    for name, text in contents().items():
        (INCLUDE / name).write_text(text)
