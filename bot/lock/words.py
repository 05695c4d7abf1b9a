"""The words of a sentence that say what it is about: stems of English words, pairs of Chinese characters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import rjieba

from bot.lock.lexicon import OPPOSITES, respelled, root
from retrieval.text import levelled, written_out

#: English words that carry no fact by themselves. What negates, limits or promises is none of them: see `marks`.
_GLUE = frozenset(
    """
    a about above actually after afterwards again ahead all along already also always am an and another any anything
    are as ask at away back be because been before being below beforehand both but by came can case come could did
    directly do does doing done down during each easily either else end ensure even ever every everything example exact
    exactly few find first following for from full further gave get gets getting give given go goes going gone good got
    great had happen happy has have having he help helpful her here hers him his how however i if in indeed instead
    into is it its itself just keep kind kindly know later least leave let like look lot made make makes making many
    matter may me mean means meantime might mind more most much must my near need needed needs new next normally note
    now of off offer often ok okay on once one ones or order other others our out over own part per perhaps please
    provide put quick quickly rather reach really right s safe same say see separately set shall she should
    simple simply since so some someone something soon sorry start still straight such sure take takes taken taking
    tell than that the their them then there these they thing things this those though through time to together too
    try under until up upon us usual usually via want was way we well were what whatever when where
    whether which while who whole whose why will wish with within would yes yet you your yours yourself
    """.split()
) - {"full", "free", "order", "all", "new", "first", "next", "always", "every", "ensure", "safe", "same"}

#: Chinese glue, longest first: taken out before pairs of characters are made.
_HAN_GLUE = re.compile(
    "|".join(
        sorted(
            """
            您好 你好 请问 我们 您的 你的 我的 您 你 我 可以 可 能够 能 需要 需 的话 如果 若 如 就 都 也 还 会 将 在
            到 是 为了 为 把
            被 从 和 与 或者 或 以及 及 并且 并 而且 而 但是 但 不过 因为 因此 所以 请 的 了 吗 呢 吧 呀 哦 啊 地 得
            着 过 这个 这 那
            该 此 其 其他 一个 一下 一些 有 满$ 时候 时 即可 即 才 再 又 很 更 最 对 于 由 让 给 向 往 上 下 中 里 之 所
            以便 以 等 只要
            进行 通过 可能 一般 通常 直接 方便 帮您 帮 哪 什么 怎么 怎样 如何 就行 就好 行 好 先 然后 另外 此外 同时
            另 本 们 它 他们
            麻烦 记得 注意 点 想 要 用 做 来 去 后 前 内 外 个 件 张 次 位 种 那么 不用担心 别担心 没关系 没问题
            具体 相关 情况
            """.split(),
            key=len,
            reverse=True,
        )
    )
)


#: Signs that stand for an apostrophe, and numerals of cheques and of old, each as it is read here.
_SPELLED_OUT = {
    **dict.fromkeys(map(ord, "’‘ʼꞌ´"), "'"),
    **{
        ord(sign): digit
        for sign, digit in zip("壹贰叁肆伍陆柒捌玖拾佰仟弌弍弎", "一二三四五六七八九十百千一二三", strict=True)
    },
    **{ord("廿"): "二十", ord("卅"): "三十", ord("卌"): "四十"},
}


def plain(text: str) -> str:
    """Return ``text`` as the lock reads it: half-width, simplified, contractions in two words."""
    text = unicodedata.normalize("NFKC", text.translate(_SPELLED_OUT))
    return respelled(written_out(text if text.isascii() else levelled(text)))


_GLUE_ROOTS = frozenset(root(word) for word in _GLUE)


def is_glue(word: str) -> bool:
    """Whether an English word, as `bot.lock.lexicon.root` gives it, carries no fact by itself."""
    return word in _GLUE_ROOTS


@lru_cache(maxsize=32768)
def stem(word: str) -> str:
    """Return the stem of ``word``, in small letters; "" where it says nothing of what a text is about."""
    rooted = root(word)
    return "" if word in _GLUE and rooted not in OPPOSITES else rooted


@lru_cache(maxsize=32768)
def pairs(run: str) -> tuple[tuple[int, str], ...]:
    """Return place and text of each pair of neighbouring characters in a run of Chinese, glue left out."""
    found: list[tuple[int, str]] = []
    start = 0
    for glue in (*_HAN_GLUE.finditer(run), None):
        end = glue.start() if glue else len(run)
        part = run[start:end]
        if len(part) == 1:
            found.append((start, part))
        found.extend((start + at, part[at : at + 2]) for at in range(len(part) - 1))
        start = glue.end() if glue else end
    return tuple(found)


def is_han_glue(run: str) -> bool:
    """Whether a run of Chinese carries no fact by itself."""
    return not _HAN_GLUE.sub("", run)


@lru_cache(maxsize=32768)
def tagged(run: str) -> tuple[tuple[str, str], ...]:
    """Return the words of a run of Chinese, as the dictionary of jieba knows them, each with its part of speech."""
    return tuple(rjieba.tag(run, hmm=False))
