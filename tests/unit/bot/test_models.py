"""What the wiring of trained models promises: others are taken up between two turns, and none can stop the bot."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

import bot.models
from bot.app import running
from bot.history import HistorySource
from bot.knowledge import KnowledgeSource
from bot.learned import Learned
from bot.library import Library, Progress
from bot.models import InUse, in_use
from bot.settings import Intents, Knowledge, Policy, Settings, State
from bot.types import ConversationKey, Message, Reason, Reply
from connectors.mailbox import Mailbox
from finetune.recipe import Kind
from finetune.registry import Registry
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder
from tests.unit.bot.talk import Talk
from tests.unit.bot.trained import INTENTS, SENTIMENT, pairs_of, rows_of, train
from tests.unit.test_imports import command, loaded

TRACK = "How do I track my order?"
#: Seconds after which something else that was put into use should have been seen; usually it takes a moment.
DEADLINE = 30


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of the artefacts, to change."""
    return Path(shutil.copytree(trained, tmp_path / "state" / "models"))


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory, english_encoder: Encoder) -> Path:
    """The same artefacts, learned on the vectors of an encoder that reads no Chinese."""
    folder = tmp_path_factory.mktemp("english")
    for kind, rows, key in ((Kind.INTENTS, INTENTS, "intent"), (Kind.SENTIMENT, SENTIMENT, "sentiment")):
        train(folder / "models", kind, rows_of(rows, key, folder), english_encoder)
    return folder / "models"


def break_weights(folder: Path, kind: str, version: str) -> None:
    (folder / kind / version / "head.safetensors").write_bytes(b"no weights")


def intents_of(now: InUse, text: str = TRACK) -> list[str]:
    (understanding,) = now.models.understandings([text])
    return [label for label, _ in understanding.intents]


def test_what_is_in_use_is_opened(folder: Path, encoder: Encoder) -> None:
    now = in_use(folder, encoder, InUse())
    assert set(now.models.versions) == {"intents", "sentiment"}
    assert now.models.versions["intents"] == Registry(models=folder).live(Kind.INTENTS)
    assert intents_of(now) == ["track_order"]
    assert (now.models.entities, now.models.answers) == (None, None)


def test_without_artefacts_nothing_is_in_use(tmp_path: Path, encoder: Encoder) -> None:
    assert in_use(tmp_path / "models", encoder, InUse()) == InUse()


@pytest.mark.parametrize(
    "text", ["我的订单在哪里", "大小", "我要中国", "🦆🦆", "人工", "Halo lamp一直连不上wifi，怎么reset", ""]
)
def test_of_what_its_encoder_cannot_read_a_model_says_nothing(
    english: Path, english_encoder: Encoder, text: str
) -> None:
    now = in_use(english, english_encoder, InUse())
    (understanding, other) = now.models.understandings([text, TRACK])
    assert (understanding.intents, understanding.sentiment) == ((), "")
    assert other.intents


def test_a_model_that_is_still_in_use_is_not_opened_again(folder: Path, encoder: Encoder) -> None:
    before = in_use(folder, encoder, InUse())
    Registry(models=folder).rollback(Kind.SENTIMENT)
    now = in_use(folder, encoder, before)
    assert now.models.intents is before.models.intents
    assert (now.models.sentiment, set(now.models.versions)) == (None, {"intents"})
    Registry(models=folder).promote(Kind.SENTIMENT, before.models.versions["sentiment"])
    assert in_use(folder, encoder, now).models.versions == before.models.versions


