"""What a sentence does in a conversation: tell something, ask for something, put off, hand over, or only be polite.

Told by wording alone, in English and Chinese: for logs that do not say it. In doubt a sentence tells something.
"""

from __future__ import annotations

import re

from finetune.history.clean import is_greeting
from finetune.history.politeness import CALLED, CLOSING, COURTESY, POLITE, POLITE_HAN
from retrieval.text import HAN, PLACEHOLDER, detect_language, is_han

_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？～])\s*|\n+")
_TOKEN = re.compile(r"<[a-z_]+>")
_SMILEY = re.compile(r"(?<!\w)[:;=8][-'^]?[()DPpO/\\|3]+(?!\w)|\bx[dD]\b|\^\^")
_WORD = re.compile(rf"[a-z0-9]+(?:['’][a-z]+)?|[{HAN}]+", re.IGNORECASE)
#: Where a sentence can be divided without dividing what it says.
_PART = re.compile(r"[,;:!?.…–—，。！？；：、～~]+|\s-+\s")


def _any(*expressions: str) -> re.Pattern[str]:
    return re.compile("|".join(expressions))


#: Words that say nothing to learn from either, as long as nothing but courtesies stands beside them.
_EMPTY = re.compile(
    rf"{COURTESY}|u|very|much|so|a|lot|your?|for|the|help|quick|reply|many|day|dear|me|now|too|that(?:'?s)?|this|is"
    r"|it(?:'s)?|got|will|do|sounds|morning|evening|afternoon",
    re.IGNORECASE,
)
#: The same for Chinese, where words are not divided.
_EMPTY_HAN = re.compile(rf"(?:{COURTESY}|有的?|不是|呵+|呜+|唉|额|呃|那|就|我|您|你|回复|帮忙|帮助|[吧呢嘛])++")

_STALLING = _any(
    r"(?i:\blet me (?:just |quickly )?(?:check|look|see|find|ask|have a look|verify|confirm)",
    r"(?:^|\bgive me |\bneed )(?:just )?(?:one|a) (?:moment|second|sec|minute|min)\b|\bbear with me|\bhold on(?! to)\b",
    r"\b(?:please|kindly) (?:hold|wait)(?: (?:one|a) (?:moment|second|minute))?(?:[ ,.!]*$| while (?:i|we)\b)",
    r"\bchecking (?:this|that|it) (?:now|for you)",
    r"\b(?:i|we)(?:['’]ll| will|['’]m| am|['’]re| are)(?: just| now)? (?:going to )?(?:quickly )?"
    r"(?:check|look(?:ing)? (?:into|at)|checking|investigat|find out|get back|come back|be right back)",
    r"\b(?:happy|glad) to (?:check|look|help)\b|\bi can (?:look|check)\b)",
    r"稍等|等一下|等一会|请等|等等哈|别急|别担心",
    r"(?:我|这边|帮您|帮你|给您|为您|马上|正在)[^，。！？,]{0,6}(?:查|看|核实|核对|确认|问)(?:询)?(?:一?下|看看|中)|我马上查",
)
_HAND_OFF = _any(
    r"(?i:\b(?:i|we|let me)(?:['’]m| am|['’]ve| have|['’]ll| will|['’]re| are)?(?: now| also)?(?: going to)? "
    r"(?:hand|pass|transfer|forward|escalat|connect|put)\w* (?:\w+ ){0,4}?(?:over|on|to|through|with)\b",
    r"\b(?:giving|given) (?:your|the) (?:case|claim|ticket|request) to\b)",
    r"转(?:给|接|交|人工|过去)|(?:反馈|提交|上报)(?:给)?[^，。]{0,8}(?:专员|同事|部门|主管)|专员[^，。]{0,10}(?:联系|跟进|对接)",
)

