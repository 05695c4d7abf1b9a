"""A short run of benchmarks/fuzz.py: whatever is sent to the server, it neither fails, nor hangs, nor quotes it."""

from __future__ import annotations

import logging

import pytest

from benchmarks.fuzz import WRONG, Leaks, Seen, run
from benchmarks.fuzz_calls import CANARY, JUNK, SETTINGS
from bot.channels import CONNECTORS


def test_whatever_is_sent_the_server_neither_fails_nor_hangs_nor_quotes_it() -> None:
    seen = run(count=400)
    assert {kind: seen[kind] for kind in WRONG} == dict.fromkeys(WRONG, 0), seen["examples"]
    assert seen["requests"] == 400
    assert set(seen["sent"]) >= {"api", "socket", *CONNECTORS}
    assert {200, 400, 401, 404} <= set(seen["statuses"])


def test_every_channel_is_called() -> None:
    assert set(SETTINGS) == set(CONNECTORS)


@pytest.mark.parametrize(
    ("name", "word", "leaks"),
    [
        ("bot.delivery", CANARY, 1),
        ("bot.delivery", JUNK, 0),
        ("connectors.server.guards", JUNK, 1),
        ("urllib3", CANARY, 0),
    ],
)
def test_a_word_of_a_call_in_the_log_is_found(name: str, word: str, leaks: int) -> None:
    seen = Seen()
    record = logging.LogRecord(name, logging.DEBUG, "file.py", 1, "said %s", (word.upper(),), None)
    Leaks(seen).emit(record)
    assert seen.wrong["leaks"] == leaks
