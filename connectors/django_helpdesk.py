"""django-helpdesk, whose hooks are unsigned: a secret in their address stands for a signature.

What is sent: django-helpdesk 2.6, helpdesk/webhooks.py and serializers.py; what becomes of a follow-up that is posted:
its update_ticket.py; what a mail becomes: its email.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import aiohttp
from pydantic import Field

from bot.errors import UsageError
from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import GIVE_BACK, Call, Contract, Happened, News, Received, Said
from connectors.payload import Id, Payload, moment, newest_part, read
from connectors.signatures import require

#: Of a ticket: resolved, closed, and a duplicate of another.
_ENDED = frozenset({3, 4, 5})

#: What is broken up in what is posted. Comments are rendered as Django templates, in which a customer's address is
#: filled in or which fail, at a lone %} too; and they go into HTML mails as they are, where what looks like a tag
#: vanishes.
_MARKUP = re.compile(r"\{(?=[{#%])|%(?=\})|<(?=[A-Za-z/!?])")

_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")

_TICKET = "/api/tickets/{}/"

#: What the settings call differently.
_FIELDS = {"assignee": "assigned_to", "queue": "queue"}

_Number = Annotated[Id, Field(pattern=r"^[0-9]{1,18}$")]


class _Attachment(Payload):
    filename: str = ""


class _Followup(Payload):
    id: _Number
    user: _Number | None = None
    title: str | None = None
    comment: str | None = None
    public: bool = False
    new_status: int | None = None
    date: str = ""
    #: Of a mail; None where it came another way.
    message_id: str | None = None
    followupattachment_set: tuple[_Attachment, ...] = ()

    @property
    def said(self) -> str:
        return (self.comment or "").strip()


class _Ticket(Payload):
    id: _Number
    title: str | None = None
    description: str | None = None
    submitter_email: str | None = None
    assigned_to: _Number | None = None
    followup_set: tuple[_Followup, ...] = ()


class _Hook(Payload):
    """A new ticket; with the number of a follow-up, that one."""

    ticket: _Ticket
    followup_id: _Number | None = None


class DjangoHelpdesk:
    """The connector of one django-helpdesk.

    Both hooks, for new tickets and for follow-ups, may have the same address.
    """

    name = "django_helpdesk"
    contract = Contract(answer_within=3, chat=False)

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        url: str,
        token: str,
        secret: str,
        bot: str,
        assignee: str | None = None,
        queue: str | None = None,
    ) -> None:
        """Serve the desk at ``url`` by the account with the number ``bot``, whose ``token`` it is.

        ``secret`` is the value of ``key`` in the address of the hooks. What is handed over is assigned to the account
        ``assignee`` and moved to ``queue``. Raises `UsageError` where a number is none.
        """
        self._api = Api(http, url, headers={"Authorization": f"Token {token}"})
        self._secret = secret
        self._bot = str(_number("bot", bot))
        given = {"assignee": assignee, "queue": queue}
        self._handed = {_FIELDS[name]: _number(name, value) for name, value in given.items() if value is not None}

    async def receive(self, call: Call) -> Received:
        """Verify a hook by the secret in its address and return what it tells."""
        require(call.query.get("key"), self._secret, "key")
        hook = read(_Hook, call.body)
        ticket = hook.ticket
        key = ConversationKey(channel=self.name, thread=ticket.id)
        if hook.followup_id is None:
            entry = ticket.followup_set[0] if ticket.followup_set else _Followup(id="0", public=True)
            if entry.user == self._bot or not entry.public:
                return Received(ignored="own ticket, or a private one")
            # Whoever typed it, an agent at the telephone or a customer with an account: a new ticket is a question.
            text = entry.said or ticket.description or ticket.title or ""
            return Received(news=tuple(self._asked(key, ticket, entry, text, call)))
        for entry in ticket.followup_set:
            if entry.id == hook.followup_id:
                break
        else:
            return Received(ignored="follow-up without its text")
        if entry.user == self._bot:
            return Received(ignored="own follow-up")
        news = await self._followed_up(key, ticket, entry, call)
        return Received(news=tuple(news), ignored="" if news else "note, or no words")

    async def _followed_up(self, key: ConversationKey, ticket: _Ticket, entry: _Followup, call: Call) -> list[News]:
        news: list[News] = []
        if entry.user is not None:
            news += await self._from_person(key, ticket, entry, call)
        elif entry.public and entry.new_status not in _ENDED:  # who accepts what was done leaves words of the desk
            news += self._asked(key, ticket, entry, entry.said, call)
        if entry.new_status in _ENDED:
            news.append(Happened(conversation=key, event=Event.RESOLVED, id=f"{entry.id}.resolved"))
        return news

    async def _from_person(self, key: ConversationKey, ticket: _Ticket, entry: _Followup, call: Call) -> list[News]:
        if entry.public and entry.said:
            turn = Turn(speaker=Speaker.AGENT, text=entry.said, at=moment(entry.date, call.at), id=entry.id)
            return [Said(conversation=key, turn=turn)]
        if not entry.public and entry.said == GIVE_BACK:
            if self._is_taken(ticket):  # the customer's next message would say so
                await self._api.call("PATCH", _TICKET, ticket.id, body={"assigned_to": None})
            return [Happened(conversation=key, event=Event.HANDED_BACK, id=entry.id)]
        if not entry.said and self._is_taken(ticket):
            return [_taken(key, entry)]
        return []

    def _asked(self, key: ConversationKey, ticket: _Ticket, entry: _Followup, text: str, call: Call) -> Iterator[News]:
        """Yield a customer's message, after what its ticket says of who has it."""
        other = _is_from_another(ticket, entry)
        if other or self._is_taken(ticket):
            yield _taken(key, entry)
        if other:  # an agent who answers by mail, or somebody in copy: the desk does not say which
            return
        yield Message(
            id=entry.id,
            conversation=key,
            text=newest_part(text),
            at=moment(entry.date, call.at),
            customer=ticket.submitter_email or "",
            attachments=tuple(one.filename for one in entry.followupattachment_set),
        )

    def _is_taken(self, ticket: _Ticket) -> bool:
        return ticket.assigned_to not in (None, self._bot)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Write ``reply`` to the customer. What Django or a mail would take for markup gets a zero-width space."""
        await self._write(reply, reply.text, public=True, again=again)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Write a private follow-up."""
        await self._write(reply, text, public=False, again=again)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Assign the ticket and move it, as the settings say; where they say neither, the note is all there is."""
        if self._handed:
            await self._api.call("PATCH", _TICKET, reply.conversation.thread, body=self._handed)

    async def _write(self, reply: Reply, text: str, *, public: bool, again: bool) -> None:
        comment = _MARKUP.sub("\\g<0>\N{ZERO WIDTH SPACE}", text).strip()
        ticket = reply.conversation.thread
        # There is no idempotency key, and a call that failed was carried out where only the desk's own hook failed.
        if again:
            there = await self._api.call("GET", _TICKET, ticket)
            if any(self._is_ours(entry, reply, comment, public) for entry in there["followup_set"]):
                return
        # Never with a title: it would become the ticket's.
        await self._api.call(
            "POST", "/api/followups/", body={"ticket": int(ticket), "comment": comment, "public": public}
        )

    def _is_ours(self, entry: dict[str, object], reply: Reply, comment: str, public: bool) -> bool:
        """Whether a follow-up is the one to be written: newer than what it answers, and the same."""
        newer = int(str(entry["id"])) > int(reply.in_reply_to)
        ours = str(entry["user"]) == self._bot and entry["public"] == public
        return newer and ours and str(entry["comment"]).strip() == comment


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal()):
        raise UsageError(f"django_helpdesk.{name}: expected a number")
    return int(value)


def _taken(key: ConversationKey, entry: _Followup) -> Happened:
    return Happened(conversation=key, event=Event.TAKEN, id=f"{entry.id}.taken")


def _is_from_another(ticket: _Ticket, entry: _Followup) -> bool:
    """Whether it is a mail of somebody else than the customer: the sender stands in its title alone."""
    if entry.message_id is None or not ticket.submitter_email:
        return False
    senders = _ADDRESS.findall(entry.title or "")
    return bool(senders) and ticket.submitter_email.casefold() not in (one.casefold() for one in senders)
