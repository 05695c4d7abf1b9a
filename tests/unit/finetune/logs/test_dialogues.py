"""Dialogues as JSONL: what is read of them, and what is told of the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from finetune.errors import DataError
from finetune.logs import Speaker, Utterance, What
from finetune.logs.records import ACTIONS
from tests.unit.finetune.logs.logs import damaged, log, places, read, texts, turn

GOOD = turn("customer", "good")


def test_a_dialogue_is_read_with_all_it_tells(tmp_path: Path) -> None:
    turns = [
        turn("customer", "refund?", at="2026-01-05T09:14:00Z"),
        turn("agent", "vip", private=True),
        turn("bot", "14 days.", at=1767604440, answer_id="refund", action="answer"),
    ]
    row = {"id": 7, "turns": turns, "outcome": "resolved", "language": "en", "channel": "whatsapp"}
    [conversation] = read(log(tmp_path, row))
    assert (conversation.id, conversation.outcome, conversation.notes) == ("7", "resolved", 1)
    assert conversation.channel == "whatsapp"
    assert conversation.utterances == (
        Utterance(speaker=Speaker.CUSTOMER, text="refund?", at=datetime(2026, 1, 5, 9, 14, tzinfo=UTC)),
        Utterance(
            speaker=Speaker.BOT,
            text="14 days.",
            at=datetime(2026, 1, 5, 9, 14, tzinfo=UTC),
            answers=("refund",),
            action="answer",
        ),
    )


@pytest.mark.parametrize(
    ("label", "answers", "accept", "action"),
    [
        ({"answer_ids": ["a", "b", "a"]}, ("a", "b"), (), ""),
        ({"answer_ids": []}, (), (), ""),
        ({"answer_id": "a"}, ("a",), (), ""),
        ({"answer_ids": [4], "accept": ["c"]}, ("4",), ("c",), ""),
        ({"accept": ["c"]}, (), ("c",), ""),
        ({"action": "hand_off"}, (), (), "hand_off"),
    ],
)
def test_what_somebody_wrote_beside_a_message_is_its_label(
    label: dict[str, object], answers: tuple[str, ...], accept: tuple[str, ...], action: str, tmp_path: Path
) -> None:
    [conversation] = read(log(tmp_path, {"turns": [turn("customer", "x", **label), turn("customer", "y")]}))
    labelled, other = conversation.utterances
    assert (labelled.answers, labelled.accept, labelled.action) == (answers, accept, action)
    assert (labelled.labelled, other.labelled) == (True, False)


def test_what_an_agent_says_is_no_label(tmp_path: Path) -> None:
    [conversation] = read(log(tmp_path, {"turns": [turn("agent", "x", answer_ids=["a", "b"], action="answer")]}))
    assert conversation.utterances[0].answers == ("a", "b")
    assert not conversation.utterances[0].labelled


def test_other_names_of_the_speakers_are_known(tmp_path: Path) -> None:
    names = ("user", "Assistant", " AGENT ", "客户", "机器人", "system", "Customer")
    [conversation] = read(log(tmp_path, {"turns": [turn(name, name) for name in names]}))
    assert "".join(utterance.speaker[0] for utterance in conversation.utterances) == "cbacbc"
    assert conversation.events == 1


@pytest.mark.parametrize("private", [True, "true", "yes", 1])
def test_a_private_note_is_counted_and_not_kept(private: object, tmp_path: Path) -> None:
    [conversation] = read(log(tmp_path, {"turns": [turn("agent", "vip", private=private), GOOD]}))
    assert (texts([conversation]), conversation.notes) == (["good"], 1)


@pytest.mark.parametrize("private", [False, "false", "no", 0, "", None])
def test_what_is_not_private_is_read(private: object, tmp_path: Path) -> None:
    assert texts(read(log(tmp_path, {"turns": [turn("agent", "x", private=private)]}))) == ["x"]


ORDERS = {
    "1 2 3": "1 2 3",
    "3 2 1": "1 2 3",
    "2 1 3": "1 2 3",
    "1 - 2": "1 - 2",
    "3 - 2 1": "1 2 - 3",
    "- 2 1": "1 2 -",
    "- -": "- -",
    "1a 1b 1c": "1a 1b 1c",
    "2 1b 1a": "1a 1b 2",
}


@pytest.mark.parametrize("order", ORDERS)
def test_turns_are_read_in_the_order_of_their_times(order: str, tmp_path: Path) -> None:
    at = {"1": "2026-01-01", "2": "2026-01-02", "3": "2026-01-03"}
    path = log(tmp_path, {"turns": [turn("agent", text, at=at.get(text[0])) for text in order.split()]})
    conversations, problems = damaged(path)
    assert " ".join(texts(conversations)) == ORDERS[order]
    assert places(problems) == ([(What.ORDER, 1)] if ORDERS[order] != order else [])


@pytest.mark.parametrize(
    ("row", "what", "said"),
    [
        ("{", What.NOT_JSON, "not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        ("[" * 5000, What.NOT_JSON, "not JSON (maximum recursion depth exceeded"),
        ("null", What.NO_DIALOGUE, "null; expected a dialogue"),
        ([1], What.NO_DIALOGUE, "a list; expected a dialogue"),
        ({"id": "a"}, What.NO_DIALOGUE, "'turns' is no list; expected a dialogue"),
        ({"turns": ["hello"]}, What.NO_TURN, "turn 1 is 'hello'; expected an object such as"),
        ({"turns": [turn("boss", "x")]}, What.SPEAKER, "the speaker of turn 1 is 'boss'; expected one of customer,"),
        ({"turns": [turn("human", "x")]}, What.SPEAKER, "the speaker of turn 1 is 'human'; expected one of customer,"),
        ({"turns": [{"speaker": ["customer"], "text": "x"}]}, What.SPEAKER, "the speaker of turn 1 is a list"),
        ({"turns": [{"text": "x"}]}, What.SPEAKER, "the speaker of turn 1 is nothing"),
        ({"turns": [{"speaker": "agent", "text": {}}]}, What.NO_TEXT, "the text of turn 1 is a dict; expected a text"),
        ({"turns": [turn("agent", " ")]}, What.NO_TEXT, "the text of turn 1 is ' '; expected a text"),
        ({"turns": [{"speaker": "agent"}]}, What.NO_TEXT, "the text of turn 1 is nothing; expected a text"),
        ({"turns": [turn("agent", "x", private="perhaps")]}, What.PRIVACY, "'private' of turn 1 is 'perhaps'"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_told_and_the_rest_is_read(
    row: object, what: What, said: str, tmp_path: Path
) -> None:
    path = log(tmp_path, {"turns": [GOOD]}, row, {"turns": [GOOD]})
    conversations, problems = damaged(path)
    assert texts(conversations) == ["good", "good"]
    assert problems.counts == {what: 1}
    assert str(problems.examples(what)[0]).startswith(f"{path}:2: {said}")
    assert what.left_out


@pytest.mark.parametrize(
    ("row", "what", "said"),
    [
        ({"turns": [turn("agent", "x", at="noon")]}, What.TIME, "the time of turn 1 is 'noon'; expected a time such"),
        ({"turns": [turn("agent", "x", at=[])]}, What.TIME, "the time of turn 1 is a list; expected a time such as"),
        ({"turns": [turn("agent", "x", answer_id=[])]}, What.FIELD, "'answer_id' of turn 1 is a list; expected a text"),
        ({"turns": [turn("agent", "x", action="run")]}, What.FIELD, "'action' of turn 1 is 'run'; expected one of ans"),
        ({"turns": [turn("customer", "x", answer_ids="a")]}, What.FIELD, "'answer_ids' of turn 1 is 'a'; expected a l"),
        ({"turns": [turn("agent", "x")], "outcome": []}, What.FIELD, "'outcome' is a list; expected a text"),
        ({"turns": [turn("agent", "x")], "id": []}, What.FIELD, "'id' is a list; expected a text or a number"),
    ],
)
def test_what_is_wrong_beside_a_text_costs_nothing_else(row: object, what: What, said: str, tmp_path: Path) -> None:
    path = log(tmp_path, {"turns": [GOOD]}, row)
    conversations, problems = damaged(path)
    assert conversations[1].utterances == (Utterance(speaker=conversations[1].utterances[0].speaker, text="x"),)
    assert places(problems) == [(what, 2)]
    assert str(problems.examples(what)[0]).startswith(f"{path}:2: {said}")
    assert not what.left_out


def test_a_number_is_a_text(tmp_path: Path) -> None:
    assert texts(read(log(tmp_path, {"turns": [{"speaker": "customer", "text": 2048817}]}))) == ["2048817"]


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    row = '{"id": "\\ud83d", "turns": [{"speaker": "agent", "text": "\\ud83d ok"}]}'
    [conversation] = read(log(tmp_path, row))
    assert (conversation.id, texts([conversation])) == ("\ufffd", ["\ufffd ok"])


def test_a_file_of_which_nothing_can_be_read_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    for rows, said in (
        (("{", "{"), r"Nothing in .*log\.jsonl can be read\. .*log\.jsonl:1: not JSON"),
        (
            ({"turns": [turn("boss", "x")]},),
            r"Nothing in .* can be read\. .*log\.jsonl:1: the speaker of turn 1 is 'boss'",
        ),
    ):
        with pytest.raises(DataError, match=said):
            damaged(log(tmp_path, *rows))


def test_the_words_for_what_a_turn_does_are_those_of_a_reply() -> None:
    from bot.types import Action

    assert tuple(action.value for action in Action) == ACTIONS
