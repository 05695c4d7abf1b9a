"""Characters that no reply needs: what the lock does not read must not be read by the customer either.

A digit in a circle, a Cyrillic letter in an English word, a cross for "no", or a character without width says something
to a person that the other checks do not see. So a sentence may have the characters that are listed here, and those of
its evidence.
"""

from __future__ import annotations

import re
import unicodedata

#: Letters, figures and signs of English and Chinese as NFKC leaves them, and faces that only smile or thank.
_READ = re.compile(
    "[\n\t -~\u3007\u4e00-\u9fff£€¥°–—‘’“”•·、。〈〉《》「」『』【】〜～"
    "\U0001f600-\U0001f64f\U0001f389\U0001f44b\U0001f44d\u2728\u2764\u263a\ufe0f]*"
)
#: Numbers that are written so that another one is read, or that no figure is read in.
_NO_NUMBER = re.compile(
    r"(?<![\w)])[-−](?=\d)|[%‰](?=\d)|(?:hundred|thousand|million|[百千万亿])(?=\d)|(?<![\d.,])\d{1,3}(?:\.000)+(?!\d)"
    r"|(?<![一二两三四五六七八九十几数\d])[百千万](?=个?(?:天|日|年|月|周|小时|分钟|件|折|次|元|块|美元|欧元))"
    r"|(?:好几|数十|若干|很多|许多|[俩仨])(?=个?(?:工作日|天|日|年|月|周|小时|分钟|件|折|次|元|块|美元|欧元))",
    re.IGNORECASE,
)


def foreign(text: str, known: str) -> list[str]:
    """Return the characters of ``text`` that are not read and that ``known`` does not have."""
    text = unicodedata.normalize("NFKC", text)
    return [] if _READ.fullmatch(text) else sorted({char for char in text if not _READ.fullmatch(char)} - {*known})


def no_numbers(text: str, known: str) -> list[str]:
    """Return what in ``text``, as `bot.lock.words.plain` gives it, looks like a number and is read as none.

    Where ``known`` has it, the evidence writes so as well.
    """
    return [
        text[max(0, match.start() - 3) : match.end() + 3].strip()
        for match in _NO_NUMBER.finditer(text)
        if text[match.start() : match.end() + 1] not in known
    ]
