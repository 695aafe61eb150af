#!/usr/bin/env bash
# Compilers and emulators that tests of the C headers use where they are there (Debian, Ubuntu).
set -euo pipefail

packages=(
    gcc g++ clang
    gcc-avr avr-libc simavr  # AVR
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross  # 64-bit Arm
    gcc-arm-linux-gnueabihf libc6-dev-armhf-cross  # 32-bit Arm
    qemu-user
    gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm  # Cortex-M
)
sanitizers=libclang-rt-dev  # of clang; older releases have no such package, and clang brings them
missing=()
installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'
}
add_sanitizers() {
    if ! installed "$sanitizers" && apt-cache show "$sanitizers" >/dev/null 2>&1; then
        missing+=("$sanitizers")
    fi
}
for package in "${packages[@]}"; do
    installed "$package" || missing+=("$package")
done
add_sanitizers
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -q update
[ "${missing[-1]}" = "$sanitizers" ] || add_sanitizers  # known only now, where there were no lists
"${as_root[@]}" apt-get -q install -y --no-install-recommends "${missing[@]}"