_WANTED = r"(?:订单号|单号|截图|手机号|账号|邮箱|地址|照片|型号)"
_REQUEST = _any(
    r"[?？][)）\"”'~～!！]*$",
    r"(?i:^(?:(?:and|also|so|then|ok|okay|sure|hi)[, ]+)*(?:could|can|would|will|may|might) (?:you|i|we) (?:please )?"
    r"(?:send|give|tell|provide|share|confirm|have|describe|let|know|ask)\b",
    r"^(?:please |kindly )(?:send|give|tell|provide|share|confirm|let)\b[^.]{0,40}"
    r"\b(?:order|number|name|e-?mail|address|phone|details|postcode|zip|username)\b)",
    rf"{_WANTED}[^，。！？]{{0,6}}(?:发|给|提供|告诉|说|多少|是什么)[^，。！？]{{0,12}}[。！～~哈哦]*$",
    rf"(?:发|提供|告诉|告知|说)[^，。！？]{{0,6}}{_WANTED}[^，。！？]{{0,10}}[。！～~哈哦]*$",
    r"^[^。！？]{0,14}发(?:给)?我[^。！？]{0,10}[。！～~哈哦]*$",
    r"(?:吗|呢|么|嘛)[。～~]*$|^(?:请问|您|你)[^，。]{0,6}(?:哪个|什么|多少|几)[^，。]{0,8}[呀啊]?$",
)
#: So much before a question back, with no figure in it, leads to the question and answers nothing.
_LEADING_WORDS, _LEADING_HAN = 10, 16
_STALLING_LENGTH = 120


def sentences(text: str) -> list[str]:
    """Return the sentences of ``text``, and its lines, without blanks around them."""
    return [part.strip() for part in _SENTENCES.split(text) if part and part.strip()]


def is_short(text: str, words: int, han: int) -> bool:
    """Whether ``text`` has at most so many words, or characters where it is Chinese."""
    return len(text) <= han if detect_language(text) == "zh" else len(text.split()) <= words


def says_nothing(text: str) -> bool:
    """Whether ``text`` neither asks nor states anything: thanks, "ok", a greeting, an order number, "[photo]"."""
    return is_greeting(text) or all(word.isdigit() or _is_empty(word) for word in _WORD.findall(_bare(text)))


def _bare(text: str) -> str:
    """Return ``text`` without tokens, placeholders and smileys."""
    return _SMILEY.sub(" ", PLACEHOLDER.sub(" ", _TOKEN.sub(" ", text)))


def _is_empty(word: str) -> bool:
    return (_EMPTY_HAN if is_han(word) else _EMPTY).fullmatch(word.replace("’", "'")) is not None


def asks(sentence: str) -> bool:
    """Whether a sentence asks for something instead of telling it."""
    return _REQUEST.search(sentence) is not None


def hands_over(text: str) -> bool:
    """Whether somebody says that somebody else takes over."""
    return _HAND_OFF.search(text) is not None


def puts_off(sentence: str) -> bool:
    """Whether a sentence only says that the answer comes later."""
    return len(sentence) <= _STALLING_LENGTH and _STALLING.search(sentence) is not None


def is_polite(sentence: str) -> bool:
    """Whether a sentence is nothing but courtesies: "Sorry, we are sold out" begins with one, and tells something."""
    if is_greeting(sentence):
        return True
    called = CALLED.sub(r"\1", _bare(sentence).replace("’", "'"))
    return all(map(_is_courtesy, _PART.split(called)))


def _is_courtesy(part: str) -> bool:
    """Whether what stands between two stops or commas is nothing, or a courtesy, or two of them."""
    words = _WORD.findall(part)
    said = " ".join(words)
    if not words or is_greeting(said) or POLITE.fullmatch(said):
        return True
    if CLOSING.search(said):
        return not any(map(str.isdigit, said))
    polite = [bool(POLITE_HAN.fullmatch(word) if is_han(word) else POLITE.fullmatch(word)) for word in words]
    if any(polite) and all(yes or _is_empty(word) for yes, word in zip(polite, words, strict=True)):
        return True
    first, _, second = said.partition(" and ")
    return bool(second) and _is_courtesy(first) and _is_courtesy(second)


def is_answer(text: str) -> bool:
    """Whether an agent's ``text`` answers something: it tells something, and nobody else takes over."""
    if hands_over(text):
        return False
    parts = sentences(text)
    told = [part for part in parts if not (asks(part) or puts_off(part) or is_polite(part))]
    if told and asks(parts[-1]):
        lead = " ".join(told)
        return any(map(str.isdigit, lead)) or not is_short(lead, _LEADING_WORDS, _LEADING_HAN)
    return bool(told)
