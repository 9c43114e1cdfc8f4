#!/usr/bin/env bash
# install.sh FOLDER BUILT PREFIX: installs the command c1z with its man pages and completions, header, libraries, pkg-config
# files, CMake package, .proto files and licence texts into FOLDER from what Cargo built in the folder BUILT. The pkg-config
# files name PREFIX, which differs from FOLDER when a package is made.
# install.sh --remove FOLDER: removes what it installs, and no folder.
#
# The shared library is stripped; libc1z.so.….debug beside it has what debuggers want, and they find it there. Of the
# static library only the API is visible: a program may have a RocksDB, a zstd or a Rust runtime of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
soname=libc1z.so.0
library=libc1z.so.$version
# What a static libc1z needs beside itself.
beside_static='stdc++ m dl pthread'

# Where shells look for completions.
bash=share/bash-completion/completions zsh=share/zsh/site-functions fish=share/fish/vendor_completions.d
protos=$(cd proto && find . -name '*.proto' -printf '%P\n' | sort)

if [[ $1 == --remove ]]; then
  folder=$2
  rm -f "$folder/bin/c1z" "$folder"/share/man/man1/c1z{,-*}.1 "$folder/$bash/c1z" "$folder/$zsh/_c1z" "$folder/$fish/c1z.fish"
  rm -f "$folder/include/c1z.h" "$folder"/lib/libc1z.{so,a} "$folder/lib/$soname" "$folder/lib/$library"{,.debug}
  rm -f "$folder"/lib/pkgconfig/c1z{,-static}.pc "$folder"/lib/cmake/c1z/c1zConfig{,Version}.cmake
  rm -f "$folder"/share/doc/c1z/{LICENSE,third-party-licences.txt}
  while read -r proto; do rm -f "$folder/share/c1z/proto/$proto"; done <<<"$protos"
  exit
fi
folder=$1 built=$2 prefix=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install -d "$folder/bin" "$folder/include" "$folder"/lib/{pkgconfig,cmake/c1z} "$folder"/share/{man/man1,doc/c1z} \
  "$folder"/{$bash,$zsh,$fish}
# into FILE MODE: moves the FILE of $work into its place in one step, unless it is there already, byte for byte
into() {
  cmp -s "$work/$1" "$folder/$2/$1" || { install -m "$3" "$work/$1" "$folder/$2/.$1.new" && mv "$folder/$2/.$1.new" "$folder/$2/$1"; }
}

objcopy --strip-all "$built/c1z" "$work/c1z"
into c1z bin 755
mkdir "$work/man"
"$work/c1z" manual "$work/man"
for page in "$work"/man/*; do
  mv "$page" "$work/"
  into "${page##*/}" share/man/man1 644
done
# completes SHELL FOLDER NAME
completes() {
  "$folder/bin/c1z" completions "$1" >"$work/$3"
  into "$3" "$2" 644
}
completes bash "$bash" c1z
completes zsh "$zsh" _c1z
completes fish "$fish" c1z.fish

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

# fill TEMPLATE NAME=VALUE...: the template of packaging/ with each @NAME@ replaced
fill() {
  local template=packaging/$1 arguments=() pair
  shift
  for pair in "$@"; do arguments+=(-e "s|@${pair%%=*}@|${pair#*=}|g"); done
  sed "${arguments[@]}" "$template"
}
# describe NAME LIBRARIES
describe() {
  fill c1z.pc.in "PREFIX=$prefix" "NAME=$1" "VERSION=$version" "LIBS=$2" >"$work/$1.pc"
  into "$1.pc" lib/pkgconfig 644
}
describe c1z -lc1z
describe c1z-static "-l:libc1z.a -l${beside_static// / -l}"

fill c1zConfig.cmake.in "LIBRARY=$library" "SONAME=$soname" "STATIC_LIBS=${beside_static// /;}" >"$work/c1zConfig.cmake"
fill c1zConfigVersion.cmake.in "VERSION=$version" "MAJOR=${version%%.*}" "SONAME=$soname" >"$work/c1zConfigVersion.cmake"
into c1zConfig.cmake lib/cmake/c1z 644
into c1zConfigVersion.cmake lib/cmake/c1z 644

while read -r proto; do
  name=${proto##*/}
  install -d "$folder/share/c1z/proto/${proto%/*}"
  cp "proto/$proto" "$work/$name"
  into "$name" "share/c1z/proto/${proto%/*}" 644
done <<<"$protos"

cp LICENSE "$work/"
scripts/licences.sh >"$work/third-party-licences.txt"
into LICENSE share/doc/c1z 644
into third-party-licences.txt share/doc/c1z 644
