"""What a message is, before anything is looked up: small talk, a wish for a person, one question or several."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from bot.types import Reason
from retrieval.courtesies import BESIDE, GOODBYE, GREETING, REACTION, THANKS, YES
from retrieval.text import PLACEHOLDER

#: Who may be at the other end.
_WHO = (
    r"(?:an? )?(?:(?:real|actual|live|automated) )?"
    r"(?:(?:chat|ro)?bot|machine|computer|program|ai|human(?: being)?|person|agent)"
)
_WHO_ZH = r"(?:(?:聊天|智能)?机器人|人工智能|智能客服|自动回复|(?:人工|真人|活人)(?:客服|服务)?|人|ai)"
_PLEASANTRY = {
    Reason.ASKED_IF_BOT: (
        rf"(?:(?:are|r) )?(?:you|u) (?:really |actually |even |just |only )?(?:real|{_WHO}(?: or (?:just )?{_WHO})?)|"
        rf"am i (?:talking|speaking|chatting|writing) (?:to|with) {_WHO}(?: or (?:just )?{_WHO})?|"
        r"is (?:this|it) (?:an? )?(?:(?:chat)?bot|(?:real |actual )?(?:human|person))|"
        rf"(?:请问)?(?:你|您)?(?:到底|究竟)?(?:是不是|是)(?:一?个)?(?:真的)?{_WHO_ZH}(?:还是{_WHO_ZH})?[吗吧么嘛呢]?|"
        rf"我?是?在?[跟和]{_WHO_ZH}(?:聊天?|说话|对话)[吗吧么嘛]"
    ),
    Reason.GREETING: GREETING,
    Reason.THANKS: THANKS,
    Reason.GOODBYE: GOODBYE,
}
_SOMEBODY = (
    r"(?:human|(?:real |actual |live )?person|people|agent|representative|rep|someone|somebody|operator|advisor|"
    r"employee|colleague)"
)
#: No wish for a person, and nothing else. What is said to it is what is said to "ok".
_DECLINED = (
    r"(?:i |i'd |we )?(?:(?:do|would|need|will)(?: not|n'?t)|won't|(?:would )?rather not|never|no need)"
    r"(?: (?:want|need|wish|like|have|to|for))*"
    r"(?: (?:talk|speak|chat|connect|transfer|put|pass|hand|get|switch)(?: (?:me|us|to|with|through|over))*)?"
    rf" (?:an? |any |the )?(?:human )?{_SOMEBODY}|"
    r"(?:我们?|先|暂时|现在|就){0,3}(?:不[用想必需]?|没必|没有必|无需|无须|用不着|别|甭)[要想]?(?:给我|帮我)?"
    r"(?:转接?|找|换|叫|接|联系)?[到给]?(?:人工|真人)(?:客服|服务)?"
)
#: Possessive: many courtesies are parts of others, and all the ways to cut a long row of them would be tried.
_SMALL_TALK = re.compile(
    rf"(?:(?:{'|'.join(_PLEASANTRY.values())}|{_DECLINED}|{YES}|{REACTION}|{BESIDE})(?![a-z])[\s,]*+)++", re.IGNORECASE
)
_ONLY_BESIDE = re.compile(rf"(?:(?:{BESIDE})(?![a-z])[\s,]*+)++", re.IGNORECASE)
#: What a message with several of them is taken for: the first of these.
_KINDS = {
    reason: re.compile(rf"(?<![a-z])(?:{_PLEASANTRY[reason]})(?![a-z])", re.IGNORECASE)
    for reason in (Reason.ASKED_IF_BOT, Reason.THANKS, Reason.GOODBYE, Reason.GREETING)
}
#: Those that may take an answer.
_TAKEN = (Reason.THANKS, Reason.ACKNOWLEDGED)

_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect(?: me)?|transfer(?: me)?|put me (?:through|on)|pass me|hand me|get me|switch)\b"
    rf"[^.?!]{{0,24}}\b{_SOMEBODY}\b"
    r"|\b(?:i (?:want|need|wanna|would like|prefer)|give me|can i (?:get|have))\b[^.?!]{0,12}"
    r"\b(?:human|(?:real|actual|live) (?:person|human|agent)|live chat|human agent)\b"
    r"|^\W*i (?:want|need|wanna|would like|prefer) an? (?:person|agent|representative|operator|colleague)"
    r"(?: please| now)?[\s.!?]*$"
    r"|^\W*(?:a )?(?:real )?(?:human|agent|person|operator|representative)(?: being)?(?: please| pls| now)?\W*$"
    r"|(?:转|找|要|换|叫|接|请|想和|想跟|我要和|我要跟)[^，。？！,.?!几何]{0,4}(?:人工|真人|活人)"
    r"|^\W*(?:人工|人工客服|人工服务|真人客服|真人)\W*$",
    re.IGNORECASE,
)

#: What stands directly before a wish that is none: "I don't want to", "不用".
_REFUSED = re.compile(
    r"(?:\b(?:(?:do|does|did|will|would|need)(?: not|n'?t)|won't|rather not|not|never|no need)"
    r"(?: (?:want|need|wish|like|have|trying|going|really|even|any|to|for|a|the))*|"
    r"(?<!什么)(?<!怎么)(?<!干嘛)(?<!还)不[用想必需]?|没必|没有必|无需|无须|用不着|别|甭)\s*$",
    re.IGNORECASE,
)
#: How far before a wish that is looked for, in characters.
_DIRECTLY = 60
#: Words in a wish that show that something else was refused: "I don't want to talk to a bot I want a human".
_INSTEAD = re.compile(r"[,;，；]|\b(?:i|but|(?:chat|ro)?bots?|machines?|computers?|ai)\b|机器人", re.IGNORECASE)

_CONSENT = r"o+k+(?:ay)?|please|嗯+|好的?|呀|啊|了"
_YES = re.compile(rf"(?:(?:{YES}|{_CONSENT})(?![a-z])[\s,]*+)++", re.IGNORECASE)
#: A yes, and thanks for being asked.
_YES_THANKS = re.compile(
    rf"(?:{YES})(?![a-z])[\s,]*+(?:(?:{YES}|{_CONSENT}|{THANKS})(?![a-z])[\s,]*+)*+", re.IGNORECASE
)
_ANSWERING = re.compile(rf"(?<![a-z])(?:{YES})(?![a-z])", re.IGNORECASE)
#: What says yes without a word, and what takes an answer so.
_THUMB = re.compile("[👍👌✅🆗]")
_CHEERS = re.compile("[👍👌✅🆗🙏🎉❤😊👏💯]")

#: Questions about talking to somebody, which the knowledge may answer.
_ABOUT_PERSONS = re.compile(
    r"\b(?:what times?|when|hours|number|until|how late)\b|几点|时间|电话|多久|上班|下班|在线", re.IGNORECASE
)

#: Words that open another question, whether or not what follows sounds like one.
_CONNECTIVE = re.compile(
    r"(?<=[.?!,，。？！、\s])(?:and also|also|plus|another thing|one more thing|second(?:ly)?)\b[,:]?\s*"
    r"|[,，;；、。.\s]*(?:另外|还有|顺便(?:问)?|以及|再问(?:一下)?|再请问|其次|而且|再一个)[，,:：]?\s*",
    re.IGNORECASE,
)
#: Where a sentence may end and another question begin.
_BREAK = re.compile(
    r"(?<=[?？!！。;；\n])\s*|(?<=[a-z0-9)]\.)\s+(?=[A-Z])"
    r"|[,，]?\s+(?:and|but|or)\s+(?=(?:if yes )?(?:(?:until|for|from|to|after|by|in) )?"
    r"(?:how|what|when|where|which|who|why|can|could|do|does|did|is|are|will|would|should|may)\b)"
    r"|[,，、](?=[^，。？！]{0,14}(?:吗|呢|什么|怎么|多少|多久|几|哪|(.)不\1))",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]|\b(?:how|what|wat|when|where|which|who|whom|whose|why|can|could|do|does|did|is|are|will|would|should|may|any)\b|"
    r"吗|呢|么|什么|啥|怎么|咋|怎样|如何|多少|多久|多长|几|哪|谁|可以|能否|是否|有没有|为何|(.)不\1",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")

#: Fewer letters than this are no question of their own.
_SHORTEST_PART = 4


def small_talk(text: str, *, asked: bool = True) -> Reason | None:
    """Return what kind of small talk ``text`` is, or None where it says anything else too.

    To who was ``asked`` something a bare "yes" is none, but an answer.
    """
    plain = _plain(text)
    if not plain or (not _LETTER.search(plain) and not plain.isdigit()):
        return Reason.ACKNOWLEDGED if _CHEERS.search(text) else Reason.NO_WORDS
    if not _SMALL_TALK.fullmatch(plain) or _ONLY_BESIDE.fullmatch(plain):
        return None
    if asked and _YES.fullmatch(plain) and _ANSWERING.search(plain):
        return None
    kind = next((reason for reason, kind in _KINDS.items() if kind.search(plain)), Reason.ACKNOWLEDGED)
    # "Hello?" is a greeting, and "ok?" asks whether it is.
    return None if kind in _TAKEN and _normal(text).rstrip().endswith("?") else kind


def wants_person(text: str) -> bool:
    """Whether the customer asks for a human instead of asking a question."""
    plain = _normal(text)
    if _ABOUT_PERSONS.search(plain):
        return False
    return any(
        _INSTEAD.search(wish[0]) or not _REFUSED.search(plain, max(0, wish.start() - _DIRECTLY), wish.start())
        for wish in _PERSON.finditer(plain)
    )


def agrees(text: str) -> bool:
    """Whether ``text`` says yes and nothing else, be it with thanks or with a thumb."""
    plain = _plain(text)
    if not plain:
        return _THUMB.search(text) is not None
    return bool(_YES.fullmatch(plain) or _YES_THANKS.fullmatch(plain))


def questions(text: str) -> list[str]:
    """Return the questions in ``text``, each with what was said before it; fewer than two mean that it is one.

    A sentence that asks nothing belongs to the question after it, or to the last one.
    """
    parts: list[str] = []
    said = ""
    for place, block in enumerate(_CONNECTIVE.split(text)):
        found = 0
        for piece in _split(block):
            said = f"{said} {piece}".strip()
            if _ASKS.search(piece) and len(_LETTER.findall(piece)) >= _SHORTEST_PART:
                parts.append(said)
                said, found = "", found + 1
        if found and said:
            parts[-1] = f"{parts[-1]} {said}"
            said = ""
        elif len(_LETTER.findall(said)) >= _SHORTEST_PART and (place or _CONNECTIVE.search(text)):
            parts.append(said)
            said = ""
    if parts and said:
        parts[-1] = f"{parts[-1]} {said}"
    return parts


def _plain(text: str) -> str:
    """Return the words of ``text`` with single spaces between them; "[photo]" is what it shows, and no word."""
    return " ".join(re.sub(r"[^\w\s']", " ", PLACEHOLDER.sub(" ", _normal(text))).split())


def _normal(text: str) -> str:
    """Return ``text`` in the forms of its characters that the patterns have; telephones type a curly apostrophe."""
    return unicodedata.normalize("NFKC", text).replace("’", "'")


def _split(text: str) -> list[str]:
    ends = [0, *(match.start() + len(match[0]) for match in _BREAK.finditer(text)), len(text)]
    return [piece for a, b in pairwise(ends) if (piece := text[a:b].strip())]
