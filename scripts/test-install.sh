#!/usr/bin/env bash
# test-install.sh BUILT: what is installed from what Cargo built in the folder BUILT is all there, runs, and goes away again.
set -euo pipefail
cd "$(dirname "$0")/.."
built=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scripts/install.sh "$work/usr" "$built" /usr
for page in c1z c1z-access c1z-list c1z-list-grants; do
  grep -q '^\.TH ' "$work/usr/share/man/man1/$page.1"
done
[[ ! -e $work/usr/share/man/man1/c1z-manual.1 ]]
bash -n "$work/usr/share/bash-completion/completions/c1z"
grep -q '#compdef c1z' "$work/usr/share/zsh/site-functions/_c1z"
grep -q 'complete -c c1z' "$work/usr/share/fish/vendor_completions.d/c1z.fish"
"$work/usr/bin/c1z" --version
"$work/usr/bin/c1z" access tests/cli/example.c1z dana -o csv | grep -q '^group:adm:member,'

# Of a package made for /usr, which lies elsewhere until it is installed.
[[ $(PKG_CONFIG_PATH="$work/usr/lib/pkgconfig" pkg-config --variable=protodir c1z) == /usr/share/c1z/proto ]]
for part in 'Rust standard library' 'librocksdb-sys v' 'zstd-sys v' 'prost v'; do
  grep -q "^$part" "$work/usr/share/doc/c1z/third-party-licences.txt"
done

scripts/install.sh --remove "$work/usr"
left=$(find "$work/usr" ! -type d)
[[ -z $left ]] || { echo "left behind: $left"; exit 1; }

# The library needs nothing of what the command is made of.
needs=$(cargo tree --locked --prefix none -e normal | cut -d' ' -f1)
for crate in clap clap_complete clap_mangen comfy-table csv indicatif; do
  ! grep -qx "$crate" <<<"$needs" || { echo "the library depends on $crate"; exit 1; }
done
