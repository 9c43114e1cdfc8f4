#!/usr/bin/env bash
# python.sh PURPOSE: prints the Python of a virtual environment with what bindings/python/requirements-PURPOSE.txt names, which
# it makes once: for `wheel`, `tests` and `s3`.
#
# C1Z_CACHE  where it is kept (default: libc1z in the user's cache folder)
# PYTHON     the interpreter (default: python3)
#
# A folder is named by a hash of the interpreter's version and the list. Two callers at once share one, and one that was interrupted is
# never taken for a whole one.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly list=bindings/python/requirements-$1.txt
readonly cache=${C1Z_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libc1z}
readonly python=${PYTHON:-python3}

hash=$({ "$python" -VV; "$python" -c 'import sys; print(sys.base_prefix)'; cat "$list"; } | sha256sum | head -c 12)
readonly folder=$cache/python-$1-$hash

if [[ ! -f $folder/whole ]]; then
  mkdir -p "$cache"
  exec 9>"$cache/python-$1.lock"
  flock 9
  if [[ ! -f $folder/whole ]]; then
    echo "python: installing $list" >&2
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$list" >&2
    # The list names everything, so that two machines have the same.
    broken=$("$folder/bin/python" -m pip check --disable-pip-version-check) || { echo "$broken" >&2; exit 1; }
    touch "$folder/whole"
  fi
  exec 9>&-
fi
echo "$folder/bin/python"
