"""Whose it is and who pays: what the evidence has us pay or own, the customer must not, nor the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.lock.lexicon import root

#: What is paid, refunded or borne, by its subject.
_DEED = (
    r"(?:pay|pays|paid|refund|replace|resend|reimburse|cover|bear|owe|compensate"
    r"|承担|支付|退款|退还|补发|补偿|预付|付费)"
)
_BETWEEN = (
    r"(?: (?:will|then|also|can|may|must|have to|has to|need to|only|just|usually|always|gladly|now|not|both|either|do"
    r"|even|for|simply|fully))*"
)
_WHO = {
    "we": re.compile(rf"\bwe\b{_BETWEEN} ({_DEED})\b|我们[^，。您承退补预支付]{{0,6}}({_DEED})", re.IGNORECASE),
    "you": re.compile(rf"\byou\b{_BETWEEN} ({_DEED})\b|您[^，。我承退补预支付]{{0,6}}({_DEED})", re.IGNORECASE),
}
_BY = re.compile(r"\b(?P<deed>paid|borne|covered) by (?P<who>us|you)\b", re.IGNORECASE)
_FROM_ZH = re.compile(
    r"(?:由|向)(?P<who>我们|您)[^，。]{0,6}?(?P<deed>承担|支付|退款|退还|补发|补偿|预付|收取|收费|处理)"
)
_OWN = re.compile(
    r"\b(?P<who>our|your)(?: own)? (?P<thing>[a-z]+)|(?P<zh>我们|您)的(?P<han>[\u4e00-\u9fff]{2})", re.IGNORECASE
)
_SIDE = {"our": "we", "us": "we", "your": "you", "我们": "we", "您": "you", "we": "we", "you": "you"}


def roles(text: str) -> Iterator[tuple[str, str]]:
    """Yield who does or owns what in ``text``: ("we", "refund"), ("you", "your bank")."""
    for side, pattern in _WHO.items():
        for match in pattern.finditer(text):
            deed = next(group for group in match.groups() if group)
            yield side, root(deed.lower())
    for match in (*_BY.finditer(text), *_FROM_ZH.finditer(text)):
        yield _SIDE[match["who"].lower()], root(match["deed"].lower())
    for match in _OWN.finditer(text):
        thing = root(match["thing"].lower()) if match["thing"] else match["han"]
        yield _SIDE[(match["who"] or match["zh"]).lower()], f"own {thing}"
