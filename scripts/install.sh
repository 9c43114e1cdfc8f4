#!/usr/bin/env bash
# install.sh FOLDER BUILT PREFIX: installs header, libraries and pkg-config files into FOLDER from what Cargo built in the
# folder BUILT. The pkg-config files name PREFIX, which differs from FOLDER when a package is made.
#
# The shared library is stripped; libc1z.so.….debug beside it has what debuggers want, and they find it there. Of the
# static library only the API is visible: a program may have a RocksDB, a zstd or a Rust runtime of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1 built=$2 prefix=$3
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
soname=libc1z.so.0
library=libc1z.so.$version
# What a static libc1z needs beside itself.
static_libraries='-l:libc1z.a -lstdc++ -lm -ldl -lpthread'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install -d "$folder/include" "$folder/lib/pkgconfig"
# into FILE MODE: moves the FILE of $work into its place in one step, unless it is there already, byte for byte
into() {
  cmp -s "$work/$1" "$folder/$2/$1" || { install -m "$3" "$work/$1" "$folder/$2/.$1.new" && mv "$folder/$2/.$1.new" "$folder/$2/$1"; }
}

cp include/c1z.h "$work/"
into c1z.h include 644

objcopy --only-keep-debug "$built/libc1z.so" "$work/$library.debug"
objcopy --strip-all "$built/libc1z.so" "$work/$library"
(cd "$work" && objcopy --add-gnu-debuglink="$library.debug" "$library")
into "$library.debug" lib 644
into "$library" lib 755
ln -sf "$library" "$folder/lib/$soname"
ln -sf "$soname" "$folder/lib/libc1z.so"

# One object with all that the API needs. Groups of inline functions are dissolved: a linker would take a group of that
# name in another object for the same, and leave the hidden symbols of this one without a definition. Bitcode, which
# Rust's own objects carry, is of no use to other linkers, and ends an ar that has a plugin of an older LLVM.
mapfile -t roots < <(sed 's/^/--undefined=/' tests/symbols.txt)
ld -r --force-group-allocation -o "$work/all.o" "${roots[@]}" "$built/libc1z.a"
objcopy --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd "$work/all.o"
# objcopy hides no symbol that is unique in a process (STB_GNU_UNIQUE), but makes weak ones of them, which it hides.
nm --defined-only "$work/all.o" | awk '$2 == "u" { print $3 }' >"$work/unique"
objcopy --weaken-symbols="$work/unique" "$work/all.o"
objcopy --wildcard --keep-global-symbol='c1z_*' "$work/all.o" "$work/c1z.o"
rm -f "$work/all.o"
ar rcsD "$work/libc1z.a" "$work/c1z.o"
into libc1z.a lib 644

# describe NAME LIBRARIES
describe() {
  sed "s|@PREFIX@|$prefix|; s|@NAME@|$1|; s|@VERSION@|$version|; s|@LIBS@|$2|" c1z.pc.in >"$work/$1.pc"
  into "$1.pc" lib/pkgconfig 644
}
describe c1z -lc1z
describe c1z-static "$static_libraries"
