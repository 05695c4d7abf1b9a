"""Reading what a helpdesk sends: JSON into the fields an adapter needs, times, and text out of markup."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from selectolax.lexbor import LexborHTMLParser

from connectors.helpdesk import RefusedError

#: What ends a line of text when it begins or ends.
_BLOCKS = "p, div, li, tr, h1, h2, h3, h4, h5, h6, blockquote, pre, ul, ol, table"

#: What mail programs put above the message that is answered.
_QUOTED = re.compile(
    r"^(?:>.*|-{2,} ?(?:Original Message|原始邮件) ?-{2,}|On .{5,200} wrote:|在.{5,200}写道：|_{20,})\s*$",
    re.IGNORECASE,
)


class Payload(BaseModel):
    """A part of what is sent: the fields that are needed, whatever else there is."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


#: An id that is sent as a number or as text.
Id = Annotated[str, BeforeValidator(_text)]

P = TypeVar("P", bound=Payload)


def read(kind: type[P], body: bytes) -> P:
    """Return ``body``, a JSON document, as ``kind``; refused with 400 where it is none."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        # A key of the caller's own, at the root, may be anything: what was expected is told, not what came.
        raise RefusedError(400, f"not what was expected: {place or 'the document'}: {first['type']}") from None


def moment(value: str | float, otherwise: datetime) -> datetime:
    """Return a time in ISO 8601 or in seconds since 1970, in UTC; ``otherwise`` where it cannot be read.

    Or where it is near the calendar's ends, for then it cannot be told in every time zone.
    """
    try:
        if isinstance(value, str) and not value.isdecimal():
            at = datetime.fromisoformat(value)
            at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        else:
            at = datetime.fromtimestamp(float(value), UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise
    return at if 1970 <= at.year < 9999 else otherwise


def text_of(markup: str) -> str:
    """Return the text of HTML as it is read: blocks in lines of their own, no scripts, no styles."""
    tree = LexborHTMLParser(markup)
    if tree.body is None:
        return ""
    tree.strip_tags(["script", "style", "head", "title"])
    for node in tree.css("br"):
        node.replace_with("\n")
    for node in tree.css(_BLOCKS):
        node.insert_before("\n")
        node.insert_after("\n")
    lines = (" ".join(line.split()) for line in tree.body.text().splitlines())
    return re.sub(r"\n+", "\n", "\n".join(lines)).strip()


def markup_of(text: str) -> str:
    """Return ``text`` as HTML that shows it as it is."""
    return html.escape(text).replace("\n", "<br>")


def newest_part(text: str) -> str:
    """Return what a mail says without the messages that mail programs quote below it; all, if that is nothing."""
    kept: list[str] = []
    for line in text.splitlines():
        if _QUOTED.match(line.strip()):
            break
        kept.append(line)
    return "\n".join(kept).strip() or text.strip()
