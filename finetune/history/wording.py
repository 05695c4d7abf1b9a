"""What is left of a wording when what makes no difference is taken away; and the facts that must never differ.

Two texts say the same in nearly the same words when their `Wording` is equal: case, punctuation, courtesies, small
words, inflection and the order of sentences do not count. In Chinese nothing but particles and courtesies is taken
away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from finetune.history.talk import is_polite, sentences
from retrieval.text import HAN, detect_language, fold

if TYPE_CHECKING:
    from Stemmer import Stemmer

_SHORT_FORMS = tuple(
    (re.compile(pattern), full)
    for pattern, full in (
        (r"\b(?:can'?t|cannot)\b", "can not"),
        (r"\bwon'?t\b", "will not"),
        (r"\b(do|does|did|is|are|was|were|has|have|had|would|should|could|must|need)(?:n't|nt)\b", r"\1 not"),
        (r"(?<=\w)'(?:s|re|ve|ll|d|m)\b", ""),
        (r"\b(?:where|what|how|when|who)s\b", lambda found: found[0][:-1]),
    )
)
_PIECE = re.compile(rf"<[a-z_]+>|/[a-z0-9_/-]+|\d+(?:[.,:/-]\d+)*|[a-z]+|[{HAN}]")

#: English words that a question or an answer says the same without.
_SMALL = frozenset(
    """a an the i me my mine we us our you your yours it its he she they them their this that these those
    is are am be been being was were do does did done have has had will would shall should could can might
    please pls plz kindly just also so then and to of there here hi hello hey thanks thank thx very really actually
    simply quite well now some get got im ive id u ur r""".split()
)
#: Words that turn a sentence round, or bound it.
_TURNING = frozenset(
    """not no never nothing none without neither nor only except unless until before after more less least most over
    under above below first last free both either always sometimes may must if when while instead but zero one two
    three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty ninety hundred half
    once twice daily weekly monthly yearly january february march april june july august september october november
    december monday tuesday wednesday thursday friday saturday sunday""".split()
)
_PARTICLES = re.compile("请问|麻烦|谢谢|您好|你好|[的了吗呢啊呀吧哦哈嘛么啦哒喔噢您你我们~～]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """A text, as it is compared with others."""

    language: str
    #: English: the stems of the words that matter. Chinese: the one string that is left.
    words: frozenset[str]
    #: Numbers, dates, amounts, links, negations and other turning words: sorted, each as often as it is said.
    facts: tuple[str, ...]
    #: The words that are written with a capital within a sentence, and may be names: stems as well.
    proper: frozenset[str]


def wording(text: str) -> Wording:
    """Return what counts of ``text``."""
    language = detect_language(text)
    bare = [part for part in sentences(text) if not is_polite(part)] or [text]
    folded = _full_forms(fold("\n".join(bare)))
    pieces = _PIECE.findall(_PARTICLES.sub("", folded) if language == "zh" else folded)
    facts = sorted(piece for piece in pieces if piece in _TURNING or piece[0] in "/0123456789")
    if language == "zh":
        return Wording(language=language, words=frozenset(("".join(pieces),)), facts=tuple(facts), proper=frozenset())
    telling = [piece for piece in pieces if piece not in _SMALL] or pieces
    capitals = {word.lower() for part in bare for word in re.findall(r"(?<=[a-z,;:0-9] )[A-Z]\w+", part)}
    stem = _stemmer().stemWord
    return Wording(
        language=language,
        words=frozenset(map(stem, telling)),
        facts=tuple(facts),
        proper=frozenset(map(stem, capitals)),
    )


def _full_forms(text: str) -> str:
    text = text.replace("’", "'")
    for pattern, full in _SHORT_FORMS:
        text = pattern.sub(full, text)
    return text


@cache
def _stemmer() -> Stemmer:
    from Stemmer import Stemmer

    return Stemmer("english")
