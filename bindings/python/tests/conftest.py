"""What the tests share: files that are kept in the repository, and a file that was made here."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def example() -> Path:
    """A small file of this library."""
    return ROOT / "tests/cli/example.c1z"


@pytest.fixture(scope="session")
def example_v1() -> Path:
    """The same of format v1."""
    return ROOT / "tests/cli/example-v1.c1z"


@pytest.fixture(scope="session")
def command() -> str:
    """The command c1z that was built with the library."""
    found = os.environ.get("C1Z_COMMAND") or shutil.which("c1z")
    assert found, "the command c1z is not there: run `make test-python`"
    return found
