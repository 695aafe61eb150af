#!/usr/bin/env bash
# Compilers and emulators that tests of the C headers use where they are there (Debian, Ubuntu).
set -euo pipefail

packages=(
    gcc g++ clang
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross  # 64-bit Arm
    gcc-arm-linux-gnueabihf libc6-dev-armhf-cross  # 32-bit Arm
    qemu-user
    gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm  # Cortex-M
)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -q update
"${as_root[@]}" apt-get -q install -y --no-install-recommends "${missing[@]}"