def test_what_cannot_be_opened_is_told_and_the_bot_goes_on_without(
    folder: Path, encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    version = in_use(folder, encoder, InUse()).models.versions["intents"]
    break_weights(folder, "intents", version)
    now = in_use(folder, encoder, InUse())
    assert set(now.models.versions) == {"sentiment"}
    assert "What is in use now as intents cannot be opened; the bot goes on without" in caplog.text
    assert "Train it again. Take it back with: kefu models rollback intents" in caplog.text


@pytest.mark.parametrize("broken", ["live.json", "weights"])
def test_where_the_next_one_cannot_be_opened_the_earlier_one_goes_on(
    folder: Path, encoder: Encoder, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    before = in_use(folder, encoder, InUse())
    version = before.models.versions["intents"]
    if broken == "live.json":
        (folder / "intents" / "live.json").write_text("{", "utf-8")
    else:
        shutil.copytree(folder / "intents" / version, folder / "intents" / "next")
        (folder / "intents" / "live.json").write_text(json.dumps({"versions": [version, "next"]}), "utf-8")
        break_weights(folder, "intents", "next")
    now = in_use(folder, encoder, before)
    assert now.models == before.models
    assert f"the earlier version, {version}, goes on" in caplog.text
    assert in_use(folder, encoder, now) == now, "it is told once"
    assert caplog.text.count("cannot be opened") == 1


def test_what_was_trained_for_another_encoder_is_not_used(
    folder: Path, encoder: Encoder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "fingerprint", "another")
    assert in_use(folder, encoder, InUse()).models.versions == {}
    assert "trained on another encoder than is in use. Train it again." in caplog.text


# --- while the bot runs


@pytest.fixture
def settings(folder: Path, tmp_path: Path, encoder_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(bot.models, "LOOK_SECONDS", 0.02)
    entries = [
        {"id": "track", "question": "How do I track my order?", "answer": "With the link.", "language": "en"},
        {"id": "refund", "question": "How long does a refund take?", "answer": "14 days.", "language": "en"},
    ]
    (tmp_path / "faq.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries), "utf-8")
    return Settings(
        knowledge=Knowledge(sources=(tmp_path / "faq.jsonl",), watch=False),
        state=State(folder=folder.parent, cache=encoder_cache),
        policy=Policy(answer_from=0.3, clarify_from=0.2),
        intents=Intents(answers={"track_order": "track", "complaint": "nowhere"}),
    )


@pytest.fixture
def library(encoder: Encoder, analyzer: Analyzer) -> Library:
    return Library(encoder=encoder, analyzer=analyzer)


class Customer:
    """Asks one question after the other, and keeps what comes."""

    def __init__(self) -> None:
        self.mailbox = Mailbox(uuid4().hex)
        self.key = ConversationKey(channel=self.mailbox.name, thread="1")
        self.replies: list[Reply] = []

    async def asks(self, desk: bot.app.Bot, text: str = TRACK) -> Reply:
        message = Message(id=uuid4().hex, conversation=self.key, text=text, at=datetime.now(UTC))
        reply = await asyncio.wait_for(self.mailbox.ask(desk.submit, message), DEADLINE)
        assert reply.in_reply_to == message.id
        self.replies.append(reply)
        return reply


async def test_what_is_put_into_use_serves_without_a_restart_and_no_turn_is_dropped_or_answered_twice(
    settings: Settings, library: Library, folder: Path
) -> None:
    version = (
        Registry(models=folder).rollback(Kind.INTENTS) or Registry(models=folder).versions(Kind.INTENTS)[0].version
    )
    index, _ = library.index(settings, Progress())
    delivered: Counter[str] = Counter()
    customers = [Customer() for _ in range(8)]
    done = asyncio.Event()

    async with running(settings, library, index) as desk:

        async def talk(customer: Customer) -> None:
            deliver = customer.mailbox.deliver

            async def counted(reply: Reply, *, again: bool) -> None:
                delivered[reply.in_reply_to] += 1
                await deliver(reply, again=again)

            customer.mailbox.deliver = counted  # type: ignore[method-assign]
            desk.connect(customer.mailbox)
            while not done.is_set():
                await customer.asks(desk)

        async def reached(reason: Reason) -> None:
            async with asyncio.timeout(DEADLINE):
                while any(not c.replies or c.replies[-1].reason is not reason for c in customers):
                    await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            for customer in customers:
                group.create_task(talk(customer))
            await reached(Reason.CONFIDENT)
            for _ in range(2):
                await asyncio.to_thread(Registry(models=folder).promote, Kind.INTENTS, version)
                await reached(Reason.INTENT)
                await asyncio.to_thread(Registry(models=folder).rollback, Kind.INTENTS)
                await reached(Reason.CONFIDENT)
            done.set()

    replies = [reply for customer in customers for reply in customer.replies]
    assert {reply.reason for reply in replies} == {Reason.CONFIDENT, Reason.INTENT}
    assert {reply.text for reply in replies} == {"With the link."}
    assert set(delivered.values()) == {1}
    assert len(delivered) == len(replies)
    for reply in replies:
        assert bool(reply.understanding.intents) == (reply.reason is Reason.INTENT)


async def test_a_first_artefact_is_seen_where_there_was_no_folder_before(
    settings: Settings, library: Library, folder: Path
) -> None:
    kept = await asyncio.to_thread(folder.rename, folder.with_name("kept"))
    index, _ = library.index(settings, Progress())
    async with running(settings, library, index) as desk:
        customer = Customer()
        desk.connect(customer.mailbox)
        assert (await customer.asks(desk)).reason is Reason.CONFIDENT
        await asyncio.to_thread(kept.rename, folder)
        async with asyncio.timeout(DEADLINE):
            while (await customer.asks(desk)).reason is not Reason.INTENT:
                await asyncio.sleep(0.01)


async def test_an_entry_that_the_settings_name_and_nobody_wrote_is_told_at_start(
    settings: Settings, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    index, _ = library.index(settings, Progress())
    async with running(settings, library, index, promotions=False):
        assert "kefu models" not in {task.get_name() for task in asyncio.all_tasks()}
    assert "intents.answers.complaint: there is no entry 'nowhere'" in caplog.text
    assert "track_order" not in caplog.text


# --- answers


async def test_answers_that_were_learned_stand_beside_the_entries(
    knowledge_source: KnowledgeSource, tmp_path: Path, encoder: Encoder
) -> None:
    await asyncio.to_thread(train, tmp_path, Kind.ANSWERS, pairs_of(tmp_path), encoder, epochs=1)
    learned = Learned(in_use(tmp_path, encoder, InUse()).models)
    talk = Talk(knowledge_source, HistorySource(learned, knowledge_source), learned=learned, entries=knowledge_source)

    wifi = await talk.says("is there free wifi in your store?")
    assert (wifi.text, wifi.citations[0].id[:7]) == ("Yes, the guest wifi is free.", "answer-")
    refund = await talk.says("how many days until my money is back?")
    assert (refund.text, refund.citations[0].id) == ("We refund within 14 days of the return.", "refund")
    assert "history" in {candidate.source for candidate in refund.candidates}
    advisor = await talk.says("who is my advisor?")
    assert not [c for c in advisor.candidates if "<" in c.answer]
    chinese = await talk.says("你们店里有免费无线网吗？")
    assert "Yes, the guest wifi is free." in {candidate.answer for candidate in chinese.candidates}


# --- the command


def test_an_answer_of_a_bot_with_models_needs_no_torch(settings: Settings, tmp_path: Path) -> None:
    assert settings.state.folder == tmp_path / "state"
    modules = loaded(tmp_path, command("ask", "where is my parcel", "--faq", "faq.jsonl", "--state", "state"))
    assert {"finetune", "safetensors"} <= modules
    assert not {"torch", "transformers"} & modules
