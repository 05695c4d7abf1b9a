"""What drafts of entries need of the parts that do not know each other: cleaned texts, and a bot that has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.evaluation.gaps import Draft, Tidy
    from retrieval.types import Passage

#: Personal data of these kinds is the company's own where the knowledge has it too.
_OWN = ("address", "email", "phone", "url")


def tidy_of(passages: Iterable[Passage]) -> Tidy:
    """Return what cleans messages as `kefu pairs` does; what stands in the knowledge is no personal data."""
    from bot.evaluation.gaps import Tidy
    from finetune.history.clean import clean
    from finetune.history.followups import is_reaction, without_reaction
    from finetune.history.privacy import Privacy
    from finetune.history.talk import asks, is_answer, is_polite, puts_off, says_nothing, sentences

    privacy = Privacy(keep=_own(passages))

    def question(text: str) -> str:
        text = without_reaction(privacy.replace(clean(text)))
        number = "<" in text  # of an order, say: it belongs to the question before it
        return "" if is_reaction(text) or (says_nothing(text) and not number) else text

    def answer(text: str) -> str:
        text = privacy.replace(clean(text))
        if not is_answer(text):
            return ""
        # What holds a typed token was about one customer.
        for part in sentences(text):
            if asks(part) or puts_off(part) or is_polite(part) or "<" in part:
                text = text.replace(part, "", 1)
        return "\n".join(line for each in text.split("\n") if (line := " ".join(each.split())))

    return Tidy(question=question, answer=answer)


def _own(passages: Iterable[Passage]) -> list[str]:
    """Return the addresses, numbers and links that the knowledge has."""
    from finetune.history.personal import RULES

    rules = [rule.expression for rule in RULES if rule.kind in _OWN]
    texts = {text for passage in passages for text in (passage.answer, passage.url) if text}
    return sorted({match[match.lastindex or 0] for text in texts for rule in rules for match in rule.finditer(text)})


def passage_of(draft: Draft) -> Passage:
    """Return a draft as the knowledge would have it."""
    from retrieval.types import Passage

    return Passage(
        id=draft.id,
        question=draft.question,
        answer=draft.answer,
        alternatives=draft.alternatives,
        language=draft.language,
        tags=draft.tags,
    )
