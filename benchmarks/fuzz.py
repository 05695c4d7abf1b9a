"""Anything at all is sent to the server: how often it fails, hangs, or says in its log what it was told.

    python -m benchmarks.fuzz [--requests 20000] [--seed 0] [--json]

A quarter of the calls is made by schemathesis from the OpenAPI document, what the document allows and what it does not;
the answers are held against it. Of the others most go to the webhooks of all channels, mangled, half of them with the
right signature, and some are no HTTP. Ends with exit code 1 where there was an answer of 5xx, none within ten seconds,
one that the document does not have, or a word of a call in the log. An answer of 503 that asks to be called again, for
the tool itself did not answer, counts as "away".
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import threading
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import NonInteractiveExampleWarning
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from benchmarks.fuzz_calls import CANARY, JUNK, KEY, call
from benchmarks.fuzz_server import served
from bot.channels import CONNECTORS
from connectors.server.openapi import document

#: Seconds after which a call without an answer hangs.
HANGS = 10

#: Calls under way at the same time.
AT_ONCE = 8

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    positive_data_acceptance,
]

#: What must not be.
WRONG = ("5xx", "hangs", "no answer", "leaks", "not as documented")

#: Whose log is that of the client.
OURS = ("urllib3", "schemathesis", "hypothesis", "requests")


@dataclass
class Seen:
    """What was sent, and what came of it."""

    sent: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    #: What must not be, with an example of each kind.
    wrong: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def bad(self, kind: str, example: str) -> None:
        """Note something that must not be."""
        with self._lock:
            self.wrong[kind] += 1
            self.examples.setdefault(f"{kind}: {example[:100]}", f"{kind}: {example}")

    def answered(self, status: int, what: str) -> None:
        """Note an answer."""
        with self._lock:
            self.statuses[status] += 1
        if status >= 500 and status != 503:
            self.bad("5xx", f"{status} to {what}")

    def report(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "requests": self.sent.total(),
            **{kind: self.wrong[kind] for kind in WRONG},
            "away": self.statuses[503],
            "statuses": dict(sorted(self.statuses.items())),
            "sent": dict(self.sent),
            "examples": list(self.examples.values())[:20],
        }


class Leaks(logging.Handler):
    """Looks for words of calls in all that is logged."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(logging.DEBUG)
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record."""
        if record.name.startswith(OURS):
            return
        said = f"{self.format(record)} {record.args}".casefold()
        # What stands in the place of an id is one: parts other than the server's may name it.
        if CANARY in said or (JUNK in said and record.name.startswith("connectors.server")):
            self._seen.bad("leaks", f"{record.name}: {said}"[:300])


# --- calls


def fuzz_api(seen: Seen, port: int, count: int, number: int) -> None:
    """Call the API by its document: as it says, and as it does not."""
    schema = schemathesis.openapi.from_dict(document("0"))
    schema.config.update(base_url=f"http://127.0.0.1:{port}")
    results: list[Any] = list(schema.get_all_operations())
    operations = [result.ok() for result in results]
    each = max(1, count // (2 * len(operations)))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                cases = _cases(operation, mode, each, number)
                list(pool.map(lambda case: _check(seen, case, random.Random(case.id)), cases))
                seen.sent["api"] += len(cases)


def _cases(operation: Any, mode: GenerationMode, count: int, number: int) -> list[Case[Any]]:
    cases: list[Case[Any]] = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: Case[Any]) -> None:
        cases.append(case)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NonInteractiveExampleWarning)
        collect()
    return cases


_sessions = threading.local()


def _check(seen: Seen, case: Case[Any], chance: random.Random) -> None:
    what = f"{case.method} {case.operation.path}"
    key = KEY if chance.random() < 0.9 else chance.choice([f"{CANARY}-wrong", ""])
    headers = {"Authorization": f"Bearer {key}", **({"Accept": "text/event-stream"} if chance.random() < 0.1 else {})}
    text = case.body.get("text") if isinstance(case.body, dict) else None
    if isinstance(case.body, dict) and isinstance(text, str):
        case.body["text"] = f"{CANARY} {text}"[: max(len(CANARY), len(text))]
    if not hasattr(_sessions, "own"):
        _sessions.own = requests.Session()
    try:
        response = case.call(session=_sessions.own, headers=headers, params={CANARY: CANARY}, timeout=HANGS)
    except requests.exceptions.Timeout:
        seen.bad("hangs", what)
        return
    except requests.exceptions.RequestException as error:
        seen.bad("no answer", f"{what}: {type(error).__name__}")
        return
    seen.answered(response.status_code, what)
    if key != KEY:
        if response.status_code == 401 or (case.meta and case.meta.generation.mode.is_negative):
            return
        seen.bad("not as documented", f"{response.status_code} without a key to {what}")
        return
    try:
        case.validate_response(response, checks=CHECKS)
    except (FailureGroup, Failure) as error:
        failures = error.exceptions if isinstance(error, FailureGroup) else [error]
        for failure in failures:
            seen.bad("not as documented", f"{what}: {failure} {case.as_curl_command()}"[:600])


async def fuzz_webhooks(seen: Seen, port: int, count: int, chance: random.Random) -> None:
    """Call the webhooks of all channels."""
    channels = [*CONNECTORS, "nobody"]

    async def one(number: int) -> None:
        channel = channels[number % len(channels)]
        hook = call(channel if channel != "nobody" else "generic", chance, good=number // len(channels) % 2 == 0)
        seen.sent[channel] += 1
        try:
            async with http.request(
                hook.method,
                f"http://127.0.0.1:{port}/webhooks/{channel}",
                params=hook.query,
                headers=hook.headers,
                data=hook.body,
            ) as response:
                await response.read()
                seen.answered(response.status, f"{hook.method} {channel}")
        except TimeoutError:
            seen.bad("hangs", channel)
        except aiohttp.ClientResponseError as error:  # to a HEAD that it cannot read the library answers with a body
            seen.answered(error.status, f"{hook.method} {channel}")
        except aiohttp.ClientError as error:
            seen.bad("no answer", f"{channel}: {error!r} {hook}")
        except ValueError:  # a header that the client refuses to send
            seen.sent["not sent"] += 1

    timeout = aiohttp.ClientTimeout(total=HANGS)
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        await _all(one, count)


async def fuzz_socket(seen: Seen, port: int, count: int, chance: random.Random) -> None:
    """Send what is no HTTP, or nearly."""
    whole = (
        f"POST /v1/messages?{CANARY} HTTP/1.1\r\nHost: kefu\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 42\r\n"
        f'Connection: close\r\nContent-Type: application/json\r\n\r\n{{"conversation":"a","text":"{CANARY}"}}'
    ).encode()

    async def one(number: int) -> None:
        raw = bytearray(whole)
        for _ in range(chance.randrange(1, 9)):
            place = chance.randrange(len(raw))
            raw[place : place + chance.randrange(3)] = chance.choice(
                [chance.randbytes(2), b"\r\n", b"\x00", b" ", b":"]
            )
        raw = raw[: chance.randrange(1, len(raw))] if number % 3 == 0 else raw
        seen.sent["socket"] += 1
        try:
            async with asyncio.timeout(HANGS):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(raw)
                answer = await reader.read()
                writer.close()
        except TimeoutError:
            seen.bad("hangs", "socket")
        except ConnectionError:
            seen.statuses[0] += 1
        else:
            status = answer.split(b" ", 2)[1:2]
            seen.answered(int(status[0]) if status else 0, "socket")

    await _all(one, count)


async def _all(one: Any, count: int) -> None:
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


def run(*, count: int, number: int = 0) -> dict[str, Any]:
    """Send so many, and return the figures."""
    seen, chance = Seen(), random.Random(number)
    root, leaks = logging.getLogger(), Leaks(seen)
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(leaks)
    try:
        with tempfile.TemporaryDirectory() as folder, served(Path(folder), random.Random(number)) as port:
            asyncio.run(fuzz_webhooks(seen, port, count * 29 // 40, chance))
            asyncio.run(fuzz_socket(seen, port, count // 40, chance))
            fuzz_api(seen, port, count // 4, number)
    finally:
        root.removeHandler(leaks)
        root.setLevel(level)
    return seen.report()


def main() -> int:
    """Send as many as asked for, print the figures, and say by the exit code whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    figures = run(count=options.requests, number=options.seed)
    if options.json:
        print(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:20}{value}" if name != "examples" else "\n".join(value))
    return 1 if any(figures[kind] for kind in WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())
