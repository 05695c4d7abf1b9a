"""Whether a customer says that an answer helped: "thanks", "ok, will do", "好的谢谢", and nothing against it."""

from __future__ import annotations

import re
import unicodedata

from bot.types import Reason
from bot.understanding import agrees, small_talk
from retrieval.text import HAN

_POLITE = frozenset({Reason.THANKS, Reason.GOODBYE, Reason.ACKNOWLEDGED})

#: Where a part of a message ends: "found it, thank you", "吓死我了 谢谢".
_PARTS = re.compile(rf"[.!,;:。！，；：、～~…\n]+\s*|(?<=[{HAN}])\s+|\s+(?=[{HAN}])")

#: How a message begins that takes what was said.
_TAKEN = re.compile(
    r"(?:o+k+(?:ay)?|k+|alright|all right|fine|perfect|great|sweet|nice|cool|good|excellent|awesome|brill(?:iant)?|"
    r"understood|got it|will do|makes sense|thanks?|thx|cheers)\b"
    r"|(?:好|行|嗯|哦|噢|明白|懂了?|收到|知道|了解|可以|完美|谢)",
    re.IGNORECASE,
)
_SOLVED = re.compile(
    r"\b(?:(?:it|that|this|everything)(?:'s| is)?|all|now) (?:works?|worked|did it|did the trick|helps?|helped|solved|"
    r"fixed|sorted)\b|\b(?:problem )?solved\b|\ball good\b|(?:解决|搞定|弄好|找到|好用|成功|可以用?|没事)了",
    re.IGNORECASE,
)

#: What asks on, and what says that it did not help.
_ASKS = re.compile(
    r"[?？]|\b(?:how|what|when|where|which|who|why|can|could|do|does|is there)\b"
    r"|吗|呢|什么|啥|怎|多少|多久|哪|能不能|么\W*$",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:but|however|no|nope|not|never|still|nothing|nobody|neither|wrong|useless|cannot|"
    r"(?:do|does|did|is|are|was|were|has|have|had|ca|could|should|would|wo)n['’]?t)\b"
    r"|但|可是|不过|还是|仍|没用|不行|不能|不会|不对|不是|没有(?!了)|没解决|没收到",
    re.IGNORECASE,
)
_NO = re.compile(r"(?:no+|nope|nah|not really|不|不是|不行|没有|没)\W*", re.IGNORECASE)


def confirms(text: str) -> bool:
    """Whether ``text``, said after an answer, takes it: with thanks, a yes, a goodbye or an "ok", and no question.

    A bare "no" does not, and what says that something is still not right does not, however polite.
    """
    plain = _plain(text)
    kind = small_talk(plain)
    if _NO.fullmatch(plain):
        return False
    if kind is not None:
        return kind in _POLITE
    if agrees(plain):
        return True
    if wants_more(plain):
        return False
    parts = [part for part in _PARTS.split(plain) if part]
    return bool(_SOLVED.search(plain) or _TAKEN.match(plain)) or any(map(_takes, parts))


def wants_more(text: str) -> bool:
    """Whether ``text``, said after an answer, asks on, or says that this did not help."""
    plain = _plain(text)
    return bool(_NO.fullmatch(plain) or _ASKS.search(plain) or _DENIES.search(plain))


def _takes(part: str) -> bool:
    """Whether a part of a message thanks or takes what was said; "wow" and "I'll wait" do not yet."""
    kind = small_talk(part)
    return kind in _POLITE and (kind is not Reason.ACKNOWLEDGED or _TAKEN.match(part) is not None)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
