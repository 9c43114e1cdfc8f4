#!/usr/bin/env bash
# rocksdb.sh: builds RocksDB once for every Cargo profile, from the sources of the crate that Cargo.lock names, and prints
# the environment with which Cargo links that build instead of compiling its own: eval "$(scripts/rocksdb.sh)"
#
# C1Z_CACHE  where builds are kept (default: libc1z in the user's cache folder)
# CXX        the compiler (default: c++)
#
# A build's folder is named by a hash of everything that decides its bytes. Two callers at once share one build, and a
# build that was interrupted is never taken for a whole one.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly cache=${C1Z_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libc1z}
readonly cxx=${CXX:-c++}
# A unit of several files parses their common headers once: two thirds of the work. Larger units save little more and
# leave one processor idle at the end.
readonly files_a_unit=12
# Neither the library nor the C API that the crate binds refers to these.
readonly unused='^(tools/|utilities/(persistent_cache|simulator_cache)/|utilities/(env_mirror|fault_injection|cache_dump_load)|test_util/transaction_test_util|util/build_version\.cc)'

target=$(rustc -vV | sed -n 's/^host: //p')
# folder_of CRATE: where Cargo keeps the crate's sources
metadata=$(cargo metadata --format-version 1 --locked --filter-platform "$target")
folder_of() {
  grep -o "\"manifest_path\":\"[^\"]*/$1-[^\"/]*/Cargo.toml\"" <<<"$metadata" | sed 's/^"manifest_path":"//; s|/Cargo.toml"$||' | head -1
}
crate=$(folder_of librocksdb-sys)
zstd=$(folder_of zstd-sys)/zstd/lib
[[ -d $crate/rocksdb && -f $zstd/zstd.h ]] || { echo "rocksdb: no sources of librocksdb-sys and zstd-sys" >&2; exit 1; }

# The flags of .cargo/config.toml hold for RocksDB and for what is compiled against its headers.
read -ra configured < <(sed -n "s/^CXXFLAGS_$target = \"\(.*\)\"/\1/p" .cargo/config.toml; echo)
flags=(
  -std=c++20 -O2 -fPIC -w -include cstdint -ffunction-sections -fdata-sections
  -DNDEBUG -DHAVE_ALIGNED_NEW -DHAVE_UINT128_EXTENSION -DZSTD=1
  -DOS_LINUX -DROCKSDB_PLATFORM_POSIX -DROCKSDB_LIB_IO_POSIX -DROCKSDB_SCHED_GETCPU_PRESENT
  -DROCKSDB_AUXV_GETAUXVAL_PRESENT -DROCKSDB_FALLOCATE_PRESENT -DROCKSDB_RANGESYNC_PRESENT
  "${configured[@]}"
)

version=$(basename "$crate" | sed 's/^librocksdb-sys-//')
hash=$({ "$cxx" --version | head -1; "$cxx" -dumpmachine; printf '%s\n' "$unused" "$files_a_unit" "${flags[@]}"; } | sha256sum | head -c 12)
readonly built=$cache/rocksdb-$version-$hash

# write_units FOLDER: writes the units into it. Files of one folder go together; those of utilities, which has many folders
# of a file or two, whatever their folder.
write_units() {
  local groups group sources count first size part
  mapfile -t groups < <(list | group_of | sort -u)
  for group in "${groups[@]}"; do
    mapfile -t sources < <(paste <(list | group_of) <(list) | awk -v group="$group" '$1 == group { print $2 }')
    count=$(((${#sources[@]} + files_a_unit - 1) / files_a_unit))
    size=$(((${#sources[@]} + count - 1) / count))
    for ((part = 0, first = 0; first < ${#sources[@]}; part++, first += size)); do
      printf '#include "%s"\n' "${sources[@]:first:size}" >"$1/${group//\//_}_$part.cc"
    done
  done
  cp "$crate/build_version.cc" "$1/"
}

list() { tr -d '\r' <"$crate/rocksdb_lib_sources.txt" | grep -Ev "$unused"; }
group_of() { sed 's|/[^/]*$||; s|^utilities/.*|utilities|'; }

compile() {
  local work=$1
  write_units "$work"
  echo "rocksdb: compiling RocksDB $version in $(find "$work" -name '*.cc' | wc -l) units" >&2
  export cxx
  find "$work" -name '*.cc' | sort |
    xargs -P "$(nproc)" -I '{}' bash -c '"$cxx" "${@:2}" -c "$1" -o "${1%.cc}.o" && echo -n . >&2' - '{}' \
      "${flags[@]}" "-I$crate/rocksdb/include" "-I$crate/rocksdb" "-I$crate" "-I$zstd"
  echo >&2
  ar rcs "$work/librocksdb.a" "$work"/*.o
  rm -f "$work"/*.o "$work"/*.cc
}

if [[ ! -f $built/librocksdb.a ]]; then
  mkdir -p "$cache"
  exec 9>"$cache/rocksdb.lock"
  flock 9
  if [[ ! -f $built/librocksdb.a ]]; then
    work=$(mktemp -d "$cache/rocksdb.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    compile "$work"
    chmod 755 "$work"
    mv "$work" "$built"
  fi
  exec 9>&-
fi
printf 'export ROCKSDB_LIB_DIR=%q ROCKSDB_STATIC=1\n' "$built"
