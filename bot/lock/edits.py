"""Clauses that quote the evidence but for a word: the word put in the place of another must not be another fact."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from bot.lock.clauses import is_han_char
from bot.lock.evidence import Stated
from bot.lock.facing import Facing
from bot.lock.lexicon import OPPOSITES, PLAIN, root
from bot.lock.objection import Code, Objection
from bot.lock.wording import HAN_KNOWN
from bot.lock.words import is_glue, is_han_glue

#: From here on a clause quotes another one. The ratio is that of `difflib`: twice what both share, by what both have.
_QUOTES = 0.66
#: More words than these in the place of others are another way to say it, which the other checks look at.
_FEW = 3
#: So many characters of Chinese are a few.
_FEW_HAN = 3
#: So many clauses, those most like one, are held against it.
_CLOSEST = 3
#: Who acts, and whose it is: one in the place of the other is another fact.
_AGENTS = {"we": "we", "our": "we", "us": "we", "you": "you", "your": "you"}
#: Words and characters of which each says another thing than the others of its group.
_TURNING = (
    *(
        frozenset(map(root, line.split()))
        for line in (
            *("before after until", "within outside inside", "with without", "always never", "more less fewer"),
            *("day week month year hour minute", "both neither either", "now later", "minimum maximum", "up down"),
            *("on off", "most all", "most every", "most each", "most few", "behind beside", "behind front"),
        )
    ),
    *map(
        frozenset,
        "新旧原 前后 内外 上下 早晚 快慢 长短 高低 多少 大小 进出 收付免退扣 开关 买卖 增减 热冷 您我 首末 每首 难易 "
        "天周月年 时分秒 原现 先后 全部半".split(),
    ),
)


def objections(facing: Facing) -> Iterator[Objection]:
    """Object to a word that stands where the evidence has another one."""
    if facing.clause.text in facing.evidence.texts:
        return
    mine = list(facing.clause.tokens)
    closest = sorted(facing.likeness, key=lambda pair: -pair[0])[:_CLOSEST]
    found: list[Objection] = []
    for score, stated in closest:
        if score <= 0:
            break
        theirs = list(stated.clause.tokens)
        matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
        if matcher.quick_ratio() < _QUOTES or matcher.ratio() < _QUOTES:
            continue
        moved = set(mine) & set(theirs)
        put = [
            (mine[a:b], theirs[c:d])
            for tag, a, b, c, d in matcher.get_opcodes()
            if tag == "replace" and not _harmless(mine[a:b], theirs[c:d], moved, _names(facing, stated))
        ]
        if not put:
            return
        found = found or [
            Objection(code=Code.SUBJECT, words="".join(words) if is_han_char(words[0][0]) else " ".join(words))
            for words, _ in put
        ]
    yield from found


def _names(facing: Facing, stated: Stated) -> frozenset[str]:
    """Return the names that may be exchanged: where the figure beside them stays, those that have none of their own."""
    if not any(known.carries(figure) for known in stated.clause.figures for figure in facing.clause.figures):
        return facing.evidence.names
    listed = (part.about for part in stated.sentence.clauses if not part.figures)
    return facing.evidence.names & frozenset[str]().union(*listed)


def _harmless(mine: list[str], theirs: list[str], moved: set[str], names: frozenset[str]) -> bool:
    """Whether words in the place of others change nothing, or too many to be an edit."""
    if is_han_char(mine[0][0]) != is_han_char(theirs[0][0]):
        return True
    if any(one in line and other in line for line in _TURNING for one in mine for other in theirs if one != other):
        return False
    if is_han_char(mine[0][0]):
        known = HAN_KNOWN.issuperset(theirs) or HAN_KNOWN.issuperset(mine) or is_han_glue("".join(mine))
        return known or max(len(mine), len(theirs)) > _FEW_HAN
    return _harmless_words([w for w in mine if w not in moved], [w for w in theirs if w not in moved], names)


def _harmless_words(mine: list[str], theirs: list[str], names: frozenset[str]) -> bool:
    """Whether English words in the place of others change nothing: general words, names, too many to be an edit."""
    agents, others = ({_AGENTS[word] for word in words if word in _AGENTS} for words in (mine, theirs))
    put, taken = ([word for word in words if not is_glue(word) and word not in _AGENTS] for words in (mine, theirs))
    put = [word for word in put if word not in names]
    if max(len(put), len(taken)) > _FEW:
        return True
    if any(OPPOSITES.get(word, frozenset()) & set(put) for word in taken):
        return False
    if put and not taken and others and any(word not in PLAIN for word in put):
        return False
    if len(mine) == len(theirs) == 1 and agents and others and agents != others:
        return False
    return not taken or all(word in PLAIN for word in put)
