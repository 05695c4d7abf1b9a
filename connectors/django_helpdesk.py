"""django-helpdesk, whose hooks are unsigned: a secret in their address stands for a signature.

Each is sent once, and never again where nobody listens: so the adapter also looks what there is.

What is sent: django-helpdesk 2.6, helpdesk/webhooks.py and serializers.py; what becomes of a follow-up that is posted:
its update_ticket.py; what a mail becomes: its email.py; what is listed: its views/api.py.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import aiohttp

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.django_helpdesk_tickets import Followup, Hook, Listed, Page, Ticket, answered
from connectors.helpdesk import GIVE_BACK, Call, Contract, Happened, News, Received, Said, Seen
from connectors.payload import moment, newest_part, read
from connectors.signatures import require

log = logging.getLogger(__name__)

#: Follow-ups on a page of the list, and tickets that are read in one look.
PAGE, TICKETS = 50, 20

#: Of a ticket: resolved, closed, and a duplicate of another.
_ENDED = frozenset({3, 4, 5})

#: What is broken up in what is posted. Comments are rendered as Django templates, in which a customer's address is
#: filled in or which fail, at a lone %} too; and they go into HTML mails as they are, where what looks like a tag
#: vanishes.
_MARKUP = re.compile(r"\{(?=[{#%])|%(?=\})|<(?=[A-Za-z/!?])")

_TICKET, _FOLLOWUPS = "/api/tickets/{}/", "/api/followups/"

#: What the settings call differently.
_FIELDS = {"assignee": "assigned_to", "queue": "queue"}


class DjangoHelpdesk:
    """The connector of one django-helpdesk.

    Both hooks, for new tickets and for follow-ups, may have the same address.
    """

    name = "django_helpdesk"
    #: Everywhere at once.
    places = ("",)
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
        ``assignee`` and moved to ``queue``. Raises `SettingsError` where a number is none.
        """
        self._api = Api(http, url, headers={"Authorization": f"Token {token}"})
        self._secret = secret
        self._bot = str(_number("bot", bot))
        given = {"assignee": assignee, "queue": queue}
        self._handed = {_FIELDS[name]: _number(name, value) for name, value in given.items() if value is not None}

    async def receive(self, call: Call) -> Received:
        """Verify a hook by the secret in its address and return what it tells."""
        require(call.query.get("key"), self._secret, "key")
        hook = read(Hook, call.body)
        ticket, entry = hook.ticket, hook.entry
        if entry is None:
            return Received(ignored="follow-up without its text")
        news = self._told(ticket, entry, call.at, opens=hook.followup_id is None)
        if self._is_taken(ticket):
            if any(isinstance(one, Message) for one in news):
                news.insert(0, self._taken(ticket, entry))
            if any(map(_is_given_back, news)):
                await self._let_go(ticket)
        return Received(news=tuple(news), ignored="" if news else "own, a note, or no words")

    async def look(self, place: str, cursor: str) -> Seen:
        """Return what came about since the follow-up with the number ``cursor``, whether or not a hook told it.

        The first look notes where things stand, no more: what is older is not the bot's. Raises as `deliver` does.
        """
        found = await self._listed_after(int(cursor) if cursor else None)
        last = found[-1].id if found else cursor or "0"
        if not cursor:
            return Seen(news=(), cursor=last)
        tickets: dict[str, None] = {}
        for at, entry in enumerate(found):
            if entry.user == self._bot:
                continue
            if entry.ticket not in tickets and len(tickets) == TICKETS:
                last = found[at - 1].id
                break
            tickets[entry.ticket] = None
        news = [one for number in tickets for one in await self._since(number, int(cursor))]
        return Seen(news=tuple(news), cursor=last, more=bool(found) and last != found[-1].id)

    async def _listed_after(self, last: int | None) -> list[Listed]:
        """Return the follow-ups of all tickets after ``last``, by their numbers; with None the newest ones."""
        found: dict[int, Listed] = {}
        page = 0
        while True:
            query = {"page": str(page or "last"), "page_size": str(PAGE)}
            listed = answered(Page, await self._api.call("GET", _FOLLOWUPS, query=query))
            # Listed by their dates, which may differ a little from the order of the numbers.
            new = {int(one.id): one for one in listed.results if last is None or int(one.id) > last}
            found |= new
            page = (page or -(-listed.count // PAGE)) - 1
            if last is None or not new or page < 1:
                return [found[number] for number in sorted(found)]

    async def _since(self, number: str, last: int) -> list[News]:
        """Return what came about in a ticket since a follow-up; nothing where it cannot be read at all."""
        try:
            ticket = answered(Ticket, await self._api.call("GET", _TICKET, number))
        except DeliveryError as error:
            if not error.final:
                raise
            log.error("ticket %s cannot be read and is passed over: %s", number, error)
            return []
        entries = ticket.entries
        now = datetime.now(UTC)
        told = {
            entry: self._told(ticket, entry, now, opens=entry is entries[0]) for entry in entries if entry.number > last
        }
        # What the bot wrote after, it knew.
        known = max((entry.number for entry in entries if entry.user == self._bot), default=0)
        return await self._together(ticket, told, known)

    async def _together(self, ticket: Ticket, told: Mapping[Followup, Sequence[News]], known: int) -> list[News]:
        """Return what follow-ups tell, as it is to be kept now that all of it has happened."""
        pairs = [(entry, one) for entry, some in told.items() for one in some]
        hands = [(entry, one) for entry, one in pairs if _moves_case(one)]
        last = hands[-1][1] if hands else None
        given_back = last is not None and _is_given_back(last) and hands[-1][0].number > known
        if given_back and self._is_taken(ticket):
            await self._let_go(ticket)
        taken = self._is_taken(ticket) and not given_back
        settled = max((entry.number for entry, one in pairs if _settles(one)), default=0)
        news: list[News] = []
        for entry, one in pairs:
            if isinstance(one, Message):
                if entry.number < settled:  # the bot is to know it, and not to answer
                    news.append(Said(conversation=one.conversation, turn=Turn.saying(one)))
                    continue
                if taken and entry.number > known:
                    news.append(self._taken(ticket, entry))
            elif isinstance(one, Happened) and (entry.number < known or (_moves_case(one) and one is not last)):
                continue
            news.append(one)
        return news

    def _told(self, ticket: Ticket, entry: Followup, at: datetime, *, opens: bool) -> list[News]:
        """Return what a follow-up tells, at ``at`` if it has no time; one that ``opens`` a ticket is a question."""
        if entry.user == self._bot:
            return []
        if opens:
            # Whoever typed it, an agent at the telephone or a customer with an account.
            text = entry.said or ticket.description or ticket.title or ""
            return self._asked(ticket, entry, text, at) if entry.public else []
        news: list[News] = []
        if entry.user is not None:
            news += self._from_person(ticket, entry, at)
        elif entry.public and entry.new_status not in _ENDED:  # who accepts what was done leaves words of the desk
            news += self._asked(ticket, entry, entry.said, at)
        if entry.new_status in _ENDED:
            news.append(Happened(conversation=self._key(ticket), event=Event.RESOLVED, id=f"{entry.id}.resolved"))
        return news

    def _from_person(self, ticket: Ticket, entry: Followup, at: datetime) -> list[News]:
        key = self._key(ticket)
        if entry.public and entry.said:
            turn = Turn(speaker=Speaker.AGENT, text=entry.said, at=moment(entry.date, at), id=entry.id)
            return [Said(conversation=key, turn=turn)]
        if not entry.public and entry.said == GIVE_BACK:
            return [Happened(conversation=key, event=Event.HANDED_BACK, id=entry.id)]
        return [self._taken(ticket, entry)] if not entry.said and self._is_taken(ticket) else []

    def _asked(self, ticket: Ticket, entry: Followup, text: str, at: datetime) -> list[News]:
        if ticket.is_of_another(entry):  # an agent who answers by mail, or somebody in copy: which, is not said
            return [self._taken(ticket, entry)]
        message = Message(
            id=ticket.first_copy(entry).id,
            conversation=self._key(ticket),
            text=newest_part(text),
            at=moment(entry.date, at),
            customer=ticket.submitter_email or "",
            attachments=tuple(one.filename for one in entry.followupattachment_set),
        )
        return [message]

    def _key(self, ticket: Ticket) -> ConversationKey:
        return ConversationKey(channel=self.name, thread=ticket.id)

    def _taken(self, ticket: Ticket, entry: Followup) -> Happened:
        return Happened(conversation=self._key(ticket), event=Event.TAKEN, id=f"{entry.id}.taken")

    async def _let_go(self, ticket: Ticket) -> None:
        """Assign a ticket that was given back to nobody: the customer's next message would say that it is taken."""
        await self._api.call("PATCH", _TICKET, ticket.id, body={"assigned_to": None})

    def _is_taken(self, ticket: Ticket) -> bool:
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
        await self._api.call("POST", _FOLLOWUPS, body={"ticket": int(ticket), "comment": comment, "public": public})

    def _is_ours(self, entry: dict[str, object], reply: Reply, comment: str, public: bool) -> bool:
        """Whether a follow-up is the one to be written: newer than what it answers, and the same."""
        newer = int(str(entry["id"])) > int(reply.in_reply_to)
        ours = str(entry["user"]) == self._bot and entry["public"] == public
        return newer and ours and str(entry["comment"]).strip() == comment


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal()):
        raise SettingsError(f"django_helpdesk.{name}: expected a number")
    return int(value)


def _is_given_back(one: News) -> bool:
    return isinstance(one, Happened) and one.event is Event.HANDED_BACK


def _moves_case(one: News) -> bool:
    """Whether it gives a case that goes on to somebody."""
    return isinstance(one, Said) or (isinstance(one, Happened) and one.event is not Event.RESOLVED)


def _settles(one: News) -> bool:
    """Whether a person saw to what the customer wrote before."""
    return isinstance(one, Said) or (isinstance(one, Happened) and one.event is Event.RESOLVED)
