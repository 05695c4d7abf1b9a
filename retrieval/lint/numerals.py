"""Numbers as people write them, in figures and in English and Chinese words: what each is worth."""

from __future__ import annotations

import re
from decimal import Decimal

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ENGLISH = {word: number for number, word in enumerate(_ONES)} | {
    word: number for number, word in zip(range(20, 100, 10), _TENS, strict=True)
}
_ENGLISH_FACTORS = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_ENGLISH_WORD = "|".join(sorted([*_ENGLISH, *_ENGLISH_FACTORS], key=len, reverse=True))

_CHINESE = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CHINESE_FACTORS = {"十": 10, "百": 100, "千": 1000}
#: Behind a number, in figures or in words: "1.5万" is 15,000.
_CHINESE_LARGE = {"万": 10_000, "亿": 100_000_000}

#: Figures: with commas between thousands, or without, and decimals; not the end of another number or of a word.
FIGURES = r"(?<![\d.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?[万亿]?"
#: English words, "twenty-four" and "a hundred and fifty" among them.
ENGLISH_WORDS = (
    rf"\b(?:a[ ](?=hundred|thousand|million))?(?:{_ENGLISH_WORD})(?:(?:[ -]|[ ]and[ ])(?:{_ENGLISH_WORD}))*\b"
)
#: Chinese words; half of something, "半", stands before its unit.
CHINESE_WORDS = r"[零〇一二两三四五六七八九十百千万亿]+|半"


def worth(text: str) -> Decimal | None:
    """Return the number that ``text`` writes, or None where it is none, such as 百 十 in an odd order."""
    if text[0].isascii():
        return _figures(text) if text[0].isdigit() else _english(text.lower())
    return Decimal("0.5") if text == "半" else _chinese(text)


def _figures(text: str) -> Decimal:
    factor = _CHINESE_LARGE.get(text[-1], 1)
    return Decimal(text.rstrip("万亿").replace(",", "")) * factor


def _english(text: str) -> Decimal:
    total = current = 0
    for word in re.findall(r"[a-z]+", text):
        if word in _ENGLISH:
            current += _ENGLISH[word]
        elif word == "hundred":
            current = (current or 1) * 100
        elif word in _ENGLISH_FACTORS:
            total, current = total + (current or 1) * _ENGLISH_FACTORS[word], 0
    return Decimal(total + current)


def _chinese(text: str) -> Decimal | None:
    if all(char in _CHINESE for char in text) and len(text) > 1:  # read out figure by figure: 二〇二六
        return Decimal("".join(str(_CHINESE[char]) for char in text))
    total = section = digit = 0
    for char in text:
        if char in _CHINESE:
            digit = _CHINESE[char]
        elif char in _CHINESE_FACTORS:
            section, digit = section + (digit or (1 if char == "十" else 0)) * _CHINESE_FACTORS[char], 0
        else:
            total, section, digit = total + (section + digit) * _CHINESE_LARGE[char], 0, 0
    value = total + section + digit
    return Decimal(value) if value or text in ("零", "〇") else None
