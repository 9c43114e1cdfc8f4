#!/usr/bin/env bash
# test-python.sh STAGE: makes the wheel with the library of the installation STAGE, installs it into a fresh virtual environment, where
# it needs nothing else, and runs the linter and the tests on it. Arguments behind STAGE are pytest's.
#
# C1Z_CACHE  where what the tests need is kept (default: libc1z in the user's cache folder)
# CI         if set, what is missing on this machine fails the tests instead of being named as skipped
set -euo pipefail
cd "$(dirname "$0")/.."
stage=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

wheel=$(scripts/wheel.sh "$stage" "$work")
fresh=$work/venv
"${PYTHON:-python3}" -m venv "$fresh"
"$fresh/bin/python" -m pip install --quiet --disable-pip-version-check --no-index "$wheel"

# Alone: without any other package, and as it is in every Python of this machine that it is for.
cat >"$work/alone.py" <<'PYTHON'
import sys, c1z
assert c1z.__file__.startswith(sys.argv[1]), c1z.__file__
with c1z.open(sys.argv[2]) as store:
    assert next(store.access("dana")).entitlement == "group:adm:member"
    assert "arrow_array_stream" in repr(store.grants.__arrow_c_stream__())
PYTHON
"$fresh/bin/python" -I "$work/alone.py" "$fresh" "$PWD/tests/cli/example.c1z"
for minor in 10 11 12 13 14 15; do
  python=python3.$minor
  "$python" -c '' 2>/dev/null || continue
  echo "test-python: $("$python" -V)"
  "$python" -m zipfile -e "$wheel" "$fresh/packages"
  PYTHONPATH=$fresh/packages PYTHONDONTWRITEBYTECODE=1 "$python" "$work/alone.py" "$fresh" "$PWD/tests/cli/example.c1z"
done

tests=$(scripts/python.sh tests)
"$tests" -m ruff check --quiet --no-cache bindings/python
"$tests" -m ruff format --quiet --no-cache --check bindings/python
(cd bindings/python && "$tests" -m mypy --no-error-summary --cache-dir "$work/mypy")

# Behind the wheel, so that a package of the tests is never taken for it.
packages='import sysconfig; print(sysconfig.get_path("purelib"))'
"$tests" -c "$packages" >"$("$fresh/bin/python" -c "$packages")/tests.pth"
cd bindings/python/tests
C1Z_COMMAND=$stage/bin/c1z PYTHONDONTWRITEBYTECODE=1 "$fresh/bin/python" -m pytest -q -p no:cacheprovider -ra "$@"
