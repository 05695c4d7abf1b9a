"""Names of people: those that the words around them tell, and those that the export itself names."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: The most common Chinese family names, and a few of two characters.
_SURNAMES = (
    "欧阳|司马|上官|诸葛|[王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏"
    "吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤]"
)
_LATIN = r"[A-Z][a-zà-ÿ'’-]+(?: [A-Z][a-zà-ÿ'’-]+){0,2}"

#: A name with a title, or behind words that say it is one; the name itself is the group.
NAMES = "|".join(
    (
        rf"(?i:\b(?:my name is|my name's|name ?:))\s*({_LATIN})",
        rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Herr|Frau)\.? ({_LATIN})",
        rf"(?i:\b(?:this is|i am|i'm)) ({_LATIN})(?=,? (?:from|speaking|here)\b)",
        rf"((?:{_SURNAMES})[\u4e00-\u9fff]{{0,2}})(?=先生|女士|小姐|太太)",
        r"(?:我叫|我的名字(?:是|叫)|(?:姓名|收件人|收货人|联系人)(?:是|为|[:：])+\s*)"
        rf"((?:{_SURNAMES})[\u4e00-\u9fff]{{1,2}}(?![\u4e00-\u9fff]))",
    )
)

#: Names that are words as well: alone they are left, since "in May" is said more often than May is written to.
_WORDS = frozenset(
    """will may mark bill rose grace april june august summer dawn hope joy page price rich frank guy chase art king
    queen long young white black brown green gray grey stone wood west north south east day night love good best first
    last van der den the and von support team customer service shop store help desk agent admin bot guest visitor user
    unknown sales info order online client contact""".split()
)


def known_names(names: Iterable[str]) -> re.Pattern[str] | None:
    """Return an expression for people whom an export names: their whole names, and the parts that are no other word."""
    wanted: set[str] = set()
    for name in names:
        parts = name.replace(",", " ").split()
        wanted |= {part for part in parts if len(part) >= 3 and part[:1].isupper()}
        if len(parts) > 1 or not name.isascii():
            wanted |= {" ".join(parts), name}
    kept = [name for name in wanted if len(name) >= 2 and name.casefold() not in _WORDS]
    if not kept:
        return None
    return re.compile("|".join(map(_expression, sorted(kept, key=lambda name: (-len(name), name)))))


def _expression(name: str) -> str:
    escaped = re.escape(name)
    return rf"(?<![A-Za-z]){escaped}(?![A-Za-z])" if name.isascii() else escaped
