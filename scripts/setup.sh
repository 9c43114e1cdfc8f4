#!/usr/bin/env bash
# setup.sh [tests]: installs the system packages that building libc1z takes (Debian and Ubuntu), with `tests` also those that
# its tests take, and says what else is missing. Does nothing where everything is there already.
set -euo pipefail

packages=(
  g++ make pkg-config        # RocksDB, the C examples, cgo
)
# bindgen reads RocksDB's C header with libclang and its own stdbool.h: two small packages on Debian 12, elsewhere the
# release's whole development package.
if [[ $(. /etc/os-release && echo "$ID-$VERSION_ID") == debian-12 ]]; then
  packages+=(libclang1-14 libclang-common-14-dev)
else
  packages+=(libclang-dev)
fi
if [[ ${1:-} == tests ]]; then
  packages+=(cmake protobuf-compiler libprotobuf-dev)   # the C++ example
  # The Python package and its wheel; Spark, with which it is tested. Either may have come from elsewhere.
  "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3 python3-venv)
  command -v java >/dev/null || packages+=(default-jre-headless)
fi

missing=()
for package in "${packages[@]}"; do
  dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if ((${#missing[@]})); then
  echo "setup: installing ${missing[*]}" >&2
  sudo=()
  ((EUID == 0)) || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# newer NAME HAVE WANT HOW: whether version HAVE is at least WANT
newer() {
  if [[ -z $2 ]] || [[ $(printf '%s\n' "$3" "$2" | sort -V | head -1) != "$3" ]]; then
    echo "setup: $1 $3 or newer is needed, ${2:-none} found; install it from $4" >&2
    exit 1
  fi
}
if [[ ${1:-} == tests ]]; then
  newer Python "$("${PYTHON:-python3}" -c 'import platform; print(platform.python_version())' 2>/dev/null || true)" 3.10 https://python.org
fi
newer Rust "$(cargo --version 2>/dev/null | awk '{print $2}' || true)" 1.88.0 https://rustup.rs
# A Go of 1.21 or newer fetches the toolchain that go.mod names by itself.
newer Go "$(go env GOVERSION 2>/dev/null | sed 's/^go//' || true)" 1.21.0 https://go.dev/dl
for component in rustfmt clippy; do
  cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || { echo "setup: rustup component add $component" >&2; exit 1; }
done
