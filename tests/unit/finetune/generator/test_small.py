"""A small language model from nothing, as the command line makes one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: The command without a library, as `python -c` runs it.
WITHOUT = """
import runpy, sys
sys.modules[sys.argv.pop(1)] = None
runpy.run_module("finetune.generator.small", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_without_a_library_what_installs_it_is_told_and_nothing_is_written(tmp_path: Path, library: str) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Where is my parcel?\n", "utf-8")
    given = [library, str(tmp_path / "out"), "--text", str(text)]
    done = subprocess.run([sys.executable, "-c", WITHOUT, *given], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Error: ")
    assert f"{library} is missing. Install it with: pip install 'kefu[train]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
