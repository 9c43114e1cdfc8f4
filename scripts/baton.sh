#!/usr/bin/env bash
# Builds baton, the SDK's command for .c1z files, so that it opens those of this engine too:
#
#   scripts/baton.sh BINARY [FLAG OF GO BUILD…]
#
# It is a main package, which no program can import. So its source, of the version that go/go.mod names, is taken from
# Go's module cache into the build folder, where one file is added that registers the engine.
# cgo finds the library through PKG_CONFIG_PATH.
set -euo pipefail
(($#)) || { echo "usage: scripts/baton.sh BINARY [FLAG OF GO BUILD...]" >&2; exit 2; }
checkout=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath -m -- "$1")
shift
source=${CARGO_TARGET_DIR:-$checkout/target/make}/baton-source
sdk=github.com/conductorone/baton-sdk
go -C "$checkout/go" mod download "$sdk"
read -r version folder < <(go -C "$checkout/go" list -m -f '{{.Version}} {{.Dir}}' "$sdk")

rm -rf "$source"
mkdir -p "$source" "$(dirname "$binary")"
for file in "$folder"/cmd/baton/*.go; do
  [[ $file == *_test.go ]] || install -m 644 "$file" "$source"
done
cat >"$source/register.go" <<'GO'
package main

import (
	c1z "example.com/libc1z/go"
	"github.com/conductorone/baton-sdk/pkg/exit"
)

func init() {
	if err := c1z.Register(); err != nil {
		exit.LogExit(err)
	}
}
GO
# The SDK's requirements, without its replacements: those reach no program but its own, and what they replace will do.
sed -e 's|^module .*|module example.com/libc1z/baton|' -e '/^replace /d' "$folder/go.mod" >"$source/go.mod"
sort -u "$folder/go.sum" "$checkout/go/go.sum" >"$source/go.sum"
cd "$source"
go mod edit -require="$sdk@$version" -require=example.com/libc1z/go@v0.0.0 -replace=example.com/libc1z/go="$checkout/go"
go build -mod=mod -buildvcs=false "$@" -o "$binary" .
