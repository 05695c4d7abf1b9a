"""Which answer belongs to which question."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from finetune.history.pairs import Left, Pair, pairs_of
from finetune.history.privacy import Privacy
from finetune.logs import Conversation, Problems, Speaker, Utterance, iter_logs

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)
DEMO = Path(__file__).resolve().parents[4] / "faq_data" / "eval" / "dialogues.jsonl"
SPEAKERS = {"C": Speaker.CUSTOMER, "A": Speaker.AGENT, "B": Speaker.BOT}


def said(line: str, minute: int) -> Utterance:
    """Read "A clarify: text" or "B #entry: text"."""
    who, _, text = line.partition(": ")
    letter, *marks = who.split()
    entries = tuple(mark[1:] for mark in marks if mark[0] == "#")
    action = next((mark for mark in marks if mark[0] != "#"), "")
    at = BEGIN + timedelta(minutes=minute)
    return Utterance(speaker=SPEAKERS[letter], text=text, at=at, answers=entries, action=action)


def talk(*lines: str, left: Counter[Left] | None = None, **more: object) -> list[tuple[str, str]]:
    return [(pair.question, pair.answer) for pair in found(*lines, left=left, **more)]


def found(*lines: str, left: Counter[Left] | None = None, **more: object) -> list[Pair]:
    utterances = tuple(said(line, minute) for minute, line in enumerate(lines))
    conversation = Conversation(id="c", utterances=utterances, **more)  # type: ignore[arg-type]
    return pairs_of(conversation, Privacy(), Counter() if left is None else left)


RETURN, DAYS = "How long can I return a lamp?", "You can return it within 30 days."


def test_a_question_and_its_answer_are_a_pair() -> None:
    [pair] = found(f"C: Hi! {RETURN}", f"A: Hello Anna, {DAYS[0].lower()}{DAYS[1:]} Have a nice day!")
    assert pair == Pair(question=RETURN, answer=DAYS, language="en", conversation="c", at=BEGIN)
    assert pair.row() == {
        "question": RETURN,
        "answer": DAYS,
        "language": "en",
        "conversation": "c",
        "at": "2026-03-01T09:00:00+00:00",
    }


def test_messages_of_one_side_in_a_row_belong_together() -> None:
    lines = (
        "C: box came all smashed",
        "C: the lamp inside is cracked too",
        "A: Send us photos.",
        "A: Then choose a refund.",
    )
    assert talk(*lines) == [
        ("box came all smashed the lamp inside is cracked too", "Send us photos.\nThen choose a refund.")
    ]


def test_putting_off_is_no_answer_and_the_one_after_it_is() -> None:
    assert talk(f"C: {RETURN}", "A: Let me check.", "C: ok", f"A: {DAYS}") == [(RETURN, DAYS)]
    assert talk("C: 台灯可以退货吗", "A: 请稍等", "A: 签收后30天内可以退货。") == [
        ("台灯可以退货吗", "签收后30天内可以退货。")
    ]
    assert talk(f"C: {RETURN}", f"A: One moment please. {DAYS}") == [(RETURN, DAYS)]


@pytest.mark.parametrize("answer", ["We are open from 9 to 18.", "Sorry, we are sold out.", "20.", "好的，可以退"])
def test_an_answer_that_begins_with_a_courtesy_is_kept_and_a_courtesy_is_none(answer: str) -> None:
    lines = (f"C: {RETURN}", f"A: {answer}", "C: thanks", "A: You're welcome, have a nice day!")
    assert talk(*lines) == [(RETURN, answer)]


def test_the_reply_to_a_question_back_belongs_to_the_question() -> None:
    lines = ("C: what is delivery", "A: To which country?", "C: to France", "A: It is 5.90 USD.")
    assert talk(*lines) == [("what is delivery to France", "It is 5.90 USD.")]
    after = ("C: is shipping quick?", "A: It takes 5 days.", "A: To which city?", "C: nanjing", "A: To Nanjing 2 days.")
    assert talk(*after)[1] == ("is shipping quick? nanjing", "To Nanjing 2 days.")


def test_an_order_number_asks_nothing() -> None:
    lines = ("C: i want to cancel my order", "A: Which one?", "C: LB-2051140", "A: You can cancel it under /orders.")
    assert talk(*lines) == [("i want to cancel my order", "You can cancel it under /orders.")]


def test_thanks_and_reactions_are_no_questions() -> None:
    left: Counter[Left] = Counter()
    lines = (f"C: {RETURN}", f"A: {DAYS}", "C: ok great", "C: will try tonight", "A: The form is under /returns.")
    assert talk(*lines, left=left) == [(RETURN, DAYS)]
    assert left[Left.NO_QUESTION] == 1


def test_a_bot_is_context_unless_the_log_names_what_it_said() -> None:
    left: Counter[Left] = Counter()
    assert talk(f"C: {RETURN}", "B: I did not get that.", f"A: {DAYS}", left=left) == [(RETURN, DAYS)]
    assert left[Left.BOT] == 1
    [pair] = found(f"C: {RETURN}", f"B #return-window: {DAYS}")
    assert (pair.answer, pair.intent) == (DAYS, "return-window")


def test_a_bot_that_answers_for_the_agent_changes_no_question() -> None:
    assert talk(f"C: {RETURN}", "B: Our hours are 9 to 18.", f"C: {RETURN}", f"A: {DAYS}") == [(RETURN, DAYS)]


def test_what_the_log_says_of_a_message_counts_more_than_its_wording() -> None:
    assert talk("C: i lost my phone", "A answer: Do you have the backup codes?") == [
        ("i lost my phone", "Do you have the backup codes?")
    ]
    assert talk(f"C: {RETURN}", f"A clarify: {DAYS}") == []


def test_what_is_handed_over_is_answered_by_who_takes_over() -> None:
    lines = (f"C: {RETURN}", "A: I'm handing you over to a colleague.", f"A: {DAYS}")
    assert talk(*lines) == [(RETURN, DAYS)]


def test_a_follow_up_that_leans_on_an_earlier_question_is_left_out() -> None:
    left: Counter[Left] = Counter()
    lines = (
        "C: do you ship to iran",
        "A: We do not.",
        "C: and turkey?",
        "A: Yes, within 15 days.",
        "C: unpaid",
        "C: bye",
    )
    assert talk(*lines, left=left) == [("do you ship to iran", "We do not.")]
    assert left[Left.LEANING] == 1
    assert left[Left.UNANSWERED] == 1


def test_an_intent_is_known_where_all_of_the_answer_is_one_entry() -> None:
    one = found(f"C: {RETURN}", f"A #return: {DAYS}", "A #return: It is free.")
    two = found(f"C: {RETURN}", f"A #return: {DAYS}", "A #cost: It is free.")
    assert [pair.intent for pair in (*one, *two)] == ["return", ""]


@pytest.mark.parametrize("outcome", ["spam", "Deleted", "merged"])
def test_spam_is_left_out(outcome: str) -> None:
    left: Counter[Left] = Counter()
    assert talk(f"C: {RETURN}", f"A: {DAYS}", outcome=outcome, left=left) == []
    assert left[Left.NO_SERVICE] == 1


def test_names_of_the_export_are_no_part_of_a_pair() -> None:
    assert talk("C: is Maria there? i need an invoice", "A: Ask Gomez for it.", names=frozenset({"Maria Gomez"})) == [
        ("is <name> there? i need an invoice", "Ask <name> for it.")
    ]


def test_an_answer_to_a_message_that_is_too_long_belongs_to_no_other_question() -> None:
    left: Counter[Left] = Counter()
    assert talk("C: where is my lamp", "C: " + "log line\n" * 1000, f"A: {DAYS}", left=left) == []
    assert (left[Left.TOO_LONG], left[Left.NO_QUESTION]) == (1, 1)


def test_an_empty_message_and_an_answer_of_tokens_alone_say_nothing() -> None:
    assert talk("C: ", f"C: {RETURN}", "A answer: ", "A answer: https://x.example/a", f"A: {DAYS}") == [(RETURN, DAYS)]


def test_wording_alone_finds_nearly_what_the_labels_of_the_demo_log_tell(tmp_path: Path) -> None:
    bare = tmp_path / "bare.jsonl"
    with bare.open("w", encoding="utf-8") as file:
        for line in DEMO.read_text("utf-8").splitlines():
            dialogue = json.loads(line)
            for turn in dialogue["turns"]:
                turn.pop("action", None)
                turn.pop("answer_id", None)
            file.write(json.dumps(dialogue) + "\n")
    told, guessed = (
        {(p.question, p.answer) for c in iter_logs([log], Problems()) for p in pairs_of(c, Privacy(), Counter())}
        for log in (DEMO, bare)
    )
    assert len(told) > 200
    assert len(told & guessed) >= 0.95 * max(len(told), len(guessed))
