#!/usr/bin/env bash
# licences.sh: prints the licence texts of everything that the library and the command are made of beside their own code.
set -euo pipefail
cd "$(dirname "$0")/.."

# The folder of each package: NAME VERSION FOLDER
folders=$(cargo metadata --locked --format-version 1 --all-features \
  --filter-platform "$(rustc -vV | sed -n 's/^host: //p')" | sed 's/{"name":/\n{"name":/g' | awk '
  match($0, /^{"name":"[^"]*","version":"[^"]*","id":/) { split($0, part, "\""); name = part[4] " " part[8] }
  match($0, /"manifest_path":"[^"]*"/) { print name, substr($0, RSTART + 17, RLENGTH - 29) }')

# texts NAME LICENCE FOLDER: the texts in the folder and in what it bundles, each where it comes first; of a package with a
# choice of COPYING and LICENSE the latter holds here.
declare -A printed
texts() {
  printf '\n%s\n%s: %s\n' "$(printf '=%.0s' {1..100})" "$1" "$2"
  local found file text
  found=$(find "$3" -maxdepth 2 -type f \( -iname 'licen[cs]e*' -o -iname 'unlicense*' -o -iname 'notice*' \
    -o -path '*/licenses/MIT.txt' -o -path '*/licenses/Apache-2.0.txt' \) ! -path '*/tests/*' | sort)
  [[ -n $found ]] || found=$(find "$3" -maxdepth 1 -type f -iname 'copying*' | sort)
  while read -r file; do
    [[ -n $file ]] || continue
    text=$(tr -d '[:space:]' <"$file" | sha256sum)
    if [[ -n ${printed[$text]:-} ]]; then
      printf '\n--- %s: the same as %s\n' "${file#"$3"/}" "${printed[$text]}"
    else
      printed[$text]="${file#"$3"/} of $1"
      printf '\n--- %s\n\n' "${file#"$3"/}"
      cat "$file"
    fi
  done <<<"$found"
}

echo "What libc1z and the command c1z are made of beside their own code, each under the licence that its name is followed by."
texts "Rust standard library" "MIT OR Apache-2.0" "$(rustc --print sysroot)/share/doc/rust"
while IFS='|' read -r package licence; do
  read -r name version <<<"$package"
  [[ $name != libc1z ]] || continue
  folder=$(awk -v name="$name" -v version="${version#v}" '$1 == name && $2 == version { print $3 }' <<<"$folders")
  [[ -d $folder && -n $licence ]] || { echo "licences: nothing is known of $package" >&2; exit 1; }
  texts "$package" "$licence" "$folder"
done < <(cargo tree --locked --prefix none -e normal,no-proc-macro --features cli -f '{p}|{l}' |
  sed 's/ (\*)$//; s/ (.*)|/|/' | sort -u)
