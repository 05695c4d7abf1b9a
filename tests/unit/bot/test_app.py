"""What the wired service promises: it answers, takes up edits while it runs, and leaves nobody without a reply."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from bot.app import Bot, running
from bot.knowledge import KnowledgeSource
from bot.library import Library, Progress
from bot.settings import Knowledge, Policy, Replies, Settings, State
from bot.types import Action, Candidate, ConversationKey, Message, Question, Reason, Reply
from connectors.mailbox import Mailbox
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder
from retrieval.errors import SourceError

QUESTION = "How long does a refund take?"
ENTRIES = [
    {"id": "refund", "question": QUESTION, "answer": "14 days.", "language": "en"},
    {"id": "track", "question": "How do I track my order?", "answer": "With the link.", "language": "en"},
    {"id": "pay", "question": "Which payment methods do you accept?", "answer": "Cards.", "language": "en"},
]
#: Seconds after which an edit that was not taken up has failed; usually it takes less than one.
DEADLINE = 30


class Shop:
    """A folder with one FAQ file, and the settings to serve it."""

    def __init__(self, folder: Path, library: Library, cache: Path) -> None:
        self.file = folder / "faq" / "entries.jsonl"
        self.file.parent.mkdir()
        self.write()
        self.library = library
        self.settings = Settings(
            knowledge=Knowledge(sources=(self.file.parent,)),
            state=State(folder=folder / "state", cache=cache),
            # Far below what the questions here have, so that a finer calibration changes no test.
            policy=Policy(answer_from=0.3, clarify_from=0.2),
            replies=Replies(hand_off={"en": "A colleague will help.", "zh": "同事会帮您。"}),
        )

    def write(self, refund: str = "14 days.") -> None:
        rows = [{**row, "answer": refund} if row["id"] == "refund" else row for row in ENTRIES]
        self.file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def runs(self, settings: Settings | None = None) -> AbstractAsyncContextManager[Bot]:
        index, _ = self.library.index(self.settings, Progress())
        return running(settings or self.settings, self.library, index)


@pytest.fixture(scope="module")
def library(encoder: Encoder, analyzer: Analyzer) -> Library:
    return Library(encoder=encoder, analyzer=analyzer)


@pytest.fixture
def shop(tmp_path: Path, library: Library, encoder_cache: Path) -> Shop:
    return Shop(tmp_path, library, encoder_cache)


class Customer:
    """Asks one question after the other in one conversation."""

    def __init__(self, bot: Bot, mailbox: Mailbox) -> None:
        self._bot = bot
        self._mailbox = mailbox
        self.key = ConversationKey(channel=mailbox.name, thread=uuid4().hex)

    async def asks(self, text: str) -> Reply:
        message = Message(id=uuid4().hex, conversation=self.key, text=text, at=datetime.now(UTC))
        return await asyncio.wait_for(self._mailbox.ask(self._bot.submit, message), DEADLINE)


def customer_of(bot: Bot) -> Customer:
    mailbox = Mailbox(uuid4().hex)
    bot.connect(mailbox)
    return Customer(bot, mailbox)


async def until(customer: Customer, holds: Callable[[Reply], bool]) -> Reply:
    """Ask again and again until the reply is as wanted."""
    async with asyncio.timeout(DEADLINE):
        while not holds(reply := await customer.asks(QUESTION)):
            await asyncio.sleep(0.05)
    return reply


async def test_it_answers_what_it_is_asked(shop: Shop) -> None:
    async with shop.runs() as bot:
        reply = await customer_of(bot).asks(QUESTION)
    assert (reply.text, reply.action, [c.id for c in reply.citations]) == ("14 days.", Action.ANSWER, ["refund"])
    assert reply.citations[0].source.endswith("entries.jsonl:1")


async def test_after_a_hand_over_the_bot_is_silent_until_the_case_is_handed_back(shop: Shop) -> None:
    async with shop.runs() as bot:
        customer = customer_of(bot)
        assert (await customer.asks("I want to talk to a human")).action is Action.HAND_OFF
        ignored = asyncio.create_task(customer.asks("hello?"))
        # In order: when another conversation, begun later, has its reply, this one was looked at.
        await customer_of(bot).asks("hi")
        await bot.hand_back(customer.key)
        assert (await customer.asks(QUESTION)).text == "14 days."
        assert not ignored.done()
        ignored.cancel()


async def test_a_conversation_is_forgotten_and_its_language_fixed(shop: Shop) -> None:
    async with shop.runs() as bot:
        customer = customer_of(bot)
        await bot.set_language(customer.key, "zh")
        assert (await customer.asks("hello")).language == "zh"
        await bot.reset(customer.key)
        assert (await customer.asks("hello")).language == "en"


async def test_what_was_accepted_is_answered_before_it_stops(shop: Shop) -> None:
    mailbox = Mailbox("late")
    async with shop.runs() as bot:
        bot.connect(mailbox)
        customer = Customer(bot, mailbox)
        asked = [asyncio.create_task(customer.asks(QUESTION)) for _ in range(5)]
        await asyncio.sleep(0)
    assert [reply.text for reply in await asyncio.gather(*asked)] == ["14 days."] * 5


async def test_an_edited_file_is_served_without_a_restart_and_no_turn_is_dropped(shop: Shop) -> None:
    replies: list[Reply] = []
    async with shop.runs() as bot:
        customers = [customer_of(bot) for _ in range(20)]
        edited = asyncio.Event()

        async def talk(customer: Customer) -> None:
            while not edited.is_set():
                replies.append(await customer.asks(QUESTION))
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as group:
            for customer in customers:
                group.create_task(talk(customer))
            watcher = customer_of(bot)
            await watching(shop, watcher)
            shop.write("Seven days.")
            await until(watcher, lambda reply: reply.text == "Seven days.")
            edited.set()
    assert {reply.text for reply in replies} <= {"10 days.", "14 days.", "Seven days."}
    assert {reply.action for reply in replies} == {Action.ANSWER}
    assert len({reply.conversation for reply in replies}) == 20


async def watching(shop: Shop, customer: Customer) -> None:
    """Edit until an edit is seen: the watcher begins a moment after the service."""
    async with asyncio.timeout(DEADLINE):
        while (await customer.asks(QUESTION)).text != "10 days.":
            shop.write("10 days.")
            await asyncio.sleep(0.2)


async def test_a_new_file_and_a_deleted_one_are_seen(shop: Shop) -> None:
    more = shop.file.with_name("more.jsonl")
    async with shop.runs() as bot:
        customer = customer_of(bot)
        await watching(shop, customer)
        entry = {"id": "lamp", "question": "Is the green lamp dimmable?", "answer": "Yes, with the wheel."}
        more.write_text(json.dumps(entry), "utf-8")
        async with asyncio.timeout(DEADLINE):
            while "Yes, with the wheel." not in (await customer.asks("Is the green lamp dimmable?")).text:
                await bot.reset(customer.key)
                await bot.hand_back(customer.key)
                await asyncio.sleep(0.05)
            more.unlink()
            while "Yes, with the wheel." in (await customer.asks("Is the green lamp dimmable?")).text:
                await bot.reset(customer.key)
                await asyncio.sleep(0.05)


async def test_a_broken_edit_keeps_the_earlier_knowledge_and_says_so(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    async with shop.runs() as bot:
        customer = customer_of(bot)
        await watching(shop, customer)
        caplog.clear()
        shop.file.write_text("this is not an entry\n", "utf-8")
        async with asyncio.timeout(DEADLINE):
            while "the earlier one goes on" not in caplog.text:
                assert (await customer.asks(QUESTION)).text == "10 days."
                await asyncio.sleep(0.05)
        assert (await customer.asks(QUESTION)).text == "10 days."
        shop.write("Mended.")
        await until(customer, lambda reply: reply.text == "Mended.")


async def test_one_bad_row_is_told_with_its_place_and_the_others_are_served(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    async with shop.runs() as bot:
        customer = customer_of(bot)
        await watching(shop, customer)
        shop.write("20 days.")
        with shop.file.open("a", encoding="utf-8") as file:
            file.write('{"question": "no answer"}\n')
        await until(customer, lambda reply: reply.text == "20 days.")
        async with asyncio.timeout(DEADLINE):
            while "entries.jsonl:4" not in caplog.text:
                await asyncio.sleep(0.05)


async def test_of_many_bad_rows_only_the_first_are_told(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    async with shop.runs() as bot:
        customer = customer_of(bot)
        await watching(shop, customer)
        shop.write("20 days.")
        with shop.file.open("a", encoding="utf-8") as file:
            file.write('{"question": "no answer"}\n' * 100)
        async with asyncio.timeout(DEADLINE):
            while "... and 95 more. See them all with: kefu ingest" not in caplog.text:
                await asyncio.sleep(0.05)
    assert "entries.jsonl:8" in caplog.text
    assert "entries.jsonl:9" not in caplog.text


async def test_where_an_edit_cannot_be_written_down_it_goes_on_and_the_next_one_is_seen(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    async with shop.runs() as bot:
        customer = customer_of(bot)
        await watching(shop, customer)
        caplog.clear()
        # In one step: what is still being written there is in nobody's way.
        shop.settings.state.folder.rename(shop.settings.state.folder.with_name("aside"))
        shop.settings.state.folder.write_text("a file where a folder should be", "utf-8")
        shop.write("20 days.")
        async with asyncio.timeout(DEADLINE):
            while "the earlier one goes on" not in caplog.text:
                assert (await customer.asks(QUESTION)).text == "10 days."
                await asyncio.sleep(0.05)
        shop.settings.state.folder.unlink()
        shop.write("30 days.")
        await until(customer, lambda reply: reply.text == "30 days.")


async def test_a_watcher_that_fails_says_so_and_the_bot_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("watchfiles.awatch", fail)
    async with shop.runs() as bot:
        assert (await customer_of(bot).asks(QUESTION)).text == "14 days."
    assert "Edits of the knowledge are not seen" in caplog.text
    assert "watch limit" in caplog.text


async def test_who_stops_while_an_edit_is_indexed_does_not_wait_for_the_encoder(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended, given_up = threading.Event(), threading.Event(), threading.Event()

    def encode_for_long(library: Library, settings: Settings, progress: Progress) -> None:
        begun.set()
        end = time.monotonic() + DEADLINE
        try:
            while time.monotonic() < end:
                progress.encoded(1, 1000)
        except Exception:
            given_up.set()
            raise
        finally:
            ended.set()

    async with shop.runs():
        monkeypatch.setattr(Library, "index", encode_for_long)
        async with asyncio.timeout(DEADLINE):
            while not begun.is_set():
                shop.write("20 days.")
                await asyncio.sleep(0.2)
    assert ended.wait(DEADLINE)
    assert given_up.is_set()


def test_knowledge_without_an_entry_or_a_problem_is_told_with_what_to_do(shop: Shop) -> None:
    shop.file.write_text("", "utf-8")
    shop.file.rename(shop.file.with_suffix(".md"))
    told = rf"There is no entry to index in {re.escape(str(shop.file.parent))}\.\nWrite entries there, or name others"
    with pytest.raises(SourceError, match=told):
        shop.library.index(shop.settings, Progress())


def test_knowledge_without_a_good_entry_is_refused_with_what_is_wrong_in_it(shop: Shop) -> None:
    shop.file.write_text('{"question": "no answer"}\n', "utf-8")
    with pytest.raises(SourceError, match=r"entries\.jsonl:1: answer: nothing"):
        shop.library.index(shop.settings, Progress())


async def test_an_edit_is_not_looked_for_where_that_is_switched_off(shop: Shop) -> None:
    settings = shop.settings.model_copy(update={"knowledge": Knowledge(sources=(shop.file.parent,), watch=False)})
    async with shop.runs(settings) as bot:
        assert "kefu watcher" not in {task.get_name() for task in asyncio.all_tasks()}
        assert (await customer_of(bot).asks(QUESTION)).text == "14 days."


@pytest.mark.parametrize(
    ("text", "said"), [(QUESTION, "A colleague will help."), ("退款需要多久？", "同事会帮您。")], ids=["en", "zh"]
)
async def test_where_a_source_fails_the_customer_is_handed_over(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    async def fail(self: KnowledgeSource, questions: Sequence[Question]) -> list[list[Candidate]]:
        raise OSError(f"disk gone while looking for {questions[0].text}")

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(KnowledgeSource, "candidates", fail)
    async with shop.runs() as bot:
        customer = customer_of(bot)
        reply = await customer.asks(text)
        assert (reply.action, reply.reason, reply.text) == (Action.HAND_OFF, Reason.FAILED, said)
        monkeypatch.undo()
        await bot.hand_back(customer.key)
        assert (await customer.asks(QUESTION)).action is Action.ANSWER
    assert "OSError" in caplog.text
    assert text not in caplog.text


async def test_two_bots_run_in_one_process_and_know_nothing_of_each_other(
    tmp_path: Path, library: Library, encoder_cache: Path
) -> None:
    shops = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        shops.append(Shop(tmp_path / name, library, encoder_cache))
    shops[1].write("Never.")
    async with shops[0].runs() as one, shops[1].runs() as two:
        replies = await asyncio.gather(*(customer_of(bot).asks(QUESTION) for bot in (one, two)))
    assert [reply.text for reply in replies] == ["14 days.", "Never."]
