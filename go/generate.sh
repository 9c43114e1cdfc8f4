#!/bin/sh
# Generates internal/apipb from ../proto/c1z/v1. The messages of the SDK that those files import keep the SDK's own Go
# packages, so that there is one Go type for each message in a program.
#
# Needs protoc with Google's own .proto files (Debian: protobuf-compiler, libprotobuf-dev), and protoc-gen-go in the
# version of google.golang.org/protobuf that go.mod names:
#   go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11
set -eu
cd "$(dirname "$0")"

module=example.com/libc1z/go
sdk=github.com/conductorone/baton-sdk/pb
proto=../proto

mapping=""
for file in $(cd "$proto" && find c1 -name '*.proto' | sort); do
	mapping="$mapping --go_opt=M$file=$sdk/$(dirname "$file")"
done
own=$(cd "$proto" && find c1z/v1 -name '*.proto' | sort)
for file in $own; do
	mapping="$mapping --go_opt=M$file=$module/internal/apipb"
done

# shellcheck disable=SC2086 # both are lists of words without spaces
protoc --proto_path="$proto" --go_out=. --go_opt=module=$module $mapping $own
