"""A conversation with the real service: through pipes, and in a real pseudo-terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.command import KEFU, PATIENCE, Desk, Ran, ended
from tests.e2e.dictated import Dictated, dictated
from tests.e2e.screen import Screen

CTRL_C, CTRL_D = "\x03", "\x04"
PROMPT = "you ›"
#: The service asks back whatever it is asked.
ASKS_BACK = {"KEFU_POLICY__ANSWER_FROM": "1", "KEFU_POLICY__CLARIFY_FROM": "0"}


# --- through pipes ----------------------------------------------------------------------------------------------------


def test_each_line_has_one_line_in_order_in_its_own_language(shared: Desk) -> None:
    lines = [
        "hi",
        "How long does a refund take?",
        "",
        "如何查询订单物流？",
        "谢谢",
        "/reset",
        "Who is the king of Norway?",
    ]
    ran = shared.run("chat", "--faq", "faq", stdin="".join(f"{line}\n" for line in lines))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "Hello! What can I help you with?",
        "14 days. [refund]",
        "用邮件里的链接。 [track]",
        "不客气！还有什么可以帮您的吗？",
        "I can't answer that reliably, so I'm handing you over to a colleague. They will see what you wrote.",
    ]


def test_after_a_hand_over_the_next_line_is_answered_again(shared: Desk) -> None:
    one = shared.start("chat", "--faq", "faq")
    two = shared.start("chat", "--faq", "faq", **ASKS_BACK)
    ran = ended(one, "/handoff\nHow long does a refund take?\n/lang zh\nHow long does a refund take?\n")
    assert ran.out.splitlines()[1:] == ["14 days. [refund]", "14 天。 [refund]"]
    asked, picked = ended(two, "Is the lamp dimmable?\n2\n").out.splitlines()
    offered = re.findall(r"\[(\w+)\]", asked)
    assert asked.startswith("Did you mean: 1. ")
    assert picked.endswith(f"[{offered[1]}]")


def test_a_hand_over_that_is_forgotten_at_once_is_nothing_to_warn_of(shared: Desk) -> None:
    ran = shared.run("chat", "--faq", "faq", stdin="/handoff\n/reset\nhello\n")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\nHello! What can I help you with?\n")


def test_the_demo_company_talks_in_both_languages(demo: Desk, ingested: Ran) -> None:
    assert ingested.code == 0
    ran = demo.run("chat", stdin="How do I return an item?\n支持哪些付款方式？\nWhich payment methods do you accept?\n")
    assert (ran.code, ran.err) == (0, "")
    english, chinese, last = ran.out.splitlines()
    assert english.startswith("Register your return at https://lanternbay.example/returns")
    assert english.endswith("[return-how]")
    assert chinese.endswith("[pay-methods]")
    assert last.startswith("We accept Visa, Mastercard")


# --- in a terminal ----------------------------------------------------------------------------------------------------

pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals are there on POSIX only")


class Chat:
    """A conversation as a person has it: types, and looks at the screen."""

    def __init__(self, desk: Desk, *arguments: str, columns: int = 160, **env: str) -> None:
        self.child = pexpect.spawn(
            KEFU,
            ["chat", *arguments],
            env=desk.environment({"TERM": "xterm-256color", **env}),
            cwd=str(desk.folder),
            dimensions=(40, columns),
            timeout=PATIENCE,
            encoding="utf-8",
        )
        self.seen = ""
        self.columns = columns
        self.sees(PROMPT)
        self.child.timeout = 60

    def types(self, line: str) -> None:
        self.child.send(f"{line}\r")

    def sees(self, text: str) -> str:
        """Wait for ``text``; return all that came since the last look, up to it."""
        self.child.expect_exact(text)
        shown = f"{self.child.before}{text}"
        self.seen += shown
        return shown

    def lines(self) -> list[str]:
        """What stands on the screen as far as was looked, with what has scrolled out of it."""
        screen = Screen(self.columns)
        screen.feed(self.seen)
        return screen.lines

    def exit_code(self) -> int:
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before
        self.child.close()
        assert self.child.signalstatus is None
        return int(self.child.exitstatus)


@pytest.fixture
def chat() -> Iterator[Callable[..., Chat]]:
    """Start conversations that end with the test at the latest."""
    chats: list[Chat] = []

    def start(desk: Desk, *arguments: str, columns: int = 160, **env: str) -> Chat:
        chats.append(Chat(desk, *arguments, columns=columns, **env))
        return chats[-1]

    yield start
    for each in chats:
        each.child.close(force=True)


def test_a_person_asks_is_answered_looks_why_and_leaves(chat: Callable[..., Chat], demo: Desk, ingested: Ran) -> None:
    assert ingested.code == 0
    talk = chat(demo)
    assert "147 entries" in talk.seen
    talk.types("Which payment methods do you accept?")
    talk.sees("We accept Visa, Mastercard")
    talk.sees("↳ [pay-methods] Which payment methods do you accept?")
    talk.sees("confidence")
    assert re.search(r"\d\d $", talk.sees("%")[:-1])
    talk.types("/why")
    explained = talk.sees("timings")
    assert "pay-methods" in explained
    assert "confident" in explained
    talk.sees(PROMPT)
    talk.types("/handoff")
    talk.sees("handing you over to a colleague")
    talk.sees("Handed over: the customer asked for a person.")
    talk.types("/lang zh")
    talk.sees("从现在起用中文回复。")
    talk.types("Which payment methods do you accept?")
    talk.sees("↳ [pay-methods] 支持哪些支付方式")
    talk.types("/reset")
    talk.sees(PROMPT)
    talk.child.send(CTRL_D)
    assert talk.exit_code() == 0
    assert "Traceback" not in talk.seen
    history: Path = demo.state / "history"
    assert "Which payment methods" in history.read_text("utf-8")


def test_a_person_picks_what_was_meant_and_leaves_with_ctrl_c(chat: Callable[..., Chat], shared: Desk) -> None:
    talk = chat(shared, "--faq", "faq", **ASKS_BACK)
    talk.types("Is the lamp dimmable?")
    shown = talk.sees("Type a number")
    assert "Did you mean" in shown
    offered = re.findall(r"Is the \w+ lamp dimmable\?", shown)
    assert len(offered) == 2
    talk.types("2")
    assert offered[1] in talk.sees("confidence")
    talk.sees("100 %")
    talk.child.send(CTRL_C)
    assert talk.exit_code() == 0
    assert "Traceback" not in talk.seen


def test_a_person_who_picks_what_is_there_in_english_alone_is_spoken_to_in_chinese(
    chat: Callable[..., Chat], shared: Desk
) -> None:
    talk = chat(shared, "--faq", "faq", **ASKS_BACK)
    talk.types("台灯可以调光吗")
    offered = re.findall(r"Is the (\w+) lamp dimmable\?", talk.sees("输入序号选择"))
    talk.types("2")
    talk.sees("这部分内容目前只有英文版：")
    assert f"[{offered[1]}]" in talk.sees("把握")
    talk.types("/handoff")
    talk.sees("好的，现在为您转接人工客服")
    talk.types("/quit")
    talk.sees("再见。")
    assert talk.exit_code() == 0


def test_an_edit_of_a_file_is_served_in_the_same_conversation(chat: Callable[..., Chat], desk: Desk) -> None:
    talk = chat(desk, "--faq", "faq")
    talk.types("How long does a refund take?")
    talk.sees("14 days.")
    file = desk.folder / "faq" / "entries.jsonl"
    file.write_text(file.read_text("utf-8").replace("14 days.", "Seven days."), "utf-8")
    for _ in range(100):
        talk.types("How long does a refund take?")
        if talk.child.expect_exact(["14 days.", "Seven days."]) == 1:
            break
    else:
        pytest.fail("the edit was not seen")
    talk.child.send(CTRL_D)
    assert talk.exit_code() == 0


def test_no_colours_where_they_are_not_wanted(chat: Callable[..., Chat], shared: Desk) -> None:
    talk = chat(shared, "--faq", "faq", NO_COLOR="1")
    talk.types("How long does a refund take?")
    talk.sees("%")
    talk.types("/quit")
    assert talk.exit_code() == 0
    codes = re.findall("\x1b\\[([0-9;]*)m", talk.seen)
    assert [code for code in codes if re.search(r"(?:^|;)(?:3[0-8]|4[0-8]|9\d|10\d)", code)] == []


# --- a reply that a language model writes -----------------------------------------------------------------------------

PAY = "Which payment methods do you accept?"
VISA, PAYPAL, MASTERCARD = "You can pay with Visa. ", "You can also pay with PayPal. ", "We accept Mastercard. "
BYE = "Let me know if you have other questions."


@pytest.fixture
def model() -> Iterator[Dictated]:
    with dictated() as model:
        yield model


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}], ids=["colours", "NO_COLOR"])
def test_a_reply_grows_in_its_place_and_the_whole_one_stands_there_in_the_end(
    chat: Callable[..., Chat], shared: Desk, model: Dictated, env: dict[str, str]
) -> None:
    talk = chat(shared, "--faq", "faq", columns=44, **model.environment, **env)
    talk.types(PAY)
    talk.sees("looking it up")
    model.writes(f"{VISA}You")
    talk.sees("Visa.")
    assert talk.lines()[-1] == f"kefu › {VISA.strip()}"
    model.writes(f" can also pay with PayPal. {MASTERCARD}Let")
    talk.sees("PayPal.")
    model.writes(BYE.removeprefix("Let"))
    model.ends()
    talk.sees("98 %")
    assert talk.lines()[-7:] == [
        f"you › {PAY}",
        "kefu › You can pay with Visa. You can also",
        "       pay with PayPal. Let me know if you",
        "       have other questions.",
        "       ↳ [pay] Which payment methods do you",
        "       accept? · faq/entries.jsonl:7",
        "       confidence ▰▰▰▰▰▰▰▰▰▰ 98 %",
    ]
    talk.types("/why")
    talk.sees("timings")
    why = talk.lines()
    asked, carried, removed = (why.index(line) for line in ("prompt", "evidence", "removed, for it stands in no entry"))
    assert "  Visa and PayPal." in why[asked:carried]
    assert f"  {VISA} [pay]" in why[carried:removed]
    assert [line for line in why[removed:] if line.startswith(f"  {MASTERCARD}") and line.endswith(": Mastercard")]


def test_where_the_model_dies_in_the_middle_the_entry_stands_in_the_place_of_what_was_shown(
    chat: Callable[..., Chat], shared: Desk, model: Dictated
) -> None:
    talk = chat(shared, "--faq", "faq", columns=44, **model.environment)
    talk.types(PAY)
    model.writes(f"{VISA}{PAYPAL}{BYE} And")
    talk.sees("questions.")
    model.breaks()
    talk.sees("98 %")
    assert talk.lines()[-5:-1] == [
        f"you › {PAY}",
        "kefu › Visa and PayPal.",
        "       ↳ [pay] Which payment methods do you",
        "       accept? · faq/entries.jsonl:7",
    ]
    talk.types("/why")
    talk.sees("there is no connection to the model")


def test_who_leaves_while_a_reply_is_written_leaves_nothing_of_it_behind(
    chat: Callable[..., Chat], shared: Desk, model: Dictated
) -> None:
    talk = chat(shared, "--faq", "faq", columns=44, **model.environment)
    talk.types(PAY)
    model.writes(f"{VISA}{PAYPAL}{BYE} And")
    talk.sees("questions.")
    talk.child.send(CTRL_C)
    talk.sees("Goodbye.")
    assert talk.lines()[-2:] == [f"you › {PAY}", "Goodbye."]
    model.ends()
    assert talk.exit_code() == 0


def test_a_terminal_that_cannot_draw_shows_the_whole_reply_alone(
    chat: Callable[..., Chat], shared: Desk, model: Dictated
) -> None:
    talk = chat(shared, "--faq", "faq", TERM="dumb", **model.environment)
    model.writes(f"{VISA}{PAYPAL}{BYE}")
    model.ends()
    talk.types(PAY)
    talk.sees("98 %")
    assert "\x1b" not in talk.seen
    assert talk.seen.count("Visa") == 1


def test_through_a_pipe_a_reply_is_one_line_whoever_writes_it(shared: Desk, model: Dictated) -> None:
    model.writes(f"{VISA}{PAYPAL}{BYE}")
    model.ends()
    ran = shared.run("chat", "--faq", "faq", stdin=f"{PAY}\n", **model.environment)
    assert (ran.code, ran.out) == (0, f"{VISA}{PAYPAL}{BYE} [pay]\n")
