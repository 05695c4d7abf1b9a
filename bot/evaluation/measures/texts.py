"""How near a reply comes to the text that a person would have sent: per item, 0 to 1, whatever the language.

Both compare characters or words, not meaning: a right answer in other words scores low, a wrong number high. Where the
reply or the wanted text is empty, or has no words for ROUGE-L, it is 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz.distance import LCSseq

from bot.errors import MissingExtraError
from retrieval.text import HAN

#: A Chinese character, or a run of other letters and digits: in ASCII the words of the rouge-score package.
_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")


def chrf(replies: Sequence[str], wanted: Sequence[str]) -> list[float]:
    """Return chrF of each reply: the F score, with recall weighing double, over runs of 1 to 6 characters.

    Popović 2015, chrF: character n-gram F-score for automatic MT evaluation (WMT), as sacrebleu 2 computes it, whose
    scale is 0 to 100. Chinese needs no words for it.
    """
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ModuleNotFoundError as error:
        raise MissingExtraError("sacrebleu", "evaluate") from error
    metric = CHRF()
    return [metric.sentence_score(reply, [other]).score / 100 for reply, other in zip(replies, wanted, strict=True)]


def rouge_l(replies: Sequence[str], wanted: Sequence[str]) -> list[float]:
    """Return ROUGE-L of each reply: the F1 over the longest common subsequence of words, of Chinese characters.

    Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries (ACL workshop), section 3.1, of the whole text as
    one sentence, without stems.
    """
    return [_overlap(words(reply), words(other)) for reply, other in zip(replies, wanted, strict=True)]


def words(text: str) -> list[str]:
    """Return the words of ``text`` without case, Chinese cut into characters."""
    return _WORD.findall(text.lower())


def _overlap(some: list[str], others: list[str]) -> float:
    common = LCSseq.similarity(some, others)
    return 2 * common / max(len(some) + len(others), 1)
