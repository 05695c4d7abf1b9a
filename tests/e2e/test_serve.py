"""`kefu serve` as it is started: it refuses what is not safe, and loses nothing it accepted, whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.e2e.command import REFUND, Desk
from tests.e2e.serving import KEY, Server, children, eventually, is_alive, serving

KEYS = {"KEFU_SERVER__KEYS__SHOP": KEY}
TELEGRAM = {"KEFU_TELEGRAM__SECRET": "secret", "KEFU_TELEGRAM__STAFF_CHAT": "-1"}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A working directory whose index is there."""
    desk = Desk.with_entries(tmp_path_factory.mktemp("serve"))
    assert desk.run("ingest", "--faq", "faq").code == 0
    return desk


# --- what it refuses


@pytest.mark.parametrize(
    ("env", "arguments", "line"),
    [
        ({}, [], "nothing to serve: set a key of the API"),
        ({"KEFU_SERVER__KEYS__SHOP": "short"}, [], "a text of at least 20 characters"),
        ({"KEFU_GENERIC__URL": "https://shop.example"}, [], "generic.secret: nothing is set"),
        ({**KEYS, "KEFU_SLACK__SECRET": "x"}, [], "slack.token: nothing is set"),
        ({"KEFU_SERVER__INSECURE": "true"}, ["--host", "0.0.0.0"], "server.insecure: only where nobody else can call"),
        (
            {**KEYS, "KEFU_SERVER__INSECURE": "true"},
            ["--host", "::"],
            "server.insecure: only where nobody else can call",
        ),
    ],
    ids=[
        "no key",
        "a short key",
        "a channel without secret",
        "half a channel",
        "open to all",
        "open to all, with keys",
    ],
)
def test_what_is_not_safe_is_not_served(shared: Desk, env: dict[str, str], arguments: list[str], line: str) -> None:
    ran = shared.run("serve", "--faq", "faq", *arguments, **env)
    assert (ran.code, ran.out) == (2, "")
    assert line in ran.err
    assert "Traceback" not in ran.err
    assert KEY not in ran.err
    assert not (shared.state / "kefu.db").exists()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("env", "code", "line"),
    [
        (
            {**TELEGRAM, "KEFU_TELEGRAM__TOKEN": "123456"},
            2,
            "telegram.token: expected a token of the form 123456:ABC-DEF",
        ),
        ({"KEFU_STATE__DATABASE": "mysql://desk/kefu"}, 3, "mysql is not supported"),
    ],
    ids=["a channel", "the database"],
)
def test_what_cannot_be_used_is_said_once_and_before_the_knowledge_is_read(
    shared: Desk, workers: str, env: dict[str, str], code: int, line: str
) -> None:
    ran = shared.run("serve", "--faq", "nowhere", "--port", "0", "--workers", workers, **KEYS, **env)
    assert ran.code == code
    assert ran.err.count(line) == 1
    assert "nowhere" not in ran.err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_is_said_so(indexed: Desk, workers: str) -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = used.getsockname()[1]
        ran = indexed.run("serve", "--faq", "faq", "--port", str(port), "--workers", workers, **KEYS)
    assert ran.code == 3
    assert f"127.0.0.1:{port}: Address already in use. Choose another address with --host and --port." in ran.err
    assert "Traceback" not in ran.err


def test_an_address_of_another_machine_is_said_so(indexed: Desk) -> None:
    ran = indexed.run("serve", "--faq", "faq", "--host", "192.0.2.1", **KEYS)
    assert ran.code == 3
    assert "192.0.2.1:8600: Cannot assign requested address." in ran.err


# --- what it does


def test_it_answers_in_english_and_chinese(indexed: Desk) -> None:
    with serving(indexed) as server:
        assert server.says(REFUND, "anna")["text"] == "14 days."
        assert server.says("退款需要多久？", "安娜")["text"] == "14 天。"
        assert server.call("/v1/messages", {"conversation": "anna"})[0] == 400
        assert server.call("/readyz") == (200, {"status": "ready"})
        for word in (KEY, "refund", "退款"):
            assert word not in server.log.replace("faq", "")
    assert f"kefu serves at http://127.0.0.1:{server.port} (stop with Ctrl-C)" in server.log


def test_without_keys_this_machine_may_call_and_the_log_is_json_where_it_is_wanted(indexed: Desk) -> None:
    env = {"KEFU_SERVER__KEYS__SHOP": "", "KEFU_SERVER__INSECURE": "true", "KEFU_SERVER__JSON_LOGS": "true"}
    with serving(indexed, **env) as server:
        assert server.says(REFUND, "boris")["text"] == "14 days."
        assert server.stop() == 0
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert all(set(line) == {"at", "process", "level", "logger", "message"} for line in lines)
    assert any("POST /v1/messages 200" in line["message"] for line in lines)


