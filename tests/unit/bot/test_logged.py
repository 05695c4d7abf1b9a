"""Exported logs as dialogues to replay."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.logged import dialogue_of, dialogues, labelled
from bot.evaluation.dialogues import Dialogue, Reading, Truth
from bot.types import Action, Citation, Speaker, Turn
from finetune.logs import Conversation, Problems, Utterance, What
from finetune.logs import Speaker as Said

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
FAQ = Path(__file__).parents[3] / "faq_data"


def read(folder: Path, *rows: object) -> tuple[list[Dialogue], Problems]:
    path, problems = folder / "log.jsonl", Problems()
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return list(dialogues([path], problems, otherwise=NOON)), problems


def asked(**label: object) -> dict[str, Any]:
    return {"speaker": "customer", "text": "how long?", **label}


def test_a_dialogue_has_what_the_log_tells(tmp_path: Path) -> None:
    at = "2026-01-05T09:14:00+00:00"
    said = {"speaker": "agent", "text": "30 days.", "at": at, "answer_id": "return-window", "action": "answer"}
    [dialogue], problems = read(
        tmp_path, {"id": "a", "turns": [asked(at=at), said], "channel": "web", "outcome": "resolved"}
    )
    when = datetime.fromisoformat(at)
    assert dialogue == Dialogue(
        id="a",
        channel="web",
        turns=(
            Turn(speaker=Speaker.CUSTOMER, text="how long?", at=when, id="0"),
            Turn(
                speaker=Speaker.AGENT,
                text="30 days.",
                at=when,
                id="1",
                action=Action.ANSWER,
                citations=(Citation(id="return-window", question="", source=""),),
            ),
        ),
        outcome="resolved",
    )
    assert dialogue.truth(0).answers == {"return-window"}
    assert not problems.counts


@pytest.mark.parametrize(
    ("label", "wanted", "answers", "accept"),
    [
        ({"answer_ids": ["a", "b"]}, {Action.ANSWER}, {"a", "b"}, set()),
        ({"answer_id": "a", "accept": ["c"]}, {Action.ANSWER}, {"a"}, {"c"}),
        ({"accept": ["c"]}, {Action.ANSWER}, set(), {"c"}),
        ({"answer_ids": []}, {Action.HAND_OFF}, set(), set()),
        ({"action": "hand_off"}, {Action.HAND_OFF}, set(), set()),
        ({"answer_ids": ["a"], "action": "hand_off"}, {Action.ANSWER, Action.HAND_OFF}, {"a"}, set()),
        ({"action": "small_talk"}, {Action.SMALL_TALK}, set(), set()),
    ],
)
def test_what_was_written_beside_a_message_is_what_is_wanted(
    label: dict[str, object], wanted: set[Action], answers: set[str], accept: set[str], tmp_path: Path
) -> None:
    [dialogue], _ = read(tmp_path, {"turns": [asked(), asked(**label)]})
    truth = Truth(
        reading=Reading.LABEL,
        wanted=frozenset(wanted),
        answers=frozenset(answers),
        accept=frozenset(accept),
    )
    assert dialogue.labels == {1: truth}
    assert dialogue.asked() == [1]
    assert dialogue.turns[1].action is None


def test_an_unknown_action_is_none_and_told(tmp_path: Path) -> None:
    [dialogue], problems = read(tmp_path, {"turns": [{"speaker": "bot", "text": "x", "action": "dance"}]})
    assert dialogue.turns[0].action is None
    assert problems.counts == {What.FIELD: 1}


def test_half_a_character_can_be_written_down(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"id": "\ud83d", "text": "how long? \ud83d", "answer_ids": ["a"]}) + "\n")
    [dialogue] = labelled([path], NOON)
    assert (dialogue.id, dialogue.turns[0].text) == ("\ufffd", "how long? \ufffd")


def test_rows_without_an_id_are_named_for_their_file_also_where_two_have_one_name(tmp_path: Path) -> None:
    paths = [tmp_path / language / "rows.jsonl" for language in ("en", "zh")]
    for path in paths:
        path.parent.mkdir()
        path.write_text('{"text": "how long?", "answer_ids": ["a"]}\n')
    assert [dialogue.id for dialogue in labelled(paths, NOON)] == ["en/rows.jsonl:1", "zh/rows.jsonl:1"]
    assert [dialogue.id for dialogue in labelled(paths[:1], NOON)] == ["rows.jsonl:1"]


times = st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 9)).map(lambda at: at.replace(tzinfo=UTC))


@given(st.lists(times, max_size=8))
def test_time_never_runs_backwards_and_every_turn_has_one(known: list[datetime | None]) -> None:
    said = tuple(Utterance(speaker=Said.AGENT, text="x", at=at) for at in known)
    turns = dialogue_of(Conversation(id="a", utterances=said), NOON).turns
    assert [turn.id for turn in turns] == [str(place) for place in range(len(known))]
    assert all(one.at <= other.at for one, other in pairwise(turns))
    assert {turn.at for turn in turns} <= {at for at in known if at} or {turn.at for turn in turns} == {NOON}
    assert not turns or turns[0].at == next((at for at in known if at), NOON)


def test_the_demo_dialogues_are_read_as_they_are() -> None:
    problems = Problems()
    read = list(dialogues([FAQ / "eval" / "dialogues.jsonl"], problems, otherwise=NOON))
    assert (len(read), sum(len(dialogue.turns) for dialogue in read)) == (114, 781)
    assert not any(dialogue.labels for dialogue in read)
    assert not problems.counts
