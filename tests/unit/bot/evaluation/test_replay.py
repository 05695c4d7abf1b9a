"""Logged dialogues through the real bot, and the folder of a run: the same bytes however they were made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.composer import VerbatimComposer
from bot.errors import UsageError
from bot.evaluation import replay as replaying
from bot.evaluation.dialogues import Dialogue
from bot.evaluation.folder import (
    RUN,
    TIMINGS,
    TURNS,
    read_log,
    read_run,
    read_timings,
    read_turns,
    write_log,
    writing,
)
from bot.evaluation.judging import Verdict
from bot.evaluation.replay import replay
from bot.evaluation.turns import ReplayedTurn
from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.policy import Rules, Thresholds
from bot.ports import Released, Responder, unseen
from bot.responder import LONGEST, CombinedResponder
from bot.types import Action, Author, Conversation, Message, Removed, Reply, Sourced, Writing
from tests.unit.bot.evaluation.logged import NOON, dialogue

LOG = [
    dialogue(
        "customer: How do I track my order?",
        "agent[answer track]: With the link in the mail.",
        "customer: and how long does a refund take?",
        "agent[answer refund]: Two weeks.",
        "customer: thanks!",
        "agent[small_talk]: Gladly.",
        id_="one",
        channel="web",
    ),
    dialogue("customer: 台灯保修多久？", "agent: 两年", "customer: 好的", id_="two", channel="wechat"),
    dialogue("agent: hello, are you still there?", id_="three"),
    dialogue("customer: Who was the first king of Rome?", "agent[hand_off]: I ask a colleague.", id_="four"),
    dialogue("customer: How do I track my order?", "agent[answer pay]: By card.", id_="five"),
]


@pytest.fixture
def responder(knowledge_source: KnowledgeSource) -> Responder:
    thresholds = Thresholds(answer_from=0.6, clarify_from=0.3, choices=3)
    return CombinedResponder(
        [knowledge_source],
        VerbatimComposer(),
        Rules(thresholds=thresholds),
        understander=Learned(Models()),
        entries=knowledge_source,
    )


async def alike(pairs: Sequence[tuple[str, str]]) -> list[float]:
    return [0.9 if "两年" in one and "两年" in other else 0.1 for one, other in pairs]


async def put(folder: Path, log: Sequence[Dialogue], responder: Responder, run: object = "r") -> int:
    """Replay what is not there yet; return how many turns were."""
    with writing(folder, {"of": run}) as file:
        new = (each for each in log if each.id not in file.done)
        async for replayed in replay(new, responder, alike):
            file.write(replayed)
        return file.before


async def test_each_message_is_answered_after_the_true_history_and_judged(tmp_path: Path, responder: Responder) -> None:
    await put(tmp_path / "run", LOG, responder)
    turns = list(read_turns(tmp_path / "run"))
    assert [(turn.id, turn.verdict) for turn in turns] == [
        ("one#0", Verdict.RIGHT),
        ("one#2", Verdict.RIGHT),
        ("one#4", Verdict.SMALL_TALK),
        ("two#0", Verdict.RIGHT),
        ("two#2", Verdict.UNJUDGED),
        ("four#0", Verdict.HANDED_OVER),
        ("five#0", Verdict.WRONG),
    ]
    first, chinese = turns[0], turns[3]
    assert (first.channel, first.language, first.quoted, first.of, first.best) == ("web", "en", ("track",), 3, True)
    assert first.candidates[0].id == "track"
    assert first.at == NOON.isoformat()
    assert (chinese.language, chinese.alike["warranty"], chinese.person) == ("zh", 0.9, "两年")
    assert len(read_timings(tmp_path / "run")) == len(turns)


async def test_the_bot_sees_what_was_said_before_and_nothing_of_what_came_after() -> None:
    seen: list[tuple[list[str], str, datetime]] = []

    class Noting:
        async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
            seen.append(([turn.text for turn in conversation.turns], message.text, message.at))
            raise RuntimeError("enough")

    log, moment = [dialogue("agent: a", "customer: b", "agent: c")], datetime(2026, 1, 1, tzinfo=UTC)
    for as_of in (None, moment):
        with pytest.raises(RuntimeError, match="enough"):
            await anext(replay(log, Noting(), alike, as_of=as_of))
    assert seen[0][:2] == (["a"], "b")
    assert [at for _, _, at in seen] == [log[0].turns[1].at, moment]


@pytest.mark.parametrize("at_once", [1, 3])
async def test_how_many_are_asked_at_once_changes_no_byte(
    tmp_path: Path, responder: Responder, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    await put(tmp_path / "one", LOG, responder)
    monkeypatch.setattr(replaying, "AT_ONCE", at_once)
    monkeypatch.setattr(replaying, "ALONE", 2)
    monkeypatch.setattr(replaying, "AHEAD", 2)
    await put(tmp_path / "other", LOG, responder)
    for name in (RUN, TURNS):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


@pytest.mark.parametrize("cut", [1, 700, 3000, 6000, -1, -400])
async def test_a_run_that_was_cut_off_anywhere_goes_on_to_the_same_bytes(
    tmp_path: Path, responder: Responder, cut: int
) -> None:
    await put(tmp_path / "whole", LOG, responder)
    whole = (tmp_path / "whole" / TURNS).read_bytes()
    await put(tmp_path / "cut", LOG, responder)
    (tmp_path / "cut" / TURNS).write_bytes(whole[:cut])
    there = await put(tmp_path / "cut", LOG, responder)
    assert there < len(whole.splitlines())
    assert (tmp_path / "cut" / TURNS).read_bytes() == whole
    assert await put(tmp_path / "cut", LOG, responder) == len(whole.splitlines())


async def test_few_dialogues_are_read_ahead(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "AHEAD", 4)
    read = 0

    def log() -> Iterator[Dialogue]:
        nonlocal read
        for number in range(40):
            read += 1
            yield dialogue("customer: hello", id_=str(number))

    done = 0
    async for _ in replay(log(), responder, alike):
        done += 1
        assert read - done <= 4
    assert done == 40


async def test_times_are_those_of_replies_made_alone(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "ALONE", 3)
    under_way = 0
    seen: list[int] = []

    class Counting:
        async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
            nonlocal under_way
            under_way += 1
            seen.append(under_way)
            reply = await responder.respond(conversation, message)
            under_way -= 1
            return reply

    log = [dialogue("customer: hello", "customer: hi", id_=str(number)) for number in range(20)]
    took = [each.took async for each in replay(log, Counting(), alike)]
    assert sum(map(len, took)) == 3
    assert seen[:3] == [1, 1, 1], "each was alone"
    assert max(seen) > 10, "the others were not"


async def test_a_replay_that_is_given_up_leaves_no_task(responder: Responder) -> None:
    replayed = replay((dialogue("customer: hello", id_=str(number)) for number in range(40)), responder, alike)
    await anext(replayed)
    await replayed.aclose()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("replay ")]


async def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, responder: Responder) -> None:
    await put(tmp_path / "run", LOG[:1], responder)
    before = (tmp_path / "run" / TURNS).read_bytes()
    with pytest.raises(UsageError, match="holds a run of something else, with other of"):
        await put(tmp_path / "run", LOG, responder, run="another")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else than a run"):
        await put(tmp_path / "notes", LOG, responder)
    assert (tmp_path / "run" / TURNS).read_bytes() == before
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, why in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "run", "Not a directory")):
        with pytest.raises(UsageError, match=rf"{why}\. Name another folder"), writing(folder, {}):
            pass


async def test_a_run_without_a_turn_was_not_begun(tmp_path: Path, responder: Responder) -> None:
    for run in ("data that cannot be read", "others"):
        with pytest.raises(ZeroDivisionError), writing(tmp_path / "run", {"of": run}):
            raise ZeroDivisionError
    assert list((tmp_path / "run").iterdir()) == []
    await put(tmp_path / "run", LOG[:1], responder)
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "run", read_run(tmp_path / "run")):
        raise ZeroDivisionError
    assert list(read_turns(tmp_path / "run"))


def test_one_writes_a_folder_at_a_time(tmp_path: Path) -> None:
    first, second = writing(tmp_path / "run", {}), writing(tmp_path / "run", {})
    with first, pytest.raises(UsageError, match="being written by another kefu"), second:
        pass
    with writing(tmp_path / "run", {}) as file:
        assert file.before == 0


def test_times_that_were_cut_off_cost_no_others(tmp_path: Path) -> None:
    (tmp_path / TIMINGS).write_text(
        '{"dialogue": "a", "ms": [1.5, 2]}\n{"dialogue": "b", "ms": [3{"dialo\n{"ms": [4]}\n'
    )
    assert read_timings(tmp_path) == [1.5, 2, 4]


def test_what_is_told_of_the_log_is_read_back_or_named(tmp_path: Path) -> None:
    assert read_log(tmp_path) is None
    write_log(tmp_path, {"cases": 3})
    assert read_log(tmp_path) == {"cases": 3}
    (tmp_path / "log.json").write_text("{")
    with pytest.raises(UsageError, match=r"log\.json.*evaluate again"):
        read_log(tmp_path)


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        read_run(tmp_path)
    for text in ("", "[]", "{"):
        (tmp_path / RUN).write_text(text)
        with pytest.raises(UsageError, match="Evaluate again"):
            read_run(tmp_path)
    with pytest.raises(UsageError, match=r"turns\.jsonl: No such file"):
        list(read_turns(tmp_path))
    (tmp_path / TURNS).write_text('{"dialogue": "d"}\n')
    with pytest.raises(UsageError, match=r"turns\.jsonl:1: not a turn"):
        list(read_turns(tmp_path))
    (tmp_path / TIMINGS).write_text("nonsense")
    assert read_timings(tmp_path) == []


async def test_a_turn_is_the_same_after_it_was_written(tmp_path: Path, responder: Responder) -> None:
    async for replayed in replay(LOG, responder, alike):
        for turn in replayed.turns:
            assert ReplayedTurn.of_json(turn.json()) == turn
            assert json.loads(turn.json())["action"] in tuple(Action)


async def test_of_a_file_that_somebody_pasted_the_beginning_is_kept(responder: Responder) -> None:
    log = [dialogue(f"customer: How do I track my order? {'x' * 50_000}", f"agent: {'With the link. ' * 9_000}")]
    async for replayed in replay(log, responder, alike):
        (turn,) = replayed.turns
        assert (len(turn.text), len(turn.person)) == (LONGEST, LONGEST)


@pytest.mark.parametrize(("kept", "removed", "share"), [(0, 0, None), (3, 1, 0.75), (0, 2, 0.0), (2, 0, 1.0)])
async def test_a_turn_tells_how_much_of_what_a_model_wrote_was_supported(
    responder: Responder, kept: int, removed: int, share: float | None
) -> None:
    writing = Writing(
        by=Author.GENERATOR,
        sentences=tuple(Sourced(start=place, end=place + 1) for place in range(kept)),
        removed=tuple(Removed(text="false") for _ in range(removed)),
    )

    class Writes:
        async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
            return replace(await responder.respond(conversation, message), writing=writing)

    (replayed,) = [each async for each in replay(LOG[:1], Writes(), alike)]
    assert {turn.supported for turn in replayed.turns} == {share}
