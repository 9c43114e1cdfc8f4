#!/usr/bin/env bash
# With the build tag c1z_static a Go program holds the library itself: it runs where no libc1z.so is found.
# The library is found through PKG_CONFIG_PATH.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go -C "$checkout/go" test -tags c1z_static -c -o "$work/static.test" .
if readelf -d "$work/static.test" | grep -q libc1z; then
  echo "test-static: the program still needs libc1z.so"
  exit 1
fi
(cd "$checkout/go" && env -u LD_LIBRARY_PATH "$work/static.test" -test.run '^Example' -test.v) | grep -q -- '^--- PASS' ||
  { echo "test-static: no example passed"; exit 1; }
echo "test-static: ok"
