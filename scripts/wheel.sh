#!/usr/bin/env bash
# wheel.sh STAGE OUT: makes the Python package's wheel in the folder OUT, with the library of the installation STAGE inside, and prints
# its path. One wheel is for all Pythons: the package calls the library through ctypes. It is tagged for the oldest manylinux that has
# every symbol which the library takes from the system.
#
# CC  the compiler (default: cc)
set -euo pipefail
cd "$(dirname "$0")/.."
stage=$1 out=$2
python=$(scripts/python.sh wheel)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -a bindings/python/{pyproject.toml,setup.py,README.md,src} "$work/"
find "$work/src" -name __pycache__ -prune -exec rm -rf {} +
cp "$stage"/share/doc/c1z/{LICENSE,third-party-licences.txt} "$work/"
mkdir -p "$work/src/c1z/lib"
cp -L "$stage/lib/libc1z.so.0" "$work/src/c1z/lib/"
"${CC:-cc}" -O2 -Wall -Wextra -Werror -shared -fPIC -s -o "$work/src/c1z/lib/libc1z_python.so" -I"$stage/include" \
  "$work"/src/c1z/_*.c
# What `strip` would take is gone already; the link to the separate debug information would lead nowhere.
objcopy --remove-section=.gnu_debuglink "$work/src/c1z/lib/libc1z.so.0"

quiet() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }
export SOURCE_DATE_EPOCH=315532800
quiet "$python" -m pip wheel --disable-pip-version-check --no-deps --no-build-isolation --no-index --wheel-dir "$work/plain" "$work"
PATH="$(dirname "$python"):$PATH" quiet "$python" -m auditwheel repair --plat auto --wheel-dir "$work/tagged" "$work"/plain/*.whl
mkdir -p "$out"
wheel=$(basename "$work"/tagged/*.whl)
rm -f "$out"/c1z-*.whl
mv "$work/tagged/$wheel" "$out/"
echo "$out/$wheel"
