"""What the tests of the responder share: a conversation with it, kept as the service keeps one."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.composer import VerbatimComposer
from bot.learned import Learned, Models
from bot.policy import Rules, Thresholds
from bot.ports import Composer, Entries, Source
from bot.responder import CombinedResponder
from bot.store.memory import MemoryStore
from bot.types import Action, Candidate, ConversationKey, Event, Message, Question, Reply

KEY = ConversationKey(channel="chat", thread="anna")
NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)
#: Far from what known and unknown questions have here, so that a finer calibration changes no dialogue.
USUAL = Thresholds(answer_from=0.3, clarify_from=0.3, choices=3)
#: Asks back whatever it is asked.
ALWAYS_ASKS_BACK = Thresholds(answer_from=1.0, clarify_from=0.0, choices=3)

ANSWER, CLARIFY, HAND_OFF, SMALL_TALK = Action.ANSWER, Action.CLARIFY, Action.HAND_OFF, Action.SMALL_TALK


class NoEntries:
    """A knowledge in which nothing can be looked up by its id."""

    def holds(self, entry: str) -> bool:
        return False

    def entry(self, entry: str, question: Question, *, source: str, confidence: float) -> Candidate | None:
        return None


class Talk:
    """One conversation with a responder, kept as the service keeps it."""

    def __init__(
        self,
        *sources: Source,
        thresholds: Thresholds = USUAL,
        rules: Rules | None = None,
        learned: Learned | None = None,
        entries: Entries | None = None,
        composer: Composer | None = None,
    ) -> None:
        self.store = MemoryStore()
        self._responder = CombinedResponder(
            sources,
            composer or VerbatimComposer(),
            rules or Rules(thresholds=thresholds),
            understander=learned or Learned(Models()),
            entries=entries or NoEntries(),
        )
        self._count = 0

    async def hears(self, text: str) -> Message:
        """Keep a message that waits."""
        self._count += 1
        message = Message(id=str(self._count), conversation=KEY, text=text, at=NOON)
        await self.store.accept(message)
        return message

    async def answers(self, message: Message) -> Reply:
        reply = await self._responder.respond(await self.store.conversation(KEY), message)
        await self.store.finish(message, reply)
        if reply.action is Action.HAND_OFF:
            await self.store.record(KEY, Event.HANDED_BACK)
        assert (reply.in_reply_to, reply.conversation) == (message.id, KEY)
        assert reply.text
        assert 0 <= reply.confidence <= 1
        assert len(reply.candidates) <= 10
        return reply

    async def says(self, text: str) -> Reply:
        return await self.answers(await self.hears(text))
