"""Programs on a Cortex-M without a board: arm-none-eabi-gcc, and qemu's models of Arm's MPS2 boards.

Debian: gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm (tools/install_test_tools.sh).
"""

import shutil
import subprocess
from pathlib import Path

import gruc

HERE = Path(__file__).parent
COMPILER, EMULATOR = "arm-none-eabi-gcc", "qemu-system-arm"
# processor: its flags, the board that has it
PROCESSORS = {
    "cortex-m0": (["-mcpu=cortex-m0"], "mps2-an385"),  # on a Cortex-M3, which knows its instructions
    "cortex-m3": (["-mcpu=cortex-m3"], "mps2-an385"),
    "cortex-m4": (["-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"], "mps2-an386"),
    "cortex-m7": (["-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"], "mps2-an500"),
}
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
# SysTick counts at 25 MHz, and with -icount shift=0 an instruction takes a nanosecond
INSTRUCTIONS_A_TICK = 40


def missing():
    """Those of the two programs that are not installed."""
    return [name for name in (COMPILER, EMULATOR) if shutil.which(name) is None]


def compiled(source, processor, folder, options=("-O2",)):
    """Object file of a C file's path in `folder`."""
    flags, _ = PROCESSORS[processor]
    command = [COMPILER, "-mthumb", *flags, *STRICT, *options, f"-I{gruc.get_include()}", "-c", source]
    subprocess.run(command, cwd=folder, check=True)
    return folder / Path(source).with_suffix(".o").name


def told(objects, processor, folder):
    """What a program of these object files prints."""
    flags, board = PROCESSORS[processor]
    start = compiled(HERE / "start.c", processor, folder)
    subprocess.run(
        [COMPILER, "-mthumb", *flags, *objects, start, "-T", HERE / "mps2.ld", "-nostartfiles",
         "--specs=rdimon.specs", "-lm", "-o", "program.elf"],
        cwd=folder, check=True,
    )  # fmt: skip
    return subprocess.run(
        [EMULATOR, "-M", board, "-nographic", "-semihosting-config", "enable=on,target=native",
         "-icount", "shift=0", "-kernel", folder / "program.elf"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip


def size(of_object):
    """Bytes of code and constants, and of variables."""
    line = subprocess.run(
        ["arm-none-eabi-size", of_object], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1]
    text, data, bss = (int(field) for field in line.split()[:3])
    return text + data, data + bss
