"""What a customer says after an answer: reactions, and questions that lean on earlier ones."""

from __future__ import annotations

import re

from finetune.history.talk import is_short, says_nothing

#: "Perfect. How do we ...": what goes before the question.
_REACTION = re.compile(
    r"(?i:(?:ok(?:ay)?|k{1,2}|hm+|ah+|oh+|wow|omg|lol|ha(?:ha)+)\b[\s,.!…:-]*"
    r"|(?:great|perfect|good|fine|nice|cool|easy|lovely|wonderful|super|excellent|brilliant|understood|got it|clear"
    r"|sure|yes|no|alright|all right|thank you|thanks|thx|thought so|good to know|sounds good|(?:cool |ok )?will do"
    r"|makes sense|i see)[,.!…]+\s*)"
    r"|(?:好(?:的|吧|呀|滴|嘞)?|行(?:吧)?|嗯+|哦+|噢|喔|明白了?|了解了?|收到|懂了|学到了|谢谢[您你]?|ok|OK)[，,。.！!～~\s]+"
)
#: A short remark that begins so is about the answer before it, and asks nothing.
_ACKNOWLEDGES = re.compile(
    r"(?i:(?:ok(?:ay)?|k{1,2}|wow|great|perfect|fine|nice|cool|alright|good|will|thanks|thank|thx|i'?ll|ill|let me|done"
    r"|found|did it|worked|it worked)\b)"
    r"|好|行|嗯|哦|明白|了解|收到|懂|谢|那我|我再|我去|吓|学到"
)
_ACKNOWLEDGED_WORDS, _ACKNOWLEDGED_HAN = 7, 12

_ASKING = re.compile(
    r"(?i:[?？]|\b(?:how|what|whats|when|where|wheres|who|whos|which|why|any)\b"
    r"|\b(?:can|could|do|does|did|is|are|will|would|may|shall) "
    r"(?:it|u|you|i|we|they|he|she|the|my|your|this|that|there|a|an)\b)"
    r"|怎么|咋|多少|多久|多大|什么|啥|哪|几|吗|呢|么|嘛|能不能|可不可以|可以|能|行不行|是不是|有没有|不$|如何|请"
)
#: How a question begins that cannot be understood without what was said before it.
_LEANING = re.compile(
    r"(?i:and|or|but|so|then|what about|how about|also|too|it'?s?|that'?s?|this|they|why|which one|really|seriously"
    r"|are you sure)\b"
    r"|那|这家|他家|它家|还有|如果|要是|另外|然后|所以|为什么|为啥|真的|可是|但"
)
#: Longer ones say enough by themselves.
_LEANING_WORDS, _LEANING_HAN = 7, 12
#: What asks nothing says less: "dont have a printer".
_STATING_WORDS, _STATING_HAN = 4, 6
#: And so short, nothing can stand alone: "how long?", "顺丰吗".
_BARE_WORDS, _BARE_HAN = 2, 4


def without_reaction(text: str) -> str:
    """Return a question without the "Perfect." before it."""
    while (found := _REACTION.match(text)) and not says_nothing(text[found.end() :]):
        text = text[found.end() :]
    return text


def is_reaction(text: str) -> bool:
    """Whether a customer's ``text`` is about the answer before it, and asks nothing."""
    if not is_short(text, _ACKNOWLEDGED_WORDS, _ACKNOWLEDGED_HAN) or _ASKING.search(text):
        return False
    return _ACKNOWLEDGES.match(text) is not None


def leans(question: str) -> bool:
    """Whether a follow-up cannot be understood without what was said before it."""
    if is_short(question, _BARE_WORDS, _BARE_HAN):
        return True
    if is_short(question, _STATING_WORDS, _STATING_HAN) and not _ASKING.search(question):
        return True
    return is_short(question, _LEANING_WORDS, _LEANING_HAN) and _LEANING.match(question) is not None
