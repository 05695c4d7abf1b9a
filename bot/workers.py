"""Several processes that serve one port: begun, begun anew where one dies, and stopped together."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from types import FrameType

from bot.settings import Settings

log = logging.getLogger(__name__)

#: Seconds before a process that died is begun anew: one that cannot start would otherwise use up the machine.
PAUSE = 1.0

#: Seconds that processes have to finish what was accepted.
ENDING = 15.0


def supervise(settings: Settings) -> int:
    """Run the processes until this one is asked to stop; return the exit code."""
    from bot.cli.serve import log_to_stderr
    from connectors.server.metrics import SHARED

    log_to_stderr(settings)
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with tempfile.TemporaryDirectory(prefix="kefu-metrics-") as folder, _port(settings) as held:
        os.environ[SHARED] = folder
        placed = settings.server.model_copy(update={"port": held.getsockname()[1]})
        settings = settings.model_copy(update={"server": placed})
        # The first one exports the encoder and builds the index: the others find them there.
        first = _run(_prepare, settings)
        first.join()
        if first.exitcode:
            return first.exitcode
        processes = [_run(_serve, settings) for _ in range(settings.server.workers)]
        while not stopping:
            time.sleep(0.1)
            for place, process in enumerate(processes):
                if not process.is_alive() and not stopping:
                    log.error("process %s ended with %s, and is begun anew", process.pid, process.exitcode)
                    time.sleep(PAUSE)
                    processes[place] = _run(_serve, settings)
        return _end(processes)


def _port(settings: Settings) -> socket.socket:
    """Take the port, without listening, so that all processes can have the same."""
    family = socket.AF_INET6 if ":" in settings.server.host else socket.AF_INET
    held = socket.socket(family)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((settings.server.host, settings.server.port))
    return held


def _run(target: object, settings: Settings) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=target, args=(settings,))  # type: ignore[arg-type]
    process.start()
    return process


def _prepare(settings: Settings) -> None:
    from bot.cli.knowledge import open_knowledge

    def opened() -> int:
        open_knowledge(settings)
        return 0

    _process(opened)


def _serve(settings: Settings) -> None:
    from bot.cli.serve import run

    _process(lambda: run(settings, shared=True))


def _process(work: Callable[[], int]) -> None:
    from bot.cli.main import answered, log_to_stderr

    log_to_stderr()
    with suppress(KeyboardInterrupt):
        sys.exit(answered(work))


def _end(processes: list[BaseProcess]) -> int:
    for process in processes:
        process.terminate()
    ends = time.monotonic() + ENDING
    for process in processes:
        process.join(max(0.0, ends - time.monotonic()))
        if process.is_alive():
            log.error("process %s did not end and is killed; what it left, the next start resumes", process.pid)
            process.kill()
            process.join()
    return 0
