"""The API under /v1: a message and its reply, at once or as a stream; conversations, and what people do in them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from aiohttp import web
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from bot.types import Conversation, ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.reply_json import reply_json
from connectors.server.desk import Access, Desk, Limits
from connectors.server.guards import WHY, Refused, bearer, body_of, failed, is_same, refusal, too_many
from connectors.server.limits import Window

#: Seconds between two looks for a reply that another process may have written: at first, and after a while.
LOOK, LONGEST_LOOK = 0.2, 1.0

#: Seconds after which a stream says that it is still there: proxies close what is silent.
ALIVE = 15

#: Who has a conversation where no keys are set.
LOCAL = "local"

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(max_length=4000)]
#: Not in the first or last year there is, for moments there cannot be told in every time zone.
Moment = Annotated[
    AwareDatetime,
    Field(gt=datetime(1, 12, 30, tzinfo=UTC), lt=datetime(9999, 1, 2, tzinfo=UTC)),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": "^(?!0001|9999)"}),
]

_NAME = TypeAdapter(Name)


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NewMessage(_Body):
    """What a customer writes."""

    conversation: Name = Field(description="Your own name of the conversation.")
    text: Text
    id: Name | None = Field(default=None, description="Your own id of it: sent again, it is answered once.")
    customer: Name | None = Field(default=None, description="Your own id of the customer, for kefu forget.")
    at: Moment | None = Field(default=None, description="When it was written; now, if it is not given.")
    attachments: Annotated[tuple[Name, ...], Field(max_length=20)] = Field(
        default=(), description="Names of files that came with it."
    )


class NewTurn(_Body):
    """What a person at your side wrote to the customer: that person has the case from then on."""

    text: Text
    id: Name | None = Field(default=None, description="Your own id of it: sent again, it counts once.")
    at: Moment | None = None


class NewEvent(_Body):
    """What happened to the case."""

    event: Literal["taken", "handed_back", "resolved"]
    id: Name | None = Field(default=None, description="Your own id of it: sent again, it counts once.")


B = TypeVar("B", bound=_Body)


@dataclass(eq=False)
class _Caller:
    """Who waits for a reply."""

    #: Set where there is something to look at.
    news: asyncio.Event = field(default_factory=asyncio.Event)
    #: The newest text of what is being written, until the caller has it.
    preview: str = ""


class Callers:
    """The connector of the API: what is said there is kept to be read, so nothing is sent; who waits is woken."""

    name = "api"

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._waiting: dict[tuple[ConversationKey, str], set[_Caller]] = {}

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Wake whoever waits for ``reply``."""
        for caller in self._waiting.get((reply.conversation, reply.in_reply_to), ()):
            caller.news.set()

    async def preview(self, message: Message, text: str) -> None:
        """Have what is written so far for whoever waits for the reply to ``message``: of several texts the newest."""
        for caller in self._waiting.get((message.conversation, message.id), ()):
            caller.preview = text
            caller.news.set()

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Tell nobody: the caller is told that it is handed over."""

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask nobody: the caller is told."""

    @contextmanager
    def waiting(self, message: Message) -> Iterator[_Caller]:
        """Yield who is told when this process writes a reply to ``message``."""
        name, caller = (message.conversation, message.id), _Caller()
        self._waiting.setdefault(name, set()).add(caller)
        try:
            yield caller
        finally:
            self._waiting[name].discard(caller)
            if not self._waiting[name]:
                del self._waiting[name]