def test_settings_that_do_nothing_are_told_at_the_start_as_the_doctor_tells_them(indexed: Desk) -> None:
    rules = {"KEFU_SENTIMENT__HAND_OVER": "angry", "KEFU_INTENTS__HAND_OVER": "complaint"}
    with serving(indexed, **rules) as server:
        log = server.log
    doctor = indexed.run("doctor", **rules)
    for kind in ("intents", "sentiment"):
        line = f"[{kind}] of the settings does nothing while nothing trained is in use: see kefu train {kind} --help\n"
        assert log.count(line) == 1
        assert f"• {kind}: {line}" in doctor.out


# --- what ends it


def accepted(server: Server, count: int) -> list[str]:
    """Send messages without waiting for their replies, and return the conversations."""
    names = [f"{server.port}-{number}" for number in range(count)]
    for name in names:
        server.accepts(REFUND, name).close()
    return names


def answered_once(server: Server, conversations: list[str]) -> None:
    for name in conversations:
        assert server.says(REFUND, name)["text"] == "14 days."
        _, said = server.call(f"/v1/conversations/{name}")
        assert [turn["speaker"] for turn in said["turns"]] == ["customer", "bot"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_finishes_what_it_accepted(indexed: Desk, number: signal.Signals) -> None:
    with serving(indexed) as server:
        streams = [server.accepts(REFUND, f"{server.port}-{one}") for one in range(8)]
        server.process.send_signal(number)
        replies = [stream.read().decode() for stream in streams]
        assert server.process.wait(60) == 0
    assert all("event: reply" in reply and "14 days." in reply for reply in replies)
    assert "drained: nothing is left" in server.log


def test_killed_it_resumes_what_it_accepted_with_the_next_start(indexed: Desk) -> None:
    with serving(indexed) as server:
        names = accepted(server, 20)
        server.process.kill()
        server.process.wait()
    with serving(indexed) as server:
        answered_once(server, names)


# --- several processes


def test_several_processes_answer_and_one_that_dies_is_begun_anew(indexed: Desk) -> None:
    with serving(indexed, "--workers", "2") as server:
        eventually(lambda: server.log.count("listening at") == 2)
        first = server.workers
        assert len(first) == 2

        def both_have_answered() -> bool:
            server.call("/healthz")
            return server.answering == first

        eventually(both_have_answered)
        another = indexed.run("serve", "--faq", "faq", "--port", str(server.port), "--workers", "2", **KEYS)
        assert another.code == 3, "it does not share the port"
        names = accepted(server, 10)
        os.kill(first[0], signal.SIGKILL)
        eventually(lambda: server.log.count("listening at") == 3)
        assert f"process {first[0]} ended with -9, and is begun anew" in server.log
        assert len(server.workers) == 2
        answered_once(server, names)
        begun = children(server.process.pid)
        assert server.stop() == 0
        eventually(lambda: not [pid for pid in begun if is_alive(pid)])


def test_where_processes_only_die_the_server_ends_with_an_error(indexed: Desk) -> None:
    with serving(indexed, "--workers", "2") as server:
        killed: set[int] = set()

        def killed_again() -> bool:
            for process in set(server.workers) - killed:
                os.kill(process, signal.SIGKILL)
                killed.add(process)
            return server.process.poll() is not None

        eventually(killed_again)
        assert server.process.returncode == 3
        assert len(killed) == 10
    assert "10 processes died within a short time, the last with -9." in server.log


def test_where_the_first_process_is_killed_the_others_end(indexed: Desk) -> None:
    with serving(indexed, "--workers", "2") as server:
        eventually(lambda: server.log.count("listening at") == 2)
        begun = children(server.process.pid)
        server.process.kill()
        eventually(lambda: not [pid for pid in begun if is_alive(pid)])


def test_several_processes_can_be_stopped_before_they_serve(desk: Desk, tmp_path: Path) -> None:
    process = desk.start("serve", "--faq", "faq", "--port", "0", "--workers", "2", **KEYS)
    begun = eventually(lambda: children(process.pid))
    process.terminate()
    assert process.wait(60) == 0
    process.communicate()
    eventually(lambda: not [pid for pid in begun if is_alive(pid)])


if sys.platform != "linux":
    pytest.skip("processes are looked up in /proc", allow_module_level=True)
