"""What the terminal promises to the person before it, in a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals are there on POSIX only")

PROGRAM = Path(__file__).with_name("scripted_chat.py")
ROOT = Path(__file__).parents[3]
CTRL_C, CTRL_D, ALT_ENTER = "\x03", "\x04", "\x1b\r"
PROMPT = "you ›"
PASTE = "\x1b[200~{}\x1b[201~"


#: Of whoever runs the tests, and not of the person at this terminal.
FOREIGN = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"}


class Chat:
    """A conversation as a person has it: types, and looks at the screen."""

    def __init__(self, folder: Path, **env: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.folder = folder
        self.child = pexpect.spawn(
            sys.executable,
            [str(PROGRAM), str(folder)],
            env={**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **env},
            cwd=str(folder),
            dimensions=(40, 160),
            timeout=30,
            encoding="utf-8",
        )
        self.sees(PROMPT)

    def types(self, line: str) -> None:
        self.child.send(f"{line}\r")

    def sees(self, text: str) -> str:
        """Wait for ``text``; return all that came since the last look, up to it."""
        self.child.expect_exact(text)
        return f"{self.child.before}{text}"

    def exit_code(self) -> int:
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.signalstatus is None
        return int(self.child.exitstatus)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Callable[..., Chat]]:
    """Start conversations that end with the test at the latest."""
    chats: list[Chat] = []

    def start(**env: str) -> Chat:
        chats.append(Chat(tmp_path, **env))
        return chats[-1]

    yield start
    for each in chats:
        each.child.close(force=True)


def test_an_answer_shows_its_text_its_source_and_how_likely_it_is_right(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("shipping")
    talk.sees("kefu ›")
    talk.sees("It is 4.90 EUR.")
    talk.sees("Free from 50 EUR.")
    talk.sees(
        "↳ [ship-cost] How much does standard shipping cost? · faq_data/en/shipping.jsonl:1 · https://shop.example/shipping"
    )
    talk.sees("▰▰▰▰▰▰▰▰▰")
    talk.sees("92 %")
    talk.types("/quit")
    talk.sees("Goodbye.")
    assert talk.exit_code() == 0


def test_the_welcome_names_the_number_of_entries_and_the_commands(chat: Callable[..., Chat]) -> None:
    welcome = chat().child.before
    for part in ("1,234 entries", "/why", "/handoff", "/reset", "/lang en|zh|auto", "/help", "/quit"):
        assert part in welcome


def test_choices_stand_below_each_other_and_a_number_goes_to_the_bot_as_it_was_typed(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("unclear")
    shown = talk.sees("Type a number")
    assert shown.count("How long does shipping take?") == 1
    assert "31 %" in shown
    talk.types("2")
    talk.sees("You said: 2")
    assert talk.asked == ["message 'unclear'", "message '2'"]


def test_after_a_hand_over_the_bot_has_the_case_again(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("/handoff")
    talk.sees("A colleague will help.")
    talk.sees("Handed over: the customer asked for a person.")
    talk.sees("the case is back with the bot")
    talk.types("hello again")
    talk.sees("You said: hello again")
    assert talk.asked == ["message 'I would like to talk to a person.'", "hand_back", "message 'hello again'"]


def test_why_shows_the_candidates_the_reason_and_the_timings(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("/why")
    talk.sees("no reply to explain yet")
    talk.types("shipping")
    talk.sees("92 %")
    talk.types("/why")
    shown = talk.sees("search 1.9 ms")
    for part in ("ship-cost", "ship-time", "92 %", "31 %", "dense 0.71", "bm25 12.2", "confident (the best entry"):
        assert part in shown


def test_lang_fixes_the_language_of_replies_and_notes(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("/lang zh")
    talk.sees("从现在起用中文回复。")
    talk.types("/handoff")
    talk.sees("A colleague will help.")
    talk.types("/lang auto")
    talk.sees("Each reply is in the language of its question.")
    talk.types("/lang fr")
    talk.sees("/lang takes en, zh or auto.")
    assert talk.asked == ["language zh", "message '我要转人工客服。'", "hand_back", "language None"]


def test_the_notes_follow_the_language_of_the_reply(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("运费多少")
    talk.sees("运费为 4.90 欧元。")
    talk.sees("把握")
    talk.types("/quit")
    talk.sees("再见。")


def test_reset_forgets_the_conversation(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("shipping")
    talk.sees("92 %")
    talk.types("/reset")
    talk.sees("Forgotten.")
    talk.types("/why")
    talk.sees("no reply to explain yet")
    assert talk.asked == ["message 'shipping'", "reset"]


def test_an_unknown_command_names_the_nearest_and_is_not_sent(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("/wyh")
    talk.sees("There is no command /wyh. Did you mean /why?")
    talk.types("/xxxxxx")
    talk.sees("There is no command /xxxxxx. /help lists them.")
    talk.types("/etc/hosts is broken")
    talk.sees("You said: /etc/hosts is broken")
    assert talk.asked == ["message '/etc/hosts is broken'"]


def test_what_others_wrote_cannot_command_the_terminal(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("evil")
    talk.sees("kefu ›")
    shown = talk.sees("92 %")
    assert "[bold]g[/bold] h \ufffd" in shown
    assert "[evil]" in shown
    assert not re.search("\x1b\\[2J|\x1b\\]|\x9b|\x07|title|\u202e", shown)


def test_ctrl_c_clears_a_line_with_text_and_leaves_an_empty_one(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.child.send(f"half a thought{CTRL_C}")
    talk.types("whole")
    talk.sees("You said: whole")
    talk.sees(PROMPT)
    talk.child.send(CTRL_C)
    talk.sees("Goodbye.")
    assert talk.exit_code() == 0
    assert talk.asked == ["message 'whole'"]


def test_ctrl_d_leaves(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.child.send(CTRL_D)
    talk.sees("Goodbye.")
    assert talk.exit_code() == 0


def test_ctrl_c_while_a_reply_is_awaited_leaves(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("silence")
    talk.sees("looking it up")
    talk.child.send(CTRL_C)
    talk.sees("Goodbye.")
    assert talk.exit_code() == 0


def test_a_pasted_text_is_one_message_and_waits_for_enter(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types(PASTE.format("first line\nsecond line"))
    talk.sees("You said: first line")
    talk.types(f"one{ALT_ENTER}two")
    talk.sees("You said: one")
    assert talk.asked == ["message 'first line\\nsecond line'", "message 'one\\ntwo'"]


def test_a_message_over_the_limit_is_not_sent(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types(PASTE.format("x" * 4001))
    talk.sees("That is 4,001 characters long; the limit is 4,000.")
    talk.types("short")
    talk.sees("You said: short")
    assert talk.asked == ["message 'short'"]


def test_a_warning_that_comes_while_nobody_types_leaves_the_prompt_below_it(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("warn")
    talk.sees("You said: warn")
    talk.sees(PROMPT)
    talk.sees("WARNING: all changed")
    talk.sees(PROMPT)


def test_an_error_of_the_desk_is_told_and_the_conversation_goes_on(chat: Callable[..., Chat]) -> None:
    talk = chat()
    talk.types("busy")
    talk.sees("Too many messages are waiting.")
    talk.types("calm")
    talk.sees("You said: calm")


def test_the_history_is_kept_for_the_next_run_and_for_its_owner_only(chat: Callable[..., Chat], tmp_path: Path) -> None:
    history = tmp_path / "state" / "history"
    history.parent.mkdir()
    history.touch(0o644)
    first = chat()
    first.types("remember me")
    first.sees("You said: remember me")
    first.child.send(CTRL_D)
    assert first.exit_code() == 0
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    second = chat()
    second.types("\x1b[A")
    second.sees("You said: remember me")


def test_a_history_that_cannot_be_kept_stops_nobody(chat: Callable[..., Chat], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be", encoding="utf-8")
    talk = chat()
    assert "not kept after this run" in talk.child.before
    talk.types("hello")
    talk.sees("You said: hello")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_no_colours_where_they_are_not_wanted(chat: Callable[..., Chat], env: dict[str, str]) -> None:
    talk = chat(**env)
    seen = talk.child.before
    talk.types("shipping")
    seen += talk.sees("92 %")
    talk.types("/why")
    seen += talk.sees("search 1.9 ms")
    colours = [
        code for code in re.findall("\x1b\\[([0-9;]*)m", seen) if re.search(r"(?:^|;)(?:3[0-8]|4[0-8]|9\d|10\d)", code)
    ]
    assert colours == []
    if env == {"TERM": "dumb"}:
        assert "\x1b" not in seen
