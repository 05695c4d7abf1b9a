"""A model that the settings name writes what a running bot answers, and its record tells of it."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import Parts, running
from bot.cli.doctor import Finding
from bot.cli.language_model import language_model
from bot.cli.written import writing_json, writing_lines
from bot.errors import SettingsError
from bot.library import Library, Progress
from bot.rerun import Rerun, differences
from bot.settings import Knowledge, Policy, Settings, State, describe, load_settings
from bot.settings_generator import Generator
from bot.store.rows import record_row, reply_of
from bot.store.sql import SqlStore
from bot.types import Action, Author, Conversation, ConversationKey, Message, Reason, Removed, Reply, Writing
from connectors.mailbox import Mailbox
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder
from tests.unit.bot.generator import model as fake

QUESTION, ANSWER = "How long does a refund take?", "We refund within 14 days of the return. The label is free."
WRITTEN = "The label is free. We give you 90 EUR. You get your refund within two weeks of the return."


def generator(url: str, **more: object) -> Generator:
    return Generator.model_validate({"url": url, "model": fake.MODEL, "key": fake.KEY, **more})


def settings_of(folder: Path, cache: Path, generator: Generator) -> Settings:
    (folder / "faq").mkdir(exist_ok=True)
    row = {"id": "refund", "question": QUESTION, "answer": ANSWER, "language": "en"}
    (folder / "faq" / "entries.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    return Settings(
        knowledge=Knowledge(sources=(folder / "faq",)),
        state=State(folder=folder / "state", cache=cache),
        policy=Policy(answer_from=0.3, clarify_from=0.2),
        generator=generator,
    )


@pytest.fixture(scope="module")
def library(encoder: Encoder, analyzer: Analyzer) -> Library:
    return Library(encoder=encoder, analyzer=analyzer)


async def test_a_running_bot_sends_what_the_model_writes_and_explains_and_repeats_the_rest(
    tmp_path: Path, library: Library, encoder_cache: Path
) -> None:
    async with fake.running(fake.saying(WRITTEN)) as model:
        settings = settings_of(tmp_path, encoder_cache, generator(model.url))
        index, _ = library.index(settings, Progress())
        mailbox = Mailbox("box")
        key = ConversationKey(channel="box", thread="anna")
        message = Message(id=uuid.uuid4().hex, conversation=key, text=QUESTION, at=datetime.now(UTC))
        async with SqlStore.open(f"sqlite:///{tmp_path / 'kefu.db'}") as store:
            async with running(settings, library, index, store=store, connectors=[mailbox]) as bot:
                reply = await asyncio.wait_for(mailbox.ask(bot.submit, message), 30)
            (record,) = await store.latest(1)
        asked = len(model.asked)
        again = await Rerun(settings=settings, _libraries={settings.retrieval.model_dump_json(): library}).reply(record)
        assert len(model.asked) == asked == 1
    assert reply.text == "The label is free. You get your refund within two weeks of the return."
    assert record.reply.text == reply.text
    assert record.reply.writing == reply.writing
    assert reply.writing.by is Author.GENERATOR
    assert [removed.text for removed in reply.writing.removed] == ["We give you 90 EUR."]
    assert reply.timings_ms["generator"] > 0
    assert (again.text, differences(record.reply, again)) == (ANSWER, [])
    assert json.loads(record.setup)["settings"]["generator"] == {
        "model": "small",
        "temperature": 0.0,
        "max_tokens": 300,
    }
    assert list(writing_lines(writing_json(record.reply))) == [
        "  written    The label is free.  [refund]",
        "  written    You get your refund within two weeks of the return.  [refund]",
        "  not sent   We give you 90 EUR.  [amount '90 EUR']",
    ]


def test_a_reply_that_was_quoted_for_the_model_failed_is_repeated_word_for_word() -> None:
    quoted = reply_in(Writing(why="timeout"))
    assert list(writing_lines(writing_json(quoted))) == [
        "  quoted     instead of what a language model would write: timeout"
    ]
    assert differences(quoted, reply_in(Writing())) == []
    assert differences(reply_in(Writing(), text="Other."), quoted) == ["text"]


def reply_in(writing: Writing, *, text: str = "Hello.") -> Reply:
    return Reply(
        id="r1",
        conversation=ConversationKey(channel="box", thread="anna"),
        in_reply_to="m1",
        text=text,
        action=Action.ANSWER,
        reason=Reason.CONFIDENT,
        confidence=0.9,
        language="en",
        writing=writing,
    )


class _Row:
    def __init__(self, reply: object, text: str) -> None:
        self.reply, self.text = reply, text


def test_a_record_from_before_there_were_models_is_read() -> None:
    writing = Writing(why="unsupported", removed=(Removed(text="Free!", against=(("comparison", "free"),)),))
    reply = reply_in(writing)
    row = record_row(reply, [], Conversation(key=reply.conversation), "")["reply"]
    assert isinstance(row, dict)
    assert reply_of(_Row(row, reply.text)) == reply  # type: ignore[arg-type]
    del row["writing"]
    assert reply_of(_Row(row, reply.text)) == reply_in(Writing())  # type: ignore[arg-type]


# --- settings and doctor ---------------------------------------------------------------------------------------------


def test_without_an_address_a_model_and_an_artefact_nothing_is_opened_to_write(
    tmp_path: Path, library: Library, encoder_cache: Path
) -> None:
    settings = settings_of(tmp_path, encoder_cache, Generator())
    index, _ = library.index(settings, Progress())
    assert Parts.of(settings, library, index).learned.models.generator is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('url = "http://models.example.com/v1"\nmodel = "m"', "generator.url: "),
        ('url = "https://models.example.com/v1"', "generator.model: "),
        ('key = " k"', "generator.key: found ***; "),
        ("deadline_seconds = 0.0", "generator.deadline_seconds: "),
        ("at_once = 0", "generator.at_once: "),
        ("temperature = -1.0", "generator.temperature: "),
        ("max_tokens = 1", "generator.max_tokens: "),
    ],
)
def test_a_wrong_setting_is_told_by_its_key(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "kefu.toml"
    file.write_text(f"[generator]\n{text}\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert told in str(caught.value)


def test_the_key_is_not_shown() -> None:
    settings = Settings(generator=generator("http://127.0.0.1:8000/v1"))
    shown = {key: value for key, value, _ in describe(settings)}
    assert shown["generator.key"] == "***"
    assert fake.KEY not in repr(settings)


def looked(settings: Settings) -> list[Finding]:
    return list(language_model(settings))


async def test_doctor_says_whether_the_server_answers_and_has_the_model() -> None:
    async with fake.running(fake.saying("")) as model:
        right = Settings(generator=generator(model.url))
        wrong = Settings(generator=generator(model.url, model="large"))
        found = [await asyncio.to_thread(looked, one) for one in (right, wrong)]
        assert model.asked == []
        await model.kill()
        found.append(await asyncio.to_thread(looked, right))
    ((good,), (other,), (gone,)) = found
    assert (good.ok, good.text) == (True, f"small at {model.url}")
    assert (other.ok, other.text.split(";")[0]) == (False, f"{model.url} has no large")
    assert gone.ok is False
    assert f"{model.url}/models: there is no connection. Start the model's server" in gone.text
    assert looked(Settings()) == []


def test_parts_answer_with_the_model_of_the_settings(tmp_path: Path, library: Library, encoder_cache: Path) -> None:
    async def replies() -> list[str]:
        async with fake.running(fake.saying("You get your refund within two weeks of the return.")) as model:
            settings = settings_of(tmp_path, encoder_cache, generator(model.url))
            index, _ = library.index(settings, Progress())
            responder = Parts.of(settings, library, index).responder(settings)
            key = ConversationKey(channel="log", thread="a")
            message = Message(id="1", conversation=key, text=QUESTION, at=datetime.now(UTC))
            return [(await responder.respond(Conversation(key=key), message)).text for _ in range(2)]

    assert asyncio.run(replies()) == ["You get your refund within two weeks of the return."] * 2
