"""Long work in a thread that nobody need wait for: whoever leaves, leaves at once.

Only for work that may be cut anywhere, such as building an index, which is put in place by one rename at its end. The
event loop's own threads, and those of an executor, are waited for when the process ends.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import NoReturn, TypeVar

T = TypeVar("T")

_NAME = "kefu aside"


def aside(work: Callable[[], T]) -> Future[T]:
    """Begin ``work``; its result, or its error, is in the future."""
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name=_NAME, daemon=True).start()
    return done


def leave(code: int) -> NoReturn:
    """End the process, at once where work is under way that nobody waits for any more."""
    if any(thread.name == _NAME for thread in threading.enumerate()):
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None where whoever called closed it
            with suppress(OSError):
                stream.flush()
        # What the libraries of that work do in C would be pulled from under them, if the interpreter were taken down.
        os._exit(code)
    sys.exit(code)
