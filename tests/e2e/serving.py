"""What the tests of `kefu serve` share: the real command on a free port, and calls to it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.e2e.command import KEFU, PATIENCE, Desk

KEY = "key-of-the-shop-0123456789"

#: Seconds between two looks for what comes about in another process.
LOOK = 0.05

T = TypeVar("T")


def eventually(look: Callable[[], T | None]) -> T:
    """Return what ``look`` finds, as soon as it finds anything."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(LOOK)
    raise AssertionError("it did not come about")


@dataclass
class Server:
    """A server, what it writes to its standard error, and calls to it."""

    process: subprocess.Popen[bytes]
    written: Path
    port: int = field(init=False)

    def __post_init__(self) -> None:
        def bound() -> re.Match[str] | None:
            assert self.process.poll() is None, self.log
            return re.search(r"listening at http://127\.0\.0\.1:(\d+)", self.log)

        self.port = int(eventually(bound)[1])

    @property
    def log(self) -> str:
        return self.written.read_text("utf-8")

    def call(self, path: str, body: object = None) -> tuple[int, Any]:
        """Return the status and the document that a call is answered with."""
        with self.open(path, body) as response:
            return response.status, json.loads(response.read())

    def open(self, path: str, body: object = None, **headers: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers |= {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Connection": "close"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers)
        try:
            return urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            return error

    def says(self, text: str, conversation: str = "anna", id_: str = "1") -> Any:
        """Send a message and return its reply."""
        status, said = self.call("/v1/messages", {"conversation": conversation, "text": text, "id": id_})
        assert status == 200, said
        return said

    def accepts(self, text: str, conversation: str, id_: str = "1") -> Any:
        """Send a message and return as soon as it is accepted: what comes after that can be read."""
        body = {"conversation": conversation, "text": text, "id": id_}
        stream = self.open("/v1/messages", body, Accept="text/event-stream")
        assert stream.readline() == b"event: accepted\n"
        return stream

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    @property
    def workers(self) -> list[int]:
        """The processes that serve, where it has several."""
        return sorted(pid for pid in children(self.process.pid) if b"spawn_main" in _of(pid, "cmdline"))

    @property
    def answering(self) -> list[int]:
        """Those of them that have answered a call: each counts its own in a file."""
        settings = dict(line.partition(b"=")[::2] for line in _of(self.workers[0], "environ").split(b"\0"))
        counts = Path(settings[b"PROMETHEUS_MULTIPROC_DIR"].decode()).glob("counter_*.db")
        return sorted(int(file.stem.removeprefix("counter_")) for file in counts)


@contextmanager
def serving(desk: Desk, *arguments: str, **env: str) -> Iterator[Server]:
    """Run a server until the block ends."""
    written = desk.folder / f"stderr-{time.monotonic_ns()}"
    keys = {"KEFU_SERVER__KEYS__SHOP": KEY, "KEFU_KNOWLEDGE__WATCH": "false"}
    with written.open("wb") as stderr:
        process = subprocess.Popen(
            [KEFU, "serve", "--faq", "faq", "--port", "0", *arguments],
            cwd=desk.folder,
            env=desk.environment({**keys, **env}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        yield Server(process, written)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def children(pid: int) -> list[int]:
    """Return the processes that a process began, and those they began."""
    begun = [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat.parent.name) == pid]
    return [one for child in begun for one in (child, *children(child))]


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    return _stat(pid)[:1] not in ([], [b"Z"])


def _parent(pid: str) -> int:
    return int((_stat(pid)[1:2] or [b"0"])[0])


def _stat(pid: int | str) -> list[bytes]:
    """Return the state, the parent, and what else there is of a process; nothing of one that is gone."""
    return _of(pid, "stat").rpartition(b")")[2].split()


def _of(pid: int | str, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""
