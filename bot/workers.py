"""Several processes that serve one port: begun, begun anew where one dies, and stopped together."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from types import FrameType

from bot.settings import Settings

log = logging.getLogger(__name__)

#: Seconds between two looks whether all processes live, and whether this one is asked to stop.
LOOK = 0.1

#: Seconds before a process that died is begun anew: one that cannot start would otherwise use up the machine.
PAUSE = 1.0

#: Deaths of each process, one within so many seconds of another, after which this one ends with an error: none of them
#: serves, and whoever runs it is told.
DEATHS, APART = 5, 30.0

#: Seconds that processes have to finish what was accepted.
ENDING = 15.0


def supervise(settings: Settings) -> int:
    """Run the processes until this one is asked to stop; return the exit code.

    Raises `ServeError` where they only die.
    """
    from bot.logs import tell_operators
    from connectors.server.metrics import SHARED

    tell_operators(as_json=settings.server.json_logs)
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
        while first.is_alive() and not stopping:
            first.join(LOOK)
        if stopping:
            _end([first])
            return 0
        if first.exitcode:
            return first.exitcode
        processes = [_run(_serve, settings) for _ in range(settings.server.workers)]
        try:
            _keep(processes, settings, lambda: stopping)
        finally:
            _end(processes)
        return 0


def _keep(processes: list[BaseProcess], settings: Settings, is_stopping: Callable[[], bool]) -> None:
    """Begin those anew that die."""
    from bot.errors import ServeError

    deaths, last = 0, -math.inf
    while not is_stopping():
        time.sleep(LOOK)
        for place, process in enumerate(processes):
            if process.is_alive() or is_stopping():
                continue
            now = time.monotonic()
            deaths, last = deaths + 1 if now - last < APART else 1, now
            if deaths >= DEATHS * len(processes):
                raise ServeError(f"{deaths} processes died within a short time, the last with {process.exitcode}.")
            log.error("process %s ended with %s, and is begun anew", process.pid, process.exitcode)
            time.sleep(PAUSE)
            processes[place] = _run(_serve, settings)


def _port(settings: Settings) -> socket.socket:
    """Take the port, without listening, so that all processes can have the same."""
    from bot.errors import ServeError

    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family)
    try:
        with socket.socket(family) as alone:  # another server that shares its port would share it with this one too
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((host, port))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((host, port))
    except OSError as error:
        held.close()
        raise ServeError.at(host, port, error) from error
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
    from bot.aside import leave
    from bot.cli.main import answered, log_to_stderr

    log_to_stderr()
    threading.Thread(target=_stop_with_parent, name="kefu parent", daemon=True).start()
    with suppress(KeyboardInterrupt):
        leave(answered(work))


def _stop_with_parent() -> None:
    """Stop this process where the one that began it died: nobody else would."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _end(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    ends = time.monotonic() + ENDING
    for process in processes:
        process.join(max(0.0, ends - time.monotonic()))
        if process.is_alive():
            log.error("process %s did not end and is killed; what it left, the next start resumes", process.pid)
            process.kill()
            process.join()
