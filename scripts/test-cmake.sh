#!/usr/bin/env bash
# test-cmake.sh STAGE OUT: an installation in STAGE is all that a C++ project needs, wherever it is moved: CMake finds the
# libraries that are there, protoc compiles the .proto files, and the program talks to the library. Builds in OUT.
set -euo pipefail
cd "$(dirname "$0")/.."
stage=$1 out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -a "$stage" "$work/moved"
rm -f "$work"/moved/lib/*.debug

# The .proto files are closed under imports, but for Google's own.
find "$work/moved/share/c1z/proto" -name '*.proto' -printf '%P\n' >"$work/protos"
[[ $(wc -l <"$work/protos") == $(find proto -name '*.proto' | wc -l) ]]
protodir=$(PKG_CONFIG_PATH="$stage/lib/pkgconfig" pkg-config --variable=protodir c1z)
cmp -s "$protodir/c1z/v1/store.proto" proto/c1z/v1/store.proto
xargs -a "$work/protos" protoc --proto_path="$work/moved/share/c1z/proto" --descriptor_set_out="$work/descriptors"
[[ -s $work/descriptors ]]

# A build folder of another checkout's sources is refused by CMake, so this one is built anew.
rm -rf "$out/build" "$out/prefix"
mkdir -p "$out"
mv "$work/moved" "$out/prefix"
quiet() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }
quiet cmake -S examples/cpp -B "$out/build" -DCMAKE_PREFIX_PATH="$out/prefix" -DCMAKE_BUILD_TYPE=Debug
quiet cmake --build "$out/build" --parallel 2
for program in people people-shared people-static; do
  rm -f "$work/people.c1z"
  diff -u - <("$out/build/$program" "$work/people.c1z") <<<$'alice has group:admins:member\nbob has group:admins:member'
done
needs=$(readelf -d "$out/build/people-static")
[[ $needs != *libc1z* ]] || { echo "people-static needs the shared library"; exit 1; }
needs=$(readelf -d "$out/build/people")
[[ $needs == *'[libc1z.so.0]'* ]] || { echo "people does not need libc1z.so.0: $needs"; exit 1; }
status=0
message=$("$out/build/people" /dev/null/people.c1z 2>&1) || status=$?
[[ $status == 1 && $message == *"/dev/null/people.c1z"* ]] || { echo "people ended with $status: $message"; exit 1; }

# finds EXPECTED VERSION [COMPONENT]: which targets a project gets, or that there is no such package
finds() {
  mkdir -p "$work/project"
  cat >"$work/project/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.16)
project(finds LANGUAGES CXX)
find_package(c1z $2 ${3:+COMPONENTS $3})
foreach(kind IN ITEMS c1z shared static)
  if(TARGET c1z::\${kind} AND c1z_FOUND)
    list(APPEND found \${kind})
  endif()
endforeach()
message(STATUS "found: \${found}.")
CMAKE
  local said
  said=$(cmake -S "$work/project" -B "$work/project/build" -DCMAKE_PREFIX_PATH="$out/prefix" 2>&1)
  [[ $said == *"found: $1."* ]] || { echo "$said"; echo "not $1 of version $2 ${3:-}"; exit 1; }
  rm -rf "$work/project"
}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
finds 'c1z;shared;static' "$version"
finds 'c1z;shared;static' "$version EXACT"
finds '' 99.0
finds '' 1.0
mv "$out/prefix/lib/libc1z.a" "$work/"
finds 'c1z;shared' 0.1
finds '' 0.1 static
mv "$work/libc1z.a" "$out/prefix/lib/"
rm "$out"/prefix/lib/libc1z.so*
finds 'c1z;static' 0.1 static
rm "$out/prefix/lib/libc1z.a"
finds '' 0.1
echo "test-cmake: ok"