class Api:
    """The handlers."""

    def __init__(
        self, desk: Desk, callers: Callers, access: Access, limits: Limits, clock: Callable[[], datetime]
    ) -> None:
        """Let those of ``access`` talk to ``desk``; ``callers`` is its connector for them."""
        self._desk, self._callers, self._keys, self._limits, self._clock = desk, callers, access.keys, limits, clock
        self._window = Window(limits.per_minute, 60)

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Take a message, and answer with its reply."""
        account = self._account(request)
        new = await self._read(request, NewMessage)
        key = ConversationKey(channel=Callers.name, account=account, thread=new.conversation)
        if wait := self._window.wait(key):
            request[WHY] = "too many messages"
            return too_many(wait, "Too many messages in one conversation.")
        message = Message(
            id=new.id or uuid.uuid4().hex,
            conversation=key,
            text=new.text,
            at=new.at or self._clock(),
            customer=new.customer or "",
            attachments=new.attachments,
        )
        self._window.count(key)
        await self._desk.submit(message)
        if "text/event-stream" in request.headers.get("Accept", ""):
            return await self._stream(request, message)
        async with aclosing(self._said(message)) as said:
            async for name, what in said:
                if name not in ("alive", "preview"):
                    return _json(what, status=202 if name == "pending" else 200)
        raise AssertionError("something is always said")

    async def conversation(self, request: web.Request) -> web.StreamResponse:
        """Return a conversation."""
        conversation = await self._known(request)
        return _json(_as_json(conversation)) if conversation else _unknown()

    async def turns(self, request: web.Request) -> web.StreamResponse:
        """Take what a person wrote."""
        key = self._key(request)
        new = await self._read(request, NewTurn)
        turn = Turn(speaker=Speaker.AGENT, text=new.text, at=new.at or self._clock(), id=new.id or "")
        await self._desk.store.append(key, turn)
        return _json({"owner": (await self._desk.store.conversation(key)).owner.value})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Take what happened."""
        key = self._key(request)
        new = await self._read(request, NewEvent)
        owner = await self._desk.store.record(key, Event(new.event), id_=new.id or "")
        return _json({"owner": owner.value})

    async def forget(self, request: web.Request) -> web.StreamResponse:
        """Delete a conversation with everything in it."""
        if await self._known(request) is None:
            return _unknown()
        await self._desk.store.forget(self._key(request))
        return web.Response(status=204)

    # --- how

    async def _said(self, message: Message) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        """Yield what becomes of a message: "reply", "silent" where a person has the case, or "pending", at last.

        Before that come a "preview" each time more of the reply is written, and "alive".
        """
        about = {"conversation": message.conversation.thread, "in_reply_to": message.id}
        store, loop = self._desk.store, asyncio.get_running_loop()
        begun = alive = loop.time()
        pause = LOOK
        with self._callers.waiting(message) as caller:
            while loop.time() - begun < self._limits.reply:
                done, reply = await store.answered(message.conversation, message.id)
                if reply is not None:
                    yield "reply", reply_json(reply) | about
                    return
                if done:
                    owner = (await store.conversation(message.conversation)).owner
                    yield "silent", about | {"owner": owner.value}
                    return
                if text := caller.preview:
                    caller.preview = ""
                    yield "preview", about | {"text": text}
                if loop.time() - alive > ALIVE:
                    alive = loop.time()
                    yield "alive", {}
                try:
                    async with asyncio.timeout(pause):
                        await caller.news.wait()
                        caller.news.clear()
                except TimeoutError:
                    pause = min(2 * pause, LONGEST_LOOK)
        yield "pending", about

    async def _stream(self, request: web.Request, message: Message) -> web.StreamResponse:
        """Answer with server-sent events (WHATWG HTML, 9.2): accepted, previews, then the outcome, or an error."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        try:
            await response.prepare(request)
            async with aclosing(self._events(request, message)) as events:
                async for event in events:
                    await response.write(event)
        except ConnectionError:
            request[WHY] = "the caller has gone"
        return response

    async def _events(self, request: web.Request, message: Message) -> AsyncGenerator[bytes]:
        yield _event("accepted", {"conversation": message.conversation.thread, "id": message.id})
        try:
            async with aclosing(self._said(message)) as said:
                async for name, what in said:
                    yield b": alive\n\n" if name == "alive" else _event(name, what)
        except Exception as error:  # the status was sent long ago
            yield _event("error", json.loads(failed(request, error).text or ""))

    async def _read(self, request: web.Request, kind: type[B]) -> B:
        if request.content_type != "application/json":
            raise Refused(415, "unsupported_media_type", "Send the body as Content-Type: application/json.")
        body = await body_of(request, self._limits)
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_context=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the body"
            told = first["msg"]
            if first["type"] == "extra_forbidden":  # its name is the caller's word
                place, told = "an unknown field", f"there are {', '.join(kind.model_fields)}"
            request[WHY] = f"not valid: {place}"
            raise Refused(400, "not_valid", f"{place}: {told}") from None

    async def _known(self, request: web.Request) -> Conversation | None:
        conversation = await self._desk.store.conversation(self._key(request))
        return conversation if conversation.turns or conversation.since else None

    def _key(self, request: web.Request) -> ConversationKey:
        account = self._account(request)
        try:
            thread = _NAME.validate_python(request.match_info["conversation"])
        except ValidationError:
            raise Refused(400, "not_valid", "conversation: a name has 1 to 200 characters, none of control") from None
        return ConversationKey(channel=Callers.name, account=account, thread=thread)

    def _account(self, request: web.Request) -> str:
        """Return whose conversations these are; refused where the key is none of ours."""
        if self._keys is None:
            return LOCAL
        given, found = bearer(request), ""
        for owner, key in self._keys.items():  # all of them: how long it takes says nothing
            found = owner if is_same(given, key) else found
        if not found:
            request[WHY] = "no key"
            raise Refused(401, "no_key", "Send one of the keys of the settings as a bearer token.")
        return found


def _json(document: object, status: int = 200) -> web.Response:
    """Return a document whose texts can be read in every language."""
    return web.json_response(text=json.dumps(document, ensure_ascii=False), status=status)


def _unknown() -> web.Response:
    return refusal(404, "not_found", "No such conversation.")


def _event(name: str, said: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(said, ensure_ascii=False)}\n\n".encode()


def _as_json(conversation: Conversation) -> dict[str, Any]:
    return {
        "conversation": conversation.key.thread,
        "owner": conversation.owner.value,
        "since": conversation.since.isoformat() if conversation.since else None,
        "language": conversation.language,
        "turns": [
            {
                "id": turn.id,
                "speaker": turn.speaker.value,
                "text": turn.text,
                "at": turn.at.isoformat(),
                "attachments": list(turn.attachments),
                "action": turn.action.value if turn.action else None,
                "citations": [
                    {"id": cited.id, "question": cited.question, "url": cited.url} for cited in turn.citations
                ],
            }
            for turn in conversation.turns
        ],
    }
