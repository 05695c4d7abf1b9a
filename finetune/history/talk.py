"""What a sentence does in a conversation: tell something, ask for something, put off, hand over, or only be polite.

Told by wording alone, in English and Chinese: for logs that do not say it. In doubt a sentence tells something.
"""

from __future__ import annotations

import re

from finetune.history.clean import is_greeting
from retrieval.courtesies import BESIDE, GOODBYE, GREETING, REACTION, THANKS, YES
from retrieval.text import HAN, PLACEHOLDER, detect_language, is_han

_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？～])\s*|\n+")
_TOKEN = re.compile(r"<[a-z_]+>")
_SMILEY = re.compile(r"(?<!\w)[:;=8][-'^]?[()DPpO/\\|3]+(?!\w)|\bx[dD]\b|\^\^")
_WORD = re.compile(rf"[a-z0-9]+(?:['’][a-z]+)?|[{HAN}]+", re.IGNORECASE)


def _any(*expressions: str) -> re.Pattern[str]:
    return re.compile("|".join(expressions))


_COURTESY = f"{GREETING}|{THANKS}|{GOODBYE}|{YES}|{REACTION}|{BESIDE}"
#: Words that say nothing to learn from either, as long as nothing but courtesies stands beside them.
_EMPTY = re.compile(
    rf"{_COURTESY}|\d+|u|very|much|so|a|lot|your?|for|the|help|quick|reply|many|day|dear|me|now|too|that(?:'?s)?|this|is"
    r"|it(?:'s)?|got|will|do|sounds|morning|evening|afternoon",
    re.IGNORECASE,
)
#: The same for Chinese, where words are not divided.
_EMPTY_HAN = re.compile(rf"(?:{_COURTESY}|有的?|不是|呵+|呜+|唉|额|呃|那|就|我|您|你|回复|帮忙|帮助|[吧呢嘛])++")

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
_POLITE = _any(
    r"(?i:oh no|oh dear|i'?m|i am|we'?re|we are|so|very|really|truly|sorry|apolog|no (?:problem|worries)|don'?t worry"
    r"|of course|certainly|sure|gladly|you'?re welcome|welcome|my pleasure|with pleasure|glad|happy|great"
    r"|good (?:morning|afternoon|evening|to hear)|got it|noted|thank|i (?:understand|see)|enjoy|have a|hope|goodbye|bye"
    r"|see you|take your time|ha\b|that happens|perfect|lovely|wonderful|hello|hi\b|hey\b|you have every reason"
    r"|how strange|let me help)",
    r"(?:非常|实在|真是?|很|太)?(?:抱歉|对不起|不好意思)|不(?:必|用)?客气|没关系|没事|理解|明白|收到|谢谢|感谢|祝|哎呀|放心|好[的嘞呢滴]|嗯"
    r"|哈哈|欢迎|辛苦|有的",
)
#: A greeting or a consent in front of what is said.
_OPENING = _any(
    r"^(?i:sure|of course|certainly|gladly|hello|hi|hey|good (?:morning|afternoon|evening))(?i: there)?\s*[,:!–-]+\s*",
    r"^(?:您好|你好|好[的嘞呢滴]|嗯|有的)\s*[，,：:！!～~]+\s*",
)
_CLOSING = _any(
    r"(?i:\bclos(?:e|ing) (?:the|this) (?:chat|ticket|conversation)|\bclose here|haven'?t heard (?:back )?from you",
    r"are you still there|leave it here|\b(?:write|come) (?:to us|back|again) when)",
    r"还在(?:吗|嘛|么)|您在(?:吗|嘛|么)|方便的时候回|回我就行|有(?:问题|需要|事)(?:随时|再)(?:来|喊|找|联系)",
)
#: A polite sentence is short: one that begins with "Sorry" and goes on tells why.
_POLITE_WORDS, _POLITE_HAN = 8, 12
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
    bare = _SMILEY.sub(" ", PLACEHOLDER.sub(" ", _TOKEN.sub(" ", text)))
    return is_greeting(text) or all(map(_is_empty, _WORD.findall(bare)))


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
    """Whether a sentence is a courtesy and no more."""
    if says_nothing(sentence) or _CLOSING.search(sentence):
        return True
    if not is_short(sentence, _POLITE_WORDS, _POLITE_HAN) or _POLITE.match(sentence) is None:
        return False
    # "Hi there, from 9 to 18." begins politely and tells something.
    rest = _OPENING.sub("", sentence)
    return rest == sentence or not any(map(str.isdigit, rest)) or is_polite(rest)


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
