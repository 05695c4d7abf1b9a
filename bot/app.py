"""The wiring: settings to knowledge, knowledge to a running bot. Nothing else in the service knows all the parts."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.aside import aside
from bot.calibration import Calibration
from bot.composer import VerbatimComposer
from bot.dispatcher import Dispatcher
from bot.hints import MOST_TOLD, not_entries, told
from bot.history import HistorySource
from bot.knowledge import KnowledgeSource
from bot.learned import Learned
from bot.models import InUse, follow, in_use
from bot.policy import Rules, Thresholds
from bot.ports import Connector, Store
from bot.responder import CombinedResponder
from bot.settings import Settings
from bot.store.memory import MemoryStore
from bot.types import Action, ConversationKey, Message, Outcome, Owner, Reason, Reply, Turn
from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.errors import KefuError, SourceError
from retrieval.export import load_encoder
from retrieval.index import KnowledgeIndex
from retrieval.ingest import Ingestion, read_sources
from retrieval.text import detect_language
from retrieval.types import Query

log = logging.getLogger(__name__)

#: How long edits may keep coming before the knowledge is read again, in milliseconds: editors write a file in steps.
SETTLE_MS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Who is told how far the start has come; each default tells nobody."""

    #: A step that takes a while begins.
    step: Callable[[str], None] = lambda text: None
    #: So many texts are encoded, of so many.
    encoded: Callable[[int, int], None] = lambda done, total: None


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """What reads and searches knowledge: loaded once, used for every version of the knowledge."""

    encoder: Encoder
    analyzer: Analyzer

    @classmethod
    def load(cls, settings: Settings, progress: Progress) -> Library:
        """Load what the settings name; the encoder is exported the first time."""
        return cls(
            encoder=load_encoder(
                settings.retrieval.encoder,
                settings.state.cache,
                threads=settings.retrieval.threads,
                progress=progress.step,
            ),
            analyzer=Analyzer(user_dictionary=settings.retrieval.user_dictionary),
        )

    def index(self, settings: Settings, progress: Progress) -> tuple[KnowledgeIndex, Ingestion]:
        """Read the sources and return their index, built or taken over, and what was wrong with them."""
        progress.step("Reading the knowledge")
        ingestion = read_sources(settings.knowledge.sources, strict=settings.knowledge.strict)
        if not ingestion.passages:
            raise SourceError("\n".join(["There is no entry to index.", *map(str, ingestion.problems[:MOST_TOLD])]))
        folder = settings.state.folder / "index"
        index = build_index(folder, ingestion.passages, self.encoder, self.analyzer, progress=progress.encoded)
        return index, ingestion


class Bot:
    """A running bot: what connectors talk to."""

    def __init__(self, dispatcher: Dispatcher, store: Store, carriers: dict[str, Connector]) -> None:
        """Use `running`."""
        self._dispatcher = dispatcher
        self._store = store
        self._carriers = carriers

    def connect(self, connector: Connector) -> None:
        """Let ``connector`` carry the replies of its channel."""
        self._carriers[connector.name] = connector

    async def submit(self, message: Message) -> Outcome:
        """Accept a message; its reply comes through the connector of its channel."""
        return await self._dispatcher.submit(message)

    async def append(self, key: ConversationKey, turn: Turn) -> None:
        """Add a turn that came from elsewhere, such as an agent's, or a log."""
        await self._store.append(key, turn)

    async def hand_back(self, key: ConversationKey) -> None:
        """Give the case back to the bot."""
        await self._dispatcher.hand_back(key)

    async def reset(self, key: ConversationKey) -> None:
        """Forget the conversation."""
        await self._store.forget(key)

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or follow the customer's."""
        await self._store.set_language(key, language)


@asynccontextmanager
async def running(
    settings: Settings,
    library: Library,
    index: KnowledgeIndex,
    *,
    promotions: bool = True,
) -> AsyncIterator[Bot]:
    """Run a bot on ``index`` until the block ends; then what was accepted is finished.

    ``promotions`` says whether trained models that are put into use meanwhile are taken up.
    """
    models = settings.state.folder / "models"
    _, begun = await asyncio.gather(
        asyncio.to_thread(_prepare, index), asyncio.to_thread(in_use, models, library.encoder, InUse())
    )
    source = KnowledgeSource(index, calibration=Calibration.shipped(), time_zone=ZoneInfo(settings.knowledge.time_zone))
    for line in not_entries(settings, source.holds):
        log.warning("%s", line)
    learned = Learned(begun.models)
    responder = CombinedResponder(
        [source, HistorySource(learned, source)],
        VerbatimComposer(settings.replies.texts()),
        _rules(settings),
        understander=learned,
        entries=source,
    )
    store = MemoryStore()
    carriers: dict[str, Connector] = {}
    dispatcher = Dispatcher(
        store,
        responder,
        carriers,
        fallback=lambda message: _apology(message, settings),
        concurrency=settings.dispatcher.concurrency,
        waiting=settings.dispatcher.waiting,
        back_after=_back_after(settings),
    )
    async with dispatcher:
        beside = []
        if promotions:
            following = follow(models, library.encoder, learned, begun)
            beside.append(asyncio.create_task(following, name="kefu models"))
        if settings.knowledge.watch:
            beside.append(asyncio.create_task(_watch(settings, library, source), name="kefu watcher"))
        try:
            yield Bot(dispatcher, store, carriers)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


