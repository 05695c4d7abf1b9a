"""Texts as people mistype them: training on them costs little and makes a model stand slips."""

from __future__ import annotations

import re

import numpy as np

from retrieval.text import is_han

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

#: Characters that a Chinese input method often confuses: the same sound, sometimes but for the tone.
_HOMOPHONES = (
    "的得地 在再 做作坐座 他她它 那哪 吗嘛妈 吧把爸 是事式试 已以意 有又右 到道倒 时是十 期七其 付服复副 退腿 款宽 "
    "货或获 单但担 订定丁 发法 快块 递第地 换患 修休 送松 买卖麦 票漂 优有 惠会回 券卷 积极机 分份 员圆元原 号好 "
    "码吗马 查茶 询寻 物务五 流留六 收手首 费飞 价假家 格个各 质只之 量两 问文 题提体 客可课"
).split()
_SOUNDS = {char: group.replace(char, "") for group in _HOMOPHONES for char in group}
_WORD = re.compile(r"[a-z]{4,}", re.IGNORECASE)


def neighbours(letter: str) -> str:
    """Return the keys beside that of a lower-case letter on a QWERTY keyboard."""
    for height, row in enumerate(_ROWS):
        place = row.find(letter)
        if place >= 0:
            beside = row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
            below = _ROWS[height + 1][max(place - 1, 0) : place + 1] if height + 1 < len(_ROWS) else ""
            return beside + below
    return ""


def mistyped(text: str, random: np.random.Generator) -> str:
    """Return ``text`` with one or two slips in it; a text too short for any comes back as it is."""
    for _ in range(1 + int(random.random() < 0.3)):
        text = _SLIPS[int(random.integers(len(_SLIPS)))](text, random)
    return text


def _in_a_word(text: str, random: np.random.Generator) -> str:
    """Drop, double, swap or replace a letter of a word, but the first: that one is rarely wrong."""
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


def _homophone(text: str, random: np.random.Generator) -> str:
    places = [place for place, char in enumerate(text) if is_han(char) and char in _SOUNDS]
    if not places:
        return text
    place = places[int(random.integers(len(places)))]
    others = _SOUNDS[text[place]]
    return text[:place] + others[int(random.integers(len(others)))] + text[place + 1 :]


_SLIPS = (_in_a_word, _in_a_word, _without_a_word, _words_swapped, _homophone)
