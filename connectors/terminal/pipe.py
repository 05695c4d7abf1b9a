"""The terminal where nobody looks: a line in, a line out, nothing else on standard output."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import BinaryIO, TextIO

from bot.types import Reply
from connectors.terminal.clean import one_line
from connectors.terminal.session import MESSAGE_LIMIT, Session, command, nearest
from connectors.terminal.words import COMMANDS, unknown, words

_CHUNK = 65_536
# A character is at most four bytes, and a byte order mark may come first: a longer piece is over the limit for sure.
_PIECE = 4 * MESSAGE_LIMIT + 8


async def relay(session: Session, stdin: TextIO, stdout: TextIO) -> int:
    """Answer the lines of ``stdin`` in order, one line of ``stdout`` each; return the exit code.

    The ids of the cited entries follow the text in brackets. A line that cannot be sent is named on standard error
    and the others go on. The end of whoever reads the output ends this quietly.
    """
    async for number, line in _lines(stdin.buffer):
        if len(line) > MESSAGE_LIMIT:
            _complain(number, f"longer than {MESSAGE_LIMIT:,} characters, not sent. Split it into several lines.")
            continue
        if not line.strip():
            continue
        order = command(line)
        if order is not None and order[0] == "quit":
            break
        reply = await session.ask(line.strip()) if order is None else await _obey(session, number, *order)
        if reply is not None and not _print(_plain(reply), stdout):
            break
    return 0


async def _obey(session: Session, number: int, name: str, argument: str) -> Reply | None:
    if name == "handoff":
        return await session.ask_for_person()
    if name == "reset":
        await session.reset()
    elif name == "lang":
        if not await session.set_language(argument):
            _complain(number, words("en").language_usage)
    elif name in COMMANDS:
        _complain(number, f"/{name} is for a terminal only.")
    else:
        near = nearest(name, COMMANDS)
        # Without a nearest one it would name /help, which is for a terminal only.
        _complain(number, unknown(name, near, "en") if near else words("en").unknown.format(name=name))
    return None


def _plain(reply: Reply) -> str:
    return " ".join([one_line(reply.text), *(f"[{one_line(citation.id)}]" for citation in reply.citations)])


def _print(line: str, stdout: TextIO) -> bool:
    try:
        # As UTF-8, like the input, whatever the locale says.
        stdout.buffer.write(f"{line}\n".encode())
        stdout.buffer.flush()
    except BrokenPipeError:
        # What is still in the buffer would fail once more, loudly, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        return False
    return True


def _complain(number: int, text: str) -> None:
    sys.stderr.write(f"line {number}: {text}\n")
    sys.stderr.flush()


async def _lines(stdin: BinaryIO) -> AsyncIterator[tuple[int, str]]:
    """Yield the lines with their numbers as they come; one that is over the limit is cut, but stays over it."""
    # Below the buffer, whose lock a read that never returns would hold when the interpreter ends.
    raw: BinaryIO = getattr(stdin, "raw", stdin)
    number, rest = 0, b""
    while chunk := await _read(raw):
        *complete, rest = (rest + chunk).split(b"\n")
        rest = rest[:_PIECE]
        for line in complete:
            number += 1
            yield number, _decode(line, number)
    if rest:
        yield number + 1, _decode(rest, number + 1)


def _decode(line: bytes, number: int) -> str:
    text = line[:_PIECE].decode(errors="replace").removesuffix("\r")
    return text.removeprefix("\ufeff") if number == 1 else text


async def _read(raw: BinaryIO) -> bytes:
    """Read what there is, in a thread that does not keep the process alive while nothing comes."""
    done: Future[bytes] = Future()
    done.set_running_or_notify_cancel()

    def work() -> None:
        try:
            done.set_result(raw.read(_CHUNK))
        except OSError as error:
            done.set_exception(error)

    threading.Thread(target=work, name="kefu-stdin", daemon=True).start()
    return await asyncio.wrap_future(done)
