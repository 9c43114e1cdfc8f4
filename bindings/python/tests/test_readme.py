"""The examples of the README run, and print what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def examples(of_spark=False):
    """Each Python program, those for Spark or the others, and the text behind it if there is one."""
    text = (ROOT / "bindings/python/README.md").read_text()
    blocks = BLOCK.findall(text)
    for index, (language, program) in enumerate(blocks):
        if language == "python" and ("c1z.spark" in program) == of_spark:
            following = blocks[index + 1] if index + 1 < len(blocks) else ("", "")
            yield program, following[1] if following[0] == "text" else None


@pytest.mark.parametrize(("program", "printed"), list(examples()))
def test_an_example_runs(program, printed, example, example_v1, tmp_path):
    for name in ("monday", "tuesday"):
        shutil.copy(example, tmp_path / f"{name}.c1z")
    shutil.copy(example_v1, tmp_path / "old.c1z")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    if printed is not None:
        assert done.stdout == printed
