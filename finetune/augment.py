"""Texts as people mistype them: training on them costs little and makes a model stand slips."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

import numpy as np
from pypinyin import lazy_pinyin

from retrieval.text import is_han

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

#: The 3,755 characters of daily use: the first level of GB/T 2312-1980, its rows 16 to 55.
_COMMON = bytes(b for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for b in (row, cell)).decode(
    "gb2312", errors="ignore"
)
_WORD = re.compile(r"[a-z]{4,}", re.IGNORECASE)


def neighbours(letter: str) -> str:
    """Return the keys beside and below that of a lower-case letter on a QWERTY keyboard."""
    for height, row in enumerate(_ROWS):
        place = row.find(letter)
        if place >= 0:
            beside = row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
            below = _ROWS[height + 1][max(place - 1, 0) : place + 1] if height + 1 < len(_ROWS) else ""
            return beside + below
    return ""


def mistyped(text: str, random: np.random.Generator) -> str:
    """Return ``text`` with one or two slips in it; a text too short for any comes back as it is.

    In Chinese, most are characters of the same sound, as an input method offers them.
    """
    slips = _HAN_SLIPS if any(map(is_han, text)) else _LATIN_SLIPS
    for _ in range(1 + int(random.random() < 0.3)):
        for place in random.permutation(len(slips)).tolist():
            slipped = slips[place](text, random)
            if slipped != text:
                text = slipped
                break
    return text


def _in_a_word(text: str, random: np.random.Generator) -> str:
    """Drop, double, swap or replace a letter within a word: its first and its last are rarely wrong."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    match = words[int(random.integers(len(words)))]
    word, place = match[0], int(random.integers(1, len(match[0]) - 1))
    match int(random.integers(4)):
        case 0:
            word = word[:place] + word[place + 1 :]
        case 1:
            word = word[:place] + word[place] + word[place:]
        case 2:
            word = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case _:
            near = neighbours(word[place].lower()) or word[place]
            word = word[:place] + near[int(random.integers(len(near)))] + word[place + 1 :]
    return text[: match.start()] + word + text[match.end() :]


def _without_a_word(text: str, random: np.random.Generator) -> str:
    words = text.split()
    if len(words) < 5:
        return text
    del words[int(random.integers(len(words)))]
    return " ".join(words)


def _words_swapped(text: str, random: np.random.Generator) -> str:
    words = text.split()
    if len(words) < 4:
        return text
    place = int(random.integers(len(words) - 1))
    words[place], words[place + 1] = words[place + 1], words[place]
    return " ".join(words)


def _same_sound(text: str, random: np.random.Generator) -> str:
    places = [place for place, char in enumerate(text) if len(_sounding_as(char)) > 1]
    if not places:
        return text
    place = places[int(random.integers(len(places)))]
    others = _sounding_as(text[place]).replace(text[place], "")
    return text[:place] + others[int(random.integers(len(others)))] + text[place + 1 :]


def _without_a_character(text: str, random: np.random.Generator) -> str:
    places = [place for place, char in enumerate(text) if is_han(char)]
    if len(places) < 5:
        return text
    place = places[int(random.integers(len(places)))]
    return text[:place] + text[place + 1 :]


def _characters_swapped(text: str, random: np.random.Generator) -> str:
    places = [place for place in range(len(text) - 1) if is_han(text[place]) and is_han(text[place + 1])]
    if len(places) < 4:
        return text
    place = places[int(random.integers(len(places)))]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _sounding_as(char: str) -> str:
    """Return the common characters of the same sound, whatever their tone, ``char`` among them; "" for a rare one."""
    sounds, by_sound = _sounds()
    return by_sound[sounds[char]] if char in sounds else ""


@cache
def _sounds() -> tuple[dict[str, str], dict[str, str]]:
    """Return the sound of each common character, and the characters of each sound."""
    sounds = dict(zip(_COMMON, lazy_pinyin(list(_COMMON)), strict=True))
    by_sound: defaultdict[str, str] = defaultdict(str)
    for char, sound in sounds.items():
        by_sound[sound] += char
    return sounds, dict(by_sound)


_LATIN_SLIPS = (_in_a_word, _in_a_word, _without_a_word, _words_swapped)
_HAN_SLIPS = (_same_sound, _same_sound, _same_sound, _same_sound, _without_a_character, _characters_swapped, _in_a_word)
