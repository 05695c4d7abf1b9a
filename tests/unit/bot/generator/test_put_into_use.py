"""A trained generator that is put into use writes what a running bot answers, until it is taken back."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import shutil
import sys
import uuid
import weakref
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bot.models
from bot.app import Bot, running
from bot.cli.doctor import Finding
from bot.cli.language_model import language_model
from bot.cli.models import models as commands
from bot.generator.inside import Inside
from bot.library import Library, Progress
from bot.models import Generators, InUse, in_use
from bot.rerun import Rerun, differences
from bot.settings import Knowledge, Policy, Settings, State
from bot.settings_generator import Generator
from bot.store.sql import SqlStore
from bot.types import Author, ConversationKey, Message, Reply, Writing
from connectors.mailbox import Mailbox
from finetune.artefact import open_artefact
from finetune.errors import BackboneError
from finetune.generator.generator import open_generator
from finetune.recipe import Kind
from finetune.registry import Registry
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder
from tests.unit.copying import ENTRIES, FIRST, SECOND, WHOLE, Copying, asking

#: Seconds after which something else that was put into use should have been seen; usually it takes a moment.
DEADLINE = 30


@pytest.fixture
def models(copying: Copying, tmp_path: Path) -> Path:
    """A copy of the artefacts, to change."""
    return Path(shutil.copytree(copying.models, tmp_path / "state" / "models"))


@pytest.fixture
def registry(models: Path) -> Registry:
    return Registry(models=models)


@pytest.fixture
def library(encoder: Encoder, analyzer: Analyzer) -> Library:
    return Library(encoder=encoder, analyzer=analyzer)


@pytest.fixture
def settings(models: Path, tmp_path: Path, encoder_cache: Path) -> Settings:
    rows = [
        {"id": "refund", "question": question, "answer": answer, "language": language}
        for language, (question, answer) in ENTRIES.items()
    ]
    (tmp_path / "faq.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return Settings(
        knowledge=Knowledge(sources=(tmp_path / "faq.jsonl",), watch=False),
        state=State(folder=models.parent, cache=encoder_cache),
        policy=Policy(answer_from=0.3, clarify_from=0.2),
        generator=Generator(deadline_seconds=60.0),
    )


async def ask(desk: Bot, language: str) -> Reply:
    """Ask, each time as another customer."""
    mailbox = Mailbox(uuid.uuid4().hex)
    desk.connect(mailbox)
    key = ConversationKey(channel=mailbox.name, thread="anna")
    message = Message(id=uuid.uuid4().hex, conversation=key, text=ENTRIES[language][0], at=datetime.now(UTC))
    return await asyncio.wait_for(mailbox.ask(desk.submit, message), DEADLINE)


async def ask_until(desk: Bot, version: str | None) -> None:
    async with asyncio.timeout(DEADLINE):
        while (await ask(desk, "en")).versions.get("generator") != version:
            pass


def written(reply: Reply) -> tuple[str, Author, str | None]:
    return reply.text, reply.writing.by, reply.versions.get("generator")


async def test_it_is_taken_up_and_taken_back_while_the_bot_runs(
    settings: Settings,
    library: Library,
    registry: Registry,
    copying: Copying,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bot.models, "LOOK_SECONDS", 0.02)
    index, _ = library.index(settings, Progress())
    steps: list[tuple[Callable[[], object], str | None, dict[str, str]]] = [
        (lambda: registry.promote(Kind.GENERATOR, copying.first), copying.first, FIRST),
        (lambda: registry.promote(Kind.GENERATOR, copying.second), copying.second, SECOND),
        (lambda: registry.promote(Kind.GENERATOR, copying.whole), copying.whole, WHOLE),
        (lambda: registry.rollback(Kind.GENERATOR), copying.second, SECOND),
        (lambda: registry.rollback(Kind.GENERATOR), copying.first, FIRST),
    ]
    async with (
        SqlStore.open(f"sqlite:///{tmp_path / 'kefu.db'}") as store,
        running(settings, library, index, store=store) as desk,
    ):
        for language in ENTRIES:
            quoted = await ask(desk, language)
            assert written(quoted) == (WHOLE[language], Author.VERBATIM, None)
            assert quoted.writing == Writing(), "nothing is said of a model where there is none"
        for change, version, texts in steps:
            await asyncio.to_thread(change)
            await ask_until(desk, version)
            for language in ENTRIES:
                assert written(await ask(desk, language)) == (texts[language], Author.GENERATOR, version)
        (record,) = await store.latest(1)
        await asyncio.to_thread(registry.rollback, Kind.GENERATOR)
        await ask_until(desk, None)
        assert written(await ask(desk, "en")) == (WHOLE["en"], Author.VERBATIM, None)
    again = await Rerun(settings=settings, _libraries={settings.retrieval.model_dump_json(): library}).reply(record)
    assert record.reply.text == FIRST["zh"]
    assert (written(again), differences(record.reply, again)) == ((WHOLE["zh"], Author.VERBATIM, copying.first), [])


def insides() -> list[Inside]:
    """Return the language models of this process that something still refers to."""
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, Inside)]


async def test_the_one_that_the_bot_began_with_goes_when_another_is_taken_up(
    settings: Settings, library: Library, registry: Registry, copying: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.models, "LOOK_SECONDS", 0.02)
    index, _ = library.index(settings, Progress())
    registry.promote(Kind.GENERATOR, copying.whole)
    others = insides()
    async with running(settings, library, index) as desk:
        await ask_until(desk, copying.whole)
        (begun,) = [weakref.ref(each) for each in insides() if each not in others]
        await asyncio.to_thread(registry.promote, Kind.GENERATOR, copying.first)
        await ask_until(desk, copying.first)
        gc.collect()
        assert begun() is None


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """Serve a model with the command line of transformers, and give the address of its API."""
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = (Path(sys.executable).with_name("transformers"), "serve", folder)
    where = ("--host", "127.0.0.1", "--port", "0", "--device", "cpu")
    process = await asyncio.create_subprocess_exec(
        *command, *where, stdout=DEVNULL, stderr=PIPE, env={**os.environ, **offline, "HF_HOME": str(folder / "hub")}
    )
    assert process.stderr
    try:
        async with asyncio.timeout(4 * DEADLINE):
            told = b""
            while not (found := re.search(rb"running on (http://127\.0\.0\.1:\d+)", told)):
                line = await process.stderr.readline()
                assert line, told.decode()
                told += line
        draining = asyncio.create_task(process.stderr.read())  # or it would wait for somebody to read what it tells
        yield f"{found[1].decode()}/v1"
    finally:
        process.kill()
        await process.wait()
    await draining


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing:FutureWarning")
async def test_one_artefact_writes_the_same_in_this_process_and_behind_a_server(
    settings: Settings, library: Library, registry: Registry, models: Path, copying: Copying, tmp_path: Path
) -> None:
    index, _ = library.index(settings, Progress())

    async def answers(settings: Settings) -> list[tuple[str, Author]]:
        async with running(settings, library, index, promotions=False) as desk:
            return [written(await ask(desk, language))[:2] for language in ENTRIES]

    def merged() -> Path:
        generator = open_generator(open_artefact(models / "generator" / copying.second))
        generator.model.merge_and_unload().save_pretrained(tmp_path / "merged")
        generator.template.tokenizer.save_pretrained(tmp_path / "merged")
        return tmp_path / "merged"

    quoted = await answers(settings)
    registry.promote(Kind.GENERATOR, copying.second)
    inside = await answers(settings)
    folder = await asyncio.to_thread(merged)
    async with served(folder) as url:
        generator = settings.generator.model_copy(update={"url": url, "model": str(folder)})
        behind = await answers(settings.model_copy(update={"generator": generator}))
    assert quoted == [(text, Author.VERBATIM) for text in WHOLE.values()]
    assert inside == behind == [(text, Author.GENERATOR) for text in SECOND.values()]


# --- what is opened


def opened(models: Path, encoder: Encoder, before: InUse | None = None, **settings: object) -> InUse:
    return in_use(models, encoder, before or InUse(), Generators(Generator.model_validate(settings)))


async def said(now: InUse, language: str = "en") -> str:
    assert now.models.generator
    async with now.models.generator.asked(asking(language)) as pieces:
        return "".join([piece async for piece in pieces])


async def test_the_model_of_the_settings_writes_by_itself_and_under_an_adapter_to_it(
    models: Path, registry: Registry, encoder: Encoder, copying: Copying
) -> None:
    generators = Generators(Generator(model=str(copying.backbone)))
    plain = in_use(models, encoder, InUse(), generators)
    assert (await said(plain), plain.models.versions) == (WHOLE["en"], {})
    registry.promote(Kind.GENERATOR, copying.first)
    first = in_use(models, encoder, plain, generators)
    assert (await said(first), first.models.versions) == (FIRST["en"], {"generator": copying.first})
    assert await said(plain) == WHOLE["en"], "a reply under way goes on with its own"
    registry.rollback(Kind.GENERATOR)
    again = in_use(models, encoder, first, generators)
    assert (await said(again), again.models.versions) == (WHOLE["en"], {})


async def test_what_was_trained_on_another_model_than_the_settings_name_is_told_and_not_used(
    models: Path, registry: Registry, encoder: Encoder, copying: Copying, caplog: pytest.LogCaptureFixture
) -> None:
    registry.promote(Kind.GENERATOR, copying.second)
    now = opened(models, encoder, model=str(copying.untaught))
    assert now.models.generator is None, "the model that is named does not write alone: nobody put that into use"
    assert now.models.versions == {}
    assert "What is in use now as generator cannot be opened; the bot goes on without" in caplog.text
    assert "was trained on another" in caplog.text
    again = opened(models, encoder, now, model=str(copying.untaught))
    assert again.models.generator is None, "nor when it is seen again"


def test_where_the_model_that_it_was_trained_on_is_gone_the_setting_that_names_it_is_told(
    models: Path, copying: Copying
) -> None:
    artefact = open_artefact(models / "generator" / copying.second)
    moved = replace(artefact, recipe=artefact.recipe.model_copy(update={"backbone": "./moved"}))
    with pytest.raises(BackboneError) as told:
        Generators(Generator()).open(moved)
    assert "./moved is no folder." in str(told.value)
    assert f"{copying.second} was trained on it: where it lies elsewhere now, name that in" in str(told.value)


async def test_where_the_first_one_cannot_be_opened_the_model_of_the_settings_goes_on(
    models: Path, registry: Registry, encoder: Encoder, copying: Copying, caplog: pytest.LogCaptureFixture
) -> None:
    generators = Generators(Generator(model=str(copying.backbone)))
    plain = in_use(models, encoder, InUse(), generators)
    registry.promote(Kind.GENERATOR, copying.second)
    (models / "generator" / copying.second / "model" / "adapter_model.safetensors").write_bytes(b"no weights")
    now = in_use(models, encoder, plain, generators)
    assert await said(now) == WHOLE["en"]
    assert "cannot be opened; what was there before goes on" in caplog.text


async def test_where_the_next_one_cannot_be_opened_the_earlier_one_goes_on(
    models: Path, registry: Registry, encoder: Encoder, copying: Copying, caplog: pytest.LogCaptureFixture
) -> None:
    registry.promote(Kind.GENERATOR, copying.first)
    generators = Generators(Generator())
    before = in_use(models, encoder, InUse(), generators)
    registry.promote(Kind.GENERATOR, copying.second)
    (models / "generator" / copying.second / "model" / "adapter_model.safetensors").write_bytes(b"no weights")
    now = in_use(models, encoder, before, generators)
    assert now.models == before.models
    assert await said(now) == FIRST["en"]
    assert f"the earlier version, {copying.first}, goes on" in caplog.text


def test_a_model_of_the_settings_that_is_not_there_is_told_and_entries_are_quoted(
    models: Path, encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    assert opened(models, encoder, model=str(models / "nowhere")).models.generator is None
    assert "The model of generator.model cannot be opened; entries are quoted." in caplog.text


def test_where_a_library_is_missing_the_command_that_installs_it_is_told(
    models: Path,
    registry: Registry,
    encoder: Encoder,
    copying: Copying,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry.promote(Kind.GENERATOR, copying.first)
    monkeypatch.delitem(sys.modules, "finetune.generator.speaker", raising=False)
    monkeypatch.setitem(sys.modules, "peft", None)
    assert opened(models, encoder).models.generator is None
    assert "peft is missing. Install it with: pip install 'kefu[train]'" in caplog.text


# --- commands


def test_the_commands_put_it_into_use_and_say_where_a_server_goes_on_writing(
    models: Path, registry: Registry, copying: Copying, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **env: str) -> str:
        done = CliRunner().invoke(commands, [*arguments, "--state", str(models.parent)], env=env)
        assert done.exit_code == 0, done.output
        return done.output

    assert run("promote", "generator", copying.first) == f"generator {copying.first} is in use now.\n"
    assert registry.live(Kind.GENERATOR) == copying.first
    rows = {row["version"]: row for row in json.loads(run("list", "--json"))}
    assert {version: row["live"] for version, row in rows.items()} == {
        copying.whole: False,
        copying.first: True,
        copying.second: False,
    }
    server = {"KEFU_GENERATOR__URL": "http://127.0.0.1:9/v1", "KEFU_GENERATOR__MODEL": "m"}
    assert "http://127.0.0.1:9/v1, goes on writing" in run("promote", "generator", copying.second, **server)
    assert run("rollback", "generator") == f"generator {copying.first} is in use now.\n"
    assert run("rollback", "generator") == "No generator is in use now.\n"


# --- doctor


def looked(settings: Settings, **generator: object) -> list[Finding]:
    changed = settings.generator.model_copy(update=generator)
    return list(language_model(settings.model_copy(update={"generator": changed})))


def test_doctor_says_what_writes_in_this_process_and_that_it_opens(
    settings: Settings, registry: Registry, copying: Copying
) -> None:
    assert looked(settings) == []
    backbone = str(copying.backbone)
    assert looked(settings, model=backbone) == [Finding(name="generator", ok=True, text=f"{backbone}, in this process")]
    registry.promote(Kind.GENERATOR, copying.first)
    (found,) = looked(settings)
    assert (found.ok, found.text) == (True, f"{copying.first} lora on {backbone}, in this process")
    (wrong,) = looked(settings, model=str(copying.untaught))
    assert wrong.ok is False
    assert "was trained on another" in wrong.text
    server, beside = looked(settings, url="http://127.0.0.1:9/v1", model="m", deadline_seconds=5.0)
    assert (server.ok, beside.ok) == (False, None)
    assert "the server writes" in beside.text
