"""The wiring: settings to knowledge, knowledge to a running bot. Nothing else in the service knows all the parts."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot import __version__
from bot.calibration import Calibration
from bot.composer import VerbatimComposer
from bot.dispatcher import Dispatcher
from bot.hints import idle, not_entries
from bot.history import HistorySource
from bot.hours import Hours
from bot.knowledge import KnowledgeSource
from bot.learned import Learned
from bot.library import Library, prepare, watch
from bot.models import Generators, InUse, Stamps, follow, in_use
from bot.policy import Decision, Rules, Thresholds
from bot.ports import Composer, Connector, Store
from bot.responder import CombinedResponder
from bot.settings import Settings
from bot.store.memory import MemoryStore
from bot.types import Action, ConversationKey, Message, Outcome, Owner, Reason, Reply, Turn
from retrieval.index import KnowledgeIndex
from retrieval.text import detect_language

log = logging.getLogger(__name__)

#: The settings that decide on replies.
DECIDES: Any = {
    "knowledge": {"time_zone"},
    "retrieval": {"encoder", "user_dictionary"},
    "handover": {"hours"},
    "generator": {"model", "temperature", "max_tokens"},
    **dict.fromkeys(("policy", "intents", "sentiment", "replies"), True),
}


class Bot:
    """A running bot: what connectors talk to."""

    def __init__(self, dispatcher: Dispatcher, store: Store, carriers: dict[str, Connector]) -> None:
        """Use `running`."""
        self._dispatcher = dispatcher
        #: What it remembers: for turns and events that came from elsewhere, and for who wants to look.
        self.store = store
        self._carriers = carriers

    def connect(self, connector: Connector) -> None:
        """Let ``connector`` carry the replies of its channel."""
        self._carriers[connector.name] = connector

    async def submit(self, message: Message, *, joins: bool = False) -> Outcome:
        """Accept a message; its reply comes through the connector of its channel.

        One that ``joins`` may be answered with others that come at once.
        """
        return await self._dispatcher.submit(message, joins=joins)

    async def append(self, key: ConversationKey, turn: Turn) -> None:
        """Add a turn that came from elsewhere, such as an agent's, or a log."""
        await self.store.append(key, turn)

    async def hand_back(self, key: ConversationKey) -> None:
        """Give the case back to the bot."""
        await self._dispatcher.hand_back(key)

    async def reset(self, key: ConversationKey) -> None:
        """Forget the conversation."""
        await self.store.forget(key)

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or follow the customer's."""
        await self.store.set_language(key, language)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What replies come from: the knowledge, and what was learned."""

    source: KnowledgeSource
    learned: Learned
    #: Of the trained models that were in use when they were opened. Not these: the first ones would never go.
    stamps: Stamps
    #: What opens language models in this process; None where none of them writes.
    generators: Generators | None
    #: Whether entries are quoted, whatever there is to write.
    quotes: bool

    @classmethod
    def of(cls, settings: Settings, library: Library, index: KnowledgeIndex, *, quotes: bool = False) -> Parts:
        """Open what the settings name; what ``quotes`` needs no language model."""
        generators = None if settings.generator.url or quotes else Generators(settings.generator)
        now = in_use(settings.state.folder / "models", library.encoder, InUse(), generators)
        learned = Learned(now.models)
        source = _source(settings, index)
        return cls(source=source, learned=learned, stamps=now.stamps, generators=generators, quotes=quotes)

    def over(self, settings: Settings, index: KnowledgeIndex) -> Parts:
        """Return the same over other knowledge."""
        return replace(self, source=_source(settings, index))

    def responder(self, settings: Settings) -> CombinedResponder:
        """Return what answers with them by the settings."""
        return responder_of(settings, self.source, self.learned, verbatim_of(settings) if self.quotes else None)


def _source(settings: Settings, index: KnowledgeIndex) -> KnowledgeSource:
    zone = ZoneInfo(settings.knowledge.time_zone)
    return KnowledgeSource(index, calibration=Calibration.shipped(), time_zone=zone)


@asynccontextmanager
async def running(
    settings: Settings,
    library: Library,
    index: KnowledgeIndex,
    *,
    store: Store | None = None,
    connectors: Iterable[Connector] = (),
    told: Callable[[Reply], None] = lambda reply: None,
    promotions: bool = True,
) -> AsyncIterator[Bot]:
    """Run a bot on ``index`` until the block ends; then what was accepted is finished.

    ``store`` keeps the conversations of customers who may be robots; without one there is a single customer, who is
    there in person, and nothing is kept. ``connectors`` carry the replies of their channels, those of earlier runs
    too. ``told`` is told of each reply. ``promotions`` says whether trained models that are put into use meanwhile
    are taken up.
    """
    _, parts = await asyncio.gather(
        asyncio.to_thread(prepare, index), asyncio.to_thread(Parts.of, settings, library, index)
    )
    for line in (*not_entries(settings, parts.source.holds), *idle(settings, parts.learned.models.versions)):
        log.warning("%s", line)
    kept: Store = MemoryStore() if store is None else store
    carriers = {connector.name: connector for connector in connectors}
    dispatcher = Dispatcher(
        kept,
        parts.responder(settings),
        carriers,
        fallback=lambda message: _apology(message, settings),
        concurrency=settings.dispatcher.concurrency,
        waiting=settings.dispatcher.waiting,
        per_minute=0 if store is None else settings.limits.replies_per_minute,
        back_after=_back_after(settings),
        told=told,
        setup=await kept.note_setup(setup_of(settings)),
    )
    async with dispatcher:
        beside = []
        if promotions:
            following = follow(
                settings.state.folder / "models", library.encoder, parts.learned, parts.stamps, parts.generators
            )
            beside.append(asyncio.create_task(following, name="kefu models"))
        if settings.knowledge.watch:
            beside.append(asyncio.create_task(watch(settings, library, parts.source), name="kefu watcher"))
        try:
            yield Bot(dispatcher, kept, carriers)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


def responder_of(
    settings: Settings, source: KnowledgeSource, learned: Learned, composer: Composer | None = None
) -> CombinedResponder:
    """Return what answers with the knowledge and what was learned; ``composer`` is by default that of the settings."""
    return CombinedResponder(
        [source, HistorySource(learned, source)],
        composer or composer_of(settings, learned),
        rules_of(settings),
        understander=learned,
        entries=source,
        versions=lambda: versions_of(source, learned),
    )


def composer_of(settings: Settings, learned: Learned) -> Composer:
    """Return what writes replies: the server of the settings, or else whatever is in use in this process."""
    from bot.generator.composer import GeneratedComposer

    if not settings.generator.url:
        return GeneratedComposer(verbatim_of(settings), lambda: learned.models.generator)
    import bot.generator.draft  # noqa: F401  now, and not with the first reply
    from bot.generator.client import server_of

    server = server_of(settings.generator)
    return GeneratedComposer(verbatim_of(settings), lambda: server)


def verbatim_of(settings: Settings) -> VerbatimComposer:
    """Return what quotes entries, and says what is the bot's own to say."""
    return VerbatimComposer(settings.replies.texts(), _hours(settings))


