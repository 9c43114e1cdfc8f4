#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET]: runs each fuzz target, or one, for that long. A crash ends it and names the input.
#
# It takes no nightly compiler: there is no sanitizer, which safe Rust has little use for. What is found is kept in the
# build folder and tried again the next time; fuzz/seeds holds what everyone starts with.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=$1
: "${CARGO_TARGET_DIR:?the folder that Cargo builds in}"
tools=$CARGO_TARGET_DIR/tools
version=0.13.2
if [[ $("$tools/bin/cargo-fuzz" --version 2>/dev/null || true) != "cargo-fuzz $version" ]]; then
  cargo install --root "$tools" --locked "cargo-fuzz@$version"
fi
# Targets write small files and sync them: in memory that costs little.
[[ ! -d /dev/shm ]] || export TMPDIR=/dev/shm
fuzz() { PATH=$tools/bin:$PATH cargo fuzz "$@"; }

fuzz build --sanitizer none
if (($# > 1)); then targets=("$2"); else mapfile -t targets < <(fuzz list); fi
for target in "${targets[@]}"; do
  corpus=$CARGO_TARGET_DIR/fuzz/corpus/$target artifacts=$CARGO_TARGET_DIR/fuzz/artifacts/$target/
  mkdir -p "$corpus" "$artifacts"
  log=$artifacts/log
  echo "fuzz: $target"
  if ! fuzz run --sanitizer none "$target" "$corpus" "fuzz/seeds/$target" -- \
    "-max_total_time=$seconds" -timeout=20 -rss_limit_mb=1024 -max_len=65536 "-artifact_prefix=$artifacts" >"$log" 2>&1; then
    tail -40 "$log" >&2
    echo "fuzz: $target failed; the input is in $artifacts" >&2
    exit 1
  fi
  tail -1 "$log"
done
