"""What kefu adds to the time of a language model that writes replies: the call, the lock, and the whole reply.

    python -m benchmarks.generator [--replies 300] [--json]

A server on this machine answers at once, with what the entry says, as a stream of 4 characters at a time: what is
measured is everything around a model. Replies to labelled questions of the demo shop that an entry answers, one after
the other, in medians of milliseconds:

* ``direct``: the same call with aiohttp alone, read to its end: the network and the server's part of it;
* ``quoted``: the reply without a model: retrieval and policy;
* ``written``: the reply with one;
* ``overhead``: written - quoted - direct, which is what writing costs beside the model;
* ``lock``: of that, the evidence lock, with what the entries state read anew, and where it was read before.

``overhead_p99`` is over replies, with the medians of the other two taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web

from benchmarks.common import FAQ, NOON, index_of, labelled, percentile, tools
from bot.app import responder_of, verbatim_of
from bot.calibration import Calibration
from bot.generator.prompt import messages
from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.lock import Evidence, checked
from bot.settings import Settings
from bot.settings_generator import Generator
from bot.types import Action, Author, Candidate, Conversation, ConversationKey, Message, Reply
from retrieval.ingest import read_sources

#: Characters of a piece.
TOKEN = 4


async def _chat(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in copied(await request.json()):
        await response.write(event)
    return response


def copied(asked: dict[str, Any]) -> list[bytes]:
    """Return the events of a model that says what the entries say, word for word."""
    passages = asked["messages"][1]["content"].partition("</passages>")[0]
    text = " ".join(part.partition("\n")[2].partition("</passage>")[0] for part in passages.split("<passage>\n")[1:])
    pieces = [event_of(text[at : at + TOKEN]) for at in range(0, len(text), TOKEN)]
    return [*pieces, event_of("", "stop") + b"data: [DONE]\n\n"]


def event_of(text: str, reason: str | None = None) -> bytes:
    """Return the event with a piece of text."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def _serve(listening: socket.socket) -> None:
    async def run() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", _chat)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        await asyncio.Event().wait()

    asyncio.run(run())


def served() -> str:
    """Start the server in a process of its own, and return the address of its API."""
    listening = socket.create_server(("127.0.0.1", 0))
    multiprocessing.get_context("spawn").Process(target=_serve, args=(listening,), daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


async def _direct(http: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> float:
    start = perf_counter()
    async with http.post(f"{url}/chat/completions", json=body) as response:
        await response.read()
    return (perf_counter() - start) * 1000


def _lock(chosen: Sequence[Candidate], text: str) -> tuple[float, float]:
    """Return the milliseconds of reading the entries and checking ``text``, and of checking alone."""
    start = perf_counter()
    evidence = Evidence.of([(c.id, f"{c.question}\n{c.answer}") for c in chosen])
    read = perf_counter()
    checked(text, evidence)
    end = perf_counter()
    return (end - start) * 1000, (end - read) * 1000


async def measured(replies: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure so many replies."""
    encoder, analyzer = tools()
    passages = read_sources([FAQ]).passages
    source = KnowledgeSource(
        index_of(passages, encoder, analyzer), calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC")
    )
    url = served()
    settings = Settings(generator=Generator(url=url, model="copy"))
    learned = Learned(Models())
    quoting = responder_of(settings, source, learned, verbatim_of(settings))
    writing = responder_of(settings, source, learned)
    took: dict[str, list[float]] = {name: [] for name in ("direct", "quoted", "written", "lock", "lock_read_before")}
    by_model = answers = 0
    async with aiohttp.ClientSession() as http:
        for number, question in enumerate(labelled()):
            if answers == replies:
                break
            key = ConversationKey(channel="benchmark", thread=str(number))
            message = Message(id="asked", conversation=key, text=question.text, at=NOON)
            first = await quoting.respond(Conversation(key=key), message)
            if first.action is not Action.ANSWER:
                continue
            answers += 1
            quoted = await quoting.respond(Conversation(key=key), message)
            written = await writing.respond(Conversation(key=key), message)
            by_model += written.writing.by is Author.GENERATOR
            chosen = _chosen(first)
            body = {"model": "copy", "messages": messages(question.text, chosen, question.language), "stream": True}
            took["direct"].append(await _direct(http, url, body))
            took["quoted"].append(quoted.timings_ms["total"])
            took["written"].append(written.timings_ms["total"])
            fresh, known = _lock(chosen, written.text)
            took["lock"].append(fresh)
            took["lock_read_before"].append(known)
            if answers % 100 == 0:
                say(f"{answers} replies")
    medians = {name: round(median(each), 2) for name, each in took.items()}
    rest = medians["quoted"] + medians["direct"]
    return {
        "replies": answers,
        "written_by_model": by_model,
        **medians,
        "overhead": round(medians["written"] - rest, 2),
        "overhead_p99": round(percentile(took["written"], 99) - rest, 2),
        "lock_p99": round(percentile(took["lock"], 99), 2),
    }


def _chosen(reply: Reply) -> tuple[Candidate, ...]:
    quoted = {citation.id for citation in reply.citations}
    return tuple(candidate for candidate in reply.candidates if candidate.id in quoted)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args()
    found = asyncio.run(measured(given.replies, lambda line: print(line, file=sys.stderr)))
    if given.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:18} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
