"""What the terminal promises to a program that reads and writes it through pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.terminal.clean import clean, one_line

PROGRAM = Path(__file__).with_name("scripted_chat.py")
ROOT = Path(__file__).parents[3]


def piped(folder: Path, typed: bytes, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run a conversation whose lines are ``typed``."""
    return subprocess.run(
        [sys.executable, str(PROGRAM), str(folder)],
        input=typed,
        capture_output=True,
        check=False,
        timeout=60,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text(encoding="utf-8").splitlines()


def test_each_line_gets_one_line_in_order_and_blank_ones_get_none(tmp_path: Path) -> None:
    ran = piped(tmp_path, "first\n\n   \r\nshipping\r\nunclear\n运费多少\nlast, without an end".encode())
    assert ran.stdout.decode().splitlines() == [
        "You said: first",
        "It is 4.90 EUR. Free from 50 EUR. [ship-cost]",
        "Did you mean: 1. How much does standard shipping cost? 2. How long does shipping take?"
        " [ship-cost] [ship-time]",
        "运费为 4.90 欧元。",
        "You said: last, without an end",
    ]
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_nothing_in_means_nothing_out(tmp_path: Path) -> None:
    ran = piped(tmp_path, b"")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


def test_a_byte_order_mark_is_dropped_and_invalid_bytes_are_replaced(tmp_path: Path) -> None:
    ran = piped(tmp_path, b"\xef\xbb\xbfhello\nbad \xff byte\n")
    assert ran.stdout.decode().splitlines() == ["You said: hello", "You said: bad \ufffd byte"]


def test_text_is_utf_8_whatever_the_locale_says(tmp_path: Path) -> None:
    ran = piped(tmp_path, "运费多少\n".encode(), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert ran.stdout.decode() == "运费为 4.90 欧元。\n"


@pytest.mark.parametrize("length", [4_001, 300_000])
def test_a_line_over_the_limit_is_named_and_the_others_go_on(tmp_path: Path, length: int) -> None:
    ran = piped(tmp_path, b"before\n" + "长".encode() * length + b"\nafter\n" + b"x" * length)
    assert ran.stdout.decode().splitlines() == ["You said: before", "You said: after"]
    complaints = ran.stderr.decode().splitlines()
    assert [line.split(":")[0] for line in complaints] == ["line 2", "line 4"]
    assert "longer than 4,000 characters" in complaints[0]
    assert ran.returncode == 0


def test_a_line_at_the_limit_is_sent(tmp_path: Path) -> None:
    ran = piped(tmp_path, "长".encode() * 4_000 + b"\n")
    assert ran.stdout.decode() == f"You said: {'长' * 4_000}\n"


def test_commands_work_and_print_nothing_but_replies(tmp_path: Path) -> None:
    ran = piped(tmp_path, b"/lang zh\n/handoff\n/lang auto\n/reset\n/quit\nnever\n")
    assert ran.stdout.decode().splitlines() == ["A colleague will help."]
    assert asked(tmp_path) == ["language zh", "message '我要转人工客服。'", "hand_back", "language None", "reset"]
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_commands_that_cannot_be_followed_are_named(tmp_path: Path) -> None:
    ran = piped(tmp_path, b"/wyh\n/why\n/lang fr\n/xxxxxx\nhello\n")
    assert ran.stdout.decode().splitlines() == ["You said: hello"]
    assert ran.stderr.decode().splitlines() == [
        "line 1: There is no command /wyh. Did you mean /why?",
        "line 2: /why is for a terminal only.",
        "line 3: /lang takes en, zh or auto.",
        "line 4: There is no command /xxxxxx.",
    ]


def test_nothing_that_a_terminal_obeys_is_printed(tmp_path: Path) -> None:
    ran = piped(tmp_path, b"evil\n", FORCE_COLOR="1")
    assert ran.stdout.decode() == "abcde f [bold]g[/bold] h \ufffd [evil]\n"


def test_a_reader_who_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdin and child.stdout and child.stderr
    with child.stdin, child.stdout, child.stderr:
        child.stdin.write(b"one\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"You said: one\n"
        child.stdout.close()
        child.stdin.write(b"two\nthree\n")
        child.stdin.flush()
        assert child.wait(30) == 0
        assert child.stderr.read() == b""


def test_each_reply_comes_before_the_next_line_is_asked_for(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdin and child.stdout
    with child.stdin, child.stdout:
        for word in (b"one", b"two"):
            child.stdin.write(word + b"\n")
            child.stdin.flush()
            assert child.stdout.readline() == b"You said: " + word + b"\n"
        child.stdin.close()
        assert child.wait(30) == 0


@pytest.mark.parametrize("module", ["rich", "prompt_toolkit"])
def test_importing_the_connector_does_not_load_what_only_a_conversation_needs(module: str) -> None:
    code = f"import connectors.terminal, sys; sys.exit({module!r} in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\x1b[1;31mb\x1b[0m", "ab"),
        ("a\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("unfinished \x1b]0;stays readable", "unfinished ]0;stays readable"),
        ("\x1b(0line\x1b(B", "line"),
        ("\x1bcreset \x07bell \x7fdel", "reset bell del"),
        ("one\r\ntwo\u2028three\x85four", "one\ntwo\nthree\nfour"),
        ("tab\there", "tab here"),
        ("[bold]中文[/bold] 👍🏽 café", "[bold]中文[/bold] 👍🏽 café"),
    ],
)
def test_clean_text_keeps_its_words_and_loses_its_commands(text: str, safe: str) -> None:
    assert clean(text) == safe
    assert one_line(text) == " ".join(safe.split("\n"))
