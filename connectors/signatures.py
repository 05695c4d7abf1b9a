"""Whether a call comes from whom it says: over the raw bytes, in constant time, and not later than it was sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from connectors.helpdesk import RefusedError

#: Seconds by which a signed time may differ from ours, 300 itself included: what Slack's own library allows, and what
#: Chatwoot and Zendesk, who state none, are held to.
WINDOW = 300


def hex_mac(secret: str, *parts: bytes, algorithm: str = "sha256") -> str:
    """Return the HMAC (RFC 2104) of ``parts`` one after the other, in hexadecimal digits."""
    return hmac.new(secret.encode(), b"".join(parts), algorithm).hexdigest()


def base64_mac(secret: str, *parts: bytes) -> str:
    """Return the HMAC-SHA256 of ``parts`` one after the other, in base64."""
    return base64.b64encode(hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).digest()).decode()


def require(given: str | None, expected: str, what: str) -> None:
    """Refuse with 401 where ``given`` is not ``expected``; ``what`` names it in the log."""
    if given is None:
        raise RefusedError(401, f"{what} is missing")
    # As bytes: text beyond ASCII is not compared in constant time, but raises.
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode()):
        raise RefusedError(401, f"{what} is wrong")


def require_recent(stamp: str | None, now: datetime, what: str) -> str:
    """Return ``stamp``, seconds since 1970; refused with 401 where it is none, or not within `WINDOW` of ``now``."""
    if stamp is None:
        raise RefusedError(401, f"{what} is missing")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise RefusedError(401, f"{what} is no number")
    if abs(now.timestamp() - int(stamp)) > WINDOW:
        raise RefusedError(401, f"{what} is too far from now")
    return stamp