def _back_after(settings: Settings) -> dict[Owner, timedelta]:
    hours = {Owner.WAITING: settings.handover.waiting_hours, Owner.HUMAN: settings.handover.human_hours}
    return {owner: timedelta(hours=some) for owner, some in hours.items() if some}


def _rules(settings: Settings) -> Rules:
    return Rules(
        thresholds=Thresholds(
            answer_from=settings.policy.answer_from,
            clarify_from=settings.policy.clarify_from,
            choices=settings.policy.choices,
        ),
        answers=settings.intents.answers,
        hand_over=settings.intents.hand_over,
        scope=settings.intents.scope,
        upset=settings.sentiment.hand_over,
        times=settings.sentiment.times,
    )


async def _watch(settings: Settings, library: Library, source: KnowledgeSource) -> None:
    """Take up each edit of the sources; where they cannot be watched any more, that is told and the bot goes on."""
    sources = [path.absolute() for path in settings.knowledge.sources]
    folders = {path if path.is_dir() else path.parent for path in sources}
    state = settings.state.folder.absolute()

    def concerns(_: object, name: str) -> bool:
        """Whether a change is one of the sources: a file's folder may hold much else, the bot's own state for one."""
        path = Path(name)
        return not path.is_relative_to(state) and any(
            path.is_relative_to(source) or path.parent == source.parent for source in sources
        )

    try:
        from watchfiles import awatch

        async for _ in awatch(*folders, watch_filter=concerns, step=SETTLE_MS // 3, debounce=SETTLE_MS):
            await _take_up(settings, library, source)
    except Exception as error:  # the system watches no more files, say
        log.error("Edits of the knowledge are not seen until the next start. %s: %s", type(error).__name__, error)


async def _take_up(settings: Settings, library: Library, source: KnowledgeSource) -> None:
    """Put the index of the sources as they are now in place; where they cannot be used, the earlier one goes on."""
    try:
        index, ingestion = await _indexed(settings, library)
        if index.version != source.index.version:
            await asyncio.to_thread(_prepare, index)
    except Exception as error:  # a full disk, say: whatever it is, the next edit has to be seen
        what = error if isinstance(error, KefuError) else f"{type(error).__name__}: {error}"
        log.warning("The knowledge changed but cannot be used, the earlier one goes on. %s", what)
        return
    for line in told(ingestion.problems, settings):
        log.warning("%s", line)
    if index.version != source.index.version:
        source.index = index
        log.info("knowledge %s is in use: %d entries", index.version, len(index))


async def _indexed(settings: Settings, library: Library) -> tuple[KnowledgeIndex, Ingestion]:
    """Read and index the sources; if the bot stops meanwhile, that is given up at the next text to encode."""
    unwanted = threading.Event()

    def encoded(done: int, total: int) -> None:
        if unwanted.is_set():
            raise KefuError(f"Given up after {done} of {total} texts: the bot has stopped.")

    try:
        return await asyncio.wrap_future(aside(lambda: library.index(settings, Progress(encoded=encoded))))
    finally:
        unwanted.set()


def _prepare(index: KnowledgeIndex) -> None:
    """Search once: what an index makes ready at its first search, no customer should wait for.

    What mends slips is made at the first one: it takes a quarter of a second, which `kefu ask` need not wait for.
    """
    index.search([Query(text="?")], 1, day=date.min)


def _apology(message: Message, settings: Settings) -> Reply:
    """Hand over where the bot itself failed: the customer is not left without a reply."""
    language = detect_language(message.text)
    texts = settings.replies.texts()["hand_off"]
    return Reply(
        id=uuid.uuid4().hex,
        conversation=message.conversation,
        in_reply_to=message.id,
        text=texts.get(language) or texts["en"],
        action=Action.HAND_OFF,
        reason=Reason.FAILED,
        confidence=0.0,
        language=language,
    )
