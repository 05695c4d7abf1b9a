"""Work that nobody waits for keeps nobody: its result is there for who asks, and the process may end without it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.aside import aside

#: Begins work that never ends, and leaves.
LEAVES = """
import sys, threading
from bot.aside import aside, leave
print("said")
aside(threading.Event().wait)
{closed}
leave(5)
"""


def test_its_result_and_its_error_reach_who_waits() -> None:
    assert aside(lambda: 1 + 1).result() == 2
    with pytest.raises(ZeroDivisionError):
        aside(lambda: 1 / 0).result()


@pytest.mark.parametrize("closed", ["", "sys.stdout.flush(); sys.stdout = sys.stderr = None"], ids=["open", "closed"])
def test_who_leaves_does_not_wait_for_it_and_nothing_said_is_lost(closed: str) -> None:
    command = [sys.executable, "-c", LEAVES.format(closed=closed)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (5, "said\n", "")
