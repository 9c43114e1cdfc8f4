#!/usr/bin/env bash
# With the build tag c1z_static a Go program holds the library itself: it runs where no libc1z.so is found.
# The library is found through PKG_CONFIG_PATH.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go -C "$checkout/go" test -tags c1z_static -c -o "$work/static.test" .
# Output is kept before it is searched: under pipefail, grep -q that ends early fails the program that still writes.
needed=$(readelf -d "$work/static.test")
[[ $needed != *libc1z* ]] || { echo "test-static: the program still needs libc1z.so"; exit 1; }
output=$(cd "$checkout/go" && env -u LD_LIBRARY_PATH "$work/static.test" -test.run '^Example' -test.v 2>&1) ||
  { echo "test-static: the examples failed"; echo "$output"; exit 1; }
[[ $output == *"--- PASS"* ]] || { echo "test-static: no example passed"; echo "$output"; exit 1; }
echo "test-static: ok"