def versions_of(source: KnowledgeSource, learned: Learned) -> dict[str, str]:
    """Return what is in use at the moment, by name."""
    return {"knowledge": source.index.version, **learned.models.versions}


def rules_of(settings: Settings) -> Rules:
    """Return what the policy is to do by the settings."""
    return Rules(
        thresholds=Thresholds(
            answer_from=settings.policy.answer_from,
            clarify_from=settings.policy.clarify_from,
            choices=settings.policy.choices,
        ),
        answer_from_in=settings.policy.answer_from_in,
        answers=settings.intents.answers,
        hand_over=settings.intents.hand_over,
        scope=settings.intents.scope,
        upset=settings.sentiment.hand_over,
        times=settings.sentiment.times,
    )


def setup_of(settings: Settings) -> str:
    """Return what decides on replies beside the knowledge and the models, as JSON for the records."""
    chosen = settings.model_dump(mode="json", include=DECIDES)
    return json.dumps({"kefu": __version__, "settings": chosen}, ensure_ascii=False, sort_keys=True)


def _hours(settings: Settings) -> Hours:
    return Hours.of(settings.handover.hours, ZoneInfo(settings.knowledge.time_zone))


def _back_after(settings: Settings) -> dict[Owner, timedelta]:
    hours = {Owner.WAITING: settings.handover.waiting_hours, Owner.HUMAN: settings.handover.human_hours}
    return {owner: timedelta(hours=some) for owner, some in hours.items() if some}


def _apology(message: Message, settings: Settings) -> Reply:
    """Hand over where the bot itself failed: the customer is not left without a reply."""
    language = detect_language(message.text)
    decision = Decision(action=Action.HAND_OFF, reason=Reason.FAILED)
    return Reply(
        id=uuid.uuid4().hex,
        conversation=message.conversation,
        in_reply_to=message.id,
        text=verbatim_of(settings).said(decision, language, message.at),
        action=Action.HAND_OFF,
        reason=Reason.FAILED,
        confidence=0.0,
        language=language,
    )
